"""Errors under `strict` for a sweep whose derivatives are not finite although every local gradient was.

Products and sums overflow on the way. The first one to do so is named: seen from where the sweep began, the operation
that passed it on, and its line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autograd.errors import DomainError
from autograd.graph.callers import caller
from autograd.graph.descriptions import listed, operation_and_operands
from autograd.graph.node import Node, operands_of, recorded_gradients, value_of
from autograd.graph.node_errors import describe

__all__ = ["check_adjoints", "check_finite_numbers", "check_sum", "check_tangents"]


def check_adjoints(order: Sequence[Node], adjoints: Mapping[int, Any]) -> None:
    """Raise DomainError if a derivative in one of these nodes is not finite."""
    for node in reversed(order):
        adjoint = adjoints.get(id(node))
        if adjoint is None or math.isfinite(value_of(adjoint)):
            continue
        terms = [
            (user, value_of(adjoints[id(user)]), slope)
            for user in order
            if id(user) in adjoints
            for operand, slope in zip(operands_of(user), recorded_gradients(user), strict=True)
            if operand is node
        ]
        what = f"backward gives {describe(node)} the gradient {value_of(adjoint)}"
        raise _error(what, terms, "the sweep was started with it")


def check_tangents(order: Sequence[Node], tangents: Mapping[int, float]) -> None:
    """Raise DomainError if a derivative of one of these nodes along a direction is not finite."""
    for node in order:
        tangent = tangents.get(id(node))
        if tangent is None or math.isfinite(tangent):
            continue
        terms = [
            (node, tangents[id(operand)], slope)
            for operand, slope in zip(operands_of(node), recorded_gradients(node), strict=True)
            if isinstance(operand, Node) and id(operand) in tangents
        ]
        raise _error(f"the derivative of {describe(node)} is {tangent}", terms, "the direction has it")


def check_sum(variable: Node, adjoint: float) -> None:
    """Raise DomainError if the gradient of a variable overflows when a sweep adds to it."""
    if not math.isfinite(variable.grad + adjoint):
        raise DomainError(
            f"backward adds {adjoint} to the gradient of {describe(variable)}, which was {variable.grad} from earlier "
            f"sweeps: {variable.grad + adjoint} ({_at(variable)}); clear it with zero_grad"
        )


def check_finite_numbers(numbers: Iterable[Any], what: str) -> None:
    """Raise DomainError if one of these derivatives is not finite; `what` says which they are."""
    for number in numbers:
        if not math.isfinite(value_of(number)):
            raise DomainError(
                f"{what} is {value_of(number)}, although all values and local gradients are finite ({_at(None)})"
            )


def _error(what: str, terms: list[tuple[Node, float, float]], without: str) -> DomainError:
    """The error for a derivative that is the sum of these terms: the node that passed each on, and its two factors."""
    for passing, factor, slope in terms:
        if not math.isfinite(factor * slope):
            product = f"{factor!r} · {slope!r} = {factor * slope}"
            return DomainError(f"{what}: {operation_and_operands(passing)} passes on {product} ({_at(passing)})")
    if not terms:
        return DomainError(f"{what}: {without} ({_at(None)})")
    amounts = listed([repr(factor * slope) for _, factor, slope in terms])
    return DomainError(f"{what}: its terms {amounts} add up to that ({_at(None)})")


def _at(node: Node | None) -> str:
    """The line that a node was made on, if that was recorded, else the line that asked for the sweep."""
    line = caller() if node is None or node.source is None else node.source
    return f"{line.file}:{line.number}"
