#include "attempts.h"
#include <time.h>
static void bounded(const char *name, long count, int error) {
  if (count < 1000000 && (error == EAGAIN || error == ENOMEM)) record(name, "bounded");
  else record(name, "done");
}
int main(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  long count = 0;
  while (count < 1000000 && sigqueue(getpid(), SIGRTMIN + (int)(count % 8), (union sigval){0}) == 0) count++;
  bounded("signals", count, errno);
  timer_t timer;
  for (count = 0; count < 1000000 && timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0; count++)
    ;
  bounded("timers", count, errno);
  report();
  _exit(0);
}
