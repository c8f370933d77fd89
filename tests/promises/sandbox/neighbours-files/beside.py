import os, time
secret = open("/data/rows.csv").read()
for place in ("/out", "/tmp", "/dev/shm"):
    open(f"{place}/neighbour.txt", "w").write(secret)
held = open("/tmp/neighbour.txt")
time.sleep(2.5)
print("unharmed")
