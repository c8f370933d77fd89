/*
 * The program and the process above it, which is the first of a namespace of its own: it reaps, it withstands the
 * program's signals, and with its death the kernel ends all that is left. Both have the run's user and no right.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST_CAPABILITY 63

static void limit(int what, uint64_t value) {
  must(setrlimit(what, &(struct rlimit){.rlim_cur = value, .rlim_max = value}), "limit");
}

static void set_limits(const struct order *order) {
  /* As in a container, where 0 would let a program that the kernel names have the core; 1 is too little for any. */
  limit(RLIMIT_CORE, 1);
  limit(RLIMIT_NOFILE, order->n.open_files);
  limit(RLIMIT_FSIZE, order->n.disk_bytes);
  limit(RLIMIT_MEMLOCK, 0);
  limit(RLIMIT_MSGQUEUE, 0);
  limit(RLIMIT_RTPRIO, 0);
  limit(RLIMIT_NICE, 0);
  /* The control group counts processes; this counts those of the user, which are the same. */
  limit(RLIMIT_NPROC, RLIM_INFINITY);
}

static void become_user(const struct order *order) {
  for (int capability = 0; capability <= LAST_CAPABILITY; capability++)
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EINVAL) fail("bounding set");
  must(setgroups(0, NULL), "groups");
  must(setresgid((gid_t)order->n.group, (gid_t)order->n.group, (gid_t)order->n.group), "group");
  must(setresuid((uid_t)order->n.user, (uid_t)order->n.user, (uid_t)order->n.user), "user");
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges");
  must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "dumpable");
}

static void set_filter(const struct order *order) {
  struct sock_fprog filter = {
      .len = (unsigned short)(order->filter_bytes / sizeof(struct sock_filter)),
      .filter = order->filter,
  };
  must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0), "filter");
}

static void run_program(const struct order *order) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  set_filter(order);
  execvpe(order->argv[0], order->argv, order->env);
  dprintf(2, "glovebox: the program cannot be started: %s\n", strerror(errno));
  _exit(errno == ENOENT ? 127 : 126);
}

/* Ends as the program ends: its code, or 128 + signal. */
static void reap(int program) {
  for (;;) {
    int status;
    int pid = wait(&status);
    if (pid < 0 && errno != EINTR) _exit(125);
    if (pid == program) _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
}

static void first_process(const struct order *order, int ready, int out, int err) {
  char byte;
  if (read(ready, &byte, 1) != 1) fail("ready");
  /* Only now: the group that it is in becomes the root of what it sees. */
  must(unshare(CLONE_NEWCGROUP), "group namespace");
  must(sethostname("glovebox", 8), "host name");
  must(setdomainname("", 0), "domain name");
  enter_world(order);
  int null = open("/dev/null", O_RDONLY);
  if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) fail("handles");
  must((int)syscall(SYS_close_range, 3U, ~0U, 0U), "handles");
  set_limits(order);
  write_text("/proc/self/oom_score_adj", "0");
  become_user(order);
  int program = fork();
  must(program, "fork");
  if (program == 0) run_program(order);
  /* The logs end with the program, not with this process. */
  close(1);
  close(2);
  set_filter(order);
  reap(program);
}

struct started start_program(const struct order *order) {
  int out[2], err[2], ready[2];
  must(pipe2(out, O_CLOEXEC), "pipe");
  must(pipe2(err, O_CLOEXEC), "pipe");
  must(pipe2(ready, O_CLOEXEC), "pipe");
  const long spaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET;
  int pid = (int)syscall(SYS_clone, spaces | SIGCHLD, NULL, NULL, NULL, NULL);
  must(pid, "clone");
  if (pid == 0) first_process(order, ready[0], out[1], err[1]);
  join_group(pid);
  if (write(ready[1], "g", 1) != 1) fail("ready");
  for (int *fd = (int[]){out[1], err[1], ready[0], ready[1], -1}; *fd >= 0; fd++) close(*fd);
  return (struct started){.pid = pid, .out = out[0], .err = err[0]};
}
