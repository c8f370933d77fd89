import os
from slots import rest, send
def hold(end):
    held = [os.pipe() for _ in range(400)]
    rest(end)
    for a, b in held:
        os.close(a)
        os.close(b)
send(hold, rest)
