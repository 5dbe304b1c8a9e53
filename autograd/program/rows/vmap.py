"""`vmap`: one program over many rows, on all processors, with sums over rows taken inside."""

from __future__ import annotations

import functools
import types
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograd.errors import OperandError
from autograd.graph.joint_operations import record_results
from autograd.graph.modes import current_mode, no_grad
from autograd.graph.node import Node, check_thread, clock, varies
from autograd.graph.runs import retire_results
from autograd.other_packages import answers_options
from autograd.program.compiled_derivatives import (
    CompiledOperation,
    Derivatives,
    DerivativesInVariables,
    ResultLayout,
    closes_over_nodes,
    with_slopes,
)
from autograd.program.jit import CompiledOverRows, Jitted, stands_under_its_name
from autograd.program.loops.bodies import SHORTEST
from autograd.program.loops.rows import recorded_rows
from autograd.program.margins import Margin, smallest_of_rows
from autograd.program.paths import Path, PathTree, Recordings, TooManyPaths
from autograd.program.recording.limits import most_signatures, too_many_derivatives, too_many_rows
from autograd.program.recording.signature import Signature, merged, on_variables, sign
from autograd.program.reduction import Reduction
from autograd.program.row_arguments import NoRows, RowArguments
from autograd.program.rows.binding import BoundRows
from autograd.program.rows.call import RowCall
from autograd.program.rows.layout import Layout, OfLeaves, check_axes, is_plain_call, moved, row_of_ones
from autograd.program.rows.plain_calls import PlainRows
from autograd.program.tiers import check_tier, settled
from autograd.transforms.kinds import result_leaf
from autograd.transforms.tape import is_differentiated
from autograd.transforms.taped_run import name_of
from autograd.transforms.trees import as_array, check_depth, flatten

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from autograd.program.rows.executors import MappedOn

__all__ = ["Mapped", "vmap"]

# Inside another compiled function, rows of more operations than these take longer to record than a program saves.
UNROLLED = 100_000
# Python computes fewer rows than these sooner than they are recorded for one call.
RECORDED = 200


@answers_options
def vmap(
    fun: Callable[..., Any],
    in_axes: Any = 0,
    reduce: Any = None,
    *,
    out_axes: Any = 0,
    max_paths: int | None = None,
) -> Mapped:
    """The function that applies `fun` to each row of its arguments, as one compiled program.

    `in_axes` says along which axis the rows of each argument lie, None for an argument that is the same for all rows;
    one for all arguments, or a tuple of one each. An axis for a tuple, dict or another container holds for each array
    in it; a container of axes has one for each part. Nested lists of numbers are arrays, and so is a list of arrays.
    Arguments given by name have their rows along the first axis; a number or text given by name is the same for all.

    The results are arrays with the rows along the first axis, or along `out_axes`: an axis, or a container of axes for
    the parts of the result, None for what all rows give alike. With `reduce="sum"` or `"mean"` they are added up or
    averaged over the rows, in an order that depends neither on threads nor on earlier calls. A tuple of these has one
    for each part of a result that is a tuple or list.

    Rows in which a decision falls another way are run by the program of their own path. Where recording one more path
    would take longer than Python's own runs, Python runs those rows, with a warning that names the decision;
    `max_paths` limits the number of paths instead, beyond which is a ValueError. Where there are no rows, `fun` is run
    once on ones, to see the form of its results.

    >>> import numpy as np
    >>> from autograd import value_and_grad
    >>> def loss(w, x, y):
    ...     return (w[0] * x + w[1] - y) ** 2
    >>> X, Y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0])
    >>> vmap(value_and_grad(loss), in_axes=(None, 0, 0), reduce="mean")(np.array([1.0, 1.0]), X, Y)
    (1.6666666666666667, array([-3.33333333, -2.        ]))
    >>> vmap(lambda point, scale: point["x"] * scale, in_axes=({"x": 0, "name": None}, None))({"x": X, "name": ""}, 2.0)
    array([0., 2., 4.])
    """
    return Mapped(fun, in_axes, reduce, max_paths, "auto", out_axes)


