#include "attempts.h"
int main(void) {
  /* One page written in each 2 MiB: a table of its own for each page. */
  long pages = 0;
  for (;;) {
    char *region = mmap(NULL, 1L << 33, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) break;
    for (long at = 0; at < 1L << 33; at += 1L << 21, pages++) region[at] = 1;
  }
  printf("%ld pages\n", pages);
  return pages > 64 * 256 ? 1 : 0;
}
