// time_client: asks a time server again and again, as ping does, and accounts for every request.
//
// UDP promises nothing: a request or its reply may be lost, late, doubled, or answered by an ICMP error
// instead. So each request carries a number, the client waits for a bounded time, and a reply is matched
// to its request by that number. The socket is connected: for UDP that sends nothing, it only sets the
// peer, so that the kernel hands over datagrams from that address and port alone, and ICMP errors about
// what was sent there (udp(7)).
//
// Run:    sudo ip netns exec ns_client1 ./time_client 10.0.1.1 8080
// Watch:  which numbers get no reply once the link loses packets, and what a server that is not there
//         does to the waiting time: ICMP brings "Connection refused" back at once.
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
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "time_protocol.h"

static constexpr const char* usage =
    "usage: time_client ADDRESS PORT [-c COUNT] [-i SECONDS] [-W SECONDS]\n"
    "Asks the time server at ADDRESS and UDP PORT for the time.\n"
    "  -c COUNT    send COUNT requests (10)\n"
    "  -i SECONDS  one every SECONDS (0.5)\n"
    "  -W SECONDS  wait SECONDS for each reply (1)\n";

static sockaddr_in parse_endpoint(const char* address, const char* port) {
  sockaddr_in endpoint{};
  endpoint.sin_family = AF_INET;
  if (inet_pton(AF_INET, address, &endpoint.sin_addr) != 1) errx(2, "%s: not an IPv4 address", address);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port, port + std::strlen(port), number);
  if (error != std::errc{} || *end != '\0') errx(2, "%s: not a port (0-65535)", port);
  endpoint.sin_port = htons(number);
  return endpoint;
}

static std::string text_of(const sockaddr_in& endpoint) {
  std::array<char, INET_ADDRSTRLEN> address{};
  inet_ntop(AF_INET, &endpoint.sin_addr, address.data(), address.size());
  return std::string(address.data()) + ":" + std::to_string(ntohs(endpoint.sin_port));
}

// An option's number: digits, with a decimal point for SECONDS; above 0 and at most `most`.
template <typename Number>
static Number parse_number(const char* text, Number most, const char* what) {
  Number number{};
  const auto [end, error] = std::from_chars(text, text + std::strspn(text, "0123456789."), number);
  if (error != std::errc{} || *end != '\0' || !(number > 0 && number <= most))
    errx(2, "%s: not %s", text, what);
  return number;
}

using Clock = std::chrono::steady_clock;  // for durations: unlike the time of day, it never jumps

static Clock::duration parse_seconds(const char* text) {
  const double seconds = parse_number(text, 86400.0, "a number of seconds (above 0, at most 86400)");
  return std::chrono::ceil<Clock::duration>(std::chrono::duration<double>{seconds});
}

struct Request {
  Clock::time_point sent;
  bool under_way = false;  // or else the kernel did not take it
  bool answered = false;   // by a reply
  bool settled = false;    // by a reply, by an error, or because its time is up
};

// Reports the ICMP errors that wait in the socket's error queue, and settles the requests that they are
// about; gives false when there was none. An ICMP error quotes the datagram that it answers, so our own
// message comes back with it and tells its number (ip(7), IP_RECVERR).
static bool report_icmp_errors(int fd, std::vector<Request>& requests) {
  for (bool any = false;; any = true) {
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

    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level != IPPROTO_IP || part->cmsg_type != IP_RECVERR) continue;
      struct {
        sock_extended_err error;
        sockaddr_in reporter;  // the host that sent the ICMP message: SO_EE_OFFENDER
      } report{};
      std::memcpy(&report, CMSG_DATA(part), std::min(sizeof report, part->cmsg_len - CMSG_LEN(0)));
      const char* reason = strerror(static_cast<int>(report.error.ee_errno));
      std::array<char, INET_ADDRSTRLEN> reporter{};
      inet_ntop(AF_INET, &report.reporter.sin_addr, reporter.data(), reporter.size());

      const auto request = decode_time(TimeKind::request, &quoted, static_cast<std::size_t>(size));
      if (request && request->sequence >= 1 && request->sequence <= requests.size()) {
        requests[request->sequence - 1].settled = true;
      }
      const std::string number = request ? std::to_string(request->sequence) : "of unknown number";
      if (printf("request %s: %s (ICMP from %s)\n", number.c_str(), reason, reporter.data()) < 0)
        err(1, "standard output");
    }
  }
}

