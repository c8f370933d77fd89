"""Mortality by serum free light chains: what a careful researcher sends to Glovebox.

Reads the View at $GLOVEBOX_DATA/flchain.csv and writes three outputs to $GLOVEBOX_OUT:
  model.json   logistic regression of death on age, sex, kappa, lambda and creatinine
  deaths.csv   people and deaths by decile group of free light chains (flc.grp) and sex
  km.png       Kaplan-Meier curves by sex
"""
import json
import os

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd
import statsmodels.formula.api as smf
from statsmodels.duration.survfunc import SurvfuncRight

DATA, OUT = os.environ["GLOVEBOX_DATA"], os.environ["GLOVEBOX_OUT"]
people = pd.read_csv(f"{DATA}/flchain.csv", float_precision="round_trip")

complete = people.dropna(subset=["creatinine"]).rename(columns={"lambda": "lambda_"})
fit = smf.logit("death ~ sex + age + kappa + lambda_ + creatinine", data=complete).fit(disp=0, tol=1e-12)
name = lambda term: "lambda" if term == "lambda_" else term
with open(f"{OUT}/model.json", "w") as f:
    json.dump(
        {
            "model": "logit: death ~ sex + age + kappa + lambda + creatinine",
            "n": int(fit.nobs),
            "coefficients": {name(k): float(v) for k, v in fit.params.items()},
            "standard_errors": {name(k): float(v) for k, v in fit.bse.items()},
            "log_likelihood": float(fit.llf),
        },
        f,
        indent=1,
    )

deaths = (
    people.groupby(["flc.grp", "sex"], as_index=False)
    .agg(count=("death", "size"), deaths=("death", "sum"))
    .sort_values(["flc.grp", "sex"])
)
deaths.to_csv(f"{OUT}/deaths.csv", index=False)

figure, axes = plt.subplots(figsize=(6, 4), dpi=100)
for sex, group in people.groupby("sex"):
    curve = SurvfuncRight(group["futime"], group["death"])
    axes.step(curve.surv_times / 365.25, curve.surv_prob, where="post", label={"F": "women", "M": "men"}.get(sex, sex))
axes.set(xlabel="years", ylabel="surviving", ylim=(0, 1), title="Survival by sex")
axes.legend()
figure.savefig(f"{OUT}/km.png")
print("done: model.json, deaths.csv, km.png")
