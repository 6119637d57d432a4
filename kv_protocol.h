// The KV protocol: a subset of RESP2, the Redis serialization protocol, in both directions of a TCP connection.
// (Redis documentation, "Redis serialization protocol specification"; redis.io/docs/reference/protocol-spec)
//
// TCP carries bytes, not messages: what one end sends at once may come in pieces at the other, and what was sent in
// pieces may come at once. So a message has to tell where it ends. RESP does it in two ways: a line ends at
// CR LF, and a bulk string, which may hold any bytes, has its length in front.
//
//   request       *3\r\n $3\r\nSET\r\n $1\r\na\r\n $5\r\nhello\r\n    an array of bulk strings (without the blanks)
//                 SET a hello\r\n                                     or inline: a line, as a person types it
//   reply         +OK\r\n                                             simple string
//                 -ERR unknown command\r\n                            error
//                 :42\r\n                                             integer
//                 $5\r\nhello\r\n        $-1\r\n                      bulk string; nil: there is no such value
//                 *2\r\n $1\r\na\r\n $1\r\nb\r\n                      array, here of bulk strings only
//
// Lengths and counts are in bytes and elements, in decimal digits. An inline line ends at LF, with or without CR.
// Blanks separate its words; a word in double quotes may contain them, and \" \\ \n \r \t \a \b \xHH. An empty line or
// array is no request and gets no reply.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

inline constexpr std::size_t KV_MAX_BULK = 64 * 1024;  // bytes of a bulk string
inline constexpr std::size_t KV_MAX_ARGUMENTS = 16;    // bulk strings of a request
inline constexpr std::size_t KV_MAX_LINE = 64 * 1024;  // bytes of an inline line, simple string or error
inline constexpr std::size_t KV_MAX_HEADER = 24;       // bytes of a line that holds only a type and a number

// ---- Encoders. Each gives the bytes to be sent.

inline std::string encode_bulk(std::string_view bytes) {
  return ("$" + std::to_string(bytes.size()) + "\r\n").append(bytes) += "\r\n";
}
inline std::string encode_nil() {
  return "$-1\r\n";
}
inline std::string encode_integer(std::int64_t number) {
  return ":" + std::to_string(number) + "\r\n";
}

// `text` is one line: it has no CR and no LF in it.
inline std::string encode_simple(std::string_view text) {
  return std::string("+").append(text) += "\r\n";
}
inline std::string encode_error(std::string_view text) {
  return std::string("-ERR ").append(text) += "\r\n";
}

// The beginning of an array: `count` encoded elements are to follow.
inline std::string encode_array(std::size_t count) {
  return "*" + std::to_string(count) + "\r\n";
}

inline std::string encode_request(const std::vector<std::string>& words) {
  std::string request = encode_array(words.size());
  for (const std::string& word : words) request += encode_bulk(word);
  return request;
}

// The control characters that have an escape of their own, and its letters.
inline constexpr std::string_view KV_CONTROLS = "\n\r\t\a\b", KV_LETTERS = "nrtab";

// Bytes from the network, made fit for a terminal. To be put in quotes, they become the inverse of what an inline
// line's quotes do.
inline std::string escaped(std::string_view bytes, bool quoted = true) {
  std::string text;
  for (const char byte : bytes) {
    if (const auto control = KV_CONTROLS.find(byte); control != std::string_view::npos) {
      (text += '\\') += KV_LETTERS[control];
    } else if (quoted && (byte == '\\' || byte == '"')) {
      (text += '\\') += byte;
    } else if (byte >= ' ' && byte <= '~') {
      text += byte;
    } else {
      std::array<char, 8> code{};
      snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned char>(byte));
      text += code.data();
    }
  }
  return text;
}

// ---- Decoder

// A reply, or an element of one: all but the elements of an array, which are to follow, `number` of them.
struct KvReply {
  enum class Kind { simple, error, integer, bulk, nil, array } kind;
  std::string text;         // of simple, error (with its ERR) and bulk
  std::int64_t number = 0;  // of integer and array
};

