"""A dataset as a job's grant shows it, and the verbs that the node can compute again."""

import os

import numpy as np
import pandas as pd

from . import _claims, _models
from ._context import Refused, context, data_folder, policy
from ._expressions import column_values, kept
from ._tables import Cells, Measure, csv_text, lay_out, measures_of

_TYPES = {"boolean": "boolean", "integer": "Int64", "decimal": "float64", "text": "string"}


def dataset(name=None):
    """A dataset of the job by its name; without one, the only one.

    >>> d = glovebox.dataset("flchain")
    >>> d.where("age >= 60").crosstab(["flc.grp"], ["sex"], output="t1.csv")
    """
    known = list(context()["datasets"])
    if name is None and len(known) == 1:
        name = known[0]
    path = os.path.join(data_folder(), f"{name}.csv")
    if name is None or not os.path.exists(path):
        raise Refused(f"the job has no dataset {name}; it has: {', '.join(known) or 'none'}")
    # Text as it is: "NA" is a text, and an empty field is what is missing.
    return Dataset(name, pd.read_csv(path, keep_default_na=False, na_values=[""], low_memory=False))


def _schema_of(name, frame):
    """Columns by name: as the node states them, or as pandas read them outside of a run."""
    known = context()["datasets"].get(name)
    if known is not None:
        return {c["name"]: c for c in known["columns"]}, known["unit"], known["row_is_unit"]
    kinds = {"b": "boolean", "i": "integer", "f": "decimal"}
    schema = {}
    for column in frame.columns:
        values = frame[column]
        kind = kinds.get(values.dtype.kind, "text")
        if kind == "decimal" and (values.dropna() % 1 == 0).all():
            kind = "integer"
        schema[column] = {"name": column, "type": kind, "nullable": bool(values.isna().any())}
    return schema, None, True


class Dataset:
    """Rows that a condition keeps. `where` gives another one; nothing here is changed in place."""
    def __init__(self, name, frame, conditions=()):
        self.name, self._frame, self._conditions = name, frame, conditions
        self.schema, self._unit, self._row_is_unit = _schema_of(name, frame)
        self.rows = len(frame)
        self.column = column_values(frame, {c: s["type"] for c, s in self.schema.items()})
        self.kept = np.ones(self.rows, dtype=bool)
        for condition in conditions:
            self.kept = self.kept & kept(condition, self.column, self.rows)
        self.units = self._unit_numbers()

    def _unit_numbers(self):
        # Where the grant drops the unit's column, rows are counted here; the node counts units all the same.
        if self._row_is_unit or self._unit is None:
            return np.arange(self.rows)
        return pd.factorize(self._frame[self._unit], use_na_sentinel=False)[0]

    def __repr__(self):
        where = "".join(f".where({c!r})" for c in self._conditions)
        return f"glovebox.dataset({self.name!r}){where}: {int(self.kept.sum())} of {self.rows} rows"

    def where(self, condition):
        """Only rows for which the condition is true, in the syntax of `DataFrame.query`."""
        return Dataset(self.name, self._frame, (*self._conditions, condition))

    def frame(self):
        """The pandas DataFrame that the grant allows, as far as the condition keeps it. Do with it what you like."""
        return self._frame[self.kept].reset_index(drop=True)

    @property
    def _where(self):
        if not self._conditions:
            return {}
        if len(self._conditions) == 1:
            return {"where": self._conditions[0]}
        return {"where": " and ".join(f"({c})" for c in self._conditions)}

    def table(
        self, rows=(), columns=(), values=None, agg=None, margins=False, missing="drop", protect=None, output="table.csv"
    ):
        """Units, or statistics of values, by the levels of rows and columns.

        A level is that of a column, of an expression, or of bins: {"value": "age", "edges": [50, 60, 70]}. Totals are down,
        across and of all, or with margins="all" over every combination. protect="suppress" or {"how": "round", "base": 5}
        asks the node for a safe version.
        """
        rows, columns = _listed(rows), _listed(columns)
        claim = {"kind": "table", "rows": rows, "columns": columns, "margins": margins, "missing": missing}
        if values is not None:
            claim["values"] = values
        if agg is not None:
            claim["agg"] = agg
        asked = measures_of(values, agg, None, self)
        cells = Cells(self, rows, columns, asked, margins, missing)
        return self._written(cells, claim, protect, output, _frame_of(cells, asked))

    def crosstab(
        self, index, columns=(), values=None, aggfunc=None, margins=False, missing="drop", protect=None, output="crosstab.csv"
    ):
        """As `pandas.crosstab`: how many units fall into each cell, or a statistic of a column over them."""
        return self.table(index, columns, values, aggfunc, margins, missing, protect, output)

    def pivot_table(
        self, values, index, columns=(), aggfunc="mean", margins=False, missing="drop", protect=None, output="pivot_table.csv"
    ):
        """As `DataFrame.pivot_table`."""
        return self.table(index, columns, values, aggfunc, margins, missing, protect, output)

    def describe(
        self, values=None, by=(), agg=("count", "mean", "std"), missing="drop", protect=None, output="describe.csv"
    ):
        """As `DataFrame.describe`, without what shows the value of one unit: ask for min, median, max by `agg`."""
        if values is None:
            values = [c for c, s in self.schema.items() if s["type"] in ("integer", "decimal")]
        values, by = _listed(values), _listed(by)
        claim = {"kind": "summary", "values": values, "by": by, "agg": list(agg), "missing": missing}
        asked = measures_of(values, agg, None, self)
        cells = Cells(self, by, [], asked, False, missing)
        return self._written(cells, claim, protect, output, _described(cells, asked))

    def hist(self, value, bins, closed="left", protect=None, output="hist.csv"):
        """How many units lie in each bin, as `numpy.histogram`; the edges are yours to give."""
        claim = {"kind": "histogram", "value": value, "edges": [_plain(edge) for edge in bins], "closed": closed}
        rows = [{name: claim[name] for name in ("value", "edges", "closed")}]
        cells = Cells(self, rows, [], [Measure("units", "units")], False, "drop")
        return self._written(cells, claim, protect, output, _frame_of(cells, cells.measures)["units"])

    def _written(self, cells, claim, protect, output, frame):
        if protect is not None:
            claim["protect"] = {"how": protect} if isinstance(protect, str) else protect
        text = csv_text(*lay_out(cells, policy("significant_digits", 8)))
        _claims.write(output, text, self.name, {**claim, **self._where})
        return _claims.note_cells(frame, output, cells)

    def survival(self, time, event, by=(), times=None, missing="drop", output="survival.csv"):
        """Kaplan-Meier curves, as `statsmodels.duration.survfunc.SurvfuncRight`: one, or a dict by group."""
        return _models.survival(self, time, event, _listed(by), times, missing, output)

    def ols(self, formula, output="ols.json"):
        """Least squares, as `statsmodels.formula.api.ols(...).fit()`."""
        return _models.regression(self, "ols", formula, output)

    def logit(self, formula, output="logit.json"):
        """Logistic regression, as `statsmodels.formula.api.logit(...).fit()`."""
        return _models.regression(self, "logit", formula, output)

    def probit(self, formula, output="probit.json"):
        """Probit regression, as `statsmodels.formula.api.probit(...).fit()`."""
        return _models.regression(self, "probit", formula, output)

    def poisson(self, formula, output="poisson.json"):
        """Poisson regression, as `statsmodels.formula.api.poisson(...).fit()`."""
        return _models.regression(self, "poisson", formula, output)

    def cox(self, formula, ties="efron", output="cox.json"):
        """Proportional hazards, as `statsmodels.formula.api.phreg(...).fit()`: Surv(futime, death) ~ age + C(sex)."""
        return _models.regression(self, "cox", formula, output, ties)


