/* Given to every hostile program in C: tries things, and prints what came of each as one JSON object, as attempts.py. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "numbers.h" /* of this machine: NR_<call>, -1 where it has none; ALLOWED[], FIRST_UNKNOWN */

static int attempts_so_far;

static void record(const char *name, const char *result) {
  printf("%s\"%s\":\"%s\"", attempts_so_far++ ? "," : "{", name, result);
}

/* What a call returned: "done", or the name of its error. */
static void attempt(const char *name, long value) {
  const char *error = value == -1 ? strerrorname_np(errno) : "done";
  record(name, error ? error : "unnamed");
}

static void report(void) {
  printf("%s}\n", attempts_so_far ? "" : "{");
  fflush(stdout);
}

/* As attempt, in a process of its own: for what would end or change this one. */
static void in_child(const char *name, long (*action)(long), long argument) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    alarm(2);
    long value = action(argument);
    int code = value == -1 ? errno : 0;
    _exit(code > 254 ? 254 : code);
  }
  int status = 0;
  while (waitpid(child, &status, 0) == -1 && errno == EINTR)
    ;
  if (WIFSIGNALED(status)) {
    record(name, WTERMSIG(status) == SIGALRM ? "done" : "killed");
    return;
  }
  errno = WEXITSTATUS(status);
  attempt(name, errno ? -1 : 0);
}

static long call(long number, long a, long b, long c, long d, long e) {
  if (number < 0) {
    errno = ENOSYS;
    return -1;
  }
  return syscall(number, a, b, c, d, e, 0);
}
