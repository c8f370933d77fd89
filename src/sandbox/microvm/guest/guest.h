/*
 * The guest's init: the first process of a microvm, static, the only program in its initial file system.
 *
 * Rules. It trusts the order, which the host wrote, and nothing that the program writes. The program's output is data:
 * it is bounded here, and the host bounds and checks it again, for a program may have broken this kernel. What fails
 * before the program begins ends the machine without a result, which the host takes for a failure of the platform.
 *
 * The exchange disk holds no file system: an order at its beginning, then one block of results, the two logs and the
 * outputs, at places that the order names. src/sandbox/microvm/exchange.ts is the other side: change both or neither.
 */
#ifndef GLOVEBOX_GUEST_H
#define GLOVEBOX_GUEST_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK 4096
#define MAX_WORDS 4096
/* The declared ones, and the file of claims. */
#define MAX_OUTPUTS 33
#define MAX_PATHS 256

struct numbers {
  uint64_t user, group, memory_bytes, pids, disk_bytes, disk_files, shm_bytes, cpu_permille, open_files, wall_ms;
  uint64_t log_cap, log_flood, max_output_bytes;
  uint64_t result_at, stdout_at, stderr_at, outputs_at, outputs_bytes;
};

struct order {
  struct numbers n;
  char *argv[MAX_WORDS + 1];
  char *env[MAX_WORDS + 1];
  char *outputs[MAX_OUTPUTS];
  char *masked[MAX_PATHS];
  char *read_only[MAX_PATHS];
  char *hosts;
  void *filter;
  size_t filter_bytes;
  int outputs_count;
};

enum how { BY_ITSELF = 0, WALL = 1, LOG = 2 };
enum refusal { KEPT = 0, MISSING = 1, NOT_A_FILE = 2, LINKED = 3, TOO_LARGE = 4, UNREADABLE = 5 };

/* All little-endian, as both sides are. */
struct result_file {
  uint32_t refusal, reserved;
  uint64_t at, bytes;
};
struct result {
  char magic[8];
  uint32_t state; /* 1 while the program runs, 2 when all below is final */
  uint32_t how;
  int32_t exit_code;
  uint32_t files_count;
  uint64_t oom_kills, pids_refused, memory_peak, disk_free_bytes, disk_free_files;
  uint64_t stdout_bytes, stderr_bytes, logs_truncated, undeclared;
  struct result_file files[MAX_OUTPUTS];
};

struct disks {
  char root[64], input[64], exchange[64];
};

/* init.c */
void fail(const char *what) __attribute__((noreturn));
void must(int result, const char *what);
void write_text(const char *path, const char *text);
void make_folders(const char *path);

/* order.c */
void read_order(const char *disk, struct order *order);

/* world.c: what the program sees. The first is done once, the second in the program's own namespaces. */
#define RUN_DISK "/run-disk"
void prepare_world(const struct disks *disks, const struct order *order);
void enter_world(const struct order *order);

/* cgroup.c */
void make_group(const struct order *order);
void join_group(int pid);
void read_group(struct result *result);

/* program.c: starts the program; returns its process, which is the first of its namespace. */
struct started {
  int pid, out, err;
};
struct started start_program(const struct order *order);

/* logs.c: reads to the program's end, or ends it. */
void follow_program(const struct order *order, struct started *started, int disk, struct result *result);

/* outputs.c */
void collect_outputs(const struct order *order, int disk, struct result *result);

/* disk.c: aligned, unbuffered writes. */
int open_exchange(const char *path);
void write_blocks(int disk, const void *aligned, size_t bytes, uint64_t at);
void *aligned_memory(size_t bytes);

#endif
