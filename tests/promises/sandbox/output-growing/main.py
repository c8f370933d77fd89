import os, time
# Leaves its session and writes as fast as it can while the program ends.
reader, writer = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        with open("/out/growing.bin", "wb", buffering=0) as f:
            os.write(writer, b"x")
            for _ in range(12 << 8):
                f.write(b"0123456789abcdef" * 256)
                if _ > 64:
                    time.sleep(0.0005)
    os._exit(0)
os.read(reader, 1)
time.sleep(0.1)
