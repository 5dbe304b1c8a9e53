"""C's floating-point functions for plain Python floats: results, never exceptions.

Python's `math` raises where C99 (Annex F) and IEEE 754 define a result: `math.log(0.0)`, `math.exp(1e3)`,
`1.0 / 0.0`. Compiled code calls libm and gets those results for nothing; this module gives the uncompiled
package the same ones, and diagnosis its `fma`. Arguments are floats.
"""

import math
from collections.abc import Callable, Mapping
from math import atan, atan2, copysign, erf, fabs, frexp, hypot, inf, isfinite, isinf, isnan, nan

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "ceil",
    "copysign",
    "cos",
    "cosh",
    "divide",
    "erf",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "fma",
    "fmod",
    "frexp",
    "hypot",
    "inf",
    "isfinite",
    "isinf",
    "isnan",
    "ldexp",
    "log",
    "log1p",
    "log2",
    "log10",
    "nan",
    "pow",
    "rint",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
]

asinh = math.asinh
tanh = math.tanh


def _total(
    function: Callable[[float], float], *, poles: Mapping[float, float] | None = None, odd: bool = False
) -> Callable[[float], float]:
    """`function` with C's result in place of each exception.

    `poles` maps an argument to the infinity there; elsewhere outside the domain the result is nan. A result
    too large is +inf, or for an odd function the infinity with the argument's sign.
    """
    at_pole = poles or {}

    def total(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return at_pole.get(x, nan)
        except OverflowError:
            return copysign(inf, x) if odd else inf

    total.__name__ = total.__qualname__ = function.__name__
    total.__doc__ = f"C's `{function.__name__}`: never raises."
    return total


exp = _total(math.exp)
exp2 = _total(math.exp2)
expm1 = _total(math.expm1)
log = _total(math.log, poles={0.0: -inf})
log2 = _total(math.log2, poles={0.0: -inf})
log10 = _total(math.log10, poles={0.0: -inf})
log1p = _total(math.log1p, poles={-1.0: -inf})
sqrt = _total(math.sqrt)
sin = _total(math.sin)
cos = _total(math.cos)
tan = _total(math.tan)
asin = _total(math.asin)
acos = _total(math.acos)
sinh = _total(math.sinh, odd=True)
cosh = _total(math.cosh)
acosh = _total(math.acosh)
atanh = _total(math.atanh, poles={1.0: inf, -1.0: -inf})


def _rounding(function: Callable[[float], int]) -> Callable[[float], float]:
    """A rounding to int as C's rounding to double: infinities, nan and the sign of zero pass through."""

    def rounded(x: float) -> float:
        # From 2**52 on every double is an integer. A nan fails the comparison and is returned as well.
        if not -4503599627370496.0 < x < 4503599627370496.0:
            return x
        return copysign(function(x), x)

    rounded.__name__ = rounded.__qualname__ = function.__name__
    return rounded


floor = _rounding(math.floor)
ceil = _rounding(math.ceil)
trunc = _rounding(math.trunc)
rint = _rounding(round)  # Python's round is half-even, as C's rint is in the default rounding mode


def divide(a: float, b: float) -> float:
    """IEEE 754 division: 1/0 = inf, 1/-0 = -inf, 0/0 = nan."""
    try:
        return a / b
    except ZeroDivisionError:
        if a == 0.0 or isnan(a):
            return nan
        return copysign(inf, a) * copysign(1.0, b)


def fmod(a: float, b: float) -> float:
    """C's remainder, with the sign of `a`: nan for an infinite `a` or a zero `b`."""
    try:
        return math.fmod(a, b)
    except ValueError:
        return nan


def pow(base: float, exponent: float) -> float:
    """C99's pow (Annex F.9.4.4): pow(x, 0) = 1 even for nan, pow(-0.0, -3) = -inf, pow(-8, 1/3) = nan."""
    try:
        return math.pow(base, exponent)
    except ValueError:
        if base != 0.0:
            return nan
    except OverflowError:
        pass
    # An infinity: at the pole 0 ** negative, or by overflow. An odd exponent lets the base's sign through.
    return copysign(inf, base) if math.fmod(exponent, 2.0) in (1.0, -1.0) else inf


def ldexp(mantissa: float, exponent: int) -> float:
    """`mantissa * 2**exponent`, an infinity where that overflows."""
    try:
        return math.ldexp(mantissa, exponent)
    except OverflowError:
        return copysign(inf, mantissa)


def fma(a: float, b: float, c: float) -> float:
    """`a * b + c` rounded once (C99's fma)."""
    product = a * b
    if 1e-250 < fabs(product) < 1e290 and fabs(a) < 1e290 and fabs(b) < 1e290 and fabs(c) < 1e290:
        # Dekker's product (Numerische Mathematik 18, 1971): the rounding error of a * b is itself a double,
        # found by splitting each factor in halves whose products are exact. fsum rounds the sum once.
        scaled = 134217729.0 * a
        a_high = scaled - (scaled - a)
        a_low = a - a_high
        scaled = 134217729.0 * b
        b_high = scaled - (scaled - b)
        b_low = b - b_high
        error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
        return math.fsum((product, error, c))
    if not (isfinite(a) and isfinite(b) and isfinite(c)) or a == 0.0 or b == 0.0:
        # Exact as it stands. A product that overflows from finite factors must not meet an infinite c of the
        # other sign: a * b is finite in exact arithmetic, so the result is c.
        return c if isfinite(a) and isfinite(b) and not isfinite(c) else product + c
    # Imported here: it takes longer than the rest of the package's arithmetic, and few programs come here.
    from fractions import Fraction

    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return product + c if product == 0.0 else 0.0
    try:
        rounded = float(exact)
    except OverflowError:
        return inf if exact > 0 else -inf
    return rounded if rounded != 0.0 else copysign(0.0, 1.0 if exact > 0 else -1.0)
