#include "attempts.h"
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>
static struct timespec began;
static double spent(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}
static double since(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec - began.tv_sec + (now.tv_nsec - began.tv_nsec) / 1e9;
}
static void *spin(void *unused) {
  struct sched_param first = {sched_get_priority_max(SCHED_FIFO)};
  sched_setscheduler(0, SCHED_FIFO, &first);
  while (since() < 2)
    ;
  return unused;
}
int main(void) {
  pthread_t threads[16];
  clock_gettime(CLOCK_MONOTONIC, &began);
  double before = spent();
  for (int i = 0; i < 16; i++) pthread_create(&threads[i], NULL, spin, NULL);
  for (int i = 0; i < 16; i++) pthread_join(threads[i], NULL);
  double share = (spent() - before) / since();
  printf("%s\n", share < 0.65 ? "shared" : "took more");
  return 0;
}
