// time_client: asks a time server again and again, as ping does, and accounts for every request.
//
// UDP promises nothing: a request or its reply may be lost, late or doubled, or an ICMP error comes
// back instead. So each request carries a number, the client waits for a bounded time, and it finds
// the request of a reply by that number. The socket is connected. For UDP that sends nothing. It
// only sets the peer: the kernel then hands over datagrams from that address and port alone, and
// ICMP errors about what was sent there (udp(7)).
//
// Run:    sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080
// Watch:  which numbers get no reply once the link loses packets; and, with no server there, how
//         short the wait is: ICMP brings "Connection refused" back at once.
#include <arpa/inet.h>
#include <err.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
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
#include <string>
#include <vector>

#include "time_protocol.h"

[[noreturn]] static void usage(int status) {
  fputs(
      "usage: time_client ADDRESS PORT [-c COUNT] [-i SECONDS] [-W SECONDS]\n"
      "Asks the time server at ADDRESS and UDP PORT for the time.\n"
      "  -c COUNT    send COUNT requests (10)\n"
      "  -i SECONDS  one every SECONDS (0.5)\n"
      "  -W SECONDS  wait SECONDS for each reply (1)\n",
      status == 0 ? stdout : stderr);
  exit(status);
}

using Clock = std::chrono::steady_clock;  // for durations: unlike the time of day, it never jumps

// What has become of a request.
enum class State {
  refused,   // by this host's kernel: nothing was sent
  waiting,   // for a reply
  given_up,  // an ICMP error came back, or its time is up; a reply may still come
  answered
};

struct Request {
  Clock::time_point sent;
  State state;
};

static volatile std::sig_atomic_t interrupted = 0;  // Ctrl-C was pressed

static bool report_icmp_errors(int fd, std::vector<Request>& requests);
static bool report_reply(int fd, const char* server, std::vector<Request>& requests,
                         Clock::duration patience);
static void ask(int fd, const char* server, std::vector<Request>& requests);
static void give_up(std::vector<Request>& requests, std::size_t& oldest, Clock::duration patience);
static bool sleep_until(Clock::time_point wake, int fd);
static int conclude(const std::vector<Request>& requests);

static std::uint32_t parse_count(const char* text);
static Clock::duration parse_seconds(const char* text);
static sockaddr_in parse_endpoint(const char* address, const char* port);

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line at once, even into a pipe (setvbuf(3))
  std::uint32_t count = 10;
  Clock::duration interval = std::chrono::milliseconds{500}, patience = std::chrono::seconds{1};
  for (int option; (option = getopt(argc, argv, "hc:i:W:")) != -1;) {
    if (option == 'c')
      count = parse_count(optarg);
    else if (option == 'i')
      interval = parse_seconds(optarg);
    else if (option == 'W')
      patience = parse_seconds(optarg);
    else
      usage(option == 'h' ? 0 : 2);
  }
  if (argc - optind > 2) warnx("unexpected argument: %s", argv[optind + 2]);
  if (argc - optind != 2) usage(2);
  const sockaddr_in server = parse_endpoint(argv[optind], argv[optind + 1]);
  const std::string name = argv[optind] + std::string(":") + argv[optind + 1];

  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) err(1, "socket");
  if (fd <= STDERR_FILENO) errx(1, "a standard stream is closed");  // and is now the socket
  // Keep ICMP errors in a queue, each with the datagram that it is about. Without this, a connected
  // socket gets only those that Linux takes for permanent, such as "Connection refused", and does
  // not say for which request. It gets none from a router that has no route, as that may pass.
  const int on = 1;
  if (setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) < 0) err(1, "setsockopt IP_RECVERR");
  if (connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) < 0)
    err(1, "connect %s", name.c_str());
  if (signal(SIGINT, [](int) { interrupted = 1; }) == SIG_ERR) err(1, "signal");

  std::vector<Request> requests{{{}, State::refused}};  // by number, from 1 on: there is no 0
  std::size_t oldest = 1;
  for (Clock::time_point next_send = Clock::now();;) {
    if (ferror(stdout)) errx(1, "standard output: write error");
    // First what has come, so that no receive buffer overflows while we send; but not without end.
    report_icmp_errors(fd, requests);
    for (int i = 0; i < 100; ++i)
      if (!report_reply(fd, name.c_str(), requests, patience)) break;
    if (requests.size() <= count && Clock::now() >= next_send) {
      next_send = Clock::now() + interval;
      ask(fd, name.c_str(), requests);
    }
    give_up(requests, oldest, patience);
    if (oldest > count) break;
    Clock::time_point wake = requests.size() <= count ? next_send : Clock::time_point::max();
    if (oldest < requests.size()) wake = std::min(wake, requests[oldest].sent + patience);
    if (!sleep_until(wake, fd)) break;
  }
  return conclude(requests);
}

// Reports the ICMP errors that wait in the socket's error queue; returns false when there was none.
// An ICMP error quotes the datagram that caused it, so our own message comes back with it and tells
// its number (ip(7), IP_RECVERR).
static bool report_icmp_errors(int fd, std::vector<Request>& requests) {
  bool any = false;
  for (;;) {
    TimeMessage quoted{};
    iovec data{&quoted, sizeof quoted};
    alignas(cmsghdr) std::array<char, 256> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (size < 0) {
      if (errno != EAGAIN && errno != EINTR) warn("recvmsg from the error queue");
      return any;
    }
    any = true;
    const auto request = decode_time(TimeKind::request, &quoted, static_cast<std::size_t>(size));
    std::string number = "of unknown number";  // a router may quote less than the whole datagram
    if (request && request->sequence < requests.size()) {
      number = std::to_string(request->sequence);
      State& state = requests[request->sequence].state;
      if (state == State::waiting) state = State::given_up;
    }

    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level != IPPROTO_IP || part->cmsg_type != IP_RECVERR) continue;
      auto* error = reinterpret_cast<sock_extended_err*>(CMSG_DATA(part));
      auto* sender = reinterpret_cast<sockaddr_in*>(SO_EE_OFFENDER(error));  // of the ICMP message
      std::array<char, INET_ADDRSTRLEN> address{};
      inet_ntop(AF_INET, &sender->sin_addr, address.data(), address.size());
      printf("request %s: %s (ICMP from %s)\n", number.c_str(),
             strerror(static_cast<int>(error->ee_errno)), address.data());
    }
  }
}

