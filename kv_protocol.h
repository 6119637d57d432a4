// The KV protocol: a subset of RESP2, the Redis serialization protocol, in both directions of a TCP
// connection (redis.io/docs/reference/protocol-spec).
//
// TCP carries bytes, not messages. What one end sends at once may arrive in pieces, and what it
// sends in pieces may arrive at once. So each message has to tell where it ends. RESP has two ways:
// a line ends at CR LF, and a bulk string, which may hold any bytes, has its length in front.
// (The blanks before $ are not sent.)
//
//   request   *3\r\n $3\r\nSET\r\n $1\r\na\r\n $5\r\nhello\r\n   an array of bulk strings, or
//             SET a hello\r\n                     inline: a line, as a person types it
//   reply     +OK\r\n                             simple string
//             -ERR unknown command\r\n            error
//             :42\r\n                             integer
//             $5\r\nhello\r\n       $-1\r\n       bulk string; nil: there is no such value
//             *2\r\n $1\r\na\r\n $1\r\nb\r\n      array, here of bulk strings only
//
// Lengths are in bytes, counts in elements, both in decimal digits. An inline line ends at LF.
// Blanks, tabs and CR separate its words. A word in double quotes may contain them, and the
// escapes \" \\ \n \r \t \a \b \xHH. An empty line or array is no request and gets no reply.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

inline constexpr std::size_t KV_MAX_BULK = 64 * 1024;  // bytes of a bulk string
inline constexpr std::size_t KV_MAX_ARGUMENTS = 16;    // bulk strings of a request
inline constexpr std::size_t KV_MAX_LINE = 64 * 1024;  // of an inline request, or +..., or -...
inline constexpr std::size_t KV_MAX_HEADER = 24;       // of a line with a number: *3, $5, :42

// A buffer of so many bytes holds any request, or any reply, whole. (An array's elements count as
// replies of their own.)
inline constexpr std::size_t KV_REPLY_ROOM = KV_MAX_HEADER + 2 + KV_MAX_BULK + 2;
inline constexpr std::size_t KV_REQUEST_ROOM = KV_MAX_HEADER + 2 + KV_MAX_ARGUMENTS * KV_REPLY_ROOM;

// ---- Encoders. Each returns the bytes to be sent.

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

// The beginning of an array. `count` encoded elements are to follow.
inline std::string encode_array(std::size_t count) {
  return "*" + std::to_string(count) + "\r\n";
}

inline std::string encode_request(const std::vector<std::string>& words) {
  std::string request = encode_array(words.size());
  for (const std::string& word : words) request += encode_bulk(word);
  return request;
}

inline constexpr std::string_view KV_BLANKS = " \t\r";  // between the words of an inline line

// The control characters that have an escape of their own, and the letters of these.
inline constexpr std::string_view KV_CONTROLS = "\n\r\t\a\b", KV_LETTERS = "nrtab";

