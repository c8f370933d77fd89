"""A logistic regression of the pooled file by statsmodels: coefficients, errors, and the median of so many fits in seconds."""

import json
import sys
import time

import pandas as pd
import statsmodels.formula.api as smf

frame = pd.read_csv("/data.csv").rename(columns={"sample.yr": "year", "lambda": "lambda_"})
seconds = []
for _ in range(int(sys.argv[1])):
    began = time.perf_counter()
    model = smf.logit("death ~ age + sex + kappa + lambda_ + creatinine + C(mgus) + year + futime", frame)
    result = model.fit(disp=0)
    errors = result.bse
    seconds.append(time.perf_counter() - began)
print(
    json.dumps(
        {
            "seconds": sorted(seconds)[len(seconds) // 2],
            "coefficients": result.params.to_dict(),
            "standard_errors": errors.to_dict(),
        }
    )
)
