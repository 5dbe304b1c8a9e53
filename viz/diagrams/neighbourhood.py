"""Parts of a graph: what is nearest to some of its nodes."""

from __future__ import annotations

from collections.abc import Sequence

from autograd import Constant, Node

__all__ = ["nodes_around", "nodes_below"]


def nodes_below(outputs: Sequence[Node], at_most: int) -> list[Node]:
    """The nodes nearest below the outputs, no more than so many, parents first."""
    near: dict[int, Node] = {id(output): output for output in outputs[:at_most]}
    queue = list(near.values())
    for node in queue:
        if len(near) >= at_most:
            break
        for parent in node.parents:
            if len(near) < at_most and id(parent) not in near and not _is_literal(parent):
                near[id(parent)] = parent
                queue.append(parent)
    return _in_order(near)


def nodes_around(nodes: Sequence[Node], focus: Sequence[Node], radius: int) -> list[Node]:
    """Those of the nodes (parents first) that are at most `radius` operations from the focus, either way.

    The operands of each operation that is shown belong to it.
    """
    numbers = {id(node): number for number, node in enumerate(nodes)}
    users: list[list[int]] = [[] for _ in nodes]
    for number, node in enumerate(nodes):
        if node.op is not None:
            for parent in node.parents:
                place = numbers.get(id(parent))
                if place is not None:
                    users[place].append(number)
    near: dict[int, Node] = {id(node): node for node in focus}
    for step in (_parents, lambda node: [nodes[user] for user in users[numbers[id(node)]]]):
        met = {id(node) for node in focus}
        frontier = list(focus)
        for _ in range(radius):
            following = []
            for node in frontier:
                for neighbour in step(node):
                    if id(neighbour) not in met and id(neighbour) in numbers:
                        met.add(id(neighbour))
                        near[id(neighbour)] = neighbour
                        following.append(neighbour)
            frontier = following
    # What uses the focus is shown with all its operands, or it could not be shown as an operation.
    if radius > 0:
        below = [node for node in near.values() if any(id(parent) in near for parent in _parents(node))]
        for node in below:
            for parent in _parents(node):
                if id(parent) in numbers:
                    near.setdefault(id(parent), parent)
    return [nodes[number] for number in sorted(numbers[key] for key in near)]


def _parents(node: Node) -> tuple[Node, ...]:
    return node.parents if node.op is not None else ()


def _is_literal(node: Node) -> bool:
    """Whether a parent may be a plain number that was made a constant just now; it then costs nothing to leave it."""
    return isinstance(node, Constant) and node.name is None


def _in_order(nodes: dict[int, Node]) -> list[Node]:
    """The nodes, parents first."""
    order: list[Node] = []
    met: set[int] = set()
    for start in nodes.values():
        stack = [(start, False)]
        while stack:
            node, complete = stack.pop()
            if complete:
                order.append(node)
            elif id(node) not in met:
                met.add(id(node))
                stack.append((node, True))
                stack.extend([(parent, False) for parent in reversed(_parents(node)) if id(parent) in nodes])
    return order
