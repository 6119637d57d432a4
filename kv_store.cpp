// kv_store: a key-value store in memory, served over TCP to one client after the other.
//
// An iterative server is the simplest there is: accept(2) a client, recv(2) its requests and
// send(2) the replies until it disconnects, then accept the next. Meanwhile others can connect and
// send requests, because their kernel and ours see to that. They just get no reply. So a client
// that sends half a request, or vanishes without a word, holds up all others. That is the weakness
// of an iterative server, and concurrency is the cure.
//
// Run:    sudo ip netns exec ns_server ./kv_store
//         sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085   (protocol: kv_protocol.h)
// Watch:  sudo ip netns exec ns_server ss -tan, while a second client waits, and
//         sudo ip netns exec ns_server tcpdump -i veth_srv_c1 -n tcp port 8085
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kv_protocol.h"

static constexpr std::uint16_t KV_PORT = 8085;
static constexpr int PATIENCE = 4;        // with -k, a peer is gone after so many times SECONDS
static constexpr std::size_t SHOWN = 64;  // bytes of an argument in the log

[[noreturn]] static void usage(int status) {
  fputs(
      "usage: kv_store [-k SECONDS] [-s]\n"
      "Keeps values under keys, in memory, for one client at a time on TCP port 8085.\n"
      "  -k SECONDS  probe a silent client every SECONDS (keepalive), and drop one\n"
      "              that does not answer, or takes no reply, for 4 times as long\n"
      "  -s          survive SIGPIPE: a client that is gone ends its connection only\n",
      status == 0 ? stdout : stderr);
  exit(status);
}

using Clock = std::chrono::steady_clock;  // for durations: unlike the time of day, it never jumps
using Store = std::map<std::string, std::string>;

static void set_options(int listener, int keepalive);
static void log(const char* peer, std::string_view what);
static void serve(int fd, const char* peer, Store& store, bool survive_sigpipe);
static std::string shown(const std::vector<std::string>& words);
static bool send_reply(int fd, const std::string& reply, bool survive_sigpipe);
static std::string execute(Store& store, std::vector<std::string>& words);
static std::string upper(std::string text);
static void hang_up(int fd, const char* peer);

static void restore_signals();
static std::array<char, 22> text_of(const sockaddr_in& endpoint);
static std::array<char, 64> now();

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line at once, even into a pipe (setvbuf(3))
  restore_signals();  // the lesson in send_reply() needs the default action of SIGPIPE
  int keepalive = 0;
  bool survive_sigpipe = false;
  for (int option; (option = getopt(argc, argv, "hk:s")) != -1;) {
    if (option == 's') {
      survive_sigpipe = true;
    } else if (option == 'k') {
      const auto [end, error] = std::from_chars(optarg, optarg + std::strlen(optarg), keepalive);
      if (error != std::errc{} || *end != '\0' || keepalive < 1 || keepalive > 32767)  // Linux
        errx(2, "%s: not a number of seconds (1-32767)", optarg);
    } else {
      usage(option == 'h' ? 0 : 2);
    }
  }
  if (optind < argc) warnx("unexpected argument: %s", argv[optind]);
  if (optind < argc) usage(2);

  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) err(1, "socket");
  if (listener <= STDERR_FILENO) errx(1, "a standard stream is closed");  // and is now the socket
  set_options(listener, keepalive);
  sockaddr_in self{};
  self.sin_family = AF_INET;
  self.sin_addr.s_addr = htonl(INADDR_ANY);
  self.sin_port = htons(KV_PORT);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0)
    err(1, "bind %s", text_of(self).data());
  if (listen(listener, SOMAXCONN) < 0) err(1, "listen %s", text_of(self).data());
  if (printf("%s serving on %s\n", now().data(), text_of(self).data()) < 0)
    err(1, "standard output");

  Store store;
  for (;;) {
    sockaddr_in client{};
    socklen_t size = sizeof client;
    const int fd = accept(listener, reinterpret_cast<sockaddr*>(&client), &size);
    if (fd < 0) {
      if (errno == EINTR) continue;
      // accept(2) reports errors of the connection that it was to take, too: go on. But not at full
      // speed, as the system may lack memory or descriptors.
      warn("accept %s", text_of(self).data());
      usleep(100'000);
      continue;
    }
    const auto peer = text_of(client);
    try {
      log(peer.data(), "connected");
      serve(fd, peer.data(), store, survive_sigpipe);
    } catch (const std::bad_alloc&) {  // the store is as it was before the request
      log(peer.data(), "disconnected by us. Out of memory");
    }
    if (close(fd) < 0) warn("close %s", peer.data());
  }
}

