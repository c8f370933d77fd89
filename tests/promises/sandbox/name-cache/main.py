import os
# Each lookup leaves a few hundred bytes in the kernel.
for n in range(400_000):
    try:
        os.stat(f"/out/{n:0200}")
    except OSError:
        pass
print("looked")