// Takes the bytes of one direction of a connection, in pieces of any size, and gives the messages in it: feed() what
// recv() returned, then call next_request() (a server) or next_reply() (a client) until it gives nothing. Where the
// pieces began and ended makes no difference to what comes out.
//
// It holds no more than a message of the sizes above and the last piece fed to it: memory is taken for bytes
// that have come, never for a length that was only announced.
class KvDecoder {
 public:
  void feed(std::string_view bytes) {
    input_.erase(0, taken_);
    taken_ = 0;
    input_.append(bytes);
  }

  // The next request's words, at least one and at most KV_MAX_ARGUMENTS; or nothing, because more bytes are needed
  // or because fault() is set.
  std::optional<std::vector<std::string>> next_request() {
    while (fault_.empty()) {
      if (missing_ == 0) {  // between two requests
        if (rest().empty()) break;
        const bool inline_line = rest().front() != '*';
        const auto line = take_line(inline_line ? KV_MAX_LINE : KV_MAX_HEADER, !inline_line);
        if (!line) break;
        if (inline_line) {
          std::vector<std::string> words = split(*line);
          if (fault_.empty() && !words.empty()) return words;
        } else if (const auto count = decimal(line->substr(1)); !count || *count < 0) {
          break_off("not a number of arguments: " + std::string(line->substr(1)));
        } else if (*count > static_cast<std::int64_t>(KV_MAX_ARGUMENTS)) {
          break_off("more than " + std::to_string(KV_MAX_ARGUMENTS) + " arguments");
        } else {
          missing_ = static_cast<std::size_t>(*count);
        }
        continue;
      }
      if (!length_ && !rest().empty() && rest().front() != '$') {
        break_off("an argument that is no bulk string");
        break;
      }
      std::optional<std::string> word = take_bulk();
      if (!word) break;
      words_.push_back(std::move(*word));
      if (--missing_ == 0) return std::exchange(words_, {});
    }
    return std::nullopt;
  }

  // The next reply, or the next element of an array that was given before; or nothing, as above.
  std::optional<KvReply> next_reply() {
    using Kind = KvReply::Kind;
    if (!fault_.empty() || rest().empty()) return std::nullopt;
    const char type = rest().front();
    if (length_ || (type == '$' && !rest().starts_with("$-"))) {
      std::optional<std::string> bytes = take_bulk();
      if (!bytes) return std::nullopt;
      return KvReply{Kind::bulk, std::move(*bytes)};
    }
    if (type != '+' && type != '-' && type != ':' && type != '$' && type != '*') {
      break_off("no reply begins like that: " + std::string(1, type));
      return std::nullopt;
    }
    const bool text = type == '+' || type == '-';
    const auto line = take_line(text ? KV_MAX_LINE : KV_MAX_HEADER, true);
    if (!line) return std::nullopt;
    const std::string_view content = line->substr(1);
    if (text) return KvReply{type == '+' ? Kind::simple : Kind::error, std::string(content)};
    const auto number = decimal(content);
    if (number && type == ':') return KvReply{Kind::integer, "", *number};
    if (number && *number == -1) return KvReply{Kind::nil, ""};
    if (number && *number >= 0) return KvReply{Kind::array, "", *number};
    break_off("not a number: " + std::string(content));
    return std::nullopt;
  }

  // What breaks the protocol or a limit, in bytes that may be anything; empty as long as nothing does. Nothing more
  // comes out after that: in a stream, who has lost the boundary of one message has lost all that follow.
  const std::string& fault() const {
    return fault_;
  }

  // Whether the stream stands between two messages: all that came was given out.
  bool idle() const {
    return missing_ == 0 && !length_ && taken_ == input_.size();
  }

 private:
  std::string_view rest() const {
    return std::string_view(input_).substr(taken_);
  }

  void take(std::size_t size) {
    taken_ += size;
    searched_ = 0;
  }

  void break_off(std::string fault) {
    fault_ = std::move(fault);
  }

