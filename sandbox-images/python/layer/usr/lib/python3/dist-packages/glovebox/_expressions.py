"""Conditions and expressions as the node reads them: the syntax of `DataFrame.query`, with one rule for missing values.

A condition on a missing value is neither true nor false, and a row is kept only where it is true. What the node would not
read is not read here either, as far as it is told here; the node has the last word.
"""

import ast
import re

import numpy as np
import pandas as pd

from ._context import Refused

_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|==|!=|<=|>=|\*\*|.", re.S)
_MAX_EXPONENT = 8


class Values:
    """One value a row, or one for all: kind, values, and where there is none."""

    def __init__(self, kind, values, missing):
        self.kind, self.values, self.missing = kind, values, missing


def column_values(frame, columns):
    """The typed columns of a frame, made as they are asked for."""
    made = {}

    def column(name):
        if name not in columns:
            raise Refused(f"there is no column {name}")
        if name not in made:
            made[name] = _typed(frame[name], columns[name])
        return made[name]

    return column


def _typed(series, kind):
    missing = series.isna().to_numpy()
    if kind == "integer":
        return Values(kind, _whole(series, missing), missing)
    if kind == "decimal":
        values = pd.to_numeric(series).to_numpy(dtype=float, na_value=np.nan)
        return Values(kind, values, missing | ~np.isfinite(values))
    if kind == "boolean":
        values = series.map(lambda v: str(v).lower() == "true").to_numpy(dtype=bool)
        return Values(kind, values, missing)
    if kind in ("date", "timestamp"):
        return Values(kind, pd.to_datetime(series).to_numpy(dtype="datetime64[us]"), missing)
    return Values("text", series.where(~series.isna(), "").astype(str).to_numpy(dtype=object), missing)


def _whole(series, missing):
    filled = series.where(~missing, 0)
    try:
        return filled.astype("int64").to_numpy()
    except (TypeError, ValueError, OverflowError):
        return np.array([int(v) for v in filled], dtype="int64")


def evaluate(text, column):
    """The values of an expression, given a function from a name to its column."""
    source, names = _as_python(text)
    try:
        tree = ast.parse(source, mode="eval").body
    except SyntaxError as error:
        raise Refused(f"cannot read: {text}") from error
    return _Evaluation(column, names).value(tree)


def kept(text, column, rows):
    """Which of the rows a condition keeps."""
    found = evaluate(text, column)
    if found.kind != "boolean":
        raise Refused(f"is no condition: {text}")
    return np.broadcast_to(found.values & ~found.missing, (rows,))


def _as_python(text):
    """Names in backticks become plain ones; `&` and `|` bind as loosely as `and` and `or`."""
    names = {}
    parts = []
    for token in _TOKEN.findall(text):
        if token.startswith("`"):
            name = f"_quoted_{len(names)}"
            names[name] = token[1:-1]
            parts.append(f" {name} ")
        else:
            parts.append({"&": " and ", "|": " or ", "\n": " "}.get(token, token))
    source = "".join(parts)
    # `~` binds as `not` only where it stands before a condition; on booleans the two are the same.
    return source.strip(), names


