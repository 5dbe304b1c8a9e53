"""A compiled function bound to arrays, for calling it again and again at the least cost."""

from __future__ import annotations

from array import array
from typing import Any

from autograd.errors import OperandError
from autograd.program.paths import Descent, Path, PathTree, TooManyPaths
from autograd.program.recording.signature import argument_leaf, is_array, sign
from autograd.program.recording.surroundings import Surroundings
from autograd.transforms.kinds import wholes_in
from autograd.transforms.trees import Structure, flatten

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.program.machine.columns import address_of

__all__ = ["Bound", "changed_since"]


@cython.final
@cython.cclass
class Target:
    """For one path: its machine, the array that this writes, and `results`, views of that array.

    Results that are ints or bools are arrays of their own; `wholes` has each with the view that it is a copy of.
    """

    def __init__(self, path: Path, numbers: array[float], results: Any, wholes: list[Any]) -> None:
        self.path = path
        self.machine = self.path.machine_alone()
        self.numbers = numbers
        self.results = results
        self.wholes = wholes


@cython.final
@cython.cclass
class Bound:
    """A compiled function and its arguments. Each call reads the arrays among them as they are then.

    Numbers that are not in arrays are those of the binding. All calls return the same object, `results`, and write to
    its arrays; a number in it is an array without axes.
    """

    def __init__(self, name: str, paths: PathTree, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        numbers, nodes, _ = sign(args, kwargs)
        if nodes:
            raise OperandError(f"{name} can only be bound to plain numbers and arrays, got nodes among its arguments")
        self.name = name
        self.paths = paths
        self.watched = paths.watched
        self.state = None if self.watched is None else self.watched.state()
        self.numbers = numbers
        self.known: dict[Path, Target] = {}
        self.last: Target | None = None
        # The arrays, and where the numbers of each go.
        self.arrays: list[Any] = []
        self.starts: list[int] = []
        # The arrays whose memory that is, and where it lies: `resize` moves and frees it, without asking its views.
        self.owners: list[Any] = []
        given: list[Any] = []

        def noted(value: Any, what: str) -> Any:
            if is_array(value):
                given.append(value)
            return argument_leaf(value, what)

        structure = flatten([*args, *kwargs.values()], f"an argument of {name}", noted)[1]
        pieces = [(start, piece.size) for start, piece in structure.pieces() if piece.is_array]
        # Objects that are asked for their numbers may change what holds them, and each walk asks again; what follows
        # writes to these places without a further look.
        sizes = {len(numbers), structure.size, paths.signature.structure.size}
        if len(sizes) > 1 or [value.size for value in given] != [size for _, size in pieces]:
            raise OperandError(f"an argument of {name} changed while it was read: bind it when nothing changes it")
        for value, (start, _) in zip(given, pieces, strict=True):
            if value.dtype != float or not value.flags.c_contiguous:
                raise OperandError(
                    f"{name} can be bound to contiguous arrays of float64, got one of {value.dtype}"
                    f"{'' if value.flags.c_contiguous else ' that is not contiguous'}"
                )
            if value.size:
                self.arrays.append(value.reshape(-1))
                self.starts.append(start)
                self.owners.append(owner_of(value))
        self.memories = [memory_of(owner) for owner in self.owners]
        self.count = len(self.arrays)
        if cython.compiled:
            self.find_sources()

    def find_sources(self) -> None:
        """Note where all numbers are read in each call: those of the arrays, then the others; only compiled."""
        own = []
        end = 0
        for values, start in [*zip(self.arrays, self.starts, strict=True), ((), len(self.numbers))]:
            if start > end:
                own.append((end, start - end))
            end = start + len(values)
        self.all_count = self.count + len(own)
        self.sources = cython.cast("Source*", calloc(self.all_count + 1, cython.sizeof("Source")))  # type: ignore[name-defined]  # noqa: F821
        if not self.sources:
            raise MemoryError(f"no memory for {self.count} arrays")
        for place in range(self.count):
            self.sources[place].numbers = cython.cast("double*", address_of(self.arrays[place]))
            self.sources[place].start = self.starts[place]
            self.sources[place].size = len(self.arrays[place])
            self.sources[place].owner = cython.cast("NumpyArray*", cython.cast("void*", self.owners[place]))
            self.sources[place].first = self.sources[place].owner.data
            self.sources[place].whole = size_of(self.sources[place].owner)
        for place, (start, size) in enumerate(own, self.count):
            self.sources[place].numbers = self.numbers.data.as_doubles + start
            self.sources[place].start = start
            self.sources[place].size = size

    def __dealloc__(self) -> None:
        free(self.sources)  # type: ignore[name-defined]  # noqa: F821

    def copy(self, count: int, numbers: Any) -> None:
        """Copy the numbers of the first sources to their places; only compiled."""
        for place in range(count):
            memcpy(  # type: ignore[name-defined]  # noqa: F821
                numbers + self.sources[place].start, self.sources[place].numbers, 8 * self.sources[place].size
            )

    def check_arrays(self) -> None:
        """Raise OperandError if the memory of an array is not where it was: its numbers are elsewhere, or gone."""
        for place in range(self.count):
            if cython.compiled:
                owner = self.sources[place].owner
                moved = owner.data != self.sources[place].first or size_of(owner) != self.sources[place].whole
            else:
                moved = memory_of(self.owners[place]) != self.memories[place]
            if moved:
                raise OperandError(
                    f"{self.name} is bound to an array that was resized since, so that its numbers lie elsewhere; "
                    f"bind it again"
                )

    def read(self) -> array[float]:
        """The numbers of the arguments as they are now."""
        self.check_arrays()
        if cython.compiled:
            self.copy(self.count, self.numbers.data.as_doubles)
        else:
            for values, start in zip(self.arrays, self.starts, strict=True):
                self.numbers[start : start + len(values)] = array("d", values)
        return self.numbers

    def __call__(self) -> Any:
        return self.run()

    def run(self) -> Any:
        """The results for what the arrays hold now."""
        if self.watched is not None and self.watched.state() is not self.state:
            raise changed_since(self.name, self.watched)
        path = self.paths.last or self.paths.first(self.read())
        descent: Descent | None = None
        while True:
            target = self.last
            if target is None or target.path is not path or target.machine is not path.machine_alone():
                # Another one, or one that knows more of its loops now, or has them written out.
                target = self.known.get(path)
                if target is None or target.machine is not path.machine_alone():
                    target = self.make_room(path)
                self.last = target
            if cython.compiled and not (path.variables or target.machine.calls_back):
                self.check_arrays()
                # Straight to where the machine takes them. No other thread runs between this and the results.
                self.copy(self.all_count, target.machine.first_input())
                failed = target.machine.run(target.numbers.data.as_doubles)
            else:
                failed = target.machine.call_into(path.traced.inputs(self.read()), target.numbers)
            if failed < 0:
                if path is not self.paths.last:
                    self.paths.note_taken(path)
                path.count_call(target.machine)
                for result, written in target.wholes:
                    result[...] = written
                return target.results
            if descent is None:
                descent = Descent(self.paths)
            try:
                path = descent.next(path, target.machine, failed, self.read())
            except TooManyPaths as signal:
                return self.run_by_python(signal)

    def run_by_python(self, signal: TooManyPaths) -> Any:
        """The results as Python computes them, where recording a path would take longer."""
        numbers, structure = self.paths.by_python(signal, self.read())
        target = self.last
        if target is None or not has_same_results(target.path.outputs, structure):
            results, wholes = views(self.name, numbers, structure)
        else:
            target.numbers[:] = numbers
            results, wholes = target.results, target.wholes
        for result, written in wholes:
            result[...] = written
        return results

    def make_room(self, path: Path) -> Target:
        """The target of a path that was not taken before."""
        structure = path.traced.outputs
        numbers = array("d", bytes(8 * structure.size))
        target = self.known[path] = Target(path, numbers, *views(self.name, numbers, structure))
        return target

    def __repr__(self) -> str:
        return f"<{self.name} bound to {len(self.arrays)} array(s)>"


def changed_since(name: str, watched: Surroundings) -> OperandError:
    """The error for a function that was bound while what it depends on besides its arguments was otherwise."""
    return OperandError(
        f"{name} was bound before {watched.changed}, which it reads besides its arguments, was changed; bind it again"
    )


def views(name: str, numbers: array[float], structure: Structure) -> tuple[Any, list[Any]]:
    """Results whose arrays are views of an array of their numbers, and the arrays of ints or bools, with such views."""
    import numpy

    if not structure.holds_only_arrays():
        raise OperandError(f"{name} gives sparse matrices, which can't be written in place; call it unbound")
    shared = numpy.asarray(numbers)
    wholes: list[Any] = []

    def piece(start: int, part: Structure) -> Any:
        written = shared[start : start + part.size].reshape(part.shape or ())
        if part.whole is None:
            return written
        result = numpy.empty(written.shape, part.whole.dtype)
        wholes.append((result, written))
        return result

    return structure.map_pieces(piece), wholes


def has_same_results(one: Structure, other: Structure) -> bool:
    """Whether results of both structures have the same arrays, of the same types."""
    types = [[whole and whole.kind for whole in wholes_in(structure)] for structure in (one, other)]
    return types[0] == types[1] and one.is_same(other)


def owner_of(value: Any) -> Any:
    """The array of whose numbers this one is a view, or itself."""
    while is_array(value.base):
        value = value.base
    return value


def memory_of(value: Any) -> tuple[int, int]:
    """The address of an array's first number, and the count of its numbers."""
    return value.__array_interface__["data"][0], value.size


def size_of(numbers: Any) -> int:
    """The count of an array's numbers; only compiled."""
    size = 1
    for axis in range(numbers.nd):
        size *= numbers.dimensions[axis]
    return size
