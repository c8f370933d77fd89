"""Makes flchain_logit.json: the reference for the released coefficients, independent of statsmodels.

Maximum likelihood for death ~ age + sex[M] + kappa + lambda + creatinine on the complete cases of
examples/data/flchain.csv, by Newton's method in 60-digit arithmetic (mpmath), from zero until the step is below 1e-50.
Standard errors are the square roots of the diagonal of the inverse observed information.
Use: python3 make_flchain_logit.py path/to/flchain.csv > flchain_logit.json     (needs mpmath)
"""
import csv
import json
import sys

from mpmath import matrix, mp, mpf, exp, sqrt, inverse, lu_solve

mp.dps = 60
NAMES = ["Intercept", "sex[T.M]", "age", "kappa", "lambda", "creatinine"]

rows, y = [], []
with open(sys.argv[1], newline="") as f:
    for r in csv.DictReader(f):
        if r["creatinine"] in ("", "NA"):
            continue
        rows.append([mpf(1), mpf(1 if r["sex"] == "M" else 0)] + [mpf(r[c]) for c in ("age", "kappa", "lambda", "creatinine")])
        y.append(int(r["death"]))

p = len(NAMES)
beta = matrix(p, 1)
while True:
    score, info = matrix(p, 1), matrix(p, p)
    for x, d in zip(rows, y):
        eta = sum(x[j] * beta[j] for j in range(p))
        mu = 1 / (1 + exp(-eta))
        w = mu * (1 - mu)
        for j in range(p):
            score[j] += x[j] * (d - mu)
            for k in range(j + 1):
                info[j, k] += w * x[j] * x[k]
    for j in range(p):
        for k in range(j):
            info[k, j] = info[j, k]
    step = lu_solve(info, score)
    beta += step
    if max(abs(s) for s in step) < mpf(10) ** -50:
        break
cov = inverse(info)
show = lambda v: mp.nstr(v, 20)
json.dump({
    "source": "examples/data/flchain.csv, complete cases; Newton in 60-digit arithmetic; see make_flchain_logit.py",
    "expect": "the released coefficients and standard errors equal these in 8 significant digits",
    "n": len(rows), "events": sum(y),
    "coefficients": {n: show(beta[i]) for i, n in enumerate(NAMES)},
    "standard_errors": {n: show(sqrt(cov[i, i])) for i, n in enumerate(NAMES)},
}, sys.stdout, indent=1)
print()
