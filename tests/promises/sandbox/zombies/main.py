import os, time

# Far more orphans than the process limit: somebody must bury them. On a busy machine that may take a moment.
PATIENCE_S = 20


def fork():
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return os.fork()
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


for _ in range(300):
    pid = fork()
    if pid == 0:
        if fork() == 0:
            os._exit(0)
        os._exit(0)
    os.waitpid(pid, 0)
print("buried")