// Reads a datagram from the server and reports it; returns false when there is none.
static bool report_reply(int fd, const char* server, std::vector<Request>& requests,
                         Clock::duration patience) {
  TimeMessage datagram{};
  // MSG_TRUNC: the length that the datagram had, even if it is longer than the buffer (recv(2)).
  const ssize_t size = recv(fd, &datagram, sizeof datagram, MSG_TRUNC | MSG_DONTWAIT);
  const Clock::time_point now = Clock::now();
  if (size < 0) {
    if (errno != EAGAIN && errno != EINTR)  // an ICMP error, which the error queue will explain
      warn("recv %s: an earlier request", server);
    return false;
  }
  const auto reply = decode_time(TimeKind::reply, &datagram, static_cast<std::size_t>(size));
  if (!reply || reply->sequence >= requests.size() ||
      requests[reply->sequence].state == State::refused) {
    printf("ignored %zd bytes that answer no request\n", size);
    return true;
  }

  Request& request = requests[reply->sequence];
  tm local{};
  localtime_r(&reply->time.tv_sec, &local);
  printf("reply %u: %02d:%02d:%02d.%09ld, round trip %.3f ms%s%s\n", reply->sequence, local.tm_hour,
         local.tm_min, local.tm_sec, reply->time.tv_nsec,
         std::chrono::duration<double, std::milli>(now - request.sent).count(),
         now - request.sent > patience ? ", late" : "",
         request.state == State::answered ? ", duplicate" : "");
  request.state = State::answered;
  return true;
}

// Sends the next request.
static void ask(int fd, const char* server, std::vector<Request>& requests) {
  const auto number = static_cast<std::uint32_t>(requests.size());
  timespec time{};
  if (clock_gettime(CLOCK_REALTIME, &time) < 0) err(1, "clock_gettime");
  const TimeMessage message = encode_time(TimeKind::request, number, time);
  requests.push_back({Clock::now(), State::waiting});
  while (send(fd, &message, sizeof message, 0) < 0) {
    // It may be an ICMP error about an earlier request (udp(7)). Then that is in the error queue,
    // and this one has yet to be sent.
    const int error = errno;
    if (error == EINTR || report_icmp_errors(fd, requests)) continue;
    errno = error;  // it is about this one: no route, a firewall (EPERM), ...
    warn("send %s: request %u", server, number);
    requests.back().state = State::refused;
    return;
  }
}

// Gives up the requests whose time is up. `oldest` is the first that may still be waiting.
static void give_up(std::vector<Request>& requests, std::size_t& oldest, Clock::duration patience) {
  for (; oldest < requests.size(); ++oldest) {
    Request& request = requests[oldest];
    if (request.state != State::waiting) continue;
    if (Clock::now() - request.sent < patience) return;
    request.state = State::given_up;
    printf("request %zu: no reply within %g s\n", oldest,
           std::chrono::duration<double>(patience).count());
  }
}

// Sleeps until something comes or it is time to `wake`; returns false after Ctrl-C. (poll(2) counts
// in milliseconds, which is too coarse for a small -i.)
static bool sleep_until(Clock::time_point wake, int fd) {
  const auto left = std::max(wake - Clock::now(), Clock::duration::zero());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  const timespec timeout{static_cast<time_t>(seconds.count()),
                         static_cast<long>(std::chrono::nanoseconds(left - seconds).count())};
  pollfd readable{fd, POLLIN, 0};
  // A signal that came between the look at `interrupted` and the sleep would wake nobody. So they
  // are held back here, and ppoll() lets them in as it falls asleep (ppoll(2)).
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  if (sigprocmask(SIG_SETMASK, &all, nullptr) < 0) err(1, "sigprocmask");
  if (!interrupted && ppoll(&readable, 1, &timeout, &none) < 0 && errno != EINTR) err(1, "ppoll");
  if (sigprocmask(SIG_SETMASK, &none, nullptr) < 0) err(1, "sigprocmask");
  return !interrupted;
}

// Prints the last line; returns the exit status.
static int conclude(const std::vector<Request>& requests) {
  const auto answered = [](const Request& request) { return request.state == State::answered; };
  const int sent = static_cast<int>(requests.size()) - 1;
  const int received = static_cast<int>(std::count_if(requests.begin(), requests.end(), answered));
  if (printf("%d sent, %d received, %g%% lost\n", sent, received,
             100.0 * (sent - received) / sent) < 0)
    err(1, "standard output");
  return received > 0 ? 0 : 1;
}

// ---- The same in several programs: read it once.

static std::uint32_t parse_count(const char* text) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), count);
  if (error != std::errc{} || *end != '\0' || count < 1 || count > 1'000'000)
    errx(2, "%s: not a count (1-1000000)", text);
  return count;
}

static Clock::duration parse_seconds(const char* text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text, text + std::strspn(text, "0123456789."), seconds);
  if (error != std::errc{} || *end != '\0' || !(seconds > 0 && seconds <= 86400))
    errx(2, "%s: not a number of seconds (above 0, at most 86400)", text);
  return std::chrono::ceil<Clock::duration>(std::chrono::duration<double>{seconds});
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
