from attempts import report, results
import os, time
SECRET = b"neighbour-" + b"secret"
end = time.monotonic() + 2
found, looked = [], 0
def search(path):
    global looked
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        looked += 1
        if SECRET in os.read(handle, 1 << 16):
            found.append(path)
    except OSError:
        pass
    finally:
        os.close(handle)
while time.monotonic() < end:
    for place in ("/data", "/out", "/tmp", "/dev/shm", "/work", "/run", "/var", "/proc/1/root/data", "/proc/1/root/tmp", "/proc/self/cwd/../data", "/mnt", "/media", "/etc"):
        for top, _, files in os.walk(place):
            for name in files:
                search(os.path.join(top, name))
    for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
        for name in ("environ", "cmdline", "cwd/rows.csv", "root/data/rows.csv"):
            search(f"/proc/{pid}/{name}")
    for handle in range(256):
        search(f"/proc/self/fd/{handle}")
results["secrets found"] = "none" if not found else "done"
results["files looked at"] = "enough" if looked > 200 else "done"
results["mounts of others"] = "none" if "neighbour" not in open("/proc/self/mountinfo").read() else "done"
report()
