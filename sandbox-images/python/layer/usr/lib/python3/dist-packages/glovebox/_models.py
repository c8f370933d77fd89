"""Models and survival curves: fitted here by statsmodels, and again by the node, whose figures are those that go out."""

import json
import re

import numpy as np
import pandas as pd

from . import _claims
from ._context import Refused, policy
from ._expressions import evaluate
from ._numbers import number_text
from ._tables import Dimension, csv_text

_SURV = re.compile(r"^\s*Surv\(([^,]+),(.+?)\)\s*~(.*)$", re.S)


def _patsy(formula):
    """Names in backticks as patsy quotes them."""
    return re.sub(r"`([^`]*)`", lambda name: f"Q({json.dumps(name[1])})", formula)


def regression(data, family, formula, output, ties=None):
    claim = {"kind": "regression", **data._where, "family": family, "formula": formula}
    if ties is not None:
        claim["ties"] = ties
    result = _cox(data, formula, ties) if family == "cox" else _glm(data, family, formula)
    digits = policy("significant_digits", 8)
    document = {
        "model": family,
        "n": int(result.model.exog.shape[0]),
        "coefficients": [
            {"name": name, "estimate": _number(b, digits), "std_error": _number(s, digits)}
            for name, b, s in zip(result.model.exog_names, np.asarray(result.params), np.asarray(result.bse))
        ],
    }
    _claims.write(output, json.dumps(document, indent=2) + "\n", data.name, claim)
    _claims.note(result.model.data.frame if hasattr(result.model.data, "frame") else pd.DataFrame(), output, _preview(result))
    return result


def _number(value, digits):
    text = number_text(float(value), digits)
    return None if text is None else float(text)


def _glm(data, family, formula):
    import statsmodels.formula.api as smf

    frame = data.frame()
    model = getattr(smf, family)(_patsy(formula), frame)
    return model.fit() if family == "ols" else model.fit(disp=0, maxiter=100)


def _cox(data, formula, ties):
    import statsmodels.formula.api as smf

    found = _SURV.match(formula)
    if found is None:
        raise Refused("write Surv(time, event) ~ …")
    time, event, terms = (part.strip() for part in found.groups())
    there = ~np.broadcast_to(evaluate(time, data.column).missing | evaluate(event, data.column).missing, (data.rows,))
    frame = data._frame[data.kept & there].reset_index(drop=True)
    shown = np.flatnonzero(data.kept & there)
    status = np.broadcast_to(evaluate(event, data.column).values, (data.rows,))[shown].astype(int)
    frame = frame.assign(_time=np.broadcast_to(evaluate(time, data.column).values, (data.rows,))[shown].astype(float))
    model = smf.phreg(_patsy(f"_time ~ {terms}"), frame, status=status, ties=ties or "efron")
    # Newton's steps from zero can run away; the maximum is one, wherever one begins.
    near = model.fit(method="bfgs", disp=0, maxiter=500).params
    return model.fit(start_params=near, disp=0)


def _preview(result):
    least = policy("degrees_of_freedom", 10)
    left = getattr(result, "df_resid", None)
    if left is not None and left < least:
        return [("degrees_of_freedom", "fail", f"fewer than {least} residual degrees of freedom")]
    return []


def survival(data, time, event, by, times, missing, output):
    from statsmodels.duration.survfunc import SurvfuncRight

    claim = {"kind": "survival", **data._where, "time": time, "event": event, "by": by, "missing": missing}
    if times is not None:
        claim["times"] = [float(t) for t in times]
    at, ended = evaluate(time, data.column), evaluate(event, data.column)
    dimensions = [Dimension(g, data, missing) for g in by]
    there = ~np.broadcast_to(at.missing | ended.missing, (data.rows,))
    keep = np.logical_and.reduce([data.kept, there] + [d.codes >= 0 for d in dimensions])
    for dimension in dimensions:
        dimension.keep(keep)
    durations = np.broadcast_to(at.values, (data.rows,))[keep].astype(float)
    status = np.broadcast_to(ended.values, (data.rows,))[keep].astype(int)
    codes = list(zip(*(d.codes for d in dimensions))) if dimensions else [()] * len(durations)
    groups = {}
    for group in sorted(set(codes)):
        rows = np.array([code == group for code in codes], dtype=bool)
        label = tuple(d.labels[i] for d, i in zip(dimensions, group))
        groups[label] = SurvfuncRight(durations[rows], status[rows])
    digits = policy("significant_digits", 8)
    header = [d.name for d in dimensions] + ["time", "at_risk", "events", "survival", "std_error"]
    rows = []
    for label, curve in groups.items():
        for i, moment in enumerate(curve.surv_times):
            figures = (moment, int(curve.n_risk[i]), int(curve.n_events[i]), curve.surv_prob[i], curve.surv_prob_se[i])
            rows.append([*label, *(number_text(v if isinstance(v, int) else float(v), digits) or "" for v in figures)])
    _claims.write(output, csv_text(header, rows), data.name, claim)
    if not dimensions:
        return groups[()]
    return {label[0] if len(label) == 1 else label: curve for label, curve in groups.items()}
