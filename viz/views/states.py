"""The states of a page: the sets of layers that may be open together, each with its view."""

from __future__ import annotations

from collections.abc import Iterator

from viz.diagrams.diagram import Diagram
from viz.errors import GraphTooLarge
from viz.views.selection import MOST_LEVELS, view_with, with_surroundings
from viz.views.view import View

__all__ = ["states_of"]

MOST_LAYERS_IN_ALL_WAYS = 6
MOST_STATES = 64
MOST_VALUES = 1_000  # drawn in all states together: a page of 0.4 MB, laid out in a second
MOST_TRIES = 40_000  # values and layers of the graph times states tried: a view takes up to 30 µs a value


def states_of(view: View, max_nodes: int | None = None) -> list[View]:
    """The view, and others of the same graph that a reader comes to by opening and closing layers.

    Up to six layers may be open in every combination. With more there are all closed, all open, each depth, each layer
    opened alone and each closed alone. States that would be too large, or make the page so, are left out.
    """
    states = {view.opened: view}
    drawn = len(view.wires)
    tries = 0
    for opened in _combinations(view.diagram, view.opened):
        if opened in states:
            continue
        tries += len(view.diagram.values) + len(view.diagram.boxes)
        if len(states) >= MOST_STATES or tries > MOST_TRIES:
            break
        if any([view.diagram.boxes[number].depth > MOST_LEVELS for number in opened]):
            continue
        try:
            state = view_with(view.diagram, opened, max_nodes)
        except GraphTooLarge:
            continue
        if drawn + len(state.wires) > MOST_VALUES:
            continue
        drawn += len(state.wires)
        states[opened] = state
    return list(states.values())


def _combinations(diagram: Diagram, current: frozenset[int]) -> Iterator[frozenset[int]]:
    """Sets of open boxes, each with those around them, the most useful first."""
    boxes = diagram.boxes
    numbers = range(len(boxes))
    yield frozenset()
    yield frozenset(numbers)
    if len(boxes) <= MOST_LAYERS_IN_ALL_WAYS:
        for bits in range(2 ** len(boxes)):
            opened = frozenset([number for number in numbers if bits >> number & 1])
            if opened == with_surroundings(boxes, sorted(opened)):
                yield opened
        return
    for depth in range(1, min(max(box.depth for box in boxes), MOST_LEVELS + 1)):
        yield frozenset([box.position for box in boxes if box.depth <= depth])
    for number in numbers:
        if number not in current:
            yield with_surroundings(boxes, [*sorted(current), number])
        else:
            yield _without(diagram, current, number)
        yield with_surroundings(boxes, [number])


def _without(diagram: Diagram, opened: frozenset[int], number: int) -> frozenset[int]:
    """The open boxes but one and all boxes inside it."""
    closed = {number}
    for box in diagram.boxes:
        if box.parent in closed:
            closed.add(box.position)
    return opened - closed
