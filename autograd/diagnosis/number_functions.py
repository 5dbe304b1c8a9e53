"""The functions of numbers of other types: those that a type or its library has, and compositions of these.

Functions are methods of the type (`Decimal.exp`), or in the context of an mpmath number, in NumPy, in `cmath`. The
operands here are `Number`s of `arithmetic`, on which the primitives work that others are composed of.
"""

from __future__ import annotations

import cmath
import functools
import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

from autograd.numbers.operands import numpy_if_imported
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import (
    Abs,
    Atan,
    Atan2,
    Cos,
    Erf,
    Exp,
    Expm1,
    Floor,
    Gaussian,
    Log,
    Log1p,
    Sigmoid,
    Sign,
    Sin,
    Sqrt,
    Trunc,
    where,
)

__all__ = ["COMPOSED", "EXACT_SLOPES", "library_function"]

# The names of the functions in libraries and types; NumPy's come last.
LIBRARY_NAMES = {
    "exp": ("exp",), "exp2": ("exp2",), "expm1": ("expm1",), "log": ("log", "ln"), "log2": ("log2",),
    "log10": ("log10",), "log1p": ("log1p",), "sqrt": ("sqrt",), "sin": ("sin",), "cos": ("cos",),
    "tan": ("tan",), "asin": ("asin", "arcsin"), "acos": ("acos", "arccos"), "atan": ("atan", "arctan"),
    "atan2": ("atan2", "arctan2"), "sinh": ("sinh",), "cosh": ("cosh",), "tanh": ("tanh",),
    "asinh": ("asinh", "arcsinh"), "acosh": ("acosh", "arccosh"), "atanh": ("atanh", "arctanh"), "erf": ("erf",),
    "erfc": ("erfc",), "hypot": ("hypot",), "floor": ("floor",), "digamma": ("digamma",),
}  # fmt: skip


def _power(a: Any, b: Any) -> Any:
    """A power, if it is a number of the type: that of a fraction is a float, but for integer exponents."""
    if a == 0.0 and b > 0.0:
        return 0.0
    exponent = _integer(b.inner)
    if exponent is not None:
        return a.applied(lambda x: x**exponent, f"the power {exponent}") if exponent else 1.0
    result = a.applied(operator.pow, "the power", b)
    if isinstance(result.inner, float) and not isinstance(a.inner, float):
        return a.missing(f"{type(a.inner).__name__} has no power of {a.inner} and {b.inner}")
    return result


def _integer(inner: Any) -> int | None:
    """The integer that a number is, None if it is none."""
    try:
        whole = int(inner)
    except (TypeError, ValueError, OverflowError):
        return None
    return whole if inner == whole else None


def _floor_of_interval(context: Any, x: Any) -> Any:
    """The floor of an interval in which it does not jump."""
    low, high = [sys.modules["mpmath"].floor(sys.modules["mpmath"].mpf(end)) for end in (x.a, x.b)]
    if low != high:
        raise ValueError("it jumps in there")
    return context.mpf(low)


def _half_even(x: Any) -> Any:
    """The nearest integer."""
    above = Floor(x + 0.5)
    return where(above - x == 0.5, 2.0 * Floor(0.5 * above), above)


def _logaddexp(a: Any, b: Any) -> Any:
    return a + Log1p(Exp(b - a)) if a > b else b + Log1p(Exp(a - b))


def _logsumexp(operands: Sequence[Any]) -> Any:
    largest = _largest(operands)
    return largest + Log(_total([Exp(operand - largest) for operand in operands]))


def _total(operands: Sequence[Any]) -> Any:
    return functools.reduce(operator.add, operands)


def _largest(operands: Sequence[Any]) -> Any:
    return functools.reduce(lambda a, b: where(a > b, a, b), operands)


def _product(operands: Sequence[Any]) -> Any:
    return functools.reduce(operator.mul, operands)


def _inner_product(operands: Sequence[Any]) -> Any:
    half = len(operands) // 2
    return _total([a * b for a, b in zip(operands[:half], operands[half:], strict=True)])


