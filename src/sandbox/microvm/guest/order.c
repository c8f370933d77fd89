/*
 * The order: "GBORDER1", the length of what follows (u64), then records of kind (u32), length (u32) and bytes.
 * Strings end in a NUL that their length counts.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 16, MOST = 8 * 1024 * 1024 };

static void put(char **list, int *count, int most, char *text) {
  if (*count >= most) {
    errno = E2BIG;
    fail("order");
  }
  list[(*count)++] = text;
}

static void take(struct order *order, int counts[4], uint32_t kind, char *bytes, uint32_t length) {
  switch (kind) {
    case 'n':
      if (length == sizeof order->n) memcpy(&order->n, bytes, length);
      break;
    case 'a': put(order->argv, &counts[0], MAX_WORDS, bytes); break;
    case 'e': put(order->env, &counts[1], MAX_WORDS, bytes); break;
    case 'o': put(order->outputs, &order->outputs_count, MAX_OUTPUTS, bytes); break;
    case 'm': put(order->masked, &counts[2], MAX_PATHS - 1, bytes); break;
    case 'r': put(order->read_only, &counts[3], MAX_PATHS - 1, bytes); break;
    case 'h': order->hosts = bytes; break;
    case 'f':
      order->filter = bytes;
      order->filter_bytes = length;
      break;
    default: errno = EINVAL; fail("order");
  }
}

static void read_all(int fd, char *to, size_t bytes) {
  while (bytes > 0) {
    ssize_t got = read(fd, to, bytes);
    if (got <= 0) fail("order");
    to += got;
    bytes -= (size_t)got;
  }
}

void read_order(const char *disk, struct order *order) {
  int fd = open(disk, O_RDONLY | O_CLOEXEC);
  char head[HEAD];
  uint64_t length;
  int counts[4] = {0};
  if (fd < 0) fail("order");
  read_all(fd, head, HEAD);
  memcpy(&length, head + 8, sizeof length);
  if (memcmp(head, "GBORDER1", 8) != 0 || length > MOST) {
    errno = EINVAL;
    fail("order");
  }
  char *text = malloc(length);
  if (!text) fail("order");
  read_all(fd, text, length);
  close(fd);
  for (size_t at = 0; at + 8 <= length;) {
    uint32_t kind, bytes;
    memcpy(&kind, text + at, 4);
    memcpy(&bytes, text + at + 4, 4);
    at += 8;
    if (bytes > length - at) fail("order");
    take(order, counts, kind, text + at, bytes);
    at += bytes;
  }
  if (counts[0] == 0 || !order->filter || !order->hosts || order->n.memory_bytes == 0) {
    errno = EINVAL;
    fail("order");
  }
}
