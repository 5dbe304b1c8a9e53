"""Compiled functions of nodes: their results are nodes, with compiled derivatives."""

from __future__ import annotations

import functools
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from autograd.graph.joint_operations import JointOperation, constantly, record_results
from autograd.graph.node import Node, value_of, varies
from autograd.operations.primitive import Primitive
from autograd.program.paths import Path
from autograd.program.recording.signature import Signature
from autograd.transforms.kinds import result_leaf, whole_number_leaf
from autograd.transforms.matrices import unit
from autograd.transforms.tape import Tape, before_all
from autograd.transforms.taped_run import TapedRun
from autograd.transforms.trees import Structure, as_array, flatten

__all__ = ["Derivatives", "DerivativesInVariables", "with_slopes"]


class Derivatives:
    """A compiled function at nodes: its outputs are nodes whose derivatives are compiled, too.

    Of one number, the local gradients are computed with it. Of several, the pullback and the pushforward are compiled
    when they are asked for.

    `signature` is that of the arguments that all rows share; behind them, the function takes those of one row, if it is
    mapped over rows. `moving` has the places of the numbers in the former that vary, `moving_rows` those of the latter
    that do; all others are constants to the derivatives. `compiler(function, reduce)` makes the compiled form of a
    function of arrays of the two kinds of numbers, of arrays of directions, the second of them by row, and of a row;
    the function has the `axes` of all but the last of these.
    """

    def __init__(
        self,
        name: str,
        fun: Callable[..., Any],
        signature: Signature,
        moving: Sequence[int],
        compiler: Callable[[Callable[..., Any], Any], Any],
        moving_rows: tuple[int, ...] = (),
    ) -> None:
        self.name = name
        self.fun = fun
        self.signature = signature
        self.moving = frozenset(moving)
        self.moving_rows = moving_rows
        self.axes: tuple[int | None, ...] = (None, None)
        self.__name__ = f"{name} with its derivatives"
        self.compiler = compiler
        self.compiled = compiler(self, "sum")
        self.along: dict[Any, Any] = {}

    def __call__(self, operands: Any, others: Any, *row: Any) -> Any:
        """The function's value and, if that is one number, its derivatives in the operands, else nothing."""

        def flat(operands: list[Any]) -> Any:
            value = self.value(operands, others, row)
            return flatten(value, f"the output of {self.name}", whole_number_leaf)[0], value

        with TapedRun("jacobian", flat, (list(operands),), {}, 0, has_aux=True, once=True) as run:
            return run.aux, as_array(run.tape.pullback([1.0]) if len(run.results) == 1 else [])

    def value(self, operands: Any, others: Any, row: Sequence[Any]) -> Any:
        """The function's value for the numbers that move, those that don't, and a row."""
        moved, fixed = iter(operands), iter(others)
        count = len(operands) + len(others)
        numbers = [next(moved) if place in self.moving else next(fixed) for place in range(count)]
        return self.signature.call(self.fun, numbers, *row)

    def taped(self, transform: str, operands: Any, others: Any, row: Sequence[Any]) -> TapedRun:
        """A run of the function from what moves, in the shared numbers and in the row, to the numbers in its value."""

        def flat(operands: list[Any], moving: list[Any]) -> Any:
            parts = list(row)
            for place, part in zip(self.moving_rows, moving, strict=True):
                parts[place] = part
            return flatten(self.value(operands, others, parts), f"the output of {self.name}", whole_number_leaf)[0]

        return TapedRun(transform, flat, (list(operands), [row[place] for place in self.moving_rows]), {}, None)

    def compiled_along(self, kind: type[Along], used: bytes, stacked: bytes) -> Any:
        """The compiled `Along` of this kind."""
        known = self.along.get((kind, used, stacked))
        if known is not None:
            return known
        along: Any = kind(self, used, stacked)
        return self.along.setdefault((kind, used, stacked), self.compiler(along, along.reduce()))

    def on_nodes(self, numbers: list[Any], *rows: Any) -> Any:
        """The value for numbers among which there are nodes; added up, if there are rows.

        NotImplemented for a function that uses nodes from outside that vary: derivatives in these are not compiled.
        """
        operands = [number for place, number in enumerate(numbers) if place in self.moving]
        others = as_array([value_of(number) for place, number in enumerate(numbers) if place not in self.moving])
        value, slopes = self.compiled(as_array([value_of(operand) for operand in operands]), others, *rows)
        if closes_over_nodes(self.compiled.paths):
            return NotImplemented
        if len(slopes) == len(operands):
            again = functools.partial(self.slopes_again, others, rows)
            return with_slopes(self.name, value, [slopes], operands, again)
        results, structure = flatten(value, f"the output of {self.name}", whole_number_leaf)
        if not results:
            return value
        operation = CompiledOperation(self, others, rows, ResultLayout.of_sums(len(results)))
        return structure.build(record_results(operation, tuple(operands), array("d", results)))

    def slopes_again(self, others: Any, rows: Sequence[Any], operands: list[Any]) -> list[Any]:
        """The local gradients of one output, at operands among which there are nodes."""
        return [self.compiled(as_array(operands), others, *rows)[1]]


