// kv_decoder: what KvDecoder makes of good and bad streams, however they are cut into pieces; for
// tests/robustness/kv-protocol.sh, which runs main(), and for `make fuzz`, which replaces main() by libFuzzer's.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "kv_protocol.h"

// ---- All that comes out of a stream, and how it ends, as a line of text.

enum class Side { requests, replies };

static void drain(KvDecoder& decoder, Side side, std::string& text) {
  if (side == Side::requests) {
    while (const auto words = decoder.next_request()) {
      text += '[';
      for (const std::string& word : *words)
        text += word.size() > 99 ? std::to_string(word.size()) + ' ' : escaped(word) + ' ';
      text.back() = ']';
    }
  } else {
    while (const auto reply = decoder.next_reply()) {
      constexpr std::string_view kinds = "+-:$0*";
      text += kinds[static_cast<std::size_t>(reply->kind)];
      text += reply->text.size() > 99 ? std::to_string(reply->text.size()) : escaped(reply->text);
      if (reply->number != 0) text += std::to_string(reply->number);
      text += ' ';
    }
  }
}

template <typename Next>
static std::string outcome(Side side, std::string_view stream, Next size_of_next_piece) {
  KvDecoder decoder;
  std::string text;
  while (!stream.empty()) {
    const std::size_t size = std::min(size_of_next_piece(), stream.size());
    decoder.feed(stream.substr(0, size));
    stream.remove_prefix(size);
    drain(decoder, side, text);
    if (!decoder.fault().empty()) return text + "FAULT " + escaped(decoder.fault());
  }
  return text + (decoder.idle() ? "" : "...");
}

static std::string outcome(Side side, std::string_view stream) {
  return outcome(side, stream, [&] { return stream.size(); });
}

#ifdef FUZZ

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::minstd_rand random(static_cast<unsigned>(size * 31 + (size == 0 ? 0 : data[size / 2])));
  for (const Side side : {Side::requests, Side::replies}) {
    const std::string whole = outcome(side, bytes);
    if (outcome(side, bytes, [] { return std::size_t{1}; }) != whole) abort();
    if (outcome(side, bytes, [&] { return 1 + random() % 7; }) != whole) abort();
  }
  // What was decoded means the same when it is encoded again.
  KvDecoder decoder, again;
  decoder.feed(bytes);
  while (const auto words = decoder.next_request()) {
    again.feed(encode_request(*words));
    if (again.next_request() != words || !again.idle()) abort();
  }
  return 0;
}

#else

// ---- The most memory that was in use at a time.

static std::size_t in_use = 0, most_in_use = 0;

void* operator new(std::size_t size) {
  auto* block = static_cast<std::size_t*>(malloc(size + 16));
  if (block == nullptr) throw std::bad_alloc();
  *block = size;
  most_in_use = std::max(most_in_use, in_use += size);
  return block + 2;
}
void operator delete(void* address) noexcept {
  if (address == nullptr) return;
  auto* block = static_cast<std::size_t*>(address) - 2;
  in_use -= *block;
  free(block);
}
void operator delete(void* address, std::size_t /*size*/) noexcept {
  operator delete(address);
}

struct Case {
  std::string stream, outcome;
};

static std::string arguments(int count) {
  std::string text = "*" + std::to_string(count) + "\r\n";
  for (int i = 0; i < count; ++i) text += "$1\r\na\r\n";
  return text;
}
static std::string repeated(int count, const char* between) {
  std::string text;
  for (int i = 0; i < count; ++i) text += (i == 0 ? "a" : std::string(between) + "a");
  return text;
}

static const std::string KIB64(65536, 'x');

