"""`vmap`: one program over many rows, on all processors, with sums over rows taken inside."""

from __future__ import annotations

import functools
import operator
import types
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from autograd.graph.modes import current_mode, no_grad
from autograd.graph.node import Node, clock, varies
from autograd.program.compiled_derivatives import Derivatives, DerivativesInVariables, with_slopes
from autograd.program.jit import Jitted, stands_under_its_name
from autograd.program.machine.machine import Columns, Machine, Rows
from autograd.program.machine.threads import run_chunks
from autograd.program.margins import Margin, smallest_of_rows
from autograd.program.paths import Path, Paths, Recordings, TooManyPaths
from autograd.program.recording_limits import too_many_rows
from autograd.program.row_arguments import RowArguments
from autograd.program.signature import Signature, on_variables, sign, with_nodes
from autograd.program.tiers import check_tier, count_work
from autograd.program.trace import record
from autograd.transforms.derivatives import name_of
from autograd.transforms.structures import NUMBER, Structure, as_array, flatten
from autograd.transforms.tape import is_differentiated

__all__ = ["Mapped", "vmap"]

# More operations than these of rows inside another compiled function take longer to record than is worth it.
UNROLLED = 100_000
# Fewer rows are done sooner by Python than recorded for one call.
RECORDED = 200
# Rows differ in their paths more than calls do.
LIMIT = 4096


def vmap(fun: Callable[..., Any], in_axes: Any = 0, reduce: Any = None, *, max_paths: int = LIMIT) -> Mapped:
    """The function that applies `fun` to each row of its arguments, as one compiled program.

    `in_axes` says along which axis the rows of each argument lie, None for an argument that is the same for all rows;
    one for all arguments, or a tuple of one each. The results are arrays with the rows along the first axis; with
    `reduce="sum"` or `"mean"` they are added up or averaged over the rows, in an order that does not depend on the
    number of threads. A tuple of these has one for each part of a result that is a tuple or list.

    Rows in which a decision falls another way are run by the program of their own path.

    >>> import numpy as np
    >>> from autograd import value_and_grad
    >>> def loss(w, x, y):
    ...     return (w[0] * x + w[1] - y) ** 2
    >>> X, Y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0])
    >>> vmap(value_and_grad(loss), in_axes=(None, 0, 0), reduce="mean")(np.array([1.0, 1.0]), X, Y)
    (1.6666666666666667, array([-3.33333333, -2.        ]))
    """
    return Mapped(fun, in_axes, reduce, max_paths)