def _plain(value):
    return value.item() if hasattr(value, "item") else value


def _listed(given):
    listed = [given] if isinstance(given, (str, dict)) else list(given)
    return [{**g, "edges": [_plain(e) for e in g["edges"]]} if isinstance(g, dict) else g for g in listed]


def _index_of(dimensions, places, from_, cells):
    labels = [tuple(cells.label(p, from_ + i) for i in range(len(dimensions))) for p in places]
    names = [d.name for d in dimensions]
    if len(dimensions) == 1:
        return pd.Index([label[0] for label in labels], name=names[0])
    return pd.MultiIndex.from_tuples(labels, names=names)


def _value(figure, is_count):
    value = figure[0]
    return int(value) if is_count else float("nan") if value is None else float(value)


def _frame_of(cells, asked):
    """As pandas shows it: levels down and across, and the measures that were asked for."""
    wanted = [m for m, measure in enumerate(cells.measures) if any(a.name == measure.name for a in asked)]
    downs = list(dict.fromkeys(p[: cells.down] for p in cells.places()))
    acrosses = list(dict.fromkeys(p[cells.down :] for p in cells.places()))
    parts = {}
    for m in wanted:
        of = cells.measures[m]
        parts[of.name] = [[_value(cells.figure(d + a, m), of.is_count) for a in acrosses] for d in downs]
    down, across = cells.dimensions[: cells.down], cells.dimensions[cells.down :]
    index = _index_of(down, downs, 0, cells) if down else pd.Index(["all"])
    if not across:
        return pd.DataFrame({name: [row[0] for row in part] for name, part in parts.items()}, index=index)
    padded = [(None,) * cells.down + a for a in acrosses]
    columns = _index_of(across, padded, cells.down, cells)
    frames = {name: pd.DataFrame(part, index=index, columns=columns) for name, part in parts.items()}
    return next(iter(frames.values())) if len(frames) == 1 else pd.concat(frames, axis=1)


def _described(cells, asked):
    frame = _frame_of(cells, asked)
    split = [tuple(reversed(name.split(" ", 1))) for name in frame.columns]
    if all(len(pair) == 2 for pair in split):
        frame.columns = pd.MultiIndex.from_tuples(split)
        if not cells.dimensions:
            return frame.iloc[0].unstack(0)[list(dict.fromkeys(v for v, _ in split))]
    return frame
