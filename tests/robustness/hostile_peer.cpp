// hostile_peer: the UDP peer that one hopes never to have, for tests/robustness/hostile-datagrams.sh.
//
//   hostile_peer table ADDRESS PORT
//       sends a time server one of each kind of bad datagram, then a good one; exit 0 when the good one was
//       answered and no other
//   hostile_peer flood ADDRESS PORT COUNT
//       sends it COUNT random ones, with a good one after every 100 and its reply awaited, so that all of them
//       are read
//   hostile_peer serve PORT
//       is a time server that answers each request with bad datagrams (the largest for the first request only)
//       and a good one, twice
//   hostile_peer shuffle PORT COUNT
//       is a time server that answers COUNT requests in the order 3 1 2, 6 4 5, ... and the third of each three
//       twice
//   hostile_peer ahead PORT COUNT
//       is a time server that, when asked for the first time, says so, waits for a line on its standard input, and
//       answers COUNT requests: those that would come next, the last one first, and then this one
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "time_protocol.h"

static std::string bytes_of(const TimeMessage& message) {
  return {reinterpret_cast<const char*>(&message), sizeof message};
}

static std::string encoded(TimeKind kind, std::uint32_t sequence) {
  return bytes_of(encode_time(kind, sequence, {1, 2}));
}

// Messages of a kind that are nearly right, and what has nothing to do with them.
static std::vector<std::string> bad_messages(TimeKind kind, std::uint32_t sequence) {
  const std::string good = encoded(kind, sequence);
  std::vector<std::string> bad{"", good.substr(0, good.size() - 1), good + '\0'};
  for (const auto& [offset, bytes] : std::vector<std::pair<std::size_t, std::string>>{
           {0, "EMIT"},                // the magic number
           {4, std::string(4, '\0')},  // the kind: none
           {4, kind == TimeKind::request ? std::string("\0\0\0\2", 4)
                                         : std::string("\0\0\0\1", 4)},  // the other
           {12, "\x3b\x9a\xca"},             // 1,000,000,000 nanoseconds
           {16, std::string(8, '\xff')}}) {  // the end of time
    std::string wrong = good;
    wrong.replace(offset, bytes.size(), bytes);
    if (offset == 12) wrong[15] = '\0';
    bad.push_back(wrong);
  }
  bad.push_back("\x1b[2J\x1b]0;pwned\x07\x1b[31mred\r\n");  // for the terminal of one who prints it
  bad.push_back(good + std::string(65507 - good.size(), 'x'));
  return bad;
}

static int number_in(const char* text) {
  int number = 0;
  std::from_chars(text, text + std::strlen(text), number);
  return number;
}

static int make_socket(const char* address, const char* port, bool server) {
  sockaddr_in endpoint{};
  endpoint.sin_family = AF_INET;
  inet_pton(AF_INET, address, &endpoint.sin_addr);
  endpoint.sin_port = htons(static_cast<std::uint16_t>(number_in(port)));
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  const timeval patience{5, 0};
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0)
    err(1, "socket");
  const auto* where = reinterpret_cast<const sockaddr*>(&endpoint);
  if ((server ? bind : connect)(fd, where, sizeof endpoint) < 0) err(1, "%s:%s", address, port);
  return fd;
}

static void put(int fd, const std::string& datagram) {
  if (send(fd, datagram.data(), datagram.size(), 0) < 0) err(1, "send %zu bytes", datagram.size());
}

// Sends a good request; its reply must be the next thing that comes.
static void expect_reply(int fd, std::uint32_t sequence) {
  put(fd, encoded(TimeKind::request, sequence));
  TimeMessage reply{};
  const ssize_t size = recv(fd, &reply, sizeof reply, MSG_TRUNC);
  if (size < 0) err(1, "no reply to request %u", sequence);
  const auto said = decode_time(TimeKind::reply, &reply, static_cast<std::size_t>(size));
  if (!said || said->sequence != sequence) errx(1, "request %u got something else", sequence);
}