class Mapped:
    """A function over rows; it can be pickled if the function of one row can."""

    def __init__(self, fun: Callable[..., Any], in_axes: Any, reduce: Any, max_paths: int, tier: str = "auto") -> None:
        if isinstance(fun, Jitted):
            fun = fun.fun
        if not callable(fun):
            raise TypeError(f"only a function can be mapped, got {type(fun).__name__} {fun!r:.60}")
        axes = in_axes if isinstance(in_axes, list | tuple) else (in_axes,)
        if any([axis is not None and (not isinstance(axis, int) or isinstance(axis, bool)) for axis in axes]):
            raise TypeError(f"in_axes is an axis, None, or a tuple of these for each argument, got {in_axes!r}")
        for one in reduce if isinstance(reduce, tuple) else (reduce,):
            if one not in (None, "sum", "mean"):
                raise ValueError(f"reduce is None, 'sum' or 'mean', or a tuple of these, got {reduce!r}")
        self.fun = fun
        self.in_axes = in_axes
        self.reduce = reduce
        self.max_paths = max_paths
        self.tier = check_tier(tier)
        self.__name__ = name_of(fun)
        self.derivatives: dict[Any, Derivatives] = {}
        self.recordings = Recordings(self.__name__, max_paths, self.tier)
        self.varying: dict[Any, bytes] = {}
        functools.update_wrapper(self, fun, updated=())

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        # As a function does: in a class, it becomes a method.
        return self if instance is None else types.MethodType(self, instance)

    def in_tier(self, tier: str) -> Mapped:
        """The same, run by this tier."""
        return Mapped(self.fun, self.in_axes, self.reduce, self.max_paths, tier)

    def __call__(self, *args: Any) -> Any:
        rows = RowArguments(self.__name__, self.in_axes, args)
        mode = current_mode()
        if mode.trace is not None:
            return self.one_by_one(rows, self.within_limit(rows.count))
        if mode.strict:
            what = f"the output of {self.__name__}"
            return self.one_by_one(rows, self.fun if rows.nodes else lambda *row: on_variables(self.fun, row, {}, what))
        if mode.recording and any([varies(node) for node in rows.nodes]):
            return self.on_nodes(rows)
        if rows.nodes:
            rows.take_values()
        return self.on_numbers(rows)

    def on_numbers(self, rows: RowArguments) -> Any:
        """The results for plain numbers, by compiled programs."""
        numbers, key = rows.numbers, rows.key
        try:
            paths = self.paths_of((key, rows.mapped), rows.first)
        except TooManyPaths as signal:
            self.recordings.warn(signal)
            return self.one_by_one(rows, self.fun)
        variables = paths.first(numbers).variables
        if variables and current_mode().recording and (variables := differentiated(variables)):
            return self.on_closed_over(rows, variables)
        return Run(self, paths, rows, numbers).result()

    def paths_of(self, key: Any, row: tuple[Any, ...]) -> Paths:
        """The paths for calls whose rows are like this one."""
        paths = self.recordings.known.get(key)
        if paths is None:
            signature = Signature(row, {})
            paths = self.recordings.paths(key, signature, functools.partial(self.record, signature))
        return paths

    def varying_in(self, rows: RowArguments) -> bytes:
        """For each number of a row whether it varies: one object for all calls of one signature, with its hash."""
        known = self.varying.get((rows.key, rows.mapped))
        return self.varying.setdefault((rows.key, rows.mapped), rows.varying()) if known is None else known

    def record(self, signature: Signature, numbers: Sequence[float]) -> Any:
        """Run the function of one row on these numbers, and record it."""
        return record(self.fun, numbers, lambda arguments: self.fun(*signature.arguments(arguments)[0]))

    def on_nodes(self, rows: RowArguments) -> Any:
        """The results as nodes that depend on those among the arguments."""
        if rows.hold_nodes or not self.sums_everything():
            # Each row has numbers of its own to depend on: there is no Jacobian that they share.
            return self.one_by_one(rows, self.fun)
        shared, own = rows.split()
        numbers, nodes, key = sign(shared, {})
        moving = tuple([place for place, node in nodes.items() if varies(node)])
        derivatives = self.derivatives_of(key, moving, shared, rows.mapped)
        found = derivatives.on_nodes(with_nodes(numbers, nodes), *own)
        if derivatives.closes_over_nodes():
            # Derivatives in these are not compiled.
            return self.one_by_one(rows, self.fun)
        return self.from_sums(found, rows.count)

    def on_closed_over(self, rows: RowArguments, variables: list[Node], operands: list[Any] | None = None) -> Any:
        """The results as nodes that depend on those that the function closes over, and somebody differentiates in.

        `operands` are other nodes of the same values to depend on in their places.
        """
        if operands is None and (rows.count < RECORDED or not self.sums_everything()):
            # Another call may close over others: what is recorded serves this call alone.
            return self.one_by_one(rows, self.fun)
        operands = list(operands or variables)
        axes = tuple([0 if mapped else None for mapped in rows.mapped])
        missing: list[Node] = []
        while True:
            variables, operands = variables + missing, operands + missing
            fun = DerivativesInVariables(self.__name__, self.fun, variables)
            both = Mapped(fun, axes, "sum", self.max_paths, self.tier)
            with no_grad():
                value, slopes = both(*rows.arguments)
            # Rows on other paths may use others.
            used = {id(node): node for path in both.paths for node in differentiated(path.variables)}
            for node in variables:
                used.pop(id(node), None)
            missing = list(used.values())
            if not missing:
                break
        found = with_slopes(
            self.__name__, value, slopes, operands, lambda given: both.on_closed_over(rows, variables, given)[1]
        )
        return self.from_sums(found, rows.count)

    def from_sums(self, found: Any, count: int) -> Any:
        """The results from their sums over so many rows."""
        sums, structure = flatten(found, f"the output of {self.__name__}", True)
        built = []
        start = 0
        for part, reduction in self.parts(structure):
            built.append(reduced(part, reduction, sums[start : start + part.size], count))
            start += part.size
        return self.joined(structure, built)

    def sums_everything(self) -> bool:
        """Whether all results are added up over the rows."""
        return None not in (self.reduce if isinstance(self.reduce, tuple) else (self.reduce,))

    def derivatives_of(
        self, key: Any, moving: tuple[int, ...], shared: tuple[Any, ...], mapped: tuple[bool, ...]
    ) -> Derivatives:
        """What differentiates the sums over rows in the numbers at some places of the arguments that rows share."""
        known = self.derivatives.get((key, mapped, moving))
        if known is None:
            signature = Signature(shared, {})

            def call(numbers: list[Any], *own: Any) -> Any:
                rest = iter(signature.arguments(numbers)[0]), iter(own)
                return self.fun(*[next(rest[varies]) for varies in mapped])

            def compiler(fun: Callable[..., Any]) -> Mapped:
                return Mapped(fun, (None, None, *[0] * sum(mapped)), "sum", self.max_paths, self.tier)

            derivatives = Derivatives(self.__name__, call, moving, compiler)
            known = self.derivatives.setdefault((key, mapped, moving), derivatives)
        return known

    def within_limit(self, count: int) -> Callable[..., Any]:
        """The function of one of so many rows that are recorded one after the other, which ends if it gets too much."""
        began = clock()

        def one(*row: Any) -> Any:
            returned = self.fun(*row)
            if clock() - began > UNROLLED:
                raise too_many_rows(self.__name__, count, UNROLLED)
            return returned

        return one

    def one_by_one(self, rows: RowArguments, fun: Callable[..., Any]) -> Any:
        """The results as Python computes them: the function itself is run for each row."""
        returned = [fun(*rows.one(row)) for row in range(rows.count)]
        found = [flatten(value, f"the output of {self.__name__}", True) for value in returned]
        structure = found[0][1]
        self.check_structures([structure for _, structure in found])
        built: list[Any] = []
        start = 0
        for part, reduction in self.parts(structure):
            columns = range(start, start + part.size)
            start += part.size
            if reduction is None:
                entries = as_array([numbers[column] for numbers, _ in found for column in columns])
                built.append(stacked(part, entries.reshape(rows.count, part.size)))
                continue
            sums = [functools.reduce(operator.add, [numbers[column] for numbers, _ in found]) for column in columns]
            built.append(reduced(part, reduction, sums, rows.count))
        return self.joined(structure, built)

    def parts(self, structure: Structure) -> list[tuple[Structure, str | None]]:
        """The parts of a result of this structure, with what is done over the rows with each."""
        if not isinstance(self.reduce, tuple):
            return [(structure, self.reduce)]
        if structure.kind is dict or len(structure.children) != len(self.reduce):
            raise ValueError(
                f"vmap of {self.__name__}: reduce={self.reduce!r} is for a list or tuple of {len(self.reduce)} parts, "
                f"the result is {structure}"
            )
        return list(zip(structure.children, self.reduce, strict=True))

    def joined(self, structure: Structure, parts: list[Any]) -> Any:
        """The result that has these parts."""
        if not isinstance(self.reduce, tuple):
            return parts[0]
        return Structure(structure.kind, [NUMBER] * len(parts)).build(parts)

    def check_structures(self, structures: Sequence[Structure]) -> None:
        """Raise TypeError if rows return something of other forms than the first, or what can't be put together."""
        first = structures[0]
        for structure in structures:
            if structure is not first and not first.is_same(structure):
                raise TypeError(
                    f"{self.__name__} returns {first} for some rows and {structure} for others; rows can only be put "
                    f"together if they are alike"
                )
        if any([reduction is None and part.holds_matrix() for part, reduction in self.parts(first)]):
            raise TypeError(
                f"{self.__name__} returns {first} for each row; sparse matrices can be added up (reduce='sum'), but "
                f"not stacked in an array: use sparse=False, or call it for each row"
            )

    @property
    def paths(self) -> list[Path]:
        """The ways through the function that were recorded, for all signatures."""
        return list(self.recordings)

    def guard_margin(self, *args: Any) -> Margin:
        """The margin of the least sure decision in any row: how near it is to falling the other way.

        >>> import numpy as np
        >>> function = vmap(lambda x: x * x if x < 1.0 else x)
        >>> margin = function.guard_margin(np.array([0.0, 1.25, 3.0]))
        >>> margin.row, margin.distance
        (1, 0.25)
        """
        return smallest_of_rows(self, RowArguments(self.__name__, self.in_axes, args))[1]

    def row_margins(self, *args: Any) -> Any:
        """The distance of the least sure decision of each row, as an array; inf in rows without any.

        >>> import numpy as np
        >>> vmap(lambda x: x * x if x < 1.0 else x).row_margins(np.array([0.0, 1.25, 3.0]))
        array([1.  , 0.25, 2.  ])
        """
        return smallest_of_rows(self, RowArguments(self.__name__, self.in_axes, args))[0]

    def __reduce__(self) -> Any:
        return stands_under_its_name(self) or (
            Mapped,
            (self.fun, self.in_axes, self.reduce, self.max_paths, self.tier),
        )

    def __repr__(self) -> str:
        return f"<vmap of {self.__name__}, {len(self.paths)} path(s)>"


