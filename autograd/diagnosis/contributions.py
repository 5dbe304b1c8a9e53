"""The paths through a graph that a gradient is the sum over.

A gradient is the sum, over all paths from the output down to a node, of the product of the local gradients on the path.
There may be far more paths than can be listed, but they can be counted, and the largest products found, without that.
"""

from __future__ import annotations

import heapq
import itertools
import math
from typing import NamedTuple

from autograd.errors import ArgumentError, OperandError
from autograd.graph.descriptions import at_line, name_and_value
from autograd.graph.node import Node, operands_of, recorded_gradients, varies
from autograd.graph.node_errors import describe
from autograd.graph.sweep import adjoints, topological_order
from autograd.text import one_line

__all__ = ["Path", "Paths", "paths"]

# The stand-ins for the logarithm of a local gradient that has none, so that paths with an infinity or nan come first,
# and those with a 0 last; both far beyond the sum of any number of logarithms.
NOT_FINITE = 1e15
ZERO = -1e12
LONGEST_TOLD = 8


class Path(NamedTuple):
    """One path from a node down to a leaf.

    product: its contribution to the gradient: the product of the local gradients.
    nodes: from the output to the leaf.
    local_gradients: one for each step.
    """

    product: float
    nodes: tuple[Node, ...]
    local_gradients: tuple[float, ...]

    def __str__(self) -> str:
        shown = [_named(node) for node in self.nodes]
        slopes = [f"{slope:.4g}" for slope in self.local_gradients]
        for texts in (shown, slopes):
            if len(texts) > LONGEST_TOLD:
                half = LONGEST_TOLD // 2
                texts[half:-half] = [f"({len(texts) - 2 * half} more)"]
        return f"{self.product:.4g} = {' · '.join(slopes) or '1'} by {' → '.join(shown)}"

    def __repr__(self) -> str:
        return str(self)


class Paths(tuple[Path, ...]):
    """The paths found, the largest product first. Its `str` has a line for each.

    total: the number of all paths.
    gradient: the sum of the products of all.
    rest: the contribution of the paths not listed.
    """

    total: int
    gradient: float

    @property
    def rest(self) -> float:
        """The gradient without the products of the paths listed."""
        return math.fsum([self.gradient, *[-path.product for path in self]]) if self.total > len(self) else 0.0

    def __str__(self) -> str:
        lines = [str(path) for path in self]
        if self.total > len(self):
            lines.append(f"{self.rest:.4g} by {_counted(self.total - len(self))} other path(s)")
        return "\n".join([f"gradient {self.gradient!r}, the sum over {_counted(self.total)} path(s):", *lines])

    def __repr__(self) -> str:
        return str(self)


def paths(node: Node, leaf: Node, *, limit: int = 10) -> Paths:
    """The paths that contribute most to the derivative of `node` in `leaf`, by the size of their products.

    limit: the number of paths to list; all are counted. An operation that takes one node twice is two steps. `leaf` may
        be any node below, not only a leaf.

    The time grows with the graph, and with `limit` times the length of the paths, not with the number of paths.

    >>> from autograd import Variable
    >>> x = Variable(3.0, name="x")
    >>> print(paths(x * 2.0 + x * x * 0.5, x))
    gradient 5.0, the sum over 3 path(s):
    2 = 1 · 2 by plus → multiply → x
    1.5 = 1 · 0.5 · 3 by plus → multiply → multiply → x
    1.5 = 1 · 0.5 · 3 by plus → multiply → multiply → x
    """
    for what in (node, leaf):
        if not isinstance(what, Node):
            raise OperandError(f"paths lead from node to node, got {type(what).__name__}: {what!r:.60}")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise ArgumentError(f"paths needs the number of paths to list, limit >= 0, got {limit!r}")
    order = topological_order(node)
    steps = _Steps(order, leaf)
    found = Paths(steps.best(node, limit))
    found.total = steps.count(node)
    if not found.total and any([below is node for below in topological_order(leaf)]):
        raise ArgumentError(
            f"paths lead from an output down to a node, but {describe(leaf)} was computed from {describe(node)}: give "
            f"the two in the other order"
        )
    found.gradient = adjoints(order, {id(node): 1.0}).get(id(leaf), 0.0) if varies(leaf) else 0.0
    return found


