// bare_loop: what no UDP server can beat: recvfrom(2) and sendto(2), and nothing between them.
//
// Binds 127.0.0.1 and the port that is its argument, and returns each datagram as it came.
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstdlib>

int main(int argc, char* argv[]) {
  if (argc != 2) errx(2, "usage: bare_loop PORT");
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) err(1, "socket");
  sockaddr_in self{};
  self.sin_family = AF_INET;
  self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  self.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  if (bind(fd, reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0) err(1, "bind");
  for (;;) {
    std::array<char, 24> datagram;
    sockaddr_in peer{};
    socklen_t peer_size = sizeof peer;
    const ssize_t size = recvfrom(fd, datagram.data(), datagram.size(), 0,
                                  reinterpret_cast<sockaddr*>(&peer), &peer_size);
    if (size < 0) err(1, "recvfrom");
    if (sendto(fd, datagram.data(), static_cast<std::size_t>(size), 0,
               reinterpret_cast<const sockaddr*>(&peer), peer_size) < 0)
      err(1, "sendto");
  }
}
