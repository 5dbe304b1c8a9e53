"""Building a program: each operation once, constants computed, only exact algebra.

What is simplified gives the same bits, but for the sign and payload of a nan, and the sign of a zero that `Absorb`
gives: x · 1, x ÷ 1, x − 0, x ** 0, −(−x), a + (−b), (−a) · b, selections whose condition is known. x + 0 is kept, for
it turns −0 into 0; so is x · 0, which is nan for infinite x.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Any

from autograd import primitives as p
from autograd.errors import TraceError
from autograd.numpy_interop import primitive_of
from autograd.primitive import Primitive
from autograd.program.program import Program

try:
    import cython
except ImportError:
    from autograd import _cython as cython

__all__ = ["Builder"]


@cython.final
@cython.cclass
class Builder:
    """The operations so far. Values have numbers: inputs from 0, then constants and results as they come.

    The value of a number was made by `made_by[number]` from `operands_of[number]`, both None for inputs and constants.
    `known` has for each primitive the values it was asked for, by their operands.
    """

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.constant_of: dict[int, float] = {}
        self.constants: dict[Any, int] = {}
        self.made_by: list[Primitive | None] = [None] * inputs
        self.operands_of: list[tuple[int, ...] | None] = [None] * inputs
        self.known: dict[Primitive, dict[tuple[int, ...], int]] = {}
        self.one = self.constant(1.0)
        self.zero = self.constant(0.0)

    def constant(self, number: float) -> int:
        """The value of a constant; 0.0 and -0.0 are two, all nans are one."""
        key: Any = number
        if number != number:
            key = "nan"
        elif number == 0.0 and math.copysign(1.0, number) < 0.0:
            key = "-0.0"
        value = self.constants.get(key)
        if value is None:
            value = self.constants[key] = self.append(None, None)
            self.constant_of[value] = number
        return value

    def append(self, primitive: Primitive | None, operands: tuple[int, ...] | None) -> int:
        """The number of one more value."""
        self.made_by.append(primitive)
        self.operands_of.append(operands)
        return len(self.made_by) - 1

    def emit(self, primitive: Primitive, operands: tuple[int, ...]) -> int:
        """The value of an operation: a known one where it was computed before or follows from simpler ones."""
        values = self.known.get(primitive)
        if values is None:
            values = self.known[primitive] = {}
        value = values.get(operands)
        if value is None:
            value = values[operands] = self.simplified(primitive, operands)
        return value

    def known_value(self, primitive: Primitive, operands: tuple[int, ...]) -> int | None:
        """The value of an operation if it was asked for before."""
        values = self.known.get(primitive)
        return None if values is None else values.get(operands)

    def simplified(self, primitive: Primitive, operands: tuple[int, ...]) -> int:
        """The value of an operation that was not asked for before."""
        constants = self.constant_of
        if all([operand in constants for operand in operands]):
            return self.constant(primitive.of_numbers([constants[operand] for operand in operands]))
        simplify: Any = SIMPLIFY.get(primitive)
        if simplify is not None:
            value: int | None = simplify(self, *operands)
            if value is not None:
                return value
        if primitive.kernel is None and primitive not in MACHINE_OPERATIONS:
            return self.expanded(primitive, operands)
        return self.append(primitive, operands)

    def expanded(self, primitive: Primitive, operands: tuple[int, ...]) -> int:
        """The value of a user's primitive: its own value function, run on symbols."""
        symbols = [Symbol(self, operand) for operand in operands]
        of_value: Any = primitive.value
        try:
            result = of_value(symbols) if primitive.arity is None else of_value(*symbols)
            return number_of(self, result)
        except TraceError as error:
            raise TraceError(f"{error}; this is about {primitive.name!r}") from None

    def is_condition(self, value: int) -> bool:
        """Whether a value can only be 0 or 1."""
        return self.made_by[value] in CONDITIONS

    def operand_of(self, value: int, primitive: Primitive) -> int | None:
        """The operand of a value if this unary primitive made it."""
        if self.made_by[value] is not primitive:
            return None
        operands: Any = self.operands_of[value]
        return operands[0]  # type: ignore[no-any-return]

    def program(self, outputs: Sequence[int], guards: Sequence[tuple[int, bool, str, int]] = ()) -> Program:
        """The program that computes these outputs and the conditions of these guards, and nothing else."""
        size = len(self.made_by)
        needed = bytearray(size)
        for output in outputs:
            needed[output] = 1
        for guard in guards:
            needed[guard[0]] = 1
        # Operands have smaller numbers than what is made of them.
        for value in range(size - 1, -1, -1):
            used = self.operands_of[value]
            if needed[value] and used is not None:
                for operand in used:
                    needed[operand] = 1
        constants = [value for value in self.constant_of if needed[value]]
        number = array("i", range(size))
        count = self.inputs
        for value in constants:
            number[value] = count
            count += 1
        code_of: dict[str, int] = {}
        codes, starts, operands = array("i"), array("i", [0]), array("i")
        for value in range(size):
            used = self.operands_of[value]
            if needed[value] and used is not None:
                number[value] = count
                count += 1
                primitive: Any = self.made_by[value]
                codes.append(code_of.setdefault(primitive.name, len(code_of)))
                for operand in used:
                    operands.append(number[operand])
                starts.append(len(operands))
        return Program(
            self.inputs,
            [self.constant_of[value] for value in constants],
            list(code_of),
            codes,
            starts,
            operands,
            [number[output] for output in outputs],
            [(number[condition], outcome, file, line) for condition, outcome, file, line in guards],
        )


