from attempts import attempt, in_child, report, results, syscall
import os, re
def reach(pid, mode):
    with open(f"/proc/{pid}/mem", mode, buffering=0) as memory, open(f"/proc/{pid}/maps") as maps:
        first = int(maps.readline().split("-")[0], 16)
        memory.seek(first)
        memory.read(4) if mode == "rb" else memory.write(b"\x7fELF")
# The container's init is the run's own; what the kernel keeps for it is not.
for name in ("stack", "mem", "map_files/0-1"):
    attempt(f"init's {name}", lambda: open(f"/proc/1/{name}", "rb").read(1) or (_ for _ in ()).throw(OSError(61, "empty")))
for path in ("/dev/mem", "/dev/kmem", "/dev/port", "/proc/kcore", "/dev/crash", "/proc/vmcore", "/dev/hugepages"):
    attempt(f"read {path}", lambda: open(path, "rb").read(1) or (_ for _ in ()).throw(OSError(61, "empty")))
for pid in ("2", "3", "7", "100", str(os.getppid() + 4000)):
    attempt(f"memory of {pid}", lambda: reach(pid, "rb") if pid != str(os.getpid()) else (_ for _ in ()).throw(OSError(3, "own")))
# Physical addresses, which row hammering and cache attacks want: zero without a capability.
def physical():
    with open("/proc/self/pagemap", "rb") as pagemap:
        pagemap.seek(id(results) // 4096 * 8)
        if int.from_bytes(pagemap.read(8), "little") & ((1 << 55) - 1) == 0:
            raise OSError(61, "hidden")
attempt("physical address", physical)
# Where the kernel lies.
own = open("/proc/self/stat").read().split()
results["address of a wait"] = "hidden" if own[34] in ("0", "1") else "done"
report()
