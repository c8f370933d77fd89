from attempts import attempt, in_child, report, results, syscall
import os, signal
own = {p for p in os.listdir("/proc") if p.isdigit()}
results["processes of others"] = "none" if len(own) <= 3 else "done"
def read(path, size=64):
    with open(path, "rb") as f:
        if not f.read(size):
            raise OSError(61, "empty")
for path in ["/proc/kcore", "/proc/kallsyms", "/proc/kmsg", "/proc/keys", "/proc/key-users", "/proc/stat", "/proc/loadavg", "/proc/diskstats", "/proc/interrupts", "/proc/softirqs", "/proc/vmstat", "/proc/zoneinfo", "/proc/buddyinfo", "/proc/modules", "/proc/cmdline", "/proc/config.gz", "/proc/iomem", "/proc/partitions", "/proc/timer_list", "/proc/sched_debug", "/proc/locks", "/proc/pressure/cpu", "/sys/kernel/notes", "/sys/class/dmi/id/product_uuid", "/sys/class/net/lo/address", "/sys/block/vda/stat", "/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/fuse", "/dev/kvm", "/dev/net/tun", "/etc/resolv.conf", "/etc/shadow"]:
    attempt("read " + path, lambda: read(path))
victim = os.fork()
if victim == 0:
    signal.pause()
in_child("ptrace attach", lambda: syscall("ptrace", 16, victim, 0, 0))
in_child("ptrace seize", lambda: syscall("ptrace", 0x4206, victim, 0, 0))
in_child("be traced", lambda: syscall("ptrace", 0, 0, 0, 0))
in_child("process_vm_readv", lambda: syscall("process_vm_readv", victim, 0, 0, 0, 0, 0))
in_child("pidfd_getfd", lambda: syscall("pidfd_getfd", os.pidfd_open(victim), 0, 0))
in_child("kcmp", lambda: syscall("kcmp", os.getpid(), victim, 1, 0, 0))
in_child("descend into another root", lambda: os.chroot("/tmp"))
os.kill(victim, signal.SIGKILL)
results["names of the machine"] = "none" if os.uname().nodename == "glovebox" else "done"
leak = [v for k, v in os.environ.items() if k.startswith(("AWS", "GOOGLE", "DOCKER", "REDIS", "NODE", "NPM"))]
results["variables of the node"] = "none" if not leak else "done"
report()