class Run:
    """One call: rows are run by the first path, those that leave it by others, until all are done."""

    def __init__(self, mapped: Mapped, paths: Paths, rows: RowArguments, numbers: Sequence[float]) -> None:
        import numpy

        self.mapped = mapped
        self.paths = paths
        self.rows = rows
        self.numbers = numbers
        self.varying = mapped.varying_in(rows)
        self.sources = Columns(rows.sources(), False)
        self.targets = Columns([], True)
        # The sums, and for each part of the result what the rows are written to, None if it is summed.
        self.totals: Any = None
        self.results: list[Any] = []
        self.failed = numpy.empty(rows.count, numpy.int32)
        self.structure: Structure | None = None

    def result(self) -> Any:
        """The result of the call."""
        pending: list[tuple[Path, Any]] = [(self.paths.first(self.numbers), None)]
        try:
            while pending:
                path, selected = pending.pop(0)
                pending += self.run(path, selected)
        except TooManyPaths as signal:
            raise ValueError(f"the rows cannot be run: {signal}") from None
        structure: Any = self.structure
        built = []
        start = 0
        for (part, reduction), stored in zip(self.mapped.parts(structure), self.results, strict=True):
            if reduction is None:
                built.append(stored)
            else:
                sums = self.totals[start : start + part.size]
                sums = sums / self.rows.count if reduction == "mean" else sums
                built.append(part.build(array("d", sums.tobytes())))
            start += part.size
        return self.mapped.joined(structure, built)

    def run(self, path: Path, selected: Any) -> list[tuple[Path, Any]]:
        """Run the rows of a path; the paths of those that leave it, each with its rows."""
        machine = path.machine(self.varying, self.summed(path))
        with machine.lock.here():
            return self.run_on(machine, path, selected)

    def summed(self, path: Path) -> bool | tuple[bool, ...]:
        """Whether outputs are added up over the rows: all, none, or each one."""
        if not isinstance(self.mapped.reduce, tuple):
            return self.mapped.reduce is not None
        parts = self.mapped.parts(path.traced.outputs)
        return tuple([reduction is not None for part, reduction in parts for _ in range(part.size)])

    def run_on(self, machine: Machine, path: Path, selected: Any) -> list[tuple[Path, Any]]:
        """Run the rows of a path by its machine."""
        import numpy

        guard = machine.prepare(path.traced.inputs(self.numbers))
        if guard >= 0:
            return [(self.paths.after(path, guard, self.numbers_of(0 if selected is None else selected[0])), selected)]
        count = self.rows.count if selected is None else len(selected)
        self.take_structure(path)
        failed = self.failed if selected is None else numpy.empty(count, numpy.int32)
        sums = run_chunks(machine, Rows(self.sources, selected, failed, self.targets), count)
        if sums is not None:
            self.totals = sums if self.totals is None else self.totals + sums
        count_work(machine, self.mapped.tier, 0, count)
        left = numpy.flatnonzero(failed >= 0) if path.program.guards else ()
        path.hits += count - len(left)
        if len(left) == 0:
            return []
        leaving = []
        for guard in numpy.unique(failed[left]).tolist():
            away = left[failed[left] == guard]
            away = away if selected is None else selected[away]
            away = numpy.ascontiguousarray(away, dtype=numpy.int64)
            leaving.append((self.paths.after(path, guard, self.numbers_of(away[0])), away))
        return leaving

    def numbers_of(self, row: int) -> Sequence[float]:
        """The numbers of one row."""
        return sign(tuple(self.rows.one(row)), {})[0]

    def take_structure(self, path: Path) -> None:
        """Make room for results of the form that the first path returns; TypeError if another returns another."""
        structure = path.traced.outputs
        self.mapped.check_structures([structure if self.structure is None else self.structure, structure])
        if self.structure is None:
            self.structure = structure
            self.make_room(structure)

    def make_room(self, structure: Structure) -> None:
        """Make the arrays of what is not summed, with the rows along the first axis."""
        import numpy

        targets: list[tuple[Any, int, int]] = []

        def new_array(start: int, part: Structure) -> Any:
            made = numpy.empty((self.rows.count, *(part.shape or ())))
            targets.extend([(made, offset, part.size) for offset in range(part.size)])
            return made

        for part, reduction in self.mapped.parts(structure):
            self.results.append(part.map_pieces(new_array) if reduction is None else None)
        self.targets = Columns(targets, True)


def differentiated(variables: list[Node]) -> list[Node]:
    """Those of the nodes that a function closes over in which somebody differentiates."""
    return [node for node in variables if is_differentiated(node)]


def reduced(part: Structure, reduction: str | None, sums: list[Any], count: int) -> Any:
    """A part of a result from its sums over so many rows, which are numbers or nodes."""
    return part.build([total / count for total in sums] if reduction == "mean" else sums)


def stacked(structure: Structure, results: Any) -> Any:
    """The results of all rows in the structure of one, with the rows along the first axis of arrays.

    `results` has a row of numbers for each row.
    """
    count = len(results)
    return structure.map_pieces(
        lambda start, part: results[:, start : start + part.size].reshape((count, *(part.shape or ()))).copy()
    )
