"""Building a program: each operation once, constants computed, only exact algebra.

What is simplified gives the same bits, but for the sign and payload of a nan, and the sign of a zero that `Absorb` and
`Gate` give: x · 1, x ÷ 1, x − 0, x ** 0, −(−x), a + (−b), (−a) · b, selections whose condition is known. x + 0 is kept,
for it turns −0 into 0; so is x · 0, which is nan for infinite x.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.arrays.array_elements import function_of
from autograd.errors import TraceError
from autograd.graph.joint_operations import RESULT, JointOperation, Result
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import (
    Abs,
    Absorb,
    Both,
    Defined,
    Divide,
    Either,
    Equal,
    FloorDivide,
    Gate,
    Identity,
    Less,
    LessEqual,
    Minus,
    Mod,
    Multiply,
    Negate,
    Not,
    NotEqual,
    Plus,
    Power,
    PowerBelow,
    Select,
    Square,
    StopGradient,
    Where,
)  # fmt: skip
from autograd.program.final_passes import finished
from autograd.program.program import Program

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["Builder"]

# Stands for a missing value.
NONE = -1
NAN = float("nan")


@cython.final
@cython.cclass
class Builder:
    """The operations of a program being built. Values are numbered: inputs from 0, then the others as they come.

    A value is the constant `constant_of[value]`, or the result of the primitive `made_by[value]` on the values
    `operands_of[value]`; entries that do not apply are None, for inputs all three. Behind the value of an operation
    with several results these follow, each made by `RESULT`: there may be 100,000. `known` has for each primitive the
    values it was asked for, by their operands. With `for_derivatives`, operations stay whose derivatives are not those
    of what they could be replaced by.
    """

    def __init__(self, inputs: int, for_derivatives: bool = False) -> None:
        self.inputs = inputs
        self.for_derivatives = for_derivatives
        self.constant_of: list[float | None] = [None] * inputs
        self.constants: dict[Any, int] = {}
        self.made_by: list[Primitive | None] = [None] * inputs
        self.operands_of: list[tuple[int, ...] | None] = [None] * inputs
        self.known: dict[Any, dict[tuple[Any, ...], int]] = {}
        self.one = self.constant(1.0)
        self.zero = self.constant(0.0)

    def constant(self, number: float) -> int:
        """The value of a constant; 0.0 and -0.0 are two, all nans are one."""
        key: Any = number
        if number != number:
            key = "nan"
        elif is_negative_zero(number):
            key = "-0.0"
        value = self.constants.get(key)
        if value is None:
            value = self.constants[key] = self.append(None, None, number)
        return value

    def append(self, primitive: Primitive | None, operands: tuple[int, ...] | None, number: float | None) -> int:
        """The number of one more value."""
        self.constant_of.append(number)
        self.made_by.append(primitive)
        self.operands_of.append(operands)
        return len(self.made_by) - 1

    def emit(self, primitive: Primitive, operands: tuple[int, ...]) -> int:
        """The value of an operation: a known one where it was computed before or follows from simpler ones."""
        if not primitive.built_in and isinstance(primitive, Result):
            return operands[0] + 1 + primitive.place
        values = self.known.get(primitive)
        if values is None:
            values = self.known[primitive] = {}
        value = values.get(operands)
        if value is None:
            value = values[operands] = self.simplified(primitive, operands)
        return value

    def known_value(self, primitive: Primitive, operands: tuple[int, ...]) -> int:
        """The value of an operation if it was asked for before, else `NONE`."""
        values = self.known.get(primitive)
        value = None if values is None else values.get(operands)
        return NONE if value is None else value

    def simplified(self, primitive: Primitive, operands: tuple[int, ...]) -> int:
        """The value of an operation that was not asked for before."""
        if not primitive.built_in and isinstance(primitive, JointOperation):
            return self.with_results(primitive, operands)
        if self.are_constant(operands):
            numbers: list[Any] = [self.constant_of[operand] for operand in operands]
            return self.constant(primitive.of_numbers(numbers))
        if self.for_derivatives and (
            primitive is StopGradient or (primitive is Power and self.is_number(operands[1], 0.0))
        ):
            return self.append(primitive, operands, None)
        simplify: Any = SIMPLIFY.get(primitive)
        if simplify is not None:
            value: int = simplify(self, operands)
            if value != NONE:
                return value
        if not primitive.built_in:
            return self.expanded(primitive, operands)
        return self.append(primitive, operands, None)

    def with_results(self, operation: Any, operands: tuple[int, ...]) -> int:
        """The value of an operation with several results, which get the numbers behind it."""
        value = self.append(operation, operands, None)
        count: int = operation.count
        self.constant_of += [None] * count
        self.made_by += [RESULT] * count
        self.operands_of += [(value,)] * count
        return value

    def are_constant(self, operands: tuple[int, ...]) -> bool:
        """Whether all these values are constants."""
        for operand in operands:  # noqa: SIM110 - a generator would be an object in each call
            if self.constant_of[operand] is None:
                return False
        return True

    def expanded(self, primitive: Primitive, operands: tuple[int, ...]) -> int:
        """The value of a user's primitive: its own value function, run on symbols."""
        of_value: Any = primitive.value
        try:
            return self.values_of(
                lambda *symbols: [of_value(symbols) if primitive.arity is None else of_value(*symbols)], operands
            )[0]
        except TraceError as error:
            raise TraceError(f"{error}; this is about {primitive.name!r}") from None

    def values_of(self, function: Callable[..., Sequence[Any]], operands: Sequence[int]) -> list[int]:
        """The values that a function of symbols gives for these."""
        return [number_of(self, one) for one in function(*[Symbol(self, operand) for operand in operands])]

    def is_constant(self, value: int) -> bool:
        """Whether a value is a constant."""
        return self.constant_of[value] is not None

    def is_number(self, value: int, number: float) -> bool:
        """Whether a value is the constant that equals this number."""
        constant = self.constant_of[value]
        return constant is not None and constant == number

    def is_condition(self, value: int) -> bool:
        """Whether a value can only be 0 or 1."""
        primitive: Any = self.made_by[value]
        return primitive is not None and bool(primitive.condition)

    def operand_of(self, value: int, primitive: Primitive) -> int:
        """The operand of a value if this unary primitive made it, else `NONE`."""
        if self.made_by[value] is not primitive:
            return NONE
        operands: Any = self.operands_of[value]
        return operands[0]  # type: ignore[no-any-return]

    def program(self, outputs: Sequence[int], guards: Sequence[tuple[int, bool, str, int]] = ()) -> Program:
        """The program that computes these outputs and the conditions of these guards, and nothing else."""
        return finished(self.inputs, self.constant_of, self.made_by, self.operands_of, outputs, guards)


