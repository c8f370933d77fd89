#include "attempts.h"
#include <sys/sendfile.h>
#include <sys/uio.h>
/* CVE-2022-0847 wrote into a file's pages through a pipe that splice had put them in. */
static int ends[2], file;
static long spliced(long flags) { long at = 1; return call(NR_splice, file, (long)&at, ends[1], 0, 1 | flags << 8); }
static long teed(long flags) { return call(NR_tee, ends[0], ends[1], 1, flags, 0); }
static long lent(long flags) { struct iovec own = {"x", 1}; return call(NR_vmsplice, ends[1], (long)&own, 1, flags, 0); }
int main(void) {
  char before[64], after[64];
  file = open("/etc/passwd", O_RDONLY);
  if (pipe(ends) || pread(file, before, 64, 0) != 64) return 1;
  in_child("splice", spliced, 0);
  in_child("tee", teed, 0);
  in_child("vmsplice", lent, 0);
  in_child("vmsplice, given away", lent, 8);
  /* sendfile into a pipe is splice by another name; what is written after it must stay in the pipe. */
  off_t at = 1;
  if (sendfile(ends[1], file, &at, 1) == 1 && write(ends[1], "GLOVEBOX", 8) == 8 && pread(file, after, 64, 0) == 64)
    record("sendfile, then write", memcmp(before, after, 64) ? "done" : "unchanged");
  else
    attempt("sendfile, then write", -1);
  report();
}
