#include "attempts.h"
#include <sys/socket.h>
static long families(long family) {
  for (long kind = 0; kind < 11; kind++)
    for (long flags = 0; flags < 2; flags++)
      for (long protocol = 0; protocol < 260; protocol += protocol < 20 ? 1 : 40)
        if (call(NR_socket, family, kind | (flags ? SOCK_NONBLOCK | SOCK_CLOEXEC : 0), protocol, 0, 0) != -1) return 0;
  return -1;
}
static long pairs(long family) { int two[2]; return call(NR_socketpair, family, 1, 0, (long)two, 0); }
static long wide(long bits) { return call(NR_socket, bits << 32 | AF_INET, 1, 0, 0, 0); }
static long listening(long unused) {
  /* A unix socket can be had: it must not become anything else. */
  int own = socket(AF_UNIX, SOCK_STREAM, 0);
  struct { unsigned short family, port; unsigned address; char rest[8]; } to = {AF_INET, 0x5000, 0x0100007f, {0}};
  return connect(own, (struct sockaddr *)&to, sizeof to) + unused;
}
static long forged(long unused) {
  /* The other end is told who we are: it must not be told that we are root. */
  int two[2];
  char space[CMSG_SPACE(sizeof(struct ucred))] = {0}, byte = 0;
  struct iovec own = {&byte, 1};
  struct msghdr message = {.msg_iov = &own, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_CREDENTIALS, head->cmsg_len = CMSG_LEN(sizeof(struct ucred));
  struct ucred who = {1, 0, 0};
  memcpy(CMSG_DATA(head), &who, sizeof who);
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, two)) return -1;
  return sendmsg(two[0], &message, 0) + unused;
}
int main(void) {
  char name[32];
  for (long family = 0; family < 64; family++) {
    if (family == AF_UNIX) continue;
    snprintf(name, sizeof name, "family %ld", family);
    in_child(name, families, family);
    snprintf(name, sizeof name, "pair %ld", family);
    in_child(name, pairs, family);
  }
  for (long bits = 1; bits < 1L << 31; bits <<= 6) {
    snprintf(name, sizeof name, "with bits %lx above", bits);
    in_child(name, wide, bits);
  }
  in_child("a unix socket to an address", listening, 0);
  in_child("another's name", forged, 0);
  report();
}
