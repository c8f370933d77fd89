"""Tables as the node computes and writes them: groups, cells, and the one text.

`Table` is what a verb asks for, `Cells` what the rows give; `text` is byte for byte what the node makes of the same claim,
so that a program's file differs from the node's only where the two computed something else.
"""

import math
from fractions import Fraction
from itertools import product

import numpy as np

from ._context import Refused, policy
from ._expressions import evaluate
from ._numbers import number_text

TOTAL, MISSING = "Total", "(missing)"
MEASURES = ("count", "units", "sum", "mean", "median", "std", "var", "min", "max")
_NAME_CHARS = 256
_LARGEST = 1e290
_LARGEST_SQUARE = 1e145


def name_of(written):
    return written.strip()[:_NAME_CHARS]


def _level_text(kind, value):
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "date":
        return str(np.datetime64(value, "D"))
    if kind == "timestamp":
        day, clock = str(np.datetime64(value, "us")).split("T")
        return f"{day} {clock}".rstrip("0").rstrip(".") if "." in clock else f"{day} {clock}"
    return str(value)


class Dimension:
    """A grouping over all rows: the number of its level for each row, -1 where there is none, and the levels' labels."""

    def __init__(self, written, data, missing):
        given = {"value": written} if isinstance(written, str) else dict(written)
        self.name = given.get("name") or name_of(given["value"])
        column, schema = data.column, data.schema
        plain = given["value"] in schema
        values = column(given["value"]) if plain else evaluate(given["value"], column)
        self.codes = np.full(data.rows, -1)
        there = ~np.broadcast_to(values.missing, (data.rows,))
        all_values = np.broadcast_to(values.values, (data.rows,))
        if "edges" in given:
            self.labels = self._bins(all_values, there, values.kind, given["edges"], given.get("closed", "left"))
            nullable = True
        else:
            declared = schema[given["value"]].get("categories") if plain else None
            nullable = schema[given["value"]]["nullable"] if plain else bool((~there).any())
            self.labels = self._values(all_values, there, values.kind, declared or [])
        self.labels = [f"'{label}'" if label in (TOTAL, MISSING, "") else label for label in self.labels]
        if missing == "group" and nullable:
            self.codes[self.codes < 0] = len(self.labels)
            self.labels.append(MISSING)

    def _values(self, values, there, kind, declared):
        if kind == "decimal":
            raise Refused("decimals are grouped by bins with explicit edges")
        found, codes = np.unique(values[there], return_inverse=True)
        texts = [_level_text(kind, value) for value in found]
        known = ["false", "true"] if kind == "boolean" else list(dict.fromkeys(declared))
        labels = known + [text for text in texts if text not in known]
        self.found_from = len(known)
        place = np.array([labels.index(text) for text in texts], dtype=int)
        if len(place) > 0:
            self.codes[there] = place[codes]
        return labels

    def _bins(self, values, there, kind, edges, closed):
        if kind not in ("integer", "decimal", "date", "timestamp"):
            raise Refused(f"{kind} has no bins")
        times = kind in ("date", "timestamp")
        points = np.array(edges, dtype="datetime64[us]" if times else float)
        if len(points) < 2 or np.any(points[1:] <= points[:-1]):
            raise Refused("edges must rise")
        texts = [str(e) if times else number_text(e, 17) for e in edges]
        last = len(points) - 2
        place = np.searchsorted(points, values[there], side="right" if closed == "left" else "left") - 1
        # the outermost edge belongs to its bin
        outer = values[there] == (points[-1] if closed == "left" else points[0])
        place[outer] = last if closed == "left" else 0
        place[(place < 0) | (place > last)] = -1
        self.codes[there] = place
        self.found_from = last + 1
        left = ["[" if closed == "left" or i == 0 else "(" for i in range(last + 1)]
        right = ["]" if closed == "right" or i == last else ")" for i in range(last + 1)]
        return [f"{left[i]}{texts[i]}, {texts[i + 1]}{right[i]}" for i in range(last + 1)]

    def keep(self, rows):
        """Levels that no declaration names show only where kept rows have them."""
        self.codes = self.codes[rows]
        has_missing = self.labels[-1:] == [MISSING]
        end = len(self.labels) - has_missing
        present = set(np.unique(self.codes))
        shown = [i for i in range(len(self.labels)) if i < self.found_from or i >= end or i in present]
        again = {old: new for new, old in enumerate(shown)}
        self.codes = np.array([again.get(code, -1) for code in range(len(self.labels))] + [-1])[self.codes]
        self.labels = [self.labels[i] for i in shown]