class Step(NamedTuple):
    """One operand of an operation, from which the leaf can be reached.

    loss: the logarithm of the best path of the operation, less that of the best path this way.
    """

    operand: Node
    slope: float
    loss: float


class _Steps:
    """For each node below an output the steps that lead towards the leaf, the best first."""

    def __init__(self, order: list[Node], leaf: Node) -> None:
        self.order = order
        self.leaf = leaf
        self.steps: dict[int, list[Step]] = {}
        # The logarithm of the largest product on a path from here to the leaf, by the node's identity.
        self.sizes: dict[int, float] = {}
        for node in order:
            if node is leaf:
                self.sizes[id(node)] = 0.0
                continue
            ways = [
                (_size(slope) + self.sizes[id(operand)], operand, slope)
                for operand, slope in zip(operands_of(node), recorded_gradients(node), strict=True)
                if isinstance(operand, Node) and id(operand) in self.sizes and varies(operand)
            ]
            if ways:
                ways.sort(key=lambda way: -way[0])
                self.sizes[id(node)] = ways[0][0]
                self.steps[id(node)] = [Step(operand, slope, ways[0][0] - size) for size, operand, slope in ways]

    def count(self, output: Node) -> int:
        """The number of paths from the output to the leaf."""
        counts = {id(output): 1}
        for node in reversed(self.order):
            # Taken out of the dict: of a deep graph the counts have as many digits as it has levels.
            known = counts.pop(id(node), 0)
            if node is self.leaf:
                return known
            for step in self.steps.get(id(node), ()):
                counts[id(step.operand)] = counts.get(id(step.operand), 0) + known
        return 0

    def best(self, output: Node, limit: int) -> list[Path]:
        """The paths with the largest products.

        The best path takes the first step everywhere. Every other one leaves a better one at some node, by another
        step, and takes the first steps from there; so the next best is among those that leave the paths found so far,
        each at or behind the place where it left itself (D. Eppstein, "Finding the k shortest paths", SIAM Journal on
        Computing 28 (1998), 652-673).
        """
        if id(output) not in self.sizes or limit == 0:
            return []
        serial = itertools.count()
        # Loss, a serial number for ties, and the path: the steps up to where it left another one.
        waiting: list[tuple[float, int, list[Step]]] = [(0.0, next(serial), [])]
        found: list[Path] = []
        while waiting and len(found) < limit:
            loss, _, taken = heapq.heappop(waiting)
            here = taken[-1].operand if taken else output
            leaving: list[tuple[float, int, int]] = []
            while here is not self.leaf:
                ways = self.steps[id(here)]
                leaving += [(way.loss, len(taken), place) for place, way in enumerate(ways) if place > 0]
                taken.append(ways[0])
                here = ways[0].operand
            found.append(_path(output, taken))
            # No more of these can be wanted than there are paths still to be found.
            for more, place, way in heapq.nsmallest(limit - len(found), leaving):
                before = taken[:place]
                at = before[-1].operand if before else output
                heapq.heappush(waiting, (loss + more, next(serial), [*before, self.steps[id(at)][way]]))
        found.sort(key=lambda path: -abs(path.product) if path.product == path.product else -math.inf)
        return found


def _path(output: Node, taken: list[Step]) -> Path:
    slopes = [step.slope for step in taken]
    return Path(_product(slopes), (output, *[step.operand for step in taken]), tuple(slopes))


def _product(slopes: list[float]) -> float:
    """The product, without overflow or underflow on the way."""
    mantissa, exponent = 1.0, 0
    for slope in slopes:
        part, shift = math.frexp(slope)
        mantissa, more = math.frexp(mantissa * part)
        exponent += shift + more
    try:
        return math.ldexp(mantissa, exponent)
    except OverflowError:
        return math.copysign(math.inf, mantissa)


def _size(slope: float) -> float:
    """The logarithm of the size of a local gradient."""
    if slope == 0.0:
        return ZERO
    return math.log(abs(slope)) if math.isfinite(slope) else NOT_FINITE


def _counted(count: int) -> str:
    """A number of paths, which may have many thousand digits."""
    return str(count) if count < 1e12 else f"about 1e{math.floor(math.log10(count))}"


def _named(node: Node) -> str:
    """A node on a path: by its name, its operation with the line, or its value."""
    if node.name or node.op is None:
        return one_line(node.name or name_and_value(node))
    return f"{node.op.name}{at_line(node)}"
