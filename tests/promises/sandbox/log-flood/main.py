import sys
for _ in range(20 * 1024):
    sys.stdout.write("o" * 1023 + "\n")
    sys.stderr.write("e" * 511 + "\n")
