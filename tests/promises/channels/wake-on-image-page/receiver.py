import ctypes, mmap, os, time
from slots import receive
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
word = libc.mmap(None, 4096, 1, 1, os.open("/usr/bin/env", os.O_RDONLY), 0)
value = ctypes.c_uint.from_address(word).value
FUTEX = {"x86_64": 202, "aarch64": 98}[os.uname().machine]
class Time(ctypes.Structure):
    _fields_ = [("s", ctypes.c_long), ("ns", ctypes.c_long)]
def woken(end):
    times = 0
    while (left := end - time.time()) > 0:
        if libc.syscall(ctypes.c_long(FUTEX), ctypes.c_void_p(word), 0, value, ctypes.byref(Time(0, int(min(left, 0.9) * 1e9))), None, 0) == 0:
            times += 1
    return times
receive(woken)
