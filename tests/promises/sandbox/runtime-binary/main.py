from attempts import attempt, in_child, report, results
import os
# CVE-2019-5736: whoever is started in the container is, for a moment, the runtime's file, open at /proc/<pid>/exe.
for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
    who = {"1": "init", str(os.getpid()): "own"}.get(pid, "other")
    attempt(f"write {who} exe", lambda: os.open(f"/proc/{pid}/exe", os.O_WRONLY))
    attempt(f"cut {who} exe", lambda: os.open(f"/proc/{pid}/exe", os.O_WRONLY | os.O_TRUNC))
for path in ("/sbin/docker-init", "/usr/sbin/docker-init", "/dev/init"):
    if os.path.exists(path):
        attempt("write " + path, lambda: os.open(path, os.O_WRONLY))
        attempt("replace " + path, lambda: os.rename("/work/main.py", path))
# An interpreter line that names the starter itself.
with open("/tmp/trap", "w") as f:
    f.write("#!/proc/self/exe\n")
os.chmod("/tmp/trap", 0o755)
in_child("a trap by interpreter line", lambda: os.execv("/tmp/trap", ["trap"]))
attempt("a trap in the path", lambda: os.symlink("/proc/self/exe", "/usr/local/bin/runc"))
attempt("a library in its path", lambda: open("/usr/lib/libseccomp.so.2", "wb"))
attempt("a plug-in of the C library", lambda: open("/etc/nsswitch.conf", "wb"))
report()
