#include "attempts.h"
/* 335 and 336 are trampolines of the kernel's own: exempt from filters, and ended by the kernel when anybody else calls. */
/* Every number that the profile does not allow, in a child each, with arguments that no call likes. */
static long raw(long number) { return syscall(number, -1L, -1L, -1L, -1L, -1L, -1L); }
int main(void) {
  for (long number = 0; number < FIRST_UNKNOWN + 150; number++) {
    int allowed = 0;
    for (size_t i = 0; i < sizeof ALLOWED / sizeof *ALLOWED; i++)
      if (ALLOWED[i] == number) allowed = 1;
    if (allowed) continue;
    char name[16];
    snprintf(name, sizeof name, "%ld", number);
    in_child(name, raw, number);
  }
  report();
}
