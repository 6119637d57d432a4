// kv_client: types requests to a key-value store, and shows its replies.
//
// Over one TCP connection the client sends a request, and reads until the reply is complete, however many pieces it
// comes in. That is all there is to a request-reply protocol on a stream, as long as both ends live. What the
// client knows of the server's end it learns only when it sends or reads: while you think at the prompt, the server
// may be long gone. And `fire` is a client of bad manners, for which many a server is not prepared.
//
// Run:    sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085     (then: help)
// Watch:  sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n tcp port 8085
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kv_protocol.h"

static constexpr const char* usage =
    "usage: kv_client ADDRESS PORT [-t SECONDS]\n"
    "Sends the commands that it reads from standard input to the key-value store at ADDRESS and TCP PORT.\n"
    "  -t SECONDS  wait at most SECONDS for a reply (or else as long as it takes)\n";

static constexpr const char* help =
    "set KEY VALUE    keep the value, the rest of the line as it is, under the key\n"
    "get KEY          show it\n"
    "del KEY...       forget it\n"
    "keys             show all keys\n"
    "dbsize           show how many there are\n"
    "ping [MESSAGE]   ask whether the server is there\n"
    "fire [COUNT]     send COUNT (40) requests and FIN in one segment, wait for no reply, and leave\n"
    "help             show this\n"
    "quit             leave, as the end of input does\n";

static sockaddr_in parse_endpoint(const char* address, const char* port) {
  sockaddr_in endpoint{};
  endpoint.sin_family = AF_INET;
  if (inet_pton(AF_INET, address, &endpoint.sin_addr) != 1) errx(2, "%s: not an IPv4 address", address);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port, port + std::strlen(port), number);
  if (error != std::errc{} || *end != '\0') errx(2, "%s: not a port (0-65535)", port);
  endpoint.sin_port = htons(number);
  return endpoint;
}

static std::string text_of(const sockaddr_in& endpoint) {
  std::array<char, INET_ADDRSTRLEN> address{};
  inet_ntop(AF_INET, &endpoint.sin_addr, address.data(), address.size());
  return std::string(address.data()) + ":" + std::to_string(ntohs(endpoint.sin_port));
}

using Clock = std::chrono::steady_clock;  // for durations: unlike the time of day, it never jumps

static Clock::duration parse_seconds(const char* text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text, text + std::strspn(text, "0123456789."), seconds);
  if (error != std::errc{} || *end != '\0' || !(seconds > 0 && seconds <= 86400))
    errx(2, "%s: not a number of seconds (above 0, at most 86400)", text);
  return std::chrono::ceil<Clock::duration>(std::chrono::duration<double>{seconds});
}

// The connection, and how long we wait for what comes from it: for ever, if there is no number of seconds.
struct Server {
  int fd;
  std::string name;
  std::optional<Clock::duration> patience;
  KvDecoder decoder{};
};

// With patience: waits until the socket is ready for `event`, and ends the program when the time is up. Without,
// it is the call that follows which waits.
static void await(const Server& server, short event, Clock::time_point deadline) {
  while (server.patience) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ready{server.fd, event, 0};
    const int count = left <= 0 ? 0 : poll(&ready, 1, static_cast<int>(left));
    if (count > 0) return;
    if (count == 0)
      errx(1, "no reply from %s within %g s", server.name.c_str(),
           std::chrono::duration<double>(*server.patience).count());
    if (errno != EINTR) err(1, "poll");
  }
}

static void send_all(const Server& server, std::string_view bytes, int flags, Clock::time_point deadline) {
  if (server.patience) flags |= MSG_DONTWAIT;
  while (!bytes.empty()) {
    // MSG_NOSIGNAL: a server that is gone is an error to be reported, and no reason to die by SIGPIPE (send(2)).
    const ssize_t count = send(server.fd, bytes.data(), bytes.size(), flags | MSG_NOSIGNAL);
    if (count >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(count));
    else if (errno == EAGAIN)
      await(server, POLLOUT, deadline);
    else if (errno == EPIPE)
      errx(1, "server closed the connection");
    else if (errno != EINTR)
      err(1, "send %s", server.name.c_str());
  }
}

// Reads until a reply, or an element of one, is complete.
static KvReply receive_reply(Server& server, Clock::time_point deadline) {
  for (;;) {
    if (const auto reply = server.decoder.next_reply()) return *reply;
    if (!server.decoder.fault().empty())
      errx(1, "%s breaks the protocol: %s", server.name.c_str(),
           escaped(server.decoder.fault(), false).c_str());

    await(server, POLLIN, deadline);
    std::array<char, 64 * 1024> buffer;
    const ssize_t count = recv(server.fd, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) err(1, "recv %s", server.name.c_str());
    if (count == 0) errx(1, "server closed the connection");
    server.decoder.feed({buffer.data(), static_cast<std::size_t>(count)});
  }
}

static std::string text_of(const KvReply& reply) {
  switch (reply.kind) {
    case KvReply::Kind::simple:
      return escaped(reply.text, false);
    case KvReply::Kind::error:
      return "(error) " + escaped(reply.text, false);
    case KvReply::Kind::integer:
      return "(integer) " + std::to_string(reply.number);
    case KvReply::Kind::bulk:
      return '"' + escaped(reply.text) + '"';
    case KvReply::Kind::nil:
      return "(nil)";
    case KvReply::Kind::array:
      return "(empty array)";  // ask() prints any other itself, element by element
  }
  return "";
}

