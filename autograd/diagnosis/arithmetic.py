"""Primitives on numbers of other types: fractions, decimals, intervals, numbers of many digits.

The rules of primitives are plain arithmetic and other primitives, so they run on any number that knows arithmetic, once
it is wrapped in a `Number`. Functions are taken from where the type has them: as a method (`Decimal.exp`), in the
context of an mpmath number, in NumPy, in `cmath`; what is in none of these is composed of what is.
"""

from __future__ import annotations

import cmath
import functools
import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

from autograd import primitives
from autograd.errors import NumberError, UnknownPrimitiveError
from autograd.primitive import Primitive, find_primitive
from autograd.primitives import (
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
    Power,
    Sign,
    Sin,
    Sqrt,
    Trunc,
    where,
)

__all__ = ["Missing", "Number", "local_gradients_of"]


class Missing:
    """What stands for a number that could not be computed, and why. What is made of it is missing too."""

    def __init__(self, why: str) -> None:
        self.why = why


class Number:
    """A number of another type as an operand of primitives.

    `make` makes such a number of a float.
    """

    __slots__ = ("inner", "make")

    def __init__(self, inner: Any, make: Callable[[float], Any]) -> None:
        self.inner = inner
        self.make = make

    def like(self, number: Any) -> Number:
        """What a rule has as a float or an int as a number of the same type."""
        if isinstance(number, Number):
            return number
        try:
            return Number(self.make(float(number)), self.make)
        except (ArithmeticError, ValueError, TypeError):
            return self.missing(f"{type(self.inner).__name__} has no {number}")

    def missing(self, why: str) -> Number:
        """In place of a number that does not exist."""
        return Number(Missing(why), self.make)

    def applied(self, function: Callable[..., Any], what: str, *others: Any) -> Number:
        """A function of this number and others; missing where it has no result of this type."""
        operands = [self, *[self.like(other) for other in others]]
        for operand in operands:
            if isinstance(operand.inner, Missing):
                return operand
        inner = [operand.inner for operand in operands]
        try:
            result = function(*inner)
        except Exception as error:
            return self.missing(f"{what} of {_told(inner)}: {type(error).__name__} {error}".rstrip())
        if _is_complex(result) and not any(map(_is_complex, inner)):
            return self.missing(f"{what} of {_told(inner)} is not real")
        return Number(result, self.make)

    @staticmethod
    def apply_primitive(primitive: Primitive, operands: tuple[Any, ...]) -> Number:
        """The value of a primitive on operands of which at least one is a Number."""
        one = next(operand for operand in operands if isinstance(operand, Number))
        numbers = [one.like(operand) for operand in operands]
        if one.make is float:
            return numbers[0].applied(lambda *inner: primitive.of_numbers(list(inner)), primitive.name, *numbers[1:])
        return value_of_primitive(primitive, numbers)

    def __add__(self, other: Any) -> Number:
        return self.applied(operator.add, "the sum", other)

    def __radd__(self, other: Any) -> Number:
        return self.like(other) + self

    def __sub__(self, other: Any) -> Number:
        return self.applied(operator.sub, "the difference", other)

    def __rsub__(self, other: Any) -> Number:
        return self.like(other) - self

    def __mul__(self, other: Any) -> Number:
        return self.applied(operator.mul, "the product", other)

    def __rmul__(self, other: Any) -> Number:
        return self.like(other) * self

    def __truediv__(self, other: Any) -> Number:
        return self.applied(operator.truediv, "the quotient", other)

    def __rtruediv__(self, other: Any) -> Number:
        return self.like(other) / self

    def __pow__(self, other: Any) -> Any:
        return Power(self, other)

    def __neg__(self) -> Number:
        return self.applied(operator.neg, "the negative")

    def __pos__(self) -> Number:
        return self

    def __abs__(self) -> Any:
        return Abs(self)

    def compared(self, other: Any, comparison: Callable[[Any, Any], Any]) -> bool:
        """The outcome of a comparison; NumberError if there is none."""
        others = other.inner if isinstance(other, Number) else other
        for inner in (self.inner, others):
            if isinstance(inner, Missing):
                raise NumberError(inner.why)
        if isinstance(others, float) and math.isfinite(others):
            others = self.make(others)
        if _is_complex(self.inner) and self.inner.imag == 0 and others.imag == 0:
            return bool(comparison(self.inner.real, others.real))
        try:
            return bool(comparison(self.inner, others))
        except (TypeError, ValueError) as error:
            raise NumberError(f"{_told([self.inner, others])} can't be compared: {error or 'they overlap'}") from error

    def __lt__(self, other: Any) -> bool:
        return self.compared(other, operator.lt)

    def __le__(self, other: Any) -> bool:
        return self.compared(other, operator.le)

    def __gt__(self, other: Any) -> bool:
        return self.compared(other, operator.gt)

    def __ge__(self, other: Any) -> bool:
        return self.compared(other, operator.ge)

    def __eq__(self, other: object) -> bool:
        return self.compared(other, operator.eq)

    def __ne__(self, other: object) -> bool:
        return self.compared(other, operator.ne)

    __hash__ = None  # type: ignore[assignment]


