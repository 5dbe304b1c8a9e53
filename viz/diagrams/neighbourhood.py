"""Parts of a graph: the nodes nearest to some of its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter

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
    operands = {id(node): [id(parent) for parent in _parents(node) if id(parent) in near] for node in queue}
    return [near[key] for key in TopologicalSorter(operands).static_order()]


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
    # A user of the focus needs all its operands to be shown as an operation.
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
    """Whether a parent may be a plain number, made a constant just now: it is no node of the graph."""
    return isinstance(node, Constant) and node.name is None