static const std::vector<Case> REQUESTS{
    // arrays
    {"*1\r\n$4\r\nPING\r\n", "[PING]"},
    {"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nhello\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n", "[SET a hello][GET a]"},
    {"*2\r\n$0\r\n\r\n$2\r\n\r\n\r\n", "[ \\r\\n]"},
    {std::string("*1\r\n$5\r\n\0\xff\r\n*\r\n", 15), "[\\x00\\xff\\r\\n*]"},
    {"*2\r\n$3\r\nGET\r\n$1\r\na", "..."},
    {arguments(16), "[" + repeated(16, " ") + "]"},
    {arguments(17), "FAULT more than 16 arguments"},
    {"*1\r\n$65536\r\n" + KIB64 + "\r\n", "[65536]"},
    {"*0\r\n*1\r\n$1\r\na\r\n", "[a]"},
    // counts that are none
    {"*\r\n", "FAULT not a number of arguments: "},
    {"*-1\r\n", "FAULT not a number of arguments: -1"},
    {"*-2\r\n", "FAULT not a number of arguments: -2"},
    {"*00\r\n", "FAULT not a number of arguments: 00"},
    {"*+5\r\n", "FAULT not a number of arguments: +5"},
    {"* 1\r\n", "FAULT not a number of arguments:  1"},
    {"*1 \r\n", "FAULT not a number of arguments: 1 "},
    {"*0x1\r\n", "FAULT not a number of arguments: 0x1"},
    {"*17\r\n", "FAULT more than 16 arguments"},
    {"*1000000000000000000\r\n", "FAULT more than 16 arguments"},
    {"*99999999999999999999\r\n", "FAULT not a number of arguments: 99999999999999999999"},
    {"*" + std::string(24, '0') + "\r\n", "FAULT a line of more than 24 bytes"},
    {"*" + std::string(99, '1'), "FAULT a line of more than 24 bytes"},
    // lengths that are none
    {"*1\r\n$\r\n", "FAULT not a length of at most 65536: "},
    {"*1\r\n$-1\r\n", "FAULT not a length of at most 65536: -1"},
    {"*1\r\n$-2\r\n", "FAULT not a length of at most 65536: -2"},
    {"*1\r\n$00\r\n", "FAULT not a length of at most 65536: 00"},
    {"*1\r\n$05\r\nhello\r\n", "FAULT not a length of at most 65536: 05"},
    {"*1\r\n$+5\r\nhello\r\n", "FAULT not a length of at most 65536: +5"},
    {"*1\r\n$65537\r\n", "FAULT not a length of at most 65536: 65537"},
    {"*1\r\n$1000000000000000000\r\n", "FAULT not a length of at most 65536: 1000000000000000000"},
    {"*1\r\n$18446744073709551616\r\n", "FAULT not a length of at most 65536: 18446744073709551616"},
    {"*1\r\n$" + std::string(99, '1'), "FAULT a line of more than 24 bytes"},
    // ends of lines that are none
    {"*1\n$4\r\nPING\r\n", "FAULT a line that does not end with CR LF"},
    {"*1\r$4\r\nPING\r\n", "FAULT not a number of arguments: 1\\r$4"},
    {"*1\r\n$4\nPING\r\n", "FAULT a line that does not end with CR LF"},
    {"*1\r\n$4\r\nPING\n\n", "FAULT a bulk string that does not end with CR LF"},
    {"*1\r\n$4\r\nPING\r\r", "FAULT a bulk string that does not end with CR LF"},
    {"*1\r\n$4\r\nPINGPING\r\n", "FAULT a bulk string that does not end with CR LF"},
    {"*1\r\n$4\r\nPI\r\n$4\r\n", "FAULT a bulk string that does not end with CR LF"},
    // elements that are no bulk strings
    {"*1\r\n*1\r\n$1\r\na\r\n", "FAULT an argument that is no bulk string"},
    {"*2\r\n$1\r\na\r\n:5\r\n", "FAULT an argument that is no bulk string"},
    {"*1\r\nPING\r\n", "FAULT an argument that is no bulk string"},
    // inline
    {"PING\r\n", "[PING]"},
    {"PING\n", "[PING]"},
    {"PING", "..."},
    {"\r\n\n  \r\n\t\n", ""},
    {"  SET\ta   b  \r\n", "[SET a b]"},
    {"SET a \"b c\" \n", "[SET a b c]"},
    {"a \"\" b\n", "[a  b]"},
    {R"("\"\\\n\r\t\x41\xff\q")"
     "\n",
     R"([\"\\\n\r\tA\xffq])"},
    {"it's \xff fine\r\n", "[it's \\xff fine]"},
    {std::string("N\0L\n", 4), "[N\\x00L]"},
    {R"("\x4")"
     "\n",
     "[x4]"},
    {"a\r b\r\n", "[a\\r b]"},
    {"\"a\n", "FAULT a quotation that does not end, or not at the end of a word"},
    {"\"a\\\n", "FAULT a quotation that does not end, or not at the end of a word"},
    {"\"a\"b\n", "FAULT a quotation that does not end, or not at the end of a word"},
    {repeated(16, " ") + "\n", "[" + repeated(16, " ") + "]"},
    {repeated(17, " ") + "\n", "FAULT more than 16 arguments"},
    {KIB64 + "\r\n", "[65536]"},
    {KIB64 + "\n", "[65536]"},
    {KIB64 + "x\n", "FAULT a line of more than 65536 bytes"},
    {KIB64 + KIB64, "FAULT a line of more than 65536 bytes"},
    {"$4\r\nPING\r\n", "[$4][PING]"},
    // what is good before what is bad
    {"PING\n*1\r\n$1\r\na\r\n*x\r\nPING\n", "[PING][a]FAULT not a number of arguments: x"},
};

