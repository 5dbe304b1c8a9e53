"""The record of a graph that ran eagerly, and bounds on what roundings do to its gradients.

The bounds are derived, not tuned. With u = 2**-53 and η the smallest subnormal number:

*Sweeps.* Any order of multiplying and adding the recorded local gradients makes at most two roundings an edge. The
sum over all paths of the absolute products of local gradients bounds what a relative change u of an edge can do;
η enters at each edge and is passed on by the absolute products before and behind it.

*Local gradients.* Where two ways use local gradients that differ by d at an edge, the derivatives in a leaf differ by
the sum over the edges of (paths from the leaf to the edge) · d · (paths from the edge to the output), all absolute.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.graph.node import Node, operands_of, recorded_gradients, value_of, varies

__all__ = ["EPSILON", "TINY", "Entry", "Record"]

EPSILON = math.ulp(1.0) / 2
TINY = 5e-324


class Entry(NamedTuple):
    """A node: the primitive's name, None for a leaf; its operands as numbers of earlier entries, None for constants.

    `numbers` has the operands' values, `slopes` the local gradients.
    """

    name: str | None
    operands: tuple[int | None, ...]
    numbers: tuple[float, ...]
    value: float
    slopes: tuple[float, ...]
    primitive: Any


class Record:
    """The nodes of a graph that eager execution made and that depend on a leaf, operands first.

    `known` has the leaves and the result of each step; `chosen` says which of these `where` chose.
    """

    def __init__(self, leaves: Sequence[Node], known: Sequence[Any], chosen: Sequence[int] = ()) -> None:
        self.leaves = len(leaves)
        self.choosing = len(chosen)
        made = {id(known[number]) for number in chosen}
        self.choices: set[int] = set()
        self.entries: list[Entry] = []
        place_of: dict[int, int] = {}
        for node in known:
            if not varies(node) or id(node) in place_of:
                continue
            operands = operands_of(node)
            place_of[id(node)] = len(self.entries)
            if id(node) in made:
                self.choices.add(len(self.entries))
            self.entries.append(
                Entry(
                    node.op.name if node.op else None,
                    tuple([place_of[id(operand)] if varies(operand) else None for operand in operands]),
                    tuple([value_of(operand) for operand in operands]),
                    node.value,
                    recorded_gradients(node),
                    node.op,
                )
            )
        self.output = place_of[id(known[-1])]

    def absolute_paths(self, changes: Sequence[Sequence[float]] | None) -> tuple[list[float], list[list[float]]]:
        """From each entry to the output, and from each leaf to each entry: the sums of absolute products on paths.

        Each local gradient counts with its change. A zero cuts a path off.
        """
        sizes = [
            [abs(slope) + (changes[place][number] if changes else 0.0) for number, slope in enumerate(entry.slopes)]
            for place, entry in enumerate(self.entries)
        ]
        to_output = [0.0] * len(self.entries)
        to_output[self.output] = 1.0
        for place in range(len(self.entries) - 1, -1, -1):
            for operand, size in zip(self.entries[place].operands, sizes[place], strict=True):
                if operand is not None and to_output[place]:
                    to_output[operand] += size * to_output[place]
        from_leaves = []
        for leaf in range(self.leaves):
            sums = [0.0] * len(self.entries)
            sums[leaf] = 1.0
            for place, entry in enumerate(self.entries):
                for operand, size in zip(entry.operands, sizes[place], strict=True):
                    if operand is not None and sums[operand]:
                        sums[place] += size * sums[operand]
            from_leaves.append(sums)
        return to_output, from_leaves

    def reached(self, leaf: int) -> list[bool]:
        """For each entry, whether it lies on a way from the leaf to the output, whatever the local gradients are."""
        above = [place == leaf for place in range(len(self.entries))]
        for place, entry in enumerate(self.entries):
            above[place] |= any([operand is not None and above[operand] for operand in entry.operands])
        below = [place == self.output for place in range(len(self.entries))]
        for place in range(len(self.entries) - 1, -1, -1):
            for operand in self.entries[place].operands:
                if operand is not None:
                    below[operand] |= below[place]
        return [one and other for one, other in zip(above, below, strict=True)]

    def bounds(self, changes: Sequence[Sequence[float]] | None = None) -> list[float]:
        """A bound for each leaf on the difference of its derivative by two ways; inf where that can't be decided.

        `changes`: the differences of the two ways' local gradients, for each entry and operand; None if there are none.
        """
        to_output, from_leaves = self.absolute_paths(changes)
        edges = sum([len(entry.operands) for entry in self.entries]) + 1
        found = []
        for leaf in range(self.leaves):
            before, reached = from_leaves[leaf], self.reached(leaf)
            underflow = changed = 0.0
            for place, entry in enumerate(self.entries):
                for number, operand in enumerate(entry.operands):
                    if operand is None or not (reached[place] and reached[operand]):
                        continue
                    underflow += TINY * (before[operand] + to_output[place])
                    change = changes[place][number] if changes is not None else 0.0
                    if not math.isfinite(change):
                        changed = math.inf
                    elif change and before[operand] and to_output[place]:
                        changed += before[operand] * change * to_output[place]
            # Partial products may overflow on the way to a finite one, or underflow to nothing.
            partial = [a * b for a, b in zip(before, to_output, strict=True)]
            bound = 4.0 * edges * EPSILON * before[self.output] + 4.0 * underflow + 1.01 * changed
            decided = all(map(math.isfinite, (bound, *before, *to_output, *partial)))
            found.append(bound if decided else math.inf)
        return found

    def changes_of_rules(self) -> list[list[float]]:
        """The differences of the rules, run on recorded numbers as programs do, from the recorded local gradients."""
        return [
            [difference(one, other) for one, other in zip(rules_of(entry), entry.slopes, strict=True)]
            for entry in self.entries
        ]

    def ties_beside_choices(self) -> bool:
        """Whether an extreme ties with a constant that `where` may have chosen: a program takes it for a variable."""
        return bool(self.choosing) and any([
            entry.primitive is not None
            and entry.primitive.beside_constant is not None
            and any([
                operand is None and number == entry.value
                for operand, number in zip(entry.operands, entry.numbers, strict=True)
            ])
            for entry in self.entries
        ])  # fmt: skip

    def absorbing_gradients(self) -> list[float]:
        """The gradients if 0 times anything is 0 where operations matter only to sides of `where`, as in programs."""
        exposed = [False] * len(self.entries)
        exposed[self.output] = True
        adjoints: list[float | None] = [None] * len(self.entries)
        adjoints[self.output] = 1.0
        for place in range(len(self.entries) - 1, -1, -1):
            entry, adjoint = self.entries[place], adjoints[place]
            absorbs = place in self.choices or not exposed[place]
            for operand, slope in zip(entry.operands, entry.slopes, strict=True):
                if operand is None:
                    continue
                exposed[operand] = exposed[operand] or not absorbs
                if adjoint is not None:
                    share = 0.0 if absorbs and 0.0 in (adjoint, slope) else adjoint * slope
                    adjoints[operand] = share if adjoints[operand] is None else adjoints[operand] + share
        return [adjoint or 0.0 for adjoint in adjoints[: self.leaves]]


def rules_of(entry: Entry) -> Sequence[float]:
    """The local gradients by the primitive's rule; at ties, which the rule leaves open, the recorded ones."""
    if entry.primitive is None or entry.primitive.beside_constant is not None:
        return entry.slopes
    return entry.primitive.gradients_of_numbers(list(entry.numbers), entry.value)


def difference(one: float, other: float) -> float:
    """The distance of two numbers, 0 of the same that are not finite."""
    return 0.0 if repr(one) == repr(other) else abs(one - other)
