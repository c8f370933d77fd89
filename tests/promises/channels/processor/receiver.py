import time
from slots import receive
def count(end):
    n = 0
    while time.time() < end:
        for _ in range(200):
            n += 1
    return n
receive(count)
