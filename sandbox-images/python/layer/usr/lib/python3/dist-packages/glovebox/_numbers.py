"""Numbers as the node writes them: rounded half to even on their decimal text, in the form of ECMAScript."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction


def _write(number):
    """A Decimal without trailing zeros, as `String(x)` of ECMAScript."""
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0").rstrip("0")
    exponent += len(digits) - len("".join(map(str, digits)).rstrip("0"))
    if text == "":
        return "0"
    k = len(text)
    point = k + exponent
    minus = "-" if sign else ""
    if k <= point <= 21:
        return minus + text + "0" * (point - k)
    if 0 < point <= 21:
        return f"{minus}{text[:point]}.{text[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    e = point - 1
    fraction = "" if k == 1 else f".{text[1:]}"
    return f"{minus}{text[0]}{fraction}e{'-' if e < 0 else '+'}{abs(e)}"


def number_text(value, digits):
    """Of an int, a float or an exact Fraction. None where there is no value."""
    if value is None:
        return None
    context = Context(prec=digits, rounding=ROUND_HALF_EVEN)
    if isinstance(value, Fraction):
        return _write(context.divide(Decimal(value.numerator), Decimal(value.denominator)))
    exact = Decimal(value) if isinstance(value, int) else Decimal(repr(float(value)))
    if not exact.is_finite():
        return None
    return _write(context.plus(exact))
