# Leaves all that a program can leave, and a process that would not end.
import os, signal
for place in ("/tmp", "/out", "/dev/shm", "/var/tmp", "/run", "/work", "/data", "/etc", "/usr/lib/python3/dist-packages"):
    for name in ("left-behind", "sitecustomize.py", "usercustomize.py"):
        try:
            with open(f"{place}/{name}", "w") as f:
                f.write("left-behind")
        except OSError:
            pass
try:
    os.makedirs("/tmp/.config/matplotlib", exist_ok=True)
    os.symlink("/etc", "/tmp/.matplotlib")
except OSError:
    pass
if os.fork() == 0:
    os.setsid()
    signal.pause()
