"""The names of Python's `math` that are no primitives: constants, tests of numbers, functions of whole numbers.

With them, `import autograd as math` serves a file that uses `math`. On plain numbers these functions are those of
`math` itself. On nodes they are composed of primitives; one that has no derivative and no constant value says so.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterable
from math import e, inf, nan, pi, tau
from typing import Any

from autograd.errors import OperandError
from autograd.operations.primitives import Abs, Copysign, Fmod, Max, Norm, Sum, Trunc, where

__all__ = [
    "comb", "degrees", "dist", "e", "factorial", "frexp", "fsum", "gcd", "inf", "isclose", "isfinite", "isinf", "isnan",
    "isqrt", "lcm", "ldexp", "modf", "nan", "nextafter", "perm", "pi", "radians", "remainder", "tau", "ulp",
]  # fmt: skip


def is_node(operand: Any) -> bool:
    """Whether an operand is a node rather than a number."""
    return hasattr(type(operand), "apply_primitive")


def isnan(x: Any) -> Any:
    """Whether x is nan; inside `jit` a decision, which `if` records and `where` takes as it is.

    >>> isnan(nan), isnan(1.0)
    (True, False)
    """
    return x != x if is_node(x) else math.isnan(x)


def isinf(x: Any) -> Any:
    """Whether x is infinite; inside `jit` a decision, as by `isnan`.

    >>> isinf(-inf), isinf(nan)
    (True, False)
    """
    return Abs(x) == inf if is_node(x) else math.isinf(x)


def isfinite(x: Any) -> Any:
    """Whether x is neither infinite nor nan; inside `jit` a decision, as by `isnan`.

    >>> isfinite(1e308), isfinite(nan)
    (True, False)
    """
    return Abs(x) < inf if is_node(x) else math.isfinite(x)


def isclose(a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    """Whether a and b differ by at most `rel_tol` of the larger, or `abs_tol`; inside `jit` a decision, as by `isnan`.

    >>> isclose(1.0, 1.0 + 1e-12), isclose(1.0, 1.1)
    (True, False)
    """
    if not any([is_node(number) for number in (a, b, rel_tol, abs_tol)]):
        return math.isclose(a, b, rel_tol=rel_tol, abs_tol=abs_tol)
    if rel_tol < 0.0 or abs_tol < 0.0:
        raise ValueError("tolerances must be non-negative")
    distance = Abs(a - b)
    near = (distance <= Max(rel_tol * Max(Abs(a), Abs(b)), abs_tol)) & (distance < inf)
    return (a == b) | near


def degrees(x: Any) -> Any:
    """The angle x, given in radians, in degrees.

    >>> degrees(pi)
    180.0
    """
    return x * (180.0 / pi) if is_node(x) else math.degrees(x)


def radians(x: Any) -> Any:
    """The angle x, given in degrees, in radians.

    >>> radians(180.0) == pi
    True
    """
    return x * (pi / 180.0) if is_node(x) else math.radians(x)


def fsum(seq: Iterable[Any]) -> Any:
    """The sum without loss of digits: of numbers rounded once, of nodes within 1 unit in the last place.

    >>> fsum([0.1] * 10)
    1.0
    """
    terms = list(seq)
    return Sum(*terms) if any([is_node(term) for term in terms]) else math.fsum(terms)


def dist(p: Iterable[Any], q: Iterable[Any]) -> Any:
    """The Euclidean distance of two points of equally many coordinates.

    >>> dist([1.0, 1.0], [4.0, 5.0])
    5.0
    """
    start, end = tuple(p), tuple(q)
    if not any([is_node(coordinate) for coordinate in start + end]):
        return math.dist(start, end)
    if len(start) != len(end):
        raise ValueError(f"dist needs two points of equally many coordinates, got {len(start)} and {len(end)}")
    return Norm(*[a - b for a, b in zip(start, end, strict=True)])


def remainder(x: Any, y: Any) -> Any:
    """IEEE 754's remainder, x less the multiple of y that is nearest, the even one of two; gradients 1, −multiple.

    >>> remainder(7.0, 4.0), remainder(10.0, 4.0)
    (-1.0, 2.0)
    """
    if not (is_node(x) or is_node(y)):
        return math.remainder(x, y)
    rest = Fmod(x, y)
    size, beyond = Abs(rest), Abs(y) - Abs(rest)
    # Of a tie, the multiple in `rest` is even if half of it is a whole number.
    odd = Fmod((x - rest) / 2.0, y) != 0.0
    past = rest - Copysign(Abs(y), rest)
    return where(size < beyond, rest, where(size > beyond, past, where(odd, past, rest)))


def modf(x: Any) -> Any:
    """The fraction and the whole part of x, both with its sign; the slope of the fraction is 1, of the other 0.

    >>> modf(-2.5)
    (-0.5, -2.0)
    """
    if not is_node(x):
        return math.modf(x)
    return where(Abs(x) == inf, Copysign(0.0, x), Fmod(x, 1.0)), Trunc(x)


def ldexp(x: Any, i: Any) -> Any:
    """x · 2ⁱ for a whole number i, rounded once; a node only as x.

    >>> ldexp(0.75, 4)
    12.0
    """
    if hasattr(type(i), "as_operand"):
        i = int(i)
    if is_node(i):
        raise not_on_nodes("ldexp with an exponent that is", "exp2(i) * x has a derivative in both")
    if not is_node(x):
        return math.ldexp(x, i)
    # 2ⁱ may be out of range where the product is not; beyond 2200, any product is infinite or 0.
    exponent = max(-2200, min(2200, operator.index(i)))
    third = exponent // 3
    for part in (exponent,) if abs(exponent) < 1023 else (third, third, exponent - 2 * third):
        x = x * 2.0**part
    return x


def not_on_nodes(what: str, remedy: str) -> OperandError:
    """The error for a function of numbers that was given a node."""
    return OperandError(f"{what} a node has no derivative: {remedy}")


def of_numbers(name: str, remedy: str) -> Callable[..., Any]:
    """The function of `math` with this name, which refuses nodes with a sentence."""
    function = getattr(math, name)

    def on_numbers(*operands: Any, **options: Any) -> Any:
        if any([is_node(operand) and not hasattr(type(operand), "as_operand") for operand in operands]):
            raise not_on_nodes(f"{name} of", remedy)
        return function(*operands, **options)

    functools.update_wrapper(on_numbers, function, assigned=("__name__", "__qualname__"))
    on_numbers.__doc__ = f"`math.{name}`, of plain numbers; of nodes, {remedy}."
    return on_numbers


_WHOLE = "it is for whole numbers, which a node never is"
_STEP = "it tells of the floats that are next to a number; use detach() or its value"
comb = of_numbers("comb", f"{_WHOLE}; exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)) is smooth in n and k")
perm = of_numbers("perm", f"{_WHOLE}; exp(lgamma(n + 1) - lgamma(n - k + 1)) is smooth in n and k")
factorial = of_numbers("factorial", f"{_WHOLE}; gamma(n + 1) is smooth in n")
gcd = of_numbers("gcd", _WHOLE)
lcm = of_numbers("lcm", _WHOLE)
isqrt = of_numbers("isqrt", f"{_WHOLE}; floor(sqrt(n)) is a node")
frexp = of_numbers("frexp", "the exponent is a whole number that changes with it; log2(abs(x)) is smooth")
nextafter = of_numbers("nextafter", _STEP)
ulp = of_numbers("ulp", _STEP)
