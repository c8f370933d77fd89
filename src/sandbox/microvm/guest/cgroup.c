/* The run's control group: its memory, with its files in memory; its processes; its share of the processors. */
#include "guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP "/groups/run"
#define PERIOD_US 100000

static void set(const char *file, uint64_t value) {
  char path[64], text[32];
  snprintf(path, sizeof path, GROUP "/%s", file);
  snprintf(text, sizeof text, "%llu", (unsigned long long)value);
  write_text(path, text);
}

void make_group(const struct order *order) {
  char quota[64];
  mkdir("/groups", 0755);
  must(mount("cgroup2", "/groups", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "groups");
  write_text("/groups/cgroup.subtree_control", "+memory +pids +cpu");
  must(mkdir(GROUP, 0755), "group");
  set("memory.max", order->n.memory_bytes);
  set("pids.max", order->n.pids);
  snprintf(quota, sizeof quota, "%llu %d",
           (unsigned long long)order->n.cpu_permille * PERIOD_US / 1000, PERIOD_US);
  write_text(GROUP "/cpu.max", quota);
}

void join_group(int pid) { set("cgroup.procs", (uint64_t)pid); }

/* The number after `key` in a file of the group; with an empty key, the file's own number. */
static uint64_t count(const char *file, const char *key) {
  char path[64], text[1024] = "";
  snprintf(path, sizeof path, GROUP "/%s", file);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, text + 1, sizeof text - 2);
  close(fd);
  if (length <= 0) return 0;
  text[0] = '\n';
  char line[32];
  snprintf(line, sizeof line, "\n%s%s", key, *key ? " " : "");
  const char *found = strstr(text, line);
  return found ? strtoull(found + strlen(line), NULL, 10) : 0;
}

void read_group(struct result *result) {
  result->oom_kills = count("memory.events", "oom_kill");
  result->memory_peak = count("memory.peak", "");
  result->pids_refused = count("pids.events", "max");
}
