import os
block = b"x" * (1 << 16)
while True:
    os.write(1, block)
