from attempts import attempt, report
import os
attempt("rename /out", lambda: os.rename("/out", "/tmp/out"))
attempt("remove /out", lambda: os.rmdir("/out"))
attempt("link in its place", lambda: os.symlink("/etc", "/out2"))
attempt("rename over it", lambda: os.rename("/tmp", "/out"))
open("/out/a.txt", "w").write("still here")
open("/out/b.txt", "w").write("locked")
os.chmod("/out/b.txt", 0)
os.chmod("/out", 0)
report()
