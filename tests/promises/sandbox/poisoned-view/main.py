from attempts import report, results
rows = open("/data/rows.csv").read()
results["the data"] = "whole" if rows == "a,b\n1,2\n" else "done"
import os
results["beside it"] = "nothing" if os.listdir("/data") == ["rows.csv"] else "done"
results["its mode"] = "read only" if not os.access("/data/rows.csv", os.W_OK) and not os.access("/data", os.W_OK) else "done"
report()
