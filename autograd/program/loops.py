"""Loops that stay loops: `scan`, `fori_loop` and `while_loop`.

Outside of compiled functions they are plain Python loops. In one, the body of a `scan` or `fori_loop` that decides
nothing is recorded once, as a program of its own, and the loop is one operation with several results: `Loop`. Its
derivatives are loops again: forward the tangents are carried along, backward the adjoints run against the turns, over
the carried values before each turn. So there are derivatives of any order (Griewank and Walther, "Evaluating
Derivatives", SIAM 2008, chapters 3 and 12).
"""

from __future__ import annotations

import math
import operator
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import ArgumentError, OutputError, TraceError
from autograd.graph.joint_operations import JointOperation
from autograd.graph.modes import current_mode, is_traced
from autograd.graph.node import Node, record_results, value_of, varies
from autograd.numbers.arrays import doubles
from autograd.program.machine.machine import Machine
from autograd.program.program import Program
from autograd.program.reduction import Reduction, stacked
from autograd.program.row_arguments import RowArguments
from autograd.program.signature import Signature
from autograd.program.trace import record
from autograd.transforms.masked import settled
from autograd.transforms.sparse import matrix_leaf
from autograd.transforms.taped_run import TapedRun, name_of
from autograd.transforms.trees import Structure, as_array, check_depth, flatten, renewed

__all__ = ["SHORTEST", "Loop", "fori_loop", "recorded_rows", "scan", "while_loop"]

# Loops of fewer turns are recorded turn by turn,
SHORTEST = 8
# and those of fewer operations in all turns: to call a loop takes as long as that many of them; and over rows, which
# are run in blocks where a loop is called for each row, as many of those.
LEAST = 256
LEAST_OVER_ROWS = 20_000


def pays(program: Program, turns: int) -> bool:
    """Whether a body is run as a loop of so many turns."""
    least = LEAST_OVER_ROWS if current_mode().trace.over_rows else LEAST
    return turns * len(program) >= least


def scan(
    step: Callable[[Any, Any], tuple[Any, Any]],
    carry: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    *,
    checkpoint: bool = False,
) -> tuple[Any, Any]:
    """Apply `step` again and again: `carry, y = step(carry, x)` for each `x` in `xs`; the last carry, and all `y`.

    carry: a number, an array, or a nested list, tuple or dict of them, of one structure in all turns.
    xs: an array or list of rows, one for each turn; or a tuple or dict of such. None if `length` says how many turns
        there are: then `x` is None.
    reverse: whether to go from the last row to the first; each `y` has the place of its row in any case.
    checkpoint: in a compiled function, keep for the way back the carry of every √n-th turn alone, and compute the
        others again: memory for 2 √n of n turns, in 4/3 of the time.

    `y` is None, or a nest of numbers and arrays; the results have the turns along the first axis of arrays.

    In a compiled function it is a loop, of 8 turns and some hundred operations in all at least, if `step` takes no
    decisions on values; else it is recorded turn by turn.

    >>> import numpy as np
    >>> from autograd import grad, jit, scan
    >>> def step(state, force):
    ...     position, speed = state
    ...     speed = speed + 0.1 * (force - position)
    ...     position = position + 0.1 * speed
    ...     return (position, speed), position
    >>> final, positions = scan(step, (0.0, 1.0), np.ones(20))
    >>> positions.shape
    (20,)
    >>> gradient = jit(grad(lambda forces: scan(step, (0.0, 1.0), forces)[0][0]))
    >>> gradient(np.ones(20))[-2:].round(3)
    array([0.02, 0.01])
    """
    rows = rows_of(xs)
    count = turns_of(rows, length)
    if count >= SHORTEST and is_traced():
        found = recorded_scan(step, carry, xs, rows, count, reverse, checkpoint)
        if found is not None:
            return found
    return plain_scan(step, carry, xs, count, reverse)


