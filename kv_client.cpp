// kv_client: sends what you type to a key-value store, and shows its replies.
//
// Over one TCP connection the client sends a request, and reads until the reply is complete,
// however many pieces it comes in. That is all there is to a request-reply protocol on a stream, as
// long as both ends live. What the client knows of the server's end it learns only when it sends or
// reads: while you think at the prompt, the server may be long gone. And `fire` shows what a client
// with bad manners does to a server that is not prepared for one.
//
// Run:    sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085     (then: help)
// Watch:  sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n tcp port 8085
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "kv_protocol.h"

[[noreturn]] static void usage(int status) {
  fputs(
      "usage: kv_client ADDRESS PORT [-t SECONDS]\n"
      "Sends the commands on standard input to the store at ADDRESS and TCP PORT.\n"
      "  -t SECONDS  wait at most SECONDS for the connection, and for each reply\n",
      status == 0 ? stdout : stderr);
  exit(status);
}

static constexpr const char* help =
    "set KEY VALUE    keep the value, the rest of the line as it is, under the key\n"
    "get KEY          show it\n"
    "del KEY...       forget it\n"
    "keys             show all keys\n"
    "dbsize           show how many there are\n"
    "ping [MESSAGE]   ask whether the server is there\n"
    "fire [COUNT]     send COUNT (40) requests and FIN in one segment, and leave\n"
    "help             show this\n"
    "quit, exit       leave, as the end of input does\n";

using Clock = std::chrono::steady_clock;  // for durations: unlike the time of day, it never jumps

// The connection, how long we wait for what comes from it, and what has come.
struct Server {
  int fd = -1;
  std::string name{};
  Clock::duration patience{};    // 0: as long as it takes
  Clock::time_point deadline{};  // with -t: when we stop waiting for this connection or reply
  std::array<char, 2 * KV_REPLY_ROOM> buffer{};
  std::string_view input{buffer.data(), 0};  // the bytes in it that were not taken yet
  bool asked = false;                        // at least one request was sent
};

static void connect_to(Server& server, const sockaddr_in& address);
static void converse(Server& server);
static void bound_wait(const Server& server, int option, const char* missing);
static bool again(const Server& server);
static bool read_line(std::string& line);
static bool obey(Server& server, std::string_view line);
static std::vector<std::string> words_of(std::string_view line);
static bool same(std::string_view word, std::string_view command);
static void fire(Server& server, int count);
static void ask(Server& server, const std::vector<std::string>& words);
static void send_request(Server& server, std::string_view bytes, int flags);
static KvReply receive_reply(Server& server);
static std::string shown(const KvReply& reply);

static Clock::duration parse_seconds(const char* text);
static sockaddr_in parse_endpoint(const char* address, const char* port);

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line at once, even into a pipe (setvbuf(3))
  Server server;
  for (int option; (option = getopt(argc, argv, "ht:")) != -1;) {
    if (option != 't') usage(option == 'h' ? 0 : 2);
    server.patience = parse_seconds(optarg);
  }
  if (argc - optind > 2) warnx("unexpected argument: %s", argv[optind + 2]);
  if (argc - optind != 2) usage(2);
  const sockaddr_in address = parse_endpoint(argv[optind], argv[optind + 1]);
  server.name = std::string(argv[optind]) + ":" + argv[optind + 1];

  server.fd = socket(AF_INET, SOCK_STREAM, 0);
  if (server.fd < 0) err(1, "socket");
  if (server.fd <= STDERR_FILENO) errx(1, "a standard stream is closed");  // and is now the socket
  connect_to(server, address);
  try {
    converse(server);
  } catch (const ProtocolError& error) {
    errx(1, "%s breaks the protocol: %s", server.name.c_str(), error.what());
  }
  if (close(server.fd) < 0) err(1, "close %s", server.name.c_str());
  return 0;
}

