"""Primitives on numbers of other types: fractions, decimals, intervals, numbers of many digits.

The rules of primitives are plain arithmetic and other primitives, so they run on any number that knows arithmetic, once
it is wrapped in a `Number`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd.diagnosis.number_functions import COMPOSED, EXACT_SLOPES, library_function
from autograd.errors import NumberError
from autograd.operations import functions, primitives
from autograd.operations.primitive import Primitive

__all__ = ["Missing", "Number", "local_gradients_of"]


class Missing:
    """The stand-in for a number that could not be computed, with the reason. A result of it is missing too."""

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
        """A float or an int that a rule has, as a number of the same type."""
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
        return primitives.Power(self, other)

    def __neg__(self) -> Number:
        return self.applied(operator.neg, "the negative")

    def __pos__(self) -> Number:
        return self

    def __abs__(self) -> Any:
        return primitives.Abs(self)

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
            outcome = comparison(self.inner, others)
            if outcome is not None:
                return bool(outcome)
            error: Exception | None = None
        except (TypeError, ValueError) as raised:
            error = raised
        # mpmath's intervals that overlap have no answer, and some types raise an error without a message.
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
for _name in functions.__all__:
    _function = getattr(functions, _name)
    if isinstance(_function, Primitive):
        setattr(Number, _name, lambda *numbers, primitive=_function: primitive(*numbers))


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
    function = library_function(primitive, one.inner)
    if function is not None:
        return one.applied(function, name, *numbers[1:])
    if primitive.built_in:
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
        if primitive.built_in:
            return one.missing(f"{kind} has no {name}; mpmath.mpf has")
        return one.missing(f"the value of {name} is computed on floats, not on {kind}: {error}")


def local_gradients_of(primitive: Primitive, operands: list[Number], uses: list[float], out: Number) -> list[Number]:
    """The local gradients; `uses` says in how many places each operand stands, 0 if it is constant."""
    try:
        if primitive.built_in and primitive.name in EXACT_SLOPES:
            slopes = [EXACT_SLOPES[primitive.name](operands[0], out)]
        else:
            slopes = primitive.local_gradients(operands, out, uses)
    except (NumberError, TypeError) as error:
        return [out.missing(f"the local gradient of {primitive.name}: {error}")] * len(operands)
    return [out.like(slope) for slope in slopes]
