// echo_server: returns each datagram, or as much of it as its small buffer holds.
//
// A datagram is read whole or cut off: one recvfrom(2) takes it, and what does not fit into its
// buffer is gone. It does not wait for the next call, as the bytes of a stream would.
//
// Run:    sudo ip netns exec ns_server ./echo_server
//         sudo ip netns exec ns_client1 nc -u 10.0.1.1 5678      (type lines, each a datagram)
// Watch:  what comes back of a line longer than 16 bytes, that nothing of it leaks into the next
//         line, and what the log says was lost.
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

static constexpr std::uint16_t ECHO_PORT = 5678;
// 65535 less the headers of IPv4 (20) and UDP (8).
static constexpr std::size_t MAX_DATAGRAM = 65507;

[[noreturn]] static void usage(int status) {
  fputs(
      "usage: echo_server [-b BYTES]\n"
      "Returns each datagram that comes to UDP port 5678, cut off to a buffer of BYTES.\n"
      "  -b BYTES    size of the buffer, 1 to 65507 (16)\n",
      status == 0 ? stdout : stderr);
  exit(status);
}

static void restore_signals();
static std::array<char, 22> text_of(const sockaddr_in& endpoint);
static std::array<char, 64> now();

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line at once, even into a pipe (setvbuf(3))
  restore_signals();
  std::size_t capacity = 16;
  for (int option; (option = getopt(argc, argv, "hb:")) != -1;) {
    if (option != 'b') usage(option == 'h' ? 0 : 2);
    const auto [end, error] = std::from_chars(optarg, optarg + std::strlen(optarg), capacity);
    if (error != std::errc{} || *end != '\0' || capacity < 1 || capacity > MAX_DATAGRAM)
      errx(2, "%s: not a number of bytes (1-65507)", optarg);
  }
  if (optind < argc) warnx("unexpected argument: %s", argv[optind]);
  if (optind < argc) usage(2);

  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) err(1, "socket");
  if (fd <= STDERR_FILENO) errx(1, "a standard stream is closed");  // and is now the socket
  sockaddr_in self{};
  self.sin_family = AF_INET;
  self.sin_addr.s_addr = htonl(INADDR_ANY);
  self.sin_port = htons(ECHO_PORT);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0)
    err(1, "bind %s", text_of(self).data());
  printf("%s serving on %s\n", now().data(), text_of(self).data());

  std::vector<char> buffer(capacity);
  for (;;) {
    if (ferror(stdout)) errx(1, "standard output: write error");
    sockaddr_in peer{};
    socklen_t peer_size = sizeof peer;
    // The lesson: at most `capacity` bytes of the datagram are stored, and the rest is discarded.
    // Without MSG_TRUNC recvfrom() would return the number stored, and nobody would notice the
    // loss. With it, it returns the length that the datagram had (recv(2)). A production server has
    // a buffer as large as its protocol's largest message, and treats anything longer as an error.
    const ssize_t size = recvfrom(fd, buffer.data(), buffer.size(), MSG_TRUNC,
                                  reinterpret_cast<sockaddr*>(&peer), &peer_size);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) err(1, "recvfrom %s", text_of(self).data());
    const std::size_t length = static_cast<std::size_t>(size);
    const std::size_t stored = std::min(length, buffer.size());
    printf("%s received %zu of %zu bytes from %s", now().data(), stored, length,
           text_of(peer).data());
    if (stored < length) printf(", %zu truncated", length - stored);

    // Somebody could forge the address of another echo server: the two would never stop.
    const bool echo = peer.sin_port == htons(ECHO_PORT);
    printf("%s\n", echo ? ", no reply to another echo server" : "");
    if (echo) continue;
    while (sendto(fd, buffer.data(), stored, 0, reinterpret_cast<const sockaddr*>(&peer),
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
