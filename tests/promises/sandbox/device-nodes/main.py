from attempts import attempt, report, results
import os, stat
HARMLESS = {(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2)}  # null zero full random urandom tty ptmx
found = 0
for top, folders, files in os.walk("/"):
    if top.startswith(("/proc", "/sys")):
        folders[:] = []
        continue
    for name in files:
        path = os.path.join(top, name)
        mode = os.lstat(path)
        if stat.S_ISBLK(mode.st_mode) or stat.S_ISCHR(mode.st_mode):
            found += 1
            number = (os.major(mode.st_rdev), os.minor(mode.st_rdev))
            results[path] = "harmless" if stat.S_ISCHR(mode.st_mode) and number in HARMLESS else "done"
for name in ("sda", "vda", "nvme0n1", "loop-control", "loop0", "fuse", "kvm", "net/tun", "mapper/control", "mem", "port", "kmsg", "input/event0", "snd/seq", "dri/card0", "vsock", "vhost-net", "uinput", "cpu_dma_latency", "hpet", "rtc0", "watchdog", "bus/usb/001/001"):
    attempt("open " + name, lambda: open("/dev/" + name, "rb"))
for name in ("random", "urandom"):  # mixing in is free; adding to the count of entropy is root's
    import fcntl
    attempt("entropy by " + name, lambda: fcntl.ioctl(open("/dev/" + name, "wb"), 0x40045201, b"\xff\0\0\0"))
attempt("a name in /dev", lambda: os.mknod("/dev/sda", 0o60666, os.makedev(8, 0)))
attempt("a link in /dev", lambda: os.symlink("/tmp/x", "/dev/x"))
report()
