"""The kinks of a function: those that the operations of its graph declare, and how far one may go before the next."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.diagnosis.kinks import is_near, margin_of
from autograd.graph.node import Node, operands_of, value_of

if TYPE_CHECKING:
    from autograd.testing.differences import Line

__all__ = ["Kink", "kinks_near", "margins_of", "reach", "same_piece"]

# A kink nearer than this, in units of the operands or of 1, is reported.
NEAR = 1e-6


class Kink(NamedTuple):
    """An operation at or near one of its kinks, jumps or poles, as numbers: a node would keep each run's graph alive.

    margin: the distance of its operands from it, as the operation declares: 0 at the kink.
    place: file and line of the operation, if that is known.
    """

    operation: str
    operands: tuple[float, ...]
    margin: float
    place: str = ""

    def __str__(self) -> str:
        operands = ", ".join([f"{operand:.6g}" for operand in self.operands[:4]])
        more = ", ..." if len(self.operands) > 4 else ""
        where = f" ({self.place})" if self.place else ""
        how = "at" if self.margin == 0.0 else f"{abs(self.margin):.2g} from"
        return f"{self.operation}({operands}{more}) is {how} its kink{where}"


def margins_of(nodes: Iterable[Node]) -> tuple[list[Node], list[float]]:
    """The nodes whose operations have kinks, and the margin of each."""
    kinked: list[Node] = []
    margins: list[float] = []
    for node in nodes:
        primitive: Any = node.op
        if primitive is not None and primitive.kinks is not None and not primitive.of_conditions:
            kinked.append(node)
            margins.append(margin_of(primitive, [value_of(operand) for operand in operands_of(node)]))
    return kinked, margins


def kinks_near(nodes: Iterable[Node], places: dict[int, str]) -> list[Kink]:
    """The kinks that these nodes are at or near; `places` has the file and line of operations by their nodes' ids."""
    found = []
    for node, margin in zip(*margins_of(nodes), strict=True):
        primitive: Any = node.op
        operands = tuple([value_of(operand) for operand in operands_of(node)])
        if is_near(margin, operands, NEAR):
            found.append(Kink(primitive.name, operands, margin, places.get(id(node), "")))
    return found


def same_piece(known: Sequence[float], moved: Sequence[float]) -> bool:
    """Whether no operation has come more than half way to its kink, or past it."""
    if len(known) != len(moved):
        return False
    for margin, other in zip(known, moved, strict=True):
        if margin == other or (margin != margin and other != other):
            continue
        if not margin * other > 0.0 or abs(other) < 0.5 * abs(margin):
            return False
    return True


def _varies_steadily(
    margins: Callable[[float], list[float] | None], known: Sequence[float], moved: Sequence[float], step: float
) -> bool:
    """Whether from 0 to a small step margins change by no more than half, and in proportion to the step.

    Those of a remainder by a tiny number run through many periods in any step: they come back by chance, not steadily.
    """
    if not (same_piece(known, moved) and same_piece(moved, known)):
        return False
    for share in (0.5, 0.25):
        between = margins(share * step)
        if between is None:
            # Too small a step to be told from 0.
            return True
        for margin, end, inner in zip(known, moved, between, strict=False):
            change = end - margin
            if abs(inner - margin - share * change) > 0.5 * abs(change) + 1e-3 * abs(margin):
                return False
    return True


def reach(line: Line, side: float, largest: float) -> float:
    """The distance to the next kink on this side (1.0 or -1.0) of 0, at most `largest`; 0 at a kink.

    Steps double from one that changes no margin by more than half: margins may have no sign, so that only small steps
    tell going away from a kink from having passed it.
    """
    known = None if line.margins is None else line.margins(0.0)
    if not known or line.margins is None:
        return largest
    step = largest * 2.0**-18
    for _ in range(5):
        moved = line.margins(side * step)
        if moved is not None and _varies_steadily(line.margins, known, moved, side * step):
            break
        step *= 2.0**-9
    else:
        return 0.0
    nearest = largest
    for margin, other in zip(known, moved, strict=True):
        if other != margin and math.isfinite(margin) and math.isfinite(other):
            nearest = min(nearest, abs(margin / (other - margin)) * step)
    reached = step
    step = max(2.0 * step, nearest * 2.0**-4)
    while step < largest * 1.5:
        moved = line.margins(side * step)
        if moved is None or not same_piece(known, moved):
            return reached
        reached = step
        step *= 2.0
    return largest
