from attempts import report, results
import os
for place in ("/tmp", "/out", "/dev/shm", "/var/tmp", "/run", "/dev/mqueue"):
    try:
        names = set(os.listdir(place)) - {".matplotlib", "lock", "mount"}
    except OSError:
        names = set()
    results["in " + place] = "none" if not names else "done"
marked = 0
for top, folders, files in os.walk("/"):
    if top.startswith(("/proc", "/sys")):
        folders[:] = []
        continue
    marked += "left-behind" in files
results["files marked"] = "none" if not marked else "done"
results["processes"] = "own" if len([p for p in os.listdir("/proc") if p.isdigit()]) <= 2 else "done"
results["matplotlib"] = "own" if not os.path.islink("/tmp/.matplotlib") else "done"
results["shared memory"] = "none" if not os.path.exists("/proc/sysvipc/shm") or len(open("/proc/sysvipc/shm").read().strip().split("\n")) == 1 else "done"
report()
