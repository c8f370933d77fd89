import time
from slots import receive
def now():
    with open("/proc/meminfo") as f:
        f.readline()
        return int(f.readline().split()[1])
def fallen(end):
    first = now()
    least = first
    while time.time() < end:
        least = min(least, now())
        time.sleep(0.003)
    return least - first
receive(fallen)