# Primitives in terms of others, where a type has no function for them.
COMPOSED: dict[str, Callable[..., Any]] = {
    "abs": lambda x: x.applied(operator.abs, "abs"),
    "fma": lambda a, b, c: a * b + c,
    "power": _power,
    "power_below": lambda a, b, c: _power(a, b - c),
    "cbrt": lambda x: where(x == 0.0, 0.0, Sign(x) * Exp(Log(Abs(x)) / 3.0)),
    "hypot": lambda a, b: Sqrt(a * a + b * b),
    "exp2": lambda x: Exp(x * Log(x.like(2.0))),
    "exp_difference": lambda a, b: Exp(a - b),
    "expm1": lambda x: Exp(x) - 1.0,
    "log2": lambda x: Log(x) / Log(x.like(2.0)),
    "log10": lambda x: Log(x) / Log(x.like(10.0)),
    "log1p": lambda x: Log(1.0 + x),
    "xlogy": lambda a, b: where(a == 0.0, 0.0, a * Log(b)),
    "logaddexp": _logaddexp,
    "sigmoid_difference": lambda a, b: 1.0 / (1.0 + Exp(b - a)),
    "softplus": lambda x: Log1p(Exp(x)),
    "sigmoid": lambda x: 1.0 / (1.0 + Exp(-x)),
    "tan": lambda x: Sin(x) / Cos(x),
    "asin": lambda x: Atan2(x, Sqrt((1.0 - x) * (1.0 + x))),
    "acos": lambda x: Atan2(Sqrt((1.0 - x) * (1.0 + x)), x),
    "atan": lambda x: Atan2(x, 1.0),
    "sinh": lambda x: (Exp(x) - Exp(-x)) / 2.0,
    "cosh": lambda x: (Exp(x) + Exp(-x)) / 2.0,
    "tanh": lambda x: Expm1(2.0 * x) / (Exp(2.0 * x) + 1.0),
    "sech_squared": lambda x: 4.0 * Sigmoid(2.0 * x) * Sigmoid(-2.0 * x),
    "asinh": lambda x: Sign(x) * Log(Abs(x) + Sqrt(x * x + 1.0)),
    "acosh": lambda x: Log(x + Sqrt((x - 1.0) * (x + 1.0))),
    "atanh": lambda x: Log((1.0 + x) / (1.0 - x)) / 2.0,
    "gaussian": lambda x: Exp(-x * x),
    "erfc": lambda x: 1.0 - Erf(x),
    "sign": lambda x: where(x > 0.0, 1.0, where(x < 0.0, -1.0, 0.0)),
    "ceil": lambda x: -Floor(-x),
    "round": _half_even,
    "floor_divide": lambda a, b: Floor(a / b),
    "mod": lambda a, b: a - b * Floor(a / b),
    "fmod": lambda a, b: a - b * Trunc(a / b),
    "copysign": lambda a, b: where(b < 0.0, -Abs(a), Abs(a)),
    "sum": _total,
    "prod": _product,
    "dot": _inner_product,
    "norm": lambda operands: Sqrt(_total([operand * operand for operand in operands])),
    "logsumexp": _logsumexp,
    "max_of_many": _largest,
    "min_of_many": lambda operands: functools.reduce(lambda a, b: where(a < b, a, b), operands),
}


def _root_of_pi(x: Any) -> Any:
    return Sqrt(4.0 * Atan(x.like(1.0)))


# Rules with a constant that a float rounds, with the constant computed. They can't be had from the declarations: where
# a rule has math.log(2.0) it is a float like any other by the time the rule multiplies by it. Tests hold each of these
# against the declared rule, and the slopes of all primitives against mpmath, so that a rule that should stand here and
# doesn't is found.
EXACT_SLOPES: dict[str, Callable[[Any, Any], Any]] = {
    "exp2": lambda x, out: out * Log(x.like(2.0)),
    "log2": lambda x, out: 1.0 / (x * Log(x.like(2.0))),
    "log10": lambda x, out: 1.0 / (x * Log(x.like(10.0))),
    "erf": lambda x, out: 2.0 / _root_of_pi(x) * Gaussian(x),
    "erfc": lambda x, out: -2.0 / _root_of_pi(x) * Gaussian(x),
}


def library_function(primitive: Primitive, number: Any) -> Callable[..., Any] | None:
    """The function of a primitive for numbers of this type, None if there is none."""
    special, name = primitive.mpmath, primitive.name
    names = LIBRARY_NAMES.get(name, ()) if primitive.built_in else ()
    if special is None and not names:
        return None
    context = getattr(number, "context", None) or getattr(number, "ctx", None)
    if special is not None and hasattr(context, special[0]):
        return functools.partial(special[1], context)
    if primitive is Floor and hasattr(context, "_mpi"):
        return functools.partial(_floor_of_interval, context)
    numpy = numpy_if_imported()
    library: Any = context
    if library is None and numpy is not None and isinstance(number, numpy.generic):
        library = numpy
    if library is None and isinstance(number, complex):
        library = cmath
    for known in names:
        function = getattr(library if library is not None else type(number), known, None)
        if function is not None:
            found: Callable[..., Any] = function
            return found
    if name == "floor" and library is None and hasattr(type(number), "__floor__"):
        return lambda x: type(x)(math.floor(x))
    return None
