// byte_sink: a TCP server that makes one system call at a time, when you press Enter.
//
// Between the calls nothing moves in this process, and everything that happens to its connections is the
// kernel's doing: handshakes, acknowledgements, buffered bytes, a FIN that comes and is acknowledged. What the
// calls themselves do is less than one might think.
//
// Run:    sudo ip netns exec ns_server ./byte_sink
//         sudo ip netns exec ns_client1 nc -nv 10.0.1.1 8080      (or simple_nc, its counterpart)
// Watch:  sudo ip netns exec ns_server watch -n0.1 ss -tan
//         sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n tcp port 8080
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
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

static constexpr const char* usage =
    "usage: byte_sink [-r]\n"
    "Listens on TCP port 8080 and reads what comes, one system call for each line of standard input.\n"
    "  -r    set SO_REUSEADDR, so that the port can be bound while old connections linger\n";

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

// Bytes from the network, made fit for a terminal.
static std::string escaped(std::string_view bytes) {
  constexpr std::string_view controls = "\n\r\t\a\b", letters = "nrtab";
  std::string text;
  for (const char byte : bytes) {
    if (const auto control = controls.find(byte); control != std::string_view::npos) {
      (text += '\\') += letters[control];
    } else if (byte == '\\' || byte == '"') {
      (text += '\\') += byte;
    } else if (byte >= ' ' && byte <= '~') {
      text += byte;
    } else {
      std::array<char, 8> code{};
      snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned char>(byte));
      text += code.data();
    }
  }
  return text;
}

// Tells what the next step is, and waits for a line. Gives the line, or nothing at the end of input.
static std::optional<std::string> next_step(const std::string& step) {
  if (printf("next: %s\n", step.c_str()) < 0) err(1, "standard output");
  std::string line;
  for (;;) {
    char byte = 0;
    const ssize_t count = read(STDIN_FILENO, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) err(1, "standard input");
    if (count == 0) return std::nullopt;
    if (byte == '\n') return line;
    if (line.size() < 100) line += byte;
  }
}

static void log(const std::string& text) {
  if (printf("%s %s\n", now().c_str(), text.c_str()) < 0) err(1, "standard output");
}

// One recv(2) for each line typed, until the stream ends. Gives false at the end of input.
static bool read_stream(int fd, const std::string& peer) {
  for (;;) {
    int waiting = 0;  // tcp(7): what ss calls Recv-Q (where a FIN that has come counts as one more byte)
    if (ioctl(fd, FIONREAD, &waiting) < 0) err(1, "ioctl FIONREAD");
    const auto line = next_step("recv() of at most 16 bytes, or of the number that you type. " +
                                std::to_string(waiting) + " wait: Recv-Q in ss -tan");
    if (!line) return false;
    std::size_t most = STEP;
    if (!line->empty()) {
      const auto [end, error] = std::from_chars(line->data(), line->data() + line->size(), most);
      if (error != std::errc{} || end != line->data() + line->size() || most < 1 || most > MAX_STEP) {
        warnx("%s: not a number of bytes (1-%zu)", escaped(*line).c_str(), MAX_STEP);
        continue;
      }
    }

    std::vector<char> buffer(most);
    ssize_t count = recv(fd, buffer.data(), buffer.size(), 0);
    while (count < 0 && errno == EINTR) count = recv(fd, buffer.data(), buffer.size(), 0);
    if (count < 0) {
      warn("recv %s", peer.c_str());
      return true;
    }
    if (count == 0) {
      log("recv() = 0: the end of the stream from " + peer);
      return true;
    }
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));  // shown: the first 64
    log("recv() = " + std::to_string(count) + ": \"" + escaped(bytes.substr(0, 64)) +
        (bytes.size() > 64 ? "\"..." : "\""));
  }
}

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  bool reuse = false;
  for (int option; (option = getopt(argc, argv, "+hr")) != -1;) {
    if (option == 'r') {
      reuse = true;
    } else {
      if (fputs(usage, option == 'h' ? stdout : stderr) < 0 && option == 'h') err(1, "standard output");
      return option == 'h' ? 0 : 2;
    }
  }
  if (optind != argc) {
    fputs(usage, stderr);
    return 2;
  }

  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) err(1, "socket");
  if (listener <= STDERR_FILENO)
    errx(1, "standard input, output or error is closed");  // listener has taken its number
  // The lesson: without SO_REUSEADDR, bind() fails as long as a connection of an earlier run lingers on the
  // port, in TIME-WAIT or FIN-WAIT-2 (socket(7), ip(7)). A production server always sets it, or else it could
  // not be restarted while its clients are alive.
  const int on = 1;
  if (reuse && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
    err(1, "setsockopt SO_REUSEADDR");
  sockaddr_in self{};
  self.sin_family = AF_INET;
  self.sin_addr.s_addr = htonl(INADDR_ANY);
  self.sin_port = htons(SINK_PORT);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0)
    err(1, "bind %s", text_of(self).c_str());
  log("bound to " + text_of(self));

  if (!next_step(
          "listen(). Until then ss -tan does not show the socket, and tcpdump shows RST for who connects"))
    return 0;
  if (listen(listener, BACKLOG) < 0) err(1, "listen %s", text_of(self).c_str());
  log("listen(2)");

  while (next_step("accept(). ss -tln shows how many wait for it (Recv-Q) and the limit (Send-Q)")) {
    sockaddr_in client{};
    socklen_t size = sizeof client;
    const int fd = accept(listener, reinterpret_cast<sockaddr*>(&client), &size);
    if (fd < 0) {
      warn("accept %s", text_of(self).c_str());  // accept(2): a connection's errors come out here; go on
      continue;
    }
    const std::string peer = text_of(client);
    log("accept() = " + std::to_string(fd) + ": connection from " + peer);
    const bool more = read_stream(fd, peer);
    if (close(fd) < 0) err(1, "close %s", peer.c_str());
    log("close(): connection from " + peer);
    if (!more) break;
  }
  return 0;
}
