from attempts import attempt, report, results
import os, time
from multiprocessing import shared_memory
end = time.monotonic() + 2
turn = 0
while time.monotonic() < end:
    turn += 1
    attempt(f"by name {turn % 20}", lambda: shared_memory.SharedMemory("neighbour"))
    attempt(f"by file {turn % 20}", lambda: os.stat("/dev/shm/neighbour"))
    attempt(f"semaphore {turn % 20}", lambda: os.stat("/dev/shm/sem.neighbour"))
    attempt(f"queue {turn % 20}", lambda: os.stat("/dev/mqueue/neighbour"))
    for kind in ("shm", "sem", "msg"):
        path = f"/proc/sysvipc/{kind}"
        rows = open(path).read().strip().split("\n") if os.path.exists(path) else []
        results[f"system v {kind}"] = "none" if len(rows) <= 1 else "done"
    time.sleep(0.02)
report()
