"""A compiled function bound to arrays, for calling it again and again at the least cost."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

from autograd.errors import OperandError
from autograd.program.paths import Path, Paths
from autograd.program.signature import is_array, is_floating, sign
from autograd.structures import Structure

try:
    import cython
except ImportError:
    from autograd import _cython as cython
if not cython.compiled:
    from autograd.program.machine import address_of

__all__ = ["Bound"]


@cython.final
@cython.cclass
class Bound:
    """A compiled function and its arguments. Each call reads the arrays among them as they are then.

    Numbers that are not in arrays are those of the binding. All calls return the same object, `results`, and write to
    its arrays; a number in it is an array without axes.
    """

    def __init__(self, name: str, paths: Paths, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        numbers, nodes, _ = sign(args, kwargs)
        if nodes:
            raise OperandError(f"{name} can only be bound to plain numbers and arrays, got nodes among its arguments")
        self.name = name
        self.paths = paths
        self.numbers = numbers
        # The arrays, and where the numbers of each go.
        self.arrays: list[Any] = []
        self.starts: list[int] = []
        self.known: dict[Path, tuple[Any, Any, Any]] = {}
        start = 0
        for value in leaves((*args, *[kwargs[key] for key in sorted(kwargs)])):
            if is_array(value):
                if value.dtype != float or not value.flags.c_contiguous:
                    raise OperandError(
                        f"{name} can be bound to contiguous arrays of float64, got one of {value.dtype}"
                        f"{'' if value.flags.c_contiguous else ' that is not contiguous'}"
                    )
                if value.size:
                    self.arrays.append(value.reshape(-1))
                    self.starts.append(start)
                start += value.size
            elif isinstance(value, float) or is_floating(value):
                start += 1
        self.count = len(self.arrays)
        if cython.compiled:
            self.sources = cython.cast("Source*", calloc(self.count + 1, cython.sizeof("Source")))  # type: ignore[name-defined]  # noqa: F821
            if not self.sources:
                raise MemoryError(f"no memory for {self.count} arrays")
            for place in range(self.count):
                self.sources[place].numbers = cython.cast("double*", address_of(self.arrays[place]))
                self.sources[place].start = self.starts[place]
                self.sources[place].size = len(self.arrays[place])

    def __dealloc__(self) -> None:
        free(self.sources)  # type: ignore[name-defined]  # noqa: F821

    def read(self) -> None:
        """Copy the numbers of the arrays to where the machine takes them."""
        if cython.compiled:
            numbers = self.numbers.data.as_doubles
            for place in range(self.count):
                memcpy(  # type: ignore[name-defined]  # noqa: F821
                    numbers + self.sources[place].start, self.sources[place].numbers, 8 * self.sources[place].size
                )
        else:
            for values, start in zip(self.arrays, self.starts, strict=True):
                self.numbers[start : start + len(values)] = array("d", values)

    def __call__(self) -> Any:
        self.read()
        path = self.paths.first(self.numbers)
        while True:
            machine, numbers, results = self.known.get(path) or self.make_room(path)
            failed = machine.call_into(path.traced.inputs(self.numbers), numbers)
            if failed < 0:
                path.count_call(machine)
                return results
            path = self.paths.after(path, failed, self.numbers)

    def make_room(self, path: Path) -> tuple[Any, Any, Any]:
        """The machine of a path, the memory for what it gives, and the results as arrays that share that."""
        import numpy

        structure = path.traced.outputs
        if structure.holds_matrix():
            raise OperandError(f"{self.name} gives sparse matrices, which can't be written in place; call it unbound")
        numbers = array("d", bytes(8 * structure.size))
        shared = numpy.asarray(numbers)

        def piece(start: int, part: Structure) -> Any:
            return shared[start : start + part.size].reshape(part.shape or ())

        self.known[path] = path.machine(), numbers, structure.map_pieces(piece)
        return self.known[path]

    def __repr__(self) -> str:
        return f"<{self.name} bound to {len(self.arrays)} array(s)>"


def leaves(value: Any) -> list[Any]:
    """The parts of nested lists, tuples and dicts, in order."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, list | tuple):
        return [value]
    return [leaf for part in value for leaf in leaves(part)]
