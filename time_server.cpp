// time_server: tells the time over UDP, one datagram in, one datagram out.
//
// A UDP server is one socket, bound to an address and a port, and a loop of recvfrom(2) and
// sendto(2). There are no connections: each datagram brings its sender's address along, and one
// socket serves any number of clients. The bound address decides which datagrams the kernel hands
// over at all: those sent to that address or, with INADDR_ANY (0.0.0.0), to any address of this
// host (ip(7)).
//
// Run:    sudo ip netns exec ns_server ./time_server 0.0.0.0 8080
// Watch:  time_client and time_burst_client (its counterparts; time_protocol.h has the message),
//         and: sudo ip netns exec ns_server ss -aun
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "time_protocol.h"

[[noreturn]] static void usage(int status) {
  fputs(
      "usage: time_server ADDRESS PORT\n"
      "Answers time requests to UDP PORT of ADDRESS (0.0.0.0: all addresses of this host).\n",
      status == 0 ? stdout : stderr);
  exit(status);
}

static void restore_signals();
static sockaddr_in parse_endpoint(const char* address, const char* port);
static std::array<char, 22> text_of(const sockaddr_in& endpoint);
static std::array<char, 64> now();

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line at once, even into a pipe (setvbuf(3))
  restore_signals();
  if (const int option = getopt(argc, argv, "h"); option != -1) usage(option == 'h' ? 0 : 2);
  if (argc - optind > 2) warnx("unexpected argument: %s", argv[optind + 2]);
  if (argc - optind != 2) usage(2);
  sockaddr_in self = parse_endpoint(argv[optind], argv[optind + 1]);

  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) err(1, "socket");
  if (fd <= STDERR_FILENO) errx(1, "a standard stream is closed");  // and is now the socket
  if (bind(fd, reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0)
    err(1, "bind %s", text_of(self).data());
  socklen_t self_size = sizeof self;  // port 0 has become a real one
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&self), &self_size) < 0) err(1, "getsockname");
  printf("%s serving on %s\n", now().data(), text_of(self).data());

  for (;;) {
    if (ferror(stdout)) errx(1, "standard output: write error");
    // A datagram longer than the buffer is cut off, and its rest is gone. MSG_TRUNC makes
    // recvfrom() return the length that it had (recv(2)), so that a longer one is not taken for a
    // valid request.
    TimeMessage datagram{};
    sockaddr_in peer{};
    socklen_t peer_size = sizeof peer;
    const ssize_t size = recvfrom(fd, &datagram, sizeof datagram, MSG_TRUNC,
                                  reinterpret_cast<sockaddr*>(&peer), &peer_size);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) err(1, "recvfrom %s", text_of(self).data());

    const auto request = decode_time(TimeKind::request, &datagram, static_cast<std::size_t>(size));
    if (!request) {  // no answer: a server that answers anything but requests helps to flood others
      printf("%s %s ignored, %zd bytes\n", now().data(), text_of(peer).data(), size);
      continue;
    }
    printf("%s %s request %u\n", now().data(), text_of(peer).data(), request->sequence);

    timespec time{};
    if (clock_gettime(CLOCK_REALTIME, &time) < 0) err(1, "clock_gettime");
    const TimeMessage reply = encode_time(TimeKind::reply, request->sequence, time);
    // The lesson: on a socket bound to INADDR_ANY the kernel chooses the reply's source address,
    // the one that the route to the peer prefers. That need not be the address that was asked. A
    // production server on a host with several addresses learns it through IP_PKTINFO (ip(7)) and
    // replies from it, or binds one socket to each address. See "The reply from elsewhere" in the
    // README.
    while (sendto(fd, &reply, sizeof reply, 0, reinterpret_cast<const sockaddr*>(&peer),
                  peer_size) < 0) {
      if (errno == EINTR) continue;
      warn("sendto %s", text_of(peer).data());  // a peer that cannot be reached is no reason to end
      break;
    }
  }
}

// ---- The same in several programs: read it once.

// These signals end the program, even if its parent ignores or blocks them: both outlast execve(2).
static void restore_signals() {
  sigset_t none;
  sigemptyset(&none);
  if (sigprocmask(SIG_SETMASK, &none, nullptr) < 0) err(1, "sigprocmask");
  for (const int number : {SIGINT, SIGTERM, SIGPIPE})
    if (signal(number, SIG_DFL) == SIG_ERR) err(1, "signal");
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

static std::array<char, 22> text_of(const sockaddr_in& endpoint) {
  std::array<char, 22> text{};  // 255.255.255.255:65535
  inet_ntop(AF_INET, &endpoint.sin_addr, text.data(), text.size());
  const std::size_t size = std::strlen(text.data());
  snprintf(text.data() + size, text.size() - size, ":%d", ntohs(endpoint.sin_port));
  return text;
}

// The time of day as tcpdump prints it, so that the log reads side by side with a capture.
static std::array<char, 64> now() {
  timespec time{};
  if (clock_gettime(CLOCK_REALTIME, &time) < 0) err(1, "clock_gettime");
  tm local{};
  localtime_r(&time.tv_sec, &local);
  std::array<char, 64> text{};
  snprintf(text.data(), text.size(), "%02d:%02d:%02d.%06ld", local.tm_hour, local.tm_min,
           local.tm_sec, time.tv_nsec / 1000);
  return text;
}