  // A line of at most `most` bytes without its end, CR LF or, where CR is not demanded, LF. Valid until feed().
  std::optional<std::string_view> take_line(std::size_t most, bool cr_demanded) {
    const std::string_view head = rest().substr(0, most + 2);
    const std::size_t size = head.find('\n', searched_);
    searched_ = head.size();  // so that a line that comes byte by byte is searched once
    if (size == std::string_view::npos) {
      if (head.size() == most + 2) break_off("a line of more than " + std::to_string(most) + " bytes");
      return std::nullopt;
    }
    take(size + 1);
    const bool cr = size > 0 && head[size - 1] == '\r';
    if (cr_demanded && !cr) {
      break_off("a line that does not end with CR LF");
      return std::nullopt;
    }
    const std::string_view line = head.substr(0, size - (cr ? 1 : 0));
    if (line.size() > most) {
      break_off("a line of more than " + std::to_string(most) + " bytes");
      return std::nullopt;
    }
    return line;
  }

  // A bulk string: its header, unless that was taken before, and its bytes.
  std::optional<std::string> take_bulk() {
    if (!length_) {
      const auto line = take_line(KV_MAX_HEADER, true);
      if (!line) return std::nullopt;
      const auto length = decimal(line->substr(1));
      if (!length || *length < 0 || *length > static_cast<std::int64_t>(KV_MAX_BULK)) {
        break_off("not a length of at most " + std::to_string(KV_MAX_BULK) + ": " +
                  std::string(line->substr(1)));
        return std::nullopt;
      }
      length_ = static_cast<std::size_t>(*length);
    }
    if (rest().size() < *length_ + 2) return std::nullopt;
    if (rest().substr(*length_, 2) != "\r\n") {
      break_off("a bulk string that does not end with CR LF");
      return std::nullopt;
    }
    std::string bytes(rest().substr(0, *length_));
    take(*length_ + 2);
    length_.reset();
    return bytes;
  }

  // A number written in the one way in which std::to_string() writes it: no +, no leading 0, no blanks.
  static std::optional<std::int64_t> decimal(std::string_view text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (std::to_string(number) != text) return std::nullopt;
    return number;
  }

  // The words of an inline line.
  std::vector<std::string> split(std::string_view line) {
    const auto blank = [](char byte) { return byte == ' ' || byte == '\t'; };
    std::vector<std::string> words;
    for (std::size_t at = 0;;) {
      while (at < line.size() && blank(line[at])) ++at;
      if (at == line.size()) return words;
      if (words.size() == KV_MAX_ARGUMENTS) {
        break_off("more than " + std::to_string(KV_MAX_ARGUMENTS) + " arguments");
        return {};
      }
      std::string& word = words.emplace_back();
      if (line[at] != '"') {
        while (at < line.size() && !blank(line[at])) word += line[at++];
        continue;
      }
      for (++at; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] != '\\' || at + 1 == line.size()) {
          word += line[at];
          continue;
        }
        const char letter = line[++at];
        if (const auto control = KV_LETTERS.find(letter); control != std::string_view::npos) {
          word += KV_CONTROLS[control];
          continue;
        }
        unsigned char byte = 0;
        const std::string_view digits = line.substr(at + 1, 2);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (letter == 'x' && error == std::errc{} && end == digits.data() + 2) {
          word += static_cast<char>(byte);
          at += 2;
        } else {
          word += letter;
        }
      }
      if (at == line.size() || (at + 1 < line.size() && !blank(line[at + 1]))) {
        break_off("a quotation that does not end, or not at the end of a word");
        return {};
      }
      ++at;
    }
  }

  std::string input_;                  // bytes that have come; the first taken_ of them are done with
  std::size_t taken_ = 0;              //
  std::size_t searched_ = 0;           // of the rest, so many bytes are known to hold no LF
  std::size_t missing_ = 0;            // arguments that the current request still lacks
  std::optional<std::size_t> length_;  // of the bulk string that is coming, once its header is there
  std::vector<std::string> words_;     // of the current request, so far
  std::string fault_;
};
