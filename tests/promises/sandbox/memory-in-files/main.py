import os
# /dev/shm and /out are memory: what lies there counts.
for path in ("/dev/shm/a", "/out/a", "/tmp/a"):
    try:
        with open(path, "wb", buffering=0) as f:
            while True:
                f.write(b"x" * (1 << 20))
    except OSError:
        print(path, os.path.getsize(path) <= 48 << 20, flush=True)
blocks = []
while True:
    blocks.append(bytearray(b"x") * (8 << 20))