static const std::vector<Case> REPLIES{
    {"+OK\r\n", "+OK "},
    {"+\r\n", "+ "},
    {"-ERR no\r\n", "-ERR no "},
    {":42\r\n:-42\r\n:0\r\n", ":42 :-42 : "},
    {"$5\r\nhello\r\n", "$hello "},
    {"$0\r\n\r\n", "$ "},
    {"$-1\r\n*-1\r\n", "0 0 "},
    {"*0\r\n", "* "},
    {"*2\r\n$1\r\na\r\n$-1\r\n", "*2 $a 0 "},
    {"*1000000000000000000\r\n", "*1000000000000000000 "},
    {"$65536\r\n" + KIB64 + "\r\n", "$65536 "},
    {"+" + KIB64.substr(1) + "\r\n", "+65535 "},
    {"$", "..."},
    {"$5\r\nhel", "..."},
    {"+" + KIB64 + "\r\n", "FAULT a line of more than 65536 bytes"},
    {"$-2\r\n", "FAULT not a number: -2"},
    {"*-2\r\n", "FAULT not a number: -2"},
    {"$65537\r\n", "FAULT not a length of at most 65536: 65537"},
    {"$x\r\n", "FAULT not a length of at most 65536: x"},
    {":+1\r\n", "FAULT not a number: +1"},
    {":\r\n", "FAULT not a number: "},
    {":00\r\n", "FAULT not a number: 00"},
    {":9223372036854775808\r\n", "FAULT not a number: 9223372036854775808"},
    {"+OK\n", "FAULT a line that does not end with CR LF"},
    {"$2\r\nabc\r\n", "FAULT a bulk string that does not end with CR LF"},
    {"\x1b[2J", "FAULT no reply begins like that: \\x1b"},
    {"HTTP/1.1 200 OK\r\n", "FAULT no reply begins like that: H"},
};

static int faults = 0;
static void expect(const std::string& expected, const std::string& got, const std::string& what) {
  if (got == expected) return;
  ++faults;
  printf("%s\n  expected: %s\n  got:      %s\n", what.c_str(), expected.c_str(), got.c_str());
}

int main() {
  std::minstd_rand random(4711);
  std::size_t cuts = 0;
  for (const auto& [side, cases] :
       {std::pair{Side::requests, &REQUESTS}, std::pair{Side::replies, &REPLIES}}) {
    for (const Case& one : *cases) {
      const std::string name = escaped(std::string_view(one.stream).substr(0, 60));
      expect(one.outcome, outcome(side, one.stream), name);
      expect(one.outcome, outcome(side, one.stream, [] { return std::size_t{1}; }), name + ", byte by byte");
      expect(one.outcome, outcome(side, one.stream, [&] { return 1 + random() % 5; }),
             name + ", in small pieces");
      expect(one.outcome, outcome(side, one.stream, [&] { return 1 + random() % 999; }),
             name + ", in pieces");
      // Cut in two, everywhere; of the long ones, everywhere near the ends, where the structure is.
      for (std::size_t at = 1; at < one.stream.size(); ++at, ++cuts) {
        if (at == 100 && one.stream.size() > 1000) at = one.stream.size() - 100;
        std::size_t piece = 0;
        expect(one.outcome, outcome(side, one.stream, [&] { return piece++ == 0 ? at : one.stream.size(); }),
               name + ", cut at " + std::to_string(at));
      }
    }
  }
  printf("%zu streams, cut in %zu ways\n", REQUESTS.size() + REPLIES.size(), cuts);

  // Memory: the most that a peer can make us hold is a request that is nearly complete, and a piece.
  const std::string largest = "*16\r\n" + [] {
    std::string text;
    for (int i = 0; i < 16; ++i) text += "$65536\r\n" + KIB64 + "\r\n";
    return text;
  }();
  for (const std::string& stream :
       {largest.substr(0, largest.size() - 1), KIB64 + KIB64, "*16\r\n$65536\r\n" + KIB64.substr(1),
        std::string("*16\r\n$65536\r\n")}) {
    KvDecoder decoder;
    most_in_use = in_use;
    const std::size_t before = in_use;
    for (std::size_t at = 0; at < stream.size(); at += 65536) {
      decoder.feed(std::string_view(stream).substr(at, 65536));
      while (decoder.next_request()) {
      }
    }
    const std::size_t used = most_in_use - before;
    printf("memory for %zu bytes short of a request: %zu\n", stream.size(), used);
    const std::size_t enough = stream.size() < 1000 ? 1024 : (stream.size() > 1000000 ? 1600000 : 400000);
    if (used > enough) ++faults, printf("  that is more than %zu\n", enough);
  }
  return faults == 0 ? 0 : 1;
}

#endif
