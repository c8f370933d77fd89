import os
depth = 0
os.chdir("/out")
try:
    while True:
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
        depth += 1
except OSError:
    pass
print(depth > 3000)
