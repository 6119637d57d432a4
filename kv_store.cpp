// kv_store: a key-value store in memory, served over TCP to one client after the other.
//
// An iterative server is the simplest there is: accept(2) a client, recv(2) its requests and send(2) the replies
// until it disconnects, then accept the next. Meanwhile others connect all the same and send requests: their
// kernel and ours see to that. They just get no reply. So whoever holds the connection holds the server, be it with
// half a request, or by vanishing without a word. That is the weakness of this kind, and concurrency is its cure.
//
// Run:    sudo ip netns exec ns_server ./kv_store
//         sudo ip netns exec ns_client1 ./kv_client 10.0.1.1 8085     (kv_protocol.h has what they speak)
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
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kv_protocol.h"

static constexpr std::uint16_t KV_PORT = 8085;
static constexpr int PATIENCE = 4;        // with -k, a peer counts as gone after so many times SECONDS
static constexpr std::size_t SHOWN = 64;  // bytes of an argument in the log

static constexpr const char* usage =
    "usage: kv_store [-k SECONDS] [-s]\n"
    "Keeps values under keys, in memory, for one client at a time on TCP port 8085.\n"
    "  -k SECONDS  probe a silent client every SECONDS (keepalive), and drop one that for 4 times as long\n"
    "              does not answer, or takes nothing of a reply\n"
    "  -s          survive SIGPIPE: a client that is gone ends its connection and not the server\n";

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

static void log(const std::string& peer, const std::string& what) {
  if (printf("%s %s %s\n", now().c_str(), peer.c_str(), what.c_str()) < 0) err(1, "standard output");
}

static void set_option(int fd, int level, int option, int value, const char* name) {
  if (setsockopt(fd, level, option, &value, sizeof value) < 0) err(1, "setsockopt %s", name);
}

using Store = std::map<std::string, std::string, std::less<>>;

static std::string upper(std::string text) {
  for (char& byte : text)
    if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 'a' + 'A');
  return text;
}

// Does what a request says, and gives the reply.
static std::string execute(Store& store, std::vector<std::string>& words) {
  const std::string command = upper(words[0]);
  const std::size_t arguments = words.size() - 1;

  if (command == "PING" && arguments == 0) return encode_simple("PONG");
  if (command == "PING" && arguments == 1) return encode_bulk(words[1]);
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
  if (command == "DBSIZE" && arguments == 0) return encode_integer(static_cast<std::int64_t>(store.size()));
  if (command == "COMMAND") return encode_array(0);  // redis-cli asks for a list of commands, to help typing

  if (command == "KEYS" && arguments == 1) return encode_error("KEYS knows one pattern, *");
  for (const std::string_view known : {"PING", "SET", "GET", "DEL", "KEYS", "DBSIZE"})
    if (command == known) return encode_error("wrong number of arguments for '" + command + "'");
  return encode_error("unknown command '" + escaped(words[0].substr(0, SHOWN), false) + "'");
}

// Sends all of a reply. Gives false, with errno, when the connection is of no use any more.
static bool send_reply(int fd, std::string_view reply, bool survive_sigpipe) {
  // The lesson: a client that has closed its end answers our first reply with RST, and the next send() raises
  // SIGPIPE, whose default action kills this server and all that it knows (send(2), signal(7)). A production
  // server never leaves that to chance: MSG_NOSIGNAL, as with -s, or SIGPIPE ignored, and the error is EPIPE.
  const int flags = survive_sigpipe ? MSG_NOSIGNAL : 0;
  while (!reply.empty()) {
    const ssize_t count = send(fd, reply.data(), reply.size(), flags);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    reply.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// Sends FIN, and throws away what still comes, until the client's FIN, or for a second at most. To close with bytes
// unread is to send RST (RFC 1122, section 4.2.2.13), and at that the client's kernel may throw away our last
// reply, before the client has read it.
static void hang_up(int fd, const std::string& peer) {
  using Clock = std::chrono::steady_clock;
  if (shutdown(fd, SHUT_WR) < 0) return warn("shutdown %s", peer.c_str());
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds{1};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return;
    pollfd readable{fd, POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(left)) < 0 && errno != EINTR)
      return warn("poll %s", peer.c_str());
    std::array<char, 64 * 1024> rest;
    const ssize_t count = recv(fd, rest.data(), rest.size(), MSG_DONTWAIT);
    if (count == 0) return;
    if (count < 0 && errno != EINTR && errno != EAGAIN) return warn("recv %s", peer.c_str());
  }
}

