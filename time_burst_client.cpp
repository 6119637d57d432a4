// time_burst_client: sends requests back to back and lists the replies in the order in which they
// come.
//
// Datagrams travel one by one: two that are sent in order may arrive in the other order, or twice,
// or not at all. With all requests on their way at once, the order of the replies shows what the
// network did. A reply counts as reordered when one with a higher number came before it. A second
// copy of a reply is a duplicate and is not counted again (RFC 4737, section 3: sequence numbers
// alone decide, not times).
//
// Run:    sudo ip netns exec ns_client2 ./time_burst_client 10.0.2.1 8080
//         Bursts of more than a few hundred overflow the sockets' receive buffers. What does not
//         fit is lost, even on a clean link (nstat -az UdpRcvbufErrors counts it).
// Watch:  the numbers, on a clean link and after `tc qdisc add ... netem delay ... reorder ...`,
//         and beside them those in time_server's log: with the lab's qdisc, at the client's end of
//         the cable, it is the requests that overtake each other.
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
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
      "usage: time_burst_client ADDRESS PORT [-c COUNT] [-W SECONDS]\n"
      "Sends time requests back to back to ADDRESS and UDP PORT, then lists the replies.\n"
      "  -c COUNT    send COUNT requests (10)\n"
      "  -W SECONDS  give up when no reply comes for SECONDS (3)\n",
      status == 0 ? stdout : stderr);
  exit(status);
}

using Clock = std::chrono::steady_clock;  // for durations: unlike the time of day, it never jumps

struct Request {
  bool under_way = false;  // the kernel took it
  bool answered = false;
};

struct Tally {
  std::uint32_t received = 0, highest = 0, reordered = 0, duplicated = 0;
};

static std::uint32_t send_burst(int fd, const char* server, std::vector<Request>& requests);
static bool wait_until(Clock::time_point deadline, int fd);
static bool report_reply(int fd, const char* server, std::vector<Request>& requests, Tally& tally);

static std::uint32_t parse_count(const char* text);
static Clock::duration parse_seconds(const char* text);
static sockaddr_in parse_endpoint(const char* address, const char* port);

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line at once, even into a pipe (setvbuf(3))
  std::uint32_t count = 10;
  Clock::duration patience = std::chrono::seconds{3};
  for (int option; (option = getopt(argc, argv, "hc:W:")) != -1;) {
    if (option == 'c')
      count = parse_count(optarg);
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
  if (connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) < 0)
    err(1, "connect %s", name.c_str());

  std::vector<Request> requests(count + 1);  // by number, from 1 on: none is under way as number 0
  const std::uint32_t under_way = send_burst(fd, name.c_str(), requests);
  Tally tally;
  const auto next_deadline = [&] {
    if (tally.received < under_way) return Clock::now() + patience;
    // All are in, but a duplicate may be close behind the last.
    return Clock::now() + std::min<Clock::duration>(patience, std::chrono::milliseconds{200});
  };
  for (Clock::time_point deadline = next_deadline(); wait_until(deadline, fd);) {
    if (report_reply(fd, name.c_str(), requests, tally)) deadline = next_deadline();
    if (ferror(stdout)) errx(1, "standard output: write error");
  }

  if (printf("%u sent, %u received, %g%% lost, %u reordered, %u duplicated\n", count,
             tally.received, 100.0 * (count - tally.received) / count, tally.reordered,
             tally.duplicated) < 0)
    err(1, "standard output");
  return tally.received > 0 ? 0 : 1;
}

// Sends all requests; returns how many of them the kernel took.
static std::uint32_t send_burst(int fd, const char* server, std::vector<Request>& requests) {
  std::uint32_t under_way = 0;
  for (std::uint32_t number = 1; number < requests.size(); ++number) {
    timespec time{};
    if (clock_gettime(CLOCK_REALTIME, &time) < 0) err(1, "clock_gettime");
    const TimeMessage message = encode_time(TimeKind::request, number, time);
    // send() may fail because of an earlier request: ICMP told this host that it could not be
    // delivered, and the kernel reports that once, as the error of the next call on the socket
    // (udp(7)). That call has sent nothing, so we repeat it. But not for ever: the error may be
    // about this request. (time_client finds out which request an error is about.)
    int error = 0;
    for (int attempt = 1; attempt <= 10 && !requests[number].under_way; ++attempt) {
      requests[number].under_way = send(fd, &message, sizeof message, 0) >= 0;
      if (!requests[number].under_way && errno != EINTR) error = errno;
    }
    under_way += requests[number].under_way;
    errno = error;
    if (error != 0) warn("send %s: request %u or an earlier one", server, number);
  }
  return under_way;
}

// Waits until there is something to read, or until `deadline`; returns false when that has passed.
static bool wait_until(Clock::time_point deadline, int fd) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  if (left <= 0) return false;
  pollfd readable{fd, POLLIN, 0};
  if (poll(&readable, 1, static_cast<int>(left)) < 0 && errno != EINTR) err(1, "poll");
  return true;
}

// Reads a datagram from the server, reports and counts it; tells whether it is a new reply.
static bool report_reply(int fd, const char* server, std::vector<Request>& requests, Tally& tally) {
  TimeMessage datagram{};
  // MSG_TRUNC: the length that the datagram had, even if it is longer than the buffer (recv(2)).
  const ssize_t size = recv(fd, &datagram, sizeof datagram, MSG_TRUNC | MSG_DONTWAIT);
  if (size < 0) {
    if (errno != EAGAIN && errno != EINTR) warn("recv %s: an earlier request", server);
    return false;
  }
  const auto reply = decode_time(TimeKind::reply, &datagram, static_cast<std::size_t>(size));
  if (!reply || reply->sequence >= requests.size() || !requests[reply->sequence].under_way) {
    printf("ignored %zd bytes that answer no request\n", size);
    return false;
  }

  const bool duplicate = requests[reply->sequence].answered;
  const bool overtaken = !duplicate && reply->sequence < tally.highest;
  const char* const remark = duplicate ? ", duplicate" : overtaken ? ", reordered" : "";
  printf("reply %u%s\n", reply->sequence, remark);
  requests[reply->sequence].answered = true;
  tally.highest = std::max(tally.highest, reply->sequence);
  tally.received += !duplicate;
  tally.reordered += overtaken;
  tally.duplicated += duplicate;
  return !duplicate;
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