class Symbol:
    """A value of a builder, for running the value function of a user's primitive."""

    def __init__(self, builder: Builder, value: int) -> None:
        self.builder = builder
        self.value_number = value

    @staticmethod
    def apply_primitive(primitive: Primitive, operands: Sequence[Any]) -> Symbol:
        """The symbol of a primitive of symbols and numbers."""
        builder = next(operand.builder for operand in operands if isinstance(operand, Symbol))
        return Symbol(builder, builder.emit(primitive, tuple([number_of(builder, operand) for operand in operands])))

    def choose(self, yes: Any, no: Any) -> Symbol:
        """The symbol of `where` with this one as the condition."""
        return Symbol.apply_primitive(Select, (self, yes, no))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        function = function_of(ufunc.__name__)
        if function is None:
            raise TraceError(
                f"NumPy's {ufunc.__name__} has no primitive; write a primitive's value with autograd's functions"
            )
        return function(*inputs)

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
    "add": Plus, "sub": Minus, "mul": Multiply, "truediv": Divide, "pow": Power, "mod": Mod,
    "floordiv": FloorDivide, "neg": Negate, "abs": Abs, "lt": Less, "le": LessEqual, "eq": Equal,
    "ne": NotEqual, "or": Either, "and": Both, "invert": Not,
}.items():  # fmt: skip
    setattr(Symbol, f"__{_name}__", _operator(_primitive))
    if _name in ("add", "sub", "mul", "truediv", "pow", "mod", "floordiv"):
        setattr(Symbol, f"__r{_name}__", _operator(_primitive, swapped=True))
for _name, _primitive in {"gt": Less, "ge": LessEqual}.items():
    setattr(Symbol, f"__{_name}__", _operator(_primitive, swapped=True))


def number_of(builder: Builder, operand: Any) -> int:
    """The value that a symbol or a plain number is."""
    return operand.value_number if isinstance(operand, Symbol) else builder.constant(float(operand))


# The simpler value of each operation on special operands, or `NONE`.


def _plus(builder: Builder, operands: tuple[int, ...]) -> int:
    a, b = operands
    value = _plus_beside(builder, a, b)
    if value == NONE:
        value = _plus_beside(builder, b, a)
    return builder.known_value(Plus, (b, a)) if value == NONE else value


def _plus_beside(builder: Builder, left: int, right: int) -> int:
    negated = builder.operand_of(right, Negate)
    if negated != NONE:
        return builder.emit(Minus, (left, negated))
    constant = builder.constant_of[right]
    return left if constant is not None and is_negative_zero(constant) else NONE


def _minus(builder: Builder, operands: tuple[int, ...]) -> int:
    a, b = operands
    if b == builder.zero:
        return a
    negated = builder.operand_of(b, Negate)
    return NONE if negated == NONE else builder.emit(Plus, (a, negated))


def _multiply(builder: Builder, operands: tuple[int, ...]) -> int:
    a, b = operands
    value = _multiply_beside(builder, a, b)
    if value == NONE:
        value = _multiply_beside(builder, b, a)
    return builder.known_value(Multiply, (b, a)) if value == NONE else value


