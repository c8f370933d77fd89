import os, time
from slots import rest, send
def make(end):
    while time.time() < end - 0.002:
        for _ in range(50):
            a, b = os.pipe()
            os.close(a)
            os.close(b)
    rest(end)
send(make, rest)
