#include "attempts.h"
int main(void) {
  static char block[1 << 20];
  memset(block, 'x', sizeof block);
  for (long written = 0; written < 10L << 30;) {
    ssize_t n = write(1 + (int)(written >> 20 & 1), block, sizeof block);
    if (n <= 0) return 1;
    written += n;
  }
  return 0;
}