def fori_loop(lower: int, upper: int, body: Callable[[int, Any], Any], carry: Any, *, checkpoint: bool = False) -> Any:
    """Apply `body` for each whole number from `lower` to `upper - 1`: `carry = body(number, carry)`; the last carry.

    In a compiled function it is a loop, as `scan` is, if `body` only computes with the number; where it needs an int
    (as an index), it is recorded turn by turn.

    >>> from autograd import fori_loop, grad
    >>> grad(lambda x: fori_loop(1, 5, lambda k, total: total + x ** k / k, 0.0))(0.5)
    1.875
    """
    for number, what in ((lower, "lower"), (upper, "upper")):
        if isinstance(number, bool) or not hasattr(type(number), "__index__"):
            raise ArgumentError(f"fori_loop counts from {what}={number!r}, which is no int")
    numbers = range(int(lower), int(upper))

    def step(carry: Any, number: Any) -> tuple[Any, None]:
        return body(number, carry), None

    if len(numbers) >= SHORTEST and is_traced():
        counted = as_array([float(number) for number in numbers])
        found = recorded_scan(step, carry, counted, [counted], len(numbers), False, checkpoint)
        if found is not None:
            return found[0]
    for number in numbers:
        carry = alike(body, carry, body(number, carry))
    return carry


def while_loop(condition: Callable[[Any], Any], body: Callable[[Any], Any], carry: Any) -> Any:
    """Apply `body` as long as `condition` holds: `while condition(carry): carry = body(carry)`; the last carry.

    It can be differentiated backward and forward. In a compiled function it is recorded turn by turn: the number of
    turns is a decision, as that of Python's `while` is.

    >>> from autograd import grad, while_loop
    >>> grad(lambda x: while_loop(lambda y: y < 100.0, lambda y: y * y, x))(3.0)
    17496.0
    """
    while condition(carry):
        carry = alike(body, carry, body(carry))
    return carry


def rows_of(xs: Any) -> list[Any]:
    """The arrays and lists of rows in what `scan` was given; ArgumentError if it is something else."""
    rows: list[Any] = []

    def note(leaf: Any) -> Any:
        if not (isinstance(leaf, list) or getattr(leaf, "ndim", 0) > 0):
            raise ArgumentError(
                f"scan takes xs as arrays or lists of rows, one row for each turn, got {type(leaf).__name__} "
                f"{leaf!r:.60}"
            )
        rows.append(leaf)
        return leaf

    if xs is not None:
        check_depth(xs, "xs")
        map_rows(note, xs)
    return rows


def map_rows(function: Callable[[Any], Any], xs: Any) -> Any:
    """A nest of tuples and dicts of rows with something else in the place of each."""
    if isinstance(xs, tuple):
        parts = [map_rows(function, part) for part in xs]
        return type(xs)(*parts) if hasattr(xs, "_fields") else tuple(parts)
    if isinstance(xs, dict):
        return {key: map_rows(function, part) for key, part in xs.items()}
    return function(xs)


def turns_of(rows: list[Any], length: int | None) -> int:
    """The number of turns; ArgumentError if it is not given, or not the same everywhere."""
    counts = {len(part) for part in rows}
    if length is not None:
        if isinstance(length, bool) or not hasattr(type(length), "__index__") or length < 0:
            raise ArgumentError(f"scan takes length as a whole number of turns, got {length!r}")
        counts.add(int(length))
    if len(counts) != 1:
        said = "neither xs nor length says" if not counts else f"xs and length say {sorted(counts)}"
        raise ArgumentError(f"scan needs one number of turns; {said}")
    return counts.pop()


def plain_scan(step: Callable[..., Any], carry: Any, xs: Any, count: int, reverse: bool) -> tuple[Any, Any]:
    """The results of `scan` by a plain loop."""
    ys: list[Any] = [None] * count
    for turn in reversed(range(count)) if reverse else range(count):
        row = None if xs is None else map_rows(operator.itemgetter(turn), xs)
        after, ys[turn] = pair_of(step, step(carry, row))
        carry = alike(step, carry, after)
    return carry, put_together(step, ys)


def pair_of(step: Callable[..., Any], returned: Any) -> tuple[Any, Any]:
    """The carry and the result of a turn; OutputError if it is no pair."""
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise OutputError(
            f"the step of scan, {name_of(step)}, must return a pair (carry, y), got {type(returned).__name__} "
            f"{returned!r:.60}"
        )
    return returned


