from attempts import attempt, report
import os
def write(path):
    with open(path, "w") as f:
        f.write("x")
PLACES = ["/", "/bin", "/usr", "/usr/lib", "/usr/local/bin", "/etc", "/var", "/var/tmp", "/run", "/root", "/home", "/opt", "/data", "/work", "/dev", "/sys", "/sys/fs/cgroup", "/proc", "/mnt", "/srv", "/media", "/boot", "/lib"]
for place in PLACES:
    attempt("new file in " + place, lambda: write(os.path.join(place, "glovebox-test")))
for path in ["/etc/passwd", "/etc/ld.so.preload", "/etc/hosts", "/etc/resolv.conf", "/data/rows.csv", "/work/main.py", "/usr/bin/python3", "/.dockerenv", "/usr/sbin/docker-init"]:
    attempt("write " + path, lambda: write(path))
    attempt("remove " + path, lambda: os.unlink(path))
    attempt("open up " + path, lambda: os.chmod(path, 0o777))
for path in ["kernel/core_pattern", "kernel/modprobe", "kernel/hostname", "kernel/sysrq", "vm/overcommit_memory", "vm/drop_caches", "net/ipv4/ip_forward", "fs/binfmt_misc/register", "kernel/ns_last_pid", "user/max_user_namespaces", "kernel/shmmax", "fs/mqueue/queues_max"]:
    attempt("sysctl " + path, lambda: write("/proc/sys/" + path))
for path in ["/proc/sysrq-trigger", "/sys/kernel/uevent_helper", "/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/cgroup.procs", "/sys/power/state", "/proc/self/attr/current"]:
    attempt("write " + path, lambda: write(path))
def protect(pid):
    file = os.open(f"/proc/{pid}/oom_score_adj", os.O_WRONLY)
    os.write(file, b"-1000")
attempt("never be the one to be killed", lambda: protect("self"))
attempt("protect init", lambda: protect(1))
report()
