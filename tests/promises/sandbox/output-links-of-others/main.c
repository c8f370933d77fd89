#include "attempts.h"
static const char *from;
static long named(long flags) { return linkat(AT_FDCWD, from, AT_FDCWD, "/out/other.txt", (int)flags); }
static long opened(long unused) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", open(from, O_RDONLY));
  return linkat(AT_FDCWD, path, AT_FDCWD, "/out/other.txt", AT_SYMLINK_FOLLOW) + (int)unused;
}
static long by_handle(long unused) { return linkat(open(from, O_RDONLY), "", AT_FDCWD, "/out/other.txt", AT_EMPTY_PATH) + (int)unused; }
static long exchanged(long flags) {
  int own = open("/out/own.txt", O_WRONLY | O_CREAT, 0644);
  close(own);
  return call(NR_renameat2, AT_FDCWD, (long)"/out/own.txt", AT_FDCWD, (long)from, flags);
}
static long moved(long unused) { return rename(from, "/out/other.txt") + (int)unused; }
int main(void) {
  const char *const files[] = {"/etc/passwd", "/data/rows.csv", "/work/main.py", "/etc/hosts", "/dev/null", "/proc/self/maps", "/dev/shm/mine"};
  close(open("/dev/shm/mine", O_WRONLY | O_CREAT, 0644));
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char name[64];
    from = files[i];
    snprintf(name, sizeof name, "link %s", from), in_child(name, named, 0);
    snprintf(name, sizeof name, "link what is open of %s", from), in_child(name, opened, 0);
    snprintf(name, sizeof name, "link the handle of %s", from), in_child(name, by_handle, 0);
    snprintf(name, sizeof name, "exchange with %s", from), in_child(name, exchanged, 2);
    snprintf(name, sizeof name, "move %s", from), in_child(name, moved, 0);
  }
  report();
}
