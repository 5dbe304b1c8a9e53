"""Loops that stay loops: `scan`, `fori_loop` and `while_loop`.

Outside of compiled functions they are plain Python loops. In one, they are an operation with several results each,
whose body is recorded once for each way that its decisions fall: see `bodies`.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable, Iterator
from typing import Any

from autograd.errors import ArgumentError, OutputError, TraceError
from autograd.graph.modes import is_traced
from autograd.graph.node import Node
from autograd.numbers.operands import number_or_none
from autograd.program.loops.bodies import SHORTEST, Notes, Rows, in_rows, rolled
from autograd.program.recording.fixed_parts import Walk
from autograd.program.recording.outside import Part
from autograd.program.reduction import stacked
from autograd.transforms.taped_run import name_of
from autograd.transforms.trees import Structure, as_array, check_depth, flatten, map_leaves

__all__ = ["fori_loop", "scan", "while_loop"]


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

    In a compiled function it is a loop, of 8 turns and some hundred operations in all at least. Where `step` decides on
    values, there is a program for each way through it. Where it needs plain numbers, it is recorded turn by turn.

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
        numbers, build, form = flat_rows(xs, rows, count)
        found = recorded_scan(step, carry, build, numbers, form, count, reverse, checkpoint)
        if found is not None:
            return found
    return plain_scan(step, carry, xs, count, reverse)


def fori_loop(lower: int, upper: int, body: Callable[[int, Any], Any], carry: Any, *, checkpoint: bool = False) -> Any:
    """Apply `body` for each whole number from `lower` to `upper - 1`: `carry = body(number, carry)`; the last carry.

    In a compiled function it is a loop, as `scan` is, if `body` only computes with the number, or compares it; where it
    needs an int (as an index), it is recorded turn by turn.

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
        rows = Rows(first=int(lower))
        found = recorded_scan(step, carry, lambda row: row[0], rows, None, len(numbers), False, checkpoint, body)
        if found is not None:
            return found[0]
    for number in numbers:
        carry = alike(body, carry, body(number, carry))
    return carry


def while_loop(condition: Callable[[Any], Any], body: Callable[[Any], Any], carry: Any) -> Any:
    """Apply `body` as long as `condition` holds: `while condition(carry): carry = body(carry)`; the last carry.

    It can be differentiated backward and forward. In a compiled function it is a loop, whose number of turns may differ
    from call to call: that is no decision. Where the body needs plain numbers, it is recorded turn by turn.

    >>> from autograd import grad, while_loop
    >>> grad(lambda x: while_loop(lambda y: y < 100.0, lambda y: y * y, x))(3.0)
    17496.0
    """
    if is_traced():
        found = recorded_while(condition, body, carry)
        if found is not None:
            return found[0]
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
        map_leaves(note, xs, is_leaf=is_list)
    return rows


def is_list(tree: Any) -> bool:
    """Whether it is a list: that of the rows of all turns."""
    return isinstance(tree, list)


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
        row = None if xs is None else map_leaves(operator.itemgetter(turn), xs, is_leaf=is_list)
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


def flat_rows(xs: Any, rows: list[Any], count: int) -> tuple[Rows, Callable[[Any], Any], Structure]:
    """The numbers of the rows of all turns, what makes a row of the numbers of one, and the structure of a row."""
    forms = [flatten(part[0], "a row of xs")[1] for part in rows]
    form = Structure(tuple, forms)
    numbers = in_rows([flat_part(part, one) for part, one in zip(rows, forms, strict=True)], count)

    def build(row: Any) -> Any:
        parts = iter(form.build(row))
        return None if xs is None else map_leaves(lambda _: next(parts), xs, is_leaf=is_list)

    return Rows(numbers, form.size), build, forms[0] if rows and rows[0] is xs else form


def flat_part(part: Any, form: Structure) -> list[Any]:
    """The numbers of an array or a list of rows of this form."""
    if not isinstance(part, list):
        return flatten(part, "xs")[0]
    numbers: list[Any] = []
    for row in part:
        found, same = flatten(row, "a row of xs")
        if not form.is_same(same):
            raise ArgumentError(f"the rows of xs must be alike, got {form} and {same}")
        numbers += found
    return numbers