def closes_over_nodes(paths: Sequence[Path]) -> bool:
    """Whether a function with these paths uses nodes from outside that vary."""
    return any([varies(node) for path in paths for node in path.traced.variables])


# The direction of a number: none, one that all rows share, one of the row.
NONE, SHARED, OWN = 0, 1, 2


class Along:
    """Derivatives of a function along directions, to be compiled.

    `used` says of each number that may have a direction whether it has one, and which; `stacked` of each number in the
    value whether each row has its own, and 0 if the rows' are added up.
    """

    what = ""
    axes = (None, None, None, 0)

    def __init__(self, derivatives: Derivatives, used: bytes, stacked: bytes) -> None:
        self.derivatives = derivatives
        self.fun = derivatives.fun
        self.used = used
        self.stacked = stacked
        self.__name__ = f"the {self.what} of {derivatives.name}"

    def directions(self, shared: Any, own: Any) -> list[Any]:
        """The directions; 0.0, which is as good as none, where there are none."""
        given = {SHARED: iter(shared), OWN: iter(own)}
        return [next(given[kind]) if kind else 0.0 for kind in self.used]

    def reduce(self) -> tuple[str | None, ...]:
        """Whether the parts of the result are added up over the rows."""
        raise NotImplementedError


class Pullback(Along):
    """The derivatives in the operands, and in what moves of a row, of the results weighted by cotangents."""

    what = "pullback"

    def __call__(self, operands: Any, others: Any, shared: Any, own: Any, *row: Any) -> Any:
        with self.derivatives.taped("vjp", operands, others, row) as run:
            found = run.inputs.build(run.tape.pullback(self.directions(shared, own)))
            return as_array(found[0]), *found[1]

    def reduce(self) -> tuple[str | None, ...]:
        return "sum", *[None] * len(self.derivatives.moving_rows)


class Pushforward(Along):
    """The derivatives of the results, those that are added up over rows and the others, along tangents."""

    what = "pushforward"

    def __call__(self, operands: Any, others: Any, shared: Any, own: Any, *row: Any) -> Any:
        with self.derivatives.taped("jvp", operands, others, row) as run:
            along = run.tape.pushforward(self.directions(shared, own))
            kinds = list(zip(along, self.stacked, strict=True))
            return as_array([part for part, stacked in kinds if not stacked]), as_array(
                [part for part, stacked in kinds if stacked]
            )

    def reduce(self) -> tuple[str | None, ...]:
        return "sum", None


class ResultLayout:
    """The places of the numbers of a result over rows.

    For each number that one row gives: where it stands in the first row, how far the next row's is from there, 0 if the
    rows' are added up, and then what it is multiplied with.
    """

    def __init__(self, places: Sequence[int], strides: Sequence[int], scales: Sequence[float]) -> None:
        self.places = places
        self.strides = strides
        self.scales = scales
        self.stacked = bytes([stride != 0 for stride in strides])

    @staticmethod
    def of_sums(count: int) -> ResultLayout:
        """That of so many sums."""
        return ResultLayout(range(count), [0] * count, [1.0] * count)

    @staticmethod
    def of_parts(parts: Sequence[tuple[Structure, str | None]], count: int) -> ResultLayout:
        """That of parts with their reductions over so many rows."""
        places: list[int] = []
        strides: list[int] = []
        scales: list[float] = []
        end = 0
        for part, reduction in parts:
            for size in [piece.size for _, piece in part.pieces()] if reduction is None else [part.size]:
                rows = count if reduction is None else 1
                places += range(end, end + size)
                strides += [size if reduction is None else 0] * size
                scales += [1.0 / count if reduction == "mean" else 1.0] * size
                end += rows * size
        return ResultLayout(places, strides, scales)


