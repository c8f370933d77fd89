import os, time
# Four processes that want a processor each, on a run that has one half.
began = time.monotonic()
children = []
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        while time.monotonic() - began < 2:
            pass
        os._exit(0)
    children.append(pid)
used = 0.0
for _ in children:
    used += (lambda r: r.ru_utime + r.ru_stime)(os.wait3(0)[2])
print("shared" if used < 1.6 else f"took {used}")
