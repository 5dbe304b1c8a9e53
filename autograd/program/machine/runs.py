"""Runs: operations of one kind that don't depend on each other, to be done in one go.

From one operation to the next the interpreter takes longer than for an operation itself. A program that does the same
for many numbers one by one (the terms of a sum, the entries of a sparse Hessian) has the same steps for each; put side
by side, these are done as over a block of rows. Results of a run lie next to each other, and mostly so do its operands;
those that don't are gathered first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.numbers.arrays import integers

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import ints_in
    from autograd.program.machine.step import Step, operand_in

__all__ = ["LONGEST", "in_runs"]

# The operands of a run of this length fit in the processor's first cache.
LONGEST = 128
# In shorter ones, gathering takes longer than the operations one by one.
SHORTEST = 4


def in_runs(parts: Sequence[list[Step]], maker: Any) -> list[list[list[Step] | Step]]:
    """The operations of each part in runs; those left over one by one. `maker` is as in `Plan`.

    Parts are done one after the other. Results lie in the order of the runs, behind inputs and constants in theirs.
    """
    values = len(maker)
    places = integers(values)
    place = ints_in(places)
    for end in range(values):
        place[end] = end
    end = values
    found = []
    for operations in parts:
        runs: list[list[Step] | Step] = []
        groups = by_level(operations, maker)
        if not groups or len(operations) < SHORTEST * len(groups):
            # Most operations wait for the one before: in their own order, values used together stay together.
            runs = list(operations)
            for operation in operations:
                place[operation.result] = end
                end += 1
        else:
            for group in groups:
                runs += cut(group, places)
                for operation in group:
                    place[operation.result] = end
                    end += 1
        found.append(runs)
    return found


def by_level(operations: list[Step], made_by: Any) -> list[list[Step]]:
    """Operations of the same kind that can be done at the same time, in an order in which they can be done.

    Those on any number of operands stand alone. There are none where most wait for the one before.
    """
    levels = integers(len(made_by))
    level, maker = ints_in(levels), ints_in(made_by)
    deepest = 0
    for operation in operations:
        known = 0
        for place in range(operation.count):
            if level[maker[operand_in(operation, place)]] > known:
                known = level[maker[operand_in(operation, place)]]
        level[operation.result] = known + 1
        if known == deepest:
            deepest += 1
    if len(operations) < SHORTEST * deepest:
        return []
    groups: list[dict[Any, list[Step]]] = [{} for _ in range(deepest)]
    for operation in operations:
        kind: Any = operation.result if operation.primitive.arity is None else operation.primitive.name
        groups[level[operation.result] - 1].setdefault(kind, []).append(operation)
    return [group for at_level in groups for group in at_level.values()]


def cut(group: list[Step], place: Any) -> list[Any]:
    """A group in runs that are not too long; it is put in the order in which its operands lie."""
    if len(group) < SHORTEST:
        return list(group)
    group[:] = in_order(group, place)
    whole = len(group) - len(group) % LONGEST
    if len(group) - whole >= SHORTEST:
        whole = len(group)
    runs = [group[start : start + LONGEST] for start in range(0, whole, LONGEST)]
    return runs + group[whole:]


def in_order(group: list[Step], places: Any) -> list[Step]:
    """A group in the order in which its first operands lie, or others if more lie side by side then."""
    count = cython.cast(Step, group[0]).count
    for position in range(count - 1, -1, -1):
        group = by_place(group, position, places)
    best, most = group, neighbours(group, places)
    for position in range(1, count):
        if most == len(group) - 1:
            break
        order = by_place(group, position, places)
        found = neighbours(order, places)
        if found > most:
            best, most = order, found
    return best


def by_place(group: list[Step], position: int, places: Any) -> list[Step]:
    """The steps in the order in which their operands at a position lie; those of one place stay as they were."""
    place = ints_in(places)
    keys = [place[operand_in(step, position)] for step in group]
    return [group[number] for number in sorted(range(len(group)), key=keys.__getitem__)]


def neighbours(order: list[Step], places: Any) -> int:
    """The number of steps whose operands each lie where those of the step before do, or right behind."""
    place = ints_in(places)
    found = 0
    for number in range(1, len(order)):
        before, step = cython.cast(Step, order[number - 1]), cython.cast(Step, order[number])
        for position in range(step.count):
            between = place[operand_in(step, position)] - place[operand_in(before, position)]
            if between != 0 and between != 1:
                break
        else:
            found += 1
    return found
