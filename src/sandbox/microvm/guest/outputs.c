/*
 * The declared outputs of a dead program, copied to the exchange disk one after the other. The same rules as
 * src/sandbox/collect.ts: exact names in a folder held open, no link followed, regular files with one name.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define CHUNK (1024 * 1024)
#define MOST_COUNTED 100000

static enum refusal open_failure(int error) {
  if (error == ENOENT) return MISSING;
  return error == ELOOP || error == ENXIO || error == ENODEV ? NOT_A_FILE : UNREADABLE;
}

static enum refusal open_regular(int folder, const char *name, uint64_t most, int *fd, uint64_t *bytes) {
  struct stat file, top;
  *fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (*fd < 0) return open_failure(errno);
  if (fstat(*fd, &file) < 0 || fstat(folder, &top) < 0) return UNREADABLE;
  if (!S_ISREG(file.st_mode)) return NOT_A_FILE;
  if (file.st_nlink != 1 || file.st_dev != top.st_dev) return LINKED;
  if ((uint64_t)file.st_size > most) return TOO_LARGE;
  *bytes = (uint64_t)file.st_size;
  return KEPT;
}

/* Copies whole blocks; what follows a file in its last block is zero. */
static enum refusal copy(int fd, uint64_t bytes, int disk, uint64_t at, char *chunk) {
  while (bytes > 0) {
    size_t want = bytes < CHUNK ? (size_t)bytes : CHUNK, got = 0;
    while (got < want) {
      ssize_t part = read(fd, chunk + got, want - got);
      if (part <= 0) return UNREADABLE;
      got += (size_t)part;
    }
    size_t whole = (got + BLOCK - 1) / BLOCK * BLOCK;
    memset(chunk + got, 0, whole - got);
    write_blocks(disk, chunk, whole, at);
    at += whole;
    bytes -= got;
  }
  return KEPT;
}

static int declared(const struct order *order, const char *name) {
  for (int i = 0; i < order->outputs_count; i++)
    if (strcmp(order->outputs[i], name) == 0) return 1;
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static uint64_t count_undeclared(const struct order *order, int folder) {
  uint64_t count = 0;
  DIR *list = fdopendir(folder);
  if (!list) return 0;
  for (struct dirent *entry; (entry = readdir(list)) && count < MOST_COUNTED;)
    if (!declared(order, entry->d_name)) count++;
  closedir(list);
  return count;
}

void collect_outputs(const struct order *order, int disk, struct result *result) {
  struct statfs room;
  /* Fails where something still writes: then the program is not dead. */
  must(mount(NULL, RUN_DISK, NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "seal");
  must(statfs(RUN_DISK, &room), "seal");
  result->disk_free_bytes = (uint64_t)room.f_bavail * (uint64_t)room.f_bsize;
  result->disk_free_files = (uint64_t)room.f_ffree;
  int folder = open(RUN_DISK "/out", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  must(folder, "outputs");
  char *chunk = aligned_memory(CHUNK);
  uint64_t at = order->n.outputs_at;
  const uint64_t end = at + order->n.outputs_bytes;
  for (int i = 0; i < order->outputs_count; i++) {
    int fd = -1;
    uint64_t bytes = 0;
    enum refusal refusal = open_regular(folder, order->outputs[i], order->n.max_output_bytes, &fd, &bytes);
    const uint64_t whole = (bytes + BLOCK - 1) / BLOCK * BLOCK;
    if (refusal == KEPT && whole > end - at) refusal = TOO_LARGE;
    if (refusal == KEPT) refusal = copy(fd, bytes, disk, at, chunk);
    if (fd >= 0) close(fd);
    result->files[i] = (struct result_file){.refusal = refusal, .at = at, .bytes = bytes};
    if (refusal == KEPT) at += whole;
  }
  result->files_count = (uint32_t)order->outputs_count;
  result->undeclared = count_undeclared(order, folder);
}
