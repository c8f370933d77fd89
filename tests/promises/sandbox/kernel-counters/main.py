from attempts import attempt, report, results
import glob, os
def read(path):
    if os.path.isdir(path):
        if not os.listdir(path):
            raise OSError(61, "empty")
        return
    with open(path, "rb") as f:
        if not f.read(64).strip():
            raise OSError(61, "empty")
COUNTERS = ["/proc/uptime", "/proc/loadavg", "/proc/stat", "/proc/cgroups", "/proc/vmstat", "/proc/slabinfo", "/proc/pagetypeinfo", "/proc/buddyinfo",
    "/proc/sys/fs/file-nr", "/proc/sys/fs/inode-nr", "/proc/sys/fs/inode-state", "/proc/sys/fs/dentry-state", "/proc/sys/fs/aio-nr",
    "/proc/sys/kernel/pty/nr", "/proc/sys/kernel/random/entropy_avail", "/proc/sys/kernel/random/boot_id", "/proc/key-users",
    "/proc/softirqs", "/proc/interrupts", "/proc/schedstat", "/proc/diskstats", "/proc/locks", "/proc/pressure/cpu", "/proc/pressure/memory", "/proc/pressure/io",
    "/sys/devices/system/node/node0/meminfo", "/sys/devices/system/node/node0/numastat", "/sys/devices/system/node/node0/vmstat",
    "/sys/devices/system/cpu/cpufreq", "/sys/devices/system/cpu/cpuidle", "/sys/class/thermal", "/sys/class/powercap", "/sys/class/hwmon",
    "/sys/fs/cgroup/cpu.pressure", "/sys/fs/cgroup/memory.pressure", "/sys/fs/ext4", "/proc/driver", "/proc/consoles"]
for path in COUNTERS:
    attempt(path, lambda: read(path))
for path in glob.glob("/sys/devices/system/cpu/cpu*/cpuidle") + glob.glob("/sys/devices/system/cpu/cpu*/cpufreq") + glob.glob("/sys/devices/system/cpu/cpu*/thermal_throttle"):
    attempt(path, lambda: read(path))
report()