// Accepted connections inherit what is set here, and have it even while they wait to be accepted.
static void set_options(int listener, int keepalive) {
  const auto set = [listener](int level, int option, int value, const char* name) {
    if (setsockopt(listener, level, option, &value, sizeof value) < 0)
      err(1, "setsockopt %s", name);
  };
  // SO_REUSEADDR: otherwise bind() fails while connections of an earlier run linger (socket(7)).
  set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  // TCP_NODELAY: otherwise a reply waits until the one before it is acknowledged (Nagle's
  // algorithm, RFC 9293, section 3.7.4).
  set(IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
  if (keepalive == 0) return;
  // A peer that vanished, or whose network did, sends no FIN. Without this, recv() would wait for
  // ever. Probes are sent while the connection is silent. While a reply is on its way, none are;
  // then TCP_USER_TIMEOUT limits how long it may stay unacknowledged, or find the peer's window
  // closed. It limits the probes, too, in place of TCP_KEEPCNT (tcp(7)).
  set(SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
  set(IPPROTO_TCP, TCP_KEEPIDLE, keepalive, "TCP_KEEPIDLE");
  set(IPPROTO_TCP, TCP_KEEPINTVL, keepalive, "TCP_KEEPINTVL");
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, PATIENCE * 1000 * keepalive, "TCP_USER_TIMEOUT");
}

static void log(const char* peer, std::string_view what) {
  if (printf("%s %s %.*s\n", now().data(), peer, static_cast<int>(what.size()), what.data()) < 0)
    err(1, "standard output");
}

// Serves one client until it disconnects, or has to be disconnected.
static void serve(int fd, const char* peer, Store& store, bool survive_sigpipe) {
  static std::array<char, KV_REQUEST_ROOM> buffer;  // any request fits in whole
  std::size_t kept = 0;                             // bytes in it: the beginning of a request
  for (;;) {
    // What recv() returns is whatever has come by now: half a request, one, or several and a half.
    const ssize_t count = recv(fd, buffer.data() + kept, buffer.size() - kept, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return log(peer, std::string("lost: ") + strerror(errno));
    if (count == 0)
      return log(peer, kept == 0 ? "disconnected" : "disconnected in the middle of a request");

    std::string_view input(buffer.data(), kept + static_cast<std::size_t>(count));
    try {
      while (auto words = take_request(input)) {
        log(peer, "request " + shown(*words));
        // One send() for each reply, although several requests may have come at once: a client sees
        // each reply as soon as it is there. (Replies saved up for one send() would hide what
        // SIGPIPE does here.)
        if (!send_reply(fd, execute(store, *words), survive_sigpipe))
          return log(peer, std::string("lost while replying: ") + strerror(errno));
        if (upper(words->front()) == "QUIT" && words->size() == 1) {
          log(peer, "disconnected by us, as it asked");
          return hang_up(fd, peer);
        }
      }
    } catch (const ProtocolError& error) {
      const std::string fault = std::string("Protocol error: ") + error.what();
      log(peer, "disconnected by us. " + fault);
      if (send_reply(fd, encode_error(fault), survive_sigpipe)) return hang_up(fd, peer);
      return warn("send %s", peer);
    }
    kept = input.size();
    std::memmove(buffer.data(), input.data(), kept);
  }
}

// A request as the log shows it: fit for a terminal, and of each word at most SHOWN bytes.
static std::string shown(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    const bool command = &word == words.data();
    text += command ? "" : " \"";
    text += escaped(std::string_view(word).substr(0, SHOWN));
    text += command ? "" : "\"";
    if (word.size() > SHOWN) text += "...";
  }
  return text;
}

// Sends all of a reply. Returns false, with errno, when the connection is of no use any more.
static bool send_reply(int fd, const std::string& reply, bool survive_sigpipe) {
  // The lesson: a client that has closed its end answers our first reply with RST, and the next
  // send() raises SIGPIPE, whose default action kills this server and all that it knows (send(2),
  // signal(7)). A production server uses MSG_NOSIGNAL, as we do with -s, or ignores SIGPIPE. Then
  // the error is EPIPE, and only this connection ends.
  const int flags = survive_sigpipe ? MSG_NOSIGNAL : 0;
  for (std::size_t done = 0; done < reply.size();) {
    const ssize_t count = send(fd, reply.data() + done, reply.size() - done, flags);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return true;
}

// Does what a request says, and returns the reply.
static std::string execute(Store& store, std::vector<std::string>& words) {
  const std::string command = upper(words[0]);
  const std::size_t arguments = words.size() - 1;

  if (command == "PING" && arguments == 0) return encode_simple("PONG");
  if ((command == "PING" || command == "ECHO") && arguments == 1) return encode_bulk(words[1]);
  if (command == "SET" && arguments == 2) {
    store.insert_or_assign(std::move(words[1]), std::move(words[2]));
    return encode_simple("OK");
  }
  if (command == "GET" && arguments == 1) {
    const auto entry = store.find(words[1]);
    return entry == store.end() ? encode_nil() : encode_bulk(entry->second);
  }
  if (command == "DEL" && arguments >= 1) {
    std::size_t deleted = 0;
    for (std::size_t i = 1; i < words.size(); ++i) deleted += store.erase(words[i]);
    return encode_integer(static_cast<std::int64_t>(deleted));
  }
  if (command == "KEYS" && (arguments == 0 || (arguments == 1 && words[1] == "*"))) {
    std::string reply = encode_array(store.size());
    for (const auto& [key, value] : store) reply += encode_bulk(key);
    return reply;
  }
  if (command == "DBSIZE" && arguments == 0)
    return encode_integer(static_cast<std::int64_t>(store.size()));
  if (command == "QUIT" && arguments == 0) return encode_simple("OK");
  if (command == "COMMAND") return encode_array(0);  // redis-cli asks for a list, to help typing

  if (command == "KEYS" && arguments == 1) return encode_error("KEYS knows one pattern, *");
  for (const char* known : {"PING", "ECHO", "SET", "GET", "DEL", "KEYS", "DBSIZE", "QUIT"})
    if (command == known) return encode_error("wrong number of arguments for '" + command + "'");
  return encode_error("unknown command '" + escaped(words[0].substr(0, SHOWN), false) + "'");
}

static std::string upper(std::string text) {
  for (char& byte : text)
    if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 'a' + 'A');
  return text;
}

// Sends FIN, and throws away what still comes until the client's FIN, for a second at most. To
// close with bytes unread is to send RST (RFC 1122, section 4.2.2.13), and then the client's kernel
// may throw away our last reply before the client has read it.
static void hang_up(int fd, const char* peer) {
  if (shutdown(fd, SHUT_WR) < 0) return warn("shutdown %s", peer);
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds{1};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return;
    pollfd readable{fd, POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(left)) < 0 && errno != EINTR)
      return warn("poll %s", peer);
    std::array<char, 64 * 1024> rest;
    const ssize_t count = recv(fd, rest.data(), rest.size(), MSG_DONTWAIT);
    if (count == 0) return;
    if (count < 0 && errno != EINTR && errno != EAGAIN) return warn("recv %s", peer);
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
