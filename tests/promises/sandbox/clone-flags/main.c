#include "attempts.h"
static long made(long flags) {
  long child = call(NR_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  return child;
}
int main(void) {
  const long kinds[] = {0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000};
  char name[64];
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    snprintf(name, sizeof name, "%lx", kinds[i]);
    in_child(name, made, kinds[i]);
    snprintf(name, sizeof name, "%lx with bits above", kinds[i]);
    in_child(name, made, kinds[i] | 0x5L << 40 | 1L << 32);
    snprintf(name, sizeof name, "%lx with vfork, vm", kinds[i]);
    in_child(name, made, kinds[i] | CLONE_VFORK | CLONE_VM);
    snprintf(name, sizeof name, "%lx with parent", kinds[i]);
    in_child(name, made, kinds[i] | CLONE_PARENT);
  }
  report();
}
