"""Runs /work/program, a static position-independent ELF, in this process: /work is mounted noexec, so the kernel
would not start it by name, and what cannot be forbidden is code that a program writes into its own memory."""
import ctypes
import mmap
import os
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
PAGE = mmap.PAGESIZE
# Sets the stack pointer to the first argument, clears the register of the exit handler, jumps to the second argument.
TRAMPOLINE = {"x86_64": "4889fc31d2ffe6", "aarch64": "1f000091000080d220001fd6"}[os.uname().machine]


def pages(size, protection=3):
    return libc.mmap(None, size, protection, 0x22, -1, 0)


def protect(address, size, protection):
    start = address & -PAGE
    if libc.mprotect(start, address + size - start, protection):
        raise OSError(ctypes.get_errno(), "mprotect")


image = open("/work/program", "rb").read()
entry, table = struct.unpack_from("<QQ", image, 24)
count = struct.unpack_from("<H", image, 56)[0]
headers = [struct.unpack_from("<IIQQQQQQ", image, table + 56 * i) for i in range(count)]
loads = [h for h in headers if h[0] == 1]
base = pages(max(h[3] + h[6] for h in loads) + PAGE)
for _, flags, offset, address, _, in_file, in_memory, _ in loads:
    ctypes.memmove(base + address, image[offset : offset + in_file], in_file)
for _, flags, _, address, _, _, in_memory, _ in loads:
    protect(base + address, in_memory, (flags & 4) >> 2 | flags & 2 | (flags & 1) << 2)

strings = [ctypes.create_string_buffer(text.encode()) for text in ["program", *sys.argv[1:]]]
vector = [v for v in struct.iter_unpack("<QQ", open("/proc/self/auxv", "rb").read()) if v[0] not in (0, 3, 4, 5, 7, 9)]
vector += [(3, base + table), (4, 56), (5, count), (7, 0), (9, base + entry), (0, 0)]
words = [len(strings), *map(ctypes.addressof, strings), 0, 0, *(word for pair in vector for word in pair)]
size = 8 << 20
stack = pages(size)
top = (stack + size - 8 * len(words) - 256) & -16
ctypes.memmove(top, struct.pack(f"<{len(words)}Q", *words), 8 * len(words))
code = pages(PAGE)
jump = bytes.fromhex(TRAMPOLINE)
ctypes.memmove(code, jump, len(jump))
protect(code, PAGE, 5)
sys.stdout.flush()
ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(code)(top, base + entry)