class Mapped(CompiledOverRows):
    """A function over rows; it can be pickled if the function of one row can."""

    def __init__(
        self,
        fun: Callable[..., Any],
        in_axes: Any,
        reduce: Any,
        max_paths: int | None,
        tier: str = "auto",
        out_axes: Any = 0,
    ) -> None:
        if isinstance(fun, Jitted):
            fun = fun.fun
        if not callable(fun):
            raise TypeError(f"only a function can be mapped, got {type(fun).__name__} {fun!r:.60}")
        check_depth(in_axes, "in_axes")
        check_depth(out_axes, "out_axes")
        check_axes("in_axes", in_axes, True)
        check_axes("out_axes", out_axes, False)
        if reduce is not None and out_axes != 0:
            raise ValueError(
                f"out_axes is for results that have rows, got out_axes={out_axes!r} with reduce={reduce!r}"
            )
        self.fun = fun
        self.in_axes = tuple(in_axes) if isinstance(in_axes, list) else in_axes
        self.out_axes = out_axes
        self.reduce = reduce
        self.max_paths = max_paths
        self.tier = check_tier(tier)
        self.__name__ = name_of(fun)
        self.reduction = Reduction(self.__name__, reduce)
        self.derivatives: dict[Any, Derivatives] = {}
        self.recordings = Recordings(fun, max_paths, self.tier, over_rows=True)
        self.varying: dict[Any, bytes] = {}
        # The same function of leaves, for each way in which arguments were containers.
        self.of_leaves: dict[Any, Mapped] = {}
        # None if calls can't be plain ones.
        self.plain: PlainRows | None = None
        in_axes = self.in_axes
        each = in_axes if isinstance(in_axes, tuple) else (in_axes,)
        if out_axes == 0 and all([axis is None or (isinstance(axis, int) and axis == 0) for axis in each]):
            mapped = tuple([axis is not None for axis in in_axes]) if isinstance(in_axes, tuple) else None
            self.plain = PlainRows(self.recordings, mapped)
        functools.update_wrapper(self, fun, updated=())

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        # As a function does: in a class, it becomes a method.
        return self if instance is None else types.MethodType(self, instance)

    def with_options(self, tier: str, max_paths: int | None) -> Mapped:
        """The same, run by this tier and with this limit, its own if that is None."""
        limit = self.max_paths if max_paths is None else max_paths
        return Mapped(self.fun, self.in_axes, self.reduce, limit, tier, self.out_axes)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.plain is not None and not kwargs:
            found = self.plain.result(args)
            if found is not None:
                return found
        if not (self.out_axes == 0 and is_plain_call(self.in_axes, args, kwargs)):
            mapped, leaves = self.laid_out(args, kwargs)
            return moved(self.__name__, mapped.on_leaves(leaves), self.out_axes)
        return self.on_leaves(args)

    def of_block(self, first: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The results of some rows, the first of which has this number among all."""
        mapped, leaves = self.laid_out(args, kwargs)
        return mapped.on_leaves(leaves, first)

    def for_blocks(self) -> Mapped:
        """The same for blocks of rows: sums instead of means, and a tier that does not change on the way."""
        reduce = self.reduction.as_sums()
        return Mapped(self.fun, self.in_axes, reduce, self.max_paths, settled(self.tier))

    def on(
        self,
        executor: Executor | Callable[[], Executor],
        *,
        block: int | None = None,
        retries: int = 3,
        at_once: int | None = None,
        progress: Callable[[int, int], Any] | None = None,
    ) -> MappedOn:
        """The same function, whose rows an executor of `concurrent.futures` runs: threads, processes or machines.

        Calls give what this function gives with `tier="llvm"`, or `tier="vm"` where there is no machine code. Sums have
        the same bits for any number of workers. Rows are handed out in blocks of `block` of them, 1,024 times a power
        of 2, at most `at_once` at a time. Besides arrays and lists, arguments may be arrays in files (`numpy.memmap`),
        and whatever has `shape`, `ndim`, `dtype` and gives rows for a slice, such as those of Dask, Zarr and h5py:
        their rows are read where they are used.

        A block whose worker was lost is run again, up to `retries` times. Some executors are no good after that, such
        as `ProcessPoolExecutor`: give a function that makes one, and another takes its place. An error of the function
        itself is raised at once, and says in which row. `progress(done, count)` is called with the number of rows that
        are done after each block.

        >>> import numpy as np
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor(2) as threads:
        ...     vmap(lambda x: x * x, reduce="sum").on(threads)(np.arange(5.0))
        30.0
        """
        # concurrent.futures takes a quarter as long to load as all of this package, and few use it.
        from autograd.program.rows.executors import MappedOn

        return MappedOn(self, executor, block, retries, at_once, progress)

    def laid_out(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Mapped, tuple[Any, ...]]:
        """The mapped function, and its arguments, each an array by itself or the same for all rows."""
        if is_plain_call(self.in_axes, args, kwargs):
            return self, args
        layout = Layout(self.__name__, self.in_axes, args, kwargs)
        known = self.of_leaves.get(layout.key)
        if known is None:
            limit = most_signatures(self.max_paths)
            if len(self.of_leaves) >= limit:
                raise ValueError(f"vmap of {self.__name__} was called with {limit} forms of its arguments")
            fun = OfLeaves(self.fun, layout)
            known = Mapped(fun, tuple(layout.axes), self.reduce, self.max_paths, self.tier)
            known = self.of_leaves.setdefault(layout.key, known)
        return known, tuple(layout.leaves)

    def on_leaves(self, args: tuple[Any, ...], first: int = 0) -> Any:
        """The results for arguments each of which is an array by itself or the same for all rows.

        `first` is the number of the first row, for messages.
        """
        try:
            rows = RowArguments(self.__name__, self.in_axes, args, first)
        except NoRows:
            return self.on_no_rows(args)
        mode = current_mode()
        if mode.trace is not None:
            return self.recorded(rows)
        check_thread(tuple(rows.nodes))
        if mode.strict:
            what = f"the output of {self.__name__}"
            return self.one_by_one(rows, self.fun if rows.nodes else lambda *row: on_variables(self.fun, row, {}, what))
        if mode.recording and any([varies(node) for node in rows.nodes]):
            return self.on_nodes(rows)
        return self.on_numbers(rows.with_values() if rows.nodes else rows)

    def on_no_rows(self, args: tuple[Any, ...]) -> Any:
        """The results for arguments without rows: arrays without rows, or sums of nothing."""
        axes = self.in_axes if isinstance(self.in_axes, list | tuple) else (self.in_axes,) * len(args)
        try:
            with no_grad():
                returned = self.fun(*[row_of_ones(*pair) for pair in zip(args, axes, strict=True)])
        except Exception as error:
            raise ValueError(
                f"vmap of {self.__name__} has no rows, and on ones, from which the form of the results would be seen, "
                f"it fails: {type(error).__name__}: {error}"
            ) from error
        return self.reduction.of_no_rows(returned)

    def on_numbers(self, rows: RowArguments) -> Any:
        """The results for plain numbers, by compiled programs."""
        try:
            paths = self.paths_of(rows)
        except TooManyPaths as signal:
            self.recordings.notices.warn(signal)
            return self.one_by_one(rows, self.fun)
        call = RowCall(paths, rows, self.reduction, self.varying_in(rows))
        variables = call.first().variables
        if variables and current_mode().recording and (variables := differentiated(variables)):
            return self.on_closed_over(rows, variables)
        result = call.result()
        if self.plain is not None:
            self.plain.prepare(call)
        return result

    def paths_of(self, rows: RowArguments) -> PathTree:
        """The paths for rows like these; TooManyPaths if they are one too many."""
        rows.key = self.recordings.full_key(rows.key)
        return self.recordings.paths((rows.key, rows.mapped), rows.first, {})

    def bind(self, *args: Any) -> BoundRows:
        """The function with these arguments, for calling it again and again at the least cost.

        Each call reads the arrays among them as they are then; nothing is recorded.

        >>> import numpy as np
        >>> x = np.array([1.0, 2.0])
        >>> doubled = vmap(lambda w, x: w[0] * x, in_axes=(None, 0), reduce="sum").bind(w := np.array([2.0]), x)
        >>> doubled()
        6.0
        >>> w[0], x[0] = 3.0, 5.0
        >>> doubled()
        21.0
        """
        if not (self.out_axes == 0 and is_plain_call(self.in_axes, args, {})):
            raise OperandError(
                f"{self.__name__} can be bound to arrays, each an argument by itself, with the rows of results first"
            )
        try:
            rows = RowArguments(self.__name__, self.in_axes, args)
        except NoRows:
            raise OperandError(f"{self.__name__} can only be bound to arrays of one row or more") from None
        if rows.nodes:
            raise OperandError(f"{self.__name__} can only be bound to plain numbers and arrays, got nodes")
        for place, (given, argument) in enumerate(zip(args, rows.arguments, strict=True)):
            if rows.mapped[place] and (argument is not given or place in rows.wholes):
                raise OperandError(
                    f"{self.__name__} can be bound to contiguous arrays of float64 with rows first, argument {place} "
                    f"is none"
                )
        rows.key = self.recordings.full_key(rows.key)
        try:
            paths = self.recordings.paths((rows.key, rows.mapped), rows.first, {})
        except TooManyPaths as signal:
            raise ValueError(f"the rows cannot be run: {signal}") from None
        return BoundRows(self.__name__, RowCall(paths, rows, self.reduction, self.varying_in(rows)))

    def varying_in(self, rows: RowArguments) -> bytes:
        """For each number of a row whether it varies: one object for all calls of one signature, with its hash."""
        known = self.varying.get((rows.key, rows.mapped))
        return self.varying.setdefault((rows.key, rows.mapped), rows.varying()) if known is None else known

    def on_nodes(self, rows: RowArguments) -> Any:
        """The results as nodes that depend on those among the arguments."""
        if rows.hold_nodes or not self.reduction.sums_everything():
            return self.rows_on_nodes(rows)
        shared, own = rows.split()
        numbers, nodes, key = sign(shared, {})
        moving = tuple([place for place, node in nodes.items() if varies(node)])
        try:
            derivatives = self.derivatives_of(self.recordings.full_key(key), moving, shared, rows.mapped)
        except TooManyPaths as signal:
            self.recordings.notices.warn(signal)
            return self.one_by_one(rows, self.fun)
        found = derivatives.on_nodes(merged(numbers, nodes), *own)
        if found is NotImplemented:
            return self.one_by_one(rows, self.fun)
        return self.reduction.from_sums(found, rows.count)

    def rows_on_nodes(self, rows: RowArguments) -> Any:
        """The results as nodes, where rows have results of their own, or numbers of their own to depend on."""
        shared, own = rows.split()
        numbers, nodes, key = sign(shared, {})
        moving = tuple([place for place, node in nodes.items() if varies(node)])
        moving_rows = tuple([place for place, part in enumerate(own) if any([varies(item) for item in nodes_in(part)])])
        plain = rows.with_values()
        try:
            paths = self.paths_of(plain)
            key = self.recordings.full_key(key)
            derivatives = self.derivatives_of(key, moving, shared, rows.mapped, moving_rows)
        except TooManyPaths as signal:
            self.recordings.notices.warn(signal)
            return self.one_by_one(rows, self.fun)
        call = RowCall(paths, plain, self.reduction, self.varying_in(plain))
        value = call.result()
        if closes_over_nodes(list(paths)):
            # Derivatives in these are not compiled.
            return self.one_by_one(rows, self.fun)
        results, structure = flatten(value, f"the output of {self.__name__}", result_leaf)
        if not results:
            return value
        form: Any = call.structure
        layout = ResultLayout.of_parts(self.reduction.parts(form), rows.count)
        others = as_array([number for place, number in enumerate(numbers) if place not in moving])
        operation = CompiledOperation(derivatives, others, plain.split()[1], layout)
        operands = [nodes[place] for place in moving] + [item for place in moving_rows for item in own[place].flat]
        return structure.build(record_results(operation, tuple(operands), array("d", results)))

    def on_closed_over(self, rows: RowArguments, variables: list[Node], operands: list[Any] | None = None) -> Any:
        """The results as nodes that depend on those that the function closes over, and somebody differentiates in.

        `operands` are other nodes of the same values to depend on in their places.
        """
        if operands is None and (rows.count < RECORDED or not self.reduction.sums_everything()):
            # Another call may close over others: what is recorded serves this call alone.
            return self.one_by_one(rows, self.fun)
        operands = list(operands or variables)
        # The rule for their derivatives, which uses them, may be asked for when the run that made them is over.
        retire_results([], variables)
        axes = tuple([0 if mapped else None for mapped in rows.mapped])
        missing: list[Node] = []
        while True:
            variables, operands = variables + missing, operands + missing
            fun = DerivativesInVariables(self.__name__, self.fun, variables)
            both = Mapped(fun, axes, "sum", self.max_paths, self.tier)
            with no_grad():
                value, slopes = both(*rows.again())
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
        return self.reduction.from_sums(found, rows.count)

    def derivatives_of(
        self,
        key: Any,
        moving: tuple[int, ...],
        shared: tuple[Any, ...],
        mapped: tuple[bool, ...],
        moving_rows: tuple[int, ...] = (),
    ) -> Derivatives:
        """The compiled derivatives in some numbers of the arguments that rows share, and in some of the others."""
        known = self.derivatives.get((key, mapped, moving, moving_rows))
        if known is None:
            limit = most_signatures(self.max_paths)
            if len(self.derivatives) >= limit:
                raise too_many_derivatives(self.__name__, limit)

            def compiler(fun: Any, reduce: Any) -> Mapped:
                return Mapped(fun, (*fun.axes, *[0] * sum(mapped)), reduce, self.max_paths, self.tier)

            signature = Signature(shared, {})
            derivatives = Derivatives(
                self.__name__, SharedFirst(self.fun, mapped), signature, moving, compiler, moving_rows
            )
            known = self.derivatives.setdefault((key, mapped, moving, moving_rows), derivatives)
        return known

    def recorded(self, rows: RowArguments) -> Any:
        """The results inside of a function that is being compiled: a loop, if no row takes a decision."""
        found = recorded_rows(self.fun, rows, self.reduction) if rows.count >= SHORTEST else None
        return self.one_by_one(rows, self.within_limit(rows.count)) if found is None else found

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
        return self.reduction.of_rows([fun(*rows.copy_of_one(row)) for row in range(rows.count)])

    @property
    def paths(self) -> list[Path]:
        """The ways through the function that were recorded, for all signatures."""
        return [*self.recordings, *[path for mapped in self.of_leaves.values() for path in mapped.recordings]]

    def guard_margin(self, *args: Any, **kwargs: Any) -> Margin:
        """The margin of the least sure decision in any row: how near it is to falling the other way.

        >>> import numpy as np
        >>> function = vmap(lambda x: x * x if x < 1.0 else x)
        >>> margin = function.guard_margin(np.array([0.0, 1.25, 3.0]))
        >>> margin.row, margin.distance
        (1, 0.25)
        """
        return self.margins(args, kwargs)[1]

    def row_margins(self, *args: Any, **kwargs: Any) -> Any:
        """The distance of the least sure decision of each row, as an array; inf in rows without any.

        >>> import numpy as np
        >>> vmap(lambda x: x * x if x < 1.0 else x).row_margins(np.array([0.0, 1.25, 3.0]))
        array([1.  , 0.25, 2.  ])
        """
        return self.margins(args, kwargs)[0]

    def margins(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Margin]:
        """The least margins of the rows, and the least of all."""
        mapped, leaves = self.laid_out(args, kwargs)
        try:
            return smallest_of_rows(mapped, RowArguments(self.__name__, mapped.in_axes, leaves))
        except NoRows:
            raise ValueError(f"vmap of {self.__name__}: without rows there is no least margin") from None

    def __reduce__(self) -> Any:
        return stands_under_its_name(self) or (
            Mapped,
            (self.fun, self.in_axes, self.reduce, self.max_paths, self.tier, self.out_axes),
        )

    def __repr__(self) -> str:
        return f"<vmap of {self.__name__}, {len(self.paths)} path(s)>"


class SharedFirst:
    """A function of a row's arguments that takes those which all rows share before those of the row."""

    def __init__(self, fun: Callable[..., Any], mapped: tuple[bool, ...]) -> None:
        self.fun = fun
        self.mapped = mapped

    def __call__(self, *arguments: Any) -> Any:
        count = len(self.mapped) - sum(self.mapped)
        rest = iter(arguments[:count]), iter(arguments[count:])
        return self.fun(*[next(rest[is_mapped]) for is_mapped in self.mapped])


def nodes_in(part: Any) -> Any:
    """The nodes and numbers of an array that may hold nodes; nothing of one of plain numbers."""
    return part.flat if part.dtype.kind == "O" else ()


def differentiated(variables: list[Node]) -> list[Node]:
    """Those of the nodes that a function closes over in which somebody differentiates."""
    return [node for node in variables if is_differentiated(node)]