class Symbol:
    """A value of a builder, for running the value function of a user's primitive."""

    def __init__(self, builder: Builder, value: int) -> None:
        self.builder = builder
        self.value_number = value

    @staticmethod
    def apply_primitive(primitive: Primitive, operands: Sequence[Any]) -> Symbol:
        """What a primitive makes of symbols and numbers."""
        builder = next(operand.builder for operand in operands if isinstance(operand, Symbol))
        return Symbol(builder, builder.emit(primitive, tuple([number_of(builder, operand) for operand in operands])))

    def choose(self, yes: Any, no: Any) -> Symbol:
        """What `where` makes of this symbol as the condition."""
        return Symbol.apply_primitive(p.Select, (self, yes, no))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        primitive = primitive_of(ufunc)
        if primitive is None:
            raise TraceError(
                f"NumPy's {ufunc.__name__} has no primitive; write a primitive's value with autograd's functions"
            )
        return Symbol.apply_primitive(primitive, inputs)

    __hash__ = object.__hash__

    def refuse(self) -> Any:
        """Raise TraceError: a value function asked for a number or a decision."""
        raise TraceError(
            "to be compiled, the value of a primitive must be written with operators and autograd's functions, without "
            "`if` (use where), math.exp and the like: it is run on symbols"
        )

    __bool__ = __float__ = __int__ = __index__ = __round__ = __floor__ = refuse


def _operator(primitive: Primitive, swapped: bool = False) -> Any:
    if swapped:
        return lambda self, other: Symbol.apply_primitive(primitive, (other, self))
    return lambda self, *others: Symbol.apply_primitive(primitive, (self, *others))


for _name, _primitive in {
    "add": p.Plus, "sub": p.Minus, "mul": p.Multiply, "truediv": p.Divide, "pow": p.Power, "mod": p.Mod,
    "floordiv": p.FloorDivide, "neg": p.Negate, "abs": p.Abs, "lt": p.Less, "le": p.LessEqual, "eq": p.Equal,
    "ne": p.NotEqual, "or": p.Either, "and": p.Both, "invert": p.Not,
}.items():  # fmt: skip
    setattr(Symbol, f"__{_name}__", _operator(_primitive))
    if _name in ("add", "sub", "mul", "truediv", "pow", "mod", "floordiv"):
        setattr(Symbol, f"__r{_name}__", _operator(_primitive, swapped=True))
for _name, _primitive in {"gt": p.Less, "ge": p.LessEqual}.items():
    setattr(Symbol, f"__{_name}__", _operator(_primitive, swapped=True))


def number_of(builder: Builder, operand: Any) -> int:
    """The value that a symbol or a plain number is."""
    return operand.value_number if isinstance(operand, Symbol) else builder.constant(float(operand))


# What each operation is when some of its operands are special: a value, or None.


def _plus(builder: Builder, a: int, b: int) -> int | None:
    for left, right in ((a, b), (b, a)):
        negated = builder.operand_of(right, p.Negate)
        if negated is not None:
            return builder.emit(p.Minus, (left, negated))
        if builder.constant_of.get(right) == 0.0 and math.copysign(1.0, builder.constant_of[right]) < 0:
            return left
    return builder.known_value(p.Plus, (b, a))


def _minus(builder: Builder, a: int, b: int) -> int | None:
    if b == builder.zero:
        return a
    negated = builder.operand_of(b, p.Negate)
    return None if negated is None else builder.emit(p.Plus, (a, negated))


