"""The sums of derivatives in nodes that are used very often, as the weights of a model are by each of its rows.

A sweep adds to a node's gradient once for each use. Beyond a number of uses it adds pairwise, for which the sums so far
have a place here: a node is too small for them.
"""

from __future__ import annotations

from typing import Any

from autograd.graph.node import Node
from autograd.numbers.arrays import integers
from autograd.numbers.pairwise import PairwiseSums

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from sys import getrefcount as references

    from autograd.graph.node import OPEN
    from autograd.numbers.arrays import ints_in
    from autograd.numbers.pairwise import BLOCK

__all__ = ["ManyUses"]


@cython.final
@cython.cclass
class ManyUses:
    """The sums of those nodes that operations in `order`, the first `count` of them, use very often.

    A node's `_grad` has the sum of the block that is being added up. The table says which node has which place, by open
    addressing: it is complete before the sweep, which must not fail for want of memory.
    """

    def __init__(self, order: list[Any], count: int) -> None:
        self.nodes: list[Any] = []
        self.find(order, count)
        size = 8
        while size < 2 * len(self.nodes):
            size *= 2
        self.table = integers(size, -1)
        for place in range(len(self.nodes)):
            ints_in(self.table)[self.slot_of(self.nodes[place])] = place
        self.sums = PairwiseSums(len(self.nodes))

    def find(self, order: list[Any], count: int) -> None:
        """Give each node that may be used often a place."""
        try:
            for position in range(count):
                node = cython.cast(Node, order[position])
                if isinstance(node._left, tuple):
                    for operand in node._left:
                        self.note(operand)
                else:
                    self.note(node._left)
                    self.note(node._right)
        finally:
            for noted in self.nodes:
                cython.cast(Node, noted)._stamp &= ~OPEN

    def note(self, operand: Any) -> None:
        """Give an operand that may be used often a place, unless its mark says that it has one."""
        if has_many_references(operand) and isinstance(operand, Node):
            node = cython.cast(Node, operand)
            if not node._stamp & OPEN:
                self.nodes.append(node)
                node._stamp |= OPEN

    def slot_of(self, node: Node) -> int:
        """Where the table has the place of a node, or -1 if it has none."""
        table = ints_in(self.table)
        last = len(self.table) - 1
        # Nodes are 80 bytes or more: neighbours are in other slots.
        slot = (address_of(node) >> 4) & last
        while table[slot] >= 0 and not is_at(self.nodes, table[slot], node):
            slot = (slot + 1) & last
        return slot

    def count(self, node: Node) -> None:
        """Count a share that was added to a node's gradient."""
        place = ints_in(self.table)[self.slot_of(node)]
        if place >= 0:
            node._grad = self.sums.counted(place, node._grad)

    def complete(self, node: Node) -> None:
        """Make a node's gradient the sum of all shares."""
        place = ints_in(self.table)[self.slot_of(node)]
        if place >= 0:
            node._grad = self.sums.total(place, node._grad)

    def complete_all(self) -> None:
        """Make the gradients of all nodes the sums of their shares."""
        for place in range(len(self.nodes)):
            node = cython.cast(Node, self.nodes[place])
            node._grad = self.sums.total(place, node._grad)


# Compiled, these stand in many_uses.pxd.
if not cython.compiled:
    address_of = id

    def is_at(nodes: list[Any], place: int, node: Node) -> bool:
        """Whether a node is at this place of a list."""
        return nodes[place] is node

    def has_many_references(operand: Any) -> bool:
        """Whether an operand may have more uses than are added up in one block, each of which is a reference to it."""
        return references(operand) > BLOCK
