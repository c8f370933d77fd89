import fcntl, os
from slots import receive, rest
def count(end):
    rest(end - 0.02)
    value = 0
    for path in ("/proc/sys/fs/file-nr", "/proc/sys/fs/inode-nr", "/proc/sys/fs/dentry-state", "/proc/slabinfo"):
        try:
            value += int(open(path).read().split()[0])
        except (OSError, IndexError, ValueError):
            pass
    # By user: how large a pipe one may still have.
    a, b = os.pipe()
    try:
        value += fcntl.fcntl(b, 1031, 1 << 20) >> 12
    except OSError:
        pass
    os.close(a)
    os.close(b)
    rest(end)
    return value
receive(count)
