"""The operations whose operands can't change places, so that a picture has to tell which of them is the first."""

from __future__ import annotations

from functools import cache
from itertools import permutations

from autograd.operations.primitive import declared
from viz.diagrams.diagram import Diagram, Operation

__all__ = ["order_of", "ordinal", "told_apart"]

ORDINALS = ("1st", "2nd", "3rd")
MOST_TOLD = 4
TRIED = (1.25, 0.5, 3.0, 0.75)  # operands inside of every domain, no two of them alike


def ordinal(place: int) -> str:
    """The word for the place of an operand, counted from 0.

    >>> [ordinal(place) for place in range(4)]
    ['1st', '2nd', '3rd', '4th']
    """
    return ORDINALS[place] if place < len(ORDINALS) else f"{place + 1}th"


@cache
def _symmetric(name: str, count: int) -> bool:
    """Whether an operation gives the same for its operands in any order; a user's own is not tried."""
    primitive = declared(name)
    if primitive is None or not primitive.built_in:
        return False
    results = [primitive(*operands) for operands in permutations(TRIED[:count])]
    # Rounded sums of another order may differ in the last place.
    return bool(max(results) - min(results) <= 1e-12 * max(map(abs, results)))


def told_apart(name: str, values: tuple[int, ...], unmarked: frozenset[int]) -> dict[int, str]:
    """The words that tell the order of an operation's operands, by their places; `unmarked` places can take none.

    Of two operands the second has one; the first instead if the second can't.  More than four have none.

    >>> told_apart("minus", (0, 1), frozenset()), told_apart("minus", (0, 1), frozenset([1]))
    ({1: '2nd'}, {0: '1st'})
    >>> told_apart("plus", (0, 1), frozenset()), told_apart("minus", (0, 0), frozenset())
    ({}, {})
    """
    count = len(values)
    if len(set(values)) < 2 or count > MOST_TOLD or _symmetric(name, count):
        return {}
    if count == 2:
        place = 0 if 1 in unmarked else 1
        return {} if place in unmarked else {place: ordinal(place)}
    return {place: ordinal(place) for place in range(count) if place not in unmarked}


def order_of(diagram: Diagram, operation: Operation) -> dict[int, str]:
    """The words for the places of an operation's operands; a plain number stands too near for one."""
    values = tuple([operand.value for operand in operation.operands])
    beside = [place for place, value in enumerate(values) if diagram.values[value].literal]
    return told_apart(operation.name, values, frozenset(beside))
