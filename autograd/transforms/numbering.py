"""The numbers by which a tape in flat arrays speaks of primitives, and of what is not on it."""

from __future__ import annotations

from typing import Any

from autograd.numbers.arrays import integers
from autograd.operations.primitive import Primitive, count_built_in

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import ints_in

__all__ = ["Numbering"]


@cython.final
@cython.cclass
class Numbering:
    """The codes of primitives, and the slots of what is not on a tape: numbers and nodes.

    A code says what an operation does and on how many operands; `primitives` has the primitive of each code. Slots are
    -1, -2, ..., in the order of `others`, each of which is there once; `node_places` has the places of nodes among
    these by their identity.
    """

    def __init__(self) -> None:
        self.primitives: list[Any] = []
        self.others: list[Any] = []
        self.node_places: dict[int, int] = {}
        self.number_places: dict[Any, int] = {}
        self.codes: dict[Any, int] = {}
        # Of built-in primitives on a fixed number of operands, by their numbers: most operations are of such.
        self.built_in = integers(1 + count_built_in(), -1)

    def code(self, primitive: Primitive, count: int) -> int:
        """The code of a primitive on so many operands."""
        code = ints_in(self.built_in)[primitive.number]
        if code >= 0:
            return int(code)
        key: Any = primitive if primitive.arity is not None else (primitive, count)
        found: Any = self.codes.get(key)
        if found is None:
            found = self.codes[key] = len(self.primitives)
            self.primitives.append(primitive)
            if primitive.number > 0 and primitive.arity is not None:
                ints_in(self.built_in)[primitive.number] = found
        return found  # type: ignore[no-any-return]

    def slot_of_node(self, node: Any) -> int:
        """The slot of a node."""
        return self.slot(self.node_places, id(node), node)

    def slot_of_number(self, number: float) -> int:
        """The slot of a number; numbers are the same to the bit, but all nans are one."""
        value = number
        # As an object it is a key, and need not be made one from its bits.
        return self.slot(self.number_places, number if value == value and value != 0.0 else str(value), number)

    def slot(self, places: dict[Any, int], key: Any, other: Any) -> int:
        """The slot of what is not on the tape, by its key among those of its kind."""
        place: Any = places.get(key)
        if place is None:
            place = places[key] = len(self.others)
            self.others.append(other)
        return -1 - place  # type: ignore[no-any-return]