# NumPy's functions, which a user's rule may be written with, call methods of their names.
for _method, _primitive in {
    "exp": primitives.Exp, "exp2": primitives.Exp2, "expm1": primitives.Expm1, "log": primitives.Log,
    "log2": primitives.Log2, "log10": primitives.Log10, "log1p": primitives.Log1p, "sqrt": primitives.Sqrt,
    "cbrt": primitives.Cbrt, "sin": primitives.Sin, "cos": primitives.Cos, "tan": primitives.Tan,
    "arcsin": primitives.Asin, "arccos": primitives.Acos, "arctan": primitives.Atan, "sinh": primitives.Sinh,
    "cosh": primitives.Cosh, "tanh": primitives.Tanh, "arcsinh": primitives.Asinh, "arccosh": primitives.Acosh,
    "arctanh": primitives.Atanh, "square": primitives.Square, "sign": primitives.Sign, "floor": primitives.Floor,
}.items():  # fmt: skip
    setattr(Number, _method, lambda number, primitive=_primitive: primitive(number))


def _told(inner: Sequence[Any]) -> str:
    return " and ".join([str(number) for number in inner])


def _is_complex(number: Any) -> bool:
    return isinstance(number, complex) or type(number).__name__ == "mpc"


def value_of_primitive(primitive: Primitive, numbers: list[Number]) -> Number:
    """The value of a primitive on numbers of one type."""
    for number in numbers:
        if isinstance(number.inner, Missing):
            return number
    name, one = primitive.name, numbers[0]
    if is_built_in(primitive):
        function = library_function(name, one.inner) if name in SPECIAL or name in LIBRARY_NAMES else None
        if function is not None:
            return one.applied(function, name, *numbers[1:])
        composed = COMPOSED.get(name)
        if composed is not None:
            return one.like(composed(numbers) if primitive.arity is None else composed(*numbers))
    value: Any = primitive.value
    try:
        return one.like(value(numbers) if primitive.arity is None else value(*numbers))
    except NumberError:
        raise
    except TypeError as error:
        kind = type(one.inner).__name__
        if is_built_in(primitive):
            return one.missing(f"{kind} has no {name}; mpmath.mpf has")
        return one.missing(f"the value of {name} is computed on floats, not on {kind}: {error}")


def is_built_in(primitive: Primitive) -> bool:
    """Whether this is the package's own primitive of its name."""
    try:
        return primitive.registered and find_primitive(primitive.name) is primitive
    except UnknownPrimitiveError:
        return False


def library_function(name: str, number: Any) -> Callable[..., Any] | None:
    """The function of a primitive for numbers of this type, None if there is none."""
    special = SPECIAL.get(name)
    context = getattr(number, "context", None) or getattr(number, "ctx", None)
    if special is not None and hasattr(context, special[0]):
        return functools.partial(special[1], context)
    names = LIBRARY_NAMES.get(name, ())
    numpy = sys.modules.get("numpy")
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


# Under which names libraries and types have the functions; NumPy's come last.
LIBRARY_NAMES = {
    "exp": ("exp",), "exp2": ("exp2",), "expm1": ("expm1",), "log": ("log", "ln"), "log2": ("log2",),
    "log10": ("log10",), "log1p": ("log1p",), "sqrt": ("sqrt",), "sin": ("sin",), "cos": ("cos",),
    "tan": ("tan",), "asin": ("asin", "arcsin"), "acos": ("acos", "arccos"), "atan": ("atan", "arctan"),
    "atan2": ("atan2", "arctan2"), "sinh": ("sinh",), "cosh": ("cosh",), "tanh": ("tanh",),
    "asinh": ("asinh", "arcsinh"), "acosh": ("acosh", "arccosh"), "atanh": ("atanh", "arctanh"), "erf": ("erf",),
    "erfc": ("erfc",), "hypot": ("hypot",), "floor": ("floor",), "digamma": ("digamma",),
}  # fmt: skip