class _Evaluation:
    def __init__(self, column, names):
        self.column, self.names = column, names

    def value(self, node):
        handler = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            raise Refused("this form is not read")
        return handler(node)

    def _name(self, node):
        return self.column(self.names.get(node.id, node.id))

    def _constant(self, node):
        v = node.value
        if v is None:
            return Values("missing", np.array(0.0), np.array(True))
        kind = {bool: "boolean", int: "integer", float: "decimal", str: "text"}.get(type(v))
        if kind is None:
            raise Refused("this literal is not read")
        return Values(kind, np.array(v, dtype=object if kind == "text" else None), np.array(False))

    def _boolop(self, node):
        found = [self._condition(v) for v in node.values]
        return _joined(isinstance(node.op, ast.And), found)

    def _condition(self, node):
        found = self.value(node)
        if found.kind not in ("boolean", "missing"):
            raise Refused(f"a condition is needed, not {found.kind}")
        return Values("boolean", found.values.astype(bool), found.missing)

    def _unaryop(self, node):
        if isinstance(node.op, (ast.Not, ast.Invert)):
            found = self._condition(node.operand)
            return Values("boolean", ~found.values, found.missing)
        found = self._number(node.operand)
        return found if isinstance(node.op, ast.UAdd) else Values(found.kind, -found.values, found.missing)

    def _compare(self, node):
        links = []
        left = node.left
        for op, right in zip(node.ops, node.comparators):
            if isinstance(op, (ast.In, ast.NotIn)) or isinstance(right, (ast.List, ast.Tuple)):
                found = self._isin(self.value(left), right)
                if isinstance(op, (ast.NotIn, ast.NotEq)):
                    found = Values("boolean", ~found.values, found.missing)
                links.append(found)
            else:
                links.append(_compared(_COMPARISONS[type(op)], self.value(left), self.value(right)))
            left = right
        return links[0] if len(links) == 1 else _joined(True, links)

    def _isin(self, value, options):
        if not isinstance(options, (ast.List, ast.Tuple)):
            raise Refused("a list is expected: ['a', 'b']")
        found = [_compared(np.equal, value, self.value(option)) for option in options.elts]
        nothing = np.zeros(np.shape(value.values), dtype=bool)
        return _joined(False, found) if found else Values("boolean", nothing, value.missing)

    def _number(self, node):
        found = self.value(node)
        if found.kind not in ("integer", "decimal"):
            raise Refused(f"a number is needed, not {found.kind}")
        return found

    def _binop(self, node):
        if isinstance(node.op, ast.Pow):
            return self._power(node)
        left, right = self._number(node.left), self._number(node.right)
        missing = left.missing | right.missing
        if isinstance(node.op, ast.Div):
            with np.errstate(all="ignore"):
                return _decimal(np.true_divide(left.values.astype(float), right.values.astype(float)), missing)
        operation = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply}.get(type(node.op))
        if operation is None:
            raise Refused("there are + - * / and **")
        return _arithmetic(operation, left, right, missing)

    def _power(self, node):
        base = self._number(node.left)
        exponent = getattr(node.right, "value", None)
        if type(exponent) is not int or not 1 <= exponent <= _MAX_EXPONENT:
            raise Refused(f"exponents are whole numbers from 1 to {_MAX_EXPONENT}")
        found = base
        for _ in range(exponent - 1):
            found = _arithmetic(np.multiply, found, base, base.missing)
        return found

    def _call(self, node):
        if isinstance(node.func, ast.Name):
            return self._function(node.func.id, node)
        if not isinstance(node.func, ast.Attribute):
            raise Refused("this call is not read")
        inner, name = node.func.value, node.func.attr
        if isinstance(inner, ast.Name) and inner.id in ("np", "numpy"):
            return self._function(name, node)
        if isinstance(inner, ast.Attribute) and inner.attr == "str":
            return self._text(self.value(inner.value), name, node)
        return self._method(self.value(inner), name, node)

    def _function(self, name, node):
        if name not in _FUNCTIONS or len(node.args) != 1:
            raise Refused(f"there are {', '.join(_FUNCTIONS)}")
        found = self._number(node.args[0])
        if name == "abs":
            return Values(found.kind, np.abs(found.values), found.missing)
        with np.errstate(all="ignore"):
            return _decimal(_FUNCTIONS[name](found.values.astype(float)), found.missing)

    def _text(self, value, name, node):
        test = {"startswith": str.startswith, "endswith": str.endswith, "contains": str.__contains__}.get(name)
        wanted = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if test is None or not isinstance(wanted, str) or value.kind != "text":
            raise Refused("there are .str.startswith, endswith and contains('…', regex=False)")
        found = np.array([test(text, wanted) for text in np.atleast_1d(value.values)], dtype=bool)
        return Values("boolean", found.reshape(np.shape(value.values)), value.missing)

    def _method(self, value, name, node):
        if name in ("isnull", "isna", "notnull", "notna"):
            found = value.missing if name.startswith("is") else ~value.missing
            return Values("boolean", found, np.zeros_like(found))
        if name == "abs":
            return Values(value.kind, np.abs(value.values), value.missing)
        if name == "isin" and len(node.args) == 1:
            return self._isin(value, node.args[0])
        if name == "between" and len(node.args) == 2:
            low, high = (self.value(arg) for arg in node.args)
            return _joined(True, [_compared(np.greater_equal, value, low), _compared(np.less_equal, value, high)])
        if name == "fillna" and len(node.args) == 1:
            return _filled(value, self.value(node.args[0]))
        raise Refused("there are isnull, notnull, isin, between, fillna and abs")

    def _attribute(self, node):
        inner = node.value
        if not isinstance(inner, ast.Attribute) or inner.attr != "dt":
            raise Refused("a column name with a dot stands in backticks: `a.b`")
        if node.attr == "days" and isinstance(inner.value, ast.BinOp):
            later, earlier = self.value(inner.value.left), self.value(inner.value.right)
            days = later.values.astype("datetime64[D]") - earlier.values.astype("datetime64[D]")
            return Values("integer", days.astype("int64"), later.missing | earlier.missing)
        found = self.value(inner.value)
        if node.attr not in _PARTS or found.kind not in ("date", "timestamp"):
            raise Refused(f"there are {', '.join(_PARTS)}, days")
        parts = getattr(pd.Series(np.atleast_1d(found.values)).dt, node.attr).fillna(0)
        return Values("integer", parts.to_numpy(dtype="int64").reshape(np.shape(found.values)), found.missing)


