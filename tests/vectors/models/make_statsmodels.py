"""Makes statsmodels.json: models of the example data as statsmodels fits them, for what the node must agree with.

Each case names data, family and formula as a claim does, and holds what statsmodels says: coefficients and standard errors
by patsy's names, rows, and the log-likelihood. Iterations are driven to the end (tolerances far below the digits that are
compared). Probit by observed information, as `smf.probit` has it. Cox with the ties that the case names.
Use, in the python image: python3 make_statsmodels.py < cases.json > statsmodels.json, where cases.json is
{"cases": [{"data", "family", "formula", "ties"?, "where"?}], "data": {name: csv text}}; tests/privacy/disclosure/models/peers.ts does it.
"""
import io
import json
import re
import sys
import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf

warnings.simplefilter("ignore")
given = json.load(sys.stdin)
frames = {name: pd.read_csv(io.StringIO(text)) for name, text in given["data"].items()}


def split_offset(formula):
    found = re.search(r"\s*\+\s*offset\((.*)\)\s*$", formula)
    return (formula[: found.start()], found.group(1)) if found else (formula, None)


def fit(case):
    frame = frames[case["data"]]
    if "where" in case:
        frame = frame.query(case["where"])
    formula, offset = split_offset(case["formula"])
    family = case["family"]
    if family == "cox":
        time, event = re.match(r"Surv\((\w+), (\w+)\)", formula).groups()
        right = formula.split("~", 1)[1]
        names = set(re.findall(r"[A-Za-z_]\w*", right)) & set(frame.columns)
        frame = frame.dropna(subset=[time, event, *names])
        model = smf.phreg(f"{time} ~ {right}", frame, status=frame[event].values, ties=case.get("ties", "efron"))
        # Its Newton steps are not halved, so it is begun near the end.
        near = model.fit(method="bfgs", disp=0, maxiter=500, start_params=np.zeros(model.exog.shape[1]))
        result = model.fit(method="newton", disp=0, tol=1e-14, maxiter=200, start_params=near.params)
        names = model.exog_names
        return dict(zip(names, result.params)), dict(zip(names, result.bse)), len(frame), float(result.llf)
    if offset is not None:
        frame = frame.assign(offset_=frame.eval(offset.replace("log(", "log("), engine="python"))
    if family == "poisson":
        extra = {} if offset is None else {"offset": frame["offset_"]}
        result = smf.glm(formula, frame, family=sm.families.Poisson(), **extra).fit(tol=1e-15, maxiter=200)
    elif family == "ols":
        result = smf.ols(formula, frame).fit()
    else:
        result = getattr(smf, family)(formula, frame).fit(disp=0, method="newton", tol=1e-15, maxiter=200)
    return dict(result.params), dict(result.bse), int(result.nobs), float(result.llf)


answers = []
for case in given["cases"]:
    params, errors, rows, log_likelihood = fit(case)
    answers.append(
        {
            **case,
            "rows": rows,
            "log_likelihood": repr(float(log_likelihood)),
            "coefficients": {name: repr(float(value)) for name, value in params.items()},
            "standard_errors": {name: repr(float(value)) for name, value in errors.items()},
        }
    )
import statsmodels

json.dump(
    {
        "source": f"statsmodels {statsmodels.__version__}, numpy {np.__version__}; see make_statsmodels.py",
        "expect": "the node's coefficients and standard errors equal these in 8 significant digits",
        "cases": answers,
    },
    sys.stdout,
    indent=1,
)
print()
