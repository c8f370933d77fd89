#include "attempts.h"
#include <linux/io_uring.h>
static long setup(long flags) {
  struct io_uring_params parameters;
  memset(&parameters, 0, sizeof parameters);
  parameters.flags = (unsigned)flags;
  return call(NR_io_uring_setup, 8, (long)&parameters, 0, 0, 0);
}
static long enter(long handle) { return call(NR_io_uring_enter, handle, 1, 1, 1, 0); }
static long enroll(long operation) { return call(NR_io_uring_register, -1, operation, 0, 0, 0); }
int main(void) {
  in_child("setup", setup, 0);
  in_child("setup with a kernel thread", setup, IORING_SETUP_SQPOLL);
  in_child("setup, polled", setup, IORING_SETUP_IOPOLL);
  for (long handle = 0; handle < 4; handle++) {
    char name[16];
    snprintf(name, sizeof name, "enter %ld", handle);
    in_child(name, enter, handle);
  }
  in_child("register buffers", enroll, IORING_REGISTER_BUFFERS);
  in_child("register on no ring", enroll, 17);
  report();
}
