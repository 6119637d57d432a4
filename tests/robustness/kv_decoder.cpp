// kv_decoder: what kv_protocol.h takes off good and bad streams, however they are cut into pieces;
// for tests/robustness/kv-protocol.sh, which runs main(), and for `make fuzz`, which has another.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>
#include <string>
#include <string_view>

#include "kv_protocol.h"

using namespace std::literals;

// ---- All that comes out of a stream, and how it ends, as a line of text.

enum class Side { requests, replies };

static bool take(Side side, std::string_view& input, std::string& text) {
  if (side == Side::requests) {
    const auto words = take_request(input);
    if (!words) return false;
    text += '[';
    for (const std::string& word : *words)
      text += word.size() > 99 ? std::to_string(word.size()) + ' ' : escaped(word) + ' ';
    text.back() = ']';
  } else {
    const auto reply = take_reply(input);
    if (!reply) return false;
    text += "+-:$0*"[static_cast<std::size_t>(reply->kind)];
    text += reply->text.size() > 99 ? std::to_string(reply->text.size()) : escaped(reply->text);
    if (reply->number != 0) text += std::to_string(reply->number);
    text += ' ';
  }
  return true;
}

static unsigned randomness = 4711;
static std::size_t at_random(unsigned most) {  // 1 to most
  randomness = randomness * 1103515245 + 12345;
  return 1 + (randomness >> 8) % most;
}

// Receives the stream as kv_store and kv_client do, into a buffer that has just the room. It comes
// in pieces: one of `first` bytes, and then all the rest or, if `most` > 0, some of 1 to `most`.
static std::string outcome(Side side, std::string_view stream, std::size_t first, unsigned most) {
  static std::array<char, KV_REQUEST_ROOM> buffer;
  const std::size_t room = side == Side::requests ? KV_REQUEST_ROOM : KV_REPLY_ROOM;
  std::size_t kept = 0, size = first;
  std::string text;
  for (; !stream.empty(); size = most == 0 ? stream.size() : at_random(most)) {
    if (kept == room) return text + "NO ROOM";
    const std::string_view piece = stream.substr(0, size < room - kept ? size : room - kept);
    std::memcpy(buffer.data() + kept, piece.data(), piece.size());
    stream.remove_prefix(piece.size());
    std::string_view input(buffer.data(), kept + piece.size());
    try {
      while (take(side, input, text)) {
      }
    } catch (const ProtocolError& error) {
      return text + "FAULT " + error.what();
    }
    kept = input.size();
    std::memmove(buffer.data(), input.data(), kept);
  }
  return text + (kept == 0 ? "" : "...");
}

