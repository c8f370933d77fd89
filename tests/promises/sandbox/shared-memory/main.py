import errno, mmap, os
size = 0
try:
    with open("/dev/shm/all", "wb", buffering=0) as f:
        while True:
            size += f.write(b"x" * (1 << 20))
except OSError as error:
    print(errno.errorcode[error.errno] in ("ENOSPC", "EFBIG"), size <= 64 << 20, flush=True)
blocks = []
while True:
    block = mmap.mmap(-1, 8 << 20)  # shared and anonymous: the kernel keeps it as a file
    block.write(b"x" * (8 << 20))
    blocks.append(block)
