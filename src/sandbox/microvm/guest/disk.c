#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Unbuffered: what was written is with the host, whatever then becomes of this machine. */
int open_exchange(const char *path) {
  int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
  if (fd < 0) fail("exchange");
  return fd;
}

void write_blocks(int disk, const void *aligned, size_t bytes, uint64_t at) {
  const char *from = aligned;
  while (bytes > 0) {
    ssize_t written = pwrite(disk, from, bytes, (off_t)at);
    if (written <= 0) fail("write");
    from += written;
    at += (uint64_t)written;
    bytes -= (size_t)written;
  }
}

void *aligned_memory(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, BLOCK, bytes) != 0) {
    errno = ENOMEM;
    fail("memory");
  }
  memset(memory, 0, bytes);
  return memory;
}