_COMPARISONS = {
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
_FUNCTIONS = {"abs": np.abs, "sqrt": np.sqrt, "log": np.log, "exp": np.exp}
_PARTS = ("year", "quarter", "month", "day", "hour", "minute", "weekday", "dayofweek")
_TIMES = ("date", "timestamp")


def _decimal(values, missing):
    finite = np.isfinite(values)
    return Values("decimal", np.where(finite, values, 0.0), missing | ~finite)


def _arithmetic(operation, left, right, missing):
    if left.kind == "decimal" or right.kind == "decimal":
        with np.errstate(all="ignore"):
            return _decimal(operation(left.values.astype(float), right.values.astype(float)), missing)
    size = np.abs(operation(left.values.astype(float), right.values.astype(float)))
    if np.any(size >= 2.0**62):  # beyond 64 bits Python's own whole numbers go on
        return Values("integer", operation(left.values.astype(object), right.values.astype(object)), missing)
    return Values("integer", operation(left.values, right.values), missing)


def _same_kind(a, b):
    """Both as one kind; a text beside a time is read as one."""
    for one, other in ((a, b), (b, a)):
        if one.kind in _TIMES and other.kind == "text" and np.ndim(other.values) == 0:
            try:
                moment = np.array(str(other.values), dtype="datetime64[us]")
            except ValueError as error:
                raise Refused(f"is no {one.kind}: {other.values}") from error
            return (a, Values(one.kind, moment, b.missing)) if one is a else (Values(one.kind, moment, a.missing), b)
    return a, b


def _kind_of(value):
    return {"integer": "number", "decimal": "number", "timestamp": "date"}.get(value.kind, value.kind)


def _compared(operation, a, b):
    a, b = _same_kind(a, b)
    if "missing" not in (a.kind, b.kind) and _kind_of(a) != _kind_of(b):
        raise Refused(f"{a.kind} is compared with {b.kind}")
    missing = a.missing | b.missing
    if "missing" in (a.kind, b.kind):
        return Values("boolean", np.zeros(np.shape(missing), dtype=bool), missing)
    return Values("boolean", np.asarray(operation(a.values, b.values), dtype=bool), missing)


def _joined(is_and, found):
    """Three-valued: a false decides `and`, a true decides `or`, whatever is missing besides."""
    decided = np.logical_or.reduce([~f.missing & (f.values != is_and) for f in _broadcast(found)])
    missing = np.logical_or.reduce([f.missing for f in _broadcast(found)]) & ~decided
    return Values("boolean", np.where(decided, not is_and, is_and), missing)


def _broadcast(found):
    shape = np.broadcast_shapes(*(np.shape(f.values) for f in found), *(np.shape(f.missing) for f in found))
    return [Values(f.kind, np.broadcast_to(f.values, shape), np.broadcast_to(f.missing, shape)) for f in found]


def _filled(value, other):
    value, other = _same_kind(value, other)
    kind = "decimal" if "decimal" in (value.kind, other.kind) else value.kind
    values = np.where(value.missing, other.values, value.values)
    return Values(kind, values, value.missing & other.missing)
