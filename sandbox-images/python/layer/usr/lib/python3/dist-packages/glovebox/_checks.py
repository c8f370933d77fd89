"""What the checks will say of a table, told at once: a preview of the node's own rules, which have the last word."""

from ._context import policy

_MAX_NAMED = 5


def _cells_named(cells, places, m):
    named = [" / ".join(cells.label(p, i) for i in range(len(p))) or "all" for p in places[:_MAX_NAMED]]
    more = f" and {len(places) - _MAX_NAMED} more" if len(places) > _MAX_NAMED else ""
    what = f" of {cells.measures[m].name}" if len(cells.measures) > 1 else ""
    return f"{'; '.join(named)}{more}{what}"


def preview(cells):
    """Findings as (rule, verdict, message), worst first."""
    places = list(cells.places())
    found = []
    told = set()
    for m, measure in enumerate(cells.measures):
        found += _threshold(cells, places, m, told)
        if measure.kind in ("sum", "mean"):
            found += _contributions(cells, places, m)
        if measure.kind in ("min", "max", "median"):
            found += _single_value(cells, places, m)
    found += _class_disclosure(cells)
    return sorted(found, key=lambda f: ("fail", "review", "pass").index(f[1]))


def _threshold(cells, places, m, told):
    """Of cells that an earlier measure did not name already."""
    least = policy("threshold", 10)
    small = [p for p in places if 0 < cells.figure(p, m)[1] < least and p not in told]
    told.update(small)
    if not small:
        return []
    return [("threshold", "fail", f"fewer than {least} units in {_cells_named(cells, small, m)}")]


def _single_value(cells, places, m):
    least = policy("threshold", 10)
    alone = [p for p in places if cells.figure(p, m)[0] is not None and cells.figure(p, m)[2] < least]
    if not alone:
        return []
    return [("single_value", "fail", f"a value of fewer than {least} units in {_cells_named(cells, alone, m)}")]


def _contributions(cells, places, m):
    dominated, close, mixed = [], [], []
    p_ratio = policy("p_ratio", 0.1)
    for place in places:
        contributions = cells.figure(place, m)[2]
        if contributions is None or len(contributions[0]) == 0:
            continue
        values, negative = sorted(contributions[0], reverse=True), contributions[1]
        total = sum(values)
        if negative:
            mixed.append(place)
        elif total > 0:
            if any(sum(values[: rule["n"]]) / total >= rule["k"] for rule in policy("dominance", [{"n": 2, "k": 0.9}])):
                dominated.append(place)
            if p_ratio > 0 and (total - sum(values[:2])) / values[0] < p_ratio:
                close.append(place)
    told = [
        ("dominance", "fail", "few units hold most of", dominated),
        ("p_ratio", "fail", "the largest unit can be told closely from", close),
        ("negatives", "review", "contributions of both signs in", mixed),
    ]
    return [(rule, verdict, f"{text} {_cells_named(cells, at, m)}") for rule, verdict, text, at in told if at]


def _class_disclosure(cells):
    """All units of a row or a column in one of its cells."""
    verdict = policy("class_disclosure", "fail")
    if verdict == "off" or len(cells.dimensions) != 2:
        return []
    units = next(m for m, measure in enumerate(cells.measures) if measure.kind == "units")
    sizes = [len(d.labels) for d in cells.dimensions]
    lines = []
    for side in (0, 1):
        for level in range(sizes[side]):
            line = [(level, other) if side == 0 else (other, level) for other in range(sizes[1 - side])]
            filled = [place for place in line if cells.figure(place, units)[0] > 0]
            if len(line) > 1 and len(filled) == 1:
                lines.append(filled[0])
    if not lines:
        return []
    return [("class_disclosure", verdict, f"all units of a line fall into {_cells_named(cells, lines, units)}")]
