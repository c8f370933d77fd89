#include "attempts.h"
/* Keys are the kernel's, not the namespace's: a session joined by id would be another run's. */
static long add(long ring) { return call(NR_add_key, (long)"user", (long)"glovebox", (long)"secret", 6, ring); }
static long ask(long ring) { return call(NR_request_key, (long)"user", (long)"glovebox", 0, ring, 0); }
static long control(long operation) { return call(NR_keyctl, operation, -3, 0, 0, 0); }
int main(void) {
  char name[32];
  for (long ring = -8; ring < 0; ring++) {
    snprintf(name, sizeof name, "add to %ld", ring);
    in_child(name, add, ring);
    snprintf(name, sizeof name, "ask in %ld", ring);
    in_child(name, ask, ring);
  }
  for (long operation = 0; operation < 32; operation++) {
    snprintf(name, sizeof name, "keyctl %ld", operation);
    in_child(name, control, operation);
  }
  report();
}