static void print(const std::string& line) {
  if (puts(line.c_str()) < 0) err(1, "standard output");
}

static Clock::time_point deadline_of(const Server& server) {
  return Clock::now() + server.patience.value_or(Clock::duration::zero());
}

// Sends a request and prints the reply.
static void ask(Server& server, const std::vector<std::string>& words) {
  const auto deadline = deadline_of(server);
  send_all(server, encode_request(words), 0, deadline);
  const KvReply reply = receive_reply(server, deadline);
  if (reply.kind != KvReply::Kind::array || reply.number == 0) return print(text_of(reply));
  const std::string last = std::to_string(reply.number);
  for (std::int64_t i = 1; i <= reply.number; ++i) {
    const KvReply element = receive_reply(server, deadline);
    if (element.kind == KvReply::Kind::array) errx(1, "%s sends an array in an array", server.name.c_str());
    const std::string number = std::to_string(i);
    print(std::string(last.size() - number.size(), ' ') + number + ") " + text_of(element));
  }
}

// Sends `count` requests, to leave in one segment with the FIN of the close() that follows; gives false when they
// do not fit. No reply can come in between: if one did and lay unread, close() would send RST in place of FIN
// (RFC 1122, section 4.2.2.13), and the server would meet the error ECONNRESET, and not what it is to meet here: a
// client that has taken its leave properly and does not listen any more.
static bool fire(const Server& server, int count) {
  std::string requests;
  for (int i = 1; i <= count; ++i) requests += encode_request({"PING", std::to_string(i)});
  int segment = 0;  // tcp(7): what fits into one now
  socklen_t size = sizeof segment;
  if (getsockopt(server.fd, IPPROTO_TCP, TCP_MAXSEG, &segment, &size) < 0) err(1, "getsockopt TCP_MAXSEG");
  if (requests.size() >= static_cast<std::size_t>(segment)) {  // a full segment would not wait for FIN
    warnx("%d requests are %zu bytes, and less than %d fit into a segment", count, requests.size(), segment);
    return false;
  }
  // MSG_MORE (send(2)): hold it back, there is more to come. It will be FIN.
  send_all(server, requests, MSG_MORE, deadline_of(server));
  return true;
}

// The words of a line: between blanks, but the value of `set` is all that follows the one blank behind the key.
static std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; (at = line.find_first_not_of(" \t", at)) != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
    words.emplace_back(line.substr(at, end - at));
    if (words.size() == 2 && strcasecmp(words[0].c_str(), "set") == 0 && end < line.size()) {
      words.emplace_back(line.substr(end + 1));
      break;
    }
    at = end;
  }
  return words;
}

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  sockaddr_in address{};
  std::optional<Clock::duration> patience;
  while (optind < argc) {
    const int option = getopt(argc, argv, "+ht:");
    if (option == 't') {
      patience = parse_seconds(optarg);
    } else if (option == -1 && address.sin_family == AF_UNSPEC && argc - optind >= 2) {
      address = parse_endpoint(argv[optind], argv[optind + 1]);
      optind += 2;  // options may follow
    } else {
      if (fputs(usage, option == 'h' ? stdout : stderr) < 0 && option == 'h') err(1, "standard output");
      return option == 'h' ? 0 : 2;
    }
  }
  if (address.sin_family == AF_UNSPEC) {
    fputs(usage, stderr);
    return 2;
  }

  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) err(1, "socket");
  if (fd <= STDERR_FILENO) errx(1, "standard input, output or error is closed");  // fd has taken its number
  Server server{fd, text_of(address), patience};
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    err(1, "connect %s", server.name.c_str());

  const bool terminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
  char* line = nullptr;
  std::size_t capacity = 0;
  for (;;) {
    if (terminal && (printf("%s> ", server.name.c_str()) < 0 || fflush(stdout) != 0))
      err(1, "standard output");
    ssize_t size = getline(&line, &capacity, stdin);
    if (size < 0 && ferror(stdin)) err(1, "standard input");
    if (size < 0) {
      if (terminal) print("");
      break;
    }
    if (line[size - 1] == '\n') --size;
    const std::vector<std::string> words = words_of({line, static_cast<std::size_t>(size)});
    if (words.empty()) continue;

    const char* command = words[0].c_str();
    if (strcasecmp(command, "quit") == 0) break;
    if (strcasecmp(command, "help") == 0) {
      if (fputs(help, stdout) < 0) err(1, "standard output");
    } else if (strcasecmp(command, "fire") == 0) {
      int count = 40;
      if (words.size() > 2) {
        warnx("fire takes one number");
        continue;
      }
      if (words.size() == 2) {
        const char* digits = words[1].c_str();
        const auto [end, error] = std::from_chars(digits, digits + words[1].size(), count);
        if (error != std::errc{} || *end != '\0' || count < 1 || count > 10'000) {
          warnx("%s: not a count (1-10000)", escaped(words[1]).c_str());
          continue;
        }
      }
      if (fire(server, count)) break;
    } else if (words.size() > KV_MAX_ARGUMENTS) {
      warnx("a request has at most %zu words", KV_MAX_ARGUMENTS);
    } else if (std::any_of(words.begin(), words.end(),
                           [](auto& word) { return word.size() > KV_MAX_BULK; })) {
      warnx("a word of a request has at most %zu bytes", KV_MAX_BULK);
    } else {
      ask(server, words);
    }
  }
  free(line);
  if (close(fd) < 0) err(1, "close %s", server.name.c_str());
  return 0;
}
