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

__all__ = ["Builder"]


class Builder:
    """The operations so far. Values have numbers: inputs from 0, then constants and results as they come."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.constant_of: dict[int, float] = {}
        self.definition: dict[int, tuple[Primitive, tuple[int, ...]]] = {}
        self.known: dict[Any, int] = {}
        self.count = inputs
        self.one = self.constant(1.0)
        self.zero = self.constant(0.0)

    def constant(self, number: float) -> int:
        """The value of a constant; 0.0 and -0.0 are two, all nans are one."""
        key = ("nan",) if number != number else (number, math.copysign(1.0, number))
        value = self.known.get(key)
        if value is None:
            value = self.known[key] = self.count
            self.constant_of[value] = number
            self.count += 1
        return value

    def emit(self, primitive: Primitive, operands: tuple[int, ...]) -> int:
        """The value of an operation: a known one where it was computed before or follows from simpler ones."""
        key = (primitive, operands)
        value = self.known.get(key)
        if value is None:
            value = self.known[key] = self.simplified(primitive, operands)
        return value

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
        value = self.count
        self.definition[value] = (primitive, operands)
        self.count += 1
        return value

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
        known = self.definition.get(value)
        return known is not None and known[0] in CONDITIONS

    def operand_of(self, value: int, primitive: Primitive) -> int | None:
        """The operand of a value if this unary primitive made it."""
        known = self.definition.get(value)
        return known[1][0] if known is not None and known[0] is primitive else None

    def program(self, outputs: Sequence[int], guards: Sequence[tuple[int, bool, str, int]] = ()) -> Program:
        """The program that computes these outputs and the conditions of these guards, and nothing else."""
        needed = set()
        pending = [*outputs, *[guard[0] for guard in guards]]
        while pending:
            value = pending.pop()
            if value not in needed:
                needed.add(value)
                if value in self.definition:
                    pending.extend(self.definition[value][1])
        constants = [value for value in self.constant_of if value in needed]
        kept = [value for value in self.definition if value in needed]
        number = {value: value for value in range(self.inputs)}
        number |= {value: place for place, value in enumerate([*constants, *kept], self.inputs)}
        code_of: dict[str, int] = {}
        codes, starts, operands = array("i"), array("i", [0]), array("i")
        for value in kept:
            primitive, used = self.definition[value]
            codes.append(code_of.setdefault(primitive.name, len(code_of)))
            operands.extend([number[operand] for operand in used])
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
    return builder.known.get((p.Plus, (b, a)))


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
    return builder.known.get((p.Multiply, (b, a)))


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
    return builder.known.get((p.Absorb, (b, a)))


CONDITIONS = frozenset([p.Less, p.LessEqual, p.Equal, p.NotEqual, p.Not, p.Both, p.Either])
MACHINE_OPERATIONS = frozenset([p.Select, p.Fma, p.PowerBelow])
SIMPLIFY = {
    p.Plus: _plus, p.Minus: _minus, p.Multiply: _multiply, p.Divide: _divide, p.Negate: _negate, p.Power: _power,
    p.PowerBelow: _power_below, p.Identity: _identity, p.Where: _identity,
    p.StopGradient: _identity, p.Not: _not, p.Equal: _equal, p.NotEqual: _not_equal, p.Both: _both,
    p.Either: _either,
    p.Select: _select, p.Absorb: _absorb,
}  # fmt: skip
