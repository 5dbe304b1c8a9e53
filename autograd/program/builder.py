"""Building a program: each operation once, constants computed, only exact algebra.

What is simplified gives the same bits, but for the sign and payload of a nan, and the sign of a zero that `Absorb` and
`Gate` give: x · 1, x ÷ 1, x − 0, x ** 0, −(−x), a + (−b), (−a) · b, selections whose condition is known. x + 0 is kept,
for it turns −0 into 0; so is x · 0, which is nan for infinite x.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import TraceError
from autograd.graph.joint_operations import RESULT, JointOperation, Result
from autograd.numbers.arrays import integers, lengthened
from autograd.numbers.operation_table import OperationTable
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import (
    Absorb,
    Both,
    Defined,
    Divide,
    Either,
    Equal,
    Gate,
    Identity,
    Minus,
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
from autograd.program.program import Operation, Program
from autograd.program.symbols import Symbol, number_of

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import ints_in

__all__ = ["Builder", "rewritten"]

# Stands for a missing value.
NONE = -1
NAN = float("nan")
# The primitives that rules make simpler. In every builder they have these codes: their places here.
RULED = (
    Plus, Minus, Multiply, Divide, Negate, Power, PowerBelow, Identity, Where, StopGradient, Not, Equal, NotEqual, Both,
    Either, Select, Absorb, Gate, Defined,
)  # fmt: skip
(
    PLUS, MINUS, MULTIPLY, DIVIDE, NEGATE, POWER, POWER_BELOW, IDENTITY, WHERE, STOP_GRADIENT, NOT, EQUAL, NOT_EQUAL,
    BOTH, EITHER, SELECT, ABSORB, GATE, DEFINED,
) = range(len(RULED))  # fmt: skip
RULED_COUNT = RESULT_CODE = len(RULED)
CODES: dict[Any, int] = {primitive: code for code, primitive in enumerate((*RULED, RESULT))}


@cython.final
@cython.cclass
class Builder:
    """The operations of a program being built. Values are numbered: inputs from 0, then the others as they come.

    `made_at` says how each value is made: by an operation of the `table`, whose number it is; a constant has -2 - its
    place among `numbers`, an input `NONE`. The table has each operation that was asked for, with the value that it
    gives, by the codes of their `primitives`. Behind the value of an operation with several results these follow, all
    made by one more operation, `RESULT`: there may be 100,000. With `for_derivatives`, operations stay whose
    derivatives are not those of what they could be replaced by. Of so many operations as are `expected`, none has to be
    moved to larger arrays.
    """

    def __init__(self, inputs: int, for_derivatives: bool = False, expected: int = 32) -> None:
        self.inputs = inputs
        self.for_derivatives = for_derivatives
        self.size = inputs
        self.room = inputs + max(expected, 32)
        self.made_at = integers(self.room, NONE)
        self.numbers: list[float] = []
        self.constants: dict[Any, int] = {}
        self.primitives: list[Primitive] = list(CODES)
        self.code_of: dict[Any, int] = CODES.copy()
        self.table = OperationTable(expected)
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
            value = self.constants[key] = self.append(-2 - len(self.numbers))
            self.numbers.append(number)
        return value

    def append(self, made_at: int) -> int:
        """The number of one more value."""
        value = self.size
        if value == self.room:
            self.room *= 2
            self.made_at = lengthened(self.made_at, self.room)
        ints_in(self.made_at)[value] = made_at
        self.size += 1
        return value

    def code(self, primitive: Primitive) -> int:
        """The code of a primitive."""
        code = self.code_of.get(primitive)
        if code is None:
            code = self.code_of[primitive] = len(self.primitives)
            self.primitives.append(primitive)
        return code

    def emit(self, primitive: Primitive, operands: tuple[int, ...]) -> int:
        """The value of an operation: a known one where it was computed before or follows from simpler ones."""
        if not primitive.built_in and isinstance(primitive, Result):
            return operands[0] + 1 + primitive.place
        for operand in operands:
            self.table.lay(operand)
        return self.emit_laid(self.code(primitive))

    def emit_laid(self, code: int) -> int:
        """The value of the operation with this code on the operands that were laid on the table."""
        mixed = self.table.hash(code)
        known = self.table.find(code, mixed, code in (PLUS, MULTIPLY, ABSORB))
        if known != NONE:
            self.table.drop()
            return int(ints_in(self.table.results)[known])
        value = self.simplified(code)
        if value == NONE:
            value = self.append(self.table.count)
            self.table.keep(code, value, mixed)
            if code > RESULT_CODE:
                self.append_results(value, self.primitives[code])
        else:
            self.table.keep(code, value, mixed)
        return value

    def emit_one(self, code: int, operand: int) -> int:
        """The value of an operation on one operand."""
        self.table.lay(operand)
        return self.emit_laid(code)

    def emit_two(self, code: int, left: int, right: int) -> int:
        """The value of an operation on two operands."""
        self.table.lay(left)
        self.table.lay(right)
        return self.emit_laid(code)

    def emit_three(self, code: int, first: int, second: int, third: int) -> int:
        """The value of an operation on three operands."""
        self.table.lay(first)
        self.table.lay(second)
        self.table.lay(third)
        return self.emit_laid(code)

    def append_results(self, value: int, primitive: Primitive) -> None:
        """Give the results of an operation the numbers behind its own, if it is one with several."""
        if not primitive.built_in and isinstance(primitive, JointOperation):
            made_at = self.table.count
            self.table.lay(value)
            self.table.keep(RESULT_CODE, value + 1, self.table.hash(RESULT_CODE))
            for _ in range(primitive.count):
                self.append(made_at)

    def simplified(self, code: int) -> int:
        """A value that was there before the operation, or follows from simpler ones; `NONE` if there is none.

        The operands stay laid on the table.
        """
        primitive: Primitive = self.primitives[code]
        count = self.table.laid
        if not primitive.built_in and isinstance(primitive, JointOperation):
            return NONE
        if self.are_constant():
            numbers: list[Any] = [self.number_at(self.table.laid_at(place)) for place in range(count)]
            return self.constant(primitive.of_numbers(numbers))
        if code >= RULED_COUNT:
            if primitive.built_in or self.for_derivatives:
                return NONE
            operands = tuple([self.table.laid_at(place) for place in range(count)])
            self.table.drop()
            value = self.expanded(primitive, operands)
            for operand in operands:
                self.table.lay(operand)
            return value
        a = self.table.laid_at(0)
        b = self.table.laid_at(1) if count > 1 else NONE
        c = self.table.laid_at(2) if count > 2 else NONE
        if self.for_derivatives and (code == STOP_GRADIENT or (code == POWER and self.is_number(b, 0.0))):
            return NONE
        self.table.drop()
        value = by_rule(self, code, a, b, c)
        self.table.lay_again(count, a, b, c)
        return value

    def are_constant(self) -> bool:
        """Whether all operands that were laid are constants."""
        for place in range(self.table.laid):  # noqa: SIM110 - a generator would be an object in each call
            if not self.is_constant(self.table.laid_at(place)):
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
        return bool(0 <= value < self.size and ints_in(self.made_at)[value] < NONE)

    def number_at(self, value: int) -> float:
        """The number that a constant is."""
        place = -2 - ints_in(self.made_at)[value]
        return self.numbers[place]  # type: ignore[no-any-return]

    def is_number(self, value: int, number: float) -> bool:
        """Whether a value is the constant that equals this number."""
        return self.is_constant(value) and self.number_at(value) == number

    def is_finite(self, value: int) -> bool:
        """Whether a value is a finite constant."""
        return self.is_constant(value) and math.isfinite(self.number_at(value))

    def is_condition(self, value: int) -> bool:
        """Whether a value can only be 0 or 1."""
        made_at = ints_in(self.made_at)[value]
        return bool(made_at >= 0 and self.primitives[ints_in(self.table.codes)[made_at]].condition)

    def operand_of(self, value: int, code: int) -> int:
        """The operand of a value if the unary primitive of this code made it, else `NONE`."""
        made_at = ints_in(self.made_at)[value]
        if made_at < 0 or ints_in(self.table.codes)[made_at] != code:
            return NONE
        return int(ints_in(self.table.operands)[ints_in(self.table.starts)[made_at]])

    def program(self, outputs: Sequence[int], guards: Sequence[tuple[int, bool, str, int]] = ()) -> Program:
        """The program that computes these outputs and the conditions of these guards, and nothing else."""
        return finished(
            self.inputs, self.made_at, self.size, self.numbers, self.table, self.primitives, outputs, guards
        )


# The simpler value of each operation on special operands, or `NONE`.


def by_rule(builder: Builder, code: int, a: int, b: int, c: int) -> int:
    """The simpler value by the rule of this code; b and c are those operands that there are."""
    if code == PLUS:
        return _plus(builder, a, b)
    if code == MULTIPLY:
        return _multiply(builder, a, b)
    if code == MINUS:
        return _minus(builder, a, b)
    if code == NEGATE:
        return builder.operand_of(a, NEGATE)
    if code == DIVIDE:
        return a if b == builder.one else NONE
    if code == POWER:
        return _power(builder, a, b)
    if code == POWER_BELOW:
        return _power_below(builder, a, b, c)
    if code in (IDENTITY, WHERE, STOP_GRADIENT):
        return a
    if code == SELECT:
        return _select(builder, a, b, c)
    if code == DEFINED:
        equal = builder.emit_two(EQUAL, b, b)
        return builder.emit_three(SELECT, equal, a, builder.constant(NAN))
    if code == NOT:
        return _not(builder, a)
    if code == EQUAL:
        return builder.emit_one(NOT, a) if b == builder.zero and builder.is_condition(a) else NONE
    if code == NOT_EQUAL:
        return a if b == builder.zero and builder.is_condition(a) else NONE
    if code == ABSORB:
        return _absorb(builder, a, b)
    if code == GATE:
        return _gate(builder, a, b)
    return _both(builder, a, b) if code == BOTH else _either(builder, a, b)


def _plus(builder: Builder, a: int, b: int) -> int:
    value = _plus_beside(builder, a, b)
    return _plus_beside(builder, b, a) if value == NONE else value


def _plus_beside(builder: Builder, left: int, right: int) -> int:
    negated = builder.operand_of(right, NEGATE)
    if negated != NONE:
        return builder.emit_two(MINUS, left, negated)
    return left if builder.is_constant(right) and is_negative_zero(builder.number_at(right)) else NONE


def _minus(builder: Builder, a: int, b: int) -> int:
    if b == builder.zero:
        return a
    negated = builder.operand_of(b, NEGATE)
    return NONE if negated == NONE else builder.emit_two(PLUS, a, negated)


def _multiply(builder: Builder, a: int, b: int) -> int:
    value = _multiply_beside(builder, a, b)
    return _multiply_beside(builder, b, a) if value == NONE else value


def _multiply_beside(builder: Builder, left: int, right: int) -> int:
    if builder.is_constant(right):
        if builder.is_number(right, 1.0):
            return left
        if builder.is_number(right, -1.0):
            return builder.emit_one(NEGATE, left)
    negated = builder.operand_of(left, NEGATE)
    if negated == NONE:
        return NONE
    # Outside of the product, the sign meets another sign, or a sum that takes it in.
    return builder.emit_one(NEGATE, builder.emit_two(MULTIPLY, negated, right))


def _power(builder: Builder, a: int, b: int) -> int:
    if builder.is_number(b, 0.0):
        return builder.one
    if builder.is_number(b, 1.0):
        return a
    return builder.emit_one(builder.code(Square), a) if builder.is_number(b, 2.0) else NONE


def _power_below(builder: Builder, a: int, b: int, c: int) -> int:
    if not builder.is_constant(b) or not builder.is_constant(c):
        return NONE
    exponent, lowered = builder.number_at(b), builder.number_at(c)
    if not float(exponent).is_integer() or abs(exponent) > 1e15:
        return NONE
    return builder.emit_two(POWER, a, builder.constant(exponent - lowered))


def _not(builder: Builder, a: int) -> int:
    inner = builder.operand_of(a, NOT)
    return inner if inner != NONE and builder.is_condition(inner) else NONE


def _both(builder: Builder, a: int, b: int) -> int:
    for left, right in ((a, b), (b, a)):
        if builder.is_number(right, 0.0):
            return builder.zero
        if builder.is_constant(right) and builder.is_condition(left):
            return left
    return a if a == b and builder.is_condition(a) else NONE


def _either(builder: Builder, a: int, b: int) -> int:
    for left, right in ((a, b), (b, a)):
        if builder.is_constant(right):
            if not builder.is_number(right, 0.0):
                return builder.one
            if builder.is_condition(left):
                return left
    return a if a == b and builder.is_condition(a) else NONE


def _select(builder: Builder, condition: int, yes: int, no: int) -> int:
    if builder.is_constant(condition):
        return no if builder.is_number(condition, 0.0) else yes
    if yes == no:
        return yes
    negated = builder.operand_of(condition, NOT)
    if negated != NONE:
        return builder.emit_three(SELECT, negated, no, yes)
    if builder.is_condition(condition):
        if yes == builder.one and no == builder.zero:
            return condition
        if yes == builder.zero and no == builder.one:
            return builder.emit_one(NOT, condition)
    return NONE


def _absorb(builder: Builder, a: int, b: int) -> int:
    value = _absorb_beside(builder, a, b)
    return _absorb_beside(builder, b, a) if value == NONE else value


def _absorb_beside(builder: Builder, left: int, right: int) -> int:
    if builder.is_number(right, 0.0):
        return builder.zero
    if builder.is_finite(right):
        return builder.emit_two(MULTIPLY, left, right)
    return builder.emit_three(SELECT, right, left, builder.zero) if builder.is_condition(right) else NONE


def _gate(builder: Builder, a: int, b: int) -> int:
    if builder.is_number(a, 0.0):
        return builder.zero
    if builder.is_constant(a) or builder.is_finite(b):
        return builder.emit_two(MULTIPLY, a, b)
    return builder.emit_three(SELECT, a, b, builder.zero) if builder.is_condition(a) else NONE


def is_negative_zero(number: float) -> bool:
    """Whether it is -0.0, which equals 0.0."""
    return number == 0.0 and math.copysign(1.0, number) < 0.0


def rewritten(program: Program, emit: Callable[[Builder, Operation, tuple[int, ...]], int]) -> Program:
    """The program with other operations: `emit` gives the value of each in a new builder, of its operands' there."""
    builder = Builder(program.inputs)
    values = [*range(program.inputs), *[builder.constant(number) for number in program.constants]]
    for operation in program:
        values.append(emit(builder, operation, tuple([values[operand] for operand in operation.operands])))
    guards = [guard._replace(condition=values[guard.condition]) for guard in program.guards]
    return builder.program([values[output] for output in program.outputs], guards)
