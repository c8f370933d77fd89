/*
 * How fast this machine's time stamp counter runs, in kHz, on stdout. An emulated guest reads the same counter; left to
 * find its speed by a timer that is emulated too, it fails on a machine under load and then never comes up.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define LONG_ENOUGH_NS 40000000

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Both at one moment: of some readings, the one that took least. */
static void read_both(uint64_t *ticks, int64_t *ns) {
  int64_t best = INT64_MAX;
  for (int i = 0; i < 64; i++) {
    const int64_t before = now_ns();
    const uint64_t counter = __rdtsc();
    const int64_t took = now_ns() - before;
    if (took >= best) continue;
    best = took;
    *ticks = counter;
    *ns = before + took / 2;
  }
}

int main(void) {
  uint64_t from, to;
  int64_t began, ended;
  read_both(&from, &began);
  nanosleep(&(struct timespec){.tv_nsec = LONG_ENOUGH_NS}, NULL);
  read_both(&to, &ended);
  printf("%.0f\n", (double)(to - from) * 1e6 / (double)(ended - began));
}