// Reads one datagram from the server and reports it; gives false when there is none. Counts in `received` the
// first reply to each request.
static bool report_reply(int fd, const std::string& server, std::vector<Request>& requests,
                         Clock::duration patience, std::uint32_t& received) {
  TimeMessage datagram{};
  // MSG_TRUNC: the length that the datagram had, even when it is longer than the buffer (recv(2)).
  const ssize_t size = recv(fd, &datagram, sizeof datagram, MSG_TRUNC | MSG_DONTWAIT);
  const Clock::time_point now = Clock::now();
  if (size < 0) {
    if (errno != EAGAIN && errno != EINTR)
      warn("recv %s: an earlier request", server.c_str());  // its turn in the queue comes
    return false;
  }
  const auto reply = decode_time(TimeKind::reply, &datagram, static_cast<std::size_t>(size));
  if (!reply || reply->sequence < 1 || reply->sequence > requests.size() ||
      !requests[reply->sequence - 1].under_way) {
    if (printf("ignored %zd bytes that answer no request\n", size) < 0) err(1, "standard output");
    return true;
  }

  Request& request = requests[reply->sequence - 1];
  const bool first = !request.answered;
  tm local{};
  localtime_r(&reply->time.tv_sec, &local);
  std::array<char, 16> clock{};
  strftime(clock.data(), clock.size(), "%H:%M:%S", &local);
  const double round_trip = std::chrono::duration<double, std::milli>(now - request.sent).count();
  if (printf("reply %u: %s.%09ld, round trip %.3f ms%s%s\n", reply->sequence, clock.data(),
             reply->time.tv_nsec, round_trip, now - request.sent > patience ? ", late" : "",
             first ? "" : ", duplicate") < 0)
    err(1, "standard output");
  request.answered = request.settled = true;
  received += first;
  return true;
}

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  std::uint32_t count = 10;
  Clock::duration interval = std::chrono::milliseconds{500};
  Clock::duration patience = std::chrono::seconds{1};
  sockaddr_in server{};
  while (optind < argc) {
    const int option = getopt(argc, argv, "+hc:i:W:");
    if (option == 'c') {
      count = parse_number(optarg, std::uint32_t{1'000'000}, "a count (1-1000000)");
    } else if (option == 'i') {
      interval = parse_seconds(optarg);
    } else if (option == 'W') {
      patience = parse_seconds(optarg);
    } else if (option == -1 && server.sin_family == AF_UNSPEC && argc - optind >= 2) {
      server = parse_endpoint(argv[optind], argv[optind + 1]);
      optind += 2;  // options may follow
    } else {
      if (fputs(usage, option == 'h' ? stdout : stderr) < 0 && option == 'h') err(1, "standard output");
      return option == 'h' ? 0 : 2;
    }
  }
  if (server.sin_family == AF_UNSPEC) {
    fputs(usage, stderr);
    return 2;
  }

  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) err(1, "socket");
  if (fd <= STDERR_FILENO) errx(1, "standard input, output or error is closed");  // fd has taken its number
  // Keep ICMP errors in a queue, each with the datagram that it is about. Without this a connected socket
  // still learns of "port unreachable", as an ECONNREFUSED out of its next call, but not of which request
  // it answers, and hears nothing at all of an unreachable host or network, which may be passing troubles.
  const int on = 1;
  if (setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) < 0) err(1, "setsockopt IP_RECVERR");
  const std::string name = text_of(server);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) < 0)
    err(1, "connect %s", name.c_str());

  std::vector<Request> requests;  // request number 1 is requests[0]
  std::size_t first_open = 0;     // all before it are settled
  std::uint32_t sent = 0, received = 0;
  Clock::time_point next_send = Clock::now();
  for (;;) {
    // First what has come, so that no receive buffer overflows while we are busy sending; but not without end.
    report_icmp_errors(fd, requests);
    for (int i = 0; i < 100 && report_reply(fd, name, requests, patience, received); ++i) {
    }

    const Clock::time_point now = Clock::now();
    for (; first_open < requests.size(); ++first_open) {
      Request& request = requests[first_open];
      if (!request.settled && now - request.sent < patience) break;
      if (!request.settled && printf("request %zu: no reply within %g s\n", first_open + 1,
                                     std::chrono::duration<double>(patience).count()) < 0)
        err(1, "standard output");
      request.settled = true;
    }

    if (requests.size() < count && now >= next_send) {
      requests.push_back({now});
      const auto number = static_cast<std::uint32_t>(requests.size());
      timespec time{};
      if (clock_gettime(CLOCK_REALTIME, &time) < 0) err(1, "clock_gettime");
      const TimeMessage message = encode_time(TimeKind::request, number, time);
      // An error may be the echo of an earlier request, which is reported then; this one has not been sent.
      int error = 0;
      do error = send(fd, &message, sizeof message, 0) < 0 ? errno : 0;
      while (error == EINTR || (error != 0 && report_icmp_errors(fd, requests)));
      if (error == 0) {
        ++sent;
        requests.back().under_way = true;
      } else {
        errno = error;
        warn("send %s: request %u", name.c_str(), number);
        requests.back().settled = true;
      }
      next_send = now + interval;
      continue;
    }
    if (first_open == count) break;

    // Sleep until something comes, until the next request is due, or until the oldest one's time is up. (poll(2)
    // would count in milliseconds, which is too coarse for a small -i.)
    Clock::time_point wake = requests.size() < count ? next_send : Clock::time_point::max();
    if (first_open < requests.size()) wake = std::min(wake, requests[first_open].sent + patience);
    const auto nanoseconds =
        std::chrono::nanoseconds(std::max(wake - Clock::now(), Clock::duration::zero())).count();
    const timespec timeout{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    pollfd readable{fd, POLLIN, 0};
    if (ppoll(&readable, 1, &timeout, nullptr) < 0 && errno != EINTR) err(1, "ppoll");
  }

  const double lost = sent == 0 ? 0 : 100.0 * (sent - received) / sent;
  if (printf("%u sent, %u received, %g%% lost\n", sent, received, lost) < 0) err(1, "standard output");
  return received > 0 ? 0 : 1;
}
