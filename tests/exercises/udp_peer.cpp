// udp_peer: the other side of the programs that use UDP. It does what a network may do, and what one
// hopes that nobody does.
//
//   udp_peer serve PORT [NUMBER:COUNTS]...
//       is a time server that prints each request, with the milliseconds from its start until the
//       kernel had it, and answers none, but: 4:02 answers the first copy of request 4 not at all and
//       the second one twice, and a line "3 1 2" on its standard input sends these replies in this
//       order
//   udp_peer hostile PORT
//       is one that answers each request with bad datagrams (the largest for request 1 only) and a
//       good one, twice
//   udp_peer ask ADDRESS PORT
//       sends one request, even to a broadcast address, and prints where each reply comes from
//   udp_peer time ADDRESS PORT COUNT
//       sends so many requests, one by one, each as soon as the one before has its reply
//   udp_peer echo ADDRESS PORT SIZE...
//       sends datagrams of these sizes, one by one, and says for each what came back; 16x200 sends
//       200 of 16 bytes; @5678 sends what follows from that port
//   udp_peer table ADDRESS PORT
//       sends a time server one of each kind of bad datagram, then a good one; exit 0 when the good
//       one was answered and no other
//   udp_peer flood ADDRESS PORT COUNT
//       sends it COUNT random ones, with a good one after every 100 and its reply awaited, so that
//       all of them are read
#include <arpa/inet.h>
#include <err.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "time_protocol.h"

static sockaddr_in endpoint_of(const char* address, const char* port) {
  sockaddr_in endpoint{};
  endpoint.sin_family = AF_INET;
  endpoint.sin_port = htons(static_cast<std::uint16_t>(std::stoul(port)));
  if (inet_pton(AF_INET, address, &endpoint.sin_addr) != 1) errx(2, "%s", address);
  return endpoint;
}

static bool comes(int fd, int milliseconds) {
  pollfd readable{fd, POLLIN, 0};
  return poll(&readable, 1, milliseconds) > 0;
}

static std::string encoded(TimeKind kind, std::uint32_t number) {
  const TimeMessage message = encode_time(kind, number, {1, 2});
  return {reinterpret_cast<const char*>(&message), sizeof message};
}

// Messages of a kind that are nearly right, and what has nothing to do with them.
static std::vector<std::string> bad_messages(TimeKind kind, std::uint32_t number) {
  const std::string good = encoded(kind, number);
  const TimeKind other = kind == TimeKind::request ? TimeKind::reply : TimeKind::request;
  std::vector<std::string> bad{"", good.substr(0, good.size() - 1), good + '\0',
                               encoded(other, number)};
  for (const auto& [offset, bytes] : std::vector<std::pair<std::size_t, std::string>>{
           {0, "EMIT"},                             // the magic number
           {4, std::string(4, '\0')},               // the kind: none
           {12, std::string("\x3b\x9a\xca\0", 4)},  // 1,000,000,000 nanoseconds
           {16, std::string(8, '\xff')}}) {         // the end of time
    bad.push_back(good);
    bad.back().replace(offset, bytes.size(), bytes);
  }
  bad.push_back("\x1b[2J\x1b]0;pwned\x07\x1b[31mred\r\n");  // for the terminal of one who prints it
  bad.push_back(good + std::string(65507 - good.size(), 'x'));
  return bad;
}

