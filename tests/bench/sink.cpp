// sink: the other end of every sender that tests/bench/run compares.
//
// Accepts one connection after the other on 127.0.0.1 and an ephemeral port, which is its first line, and reads each
// to its end. Then a line with the number of bytes, and the microseconds from accept(2) to the end of the stream.
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <vector>

int main() {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) err(1, "socket");
  sockaddr_in self{};
  self.sin_family = AF_INET;
  self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0) err(1, "bind");
  socklen_t self_size = sizeof self;
  if (getsockname(listener, reinterpret_cast<sockaddr*>(&self), &self_size) < 0)
    err(1, "getsockname");
  if (listen(listener, 1) < 0) err(1, "listen");
  printf("%u\n", ntohs(self.sin_port));

  std::vector<char> buffer(1024 * 1024);
  for (;;) {
    const int fd = accept(listener, nullptr, nullptr);
    if (fd < 0 && errno == EINTR) continue;
    if (fd < 0) err(1, "accept");
    const auto begin = std::chrono::steady_clock::now();
    long long bytes = 0;
    for (;;) {
      const ssize_t size = recv(fd, buffer.data(), buffer.size(), 0);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) warn("recv");
      if (size <= 0) break;
      bytes += size;
    }
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
    close(fd);
    printf("%lld %.0f\n", bytes, time.count());
  }
}