def alike(body: Callable[..., Any], before: Any, after: Any) -> Any:
    """The carry after a turn; OutputError if it has another structure than before."""
    if isinstance(before, float | Node) and isinstance(after, float | Node):
        return after
    expected = flatten(before, "the carry")[1]
    found, structure = flatten(after, f"the carry that {name_of(body)} returned")
    arranged = expected.arrange(found, structure)
    if arranged is None:
        raise OutputError(
            f"the carry has one structure in all turns of a loop: it was {expected}, and {name_of(body)} returned "
            f"{structure}"
        )
    return expected.build(arranged)


def put_together(step: Callable[..., Any], ys: list[Any]) -> Any:
    """The results of all turns as arrays with the turns along the first axis; None if there are none."""
    if all([y is None for y in ys]):
        return None
    found = [flatten(y, f"the second output of {name_of(step)}") for y in ys]
    structure = found[0][1]
    for _, other in found:
        if not structure.is_same(other):
            raise OutputError(
                f"{name_of(step)} returned {structure} in one turn and {other} in another; results can only be put "
                f"together if they are alike"
            )
    numbers = as_array([number for numbers, _ in found for number in numbers])
    return stacked(structure, numbers.reshape(len(ys), structure.size))


def recorded_scan(
    step: Callable[..., Any], carry: Any, xs: Any, rows: list[Any], count: int, reverse: bool, checkpoint: bool
) -> tuple[Any, Any] | None:
    """The results of a `scan` of so many turns as those of a `Loop`; None if it must be recorded turn by turn."""
    start, structure = flatten(carry, "the carry")
    first = count - 1 if reverse else 0
    numbers_of, forms = zip(*[flatten(part[first], "a row of xs") for part in rows], strict=True) if rows else ((), ())
    form = Structure(tuple, list(forms))
    signature = Signature((structure.build([0.0] * len(start)), form.build([0.0] * form.size)), {})
    y_form: list[Any] = []

    def flat_step(carry: Any, parts: Any) -> list[Any]:
        given = iter(parts)
        after, y = pair_of(step, step(carry, None if xs is None else map_rows(lambda _: next(given), xs)))
        found, structure_of_y = flatten(y, f"the second output of {name_of(step)}") if y is not None else ([], None)
        y_form.append(structure_of_y)
        return [*flatten(alike(step, carry, after), "the carry")[0], *found]

    flat_step.__name__ = name_of(step)
    values = [value_of(number) for number in start] + [value_of(number) for part in numbers_of for number in part]
    try:
        traced = record(flat_step, signature, values, for_derivatives=True)
    except (TraceError, TypeError, IndexError):
        # It needs plain numbers, as those of the turns are outside of a loop; or it fails there as well.
        return None
    if traced.program.guards or not pays(traced.program, count):
        return None
    operands = [*start, *traced.variables]
    for row in range(count):
        for part, one in zip(rows, forms, strict=True):
            found, same = flatten(part[row], "a row of xs")
            if not one.is_same(same):
                raise ArgumentError(f"the rows of xs must be alike, got {one} and {same}")
            operands += found
    if not any([varies(operand) for operand in operands]):
        return None
    results = run_turns(name_of(step), traced.program, operands, (len(start), form.size, count, reverse), checkpoint)
    ys = None
    if y_form[0] is not None:
        size = y_form[0].size
        ys = stacked(y_form[0], as_array(results[len(start) :]).reshape(count, size))
    return structure.build(results[: len(start)]), ys


def run_turns(
    name: str, program: Program, operands: list[Any], shape: tuple[int, int, int, bool], checkpoint: bool
) -> list[Any]:
    """The last carried numbers, and the results of the turns in the order of their rows, of a body's program."""
    carried, width, count, reverse = shape
    shared = operands[carried : len(operands) - width * count]
    rows = operands[len(operands) - width * count :]
    chunk = math.isqrt(count) if checkpoint else 0
    if chunk < SHORTEST:
        return Loop(name, program, carried, width, count, reverse).visible(operands)
    inner = Loop(name, program, carried, width, chunk, reverse)
    chunks = count // chunk
    size = len(program.outputs) - carried

    def turns(*inputs: Any) -> list[Any]:
        rest = inputs[carried + width * chunk :]
        return inner.visible([*inputs[:carried], *rest, *inputs[carried : carried + width * chunk]])

    # The rows that are left over come last, wherever they stand.
    left = count - chunks * chunk
    split = width * left if reverse else width * chunks * chunk
    inside, outside = (rows[split:], rows[:split]) if reverse else (rows[:split], rows[split:])
    body = flat_program(turns, carried + width * chunk + len(shared))
    outer = Loop(name, body, carried, width * chunk, chunks, reverse)
    found = outer.visible([*operands[:carried], *shared, *inside])
    if not left:
        return found
    last = Loop(name, program, carried, width, left, reverse).visible([*found[:carried], *shared, *outside])
    ys, more = found[carried:], last[carried:]
    assert len(more) == size * left
    return [*last[:carried], *([*more, *ys] if reverse else [*ys, *more])]


