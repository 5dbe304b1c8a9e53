"""A bound of the rounding error in a value, and the operations that cost the digits.

Each operation adds an error of its own: its rounding. The error of the result is the sum of these, each times the
derivative of the result in the value that was rounded (S. Linnainmaa, "Taylor expansion of the accumulated rounding
error", BIT 16 (1976), 146-160). That is exact but for the change of the local gradients within the errors of the
operands; its bound is found by running the rules there, and counts as an error of the operation too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.diagnosis.kinks import margin_of
from autograd.errors import ArgumentError, OperandError
from autograd.graph.callers import Line
from autograd.graph.descriptions import at_line, listed, name_and_value
from autograd.graph.node import Node, assigned_since, operands_of, recorded_gradients, value_of
from autograd.graph.node_errors import stale_graph
from autograd.graph.sweep import adjoints, topological_order
from autograd.numbers.ieee import fma
from autograd.numbers.operands import as_number
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Dot, Fma, Logaddexp, Logsumexp, Minus, Multiply, Plus, Square

__all__ = ["Cancellation", "Rounding", "rounding"]

EPSILON = math.ulp(1.0)
MOST_DIGITS = -math.log10(EPSILON / 2.0)
# The least that is reported as cancellation: digits lost; the error that came through there, as a share of the whole
# error, and in units in the last place of the result.
LEAST_LOST = 1.0
LEAST_SHARE = 0.1
LEAST_ERROR = 8.0


class Cancellation(NamedTuple):
    """A sum or difference so much smaller than its operands that their errors became large beside it.

    digits: the number of decimal digits that it cost.
    share: the part of the bound of the result that passes through here.
    """

    node: Node
    digits: float
    share: float
    operands: tuple[Node, ...]

    @property
    def source(self) -> Line | None:
        """The line of the operation, if it was recorded."""
        return self.node.source

    def __str__(self) -> str:
        primitive: Any = self.node.op
        operands = listed([name_and_value(operand) for operand in self.operands])
        return (
            f"{primitive.name}{at_line(self.node)} lost {self.digits:.1f} of 16 digits: "
            f"{operands} nearly cancel, {name_and_value(self.node)} is left"
        )


class Rounding(NamedTuple):
    """The findings of `rounding`; its `str` reads aloud.

    bound: the value differs from that in exact arithmetic by no more than this.
    digits: the number of decimal digits of the value that are certain.
    cancellations: the operations that cost digits, the worst first.
    """

    node: Node
    bound: float
    digits: float
    cancellations: tuple[Cancellation, ...]

    def __str__(self) -> str:
        value = name_and_value(self.node)
        certain = f"{value} is within {self.bound:.2g} of the exact value: {self.digits:.1f} digits are certain."
        return "\n".join([certain, *[f"{cancellation}." for cancellation in self.cancellations]])

    def __repr__(self) -> str:
        return str(self)


def rounding(node: Node, *, inputs: float = 0.0) -> Rounding:
    """A bound of the rounding error of a node's value, with the subtractions and additions that cost digits.

    inputs: by how many units in the last place each leaf and plain number may itself be off; 0 takes them as they are,
        0.5 as rounded from a decimal or a measurement given to full precision. A result of constants alone is a
        constant, too: a plain number.

    Values of primitives count as within as many units in the last place as is declared: 2 at most for built-in ones
    (most are within half a unit), and 2 for others that don't say. Takes about 10 to 50 µs an operation.

    Raises StaleGraphError if a variable was assigned after it was used.

    >>> from autograd import Variable
    >>> x = Variable(1e-5, name="x")
    >>> print(rounding(1.0 - (x * x + 1.0).sqrt()))
    -5.000000413701855e-11 is within 1.2e-16 of the exact value: 5.6 digits are certain.
    minus lost 10.3 of 16 digits: 1.0 and 1.00000000005 nearly cancel, -5.000000413701855e-11 is left.
    """
    if not isinstance(node, Node):
        raise OperandError(f"rounding takes a node, got {type(node).__name__}: {node!r:.60}")
    inputs = as_number("inputs", inputs)
    if not inputs >= 0.0:
        raise ArgumentError(f"rounding needs inputs >= 0 units in the last place, got {inputs}")
    order = topological_order(node)
    errors, own = errors_of(order, inputs)
    weights = weights_of(order, node)
    parts = [(weights[id(below)], own[id(below)]) for below in order]
    # Each product may itself be rounded down, to 0 where it is too small for a number.
    bound = math.fsum([weight * error + math.ulp(0.0) for weight, error in parts if weight and error])
    if math.isnan(bound) or not math.isfinite(node.value):
        bound = math.inf
    found = []
    for below in order:
        lost = digits_lost(below, errors)
        if lost >= LEAST_LOST and bound > 0.0:
            part = weights[id(below)] * errors[id(below)]
            if part >= LEAST_SHARE * bound and part >= LEAST_ERROR * math.ulp(node.value):
                found.append(Cancellation(below, lost, min(part / bound, 1.0), below.parents))
    found.sort(key=lambda cancellation: -cancellation.digits)
    return Rounding(node, bound, certain_digits(node.value, bound), tuple(found))


def errors_of(order: Sequence[Node], inputs: float) -> tuple[dict[int, float], dict[int, float]]:
    """For each node a bound of its error, and of the part of that which its own operation adds."""
    errors: dict[int, float] = {}
    own: dict[int, float] = {}
    for node in order:
        if node.op is None:
            errors[id(node)] = own[id(node)] = inputs * math.ulp(node.value)
            continue
        operands = operands_of(node)
        for operand in operands:
            if assigned_since(operand, node):
                raise stale_graph(operand, node, "its rounding would be judged by numbers that were not used")
        numbers = [value_of(operand) for operand in operands]
        around = [
            errors[id(operand)] if isinstance(operand, Node) else inputs * math.ulp(operand) for operand in operands
        ]
        added = own_rounding(node, numbers)
        passed = 0.0
        if any(around):
            added += bending(node.op, numbers, around, node.value)
            for operand, slope, error in zip(operands, node.local_gradients, around, strict=True):
                if not error:
                    continue
                if isinstance(operand, Node):
                    passed += abs(slope) * error
                else:
                    # The error of a plain number is one of the operation that it stands in.
                    added += abs(slope) * error
        own[id(node)] = added
        errors[id(node)] = passed + added
    return errors, own


def own_rounding(node: Node, numbers: list[float]) -> float:
    """A bound of the distance of the value from the exact result of the operation on these operands."""
    primitive: Any = node.op
    value = node.value
    if primitive.rounding == 0.0:
        return 0.0
    if not math.isfinite(value):
        return math.inf
    if primitive in (Plus, Minus):
        # The part that an addition rounds off is a number itself (Knuth's TwoSum), often 0.
        a, b = numbers[0], numbers[1] if primitive is Plus else -numbers[1]
        rest = value - a
        return abs((a - (value - rest)) + (b - rest))
    if primitive in (Multiply, Square):
        a, b = numbers[0], numbers[-1]
        if abs(value) < 1e-290:
            # The part that is rounded off may be too small for a number.
            return math.ulp(value) if a != 0.0 and b != 0.0 else 0.0
        return abs(fma(a, b, -value))
    size = max([abs(value), *map(abs, numbers)]) if primitive in (Logaddexp, Logsumexp) else value
    # Half a unit of the smallest number is none itself.
    error: float = primitive.rounding * math.ulp(size)
    return error or (math.ulp(0.0) if numbers[0] != 0.0 else 0.0)


def bending(primitive: Primitive, numbers: list[float], errors: list[float], value: float) -> float:
    """The deviation of an operation from its tangent, at most, while its operands are off by these errors."""
    kinked = primitive.kinks is not None and reaches_kink(primitive, numbers, errors)
    if primitive.linear and not kinked:
        return 0.0
    here = primitive.gradients_of_numbers(numbers, value)
    varied = [0.0] * len(numbers)
    jump = 0.0
    for corner in corners(numbers, errors):
        there = primitive.of_numbers(corner)
        slopes = primitive.gradients_of_numbers(corner, there)
        varied = [
            max(known, abs(slope - before)) if error else 0.0
            for known, slope, before, error in zip(varied, slopes, here, errors, strict=True)
        ]
        if kinked:
            jump = max(jump, abs(there - value))
    change = math.fsum([known * error for known, error in zip(varied, errors, strict=True) if error])
    # Between the corners the slopes may vary more than at them: twice as much is allowed for.
    return math.inf if math.isnan(change) or math.isnan(jump) else 2.0 * change + jump


def reaches_kink(primitive: Any, numbers: list[float], errors: list[float]) -> bool:
    """Whether the operands may be on the other side of a kink, jump or pole."""
    here = margin_of(primitive, numbers)
    return any([not abs(margin_of(primitive, moved) - here) < 0.5 * abs(here) for moved in corners(numbers, errors)])


def corners(numbers: list[float], errors: list[float]) -> list[list[float]]:
    """The operands moved by their errors, up and down in each combination; of many of them in three."""
    steps = [max(error, math.ulp(number)) if error else 0.0 for number, error in zip(numbers, errors, strict=True)]
    if len(numbers) <= 3:
        signs = list(itertools.product(*[(1.0, -1.0) if step else (0.0,) for step in steps]))
    else:
        count = len(numbers)
        signs = [(1.0,) * count, (-1.0,) * count, tuple([1.0 - 2.0 * (place % 2) for place in range(count)])]
    return [
        [number + sign * step for number, sign, step in zip(numbers, chosen, steps, strict=True)] for chosen in signs
    ]


def weights_of(order: Sequence[Node], output: Node) -> dict[int, float]:
    """The size of the derivative of the output in each node, and a little more for its own rounding."""

    def passes(operand: Any, slope: float, adjoint: float) -> bool:
        # 0 passes nothing on, not even 0 · ∞; constants may be off too.
        return isinstance(operand, Node) and adjoint != 0.0

    seeds = {id(output): 1.0}
    weights = adjoints(order, seeds, passes=passes)
    sizes = adjoints(order, seeds, lambda node: [abs(slope) for slope in recorded_gradients(node)], passes)
    slack = 8.0 * EPSILON * len(order)
    return {id(node): abs(weights.get(id(node), 0.0)) + slack * sizes.get(id(node), 0.0) for node in order}


def digits_lost(node: Node, errors: dict[int, float]) -> float:
    """The decimal digits that the operation cost by cancellation; 0 if its operands had no error to be enlarged."""
    if node.op is None or not node.op.cancels:
        return 0.0
    operands = operands_of(node)
    if not any([isinstance(operand, Node) and errors[id(operand)] for operand in operands]):
        return 0.0
    numbers = [abs(value_of(operand)) for operand in operands]
    if node.op in (Dot, Fma):
        half = len(numbers) // 2
        numbers = [a * b for a, b in zip(numbers[:half], numbers[half:], strict=False)]
    largest = max(numbers)
    if not math.isfinite(largest) or largest == 0.0:
        return 0.0
    return MOST_DIGITS if node.value == 0.0 else min(math.log10(largest) - math.log10(abs(node.value)), MOST_DIGITS)


def certain_digits(value: float, bound: float) -> float:
    """The number of decimal digits of a value that are certain."""
    if bound == 0.0:
        return MOST_DIGITS
    if value == 0.0 or not bound < abs(value):
        return 0.0
    return min(math.log10(abs(value)) - math.log10(bound), MOST_DIGITS)
