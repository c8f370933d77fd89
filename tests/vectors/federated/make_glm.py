"""Makes glm.json: logistic and Poisson regressions of the pooled example data as statsmodels has them.

Use, in the python image: python3 make_glm.py < given.json > glm.json, where given.json is {"flchain": csv, "nafld1": csv};
tests/federated/statistic/pooled-peers.ts does it.
Poisson and logit by GLM until the deviance stands still, so that deviance, AIC and null deviance are those of a GLM.
"""
import io
import json
import sys

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
import statsmodels.formula.api as smf

CASES = [
    ("flchain", "logit", "death ~ age + sex + kappa + lambda_ + creatinine + C(mgus) + year + futime", None),
    ("flchain", "logit", "death ~ age * sex + np.log(kappa + 1)", None),
    ("flchain", "poisson", "death ~ age + C(sex) * C(mgus) + kappa", "futime"),
    ("nafld1", "logit", "status ~ age + C(male) + weight + height + bmi", None),
    ("nafld1", "poisson", "status ~ age + C(male) + bmi", "futime"),
]
FAMILY = {"logit": sm.families.Binomial(), "poisson": sm.families.Poisson()}
text = lambda v: "%.17g" % v


given = json.load(sys.stdin)


def read(name):
    frame = pd.read_csv(io.StringIO(given[name]))
    return frame.rename(columns={"sample.yr": "year", "flc.grp": "flc_grp", "lambda": "lambda_", "case.id": "case_id"})


cases = []
for data, family, formula, exposure in CASES:
    frame = read(data)
    if exposure is not None:
        frame = frame[frame[exposure] > 0]
    # Rows that the formula cannot use go first, so that the offset is of the rows that are left.
    names = [c for c in frame.columns if c in formula or c == exposure]
    frame = frame.dropna(subset=names)
    offset = None if exposure is None else np.log(frame[exposure])
    model = smf.glm(formula, frame, family=FAMILY[family], offset=offset)
    fit = model.fit(tol=1e-14, maxiter=100)
    # Standard errors are of the weights before the last step: once more, so that they are of the estimate.
    fit = model.fit(start_params=fit.params, tol=1e-14, maxiter=100)
    cases.append(
        {
            "data": data,
            "family": family,
            "formula": formula,
            "exposure": exposure,
            "rows": int(fit.nobs),
            "log_likelihood": text(fit.llf),
            "deviance": text(fit.deviance),
            "null_deviance": text(fit.null_deviance),
            "aic": text(fit.aic),
            "coefficients": {k: text(v) for k, v in fit.params.items()},
            "standard_errors": {k: text(v) for k, v in fit.bse.items()},
        }
    )
json.dump(
    {
        "source": f"statsmodels {statsmodels.__version__} on the pooled files; see make_glm.py",
        "expect": "coefficients, errors, deviance, log-likelihood and AIC equal to a relative 1e-9",
        "cases": cases,
    },
    sys.stdout,
    indent=1,
)
print()
