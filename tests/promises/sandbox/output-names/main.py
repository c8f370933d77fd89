import os
names = [
    b"report.csv\n", b"Report.csv", b"report.csv ", b"report.CSV", b"..report.csv", b"report.csv\x00"[:-1] + b"\xff",
    "\u202evsc.troper".encode(), b"\x1b[2Jreport.csv", b"x" * 255, "re\u0301port.csv".encode(), b"re\xcc\x81port.csv\x80",
    b"-rf", b"report.csv;id", "report\u200b.csv".encode(), b"\\..\\report.csv", b"stdout.log",
]
for name in names:
    with open(b"/out/" + name, "wb") as f:
        f.write(b"wrong")
try:
    open(b"/out/" + b"x" * 4096, "wb")
except OSError:
    pass
os.makedirs(b"/out/sub/deep", exist_ok=True)
open(b"/out/sub/report.csv", "wb").write(b"wrong")
open(b"/out/report.csv", "wb").write(b"right")