#ifdef FUZZ

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  randomness = static_cast<unsigned>(size * 31 + (size == 0 ? 0 : data[size / 2]));
  for (const Side side : {Side::requests, Side::replies}) {
    const std::string whole = outcome(side, bytes, size, 0);
    if (outcome(side, bytes, 1, 1) != whole || outcome(side, bytes, 1, 7) != whole) abort();
  }
  // What was taken means the same when it is encoded again.
  std::string_view rest = bytes;
  try {
    while (const auto words = take_request(rest)) {
      const std::string request = encode_request(*words);
      std::string_view again = request;
      if (take_request(again) != words || !again.empty()) abort();
    }
  } catch (const ProtocolError&) {
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
  in_use += size;
  if (in_use > most_in_use) most_in_use = in_use;
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
  std::string_view stream, outcome;
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

// Some that are too long to be written here are in main().
static constexpr Case REQUESTS[] = {
    // arrays
    {"*1\r\n$4\r\nPING\r\n", "[PING]"},
    {"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nhello\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
     "[SET a hello][GET a]"},
    {"*2\r\n$0\r\n\r\n$2\r\n\r\n\r\n", "[ \\r\\n]"},
    {"*1\r\n$5\r\n\0\xff\r\n*\r\n"sv, "[\\x00\\xff\\r\\n*]"},
    {"*2\r\n$3\r\nGET\r\n$1\r\na", "..."},
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
    // lengths that are none
    {"*1\r\n$\r\n", "FAULT not a length of at most 65536: "},
    {"*1\r\n$-1\r\n", "FAULT not a length of at most 65536: -1"},
    {"*1\r\n$-2\r\n", "FAULT not a length of at most 65536: -2"},
    {"*1\r\n$00\r\n", "FAULT not a length of at most 65536: 00"},
    {"*1\r\n$05\r\nhello\r\n", "FAULT not a length of at most 65536: 05"},
    {"*1\r\n$+5\r\nhello\r\n", "FAULT not a length of at most 65536: +5"},
    {"*1\r\n$65537\r\n", "FAULT not a length of at most 65536: 65537"},
    {"*1\r\n$1000000000000000000\r\n", "FAULT not a length of at most 65536: 1000000000000000000"},
    {"*1\r\n$18446744073709551616\r\n",
     "FAULT not a length of at most 65536: 18446744073709551616"},
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
    {"N\0L\n"sv, "[N\\x00L]"},
    {R"("\x4")"
     "\n",
     "[x4]"},
    {"PING\r\r\n", "[PING]"},
    {"a\r b\rc\r\r\n\r\r\n", "[a b c]"},
    {"\"a\rb\"\r\r\n", "[a\\rb]"},
    {"\"a\n", "FAULT a quotation that does not end, or not at the end of a word"},
    {"\"a\\\n", "FAULT a quotation that does not end, or not at the end of a word"},
    {"\"a\"b\n", "FAULT a quotation that does not end, or not at the end of a word"},
    {"$4\r\nPING\r\n", "[$4][PING]"},
    // what is good before what is bad
    {"PING\n*1\r\n$1\r\na\r\n*x\r\nPING\n", "[PING][a]FAULT not a number of arguments: x"},
};

static constexpr Case REPLIES[] = {
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
    {"$", "..."},
    {"$5\r\nhel", "..."},
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

static int faults = 0, streams = 0, cuts = 0;
static bool emulated = false;  // long streams byte by byte would take such a processor minutes

static void expect(std::string_view expected, const std::string& got, const std::string& what) {
  if (got == expected) return;
  ++faults;
  printf("%s\n  expected: %s\n  got:      %s\n", what.c_str(), std::string(expected).c_str(),
         got.c_str());
}

// Whether that is the outcome for the whole stream, byte by byte, in larger pieces, and cut in two,
// everywhere; a long one, everywhere near its ends, where the structure is.
static void check(Side side, std::string_view stream, std::string_view expected) {
  const std::string name = escaped(stream.substr(0, 60));
  ++streams;
  expect(expected, outcome(side, stream, stream.size(), 0), name);
  for (const unsigned most : {1u, 5u, 999u})
    if (most == 999 || stream.size() <= 1000 || !emulated)
      expect(expected, outcome(side, stream, 1, most),
             name + ", in pieces of " + std::to_string(most));
  for (std::size_t at = 1; at < stream.size(); ++at, ++cuts) {
    if (at == 100 && stream.size() > 1000) at = stream.size() - 100;
    expect(expected, outcome(side, stream, at, 0), name + ", cut at " + std::to_string(at));
  }
}

int main(int argc, char* /*argv*/[]) {
  emulated = argc > 1;
  const std::string kib64(65536, 'x'), nines(99, '9');
  const std::string bulk = "$65536\r\n" + kib64 + "\r\n";

  for (const Case& one : REQUESTS) check(Side::requests, one.stream, one.outcome);
  check(Side::requests, arguments(16), "[" + repeated(16, " ") + "]");
  check(Side::requests, arguments(17), "FAULT more than 16 arguments");
  check(Side::requests, repeated(16, " ") + "\n", "[" + repeated(16, " ") + "]");
  check(Side::requests, repeated(17, " ") + "\n", "FAULT more than 16 arguments");
  check(Side::requests, "*1\r\n" + bulk, "[65536]");
  check(Side::requests, "*" + nines.substr(0, 24) + "\r\n", "FAULT a line of more than 24 bytes");
  check(Side::requests, "*" + nines, "FAULT a line of more than 24 bytes");
  check(Side::requests, "*1\r\n$" + nines, "FAULT a line of more than 24 bytes");
  check(Side::requests, kib64 + "\r\n", "[65536]");
  check(Side::requests, kib64 + "\n", "[65536]");
  check(Side::requests, kib64 + "x\n", "FAULT a line of more than 65536 bytes");
  check(Side::requests, kib64 + kib64, "FAULT a line of more than 65536 bytes");

  for (const Case& one : REPLIES) check(Side::replies, one.stream, one.outcome);
  check(Side::replies, bulk, "$65536 ");
  check(Side::replies, "+" + kib64.substr(1) + "\r\n", "+65535 ");
  check(Side::replies, "+" + kib64 + "\r\n", "FAULT a line of more than 65536 bytes");
  printf("%d streams, cut in %d ways\n", streams, cuts);

  // Memory: nothing is set aside for what was only announced, and nothing is copied before all of
  // it has come.
  std::string largest = "*16\r\n";
  for (int i = 0; i < 16; ++i) largest += bulk;
  largest.pop_back();
  for (const std::string& stream :
       {largest, kib64, "*16\r\n" + bulk.substr(0, 65000), "*16\r\n$65536\r\n"s, "*16\r\n"s}) {
    most_in_use = in_use;
    const std::size_t before = in_use;
    std::string_view input = stream;
    if (take_request(input) || input.size() != stream.size())
      ++faults, printf("something was taken\n");
    const std::size_t used = most_in_use - before;
    printf("memory for the first %zu bytes of a request: %zu\n", stream.size(), used);
    if (used > 1024) ++faults, printf("  that is more than 1024\n");
  }

  // Time: a line that comes byte by byte is looked at each time. That must cost little more than to look for its end,
  // whatever the processor (one that is emulated takes twenty times as long for both).
  const auto seconds = [&](auto look_at) {
    const std::clock_t begin = std::clock();
    for (std::size_t size = 1; size <= kib64.size(); ++size)
      if (look_at(std::string_view(kib64.data(), size)))
        ++faults, printf("half a line was taken\n");
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  };
  const double all =
      seconds([](std::string_view input) { return take_request(input).has_value(); });
  const double search =
      seconds([](std::string_view input) { return input.find('\n') != std::string_view::npos; });
  printf(
      "a line of 65536 bytes, byte by byte: %.3f s of processor time, %.3f to look for its end\n",
      all, search);
  if (all > 4 * search + 0.1) ++faults, printf("  that is more than four times as long\n");
  return faults == 0 ? 0 : 1;
}

#endif
