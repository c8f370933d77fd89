from attempts import attempt, report, results
import os
found = 0
for top, folders, files in os.walk("/"):
    if top.startswith(("/proc", "/sys")):
        folders[:] = []
        continue
    for name in files:
        try:
            if b"security.capability" in [a.encode() for a in os.listxattr(os.path.join(top, name), follow_symlinks=False)]:
                found += 1
        except OSError:
            pass
results["capabilities in the image"] = "none" if found == 0 else "done"
open("/tmp/program", "w").close()
CAPABLE = bytes.fromhex("0100000200002000" + "00" * 12)
for name in ("security.capability", "trusted.overlay.opaque", "security.selinux", "system.posix_acl_access", "user.note"):
    attempt("set " + name, lambda: os.setxattr("/tmp/program", name, CAPABLE))
attempt("owner", lambda: os.chown("/tmp/program", 0, 0))
attempt("group", lambda: os.chown("/tmp/program", -1, 0))
attempt("setgid folder of root", lambda: os.chmod("/usr", 0o2777))
attempt("a privileged program kept", lambda: (os.chmod("/tmp/program", 0o6755), os.execv("/tmp/program", ["x"])))
report()
