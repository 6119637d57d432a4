// addrbind: binds a UDP socket and shows what it was bound to.
//
// bind(2) gives a socket its own address and port. The address must be one of this host's, or
// INADDR_ANY (0.0.0.0: all of them). Port 0 lets the kernel choose a free "ephemeral" port, from
// the range in /proc/sys/net/ipv4/ip_local_port_range (ip(7)); getsockname(2) tells which.
//
// Run:    ./addrbind 127.0.0.1 8080
//         ./addrbind 0.0.0.0 8080
//         ./addrbind 127.0.0.1 0
// Watch:  while it waits for Enter, `ss -aun` in another terminal, and what a second addrbind on
//         the same address and port is told.
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

[[noreturn]] static void usage(int status) {
  fputs(
      "usage: addrbind ADDRESS PORT\n"
      "Binds a UDP socket to ADDRESS and PORT (0: one that the kernel chooses), shows\n"
      "what it got, and holds it until Enter or the end of the input.\n",
      status == 0 ? stdout : stderr);
  exit(status);
}

static sockaddr_in parse_endpoint(const char* address, const char* port);
static std::array<char, 22> text_of(const sockaddr_in& endpoint);

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line at once, even into a pipe (setvbuf(3))
  if (const int option = getopt(argc, argv, "h"); option != -1) usage(option == 'h' ? 0 : 2);
  if (argc - optind > 2) warnx("unexpected argument: %s", argv[optind + 2]);
  if (argc - optind != 2) usage(2);
  sockaddr_in self = parse_endpoint(argv[optind], argv[optind + 1]);

  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) err(1, "socket");
  if (fd <= STDERR_FILENO) errx(1, "a standard stream is closed");  // and is now the socket
  if (bind(fd, reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0)
    err(1, "bind %s", text_of(self).data());

  // Port 0 became a real one in bind(). INADDR_ANY stays what it is: a UDP socket that is bound to
  // all addresses has no single one of its own.
  socklen_t size = sizeof self;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&self), &size) < 0) err(1, "getsockname");
  if (printf("bound to %s\n", text_of(self).data()) < 0) err(1, "standard output");

  if (isatty(STDIN_FILENO) == 1) fputs("(Enter releases it)\n", stderr);
  for (int byte = 0; byte != '\n' && byte != EOF;) byte = getchar();
  if (ferror(stdin)) err(1, "standard input");
  if (close(fd) < 0) err(1, "close %s", text_of(self).data());
  return 0;
}

// ---- The same in several programs: read it once.

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
