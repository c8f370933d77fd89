import glob
from slots import receive, rest


def seconds_idle():
    """Of all processors, by whatever tells it."""
    value = 0.0
    try:
        value += float(open("/proc/uptime").read().split()[1])
    except (OSError, IndexError):
        pass
    for path in glob.glob("/sys/devices/system/cpu/cpu*/cpuidle/state*/time"):
        value += int(open(path).read()) / 1e6
    try:
        value += int(open("/proc/stat").readline().split()[4]) / 100
    except (OSError, IndexError):
        pass
    return value


last = seconds_idle()


def grown(end):
    global last
    rest(end)
    now = seconds_idle()
    by, last = now - last, now
    return by


receive(grown)
