// tcp_peer: the other end of a connection, which does what it is told and when, for the checks of
// the exercises.
//
//   tcp_peer listen PORT             a server; accept is a step of its own
//   tcp_peer connect ADDRESS PORT    a client; it is connected when it says so
//
// Each line of standard input is a step, and each step prints one line when it is done:
//
//   accept        the next connection (the one before must be closed)
//   deaf, hear    close the listening socket, so that connections are refused; listen again
//   narrow, wide  the connections made from now on have a small receive buffer; a large one
//   send TEXT     TEXT with \r \n \\ in it
//   fill COUNT    send COUNT bytes
//   request       read one request of the KV protocol, an array of bulk strings; print its words
//   read COUNT    read COUNT bytes and append them to the file `received`
//   drain         read until the end, append it to `received`, and say what ended it: FIN or RST
//   shut          send FIN and stay (shutdown)
//   close         close; FIN if all that came has been read
//   reset         close with RST
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

static int listener = -1, fd = -1;

static sockaddr_in endpoint(const char* address, const char* port) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  inet_pton(AF_INET, address, &where.sin_addr);
  where.sin_port = htons(static_cast<std::uint16_t>(atoi(port)));
  return where;
}

static void hear(const char* port) {
  const sockaddr_in self = endpoint("0.0.0.0", port);
  const int on = 1;
  listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
      bind(listener, reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0 ||
      listen(listener, 10) < 0)
    err(1, "listen on port %s", port);
}

static const char* set_buffer(int bytes, const char* done) {
  const bool set = setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) == 0;
  return set ? done : strerror(errno);
}

static std::string send_all(std::string_view bytes) {
  std::string done = "sent " + std::to_string(bytes.size()) + " bytes";
  while (!bytes.empty()) {
    const ssize_t count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) return std::string("not sent: ") + strerror(errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return done;
}

static std::string end_of_stream(ssize_t count) {
  if (count == 0) return "FIN";
  return errno == ECONNRESET ? "RST" : strerror(errno);
}

// Reads at most `most` bytes into a file of that name.
static std::string receive(std::size_t most, const char* file) {
  std::ofstream received(file, std::ios::binary | std::ios::app);
  std::array<char, 64 * 1024> buffer;
  for (std::size_t sum = 0;;) {
    const std::string so_far = std::to_string(sum) + " bytes";
    if (sum == most) return "read " + so_far;
    const ssize_t count = recv(fd, buffer.data(), std::min(buffer.size(), most - sum), 0);
    if (count <= 0) return "read " + so_far + ", then " + end_of_stream(count);
    received.write(buffer.data(), count).flush();
    sum += static_cast<std::size_t>(count);
  }
}

// A request's next line, or its next `size` bytes, both without the CR LF that ends them. Takes
// nothing of what follows: a line is read byte by byte.
static std::string part(std::size_t size, std::string& fault) {
  std::string bytes;
  std::array<char, 64 * 1024> buffer;
  while (fault.empty() && (bytes.size() < size + 2 || (size == 0 && !bytes.ends_with("\r\n")))) {
    const std::size_t most = size == 0 ? 1 : std::min(buffer.size(), size + 2 - bytes.size());
    const ssize_t count = recv(fd, buffer.data(), most, 0);
    if (count <= 0) fault = end_of_stream(count);
    if (count > 0) bytes.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return bytes.substr(0, bytes.size() - std::min(bytes.size(), std::size_t{2}));
}

static std::string read_request() {
  std::string fault, text = "request";
  const int words = atoi(part(0, fault).substr(0, 10).c_str() + 1);
  for (int i = 0; i < words; ++i) {
    const auto size = static_cast<std::size_t>(atoi(part(0, fault).c_str() + 1));
    const std::string word = part(size, fault);
    text += ' ' + (size > 100 ? "(" + std::to_string(size) + " bytes)" : word);
  }
  return fault.empty() ? text : "no request, but " + fault;
}

static std::string unescaped(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size();
    if (escape) ++i;
    bytes += escape && text[i] == 'r' ? '\r' : escape && text[i] == 'n' ? '\n' : text[i];
  }
  return bytes;
}

static std::string step(std::string_view verb, const std::string& rest, const char* port) {
  if (verb == "accept") {
    fd = accept(listener, nullptr, nullptr);
    return fd < 0 ? strerror(errno) : "accepted";
  }
  if (verb == "deaf") return close(listener) < 0 ? strerror(errno) : "deaf";
  if (verb == "hear") return hear(port), "hearing";
  if (verb == "narrow") return set_buffer(4096, "narrow");
  if (verb == "wide") return set_buffer(1 << 20, "wide");
  if (verb == "send") return send_all(unescaped(rest));
  if (verb == "fill")
    return send_all(std::string(static_cast<std::size_t>(atoi(rest.c_str())), 'x'));
  if (verb == "request") return read_request();
  if (verb == "read") return receive(static_cast<std::size_t>(atoi(rest.c_str())), "received");
  if (verb == "drain") return receive(SIZE_MAX, "received");
  if (verb == "shut") return shutdown(fd, SHUT_WR) < 0 ? strerror(errno) : "shut";
  if (verb == "reset") {
    const linger at_once{1, 0};
    if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) < 0) return strerror(errno);
  } else if (verb != "close") {
    errx(2, "no such step: %s", std::string(verb).c_str());
  }
  if (close(fd) < 0) return strerror(errno);
  return verb == "reset" ? "reset" : "closed";
}

int main(int argc, char* argv[]) {
  if (argc == 3 && argv[1] == std::string_view("listen")) {
    hear(argv[2]);
    puts("listening");
  } else if (argc == 4 && argv[1] == std::string_view("connect")) {
    const sockaddr_in server = endpoint(argv[2], argv[3]);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) < 0)
      err(1, "connect");
    puts("connected");
  } else {
    errx(2, "see the source");
  }
  fflush(stdout);
  char* line = nullptr;
  for (std::size_t capacity = 0; getline(&line, &capacity, stdin) > 0;) {
    const std::string_view text(line, std::strcspn(line, "\n"));
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::string rest(text.substr(std::min(blank + 1, text.size())));
    puts(step(text.substr(0, blank), rest, argv[2]).c_str());
    fflush(stdout);
  }
  free(line);
  return 0;
}
