import os, time
from slots import receive, rest
def number():
    most = 0
    for _ in range(4):
        a, b = os.pipe()
        most = max(most, os.fstat(a).st_ino)
        os.close(a)
        os.close(b)
    return most
last = number()
def grown(end):
    global last
    rest(end)
    now = number()
    by, last = now - last, now
    return by
receive(grown)
