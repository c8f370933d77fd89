import fcntl, os, time
end = time.monotonic() + 3
file = os.open("/usr/bin/env", os.O_RDONLY)
while time.monotonic() < end:
    fcntl.flock(file, fcntl.LOCK_EX)
    time.sleep(0.1)
    fcntl.flock(file, fcntl.LOCK_UN)
    time.sleep(0.1)
print("unharmed")
