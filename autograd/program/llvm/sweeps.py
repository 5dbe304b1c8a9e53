"""Operations on many numbers in memory as loops over vectors: what they give, and the slopes of some in each operand.

Each lane has a share of the numbers, and the lanes are put together at the end. So the last places of a result may
differ from those of the operation written out, which takes one number after the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from autograd.program.llvm.exponential import decay
from autograd.program.llvm.expressions import (
    NOTHING,
    REAL,
    Function,
    Value,
    absolute,
    larger,
    select,
    square_root,
    two_product,
    two_sum,
)
from autograd.program.llvm.reductions import (
    Factor,
    corrected,
    factor_of,
    log_of_powers,
    multiplied,
    power_applied,
    without_underflow,
)
from autograd.program.llvm.special import maximum

__all__ = [
    "Slopes",
    "Sweep",
    "length_of_many",
    "log_of_sum_of_many",
    "product_of_many",
    "slopes_of_length",
    "slopes_of_log_of_sum",
]

# Numbers that a turn takes.
LANES = 8
Carried = list[Value]


class Numbers(NamedTuple):
    """So many numbers in memory."""

    function: Function
    address: str
    length: str

    def at(self, lanes: Function, index: str) -> Value:
        """Those that a turn takes."""
        return lanes.emit(REAL, f"load {lanes.type_of(REAL)}, ptr {self.place(lanes, index)}, align 8")

    def put(self, lanes: Function, index: str, value: Value) -> None:
        """Write those that a turn gives."""
        lanes.lines.append(f"  store {lanes.type_of(REAL)} {value.text}, ptr {self.place(lanes, index)}, align 8")

    def place(self, lanes: Function, index: str) -> str:
        """Their address."""
        place = f"%{lanes.new_name()}"
        lanes.lines.append(f"  {place} = getelementptr double, ptr {self.address}, i64 {index}")
        return place

    def swept(
        self,
        turn: Callable[[Function, str, list[Value], Carried], Carried],
        given: Sequence[Value] = (),
        start: Sequence[float] = (),
        fold: Callable[[Carried, Carried], Carried] | None = None,
    ) -> Carried:
        """Emit a loop over the numbers, LANES at a time and then one by one; the numbers that it carries in the end.

        `turn(lanes, index, given, carried)` has what was `given` in all lanes, and what each lane carries, which begins
        as `start`; it gives what is carried on. The lanes are put together by `fold`.
        """
        function, first = self.function, "0"
        carried: Carried = []
        for width in (LANES, 1):
            lanes = function.in_width(width)
            same = [in_all_lanes(lanes, value) for value in given]
            name, before = function.new_name(), function.block
            place = f"%{name}_place"
            begin = [value.text for value in carried] or [lanes.constant(REAL, number) for number in start]
            carried = [Value(lanes, REAL, f"%{name}_{number}") for number in range(len(begin))]
            at = len(function.lines)
            found = turn(lanes, place, same, carried)
            kept = [(value, one, other.text) for value, one, other in zip(carried, begin, found, strict=True)]
            function.loop(at, name, before, first, width, self.length, kept)
            function.block, first = f"{name}_end", place
            if width > 1 and fold is not None:
                carried = folded(function, carried, fold)
        return [Value(function, REAL, value.text) for value in carried]

    def largest(self, of: Callable[[Value], Value]) -> Value:
        """The largest of a function of each number; nan if any is."""

        def turn(lanes: Function, index: str, given: list[Value], carried: Carried) -> Carried:
            return [maximum(of(self.at(lanes, index)), carried[0])]

        return self.swept(turn, start=[-math.inf], fold=lambda one, other: [maximum(one[0], other[0])])[0]


def in_all_lanes(lanes: Function, value: Value) -> Value:
    """A number in all lanes."""
    if lanes.width == 1:
        return Value(lanes, REAL, value.text)
    vector = lanes.type_of(REAL)
    first = lanes.emit(REAL, f"insertelement {vector} poison, double {value.text}, i64 0")
    zeros = f"<{lanes.width} x i32> zeroinitializer"
    return lanes.emit(REAL, f"shufflevector {vector} {first.text}, {vector} poison, {zeros}")


def folded(function: Function, carried: Carried, fold: Callable[[Carried, Carried], Carried]) -> Carried:
    """What the lanes carry put together, pairs of them at a time."""
    several = [
        [
            function.emit(REAL, f"extractelement {value.function.type_of(REAL)} {value.text}, i64 {lane}")
            for value in carried
        ]
        for lane in range(LANES)
    ]
    while len(several) > 1:
        half = len(several) // 2
        several = [fold(one, other) for one, other in zip(several[:half], several[half:], strict=True)]
    return several[0]


def sum_of_two(one: Carried, other: Carried) -> Carried:
    """The sum of two sums, each with its rounding errors."""
    total, error = two_sum(one[0], other[0])
    return [total, (one[1] + other[1]) + error]


def power_below(x: Value, highest: Value) -> Value:
    """exp(x - highest) for an x that is no higher, as if the difference were exact; 1 for equal infinities."""
    difference, error = two_sum(x, -highest)
    # The error is nan at infinities, and may be anything where the result is 0.
    power = decay(larger(difference, -746.0), select(difference > -746.0, error, 0.0))
    return select(x == highest, 1.0, power)


def log_of_sum_of_many(terms: Numbers) -> Value:
    """The logarithm of the sum of the exponentials, without overflow."""
    highest = terms.largest(lambda x: x)

    def turn(lanes: Function, index: str, given: list[Value], carried: Carried) -> Carried:
        power = power_below(terms.at(lanes, index), given[0])
        return sum_of_two(carried, [power, power.like(NOTHING)])

    total = corrected(*terms.swept(turn, [highest], [0.0, 0.0], sum_of_two))
    return log_of_powers(highest, total)


def slopes_of_log_of_sum(adjoint: Value, out: Value, terms: Numbers, results: Numbers) -> None:
    """The shares of the exponentials in their sum, times the adjoint."""
    highest = terms.largest(lambda x: x)

    def powers(lanes: Function, index: str, given: list[Value], carried: Carried) -> Carried:
        power = power_below(terms.at(lanes, index), given[0])
        results.put(lanes, index, power)
        return sum_of_two(carried, [power, power.like(NOTHING)])

    total = corrected(*terms.swept(powers, [highest], [0.0, 0.0], sum_of_two))

    def shares(lanes: Function, index: str, given: list[Value], carried: Carried) -> Carried:
        results.put(lanes, index, given[0] * (results.at(lanes, index) / given[1]))
        return []

    results.swept(shares, [adjoint, total])


def length_of_many(terms: Numbers) -> Value:
    """The Euclidean length; a power of two keeps squares from over- and underflow."""
    largest = terms.largest(absolute)
    scale = select(largest > 1e150, 2.0**-600, select(largest < 1e-130, 2.0**600, 1.0))

    def turn(lanes: Function, index: str, given: list[Value], carried: Carried) -> Carried:
        term = terms.at(lanes, index) * given[0]
        return sum_of_two(carried, list(two_product(term, term)))

    square = corrected(*terms.swept(turn, [scale], [0.0, 0.0], sum_of_two))
    return select((largest == 0.0) | (largest == math.inf), largest, square_root(square) / scale)


def slopes_of_length(adjoint: Value, out: Value, terms: Numbers, results: Numbers) -> None:
    """The unit vector, or zeros at the origin, times the adjoint."""
    length = select(out == 0.0, 1.0, out)

    def turn(lanes: Function, index: str, given: list[Value], carried: Carried) -> Carried:
        results.put(lanes, index, given[0] * (terms.at(lanes, index) / given[1]))
        return []

    terms.swept(turn, [adjoint, length])


def product_of_many(terms: Numbers) -> Value:
    """The product, roundings carried along, of mantissas and exponents apart."""

    def turn(lanes: Function, index: str, given: list[Value], carried: Carried) -> Carried:
        return fold(carried, list(factor_of(terms.at(lanes, index))))

    def fold(one: Carried, other: Carried) -> Carried:
        return list(without_underflow(multiplied(Factor(*one), Factor(*other))))

    return power_applied(Factor(*terms.swept(turn, start=[1.0, 0.0, 0.0], fold=fold)))


class Sweep:
    """An operation on many numbers as loops over them in memory."""

    operands = 1

    def __init__(self, value: Callable[[Numbers], Value]) -> None:
        self.value = value

    def definition(self, name: str) -> tuple[str, set[str]]:
        """The text of `double @<name>(ptr, i64 count)`, and the declarations that it needs."""
        function = Function(1)
        result = self.value(Numbers(function, "%terms", "%count"))
        head = f"define internal double @{name}(ptr %terms, i64 %count) noinline nounwind {{"
        return "\n".join([head, "entry:", *function.lines, f"  ret double {result.text}", "}"]), function.intrinsics


class Slopes:
    """The slopes of an operation in each of many numbers in memory, times an adjoint."""

    def __init__(self, write: Callable[[Value, Value, Numbers, Numbers], None]) -> None:
        self.write = write

    def definition(self, name: str) -> tuple[str, set[str]]:
        """The text of `void @<name>(double adjoint, double out, ptr, i64 count, ptr results)`, and declarations."""
        function = Function(1)
        adjoint, out = Value(function, REAL, "%adjoint"), Value(function, REAL, "%out")
        self.write(adjoint, out, Numbers(function, "%terms", "%count"), Numbers(function, "%results", "%count"))
        parameters = "double %adjoint, double %out, ptr %terms, i64 %count, ptr %results"
        head = f"define internal void @{name}({parameters}) noinline nounwind {{"
        return "\n".join([head, "entry:", *function.lines, "  ret void", "}"]), function.intrinsics