class CompiledOperation(JointOperation):
    """One call of a compiled function with several results at nodes, with what is not differentiated: the other
    numbers, and the arguments that have rows.

    The operands are the numbers that all rows share, then those of each moving argument that has rows.
    """

    def __init__(self, derivatives: Derivatives, others: Any, rows: Sequence[Any], layout: ResultLayout) -> None:
        super().__init__(derivatives.name)
        self.derivatives = derivatives
        self.others = others
        self.rows = list(rows)
        self.layout = layout
        self.count = len(rows[0]) if rows else 1

    def split(self, numbers: Sequence[Any]) -> tuple[list[Any], list[list[Any]]]:
        """Those of numbers for the operands that belong to shared numbers, and to each moving argument with rows."""
        own: list[list[Any]] = []
        stop = len(numbers)
        for place in reversed(self.derivatives.moving_rows):
            start = stop - self.rows[place].size
            own.insert(0, list(numbers[start:stop]))
            stop = start
        return list(numbers[:stop]), own

    def at(self, operands: list[Any]) -> tuple[Any, list[Any]]:
        """The shared operands and the arguments with rows, with these operands in them."""
        shared, own = self.split(operands)
        rows = list(self.rows)
        for place, numbers in zip(self.derivatives.moving_rows, own, strict=True):
            rows[place] = as_array(numbers, self.rows[place].shape)
        return as_array(shared), rows

    def pullback(self, operands: list[Any], cotangents: Sequence[Any]) -> list[Any]:
        """By the compiled pullback, for all rows that are reached by the same results at once."""
        layout = self.layout
        by_row = [
            [cotangents[place + row * stride] for row in range(self.count if stride else 1)]
            for place, stride in zip(layout.places, layout.strides, strict=True)
        ]
        shared, rows = self.at(operands)
        found: list[Any] = [None] * len(shared)
        own = [[0.0] * self.rows[place].size for place in self.derivatives.moving_rows]
        for used, chosen in self.rows_by_use(by_row):
            factors = [
                numbers[0] if scale == 1.0 else numbers[0] * scale
                for kind, numbers, scale in zip(used, by_row, layout.scales, strict=True)
                if kind == SHARED
            ]
            sums, *parts = self.run(Pullback, used, chosen, shared, rows, factors, by_row)
            add_all(found, sums.tolist())
            for numbers, part in zip(own, parts, strict=True):
                put(numbers, chosen, part)
        return [0.0 if one is None else one for one in found] + [number for numbers in own for number in numbers]

    def pushforward(self, operands: list[Any], tangents: Sequence[Any]) -> list[Any]:
        """By the compiled pushforward, for all rows in which the same operands move at once."""
        layout = self.layout
        along, own = self.split(tangents)
        by_row = [[tangent] for tangent in along]
        for numbers in own:
            width = len(numbers) // self.count
            by_row += [numbers[place::width] for place in range(width)]
        shared, rows = self.at(operands)
        sums: list[Any] = [None] * layout.stacked.count(0)
        stacked = [[0.0] * self.count for _ in range(layout.stacked.count(1))]
        kinds = bytes([SHARED] * len(along) + [OWN] * (len(by_row) - len(along)))
        for used, chosen in self.rows_by_use(by_row, kinds):
            factors = [numbers[0] for kind, numbers in zip(used, by_row, strict=True) if kind == SHARED]
            added, kept = self.run(Pushforward, used, chosen, shared, rows, factors, by_row)
            add_all(sums, added.tolist())
            for place, numbers in enumerate(stacked):
                put(numbers, chosen, kept.reshape(-1, len(stacked))[:, place])
        result: list[Any] = [0.0] * sum([self.count if stride else 1 for stride in layout.strides])
        waiting = iter(sums), iter(stacked)
        for place, stride, scale in zip(layout.places, layout.strides, layout.scales, strict=True):
            if stride:
                for row, number in enumerate(next(waiting[1])):
                    result[place + row * stride] = number
            else:
                total = next(waiting[0])
                result[place] = 0.0 if total is None else total if scale == 1.0 else total * scale
        return result

    def rows_by_use(self, by_row: list[list[Any]], kinds: bytes | None = None) -> list[tuple[bytes, Any]]:
        """The kinds of directions that are used, each with the numbers of its rows, None if it is that of all rows."""
        if kinds is None:
            kinds = bytes([OWN if stacked else SHARED for stacked in self.layout.stacked])
        groups: dict[bytes, list[int]] = {}
        if any([kind == OWN and not all_alike(column) for kind, column in zip(kinds, by_row, strict=True)]):
            for row in range(self.count):
                used = [
                    kind if column[row if kind == OWN else 0] is not None else NONE
                    for kind, column in zip(kinds, by_row, strict=True)
                ]
                groups.setdefault(bytes(used), []).append(row)
            return [(used, chosen) for used, chosen in groups.items() if any(used)]
        used = [kind if column[0] is not None else NONE for kind, column in zip(kinds, by_row, strict=True)]
        return [(bytes(used), None)] if any(used) else []

    def run(
        self,
        kind: type[Along],
        used: bytes,
        chosen: Any,
        shared: Any,
        rows: list[Any],
        factors: list[Any],
        by_row: list[list[Any]],
    ) -> Any:
        """The compiled derivatives along directions, for the chosen rows."""
        compiled = self.derivatives.compiled_along(kind, used, self.layout.stacked)
        columns = [column for kind, column in zip(used, by_row, strict=True) if kind == OWN]
        if not self.rows:
            return compiled(shared, self.others, as_array(factors), as_array([]))
        places = range(self.count) if chosen is None else chosen
        own = as_array([column[row] for row in places for column in columns], (len(places), len(columns)))
        if chosen is not None:
            rows = [row[chosen] for row in rows]
        return compiled(shared, self.others, as_array(factors), own, *rows)


