"""A compiled function bound to arrays, for calling it again and again at the least cost."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

from autograd.errors import OperandError
from autograd.node import value_of
from autograd.program.paths import Path, Paths
from autograd.program.signature import is_array, is_floating, sign
from autograd.structures import Structure

__all__ = ["Bound"]


class Bound:
    """A compiled function and its arguments. Each call reads the arrays among them as they are then.

    Numbers that are not in arrays are those of the binding. All calls return the same object, `results`, and write to
    its arrays; a number in it is an array without axes.
    """

    __slots__ = ("arrays", "name", "numbers", "paths", "results_of")

    def __init__(self, name: str, paths: Paths, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        numbers, nodes, _ = sign(args, kwargs)
        if nodes:
            raise OperandError(f"{name} can only be bound to plain numbers and arrays, got nodes among its arguments")
        self.name = name
        self.paths = paths
        self.numbers = numbers
        # Each array as bytes, and where its numbers go, as bytes too.
        self.arrays: list[tuple[memoryview, memoryview]] = []
        self.results_of: dict[Path, tuple[Any, Any]] = {}
        target = memoryview(numbers).cast("B") if numbers else memoryview(b"")
        start = 0
        for value in leaves((*args, *[kwargs[key] for key in sorted(kwargs)])):
            if is_array(value):
                if value.dtype != float or not value.flags.c_contiguous:
                    raise OperandError(
                        f"{name} can be bound to contiguous arrays of float64, got one of {value.dtype}"
                        f"{'' if value.flags.c_contiguous else ' that is not contiguous'}"
                    )
                if value.size:
                    source = memoryview(value.reshape(-1)).cast("B")
                    self.arrays.append((source, target[start : start + value.nbytes]))
                start += value.nbytes
            elif isinstance(value, float) or is_floating(value):
                start += 8

    def __call__(self) -> Any:
        for source, target in self.arrays:
            target[:] = source
        path = self.paths.first(self.numbers)
        while True:
            inputs: Any = self.numbers
            if path.traced.variables:
                inputs = array("d", [*inputs, *[value_of(node) for node in path.traced.variables]])
            numbers, results = self.results_of.get(path) or self.make_room(path)
            machine = path.machine()
            failed = machine.call_into(inputs, numbers)
            if failed < 0:
                path.count_call(machine)
                return results
            path = self.paths.after(path, failed, self.numbers)

    def make_room(self, path: Path) -> tuple[Any, Any]:
        """The memory for what a path gives, and the results as arrays that share it."""
        import numpy

        structure = path.traced.outputs
        if structure.holds_matrix():
            raise OperandError(f"{self.name} gives sparse matrices, which can't be written in place; call it unbound")
        numbers = array("d", bytes(8 * structure.size))
        shared = numpy.asarray(numbers)

        def piece(start: int, part: Structure) -> Any:
            return shared[start : start + part.size].reshape(part.shape or ())

        self.results_of[path] = numbers, structure.map_pieces(piece)
        return self.results_of[path]

    def __repr__(self) -> str:
        return f"<{self.name} bound to {len(self.arrays)} array(s)>"


def leaves(value: Any) -> list[Any]:
    """The parts of nested lists, tuples and dicts, in order."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, list | tuple):
        return [value]
    return [leaf for part in value for leaf in leaves(part)]