// Bytes from the network, made fit for a terminal. `quoted` is for text that is put in quotes: it
// comes out as it would be typed in an inline line.
inline std::string escaped(std::string_view bytes, bool quoted = true) {
  std::string text;
  for (const char byte : bytes) {
    if (const auto control = KV_CONTROLS.find(byte); control != std::string_view::npos) {
      text += {'\\', KV_LETTERS[control]};
    } else if (quoted && (byte == '\\' || byte == '"')) {
      text += {'\\', byte};
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

// ---- Decoders. Each takes a message off the front of `input`, the bytes that have come so far.
// While more bytes are needed, it returns nothing and leaves the beginning of the message: call it
// again when the rest is there. So it makes no difference in what pieces the bytes came.

// What breaks the protocol or a limit. what() is fit for a terminal. Take nothing more off that
// stream: once one message boundary is unknown, all later ones are.
struct ProtocolError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A line of at most `most` bytes, without its end: CR LF or, where CR is not demanded, LF.
inline std::optional<std::string_view> take_line(std::string_view& input, std::size_t most,
                                                 bool cr_demanded = true) {
  const std::string_view head = input.substr(0, most + 2);
  const std::size_t size = head.find('\n');
  if (size == std::string_view::npos && head.size() < most + 2) return std::nullopt;
  std::string_view line = head.substr(0, size);
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  else if (cr_demanded && line.size() < head.size())
    throw ProtocolError("a line that does not end with CR LF");
  if (line.size() > most)
    throw ProtocolError("a line of more than " + std::to_string(most) + " bytes");
  input.remove_prefix(size + 1);
  return line;
}

// A number written as std::to_string() writes it: no +, no leading 0, no blanks.
inline std::optional<std::int64_t> decimal(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::to_string(number) == text ? std::optional(number) : std::nullopt;
}

// A bulk string's bytes. The caller has seen the $.
inline std::optional<std::string_view> take_bulk(std::string_view& input) {
  std::string_view rest = input;
  const auto header = take_line(rest, KV_MAX_HEADER);
  if (!header) return std::nullopt;
  const auto length = decimal(header->substr(1));
  if (!length || *length < 0 || *length > static_cast<std::int64_t>(KV_MAX_BULK))
    throw ProtocolError("not a length of at most " + std::to_string(KV_MAX_BULK) + ": " +
                        escaped(header->substr(1), false));
  const auto size = static_cast<std::size_t>(*length);
  if (rest.size() < size + 2) return std::nullopt;
  if (rest.substr(size, 2) != "\r\n")
    throw ProtocolError("a bulk string that does not end with CR LF");
  input = rest.substr(size + 2);
  return rest.substr(0, size);
}

// A word in double quotes, of an inline line. The caller has seen the first quote.
inline std::string take_quoted(std::string_view& line) {
  std::string word;
  for (line.remove_prefix(1); !line.empty() && line.front() != '"'; line.remove_prefix(1)) {
    char byte = line.front();
    if (byte == '\\' && line.size() > 1) {
      line.remove_prefix(1);
      byte = line.front();
      const auto letter = KV_LETTERS.find(byte);
      if (letter != std::string_view::npos) byte = KV_CONTROLS[letter];
      const std::string_view digits = line.substr(1, 2);
      unsigned char code = 0;
      const char* end = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16).ptr;
      if (byte == 'x' && end == digits.data() + 2) {
        byte = static_cast<char>(code);
        line.remove_prefix(2);
      }
    }
    word += byte;
  }
  // Behind the quote stands a blank, or nothing: find() of nothing returns 0.
  if (line.empty() || KV_BLANKS.find(line.substr(1, 1)) == std::string_view::npos)
    throw ProtocolError("a quotation that does not end, or not at the end of a word");
  line.remove_prefix(1);
  return word;
}

// The words of an inline line.
inline std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> words;
  for (;;) {
    while (!line.empty() && KV_BLANKS.find(line.front()) != std::string_view::npos)
      line.remove_prefix(1);
    if (line.empty()) return words;
    if (words.size() == KV_MAX_ARGUMENTS)
      throw ProtocolError("more than " + std::to_string(KV_MAX_ARGUMENTS) + " arguments");
    if (line.front() == '"') {
      words.push_back(take_quoted(line));
    } else {
      words.emplace_back(line.substr(0, line.find_first_of(KV_BLANKS)));
      line.remove_prefix(words.back().size());
    }
  }
}

// The words of an array of bulk strings.
inline std::optional<std::vector<std::string>> take_array(std::string_view& input) {
  std::string_view rest = input;
  const auto header = take_line(rest, KV_MAX_HEADER);
  if (!header) return std::nullopt;
  const auto count = decimal(header->substr(1));
  if (!count || *count < 0)
    throw ProtocolError("not a number of arguments: " + escaped(header->substr(1), false));
  if (*count > static_cast<std::int64_t>(KV_MAX_ARGUMENTS))
    throw ProtocolError("more than " + std::to_string(KV_MAX_ARGUMENTS) + " arguments");
  std::vector<std::string_view> words;  // copied once all are there, not each time that we look
  while (words.size() < static_cast<std::size_t>(*count)) {
    if (!rest.empty() && rest.front() != '$')
      throw ProtocolError("an argument that is no bulk string");
    const auto word = take_bulk(rest);
    if (!word) return std::nullopt;
    words.push_back(*word);
  }
  input = rest;
  return std::vector<std::string>(words.begin(), words.end());
}

// A request: its words, at least one and at most KV_MAX_ARGUMENTS. Empty lines and arrays before it
// are no requests. They are taken at once, or they could fill a buffer that is to hold one.
inline std::optional<std::vector<std::string>> take_request(std::string_view& input) {
  while (!input.empty()) {
    std::optional<std::vector<std::string>> words;
    if (input.front() == '*')
      words = take_array(input);
    else if (const auto line = take_line(input, KV_MAX_LINE, false))
      words = split(*line);
    if (!words || !words->empty()) return words;
  }
  return std::nullopt;
}

// A reply, or an element of one. The elements of an array are to follow, `number` of them.
struct KvReply {
  enum class Kind { simple, error, integer, bulk, nil, array } kind;
  std::string text;         // of simple, error (with its ERR) and bulk
  std::int64_t number = 0;  // of integer and array
};

inline std::optional<KvReply> take_reply(std::string_view& input) {
  using Kind = KvReply::Kind;
  if (input.empty()) return std::nullopt;
  const char type = input.front();
  if (type == '$' && !input.starts_with("$-")) {
    const auto bytes = take_bulk(input);
    if (!bytes) return std::nullopt;
    return KvReply{Kind::bulk, std::string(*bytes)};
  }
  if (std::string_view("+-:$*").find(type) == std::string_view::npos)
    throw ProtocolError("no reply begins like that: " + escaped({&type, 1}, false));
  const bool text = type == '+' || type == '-';
  const auto line = take_line(input, text ? KV_MAX_LINE : KV_MAX_HEADER);
  if (!line) return std::nullopt;
  const std::string_view content = line->substr(1);
  if (text) return KvReply{type == '+' ? Kind::simple : Kind::error, std::string(content)};
  const auto number = decimal(content);
  if (number && type == ':') return KvReply{Kind::integer, "", *number};
  if (number && *number == -1) return KvReply{Kind::nil, ""};
  if (number && *number >= 0) return KvReply{Kind::array, "", *number};
  throw ProtocolError("not a number: " + escaped(content, false));
}
