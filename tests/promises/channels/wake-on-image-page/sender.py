import ctypes, mmap, os, time
from slots import rest, send
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
word = libc.mmap(None, 4096, 1, 1, os.open("/usr/bin/env", os.O_RDONLY), 0)
FUTEX = {"x86_64": 202, "aarch64": 98}[os.uname().machine]
def wake(end):
    while time.time() < end - 0.001:
        libc.syscall(ctypes.c_long(FUTEX), ctypes.c_void_p(word), 1, 100, None, None, 0)
        time.sleep(0.0005)
    rest(end)
send(wake, rest)
