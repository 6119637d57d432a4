// time_burst_client: sends requests back to back and lists the replies in the order in which they come.
//
// Datagrams travel one by one: two that are sent in order may arrive in the other order, or twice, or not
// at all. With all requests on their way at once, the order of the replies shows what the network did.
// A reply counts as reordered when one with a higher number came before it; a second copy of a reply is
// a duplicate and is not counted again (RFC 4737, section 3, which this follows, looks at sequence numbers
// alone and not at times).
//
// Run:    sudo ip netns exec ns_client2 ./time_burst_client 10.0.2.1 8080
//         Bursts of more than a few hundred overflow the receive buffers of the sockets, and what does not fit
//         is lost even on a clean link (nstat -az UdpRcvbufErrors counts it).
// Watch:  the numbers, on a clean link and after `tc qdisc add ... netem delay ... reorder ...`, beside the
//         numbers in time_server's log: requests and replies are reordered each on their own way.
#include <arpa/inet.h>
#include <err.h>
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
    "usage: time_burst_client ADDRESS PORT [-c COUNT] [-W SECONDS]\n"
    "Sends time requests back to back to ADDRESS and UDP PORT, then lists the replies as they come.\n"
    "  -c COUNT    send COUNT requests (10)\n"
    "  -W SECONDS  give up when no reply comes for SECONDS (3)\n";

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

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  std::uint32_t count = 10;
  Clock::duration patience = std::chrono::seconds{3};
  sockaddr_in server{};
  while (optind < argc) {
    const int option = getopt(argc, argv, "+hc:W:");
    if (option == 'c') {
      count = parse_number(optarg, std::uint32_t{1'000'000}, "a count (1-1000000)");
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
  if (connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) < 0)
    err(1, "connect %s", text_of(server).c_str());

  std::vector<bool> under_way(count);  // whether the kernel took request number i + 1
  // A failing send() or recv() may be the echo of an earlier datagram: ICMP told this host that it could
  // not be delivered, and the kernel reports that once, out of the next call on the socket (udp(7)). The
  // call itself has done nothing then and is repeated, but not for ever: the error may be its own after all.
  // (time_client finds out which datagram it was.)
  std::uint32_t sent = 0;
  for (std::uint32_t number = 1; number <= count; ++number) {
    timespec time{};
    if (clock_gettime(CLOCK_REALTIME, &time) < 0) err(1, "clock_gettime");
    const TimeMessage request = encode_time(TimeKind::request, number, time);
    for (int attempt = 1; attempt <= 10; ++attempt) {
      if (send(fd, &request, sizeof request, 0) >= 0) {
        ++sent;
        under_way[number - 1] = true;
        break;
      }
      if (errno != EINTR) warn("send %s: request %u or an earlier one", text_of(server).c_str(), number);
    }
  }

  std::vector<unsigned> copies(count);  // how often the reply number i + 1 came
  std::uint32_t received = 0, highest = 0, reordered = 0, duplicated = 0;
  // With all of them in, a duplicate may still be close behind the last.
  const auto grace = std::min<Clock::duration>(patience, std::chrono::milliseconds{200});
  Clock::time_point deadline = Clock::now() + patience;
  for (;;) {
    const Clock::duration left = deadline - Clock::now();
    if (left <= Clock::duration::zero()) break;
    pollfd readable{fd, POLLIN, 0};
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    const int ready = poll(&readable, 1, static_cast<int>(milliseconds));
    if (ready < 0 && errno != EINTR) err(1, "poll");
    if (ready <= 0) continue;

    TimeMessage datagram{};
    // MSG_TRUNC: the length that the datagram had, even when it is longer than the buffer (recv(2)).
    const ssize_t size = recv(fd, &datagram, sizeof datagram, MSG_TRUNC | MSG_DONTWAIT);
    if (size < 0) {
      if (errno != EAGAIN && errno != EINTR) warn("recv %s: an earlier request", text_of(server).c_str());
      continue;
    }
    const auto reply = decode_time(TimeKind::reply, &datagram, static_cast<std::size_t>(size));
    if (!reply || reply->sequence < 1 || reply->sequence > count || !under_way[reply->sequence - 1]) {
      if (printf("ignored %zd bytes that answer no request\n", size) < 0) err(1, "standard output");
      continue;
    }

    const bool duplicate = copies[reply->sequence - 1]++ > 0;
    const bool overtaken = !duplicate && reply->sequence < highest;
    const char* remark = duplicate ? ", duplicate" : overtaken ? ", reordered" : "";
    if (printf("reply %u%s\n", reply->sequence, remark) < 0) err(1, "standard output");
    received += !duplicate;
    reordered += overtaken;
    duplicated += duplicate;
    highest = std::max(highest, reply->sequence);
    if (!duplicate) deadline = Clock::now() + (received < sent ? patience : grace);
  }

  const double lost = sent == 0 ? 0 : 100.0 * (sent - received) / sent;
  if (printf("%u sent, %u received, %g%% lost, %u reordered, %u duplicated\n", sent, received, lost,
             reordered, duplicated) < 0)
    err(1, "standard output");
  return received > 0 ? 0 : 1;
}
