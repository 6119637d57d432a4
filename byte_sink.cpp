// byte_sink: a TCP server that makes one system call at a time, when you press Enter.
//
// Between the calls nothing moves in this process. Everything that happens to its connections is
// the kernel's doing: handshakes, acknowledgements, buffered bytes, a FIN that comes and is
// acknowledged. The calls themselves do less than one might think.
//
// Run:    sudo ip netns exec ns_server ./byte_sink
//         sudo ip netns exec ns_client1 nc -nv 10.0.1.1 8080      (or simple_nc, its counterpart)
// Watch:  sudo ip netns exec ns_server watch -n0.1 ss -tan
//         sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n tcp port 8080
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
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
#include <optional>
#include <string>
#include <string_view>
#include <vector>

static constexpr std::uint16_t SINK_PORT = 8080;
static constexpr int BACKLOG = 2;                  // listen(2); Linux lets one more in than that
static constexpr std::size_t STEP = 16;            // bytes for one recv()
static constexpr std::size_t MAX_STEP = 16 << 20;  // if a number is typed, at most this
static constexpr std::size_t SHOWN = 64;           // of these

[[noreturn]] static void usage(int status) {
  fputs(
      "usage: byte_sink [-r]\n"
      "Listens on TCP port 8080 and reads what comes, one system call for each line of input.\n"
      "  -r    set SO_REUSEADDR, so that the port can be bound while old connections linger\n",
      status == 0 ? stdout : stderr);
  exit(status);
}

static bool enter(const char* step);
static bool has_to_wait(int fd, const char* call);
static void drop_input();
static bool read_stream(int fd, const char* peer);
static std::optional<std::string> read_line();
static std::string escaped(std::string_view bytes);

static void restore_signals();
static std::array<char, 22> text_of(const sockaddr_in& endpoint);
static std::array<char, 64> now();

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line at once, even into a pipe (setvbuf(3))
  restore_signals();
  bool reuse = false;
  for (int option; (option = getopt(argc, argv, "hr")) != -1;) {
    if (option != 'r') usage(option == 'h' ? 0 : 2);
    reuse = true;
  }
  if (optind < argc) warnx("unexpected argument: %s", argv[optind]);
  if (optind < argc) usage(2);

  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) err(1, "socket");
  if (listener <= STDERR_FILENO) errx(1, "a standard stream is closed");  // and is now the socket
  // The lesson: without SO_REUSEADDR, bind() fails as long as a connection of an earlier run
  // lingers on the port, in TIME-WAIT or FIN-WAIT-2 (socket(7), ip(7)). A production server always
  // sets it: it has to be restarted while its clients are alive.
  const int on = 1;
  if (reuse && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
    err(1, "setsockopt SO_REUSEADDR");
  sockaddr_in self{};
  self.sin_family = AF_INET;
  self.sin_addr.s_addr = htonl(INADDR_ANY);
  self.sin_port = htons(SINK_PORT);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0)
    err(1, "bind %s", text_of(self).data());
  printf("%s bound to %s\n", now().data(), text_of(self).data());

  if (!enter("listen(). Until then tcpdump shows RST for anyone who connects")) return 0;
  if (listen(listener, BACKLOG) < 0) err(1, "listen %s", text_of(self).data());
  printf("%s listen(2)\n", now().data());

  while (enter("accept(). ss -tln shows how many wait (Recv-Q) and the limit (Send-Q)")) {
    sockaddr_in client{};
    socklen_t size = sizeof client;
    const bool waits = has_to_wait(listener, "accept()");
    const int fd = accept(listener, reinterpret_cast<sockaddr*>(&client), &size);
    const auto peer = text_of(client);
    // accept(2) reports errors of the connection that it was to take, too: go on with the next.
    if (fd < 0)
      warn("accept %s", text_of(self).data());
    else
      printf("%s accept() = %d: connection from %s\n", now().data(), fd, peer.data());
    if (waits) drop_input();
    if (fd < 0) continue;
    const bool more = read_stream(fd, peer.data());
    if (close(fd) < 0) err(1, "close %s", peer.data());
    if (printf("%s close(): connection from %s\n", now().data(), peer.data()) < 0)
      err(1, "standard output");
    if (!more) break;
  }
  return 0;
}

