import os
n = 0
while True:
    with open(f"/tmp/{n}", "wb") as f:
        f.write(os.urandom(1 << 20))
    n += 1
