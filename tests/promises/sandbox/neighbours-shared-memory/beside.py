import os, time
from multiprocessing import shared_memory
own = shared_memory.SharedMemory("neighbour", create=True, size=64)
own.buf[:6] = b"secret"
open("/dev/shm/sem.neighbour", "w").close()
time.sleep(2.5)
whole = bytes(own.buf[:6]) == b"secret"
own.close()
own.unlink()
print("unharmed" if whole else "changed")
