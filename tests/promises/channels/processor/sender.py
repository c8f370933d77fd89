import os
from slots import rest, send
import time
# As many processes as the machine has processors: the receiver must be slowed wherever it runs.
others = []
for _ in range((os.cpu_count() or 1) - 1):
    if os.fork() == 0:
        break
def spin(end):
    while time.time() < end:
        pass
send(spin, rest)
