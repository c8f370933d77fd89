#include "attempts.h"
#include <sys/socket.h>
/* Nothing of this is in the program's own memory: 1,000 handles, as much behind each as it takes. */
int main(void) {
  static char block[1 << 16];
  memset(block, 'x', sizeof block);
  for (int turn = 0; turn < 500; turn++) {
    int ends[2];
    if (turn % 2 ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) : pipe2(ends, O_NONBLOCK)) break;
    if (turn % 2) {
      int size = 1 << 30;
      setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
      setsockopt(ends[0], SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    } else
      fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    while (write(ends[1], block, sizeof block) > 0)
      ;
  }
  printf("the end of handles\n");
  return 0;
}