def flat_program(fun: Callable[..., Any], count: int) -> Program:
    """The program of a function of so many numbers; TraceError if it decides on a value, or uses others."""
    # The numbers are not looked at.
    traced = record(fun, Signature((0.5,) * count, {}), array("d", [0.5] * count), for_derivatives=True)
    if traced.program.guards or traced.variables:
        raise TraceError(
            "the derivative of a loop takes decisions on values: record it turn by turn, with Python's for"
        )
    return traced.program


class Loop(JointOperation):
    """A body that is applied again and again.

    The operands are the `carried` numbers, those that are the same in all turns, and then `width` numbers of a row for
    each of `length` turns. The body is a program whose inputs are the carried numbers, the row, and the shared numbers;
    its outputs are the carried numbers of the next turn, and those of a row of results.

    The results are the last carried numbers, then the rows of results, then the carried numbers before each turn, for
    the way back. With `reverse` the turns go from the last row to the first.
    """

    def __init__(self, name: str, program: Program, carried: int, width: int, length: int, reverse: bool) -> None:
        super().__init__(f"loop of {name}", name)
        self.of = name
        self.program = program
        self.carried = carried
        self.width = width
        self.length = length
        self.reverse = reverse
        self.shared = program.inputs - carried - width
        self.size = len(program.outputs) - carried
        # Where the rows of results begin, and the kept carried numbers.
        self.rows_at, self.kept_at = carried, carried + self.size * length
        self.count = self.kept_at + carried * length
        # Operands whose adjoint goes on from what it was: so sums have the order of the turns written out.
        self.accumulated = range(carried, carried + self.shared)
        self.machine = self.machine_in_code = Machine(program)
        self.bodies: dict[Any, Loop] = {}

    def results(self, operands: Sequence[float]) -> Any:
        """The results on floats."""
        return self.run(self.machine, operands)

    def results_in_code(self, operands: Sequence[float]) -> Any:
        """The results by machine code."""
        return self.run(self.machine_in_code, operands)

    def prepare_code(self, make: Callable[[Machine], None]) -> None:
        """Have machine code made of the body. Decisions on the results are taken on those of the interpreter."""
        if self.machine_in_code is self.machine:
            machine = Machine(self.program)
            make(machine)
            self.machine_in_code = machine

    def turns(self) -> int:
        """How many turns there are, of the loops in the body too."""
        return self.length * (1 + self.machine.turns)

    def run(self, machine: Machine, operands: Sequence[float]) -> Any:
        """The results by a machine for the body."""
        machine = machine.idle()
        given = operands if isinstance(operands, array) else array("d", operands)
        results = doubles(self.count)
        with machine.lock.here():
            machine.run_turns(given, results, self.carried, self.width, self.length, self.reverse)
        return results

    def visible(self, operands: Sequence[Any]) -> list[Any]:
        """The results but for the kept ones, which are for derivatives; on floats, or as nodes."""
        return self.some(operands, range(self.kept_at))

    def some(self, operands: Sequence[Any], places: Sequence[int]) -> list[Any]:
        """The results at some places, on floats, or as nodes."""
        values = self.results([value_of(operand) for operand in operands])
        if not any([varies(operand) for operand in operands]):
            return [values[place] for place in places]
        return record_results(self, tuple(operands), values, places)

    def parts(self, operands: Sequence[Any]) -> tuple[list[Any], list[Any], list[list[Any]]]:
        """The carried operands, the shared ones, and the rows."""
        start = self.carried + self.shared
        rows = [list(operands[start + self.width * turn :][: self.width]) for turn in range(self.length)]
        return list(operands[: self.carried]), list(operands[self.carried : start]), rows

    def rows(self, results: Sequence[Any], start: int, size: int) -> list[list[Any]]:
        """The rows of results that begin at some place."""
        return [list(results[start + size * turn :][:size]) for turn in range(self.length)]

    def reach(self, inputs: Sequence[bool]) -> list[bool]:
        """Which outputs of the body depend on one of these inputs."""
        reached = [*inputs, *[False] * len(self.program.constants)]
        for operation in self.program:
            reached.append(any([reached[operand] for operand in operation.operands]))
        return [reached[output] for output in self.program.outputs]

    def moving(self, start: Sequence[bool], others: Sequence[bool]) -> list[bool]:
        """Which carried numbers depend, in some turn, on those of the first turn or on other inputs that move."""
        found = list(start)
        while True:
            after = self.reach([*found, *others])[: self.carried]
            more = [one or other for one, other in zip(found, after, strict=True)]
            if more == found:
                return found
            found = more

    def used(self, carried: Sequence[bool], rows: Sequence[bool]) -> list[bool]:
        """Which carried numbers lead, in some turn, to outputs that are used."""
        found = list(carried)
        while True:
            more = list(found)
            for place in range(self.carried):
                reached = self.reach([place == other for other in range(self.program.inputs)])
                if any([one and other for one, other in zip(reached, [*found, *rows], strict=True)]):
                    more[place] = True
            if more == found:
                return found
            found = more

    def pullback(self, operands: list[Any], cotangents: Sequence[Any], sums: Sequence[Any] = ()) -> list[Any]:
        """By a loop against the turns, over the carried numbers before each.

        `sums` has the adjoints so far of the accumulated operands, None where there are none.
        """
        start, shared, rows = self.parts(operands)
        shared_moves = [varies(one) for one in shared]
        row_moves = [any([varies(row[place]) for row in rows]) for place in range(self.width)]
        moves = self.moving([varies(one) for one in start], [*row_moves, *shared_moves])
        ends = list(cotangents[: self.carried])
        of_rows = self.rows(cotangents, self.rows_at, self.size)
        of_kept = self.rows(cotangents, self.kept_at, self.carried)
        rows_used = [any([row[place] is not None for row in of_rows]) for place in range(self.size)]
        kept_used = [any([row[place] is not None for row in of_kept]) for place in range(self.carried)]
        at_end = [end is not None for end in ends]
        used = self.used([end or kept for end, kept in zip(at_end, kept_used, strict=True)], rows_used)
        adjoint = [one and other for one, other in zip(used, moves, strict=True)]
        everywhere = (
            all([end for end, needed in zip(at_end, adjoint, strict=True) if needed])
            and not any([None in set(map(type_of, row)) for row in chosen(of_rows, rows_used)])
            and not any([None in set(map(type_of, row)) for row in chosen(of_kept, kept_used)])
        )
        key = tuple(map(tuple, (adjoint, shared_moves, row_moves, rows_used, kept_used))), everywhere
        loop = self.bodies.get(key)
        if loop is None:
            loop = self.bodies[key] = self.backward(key)
        kept = self.some(operands, range(self.kept_at, self.count))
        given = [0.0 if end is None else end for end, needed in zip(ends, adjoint, strict=True) if needed]
        so_far = list(sums) or [None] * self.shared
        given += [-0.0 if one is None else one for one, needed in zip(so_far, shared_moves, strict=True) if needed]
        given += shared
        kept_rows = [kept[self.carried * turn :][: self.carried] for turn in range(self.length)]
        for before, row, of_row, of_before in zip(
            kept_rows, rows, chosen(of_rows, rows_used), chosen(of_kept, kept_used), strict=True
        ):
            given += [*before, *row, *[0.0 if one is None else one for one in (*of_row, *of_before)]]
        found = iter(loop.visible(given))
        result: list[Any] = [next(found) if needed else 0.0 for needed in adjoint]
        result += [next(found) if needed else 0.0 for needed in shared_moves]
        return result + [next(found) if needed else 0.0 for _ in rows for needed in row_moves]

    def backward(self, key: Any) -> Loop:
        """The loop of adjoints.

        Its carried numbers are adjoints of carried and of shared numbers; its rows the carried numbers before the turn,
        the row, and the cotangents of results and of kept numbers; its results the derivatives in the row.
        """
        (adjoint, shared_moves, row_moves, rows_used, kept_used), everywhere = key
        sizes = [sum(adjoint), sum(shared_moves), self.carried, self.width, sum(rows_used), sum(kept_used), self.shared]

        def turn(*inputs: Any) -> list[Any]:
            after, sums, before, row, of_row, of_before, shared = split(inputs, sizes)
            with TapedRun("vjp", self.evaluate, ([*before, *row, *shared],), {}, 0) as run:
                adjoints: list[Any] = [None] * run.tape.size
                spread(adjoints, range(self.carried), kept_used, of_before)
                spread(adjoints, range(self.carried + self.width, self.program.inputs), shared_moves, sums)
                spread(adjoints, run.tape.outputs[: self.carried], adjoint, after)
                spread(adjoints, run.tape.outputs[self.carried :], rows_used, of_row)
                if not everywhere:
                    run.tape.absorb_everywhere()
                run.tape.pull(adjoints)
                found = [0.0 if one is None else settled(one) for one in adjoints[: self.program.inputs]]
            carried, row, shared = split(found, [self.carried, self.width, self.shared])
            return [*chosen([carried], adjoint)[0], *chosen([shared], shared_moves)[0], *chosen([row], row_moves)[0]]

        program = flat_program(turn, sum(sizes))
        return Loop(self.of, program, sizes[0] + sizes[1], sum(sizes[2:6]), self.length, not self.reverse)

    def evaluate(self, inputs: list[Any]) -> list[Any]:
        """The outputs of the body."""
        values = self.program.evaluate(inputs)
        return [values[output] for output in self.program.outputs]

    def pushforward(self, operands: list[Any], tangents: Sequence[Any]) -> list[Any]:
        """By a loop that carries the tangents along."""
        start, shared, rows = self.parts(operands)
        of_start, of_shared, of_rows = self.parts(tangents)
        shared_moves = [one is not None for one in of_shared]
        row_moves = [any([row[place] is not None for row in of_rows]) for place in range(self.width)]
        at_start = [one is not None for one in of_start]
        moves = self.moving(at_start, [*row_moves, *shared_moves])
        everywhere = moves == at_start and not any(
            [None in set(map(type_of, row)) for row in chosen(of_rows, row_moves)]
        )
        key = tuple(map(tuple, (moves, shared_moves, row_moves))), everywhere
        loop = self.bodies.get(key)
        if loop is None:
            loop = self.bodies[key] = self.forward(key)
        given = [*start, *[0.0 if one is None else one for one in chosen([of_start], moves)[0]]]
        given += [*shared, *chosen([of_shared], shared_moves)[0]]
        for row, of_row in zip(rows, chosen(of_rows, row_moves), strict=True):
            given += [*row, *[0.0 if one is None else one for one in of_row]]
        count = sum(moves)
        found = loop.some(given, range(loop.count))
        width = self.carried + count
        ends = found[self.carried : width]
        results = loop.rows(found, loop.rows_at, loop.size)
        kept = [row[self.carried :] for row in loop.rows(found, loop.kept_at, width)]
        along = unchosen(ends, moves)
        for row in results:
            along += row
        for row in kept:
            along += unchosen(row, moves)
        return along

    def forward(self, key: Any) -> Loop:
        """The loop of tangents, which are carried beside the carried numbers; its results are tangents of results."""
        (moves, shared_moves, row_moves), everywhere = key
        sizes = [self.carried, sum(moves), self.width, sum(row_moves), self.shared, sum(shared_moves)]

        def turn(*inputs: Any) -> list[Any]:
            before, of_before, row, of_row, shared, of_shared = split(inputs, sizes)
            with TapedRun("jvp", self.evaluate, ([*before, *row, *shared],), {}, 0) as run:
                if not everywhere:
                    run.tape.absorb_everywhere()
                along = run.tape.pushforward(
                    [*unchosen(of_before, moves), *unchosen(of_row, row_moves), *unchosen(of_shared, shared_moves)]
                )
            return [*run.results[: self.carried], *chosen([along[: self.carried]], moves)[0], *along[self.carried :]]

        program = flat_program(turn, sum(sizes))
        return Loop(self.of, program, sizes[0] + sizes[1], sizes[2] + sizes[3], self.length, self.reverse)


