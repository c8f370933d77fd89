import os, sys, time
# Leaves its session, its parent and its name, and writes on after the program has ended.
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        with open("/out/diary.txt", "w", buffering=1) as f:
            for n in range(100_000):
                f.write(f"{n}\n")
                time.sleep(0.01)
    os._exit(0)
time.sleep(0.2)
