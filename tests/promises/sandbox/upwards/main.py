from attempts import attempt, report, results
import os
def same(a, b):
    return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)
root = os.stat("/")
for path in ["/" + "../" * n for n in (1, 8, 64, 1000)] + ["/data/" + "../" * 9, "/out/" + "../" * 9, "/work/" + "../" * 9, "/proc/self/root/" + "../" * 4, "/proc/1/cwd/" + "../" * 9, "/dev/fd/../../../.."]:
    try:
        results[path[:24] + str(len(path))] = "the same root" if same(os.stat(path), root) else "done"
    except OSError as error:
        results[path[:24] + str(len(path))] = error.strerror
# A folder moved away while one stands in it.
os.makedirs("/tmp/a/b/c")
os.chdir("/tmp/a/b/c")
os.rename("/tmp/a/b/c", "/out/c") if os.stat("/tmp").st_dev == os.stat("/out").st_dev and not os.path.exists("/out/c") and False else None
results["out of a moved folder"] = "the same root" if same(os.stat("../" * 30), root) else "done"
attempt("move a folder between binds", lambda: os.rename("/tmp/a/b/c", "/out/c"))
attempt("link a folder of the machine", lambda: (os.symlink("/root/.cache", "/tmp/l"), os.listdir("/tmp/l")))
attempt("another root", lambda: os.chroot("/tmp/a"))
attempt("old root of the runtime", lambda: os.listdir("/.pivot_root"))
attempt("docker's own folder", lambda: os.listdir("/var/lib/docker"))
attempt("home of root", lambda: open("/root/x", "w"))
report()
