"""OLS, logit and Cox by statsmodels over rows made by arithmetic; bench/models.ts makes the same rows.

Prints, for each, coefficients and the median of so many fits in seconds, without imports and without making the rows.
"""

import json
import sys
import time

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf

ROWS, ROUNDS = int(sys.argv[1]), int(sys.argv[2])
i = np.arange(ROWS, dtype=np.int64)
u = ((i * 48271 + 11) % 2147483647) / 2147483647.0
age = 40 + (i * 7919) % 50
kappa = ((i * 104729) % 9973 + 1) / 1000.0
male = (i // 7) % 2
frame = pd.DataFrame(
    {
        "age": age,
        "sex": np.where(male == 1, "M", "F"),
        "kappa": kappa,
        "futime": 1 + (i * 31337) % 3000,
        "death": (u * 100 < age - 30 + 5 * male + kappa).astype(int),
    }
)


def cox():
    model = smf.phreg("futime ~ age + sex + kappa", frame, status=frame.death.values, ties="efron")
    return model.fit(disp=0), model.exog_names


def ols():
    result = smf.ols("kappa ~ age + sex + death", frame).fit()
    return result, result.model.exog_names


def logit():
    result = smf.logit("death ~ age + sex + kappa", frame).fit(disp=0)
    return result, result.model.exog_names


answers = {}
for name, fit in (("ols", ols), ("logit", logit), ("cox", cox)):
    seconds = []
    # A Cox fit takes minutes here; one is enough.
    for _ in range(1 if name == "cox" else ROUNDS):
        began = time.perf_counter()
        result, names = fit()
        errors = np.asarray(result.bse)
        seconds.append(time.perf_counter() - began)
    answers[name] = {
        "seconds": sorted(seconds)[len(seconds) // 2],
        "coefficients": dict(zip(names, map(float, np.asarray(result.params)))),
        "standard_errors": dict(zip(names, map(float, errors))),
    }
print(json.dumps(answers))
