import ctypes, time
from slots import receive
libc = ctypes.CDLL(None)
buffer = (ctypes.c_ulong * 64)()
def most(end):
    found = 0
    while time.time() < end:
        libc.sysinfo(buffer)
        found = max(found, buffer[10] & 0xFFFF)
        time.sleep(0.002)
    return found
receive(most)
