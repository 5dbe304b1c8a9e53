"""Finds products of matrices in a program of rows: layers, the way back through them, and the slopes of their weights.

Written out, a layer is one chain of fused products for each of its neurons, and the slopes of its weights are one sum
over the rows for each product of two values. Chains over the same values, and sums of products that have factors in
common, are done together: a number that is loaded serves several of them. Each sum keeps its own order, so its bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from autograd.operations.primitives import Dot, Multiply
from autograd.program.machine.plan import Plan
from autograd.program.machine.step import ADD, ADD_PRODUCT, PRODUCT_PLUS, Step

__all__ = ["ONE", "Product", "SumTile", "columns_summed", "cut", "product_tiles_pay", "products_among", "sum_tiles"]

# Shorter chains are as fast one by one: their values stay in registers of the processor.
SHORTEST_CHAIN = 4
# Fewer fused products are not worth tables and loops.
LEAST_WORK = 64
# Stands for a value that is 1 in all rows: a sum of values is one of their products with it.
ONE = -1
# Sums that are kept in vector registers at a time: one for each pair of so many values.
LEFTS, RIGHTS = 4, 3


class Product(NamedTuple):
    """A matrix, the same for all rows, times a vector of values: `factors[j][k]` is a cell, `values[k]` varies.

    Sum j begins with `starts[j]`, or with its first product if there are no starts; then come the products in order.
    With `is_exact` all roundings are added at the end, as `dot` does.
    """

    values: tuple[int, ...]
    starts: tuple[int, ...]
    factors: tuple[tuple[int, ...], ...]
    results: tuple[int, ...]
    is_exact: bool


class SumTile(NamedTuple):
    """Outputs that are sums over the rows of lefts[i] * rights[k], i * len(rights) + k being the output's place."""

    lefts: tuple[int, ...]
    rights: tuple[int, ...]
    outputs: tuple[int, ...]


class Chain:
    """A sum of products so far: a start or None, and in order its values, factors, and the times of its steps."""

    def __init__(self, start: int | None, is_exact: bool = False) -> None:
        self.start = start
        self.is_exact = is_exact
        self.values: list[int] = []
        self.factors: list[int] = []
        self.times: list[int] = []
        self.result = -1

    def append(self, time: int, step: Step, value: int, factor: int) -> None:
        """Take one more product in."""
        self.values.append(value)
        self.factors.append(factor)
        self.times.append(time)
        self.result = step.result


def chains_among(steps: Sequence[Step], plan: Plan, needed: Collection[int]) -> list[Chain]:
    """The longest chains of products of a value that varies and one that doesn't; none goes on from a needed value."""
    uses = Counter([operand for step in steps for operand in step.operands])
    ends: dict[int, Chain] = {}
    varies = plan.varies
    for time, step in enumerate(steps):
        if step.primitive is Dot:
            half = len(step.operands) // 2
            sides = step.operands[:half], step.operands[half:]
            for values, factors in (sides, sides[::-1]):
                if all([varies[value] for value in values]) and not any([varies[factor] for factor in factors]):
                    whole = ends[step.result] = Chain(None, is_exact=True)
                    whole.values, whole.factors = list(values), list(factors)
                    whole.times, whole.result = [time], step.result
            continue
        if step.output >= 0 or not (step.primitive is Multiply or step.primitive is PRODUCT_PLUS):
            continue
        left, right = step.operands[:2]
        if varies[left] == varies[right]:
            continue
        start = None if step.primitive is Multiply else step.operands[2]
        chain = None
        if start in ends and uses[start] == 1 and start not in needed and not ends[start].is_exact:
            chain = ends.pop(start)
        chain = chain or Chain(start)
        chain.append(time, step, *((left, right) if varies[left] else (right, left)))
        ends[step.result] = chain
    # Files may hold programs in which nobody reads a result.
    read = {*needed, *uses}
    return [chain for chain in ends.values() if len(chain.values) >= SHORTEST_CHAIN and chain.result in read]


