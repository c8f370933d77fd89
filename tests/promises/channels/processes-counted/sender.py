import os, signal
from slots import rest, send
def many(end):
    children = []
    for _ in range(16):
        pid = os.fork()
        if pid == 0:
            signal.pause()
        children.append(pid)
    rest(end - 0.02)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    for pid in children:
        os.waitpid(pid, 0)
    rest(end)
send(many, rest)
