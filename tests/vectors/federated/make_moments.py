"""Makes moments.json: covariances, correlations and quantiles of the pooled example data, which statistics over domains must agree
with. Rows without one of the values are left out. Quantiles as numpy takes them unless told ("linear").
Use, in the python image: python3 make_moments.py < given.json > moments.json, where given.json is {"cases": moments_cases.json's, "csv": text};
tests/federated/statistic/peers.ts does it.
"""
import io
import json
import sys

import numpy as np
import pandas as pd

given = json.load(sys.stdin)
pooled = pd.read_csv(io.StringIO(given["csv"]))


def answer(case):
    frame = pooled.query(case["where"]) if "where" in case else pooled
    if case["kind"] == "covariance":
        complete = frame[case["values"]].dropna().astype(float)
        numbers = complete.to_numpy().T
        listed = lambda matrix: [[repr(float(x)) for x in row] for row in matrix]
        return {"rows": len(complete), "covariance": listed(np.cov(numbers)), "correlation": listed(np.corrcoef(numbers))}
    frame = frame.dropna(subset=[case["value"]])
    groups = frame.groupby(case["by"]) if "by" in case else [("", frame)]
    at = [float(p) for p in case["at"]]
    return {
        "groups": [
            {"group": str(name), "rows": len(rows), "values": [repr(float(x)) for x in np.quantile(rows[case["value"]], at)]}
            for name, rows in groups
        ]
    }


answers = [answer(case) for case in given["cases"]]
json.dump({"made_by": f"numpy {np.__version__}, pandas {pd.__version__}", "cases": answers}, sys.stdout, indent=1)
print()