static void connect_to(Server& server, const sockaddr_in& address) {
  server.deadline = Clock::now() + server.patience;
  for (;;) {
    bound_wait(server, SO_SNDTIMEO, "connection to");
    if (connect(server.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return;
    if (!again(server)) err(1, "connect %s", server.name.c_str());
  }
}

// Does what the lines of standard input say.
static void converse(Server& server) {
  const bool typed = isatty(STDIN_FILENO) == 1;
  const bool prompt = typed && isatty(STDOUT_FILENO) == 1;
  const auto control = [](unsigned char byte) { return std::iscntrl(byte) && byte != '\t'; };
  for (std::string line;;) {
    if (prompt && printf("%s> ", server.name.c_str()) >= 0) fflush(stdout);
    if (ferror(stdout)) errx(1, "standard output: write error");
    if (!read_line(line)) {
      if (prompt) printf("\n");
      return;
    }
    const auto odd = typed ? std::find_if(line.begin(), line.end(), control) : line.end();
    if (line.size() > KV_REQUEST_ROOM)
      warnx("a line of more than %zu bytes is no request", KV_REQUEST_ROOM);
    else if (odd != line.end())
      warnx("not sent: there is a control character in it, %s (an arrow key?)",
            escaped({&*odd, 1}).c_str());
    else if (!obey(server, line))
      return;
  }
}

// With -t: limits the next call to what is left of the time, and ends the program when nothing is.
// The option is SO_SNDTIMEO for connect() and send(), and SO_RCVTIMEO for recv() (socket(7)).
static void bound_wait(const Server& server, int option, const char* missing) {
  if (server.patience == Clock::duration::zero()) return;
  const auto left =
      std::chrono::ceil<std::chrono::microseconds>(server.deadline - Clock::now()).count();
  if (left <= 0)
    errx(1, "no %s %s within %g s", missing, server.name.c_str(),
         std::chrono::duration<double>(server.patience).count());
  timeval limit{};
  limit.tv_sec = static_cast<time_t>(left / 1'000'000);
  limit.tv_usec = static_cast<suseconds_t>(left % 1'000'000);
  if (setsockopt(server.fd, SOL_SOCKET, option, &limit, sizeof limit) < 0)
    err(1, "setsockopt %s", server.name.c_str());
}

// Whether a call that has failed is to be made again: a signal has interrupted it, or its time is
// up, which bound_wait() will find. The error is then EAGAIN, or connect()'s EINPROGRESS and
// EALREADY. A connect() that is made again goes on to wait for the same handshake.
static bool again(const Server& server) {
  if (server.patience == Clock::duration::zero()) return errno == EINTR;
  return errno == EINTR || errno == EAGAIN || errno == EINPROGRESS || errno == EALREADY;
}

// Reads a line, without its end. Returns false at the end of input. Of a line that is longer than
// any request, it keeps only enough to tell that it is: one byte, besides a CR.
static bool read_line(std::string& line) {
  line.clear();
  int byte = 0;
  while ((byte = getchar()) != EOF && byte != '\n')
    if (line.size() < KV_REQUEST_ROOM + 2) line += static_cast<char>(byte);
  if (byte == EOF && ferror(stdin)) err(1, "standard input");
  if (line.ends_with('\r')) line.pop_back();
  return byte != EOF || !line.empty();
}

// Does what a line says. Returns false for quit and exit.
static bool obey(Server& server, std::string_view line) {
  const std::vector<std::string> words = words_of(line);
  if (words.empty()) return true;
  if (same(words[0], "quit") || same(words[0], "exit")) return false;
  if (same(words[0], "help")) {
    printf("%s", help);
  } else if (same(words[0], "fire")) {
    const std::string digits = words.size() > 1 ? words[1] : "40";
    int count = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (words.size() > 2)
      warnx("fire takes one number");
    else if (error != std::errc{} || end != digits.data() + digits.size() || count < 1 ||
             count > 10'000)
      warnx("%s: not a count (1-10000)", escaped(digits).c_str());
    else
      fire(server, count);
  } else if (words.size() > KV_MAX_ARGUMENTS) {
    warnx("a request has at most %zu words", KV_MAX_ARGUMENTS);
  } else if (std::any_of(words.begin(), words.end(),
                         [](auto& word) { return word.size() > KV_MAX_BULK; })) {
    warnx("a word of a request has at most %zu bytes", KV_MAX_BULK);
  } else {
    ask(server, words);
  }
  return true;
}

// The words of a line, or as many as are too many. They stand between blanks, but the value of
// `set` is all that follows the one blank behind the key.
static std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; words.size() <= KV_MAX_ARGUMENTS;) {
    at = line.find_first_not_of(" \t", at);
    if (at == std::string_view::npos) break;
    const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
    words.emplace_back(line.substr(at, end - at));
    if (words.size() == 2 && same(words[0], "set") && end < line.size()) {
      words.emplace_back(line.substr(end + 1));
      break;
    }
    at = end;
  }
  return words;
}

static bool same(std::string_view word, std::string_view command) {
  return word.size() == command.size() &&
         strncasecmp(word.data(), command.data(), word.size()) == 0;
}

// Sends `count` requests, to leave in one segment with the FIN of the close() that follows, and
// ends the program. No reply can come in between. If a reply were waiting unread, close() would
// send RST (RFC 1122, section 4.2.2.13), and the server would meet ECONNRESET. Here it is to meet a
// clean FIN: the client has said goodbye, and listens no more.
static void fire(Server& server, int count) {
  int segment = 0;  // bytes that fit into one now (tcp(7))
  socklen_t size = sizeof segment;
  if (getsockopt(server.fd, IPPROTO_TCP, TCP_MAXSEG, &segment, &size) < 0)
    err(1, "getsockopt TCP_MAXSEG");
  std::string requests;
  for (int i = 1; i <= count; ++i) {
    requests += encode_request({"PING", std::to_string(i)});
    if (requests.size() >= static_cast<std::size_t>(segment))  // a full segment would leave at once
      return warnx("%d requests do not fit into a segment of %d bytes, %d do", count, segment,
                   i - 1);
  }
  // MSG_MORE (send(2)): hold it back, there is more to come. It will be FIN.
  send_request(server, requests, MSG_MORE);
  if (close(server.fd) < 0) err(1, "close %s", server.name.c_str());
  if (printf("%d request%s and FIN sent\n", count, count == 1 ? "" : "s") < 0)
    err(1, "standard output");
  exit(0);
}

// Sends a request and prints the reply, of an array each element.
static void ask(Server& server, const std::vector<std::string>& words) {
  send_request(server, encode_request(words), 0);
  const KvReply reply = receive_reply(server);
  const bool elements = reply.kind == KvReply::Kind::array && reply.number > 0;
  if (!elements) printf("%s\n", shown(reply).c_str());
  const int width = static_cast<int>(std::to_string(reply.number).size());
  for (std::int64_t i = 1; elements && i <= reply.number; ++i) {
    const KvReply element = receive_reply(server);
    if (element.kind == KvReply::Kind::array) throw ProtocolError("an array in an array");
    printf("%*s) %s\n", width, std::to_string(i).c_str(), shown(element).c_str());
  }
  if (!server.input.empty()) throw ProtocolError("bytes that nobody asked for");
}

static void send_request(Server& server, std::string_view bytes, int flags) {
  // What is waiting now cannot be the reply to what we are about to ask. (Before the first request
  // we do not look: a server that answers too early cannot be told from a quick one.)
  char early = 0;
  const ssize_t waiting = server.asked ? recv(server.fd, &early, 1, MSG_PEEK | MSG_DONTWAIT) : 0;
  if (waiting > 0) throw ProtocolError("bytes that nobody asked for");
  if (waiting < 0 && errno != EAGAIN && errno != EINTR) err(1, "recv %s", server.name.c_str());

  server.asked = true;
  server.deadline = Clock::now() + server.patience;
  while (!bytes.empty()) {
    bound_wait(server, SO_SNDTIMEO, "reply from");
    // MSG_NOSIGNAL: a server that is gone is an error to report, and no reason to die of SIGPIPE.
    const ssize_t count = send(server.fd, bytes.data(), bytes.size(), flags | MSG_NOSIGNAL);
    if (count >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(count));
    else if (errno == EPIPE)
      errx(1, "server closed the connection");
    else if (!again(server))
      err(1, "send %s", server.name.c_str());
  }
}

// Reads until a reply, or an element of one, is complete.
static KvReply receive_reply(Server& server) {
  for (;;) {
    if (const auto reply = take_reply(server.input)) return *reply;
    // Half a reply moves to the front of the buffer. What comes is to go behind it.
    std::memmove(server.buffer.data(), server.input.data(), server.input.size());
    char* const end = server.buffer.data() + server.input.size();
    bound_wait(server, SO_RCVTIMEO, "reply from");
    const ssize_t count = recv(server.fd, end, server.buffer.size() - server.input.size(), 0);
    if (count == 0) errx(1, "server closed the connection");
    if (count < 0 && !again(server)) err(1, "recv %s", server.name.c_str());
    server.input = {server.buffer.data(), end + std::max(count, ssize_t{0})};
  }
}

static std::string shown(const KvReply& reply) {
  using Kind = KvReply::Kind;
  if (reply.kind == Kind::integer) return "(integer) " + std::to_string(reply.number);
  if (reply.kind == Kind::bulk) return '"' + escaped(reply.text) + '"';
  if (reply.kind == Kind::nil) return "(nil)";
  if (reply.kind == Kind::array) return "(empty array)";  // ask() shows those with elements
  return (reply.kind == Kind::error ? "(error) " : "") + escaped(reply.text, false);
}

// ---- The same in several programs: read it once.

static Clock::duration parse_seconds(const char* text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text, text + std::strspn(text, "0123456789."), seconds);
  if (error != std::errc{} || *end != '\0' || !(seconds > 0 && seconds <= 86400))
    errx(2, "%s: not a number of seconds (above 0, at most 86400)", text);
  return std::chrono::ceil<Clock::duration>(std::chrono::duration<double>{seconds});
}

static sockaddr_in parse_endpoint(const char* address, const char* port) {
  sockaddr_in endpoint{};
  endpoint.sin_family = AF_INET;
  if (inet_pton(AF_INET, address, &endpoint.sin_addr) != 1)
    errx(2, "%s: not an IPv4 address", address);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port, port + std::strlen(port), number);
  if (error != std::errc{} || *end != '\0') errx(2, "%s: not a port (0-65535)", port);
  endpoint.sin_port = htons(number);
  return endpoint;
}
