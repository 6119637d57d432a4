// recv_sizes: linked into a program, tells how much room it has for each datagram.
//
// These functions take the place of those in libc and do the same. Of each call that succeeds they
// tell on standard error: room 16, got 9.
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdio>

static ssize_t noted(std::size_t room, long got) {
  if (got >= 0) dprintf(STDERR_FILENO, "room %zu, got %ld\n", room, got);
  return got;
}

extern "C" {
ssize_t recvfrom(int fd, void* buf, std::size_t n, int flags, sockaddr* addr, socklen_t* addr_len) {
  return noted(n, syscall(SYS_recvfrom, fd, buf, n, flags, addr, addr_len));
}

ssize_t recv(int fd, void* buf, std::size_t n, int flags) {
  return noted(n, syscall(SYS_recvfrom, fd, buf, n, flags, nullptr, nullptr));
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < message->msg_iovlen; ++i) n += message->msg_iov[i].iov_len;
  return noted(n, syscall(SYS_recvmsg, fd, message, flags));
}

ssize_t read(int fd, void* buf, std::size_t nbytes) {
  return noted(nbytes, syscall(SYS_read, fd, buf, nbytes));
}
}