def _power(a: Number, b: Number) -> Any:
    """A power, if it is a number of the type: that of a fraction is a float, but for integer exponents."""
    if a == 0.0 and b > 0.0:
        return 0.0
    exponent = _integer(b.inner)
    if exponent is not None:
        return a.applied(lambda x: x**exponent, f"the power {exponent}") if exponent else 1.0
    result = a.applied(operator.pow, "the power", b)
    if isinstance(result.inner, float) and not isinstance(a.inner, float):
        return a.missing(f"{type(a.inner).__name__} has no power of {_told([a.inner, b.inner])}")
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


# Functions of mpmath's contexts under another form: the name that a context must have, and the form.
SPECIAL: dict[str, tuple[str, Callable[..., Any]]] = {
    "lgamma": ("gamma", lambda context, x: context.log(abs(context.gamma(x)))),
    "floor": ("_mpi", _floor_of_interval),
    "polygamma": ("psi", lambda context, n, x: context.psi(int(n), x)),
}


def _half_even(x: Number) -> Any:
    """The nearest integer."""
    above = Floor(x + 0.5)
    return where(above - x == 0.5, 2.0 * Floor(0.5 * above), above)


def _logaddexp(a: Number, b: Number) -> Any:
    return a + Log1p(Exp(b - a)) if a > b else b + Log1p(Exp(a - b))


def _logsumexp(operands: Sequence[Number]) -> Any:
    largest = _largest(operands)
    return largest + Log(_total([Exp(operand - largest) for operand in operands]))


def _total(operands: Sequence[Number]) -> Number:
    return functools.reduce(operator.add, operands)


def _largest(operands: Sequence[Number]) -> Number:
    return functools.reduce(lambda a, b: where(a > b, a, b), operands)


def _product(operands: Sequence[Number]) -> Number:
    return functools.reduce(operator.mul, operands)


def _inner_product(operands: Sequence[Number]) -> Number:
    half = len(operands) // 2
    return _total([a * b for a, b in zip(operands[:half], operands[half:], strict=True)])


# What primitives are in terms of others, where a type has no function for them.
COMPOSED: dict[str, Callable[..., Any]] = {
    "abs": lambda x: x.applied(operator.abs, "abs"),
    "fma": lambda a, b, c: a * b + c,
    "power": _power,
    "power_below": lambda a, b, c: _power(a, b - c),
    "cbrt": lambda x: where(x == 0.0, 0.0, Sign(x) * Exp(Log(Abs(x)) / 3.0)),
    "hypot": lambda a, b: Sqrt(a * a + b * b),
    "exp2": lambda x: Exp(x * Log(x.like(2.0))),
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
    "asinh": lambda x: Log(x + Sqrt(x * x + 1.0)),
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


def _root_of_pi(x: Number) -> Any:
    return Sqrt(4.0 * Atan(x.like(1.0)))


# Rules with a constant that a float rounds, with the constant computed.
EXACT_SLOPES: dict[str, Callable[[Number, Number], Any]] = {
    "exp2": lambda x, out: out * Log(x.like(2.0)),
    "log2": lambda x, out: 1.0 / (x * Log(x.like(2.0))),
    "log10": lambda x, out: 1.0 / (x * Log(x.like(10.0))),
    "erf": lambda x, out: 2.0 / _root_of_pi(x) * Gaussian(x),
    "erfc": lambda x, out: -2.0 / _root_of_pi(x) * Gaussian(x),
}


def local_gradients_of(primitive: Primitive, operands: list[Number], uses: list[float], out: Number) -> list[Number]:
    """The local gradients; `uses` says in how many places each operand stands, 0 if it is constant."""
    several = primitive.arity is None and any(use > 1.0 for use in uses)
    rule: Any = primitive.gradients
    try:
        if is_built_in(primitive) and primitive.name in EXACT_SLOPES:
            slopes: Any = EXACT_SLOPES[primitive.name](operands[0], out)
        elif primitive.beside_constant is None or (all(uses) and not several):
            slopes = rule(operands, out) if primitive.arity is None else rule(*operands, out)
        elif primitive.arity is None:
            slopes = primitive.beside_constant(operands, uses, out)
        else:
            a, b = operands
            slopes = (
                primitive.beside_constant(a, b, out) if uses[0] else 0.0,
                primitive.beside_constant(b, a, out) if uses[1] else 0.0,
            )
    except (NumberError, TypeError) as error:
        return [out.missing(f"the local gradient of {primitive.name}: {error}")] * len(operands)
    return [out.like(slope) for slope in (slopes if isinstance(slopes, list | tuple) else (slopes,))]