def _multiply(builder: Builder, a: int, b: int) -> int | None:
    for left, right in ((a, b), (b, a)):
        factor = builder.constant_of.get(right)
        if factor == 1.0:
            return left
        if factor == -1.0:
            return builder.emit(p.Negate, (left,))
        negated = builder.operand_of(left, p.Negate)
        if negated is not None:
            # Outside, the sign meets another one, or a sum that takes it in.
            return builder.emit(p.Negate, (builder.emit(p.Multiply, (negated, right)),))
    return builder.known_value(p.Multiply, (b, a))


def _divide(builder: Builder, a: int, b: int) -> int | None:
    return a if b == builder.one else None


def _negate(builder: Builder, x: int) -> int | None:
    return builder.operand_of(x, p.Negate)


def _power(builder: Builder, a: int, b: int) -> int | None:
    exponent = builder.constant_of.get(b)
    if exponent == 0.0:
        return builder.one
    if exponent == 1.0:
        return a
    return builder.emit(p.Square, (a,)) if exponent == 2.0 else None


def _power_below(builder: Builder, a: int, b: int, c: int) -> int | None:
    exponent, lowered = builder.constant_of.get(b), builder.constant_of.get(c)
    if exponent is None or lowered is None or not float(exponent).is_integer() or abs(exponent) > 1e15:
        return None
    return builder.emit(p.Power, (a, builder.constant(exponent - lowered)))


def _identity(builder: Builder, x: int) -> int | None:
    return x


def _not(builder: Builder, x: int) -> int | None:
    inner = builder.operand_of(x, p.Not)
    return inner if inner is not None and builder.is_condition(inner) else None


def _equal(builder: Builder, a: int, b: int) -> int | None:
    if b == builder.zero and builder.is_condition(a):
        return builder.emit(p.Not, (a,))
    return None


def _not_equal(builder: Builder, a: int, b: int) -> int | None:
    return a if b == builder.zero and builder.is_condition(a) else None


def _both(builder: Builder, a: int, b: int) -> int | None:
    for left, right in ((a, b), (b, a)):
        known = builder.constant_of.get(right)
        if known == 0.0:
            return builder.zero
        if known is not None and builder.is_condition(left):
            return left
    return a if a == b and builder.is_condition(a) else None


def _either(builder: Builder, a: int, b: int) -> int | None:
    for left, right in ((a, b), (b, a)):
        known = builder.constant_of.get(right)
        if known is not None and known != 0.0:
            return builder.one
        if known == 0.0 and builder.is_condition(left):
            return left
    return a if a == b and builder.is_condition(a) else None


def _select(builder: Builder, condition: int, yes: int, no: int) -> int | None:
    known = builder.constant_of.get(condition)
    if known is not None:
        return no if known == 0.0 else yes
    if yes == no:
        return yes
    negated = builder.operand_of(condition, p.Not)
    if negated is not None:
        return builder.emit(p.Select, (negated, no, yes))
    if builder.is_condition(condition):
        if (yes, no) == (builder.one, builder.zero):
            return condition
        if (yes, no) == (builder.zero, builder.one):
            return builder.emit(p.Not, (condition,))
    return None


def _absorb(builder: Builder, a: int, b: int) -> int | None:
    for left, right in ((a, b), (b, a)):
        known = builder.constant_of.get(right)
        if known == 0.0:
            return builder.zero
        if known is not None and math.isfinite(known):
            return builder.emit(p.Multiply, (left, right))
        if builder.is_condition(right):
            return builder.emit(p.Select, (right, left, builder.zero))
    return builder.known_value(p.Absorb, (b, a))


CONDITIONS = frozenset([p.Less, p.LessEqual, p.Equal, p.NotEqual, p.Not, p.Both, p.Either])
MACHINE_OPERATIONS = frozenset([p.Select, p.Fma, p.PowerBelow])
SIMPLIFY = {
    p.Plus: _plus, p.Minus: _minus, p.Multiply: _multiply, p.Divide: _divide, p.Negate: _negate, p.Power: _power,
    p.PowerBelow: _power_below, p.Identity: _identity, p.Where: _identity,
    p.StopGradient: _identity, p.Not: _not, p.Equal: _equal, p.NotEqual: _not_equal, p.Both: _both,
    p.Either: _either,
    p.Select: _select, p.Absorb: _absorb,
}  # fmt: skip