class Measure:
    def __init__(self, kind, name, value=None, exact=False):
        self.kind, self.name, self.value, self.exact = kind, name, value, exact

    @property
    def is_count(self):
        return self.kind in ("units", "count")


def measures_of(values, agg, usual, data):
    """As the node reads `values` and `agg`, without the units that it always adds."""
    kinds = usual if agg is None else [agg] if isinstance(agg, str) else list(agg)
    if any(kind not in MEASURES for kind in kinds or []):
        raise Refused(f"there are {', '.join(MEASURES)}")
    if values is None:
        kinds = kinds or ["units"]
        if any(kind not in ("units", "count") for kind in kinds):
            raise Refused("say of what values")
        return [Measure(kind, "units" if kind == "units" else "rows") for kind in kinds]
    if kinds is None:
        raise Refused("say what is made of the values")
    found = {}
    for written in [values] if isinstance(values, str) else values:
        plain = written in data.schema
        value = data.column(written) if plain else evaluate(written, data.column)
        if value.kind not in ("integer", "decimal") and set(kinds) - {"count", "units"}:
            raise Refused(f"{written} is {value.kind}, but a number is needed")
        exact = plain and value.kind == "integer"
        for kind in kinds:
            name = "units" if kind == "units" else f"{kind} {name_of(written)}"[:_NAME_CHARS]
            found.setdefault(name, Measure(kind, name, None if kind == "units" else value, exact))
    return list(found.values())


def with_units(measures, dimensions):
    if any(m.kind == "units" for m in measures):
        return measures
    taken = [m.name for m in measures] + [d.name for d in dimensions]
    name = "units"
    while name in taken:
        name = f"{name} (distinct)"
    return [Measure("units", name)] + measures


class Cells:
    """All cells of a table, in order: place, and of each measure its value, contributors, and contributions by unit."""

    def __init__(self, data, rows, columns, asked, margins, missing):
        self.dimensions = [Dimension(g, data, missing) for g in rows + columns]
        self.down = len(rows)
        self.measures = with_units(asked, self.dimensions)
        self.margins = margins
        keep = np.logical_and.reduce([data.kept] + [d.codes >= 0 for d in self.dimensions])
        for dimension in self.dimensions:
            dimension.keep(keep)
        self._units = data.units[keep]
        self._values = [_kept_values(m, keep, data.rows) for m in self.measures]
        self.figures = {}
        for group in self._margin_sets():
            self._fill(group)

    def _margin_sets(self):
        every = tuple(range(len(self.dimensions)))
        if not self.margins:
            return [every]
        if self.margins == "all":
            return [tuple(i for i in every if not (bits >> i) & 1) for bits in range(2 ** len(every))]
        return list(dict.fromkeys([every, every[: self.down], every[self.down :], ()]))

    def _fill(self, group):
        sizes = [len(self.dimensions[i].labels) for i in group]
        flat = np.zeros(len(self._units), dtype=np.int64)
        for i, size in zip(group, sizes):
            flat = flat * max(size, 1) + self.dimensions[i].codes
        order = np.argsort(flat, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(flat[order]) != 0]) if len(order) > 0 else []
        for start, end in zip(starts, list(starts[1:]) + [len(order)]):
            rows = order[start:end]
            place = [None] * len(self.dimensions)
            for i in group:
                place[i] = int(self.dimensions[i].codes[rows[0]])
            self.figures[tuple(place)] = [self._figure(m, v, rows) for m, v in zip(self.measures, self._values)]

    def _figure(self, measure, values, rows):
        """Value, distinct units, and what stands behind it: what each unit contributes, or how many share the value."""
        if values is None:
            units = len(np.unique(self._units[rows]))
            return (units if measure.kind == "units" else len(rows), units, None)
        numbers, missing = values
        rows = rows[~missing[rows]]
        units, codes = np.unique(self._units[rows], return_inverse=True)
        if measure.kind == "count":
            return (len(rows), len(units), None)
        picked = numbers[rows]
        if measure.kind in ("min", "max", "median"):
            return (_statistic(measure, picked), len(units), _sharers(measure.kind, picked, codes))
        contributions = np.bincount(codes, np.abs(picked.astype(float)), minlength=len(units))
        return (_statistic(measure, picked), len(units), (contributions, picked.min() < 0 if len(rows) else False))

    def places(self):
        sizes = [len(d.labels) for d in self.dimensions]
        for down in self._some(sizes[: self.down]):
            for across in self._some(sizes[self.down :]):
                yield down + across

    def _some(self, sizes):
        if not sizes:
            return [()]
        if self.margins == "all":
            return list(product(*([*range(n), None] for n in sizes)))
        return list(product(*(range(n) for n in sizes))) + ([(None,) * len(sizes)] if self.margins else [])

    def figure(self, place, m):
        known = self.figures.get(place)
        return known[m] if known is not None else (0 if self.measures[m].is_count else None, 0, None)

    def label(self, place, i):
        return TOTAL if place[i] is None else self.dimensions[i].labels[place[i]]


