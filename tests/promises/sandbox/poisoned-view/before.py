import ctypes, mmap, os
path = "/data/rows.csv"
def tries():
    yield lambda: open(path, "w").write("poison")
    yield lambda: os.chmod(path, 0o666)
    yield lambda: os.unlink(path)
    yield lambda: os.rename(path, "/data/other.csv")
    yield lambda: os.truncate(path, 0)
    yield lambda: os.link(path, "/data/second.csv")
    yield lambda: open("/data/more.csv", "w")
    yield lambda: mmap.mmap(os.open(path, os.O_RDONLY), 4, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    yield lambda: os.open("/proc/self/fd/%d" % os.open(path, os.O_RDONLY), os.O_WRONLY)
    yield lambda: os.posix_fallocate(os.open(path, os.O_RDONLY), 0, 9)
for attempt in tries():
    try:
        attempt()
    except (OSError, PermissionError, ValueError):
        pass