def products_among(steps: Sequence[Step], plan: Plan, needed: Collection[int]) -> list[Step | Product]:
    """The steps in order, chains over the same values in products, each where the first of its chains was complete.

    `needed` has the values that others than these steps read.
    """
    made_at = {step.result: time for time, step in enumerate(steps) if step.output < 0}
    alike: dict[tuple[tuple[int, ...], Any], list[Chain]] = {}
    for chain in chains_among(steps, plan, needed):
        kind = chain.is_exact, -1 if chain.start is None else plan.varies[chain.start]
        alike.setdefault((tuple(chain.values), kind), []).append(chain)
    product_at: dict[int, Product] = {}
    taken: set[int] = set()
    for (values, _), chains in alike.items():
        first = min([chain.times[-1] for chain in chains])
        ready = [chain for chain in chains if chain.start is None or made_at.get(chain.start, -1) < first]
        is_exact = chains[0].is_exact
        # One inner product alone is a loop, too: written out it takes LLVM long.
        if len(ready) < 2 and not is_exact:
            continue
        product_at[first] = Product(
            values,
            tuple([chain.start for chain in ready if chain.start is not None]),
            tuple([tuple(chain.factors) for chain in ready]),
            tuple([chain.result for chain in ready]),
            is_exact,
        )
        taken.update(*[chain.times for chain in ready])
    found: list[Step | Product] = []
    for time, step in enumerate(steps):
        if time in product_at:
            found.append(product_at[time])
        if time not in taken:
            found.append(step)
    return found


def columns_summed(tiles: Sequence[SumTile]) -> set[int]:
    """The values that tiles of sums read."""
    return {value for tile in tiles for value in (*tile.lefts, *tile.rights)}


def sum_tiles(steps: Sequence[Step], plan: Plan, lefts: int = LEFTS) -> tuple[list[SumTile], list[Step]]:
    """Tiles of sums over the rows, of at most `lefts` by `RIGHTS` values, and the steps that are left.

    Where a program decides there are none: there a sum has only the rows in which its guards hold.
    """
    if plan.decides:
        return [], list(steps)
    partners: dict[int, dict[int, int]] = {}
    rights: set[int] = set()
    left_over = []
    for step in steps:
        if step.primitive is not ADD and step.primitive is not ADD_PRODUCT:
            left_over.append(step)
            continue
        left, right = step.operands if step.primitive is ADD_PRODUCT else (step.operands[0], ONE)
        found = partners.get(left, {})
        vary = plan.varies[left] and (right == ONE or plan.varies[right])
        # The two sides are prepared differently for the last rows.
        on_both_sides = left == right or left in rights or right in partners
        if on_both_sides or right in found or not vary:
            left_over.append(step)
            continue
        partners.setdefault(left, found)[right] = step.output
        rights.add(right)
    alike: dict[tuple[int, ...], list[int]] = {}
    for left, found in partners.items():
        alike.setdefault(tuple(sorted(found)), []).append(left)
    tiles = []
    for columns, rows in alike.items():
        for some in cut(rows, lefts):
            for part in cut(columns, RIGHTS):
                outputs = tuple([partners[left][right] for left in some for right in part])
                tiles.append(SumTile(some, part, outputs))
    return tiles, left_over


def cut(values: Sequence[int], most: int) -> list[tuple[int, ...]]:
    """The values in pieces of at most so many, none much shorter than another."""
    pieces, start = [], 0
    for size in tile_sizes(len(values), most):
        pieces.append(tuple(values[start : start + size]))
        start += size
    return pieces


def tile_sizes(count: int, most: int) -> list[int]:
    """The sizes of pieces of at most so many, the longer ones first, that differ by 1 at most.

    >>> tile_sizes(16, 3)
    [3, 3, 3, 3, 2, 2]
    """
    pieces = -(-count // most)
    return [count // pieces + (piece < count % pieces) for piece in range(pieces)]


def product_tiles_pay(items: Sequence[Step | Product], tiles: Sequence[SumTile]) -> bool:
    """Whether a fair share of a program is done by tiles: beside them, its values pass through memory more often."""
    work = sum([len(item.values) * len(item.results) for item in items if isinstance(item, Product)])
    work += sum([len(tile.outputs) for tile in tiles if len(tile.outputs) > 1])
    return work >= LEAST_WORK and work >= len(items) / 2