static int serve(int fd, bool hostile, const std::map<std::uint32_t, std::string>& answers) {
  timespec start{}, came{};
  ioctl(fd, SIOCGSTAMPNS, &came);  // from now on the kernel notes when a datagram comes (socket(7))
  clock_gettime(CLOCK_REALTIME, &start);
  std::map<std::uint32_t, std::size_t> copies;
  sockaddr_in client{};
  auto* who = reinterpret_cast<sockaddr*>(&client);
  std::array<char, 1000> typed{};
  const auto send_back = [&](const std::string& text) {
    sendto(fd, text.data(), text.size(), 0, who, sizeof client);
  };
  const auto answer = [&](std::uint32_t number) { send_back(encoded(TimeKind::reply, number)); };
  std::array<pollfd, 2> ready{{{fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
  while (poll(ready.data(), ready.size(), -1) > 0) {
    if (ready[0].revents != 0) {
      TimeMessage datagram{};
      socklen_t size = sizeof client;
      const ssize_t length = recvfrom(fd, &datagram, sizeof datagram, MSG_TRUNC, who, &size);
      const auto bytes = static_cast<std::size_t>(length);
      const auto request = decode_time(TimeKind::request, &datagram, bytes);
      ioctl(fd, SIOCGSTAMPNS, &came);
      if (!request) continue;
      const long seconds = came.tv_sec - start.tv_sec, nanoseconds = came.tv_nsec - start.tv_nsec;
      printf("%ld request %u\n", seconds * 1000 + nanoseconds / 1000000, request->sequence);
      if (hostile) {
        for (const std::string& bad : bad_messages(TimeKind::reply, request->sequence))
          if (bad.size() < 100 || request->sequence == 1)
            send_back(bad);  // two large ones would fill a receive buffer
        for (const std::uint32_t number :
             {0u, request->sequence + 1000, 0xffffffffu, request->sequence, request->sequence})
          answer(number);
        continue;
      }
      const auto counts = answers.find(request->sequence);
      const std::size_t copy = copies[request->sequence]++;
      if (counts == answers.end() || copy >= counts->second.size()) continue;
      for (char left = counts->second[copy]; left > '0'; --left) answer(request->sequence);
    } else if (const ssize_t length = read(STDIN_FILENO, typed.data(), typed.size()); length > 0) {
      std::istringstream numbers(std::string(typed.data(), static_cast<std::size_t>(length)));
      for (std::uint32_t number; numbers >> number;) answer(number);
    } else {
      ready[1].fd = -1;
    }
  }
  return 1;
}

static int ask(int fd, const sockaddr_in& server) {
  const TimeMessage request = encode_time(TimeKind::request, 1, {1, 2});
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  const auto* where = reinterpret_cast<const sockaddr*>(&server);
  if (sendto(fd, &request, sizeof request, 0, where, sizeof server) < 0) err(1, "sendto");
  if (!comes(fd, 2000)) errx(1, "no reply within 2 s");
  const char* link = "reply from";
  do {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    TimeMessage reply{};
    recvfrom(fd, &reply, sizeof reply, 0, reinterpret_cast<sockaddr*>(&from), &size);
    std::array<char, INET_ADDRSTRLEN> text{};
    printf("%s %s", link, inet_ntop(AF_INET, &from.sin_addr, text.data(), text.size()));
    link = ", and from";
  } while (comes(fd, 100));
  puts("");
  return 0;
}

static void put(int fd, const std::string& datagram) {
  if (send(fd, datagram.data(), datagram.size(), 0) < 0) err(1, "send %zu bytes", datagram.size());
}

// Sends a good request; its reply must be the next thing that comes.
static void expect_reply(int fd, std::uint32_t number) {
  put(fd, encoded(TimeKind::request, number));
  TimeMessage reply{};
  if (!comes(fd, 2000)) errx(1, "request %u: no reply within 2 s", number);
  const ssize_t length = recv(fd, &reply, sizeof reply, MSG_TRUNC);
  if (length < 0) err(1, "request %u", number);
  const auto said = decode_time(TimeKind::reply, &reply, static_cast<std::size_t>(length));
  if (!said || said->sequence != number) errx(1, "request %u got another reply", number);
}

static void flood(int fd, std::uint32_t count) {
  std::mt19937 random(4737);
  const std::string good = encoded(TimeKind::request, 0);
  for (std::uint32_t number = 1; number <= count; ++number) {
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
    if (number % 100 == 0) expect_reply(fd, number);
  }
}

// A request from port 0, to which no reply can be sent (RFC 768: "if not used, a value of zero is
// inserted").
static void put_from_port_0(const sockaddr_in& server) {
  const int fd = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
  if (fd < 0) err(1, "raw socket");
  const std::string payload = encoded(TimeKind::request, 999);
  udphdr header{};
  header.dest = server.sin_port;
  header.len = htons(static_cast<std::uint16_t>(sizeof header + payload.size()));
  const std::string packet(reinterpret_cast<const char*>(&header), sizeof header);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) < 0) err(1, "connect");
  put(fd, packet + payload);
  close(fd);
}

static int echo(int fd, const std::vector<std::size_t>& sizes) {
  std::mt19937 random(5678);
  for (const std::size_t size : sizes) {
    std::string datagram(size, '\0'), back(65536, '\0');
    for (char& byte : datagram) byte = static_cast<char>(random());
    put(fd, datagram);
    if (!comes(fd, 2000)) errx(1, "%zu bytes: nothing came back within 2 s", size);
    const ssize_t length = recv(fd, back.data(), back.size(), 0);
    if (length < 0) err(1, "%zu bytes", size);
    back.resize(static_cast<std::size_t>(length));
    if (back.size() != size) errx(1, "%zu bytes: %zd bytes came back", size, length);
    if (back != datagram) errx(1, "%zu bytes: as many came back, but not the same", size);
    if (comes(fd, sizes.size() < 100 ? 20 : 0)) errx(1, "%zu bytes: came back twice", size);
    printf("%zu bytes: came back whole\n", size);
  }
  return 0;
}

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  const std::vector<std::string> words(argv, argv + argc);
  const std::string mode = argc > 2 ? words[1] : "";
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) err(1, "socket");
  if (mode == "serve" || mode == "hostile") {
    const sockaddr_in self = endpoint_of("0.0.0.0", argv[2]);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0) err(1, "bind");
    puts("serving");
    std::map<std::uint32_t, std::string> answers;
    for (std::size_t i = 3; i < words.size(); ++i) {
      const std::size_t colon = words[i].find(':');
      answers[static_cast<std::uint32_t>(std::stoul(words[i]))] = words[i].substr(colon + 1);
    }
    return serve(fd, mode == "hostile", answers);
  }
  if (argc < 4) errx(2, "see the source");
  const sockaddr_in server = endpoint_of(argv[2], argv[3]);
  if (mode == "ask") return ask(fd, server);
  if (argc > 4 && words[4][0] == '@') {
    const sockaddr_in self = endpoint_of("0.0.0.0", argv[4] + 1);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0) err(1, "bind");
  }
  if (connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) < 0) err(1, "connect");
  if (mode == "table") {
    for (const std::string& bad : bad_messages(TimeKind::request, 1)) put(fd, bad);
    put_from_port_0(server);
    expect_reply(fd, 7);
    return 0;
  }
  const auto count = static_cast<std::uint32_t>(std::strtoul(words.at(4).c_str(), nullptr, 10));
  if (mode == "flood") return flood(fd, count), 0;
  if (mode == "time") {
    for (std::uint32_t number = 1; number <= count; ++number) expect_reply(fd, number);
    return 0;
  }
  std::vector<std::size_t> sizes;
  for (std::size_t i = words[4][0] == '@' ? 5 : 4; i < words.size(); ++i) {
    const std::size_t x = words[i].find('x');
    sizes.insert(sizes.end(), x == std::string::npos ? 1 : std::stoul(words[i].substr(x + 1)),
                 std::stoul(words[i]));
  }
  return echo(fd, sizes);
}
