// echo_server: returns each datagram, or as much of it as its small buffer holds.
//
// A datagram is read whole or cut off: what does not fit into the buffer of the one recvfrom(2) that
// takes it is gone. It does not wait for the next call, as the bytes of a stream would.
//
// Run:    sudo ip netns exec ns_server ./echo_server
//         sudo ip netns exec ns_client1 nc -u 10.0.1.1 5678      (type lines, each a datagram)
// Watch:  what comes back of a line longer than 16 bytes, that nothing of it leaks into the next line,
//         and what the log says was lost.
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

static constexpr std::uint16_t ECHO_PORT = 5678;
static constexpr std::size_t MAX_DATAGRAM = 65507;  // 65535 less the headers of IPv4 (20) and UDP (8)

static constexpr const char* usage =
    "usage: echo_server [-b BYTES]\n"
    "Returns each datagram that comes to UDP port 5678, cut off to a buffer of BYTES.\n"
    "  -b BYTES    size of the buffer, 1 to 65507 (16)\n";

static std::string text_of(const sockaddr_in& endpoint) {
  std::array<char, INET_ADDRSTRLEN> address{};
  inet_ntop(AF_INET, &endpoint.sin_addr, address.data(), address.size());
  return std::string(address.data()) + ":" + std::to_string(ntohs(endpoint.sin_port));
}

// The time of day as tcpdump prints it, so that the log reads side by side with a capture.
static std::string now() {
  timespec time{};
  if (clock_gettime(CLOCK_REALTIME, &time) < 0) err(1, "clock_gettime");
  tm local{};
  std::array<char, 32> text{};
  const std::size_t size = strftime(text.data(), text.size(), "%H:%M:%S.", localtime_r(&time.tv_sec, &local));
  snprintf(text.data() + size, text.size() - size, "%06ld", time.tv_nsec / 1000);
  return text.data();
}

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  std::size_t capacity = 16;
  for (int option; (option = getopt(argc, argv, "+hb:")) != -1;) {
    if (option == 'b') {
      const auto [end, error] = std::from_chars(optarg, optarg + std::strlen(optarg), capacity);
      if (error != std::errc{} || *end != '\0' || capacity < 1 || capacity > MAX_DATAGRAM)
        errx(2, "%s: not a number of bytes (1-65507)", optarg);
    } else {
      if (fputs(usage, option == 'h' ? stdout : stderr) < 0 && option == 'h') err(1, "standard output");
      return option == 'h' ? 0 : 2;
    }
  }
  if (optind != argc) {
    fputs(usage, stderr);
    return 2;
  }

  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) err(1, "socket");
  if (fd <= STDERR_FILENO) errx(1, "standard input, output or error is closed");  // fd has taken its number
  sockaddr_in self{};
  self.sin_family = AF_INET;
  self.sin_addr.s_addr = htonl(INADDR_ANY);
  self.sin_port = htons(ECHO_PORT);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0)
    err(1, "bind %s", text_of(self).c_str());
  if (printf("%s serving on %s\n", now().c_str(), text_of(self).c_str()) < 0) err(1, "standard output");

  std::vector<char> buffer(capacity);
  for (;;) {
    sockaddr_in peer{};
    socklen_t peer_size = sizeof peer;
    // The lesson: at most `capacity` bytes of the datagram are stored, the rest is discarded. Without
    // MSG_TRUNC recvfrom() would return the number stored, and the loss would go unnoticed; with it, it
    // returns the length that the datagram had (recv(2)). A production server has a buffer as large as its
    // protocol's largest message, and treats anything longer as an error.
    const ssize_t size =
        recvfrom(fd, buffer.data(), buffer.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&peer), &peer_size);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) err(1, "recvfrom %s", text_of(self).c_str());
    const std::size_t length = static_cast<std::size_t>(size);
    const std::size_t stored = std::min(length, buffer.size());
    std::string remark = stored < length ? ", " + std::to_string(length - stored) + " truncated" : "";
    if (peer.sin_port == htons(ECHO_PORT)) remark += ", no reply to another echo server";
    if (printf("%s received %zu of %zu bytes from %s%s\n", now().c_str(), stored, length,
               text_of(peer).c_str(), remark.c_str()) < 0)
      err(1, "standard output");

    // Two echo servers would never end a conversation that somebody began by forging the address of one.
    if (peer.sin_port == htons(ECHO_PORT)) continue;
    while (sendto(fd, buffer.data(), stored, 0, reinterpret_cast<const sockaddr*>(&peer), peer_size) < 0) {
      if (errno == EINTR) continue;
      warn("sendto %s", text_of(peer).c_str());  // a peer that cannot be reached is no reason to end
      break;
    }
  }
}