// Serves one client until it disconnects, or has to be disconnected.
static void serve(int fd, const std::string& peer, Store& store, bool survive_sigpipe) {
  KvDecoder decoder;
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    // What recv() returns is whatever has come by now: half a request, one, or several and a half.
    const ssize_t count = recv(fd, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return log(peer, std::string("lost: ") + strerror(errno));
    if (count == 0)
      return log(peer, decoder.idle() ? "disconnected" : "disconnected in the middle of a request");

    decoder.feed({buffer.data(), static_cast<std::size_t>(count)});
    while (auto words = decoder.next_request()) {
      std::string text = "request";
      for (const std::string& word : *words) {
        const bool command = &word == &words->front();
        text += (command ? " " : " \"") + escaped(word.substr(0, SHOWN)) + (command ? "" : "\"");
        if (word.size() > SHOWN) text += "...";
      }
      log(peer, text);
      // One send() for each reply, although several requests may have come at once: a client sees each reply
      // as soon as it is there. (Replies saved up for one send() would hide what SIGPIPE does here.)
      if (!send_reply(fd, execute(store, *words), survive_sigpipe))
        return log(peer, std::string("lost while replying: ") + strerror(errno));
    }
    if (!decoder.fault().empty()) {
      const std::string fault = "Protocol error: " + escaped(decoder.fault(), false);
      log(peer, "disconnected by us. " + fault);
      if (send_reply(fd, encode_error(fault), survive_sigpipe)) return hang_up(fd, peer);
      return warn("send %s", peer.c_str());
    }
  }
}

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  int keepalive = 0;
  bool survive_sigpipe = false;
  for (int option; (option = getopt(argc, argv, "+hk:s")) != -1;) {
    if (option == 's') {
      survive_sigpipe = true;
    } else if (option == 'k') {
      const auto [end, error] = std::from_chars(optarg, optarg + std::strlen(optarg), keepalive);
      if (error != std::errc{} || *end != '\0' || keepalive < 1 || keepalive > 32767)  // the kernel's limit
        errx(2, "%s: not a number of seconds (1-32767)", optarg);
    } else {
      if (fputs(usage, option == 'h' ? stdout : stderr) < 0 && option == 'h') err(1, "standard output");
      return option == 'h' ? 0 : 2;
    }
  }
  if (optind != argc) {
    fputs(usage, stderr);
    return 2;
  }

  // An ignored signal stays ignored across execve(2). What there is to see here needs the default (signal(7)).
  if (signal(SIGPIPE, SIG_DFL) == SIG_ERR) err(1, "signal SIGPIPE");

  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) err(1, "socket");
  if (listener <= STDERR_FILENO)
    errx(1, "standard input, output or error is closed");  // listener has taken its number
  // What is set here every accepted connection inherits, and has even while it waits to be accepted.
  // Without SO_REUSEADDR we could not be started again while connections of an earlier run linger (socket(7)).
  set_option(listener, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  // Or else a reply waits until the one before it is acknowledged (Nagle's algorithm, RFC 9293, section 3.7.4).
  set_option(listener, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
  // A peer that vanished, or whose network did, sends no FIN: without this, recv() would wait for ever. Probes find
  // out while nothing is under way; while a reply is, the time for which it goes unacknowledged, or finds the
  // peer's window closed. TCP_USER_TIMEOUT limits both, in place of TCP_KEEPCNT (tcp(7)).
  if (keepalive > 0) {
    set_option(listener, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
    set_option(listener, IPPROTO_TCP, TCP_KEEPIDLE, keepalive, "TCP_KEEPIDLE");
    set_option(listener, IPPROTO_TCP, TCP_KEEPINTVL, keepalive, "TCP_KEEPINTVL");
    set_option(listener, IPPROTO_TCP, TCP_USER_TIMEOUT, PATIENCE * 1000 * keepalive, "TCP_USER_TIMEOUT");
  }
  sockaddr_in self{};
  self.sin_family = AF_INET;
  self.sin_addr.s_addr = htonl(INADDR_ANY);
  self.sin_port = htons(KV_PORT);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&self), sizeof self) < 0)
    err(1, "bind %s", text_of(self).c_str());
  if (listen(listener, SOMAXCONN) < 0) err(1, "listen %s", text_of(self).c_str());
  if (printf("%s serving on %s\n", now().c_str(), text_of(self).c_str()) < 0) err(1, "standard output");

  Store store;
  for (;;) {
    sockaddr_in client{};
    socklen_t size = sizeof client;
    const int fd = accept(listener, reinterpret_cast<sockaddr*>(&client), &size);
    if (fd < 0) {
      if (errno == EINTR) continue;
      warn("accept %s", text_of(self).c_str());  // accept(2): a connection's errors come out here, too; go on
      usleep(100'000);                           // but not in a hurry: the system may be out of memory
      continue;
    }
    try {
      const std::string peer = text_of(client);
      log(peer, "connected");
      serve(fd, peer, store, survive_sigpipe);
    } catch (const std::bad_alloc&) {  // the store is as it was before the request
      log(text_of(client), "disconnected by us. Out of memory");
    }
    if (close(fd) < 0) warn("close %s", text_of(client).c_str());
  }
}
