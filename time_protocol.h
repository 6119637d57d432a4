// The time protocol: one fixed-size message, in one UDP datagram, the same for request and reply.
//
// All numbers are unsigned and in network byte order (big endian), drawn as RFCs draw them, a row
// being four bytes:
//
//     0                   1                   2                   3
//     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  0 |                     magic, 54 49 4d 45 "TIME"                 |
//    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  4 |                  kind: 1 request, 2 reply                     |
//    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  8 |                       sequence number                         |
//    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// 12 |                 nanoseconds, below 1,000,000,000              |
//    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// 16 |              seconds since 1970-01-01 00:00:00 UTC            |
//    +                                                               +
// 20 |                                                               |
//    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// The time of day is the sender's, at the moment of sending. A reply repeats its request's sequence
// number. Anybody may write to a server, and two decisions keep it from doing harm. A reply is no
// larger than its request: whoever forges a victim's address as the source cannot make more traffic
// than they send. And a reply is never a valid request: nobody can make two servers answer each
// other for ever.
#pragma once

#include <arpa/inet.h>
#include <endian.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <limits>
#include <optional>

inline constexpr std::uint32_t TIME_MAGIC = 0x54494d45;

enum class TimeKind : std::uint32_t { request = 1, reply = 2 };

// The message as it travels: every field in network byte order. Each stands at a multiple of its
// own size, so the compiler adds no padding and the struct is the layout drawn above.
struct TimeMessage {
  std::uint32_t magic;
  std::uint32_t kind;
  std::uint32_t sequence;
  std::uint32_t nanoseconds;
  std::uint64_t seconds;
};
static_assert(sizeof(TimeMessage) == 24);
static_assert(offsetof(TimeMessage, magic) == 0);
static_assert(offsetof(TimeMessage, kind) == 4);
static_assert(offsetof(TimeMessage, sequence) == 8);
static_assert(offsetof(TimeMessage, nanoseconds) == 12);
static_assert(offsetof(TimeMessage, seconds) == 16);

// What a message says, in this host's byte order.
struct TimeStatement {
  std::uint32_t sequence;
  timespec time;
};

// Makes the message that says `sequence` and `time` (host byte order, as clock_gettime(2) gives it,
// not before 1970), ready to be sent.
inline TimeMessage encode_time(TimeKind kind, std::uint32_t sequence, const timespec& time) {
  TimeMessage message;
  message.magic = htonl(TIME_MAGIC);
  message.kind = htonl(static_cast<std::uint32_t>(kind));
  message.sequence = htonl(sequence);
  message.nanoseconds = htonl(static_cast<std::uint32_t>(time.tv_nsec));
  message.seconds = htobe64(static_cast<std::uint64_t>(time.tv_sec));
  return message;
}

// Reads a datagram of `size` bytes (its whole length, as MSG_TRUNC reports it: recv(2)). Returns
// nothing unless it is a message of the kind asked for: exactly 24 bytes, the magic number, the
// kind, and a time of day that exists, lies before the year 10000, and fits into this host's
// time_t (one of 32 bits ends in 2038).
inline std::optional<TimeStatement> decode_time(TimeKind kind, const void* datagram,
                                                std::size_t size) {
  constexpr std::uint64_t YEAR_10000 = 253'402'300'800;
  TimeMessage message;
  if (size != sizeof message) return std::nullopt;
  std::memcpy(&message, datagram, sizeof message);
  const std::uint64_t seconds = be64toh(message.seconds);
  const std::uint32_t nanoseconds = ntohl(message.nanoseconds);
  if (ntohl(message.magic) != TIME_MAGIC) return std::nullopt;
  if (ntohl(message.kind) != static_cast<std::uint32_t>(kind)) return std::nullopt;
  if (nanoseconds >= 1'000'000'000 || seconds >= YEAR_10000) return std::nullopt;
  if (seconds > std::numeric_limits<time_t>::max()) return std::nullopt;
  return TimeStatement{ntohl(message.sequence),
                       {static_cast<time_t>(seconds), static_cast<long>(nanoseconds)}};
}
