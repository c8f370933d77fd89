/* The way of a run in the guest: devices, order, world, program, outputs, end. */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void end_machine(void) {
  sync();
  /* Where QEMU was told not to reboot, this ends it; these machines have no other way to switch off. */
  reboot(RB_AUTOBOOT);
  for (;;) pause();
}

void fail(const char *what) {
  int line = open("/dev/ttyS0", O_WRONLY | O_NOCTTY);
  if (line >= 0) dprintf(line, "!%s: %s\n", what, strerror(errno));
  if (line >= 0) fsync(line);
  if (getpid() == 1) end_machine();
  _exit(125);
}

void must(int result, const char *what) {
  if (result < 0) fail(what);
}

void write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) fail(path);
  close(fd);
}

void make_folders(const char *path) {
  char part[256];
  snprintf(part, sizeof part, "%s", path);
  for (char *at = part + 1;; at++) {
    if (*at != '/' && *at != '\0') continue;
    char kept = *at;
    *at = '\0';
    if (mkdir(part, 0755) < 0 && errno != EEXIST) fail(part);
    if (kept == '\0') return;
    *at = kept;
  }
}

/* Modules lie in the initial file system in the order of their need: 0.ko, 1.ko, … */
static void load_modules(void) {
  for (int i = 0;; i++) {
    char path[32];
    snprintf(path, sizeof path, "/modules/%d.ko", i);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) break;
    if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST) fail(path);
    close(fd);
  }
  write_text("/proc/sys/kernel/modules_disabled", "1");
}

/* The disk whose serial number is `name`, once it is there. */
static void find_disk(const char *name, char *path, size_t size) {
  for (int tries = 0; tries < 2000; tries++) {
    for (char letter = 'a'; letter <= 'd'; letter++) {
      char file[64], serial[32] = "";
      snprintf(file, sizeof file, "/sys/block/vd%c/serial", letter);
      int fd = open(file, O_RDONLY | O_CLOEXEC);
      if (fd < 0) continue;
      ssize_t length = read(fd, serial, sizeof serial - 1);
      close(fd);
      if (length <= 0) continue;
      serial[strcspn(serial, "\n")] = '\0';
      snprintf(path, size, "/dev/vd%c", letter);
      if (strcmp(serial, name) == 0 && access(path, F_OK) == 0) return;
    }
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  }
  errno = ENODEV;
  fail(name);
}

/* What no program may ask of this kernel again; the second only where this kernel has it. */
static void lock_kernel(void) {
  write_text("/proc/sys/user/max_user_namespaces", "0");
  write_text("/proc/sys/kernel/unprivileged_bpf_disabled", "2");
  write_text("/proc/sys/kernel/kptr_restrict", "2");
  write_text("/proc/sys/kernel/dmesg_restrict", "1");
  write_text("/proc/sys/vm/unprivileged_userfaultfd", "0");
  write_text("/proc/sys/kernel/core_pattern", "/dev/null");
  if (mount("securityfs", "/sys/kernel/security", "securityfs", 0, NULL) < 0) return;
  int fd = open("/sys/kernel/security/lockdown", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (write(fd, "confidentiality", 15) < 0) fail("lockdown");
  close(fd);
}

static void say_started(void) {
  int line = open("/dev/ttyS0", O_WRONLY | O_NOCTTY | O_CLOEXEC);
  if (line < 0 || write(line, "S", 1) != 1) fail("line");
  close(line);
}

int main(void) {
  static struct order order;
  static struct disks disks;
  umask(022);
  for (const char *const *folder = (const char *const[]){"/proc", "/sys", "/dev", NULL}; *folder; folder++)
    mkdir(*folder, 0755);
  must(mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, NULL), "dev");
  must(mount("proc", "/proc", "proc", 0, NULL), "proc");
  must(mount("sysfs", "/sys", "sysfs", 0, NULL), "sys");
  load_modules();
  find_disk("root", disks.root, sizeof disks.root);
  find_disk("input", disks.input, sizeof disks.input);
  find_disk("exchange", disks.exchange, sizeof disks.exchange);
  read_order(disks.exchange, &order);
  prepare_world(&disks, &order);
  make_group(&order);
  lock_kernel();
  int disk = open_exchange(disks.exchange);
  struct result *result = aligned_memory(BLOCK);
  memcpy(result->magic, "GBRESULT", 8);
  result->state = 1;
  write_blocks(disk, result, BLOCK, order.n.result_at);
  struct started started = start_program(&order);
  say_started();
  follow_program(&order, &started, disk, result);
  read_group(result);
  collect_outputs(&order, disk, result);
  result->state = 2;
  write_blocks(disk, result, BLOCK, order.n.result_at);
  must(fsync(disk), "flush");
  end_machine();
}
