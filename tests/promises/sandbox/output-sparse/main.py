from attempts import attempt, report
import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def hole(name, size):
    with open("/out/" + name, "wb") as f:
        f.truncate(size)
attempt("terabyte", lambda: hole("terabyte.bin", 1 << 40))
attempt("past the disk", lambda: hole("past.bin", (16 << 20) + 1))
hole("within.bin", 6 << 20)
hole("above.bin", 10 << 20)
report()
