#include "attempts.h"
#include <pthread.h>
static void *waiting(void *unused) {
  if (vfork() == 0) /* the parent sleeps, deaf to all signals but one, until the child ends */
    for (;;) pause();
  return unused;
}
int main(void) {
  pthread_t threads[4];
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, waiting, NULL);
  waiting(NULL);
  return 0;
}
