"""A recorded graph computed again on numbers of another type: exact arithmetic, many digits, intervals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.diagnosis.arithmetic import Missing, Number, local_gradients_of
from autograd.errors import NumberError, OperandError
from autograd.graph.descriptions import at_line, name_and_value
from autograd.graph.node import Node, Variable, assigned_since, operands_of, uses_of, varies
from autograd.graph.node_errors import describe, stale_graph
from autograd.graph.sweep import adjoints, topological_order
from autograd.operations.primitive import Primitive

__all__ = ["Replay", "replay"]


class Replay:
    """The results of `replay`; its `str` compares them with the recorded ones.

    value: the value of the node.
    values: the values of all nodes below, and of the node itself, as a dict.
    error: the error of the recorded value, in units in its last place. Of an interval, the largest; nan for a type that
        knows no difference and quotient.
    gradient_errors: the same of the derivative in each variable that a sweep in floats gives, as a dict.
    """

    def __init__(
        self, node: Node, values: dict[Node, Number], derivatives: dict[Node, Number], number: Callable[[float], Any]
    ) -> None:
        self.node = node
        self.values = {below: known.inner for below, known in values.items()}
        self.value = self.values[node]
        self._derivatives = derivatives
        # All is computed at once, in the precision that the number's context has now.
        recorded = adjoints(list(values), {id(node): 1.0})
        self.error = in_ulps(node.value, self.value, number)
        self.gradient_errors = {
            below: in_ulps(recorded[id(below)], known.inner, number)
            for below, known in derivatives.items()
            if isinstance(below, Variable) and not isinstance(known.inner, Missing)
        }

    @property
    def gradients(self) -> dict[Node, Any]:
        """The derivatives of the node in all that vary, as a dict; NumberError if one could not be computed."""
        for below, known in self._derivatives.items():
            if isinstance(known.inner, Missing):
                raise NumberError(f"the derivative in {name_and_value(below)} can't be computed: {known.inner.why}")
        return {below: known.inner for below, known in self._derivatives.items()}

    def __str__(self) -> str:
        lines = [f"{name_and_value(self.node)} was recorded, {self.value} is the value, {self.error:.3g} ulp from it"]
        for node, gradient in self.gradients.items():
            if isinstance(node, Variable):
                error = self.gradient_errors[node]
                lines.append(f"gradient in {name_and_value(node)}: {gradient}, in floats {error:.3g} ulp from it")
        return "\n".join(lines)


def replay(node: Node, number: Callable[[float], Any]) -> Replay:
    """The recorded graph below a node on numbers that `number` makes of floats: values and gradients.

    number: `fractions.Fraction`, `decimal.Decimal`, `mpmath.mpf`, `mpmath.iv.mpf` (intervals that are certain to hold
        the exact result), `numpy.longdouble`, `complex`, or any other type with arithmetic; functions such as `exp` are
        its methods, or its library's. In `mpmath` and `decimal` the precision is that of the context.

    The operations are those that were recorded: a branch that Python took, and the side that `where` took, are taken
    again. Leaves and plain numbers have the values of their floats: 0.1 is 0.1000000000000000055... The solution of an
    implicit equation is taken as it was found. Functions that a type lacks are composed of those it has where that can
    be done; so composed, they have its precision but not always its last digits.

    Raises NumberError if the type lacks a function, or its numbers can't be compared where a maximum is taken, and
    StaleGraphError if a variable was assigned after it was used.

    >>> from fractions import Fraction
    >>> from autograd import Variable
    >>> x = Variable(0.5, name="x")
    >>> exact = replay(x ** 3 / 3.0, Fraction)
    >>> exact.value, exact.gradients[x], round(exact.error, 3)
    (Fraction(1, 24), Fraction(1, 4), 0.333)
    """
    if not isinstance(node, Node):
        raise OperandError(f"replay takes a node, got {type(node).__name__}: {node!r:.60}")
    if not callable(number):
        raise OperandError(
            f"replay needs a function that makes numbers of floats, such as Fraction, got {number!r:.60}"
        )
    values: dict[Node, Number] = {}
    for below in topological_order(node):
        values[below] = _value(below, values, number)
    return Replay(node, values, _derivatives(node, values, number), number)


def _derivatives(node: Node, values: dict[Node, Number], number: Callable[[float], Any]) -> dict[Node, Number]:
    """The derivatives of a node in all that vary, parents first."""
    seeds = {id(node): _made(1.0, number)} if varies(node) else {}
    found = adjoints(list(values), seeds, lambda below: _slopes(below, values, number))
    return {below: found[id(below)] for below in values if id(below) in found}


def _slopes(node: Node, values: dict[Node, Number], number: Callable[[float], Any]) -> list[Number]:
    """The local gradients of an operation."""
    primitive: Any = node.op
    operands = operands_of(node)
    uses = uses_of(operands, [varies(operand) for operand in operands])
    return local_gradients_of(primitive, _operands(node, values, number), uses, values[node])


def in_ulps(recorded: float, exact: Any, number: Callable[[float], Any]) -> float:
    """The size of the difference, in units in the last place of the recorded number."""
    if not math.isfinite(recorded):
        return math.inf
    try:
        distance = abs((number(recorded) - exact) / number(math.ulp(recorded)))
        # Of an mpmath interval the end that is further off.
        return float(distance.b if hasattr(distance, "ctx") else distance)
    except OverflowError:
        return math.inf
    except TypeError:
        return math.nan


def _made(value: float, number: Callable[[float], Any]) -> Number:
    """A float as a number of the other type."""
    try:
        return Number(number(value), number)
    except (ArithmeticError, ValueError) as error:
        raise NumberError(f"{value} is no number of the type that {number!r:.60} makes: {error}") from error


def _operands(node: Node, numbers: dict[Node, Number], number: Callable[[float], Any]) -> list[Number]:
    return [numbers[operand] if isinstance(operand, Node) else _made(operand, number) for operand in operands_of(node)]


def _value(node: Node, numbers: dict[Node, Number], number: Callable[[float], Any]) -> Number:
    """The value of a node from those of its operands."""
    primitive: Primitive | None = node.op
    if primitive is None:
        return _made(node.value, number)
    for operand in operands_of(node):
        if assigned_since(operand, node):
            raise stale_graph(operand, node, "replaying it would mix both values")
    try:
        result: Number = primitive(*_operands(node, numbers, number))
    except NumberError as error:
        raise NumberError(f"{describe(node)}{at_line(node)}: {error}") from error
    if isinstance(result.inner, Missing):
        raise NumberError(f"{describe(node)}{at_line(node)}: {result.inner.why}")
    return result
