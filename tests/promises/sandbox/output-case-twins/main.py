import os
for name in ("Report.csv", "REPORT.CSV", "report.Csv", "ｒeport.csv", "report.cs\u0076\u0301", "repor\u0074\u034f.csv", "rep\u043ert.csv"):
    open("/out/" + name, "w").write("wrong")
