"""Rows of a mapped function inside another recording: a loop over them, which carries the sums over rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.errors import TraceError
from autograd.graph.node import value_of
from autograd.program.loops.bodies import Notes, Rows, in_rows, rolled
from autograd.program.recording.signature import Signature
from autograd.program.recording.trace import record
from autograd.program.reduction import Reduction, stacked
from autograd.program.row_arguments import RowArguments
from autograd.transforms.sparse import matrix_leaf
from autograd.transforms.trees import Structure, as_array, flatten, renewed

__all__ = ["recorded_rows"]


def recorded_rows(fun: Callable[..., Any], rows: RowArguments, reduction: Reduction) -> Any:
    """The results of a function of one row over rows, as those of a loop; None if it must be recorded row by row."""
    if rows.wholes:
        # Whole numbers in rows may be needed as such, as indices are.
        return None
    given = [argument for argument, mapped in zip(rows.arguments, rows.mapped, strict=True) if mapped]
    form = Structure(tuple, [flatten(argument[0], "a row")[1] for argument in given])
    notes = Notes()

    def of_row(row: Any) -> list[Any]:
        own = iter(form.build(list(row)))
        arguments = zip(rows.arguments, rows.mapped, strict=True)
        returned = fun(*[next(own) if mapped else renewed(argument) for argument, mapped in arguments])
        numbers, notes.form = flatten(returned, f"the output of {reduction.name}", matrix_leaf)
        return numbers

    def turn(sums: Any, row: Any) -> list[Any]:
        numbers = of_row(row)
        added = summed_in(reduction, notes.form)
        own = iter([number for number, one in zip(numbers, added, strict=True) if one])
        others = [number for number, one in zip(numbers, added, strict=True) if not one]
        return [*[total + next(own) for total in sums], *others]

    numbers = in_rows([flatten(argument, "the rows")[0] for argument in given], rows.count)
    count = 0
    if reduction.reduce is not None:
        # How many numbers are added up is seen from the first row.
        first = [value_of(number) for number in numbers[: form.size]]
        try:
            record(lambda *row: of_row(row), Signature((0.5,) * form.size, {}), first)
        except (TraceError, TypeError, IndexError):
            return None
        count = summed_in(reduction, notes.form).count(True)
    results = rolled(reduction.name, turn, notes, [-0.0] * count, Rows(numbers, form.size), rows.count)
    if results is None:
        return None
    reduction.check_structures([notes.form])
    parts = reduction.parts(notes.form)
    sums = iter(results[:count])
    entries = as_array(results[count:]).reshape(rows.count, summed_in(reduction, notes.form).count(False))
    built = []
    column = 0
    for part, kind in parts:
        if kind is None:
            built.append(stacked(part, entries[:, column : column + part.size]))
            column += part.size
        else:
            built.append(reduction.reduced(part, kind, [next(sums) for _ in range(part.size)], rows.count))
    return reduction.joined(notes.form, built)


def summed_in(reduction: Reduction, structure: Structure) -> list[bool]:
    """Whether each number in the result of a row is added up over the rows."""
    return [kind is not None for part, kind in reduction.parts(structure) for _ in range(part.size)]