static int flood(int fd, int count) {
  std::mt19937 random(4737);
  const std::string good = encoded(TimeKind::request, 0);
  for (int i = 1; i <= count; ++i) {
    std::string datagram(random() % 64, '\0');
    if (random() % 2 == 0)
      datagram = good;  // half are good but for one byte of the magic number or the kind
    for (char& byte : datagram)
      if (datagram.size() != good.size()) byte = static_cast<char>(random());
    if (datagram.size() == good.size()) {
      char& byte = datagram[random() % 8];
      byte = static_cast<char>(byte ^ static_cast<char>(1 + random() % 255));
    }
    put(fd, datagram);
    if (i % 100 == 0) expect_reply(fd, static_cast<std::uint32_t>(i));
  }
  return 0;
}

// A request from port 0, to which no reply can be sent (RFC 768: "if not used, a value of zero is inserted").
static void put_from_port_0(const char* address, const char* port) {
  const int fd = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
  if (fd < 0) err(1, "raw socket");
  sockaddr_in endpoint{};
  endpoint.sin_family = AF_INET;
  inet_pton(AF_INET, address, &endpoint.sin_addr);
  const std::string payload = encoded(TimeKind::request, 999);
  udphdr header{};
  header.dest = htons(static_cast<std::uint16_t>(number_in(port)));
  header.len = htons(static_cast<std::uint16_t>(sizeof header + payload.size()));
  const std::string packet =
      std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload;
  if (sendto(fd, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&endpoint),
             sizeof endpoint) < 0)
    err(1, "sendto from port 0");
  close(fd);
}

int main(int argc, char* argv[]) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "table" && argc == 4) {
    const int fd = make_socket(argv[2], argv[3], false);
    for (const std::string& datagram : bad_messages(TimeKind::request, 1)) put(fd, datagram);
    put_from_port_0(argv[2], argv[3]);
    expect_reply(fd, 7);
    return 0;
  }
  if (mode == "flood" && argc == 5)
    return flood(make_socket(argv[2], argv[3], false), number_in(argv[4]));

  const bool serve = mode == "serve" && argc == 3, ahead = mode == "ahead" && argc == 4;
  if (!serve && !ahead && !(mode == "shuffle" && argc == 4)) errx(2, "see the source");
  const int fd = make_socket("0.0.0.0", argv[2], true);
  std::vector<std::uint32_t> waiting;
  for (int left = serve ? 1000 : number_in(argv[3]); left > 0; --left) {
    TimeMessage datagram{};
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    auto* from = reinterpret_cast<sockaddr*>(&peer);
    if (recvfrom(fd, &datagram, sizeof datagram, 0, from, &size) < 0) return 0;
    const std::uint32_t number = ntohl(datagram.sequence);
    const auto answer = [&](const std::string& text) {
      sendto(fd, text.data(), text.size(), 0, from, size);
    };
    if (ahead) {
      puts("asked");
      fflush(stdout);
      getchar();
      for (int i = left; i-- > 0;)
        answer(encoded(TimeKind::reply, number + static_cast<std::uint32_t>(i)));
      return 0;
    }
    if (serve) {
      for (const std::string& text : bad_messages(TimeKind::reply, number))
        if (text.size() < 100 || number == 1)
          answer(text);  // two large ones would fill a receive buffer
      for (const std::uint32_t unknown : {0u, number + 1000, 0xffffffffu})
        answer(encoded(TimeKind::reply, unknown));
      for (int copy = 0; copy < 2; ++copy) answer(encoded(TimeKind::reply, number));
    } else if (waiting.push_back(number); waiting.size() == 3) {
      for (const std::size_t i : {2u, 0u, 1u, 2u}) answer(encoded(TimeKind::reply, waiting[i]));
      waiting.clear();
    }
  }
  return 0;
}
