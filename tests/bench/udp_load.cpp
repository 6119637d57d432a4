// udp_load: keeps a UDP server on 127.0.0.1 busy with time requests, and counts the replies.
//
//   udp_load PORT WINDOW SECONDS
//
// At first it sends WINDOW requests (at most 64), then one for each reply, so that always so many are under way. It
// prints the number of replies, and how many requests were lost: should for 100 ms no reply come, it sends WINDOW new
// ones. It ends after SECONDS, whatever the server does.
//
// It has to be faster than the servers that it measures. So it does not sleep: a server that has to wake the receiver
// of its reply pays for that. And many requests are one system call: UDP_SEGMENT (udp(7)) has the kernel cut
// into datagrams what one send(2) hands over.
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "time_protocol.h"

static constexpr std::size_t MOST = 64;  // requests in one call, as old kernels have it

static std::uint32_t sequence = 0;

static void send_requests(int fd, std::size_t count) {
  std::array<TimeMessage, MOST> requests;
  for (std::size_t i = 0; i < count; ++i)
    requests[i] = encode_time(TimeKind::request, ++sequence, {});
  while (send(fd, requests.data(), count * sizeof(TimeMessage), 0) < 0)
    if (errno != EINTR) err(1, "send");
}

int main(int argc, char* argv[]) {
  if (argc != 4) errx(2, "usage: udp_load PORT WINDOW SECONDS");
  const auto window = static_cast<std::size_t>(std::atoi(argv[2]));
  if (window < 1 || window > MOST) errx(2, "%s: not a window (1-64)", argv[2]);
  const std::chrono::duration<double> limit(std::atof(argv[3]));
  constexpr std::chrono::milliseconds patience(100);

  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) err(1, "socket");
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) < 0) err(1, "connect");
  const int segment = sizeof(TimeMessage);
  if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) < 0)
    err(1, "setsockopt UDP_SEGMENT");

  std::size_t replies = 0, lost = 0, free = window;  // free: so many requests may be sent
  const auto begin = std::chrono::steady_clock::now();
  auto last = begin;
  for (auto now = begin; now - begin < limit; now = std::chrono::steady_clock::now()) {
    if (free > 0) send_requests(fd, std::exchange(free, 0));
    TimeMessage reply;
    ssize_t size = 0;
    while (free < window && (size = recv(fd, &reply, sizeof reply, MSG_DONTWAIT)) >= 0)
      if (size == sizeof reply && ntohl(reply.magic) == TIME_MAGIC) ++free;
    if (size < 0 && errno != EAGAIN) err(1, "recv");  // with ECONNREFUSED, nobody serves
    replies += free;
    if (free > 0) {
      last = now;
    } else if (now - last > patience) {
      lost += free = window;
      last = now;
    } else {
      sched_yield();  // on a machine with a single processor the server needs it
    }
  }
  printf("%zu %zu\n", replies, lost);
}