def type_of(number: Any) -> Any:
    """None for None, else a type."""
    return None if number is None else type(number)


def chosen(rows: Sequence[Sequence[Any]], needed: Sequence[bool]) -> list[list[Any]]:
    """The numbers of each row at the places that are needed."""
    places = [place for place, one in enumerate(needed) if one]
    return [[row[place] for place in places] for row in rows]


def unchosen(numbers: Sequence[Any], needed: Sequence[bool]) -> list[Any]:
    """The numbers at the places that were needed, 0.0 elsewhere."""
    given = iter(numbers)
    return [next(given) if one else 0.0 for one in needed]


def split(numbers: Sequence[Any], sizes: Sequence[int]) -> list[Sequence[Any]]:
    """Parts of these sizes."""
    parts = []
    start = 0
    for size in sizes:
        parts.append(numbers[start : start + size])
        start += size
    return parts


def spread(adjoints: list[Any], positions: Sequence[int], needed: Sequence[bool], given: Sequence[Any]) -> None:
    """Add adjoints at the positions that are needed, and on the tape."""
    waiting = iter(given)
    for position, one in zip(positions, needed, strict=True):
        if one:
            share = next(waiting)
            if position >= 0:
                adjoints[position] = share if adjoints[position] is None else adjoints[position] + share


