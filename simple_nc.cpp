// simple_nc: copies its standard input into a TCP connection, and never reads from it.
//
// A client's life is connect(2), write(2) as often as there is something to say, close(2). The
// connection has two directions, and this program uses one. It does not notice what the server
// sends back, nor that the server has closed its side. What there is to see is how a writer learns
// that nobody listens any more.
//
// Run:    sudo ip netns exec ns_client1 ./simple_nc 10.0.1.1 8080     (type lines; Ctrl-D ends)
// Watch:  with byte_sink, its counterpart, at the other end: `ss -tan` on both hosts and tcpdump
//         between them, when the input ends, and when the server is killed before that.
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

[[noreturn]] static void usage(int status) {
  fputs(
      "usage: simple_nc ADDRESS PORT\n"
      "Connects to ADDRESS and TCP PORT, and writes its standard input to the connection.\n",
      status == 0 ? stdout : stderr);
  exit(status);
}

static void restore_signals();
static sockaddr_in parse_endpoint(const char* address, const char* port);

int main(int argc, char* argv[]) {
  restore_signals();  // the lesson below needs the default action of SIGPIPE
  if (const int option = getopt(argc, argv, "h"); option != -1) usage(option == 'h' ? 0 : 2);
  if (argc - optind > 2) warnx("unexpected argument: %s", argv[optind + 2]);
  if (argc - optind != 2) usage(2);
  const char* const address = argv[optind];
  const char* const port = argv[optind + 1];
  const sockaddr_in server = parse_endpoint(address, port);

  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) err(1, "socket");
  if (fd <= STDERR_FILENO) errx(1, "a standard stream is closed");  // and is now the socket
  if (connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) < 0)
    err(1, "connect %s:%s", address, port);
  if (isatty(STDIN_FILENO) == 1) fprintf(stderr, "connected to %s:%s\n", address, port);

  std::vector<char> buffer(256 * 1024);  // large: few system calls for many bytes
  int status = 0;
  for (;;) {
    const ssize_t size = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) err(1, "standard input");
    if (size == 0) break;

    // write() returns when the bytes are in the kernel's send buffer. It does not say that they
    // have arrived, or that there is still somebody at the other end.
    for (ssize_t done = 0; done < size;) {
      const ssize_t count = write(fd, buffer.data() + done, static_cast<std::size_t>(size - done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        // The lesson: after an error nothing written here can arrive, and we go on all the same.
        // The next write() meets SIGPIPE, whose default action kills the process (write(2),
        // signal(7)). If FIN came before the RST, this write() meets it already, and there is no
        // error before. A production program stops at the first error. It ignores SIGPIPE or sends
        // with MSG_NOSIGNAL, and so gets EPIPE instead.
        warn("write %s:%s", address, port);
        status = 1;
        break;
      }
      done += count;
    }
  }

  // close() returns at once, and the kernel goes on delivering. It sends FIN behind the last byte.
  // (But RST, if the server has sent something: we have not read it. RFC 1122, section 4.2.2.13.)
  if (close(fd) < 0) err(1, "close %s:%s", address, port);
  return status;
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
