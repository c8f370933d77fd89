/**
 * The system calls that confined code may make: an allow-list, one for containers and for the node's own
 * confined processes, written as a table with a reason a line.
 *
 * Rules. What is not listed is refused (EPERM), and what is newer than the table does not exist (ENOSYS), so that
 * libraries fall back. No call that makes or enters a namespace, mounts, traces, loads code into the kernel, sees
 * what the page cache holds, sets a clock, or opens a socket of another family than AF_UNIX may ever be listed.
 * Other ABIs of the same machine (i386, x32, arm) are killed. docs/isolation names the attack that each closes.
 */

/** Compares one argument of a call, as 64 bits. */
export type ArgumentTest =
  | { index: number; oneOf: readonly number[] }
  /** All bits of the mask must be zero; the mask fits 32 bits. */
  | { index: number; noneOf: number };

export interface SyscallRule {
  calls: readonly string[];
  why: string;
  when?: ArgumentTest;
}

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. NEWTIME exists in clone3 and unshare only. */
export const NAMESPACE_FLAGS = 0x7e020000;
const AF_UNIX = 1;

const words = (list: string): readonly string[] => list.trim().split(/\s+/);

export const ALLOWED: readonly SyscallRule[] = [
  {
    why: "files: open, read, write",
    calls:
      words(`open openat openat2 creat close close_range read write pread64 pwrite64 readv writev preadv pwritev
      lseek dup dup2 dup3 fcntl flock ftruncate truncate fallocate fsync fdatasync sync_file_range readahead
      sendfile copy_file_range pipe pipe2 ioctl`),
  },
  {
    why: "files: advice, but not to throw away what others have read (POSIX_FADV_DONTNEED, NOREUSE)",
    calls: ["fadvise64"],
    when: { index: 3, oneOf: [0, 1, 2, 3] },
  },
  {
    why: "files: names, folders, metadata",
    calls:
      words(`stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2 getdents getdents64
      mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat readlink readlinkat
      chmod fchmod fchmodat umask utime utimes utimensat futimesat getcwd chdir fchdir
      getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr`),
  },
  {
    why: "memory of one's own",
    calls: words("mmap munmap mprotect mremap madvise msync brk membarrier"),
  },
  {
    why: "processes and threads of one's own",
    calls:
      words(`fork vfork execve execveat exit exit_group wait4 waitid kill tkill tgkill pidfd_open pidfd_send_signal
      getpid getppid gettid getpgid getpgrp getsid setpgid setsid set_tid_address set_robust_list get_robust_list rseq
      arch_prctl prctl getpriority setpriority sched_yield sched_getaffinity sched_setaffinity sched_getparam
      sched_getscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval sched_getattr
      getrlimit setrlimit prlimit64 getrusage times getcpu sysinfo uname restart_syscall`),
  },
  {
    why: "threads and children, in the namespaces they are in",
    calls: ["clone"],
    when: { index: 0, noneOf: NAMESPACE_FLAGS },
  },
  {
    why: "who am I",
    calls: words("getuid geteuid getgid getegid getresuid getresgid getgroups capget"),
  },
  {
    why: "signals, timers, waiting",
    calls:
      words(`rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_sigsuspend
      rt_tgsigqueueinfo sigaltstack pause alarm getitimer setitimer nanosleep clock_nanosleep clock_gettime clock_getres
      gettimeofday time timer_create timer_delete timer_gettime timer_settime timer_getoverrun timerfd_create
      timerfd_gettime timerfd_settime futex futex_waitv poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl
      epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4`),
  },
  { why: "randomness", calls: ["getrandom"] },
  {
    why: "sockets between one's own processes: multiprocessing, event loops",
    calls: ["socket", "socketpair"],
    when: { index: 0, oneOf: [AF_UNIX] },
  },
  {
    why: "use of such a socket: without one of another family there is nothing else to use them on",
    calls:
      words(`bind connect listen accept accept4 getsockname getpeername getsockopt setsockopt shutdown sendto
      recvfrom sendmsg recvmsg sendmmsg recvmmsg`),
  },
  {
    why: "asking for the execution domain, which runtimes do; not changing it (that turns address randomisation off)",
    calls: ["personality"],
    when: { index: 0, oneOf: [0, 0xffffffff] },
  },
];

/** The node's own confined processes begin as root in an empty world, to become nobody before any program starts. */
export const BECOME_NOBODY: SyscallRule = {
  why: "dropping the last privileges; without a capability these change nothing",
  calls: words("setresuid setresgid setgroups setuid setgid capset"),
};

/** A hypervisor narrows its own calls further; without a listener, a filter can do nothing else. */
export const NARROW_ITSELF: SyscallRule = {
  why: "filters of one's own: none, or for all threads at once; never one that another process answers for",
  calls: ["seccomp"],
  when: { index: 1, oneOf: [0, 1] },
};

/** Refused as if the kernel had never heard of them, because libraries then take another way. */
export const UNKNOWN: SyscallRule = {
  why: "clone3 hides its flags from filters; io_uring goes round them; the rest has fallbacks",
  calls: words(`clone3 io_uring_setup io_uring_enter io_uring_register preadv2 pwritev2 splice tee vmsplice
    landlock_create_ruleset memfd_create mlock2 pkey_alloc pkey_free pkey_mprotect`),
};

/** What the allow-list leaves out on purpose, for readers and for the tests that try each. */
export const REFUSED: readonly SyscallRule[] = [
  {
    why: "namespaces: a way to capabilities over kernel code that expects root",
    calls: words("unshare setns"),
  },
  {
    why: "mounts and roots",
    calls:
      words(`mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr
      swapon swapoff quotactl`),
  },
  {
    why: "other processes' memory",
    calls: words(
      "ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd perf_event_open lookup_dcookie",
    ),
  },
  {
    why: "programs in the kernel",
    calls: words("bpf init_module finit_module delete_module kexec_load kexec_file_load userfaultfd"),
  },
  { why: "keyrings are not namespaced", calls: words("keyctl add_key request_key") },
  {
    why: "the machine",
    calls: words(`reboot acct syslog iopl ioperm modify_ldt settimeofday clock_settime clock_adjtime adjtimex
      sethostname setdomainname vhangup nfsservctl uselib ustat sysfs`),
  },
  {
    why: "file handles go round mounts, fanotify watches others",
    calls: words(
      "open_by_handle_at name_to_handle_at fanotify_init fanotify_mark inotify_init inotify_init1",
    ),
  },
  { why: "device nodes, FIFOs", calls: words("mknod mknodat") },
  {
    why: "what others read or wrote shows in the page cache and in a flush of all disks",
    calls: words("mincore sync syncfs"),
  },
  {
    why: "memory placement and locks, shared queues: not needed, often flawed",
    calls: words(`mbind move_pages migrate_pages set_mempolicy mlock mlockall remap_file_pages memfd_secret
      shmget shmat semget semop msgget msgsnd msgrcv mq_open mq_unlink`),
  },
  { why: "a filter of one's own, with a listener", calls: words("seccomp") },
];

export const EPERM = 1;
export const ENOSYS = 38;

/** The whole list for one use. */
export function allowedRules(use: "container" | "confinement" | "hypervisor"): readonly SyscallRule[] {
  if (use === "container") return ALLOWED;
  return use === "confinement" ? [...ALLOWED, BECOME_NOBODY] : [...ALLOWED, BECOME_NOBODY, NARROW_ITSELF];
}
