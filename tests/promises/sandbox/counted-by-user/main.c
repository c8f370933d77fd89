#include "attempts.h"
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
/* The neighbour takes of each for a while and gives it back; we ask how much we can have. It must not matter. */
static long signals(void) {
  long had = 0;
  pid_t child = fork();
  if (child == 0) pause();
  kill(child, SIGSTOP);
  while (had < 200000 && sigqueue(child, SIGRTMIN, (union sigval){0}) == 0) had++;
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return had;
}
static long pipe_pages(void) {
  int all[400][2], count = 0, size = 0;
  long had = 0;
  for (; count < 400 && pipe(all[count]) == 0; count++) {
    size = fcntl(all[count][1], F_SETPIPE_SZ, 1 << 20);
    if (size == -1) size = fcntl(all[count][1], F_GETPIPE_SZ);
    had += size >> 12;
  }
  while (count-- > 0) close(all[count][0]), close(all[count][1]);
  return had;
}
static long in_flight(void) {
  int ends[2];
  long had = 0;
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends)) return -1;
  int size = 1 << 22;
  setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  for (;; had++) {
    char space[CMSG_SPACE(sizeof(int) * 200)] = {0}, byte = 0;
    struct iovec own = {&byte, 1};
    struct msghdr message = {.msg_iov = &own, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS, head->cmsg_len = CMSG_LEN(sizeof(int) * 200);
    for (int i = 0; i < 200; i++) ((int *)CMSG_DATA(head))[i] = 0;
    if (sendmsg(ends[0], &message, 0) == -1) break;
  }
  close(ends[0]), close(ends[1]);
  return had;
}
static void compare(const char *name, long (*measure)(void)) {
  long least = 1L << 60, most = 0;
  for (int turn = 0; turn < 12; turn++) {
    long had = measure();
    if (had < least) least = had;
    if (had > most) most = had;
    struct timespec pause = {0, 60000000};
    nanosleep(&pause, NULL);
  }
  fprintf(stderr, "%s %ld to %ld\n", name, least, most);
  record(name, most - least > most / 10 ? "done" : "steady");
}
int main(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL); /* or the child dies of the first */
  compare("signals", signals);
  compare("pipe pages", pipe_pages);
  compare("in flight", in_flight);
  report();
}