def _kept_values(measure, keep, rows):
    if measure.value is None:
        return None
    values = np.broadcast_to(measure.value.values, (rows,))[keep]
    return values, np.broadcast_to(measure.value.missing, (rows,))[keep]


def _sharers(kind, picked, units):
    """How many units have the value, as it is shown; of a median between two, the fewer."""
    if len(picked) == 0:
        return 0
    digits = policy("significant_digits", 8)
    rising = np.sort(picked)
    middle = (len(rising) - 1) // 2, len(rising) // 2
    shown = {"min": [0], "max": [-1], "median": middle}[kind]
    fewest = []
    for value in (rising[i].item() for i in shown):
        near = np.flatnonzero(np.abs(picked - value) <= abs(value) * 10.0 ** (1 - digits))
        text = number_text(value, digits)
        fewest.append(len({units[i] for i in near if number_text(picked[i].item(), digits) == text}))
    return min(fewest)


def _statistic(measure, picked):
    """An int, a float or a Fraction; None where there is none."""
    kind, n = measure.kind, len(picked)
    if n == 0:
        return None
    if kind in ("min", "max"):
        found = picked.min() if kind == "min" else picked.max()
        return found.item() if hasattr(found, "item") else found
    largest = float(np.max(np.abs(picked)))
    if measure.exact and kind in ("sum", "mean"):
        total = int(picked.sum()) if largest * n < 2**62 else sum(int(v) for v in picked)
        return total if kind == "sum" else Fraction(total, n)
    numbers = picked.astype(float)
    if largest >= (_LARGEST_SQUARE if kind in ("std", "var") else _LARGEST):
        return None
    if kind == "sum":
        return math.fsum(numbers)
    if kind == "mean":
        return math.fsum(numbers) / n
    if kind == "median":
        return float(np.median(numbers))
    if n < 2:
        return None
    return float(np.std(numbers, ddof=1)) if kind == "std" else float(np.var(numbers, ddof=1))


def _cell(text):
    if any(sign in text for sign in ',"\n'):
        quoted = text.replace('"', '""')
        return f'"{quoted}"'
    return text


def csv_text(header, rows):
    lines = [",".join(_cell(cell) for cell in row) for row in [header, *rows]]
    return "".join((line if line != "" else '""') + "\n" for line in lines)


def lay_out(cells, digits):
    """Header and rows of the text, as the node lays them out."""
    down, count = cells.down, len(cells.dimensions)
    header, table = {}, {}
    for place in cells.places():
        key = place[:down]
        row = table.setdefault(key, ([cells.label(place, i) for i in range(down)], {}))[1]
        for m, measure in enumerate(cells.measures):
            column = (place[down:], m)
            header.setdefault(column, _column_name(cells, place, m, count))
            row[column] = number_text(cells.figure(place, m)[0], digits) or ""
    names = [d.name for d in cells.dimensions[:down]] + list(header.values())
    return names, [labels + [row.get(c, "") for c in header] for labels, row in table.values()]


def _column_name(cells, place, m, count):
    levels = [cells.label(place, i) for i in range(cells.down, count)]
    if not levels:
        return cells.measures[m].name
    where = TOTAL if all(level == TOTAL for level in levels) else " / ".join(levels)
    return where if len(cells.measures) == 1 else f"{where}: {cells.measures[m].name}"
