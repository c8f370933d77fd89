/* What the program sees: the image read-only, its input read-only, one bounded disk in memory, and little of the kernel. */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define ROOT "/root-disk"
#define INPUT "/input-disk"

static const unsigned long CLOSED = MS_NOSUID | MS_NODEV | MS_NOEXEC;

static void bind(const char *from, const char *to, unsigned long flags) {
  must(mount(from, to, NULL, MS_BIND | MS_REC, NULL), to);
  must(mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | flags, NULL), to);
}

static void folder_of(const char *path, uint64_t user, uint64_t group) {
  must(mkdir(path, 0700), path);
  must(chown(path, (uid_t)user, (gid_t)group), path);
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) fail(path);
  close(fd);
}

void prepare_world(const struct disks *disks, const struct order *order) {
  char options[128];
  make_folders(ROOT);
  make_folders(INPUT);
  make_folders(RUN_DISK);
  make_folders("/etc-disk");
  must(mount(disks->root, ROOT, "erofs", MS_RDONLY | MS_NOSUID | MS_NODEV, NULL), "root");
  must(mount(disks->input, INPUT, "erofs", MS_RDONLY | CLOSED, NULL), "input");
  snprintf(options, sizeof options, "mode=0755,size=%llu,nr_inodes=%llu",
           (unsigned long long)order->n.disk_bytes, (unsigned long long)order->n.disk_files);
  must(mount("glovebox", RUN_DISK, "tmpfs", CLOSED, options), "run disk");
  folder_of(RUN_DISK "/out", order->n.user, order->n.group);
  folder_of(RUN_DISK "/tmp", order->n.user, order->n.group);
  must(mount("glovebox", "/etc-disk", "tmpfs", CLOSED, "mode=0755,size=64k"), "etc");
  write_file("/etc-disk/hosts", order->hosts);
  write_file("/etc-disk/resolv.conf", "");
}

static void make_devices(const struct order *order) {
  static const struct {
    const char *name;
    unsigned minor;
  } nodes[] = {{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};
  char path[64], options[64];
  must(mount("glovebox", ROOT "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k"), "dev");
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
    snprintf(path, sizeof path, ROOT "/dev/%s", nodes[i].name);
    must(mknod(path, S_IFCHR | 0666, makedev(1, nodes[i].minor)), path);
    must(chmod(path, 0666), path);
  }
  must(symlink("/proc/self/fd", ROOT "/dev/fd"), "fd");
  must(symlink("/proc/self/fd/0", ROOT "/dev/stdin"), "stdin");
  must(symlink("/proc/self/fd/1", ROOT "/dev/stdout"), "stdout");
  must(symlink("/proc/self/fd/2", ROOT "/dev/stderr"), "stderr");
  must(mkdir(ROOT "/dev/shm", 01777), "shm");
  snprintf(options, sizeof options, "mode=1777,size=%llu", (unsigned long long)order->n.shm_bytes);
  must(mount("glovebox", ROOT "/dev/shm", "tmpfs", CLOSED, options), "shm");
  must(mount(NULL, ROOT "/dev", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL), "dev");
}

/* A path that this kernel does not have needs no cover. */
static void mask(const char *path) {
  char full[256];
  struct stat stat_of;
  snprintf(full, sizeof full, ROOT "%s", path);
  if (lstat(full, &stat_of) < 0 || S_ISLNK(stat_of.st_mode)) return;
  if (S_ISDIR(stat_of.st_mode))
    must(mount("glovebox", full, "tmpfs", CLOSED | MS_RDONLY, "size=4k,mode=0755"), full);
  else
    must(mount("/dev/null", full, NULL, MS_BIND, NULL), full);
}

static void make_read_only(const char *path) {
  char full[256];
  snprintf(full, sizeof full, ROOT "%s", path);
  if (access(full, F_OK) == 0) bind(full, full, MS_RDONLY | CLOSED);
}

void enter_world(const struct order *order) {
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
  must(mount("proc", ROOT "/proc", "proc", CLOSED, NULL), "proc");
  must(mount("sysfs", ROOT "/sys", "sysfs", CLOSED | MS_RDONLY, NULL), "sys");
  must(mount("cgroup2", ROOT "/sys/fs/cgroup", "cgroup2", CLOSED | MS_RDONLY, NULL), "groups");
  make_devices(order);
  bind(INPUT "/data", ROOT "/data", CLOSED | MS_RDONLY);
  bind(INPUT "/work", ROOT "/work", CLOSED | MS_RDONLY);
  bind(RUN_DISK "/out", ROOT "/out", CLOSED);
  bind(RUN_DISK "/tmp", ROOT "/tmp", CLOSED);
  bind("/etc-disk/hosts", ROOT "/etc/hosts", CLOSED | MS_RDONLY);
  bind("/etc-disk/resolv.conf", ROOT "/etc/resolv.conf", CLOSED | MS_RDONLY);
  for (char *const *path = order->masked; *path; path++) mask(*path);
  for (char *const *path = order->read_only; *path; path++) make_read_only(*path);
  must(chdir(ROOT), ROOT);
  must(mount(".", "/", NULL, MS_MOVE, NULL), "move");
  must(chroot("."), "chroot");
  must(chdir("/work"), "work");
}
