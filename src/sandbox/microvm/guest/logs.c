/*
 * What the program prints, and its end. The first bytes of each stream are kept, the rest is thrown away and counted:
 * the program never waits for a log, and one that floods is ended. What is kept goes to the exchange disk at once, for
 * the host may end this machine at any moment.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The program is dead, but a pipe it left full is still to be read; nobody writes to it any more. */
#define LAST_READS 64
/* How often the kept logs are handed over while the program prints. */
#define FLUSH_MS 50

struct log {
  int fd;
  char *bytes;
  uint64_t kept, flushed, at;
};

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Bytes read; 0 at the end of the stream, or when it has nothing now. */
static size_t read_log(struct log *log, uint64_t cap, struct result *result) {
  static char buffer[65536];
  ssize_t got = read(log->fd, buffer, sizeof buffer);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (got <= 0) {
    close(log->fd);
    log->fd = -1;
    return 0;
  }
  uint64_t room = cap - log->kept;
  uint64_t part = (uint64_t)got < room ? (uint64_t)got : room;
  memcpy(log->bytes + log->kept, buffer, part);
  log->kept += part;
  if (part < (uint64_t)got) result->logs_truncated = 1;
  return (size_t)got;
}

static void flush_log(struct log *log, int disk) {
  if (log->flushed == log->kept) return;
  uint64_t from = log->flushed / BLOCK * BLOCK;
  uint64_t to = (log->kept + BLOCK - 1) / BLOCK * BLOCK;
  write_blocks(disk, log->bytes + from, to - from, log->at + from);
  log->flushed = log->kept;
}

static void flush(struct log logs[2], int disk, const struct order *order, struct result *result) {
  if (logs[0].flushed == logs[0].kept && logs[1].flushed == logs[1].kept) return;
  flush_log(&logs[0], disk);
  flush_log(&logs[1], disk);
  result->stdout_bytes = logs[0].kept;
  result->stderr_bytes = logs[1].kept;
  write_blocks(disk, result, BLOCK, order->n.result_at);
}

static struct log open_log(int fd, uint64_t cap, uint64_t at) {
  must(fcntl(fd, F_SETFL, O_NONBLOCK), "log");
  return (struct log){.fd = fd, .at = at, .bytes = aligned_memory((cap + BLOCK - 1) / BLOCK * BLOCK)};
}

/* Until the program's end, its time or its flood. */
static enum how follow(const struct order *order, struct log logs[2], int end, int disk, struct result *result) {
  uint64_t total = 0, flushed_at = 0;
  const uint64_t deadline = now_ms() + order->n.wall_ms;
  for (;;) {
    uint64_t now = now_ms();
    if (now >= deadline) return WALL;
    int pending = logs[0].flushed != logs[0].kept || logs[1].flushed != logs[1].kept;
    if (pending && now - flushed_at >= FLUSH_MS) {
      flush(logs, disk, order, result);
      flushed_at = now;
      pending = 0;
    }
    uint64_t wait_ms = deadline - now;
    if (pending && wait_ms > FLUSH_MS) wait_ms = FLUSH_MS;
    struct pollfd waits[3] = {{.fd = end, .events = POLLIN},
                              {.fd = logs[0].fd, .events = POLLIN},
                              {.fd = logs[1].fd, .events = POLLIN}};
    if (poll(waits, 3, wait_ms > 60000 ? 60000 : (int)wait_ms) < 0 && errno != EINTR) fail("poll");
    for (int i = 0; i < 2; i++)
      if (waits[i + 1].revents) total += read_log(&logs[i], order->n.log_cap, result);
    if (total > order->n.log_flood) return LOG;
    if (waits[0].revents) return BY_ITSELF;
  }
}

void follow_program(const struct order *order, struct started *started, int disk, struct result *result) {
  int status = 0;
  int end = (int)syscall(SYS_pidfd_open, started->pid, 0);
  must(end, "end");
  struct log logs[2] = {open_log(started->out, order->n.log_cap, order->n.stdout_at),
                        open_log(started->err, order->n.log_cap, order->n.stderr_at)};
  result->how = follow(order, logs, end, disk, result);
  if (result->how != BY_ITSELF) kill(started->pid, SIGKILL);
  while (waitpid(started->pid, &status, 0) < 0)
    if (errno != EINTR) fail("wait");
  for (int i = 0; i < 2; i++)
    for (int reads = 0; logs[i].fd >= 0 && reads < LAST_READS; reads++)
      if (read_log(&logs[i], order->n.log_cap, result) == 0) break;
  flush(logs, disk, order, result);
  result->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