def recorded_scan(
    step: Callable[..., Any],
    carry: Any,
    build: Callable[[Any], Any],
    rows: Rows,
    form: Structure | None,
    count: int,
    reverse: bool,
    checkpoint: bool,
    body: Callable[..., Any] | None = None,
) -> tuple[Any, Any] | None:
    """The results of a `scan` of so many turns as those of one operation; None if it must be recorded turn by turn.

    `form` is the structure of a row; `body` the function of a `fori_loop` that `step` calls.
    """
    start, structure = flatten(carry, "the carry")
    notes = Notes()

    def turn(carry: Any, row: Any) -> list[Any]:
        after, y = pair_of(step, step(structure.build(list(carry)), build(list(row))))
        found, notes.form = flatten(y, f"the second output of {name_of(step)}") if y is not None else ([], None)
        return [*flatten(alike(step, carry_of(structure), after), "the carry")[0], *found]

    parameters = parameters_of(step) if body is None else parameters_of(body)[::-1]
    row = None if rows.width == 0 else (parameters[1], form or flatten(0.0, "a number")[1])
    with nothing_kept(body or step):
        results = rolled(
            name_of(body or step), turn, notes, start, rows, count, reverse=reverse, checkpoint=checkpoint,
            labels=((parameters[0], structure), row),
        )  # fmt: skip
    if results is None:
        return None
    ys = None
    if notes.form is not None:
        ys = stacked(notes.form, as_array(results[len(start) :]).reshape(count, notes.form.size))
    return structure.build(results[: len(start)]), ys


def recorded_while(condition: Callable[[Any], Any], body: Callable[[Any], Any], carry: Any) -> tuple[Any] | None:
    """The last carry of a `while_loop` as results of one operation; None if it must be recorded turn by turn."""
    start, structure = flatten(carry, "the carry")
    notes = Notes()

    def turn(numbers: Any, row: Any) -> list[Any]:
        carry = structure.build(list(numbers))
        notes.stops = not condition(carry)
        return list(numbers) if notes.stops else flatten(alike(body, carry, body(carry)), "the carry")[0]

    labels = (parameters_of(body)[-1], structure), None
    with nothing_kept(condition, body):
        results = rolled(name_of(body), turn, notes, start, Rows(), -1, labels=labels)
    return None if results is None else (structure.build(results),)


@contextlib.contextmanager
def nothing_kept(*functions: Callable[..., Any]) -> Iterator[None]:
    """While the turns of a loop are recorded by these functions; TraceError if they have changed a number around them.

    They are not run in each turn, nor only there, so that what they keep from turn to turn would be another number.
    """
    walk = Walk()
    for function in functions:
        walk.key_of(function, 0)
    yield
    for part in walk.parts:
        if part.is_changed() and any([is_number(old) and is_number(new) for old, new in pairs_of(part)]):
            raise TraceError(
                f"the body of a loop, {name_of(functions[-1])}, changes {part.described()} around it; in a compiled "
                f"function the body is recorded, not run in each turn. Hand on in the carry what the next turn needs"
            )


def pairs_of(part: Part) -> list[tuple[Any, Any]]:
    """What was in each place that has changed, and what is."""
    pairs: list[tuple[Any, Any]] = []
    for name, old, new in part.changes():
        pairs += zip(old, new, strict=False) if name is None and isinstance(old, list) else [(old, new)]
    return [(old, new) for old, new in pairs if old is not new]


def is_number(value: Any) -> bool:
    """Whether it is a number or a node."""
    return isinstance(value, Node) or number_or_none(value) is not None


def parameters_of(fun: Callable[..., Any]) -> tuple[str, str]:
    """The names of the last two parameters of a function, as far as it has them."""
    code = getattr(fun, "__code__", None)
    return ("", "", *(() if code is None else code.co_varnames[: code.co_argcount]))[-2:]


def carry_of(structure: Structure) -> Any:
    """A carry of this structure."""
    return structure.build([0.0] * structure.size)
