#include "attempts.h"
#include <sys/uio.h>
static int file;
static long resident(long length) {
  unsigned char pages[64];
  void *own = mmap(NULL, (size_t)length, PROT_READ, MAP_SHARED, file, 0);
  return call(NR_mincore, (long)own, length, (long)pages, 0, 0);
}
static long only_if_cached(long flags) {
  char byte;
  struct iovec own = {&byte, 1};
  return syscall(NR_preadv2, file, &own, 1L, 0L, 0L, flags);
}
static long cachestat_of(long number) { long range[2] = {0, 0}, result[5]; return syscall(number, (long)file, range, result, 0L); }
static long evicted(long advice) { errno = 0; return call(NR_fadvise64, file, 0, 0, advice, 0); }
static long dropped(long unused) { return write(open("/proc/sys/vm/drop_caches", O_WRONLY), "3", 1) + unused; }
static long flushed(long unused) { return call(NR_syncfs, file, unused, 0, 0, 0); }
static long pages(long unused) { return open("/proc/kpageflags", O_RDONLY) + (int)unused; }
static long counts(long unused) { return open("/proc/kpagecount", O_RDONLY) + (int)unused; }
int main(void) {
  file = open("/usr/bin/python3.11", O_RDONLY);
  in_child("mincore", resident, 65536);
  in_child("read what is cached", only_if_cached, 8);
  in_child("cachestat", cachestat_of, 451);
  in_child("evict", evicted, 4);
  in_child("evict soon", evicted, 5);
  in_child("drop all", dropped, 0);
  in_child("flush", flushed, 0);
  in_child("flags of pages", pages, 0);
  in_child("counts of pages", counts, 0);
  report();
}