// Says what the next step is, and waits for Enter alone. Returns false at the end of the input.
static bool enter(const char* step) {
  for (;;) {
    printf("next: %s\n", step);
    const auto line = read_line();
    if (!line || line->empty()) return line.has_value();
    warnx("%s: press Enter alone", escaped(*line).c_str());
  }
}

// Says so if the next call on `fd` has to wait for the network, and returns whether it has to.
static bool has_to_wait(int fd, const char* call) {
  pollfd readable{fd, POLLIN, 0};
  const int ready = poll(&readable, 1, 0);
  if (ready < 0 && errno != EINTR) err(1, "poll");
  if (ready == 0) printf("%s %s: waiting ...\n", now().data(), call);
  return ready == 0;
}

// What was typed at a terminal while a call waited was not meant for the next step.
static void drop_input() {
  if (isatty(STDIN_FILENO) == 1 && tcflush(STDIN_FILENO, TCIFLUSH) < 0) err(1, "tcflush");
}

// One recv(2) for each line typed, until the stream ends. Returns false at the end of the input.
static bool read_stream(int fd, const char* peer) {
  for (;;) {
    int waiting = 0;  // tcp(7): what ss calls Recv-Q (which counts a FIN as one more byte)
    if (ioctl(fd, FIONREAD, &waiting) < 0) err(1, "ioctl FIONREAD");
    printf("next: recv() of %zu bytes, or type a number. %d %s waiting (Recv-Q)\n", STEP, waiting,
           waiting == 1 ? "byte is" : "bytes are");
    const auto line = read_line();
    if (!line) return false;
    std::size_t most = STEP;
    if (!line->empty()) {
      const char* const line_end = line->data() + line->size();
      const auto [end, error] = std::from_chars(line->data(), line_end, most);
      if (error != std::errc{} || end != line_end || most < 1 || most > MAX_STEP) {
        warnx("%s: not a number of bytes (1-%zu)", escaped(*line).c_str(), MAX_STEP);
        continue;
      }
    }

    std::vector<char> buffer(most);
    const bool waits = has_to_wait(fd, "recv()");
    ssize_t count = 0;
    do count = recv(fd, buffer.data(), buffer.size(), 0);
    while (count < 0 && errno == EINTR);
    if (count < 0) warn("recv %s", peer);
    if (count == 0) printf("%s recv() = 0: the end of the stream from %s\n", now().data(), peer);
    if (waits) drop_input();
    if (count <= 0) return true;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
    printf("%s recv() = %zd: \"%s\"%s\n", now().data(), count,
           escaped(bytes.substr(0, SHOWN)).c_str(), bytes.size() > SHOWN ? "..." : "");
  }
}

// Reads a line of standard input. Returns nothing at its end.
static std::optional<std::string> read_line() {
  if (ferror(stdout)) errx(1, "standard output: write error");
  std::string line;
  int byte = 0;
  while ((byte = getchar()) != EOF && byte != '\n') {
    if (line.size() < 100)
      line += static_cast<char>(byte);
    else if (line.size() == 100)
      line += "...";  // which makes it no number
  }
  if (ferror(stdin)) err(1, "standard input");
  return byte == EOF ? std::nullopt : std::optional(line);
}

// Bytes from outside, made fit for a terminal.
static std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    std::array<char, 8> code{byte};
    if (byte == '\n') {
      code = {'\\', 'n'};
    } else if (byte == '\\' || byte == '"') {
      code = {'\\', byte};
    } else if (byte < ' ' || byte > '~') {
      snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned char>(byte));
    }
    text += code.data();
  }
  return text;
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