def _multiply_beside(builder: Builder, left: int, right: int) -> int:
    if builder.is_constant(right):
        if builder.is_number(right, 1.0):
            return left
        if builder.is_number(right, -1.0):
            return builder.emit(Negate, (left,))
    negated = builder.operand_of(left, Negate)
    if negated == NONE:
        return NONE
    # Outside of the product, the sign meets another sign, or a sum that takes it in.
    return builder.emit(Negate, (builder.emit(Multiply, (negated, right)),))


def _divide(builder: Builder, operands: tuple[int, ...]) -> int:
    a, b = operands
    return a if b == builder.one else NONE


def _negate(builder: Builder, operands: tuple[int, ...]) -> int:
    x: int = operands[0]
    return builder.operand_of(x, Negate)


def _power(builder: Builder, operands: tuple[int, ...]) -> int:
    a, b = operands
    if builder.is_number(b, 0.0):
        return builder.one
    if builder.is_number(b, 1.0):
        return a
    return builder.emit(Square, (a,)) if builder.is_number(b, 2.0) else NONE


def _power_below(builder: Builder, operands: tuple[int, ...]) -> int:
    a, b, c = operands
    exponent, lowered = builder.constant_of[b], builder.constant_of[c]
    if exponent is None or lowered is None or not float(exponent).is_integer() or abs(exponent) > 1e15:
        return NONE
    return builder.emit(Power, (a, builder.constant(exponent - lowered)))


def _identity(builder: Builder, operands: tuple[int, ...]) -> int:
    x: int = operands[0]
    return x


def _not(builder: Builder, operands: tuple[int, ...]) -> int:
    x: int = operands[0]
    inner = builder.operand_of(x, Not)
    return inner if inner != NONE and builder.is_condition(inner) else NONE


def _equal(builder: Builder, operands: tuple[int, ...]) -> int:
    a, b = operands
    if b == builder.zero and builder.is_condition(a):
        return builder.emit(Not, (a,))
    return NONE


def _not_equal(builder: Builder, operands: tuple[int, ...]) -> int:
    a, b = operands
    return a if b == builder.zero and builder.is_condition(a) else NONE


def _both(builder: Builder, operands: tuple[int, ...]) -> int:
    a, b = operands
    for left, right in ((a, b), (b, a)):
        if builder.is_number(right, 0.0):
            return builder.zero
        if builder.is_constant(right) and builder.is_condition(left):
            return left
    return a if a == b and builder.is_condition(a) else NONE


def _either(builder: Builder, operands: tuple[int, ...]) -> int:
    a, b = operands
    for left, right in ((a, b), (b, a)):
        if builder.is_constant(right):
            if not builder.is_number(right, 0.0):
                return builder.one
            if builder.is_condition(left):
                return left
    return a if a == b and builder.is_condition(a) else NONE


def _select(builder: Builder, operands: tuple[int, ...]) -> int:
    condition, yes, no = operands
    if builder.is_constant(condition):
        return no if builder.is_number(condition, 0.0) else yes
    if yes == no:
        return yes
    negated = builder.operand_of(condition, Not)
    if negated != NONE:
        return builder.emit(Select, (negated, no, yes))
    if builder.is_condition(condition):
        if yes == builder.one and no == builder.zero:
            return condition
        if yes == builder.zero and no == builder.one:
            return builder.emit(Not, (condition,))
    return NONE


def _defined(builder: Builder, operands: tuple[int, ...]) -> int:
    a, b = operands
    return builder.emit(Select, (builder.emit(Equal, (b, b)), a, builder.constant(NAN)))


def _absorb(builder: Builder, operands: tuple[int, ...]) -> int:
    a, b = operands
    value = _absorb_beside(builder, a, b)
    if value == NONE:
        value = _absorb_beside(builder, b, a)
    return builder.known_value(Absorb, (b, a)) if value == NONE else value


def _absorb_beside(builder: Builder, left: int, right: int) -> int:
    constant = builder.constant_of[right]
    if constant is not None:
        if constant == 0.0:
            return builder.zero
        if math.isfinite(constant):
            return builder.emit(Multiply, (left, right))
    return builder.emit(Select, (right, left, builder.zero)) if builder.is_condition(right) else NONE


def _gate(builder: Builder, operands: tuple[int, ...]) -> int:
    a, b = operands
    first, second = builder.constant_of[a], builder.constant_of[b]
    if first == 0.0:
        return builder.zero
    if first is not None or (second is not None and math.isfinite(second)):
        return builder.emit(Multiply, operands)
    return builder.emit(Select, (a, b, builder.zero)) if builder.is_condition(a) else NONE


def is_negative_zero(number: float) -> bool:
    """Whether it is -0.0, which equals 0.0."""
    return number == 0.0 and math.copysign(1.0, number) < 0.0


SIMPLIFY = {
    Plus: _plus, Minus: _minus, Multiply: _multiply, Divide: _divide, Negate: _negate, Power: _power,
    PowerBelow: _power_below, Identity: _identity, Where: _identity,
    StopGradient: _identity, Not: _not, Equal: _equal, NotEqual: _not_equal, Both: _both,
    Either: _either,
    Select: _select, Absorb: _absorb, Gate: _gate, Defined: _defined,
}  # fmt: skip
