// addrconv: an IPv4 address as text, as four bytes, as a number, and as text again.
//
// An address on the wire is four bytes in network byte order, the most significant first.
// inet_pton(3) makes them from text, and inet_ntop(3) makes text from them. To calculate with an
// address, a host needs it as a number: ntohl(3) makes that. In memory 192.168.1.100 is c0 a8 01 64
// on every host, and it is the number 0xc0a80164 only after ntohl().
//
// Run:    ./addrconv 192.168.1.100
//         ./addrconv 127.0.0.1 256.0.0.1 abrakadabra ; echo $?
// Watch:  which texts are addresses at all (exactly four decimal numbers, each at most 255 and
//         without leading zeros), and how the bytes and the number relate.
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>

[[noreturn]] static void usage(int status) {
  fputs(
      "usage: addrconv ADDRESS...\n"
      "Shows IPv4 addresses as bytes in network order, as numbers in host order, and as text.\n",
      status == 0 ? stdout : stderr);
  exit(status);
}

int main(int argc, char* argv[]) {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line at once, even into a pipe (setvbuf(3))
  if (const int option = getopt(argc, argv, "h"); option != -1) usage(option == 'h' ? 0 : 2);
  if (optind == argc) usage(2);

  int status = 0;
  for (int i = optind; i < argc; ++i) {
    in_addr address{};
    if (inet_pton(AF_INET, argv[i], &address) != 1) {
      warnx("%s: not an IPv4 address", argv[i]);
      status = 1;
      continue;
    }

    // As they lie in memory and travel on the wire.
    const auto bytes = std::bit_cast<std::array<unsigned char, sizeof address>>(address);
    const in_addr_t number = ntohl(address.s_addr);  // as this host calculates with it
    std::array<char, INET_ADDRSTRLEN> text{};
    if (inet_ntop(AF_INET, &address, text.data(), text.size()) == nullptr) err(1, "inet_ntop");

    printf(
        "%s\n"
        "    bytes in network order   %02x %02x %02x %02x\n"
        "    number in host order     0x%08x = %u\n"
        "    back to text             %s\n",
        argv[i], bytes[0], bytes[1], bytes[2], bytes[3], number, number, text.data());
    if (ferror(stdout)) err(1, "standard output");
  }
  return status;
}