def all_alike(column: list[Any]) -> bool:
    """Whether all numbers of a column are there, or none."""
    missing = len([number for number in column if number is None])
    return missing in (0, len(column))


def add_all(sums: list[Any], terms: list[Any]) -> None:
    """Add to each sum, None if there is none yet."""
    for place, term in enumerate(terms):
        sums[place] = term if sums[place] is None else sums[place] + term


def put(numbers: list[Any], chosen: Any, part: Any) -> None:
    """Write an array of rows to its place in the numbers of all rows."""
    given = part.reshape(-1).tolist()
    if chosen is None:
        numbers[:] = given
        return
    width = len(given) // len(chosen)
    for place, row in enumerate(chosen):
        numbers[row * width : (row + 1) * width] = given[place * width : (place + 1) * width]


class DerivativesInVariables:
    """A function of one row, and its derivatives in `variables`: nodes that it closes over.

    Compiled and called where nothing is recorded, it gives the numbers of both; where derivatives are, nodes that
    depend on the variables in turn.
    """

    def __init__(self, name: str, fun: Callable[..., Any], variables: Sequence[Node]) -> None:
        self.name = name
        self.fun = fun
        self.variables = list(variables)
        self.__name__ = f"{name} with its derivatives"

    def __call__(self, *row: Any) -> Any:
        value = self.fun(*row)
        numbers, _ = flatten(value, f"the output of {self.name}")
        tape = Tape(self.variables, numbers, before_all(self.variables))
        tape.differentiable()
        return value, [list(tape.pullback(unit(place, len(numbers)))) for place in range(len(numbers))]


def with_slopes(
    name: str, value: Any, rows: list[Any], operands: list[Any], again: Callable[[list[Any]], list[Any]]
) -> Any:
    """The value with nodes for its floats, each of which has a row of local gradients in the operands.

    `again` computes the rows at operands among which there are nodes.
    """
    results, structure = flatten(value, f"the output of {name}", result_leaf)
    wholes = {
        place
        for start, piece in structure.pieces()
        if piece.whole is not None
        for place in range(start, start + piece.size)
    }

    def slopes(place: int, given: list[Any]) -> Any:
        return (again(given) if any([isinstance(operand, Node) for operand in given]) else rows)[place]

    outputs = [
        result
        if place in wholes
        else Primitive(
            name,
            functools.partial(constantly, result),
            functools.partial(gradients_by, slopes, place),
            arity=None,
            registered=False,
        )(*operands)
        for place, result in enumerate(results)
    ]
    return structure.build(outputs)


def gradients_by(slopes: Callable[[int, list[Any]], Any], place: int, operands: Any, out: Any) -> Any:
    """The local gradients of one output."""
    return slopes(place, list(operands))
