#include "attempts.h"
/* A filter that knows one table of numbers is blind to the same kernel's others. */
#ifdef __x86_64__
static long by_interrupt(long number) { /* i386: 20 getpid, 11 execve, 120 clone, 26 ptrace, 102 socketcall, 21 mount */
  long value;
  __asm__ volatile("int $0x80" : "=a"(value) : "a"(number), "b"(0), "c"(0), "d"(0) : "memory");
  return value < 0 ? (errno = (int)-value, -1) : value;
}
static long by_x32(long number) { return syscall(0x40000000L | number, 0, 0, 0, 0, 0, 0); }
int main(void) {
  const long i386[] = {20, 11, 120, 26, 102, 21, 310, 349, 357, 374};
  const long x32[] = {39, 56, 165, 272, 512, 520, 521, 544, 545};
  char name[32];
  for (size_t i = 0; i < sizeof i386 / sizeof *i386; i++) {
    snprintf(name, sizeof name, "i386 %ld", i386[i]);
    in_child(name, by_interrupt, i386[i]);
  }
  for (size_t i = 0; i < sizeof x32 / sizeof *x32; i++) {
    snprintf(name, sizeof name, "x32 %ld", x32[i]);
    in_child(name, by_x32, x32[i]);
  }
  report();
}
#else
int main(void) { /* 64-bit Arm has no second table that a 64-bit program can call. */
  for (int i = 0; i < 19; i++) {
    char name[16];
    snprintf(name, sizeof name, "none %d", i);
    record(name, "killed");
  }
  report();
}
#endif