def recorded_rows(fun: Callable[..., Any], rows: RowArguments, reduction: Reduction) -> Any:
    """The results of a function of one row over rows, as those of a `Loop`; None if it must be recorded row by row."""
    if rows.wholes:
        # Whole numbers in rows may be needed as such, as indices are.
        return None
    given = [argument for argument, mapped in zip(rows.arguments, rows.mapped, strict=True) if mapped]
    form = Structure(tuple, [flatten(argument[0], "a row")[1] for argument in given])
    found: list[Structure] = []

    def flat_row(parts: Any) -> list[Any]:
        own = iter(parts)
        arguments = zip(rows.arguments, rows.mapped, strict=True)
        returned = fun(*[next(own) if mapped else renewed(argument) for argument, mapped in arguments])
        numbers, structure = flatten(returned, f"the output of {reduction.name}", matrix_leaf)
        found.append(structure)
        return numbers

    numbers = array("d", [value_of(number) for argument in given for number in flatten(argument[0], "a row")[0]])
    try:
        signature = Signature((form.build([0.0] * form.size),), {})
        traced = record(flat_row, signature, numbers, for_derivatives=True)
    except (TraceError, TypeError, IndexError):
        # As above.
        return None
    reduction.check_structures(found)
    parts = reduction.parts(found[0])
    summed = [kind is not None for part, kind in parts for _ in range(part.size)]
    if traced.program.guards or not (summed and pays(traced.program, rows.count)):
        return None
    program = with_sums(traced.program, form.size, summed)
    operands = [*[-0.0] * sum(summed), *traced.variables]
    operands += [number for row in range(rows.count) for argument in given for number in flatten(argument[row], "")[0]]
    if not any([varies(operand) for operand in operands]):
        return None
    results = run_turns(reduction.name, program, operands, (sum(summed), form.size, rows.count, False), False)
    sums = iter(results[: sum(summed)])
    entries = as_array(results[sum(summed) :]).reshape(rows.count, summed.count(False))
    built = []
    column = 0
    for part, kind in parts:
        if kind is None:
            built.append(stacked(part, entries[:, column : column + part.size]))
            column += part.size
        else:
            built.append(reduction.reduced(part, kind, [next(sums) for _ in range(part.size)], rows.count))
    return reduction.joined(found[0], built)


def with_sums(program: Program, width: int, summed: list[bool]) -> Program:
    """The body that adds some outputs of a row's program to carried sums, and gives the others as results."""
    shared = program.inputs - width

    def turn(*inputs: Any) -> list[Any]:
        sums, row, rest = split(inputs, [sum(summed), width, shared])
        values = program.evaluate([*row, *rest])
        outputs = [values[output] for output in program.outputs]
        (own,), (others,) = chosen([outputs], summed), chosen([outputs], [not one for one in summed])
        return [*[total + one for total, one in zip(sums, own, strict=True)], *others]

    return flat_program(turn, sum(summed) + program.inputs)
