"""What is exported: the paths of a function as programs of plain numbers, with names for its inputs and outputs.

A function is recorded as `jit` records it. Its derivatives are programs, too, made from those of the paths: so there is
one for each path, whether or not there are arguments at hand that take it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd.errors import ExportError
from autograd.graph.node import value_of
from autograd.program.jit import Jitted
from autograd.program.jit import jit as compiled_form
from autograd.program.loops.passes import Form, Way, expanded
from autograd.program.machine.machine import Machine
from autograd.program.paths import Path, TooManyPaths
from autograd.program.program import Guard, Program
from autograd.program.recording.signature import Signature, sign
from autograd.program.recording.trace import Trace, record
from autograd.signatures import check_arguments, known_signature
from autograd.transforms.containers import Attribute
from autograd.transforms.derivatives import hessian
from autograd.transforms.matrices import unit
from autograd.transforms.taped_run import TapedRun, name_of
from autograd.transforms.trees import Fixed, Structure, bracketed

__all__ = ["Derivative", "Piece", "Recorded", "RecordedPath", "identifiers", "recorded", "ways_of"]


class Piece(NamedTuple):
    """A number or an array of them in the arguments or in the result: its name and what it is called in Python.

    Its numbers are those from `start` on; `shape` is None for a single one.
    """

    name: str
    path: str
    start: int
    size: int
    shape: tuple[int, ...] | None


class RecordedPath:
    """One path: its program, numbers that take it, and the number of the path taken instead where a guard fails.

    The ways through the body of a loop are such paths, for each pass over its turns.
    """

    def __init__(self, program: Program, example: Sequence[float], otherwise: dict[int, int]) -> None:
        self.program = program
        self.example = example
        self.otherwise = otherwise


class Derivative(NamedTuple):
    """The programs of some numbers beside the values, one for each path, and the places of sparse ones."""

    programs: list[Program]
    rows: list[int]
    columns: list[int]


class Recorded:
    """A function with arguments of one form, as it was recorded.

    `paths` begins with the path that is tried first; `inputs` and `outputs` name the numbers of the programs.
    """

    def __init__(self, fun: Callable[..., Any], signature: Signature, names: Sequence[str], found: list[Path]) -> None:
        self.name = name = name_of(fun)
        self.signature = signature
        self.inputs = named_pieces(signature.structure, names)
        self.input_count = signature.structure.size
        self.structure = found[0].outputs
        for path in found:
            if not path.outputs.is_same(self.structure):
                raise ExportError(
                    f"{name} returns {self.structure} on one path and {path.outputs} on another; an exported function "
                    f"has results of one form"
                )
        self.outputs = pieces_of(self.structure, "result")
        self.output_count = self.structure.size
        self.paths: list[RecordedPath] = []
        for path in found:
            # Programs of calls lack what derivatives alone depend on.
            example = path.traced.example
            traced = record(fun, signature, example, Trace(known=path.traced.loops, for_derivatives=True))
            constants = [value_of(node) for node in traced.variables]
            self.add(closed(name, traced.program, example, constants), example)

    def add(self, program: Program, example: array[float]) -> None:
        """Add a path that these numbers take, behind the guard at which they leave the paths before it."""
        number = 0
        while number < len(self.paths):
            path = self.paths[number]
            failed = first_failing(path.program, example)
            if failed < 0:
                return
            number = path.otherwise.setdefault(failed, len(self.paths))
        self.paths.append(RecordedPath(program, example, {}))

    def values(self) -> list[Program]:
        """The programs of the values."""
        return [expanded(path.program) for path in self.paths]

    def gradient(self) -> Derivative:
        """The programs of the value and its gradient, in the order of the inputs."""
        if self.output_count != 1:
            raise ExportError(
                f"a gradient is that of one number, and {self.name} gives {self.output_count}: ask for the Jacobian"
            )
        return self.jacobian()

    def jacobian(self) -> Derivative:
        """The programs of the values and the Jacobian, row by row."""

        def rows(program: Program) -> Callable[..., Any]:
            def fun(*numbers: Any) -> list[Any]:
                count, outputs = len(numbers), len(program.outputs)
                with TapedRun("jacobian", program_function(program), (list(numbers),), {}, 0) as run:
                    if count < outputs:
                        columns = [run.tape.pushforward(unit(place, count)) for place in range(count)]
                        entries = [column[place] for place in range(outputs) for column in columns]
                    else:
                        rows = [run.tape.pullback(unit(place, outputs)) for place in range(outputs)]
                        entries = [entry for row in rows for entry in row]
                    return [*run.results, *entries]

            return fun

        return Derivative([self.derived(path, rows(path.program)) for path in self.paths], [], [])

    def hessian(self) -> Derivative:
        """The programs of the value and the lower triangle of the Hessian: its entries, for all paths the same ones."""
        if self.output_count != 1:
            raise ExportError(f"a Hessian is that of one number, and {self.name} gives {self.output_count}")
        found: list[Program] = []
        places: list[list[tuple[int, int]]] = []

        def entries(program: Program, noted: list[tuple[int, int]]) -> Callable[..., Any]:
            value = program_function(program)

            def fun(*numbers: Any) -> list[Any]:
                given = list(numbers)
                found = lower_triangle(lambda numbers: value(numbers)[0], given, dense=bool(program.externals))
                noted[:] = found
                return [value(given)[0], *found.values()]

            return fun

        for path in self.paths:
            places.append([])
            found.append(self.derived(path, entries(path.program, places[-1])))
        union = sorted({place for noted in places for place in noted})
        programs = []
        for program, noted in zip(found, places, strict=True):
            output_of = {place: number for number, place in enumerate(noted, 1)}
            programs.append(with_outputs(program, [0, *[output_of.get(place) for place in union]]))
        return Derivative(programs, [row for row, _ in union], [column for _, column in union])

    def derived(self, path: RecordedPath, fun: Callable[..., Any]) -> Program:
        """The program of a function of all inputs, with the guards of a path."""
        return expanded(with_guards(self.name, fun, path.program, path.example))


def ways_of(form: Form, program: Callable[[Way], Program]) -> list[RecordedPath]:
    """The ways through the body of a loop, by the programs of one of its passes."""
    count = len(form.ways)
    return [
        RecordedPath(
            program(way),
            way.example,
            {guard: child.number for guard, child in way.children.items() if child.number < count},
        )
        for way in form.ways
    ]


def recorded(function: Callable[..., Any], args: Sequence[Any]) -> Recorded:
    """A function as it is recorded with arguments like these, with all paths that were recorded for such.

    ExportError if it can't be recorded as programs, or isn't a function of one row.
    """
    jitted: Any = function if isinstance(function, Jitted) else None
    if jitted is None:
        if not callable(function):
            raise ExportError(
                f"only a function is exported, got {type(function).__name__} {function!r:.60}; give the function that "
                f"computes it"
            )
        jitted = compiled_form(function, tier="vm")
        if not isinstance(jitted, Jitted):
            raise ExportError(f"{name_of(function)} runs over rows: export the function of one row")
    name = name_of(jitted.fun)
    check_arguments(jitted.fun, args, f"an export of {name}")
    numbers, _, key = sign(tuple(args), {})
    try:
        tree = jitted.recordings.paths(jitted.recordings.full_key(key), tuple(args), {})
        path = root = tree.first(numbers)
        while (failed := first_failing(path.program, path.traced.inputs(numbers))) >= 0:
            path = tree.after(path, failed, numbers)
    except TooManyPaths as signal:
        raise ExportError(f"{name} can't be exported: {signal}") from None
    found: list[Path] = []
    pending = [root]
    while pending:
        path = pending.pop()
        found.append(path)
        pending += path.children.values()
    return Recorded(jitted.fun, tree.signature, argument_names(jitted.fun, len(args)), found)


def first_failing(program: Program, numbers: Sequence[float]) -> int:
    """The first guard that fails for these inputs, -1 if none does."""
    return Machine(expanded(program)).call_into(array("d", numbers), array("d", bytes(8 * len(program.outputs))))


def argument_names(function: Callable[..., Any], count: int) -> list[str]:
    """The names of so many arguments by place."""
    known_as = known_signature(function)
    parameters = list(known_as.parameters.values()) if known_as else []
    names: list[str] = []
    for place in range(count):
        known = parameters[min(place, len(parameters) - 1)] if parameters else None
        if known is None or known.kind in (known.KEYWORD_ONLY, known.VAR_KEYWORD):
            names.append(f"argument{place}")
        else:
            names.append(f"{known.name}{place}" if known.kind is known.VAR_POSITIONAL else known.name)
    return names


def named_pieces(structure: Structure, names: Sequence[str]) -> list[Piece]:
    """The pieces of arguments by place, which are called by these names."""
    found: list[Piece] = []
    start = 0
    for name, child in zip(names, structure.children[0].children, strict=True):
        found += pieces_of(child, name, start)
        start += child.size
    return unique(found)


def pieces_of(structure: Structure, path: str, start: int = 0) -> list[Piece]:
    """The pieces of a tree, each with its path; a list of numbers is one."""
    found: list[Piece] = []
    pending = [(structure, path, start)]
    while pending:
        part, called, begin = pending.pop()
        if part.shape is not None:
            if not isinstance(part.maker, Fixed):
                shape = part.shape if part.is_array else None
                found.append(Piece(identifier(called), called, begin, part.size, shape))
            continue
        if part.kind is list and part.size > 1 and all([child.is_number for child in part.children]):
            found.append(Piece(identifier(called), called, begin, part.size, (part.size,)))
            continue
        inner = []
        for key, child in zip(part.keys, part.children, strict=True):
            inner.append((child, called + spelled(part.kind, key), begin))
            begin += child.size
        pending += reversed(inner)
    return unique([piece for piece in found if piece.size > 0])


def spelled(kind: Any, key: Any) -> str:
    """The index of a part; a key that is no text, number or attribute is written as it is printed."""
    return f".{key.name}" if isinstance(key, Attribute) else bracketed(kind, key)


def identifier(path: str) -> str:
    """A name made of letters, digits and underscores for a path."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", path).strip("_")[:60] or "value"
    return name if name[0].isalpha() else f"v_{name}"


def unique(pieces: list[Piece]) -> list[Piece]:
    """The pieces, those of equal names with a number behind."""
    names = identifiers([piece.name for piece in pieces], ())
    return [piece._replace(name=name) for piece, name in zip(pieces, names, strict=True)]


def identifiers(names: Sequence[str], taken: Sequence[str] | frozenset[str]) -> list[str]:
    """The names, changed where they are taken or met twice."""
    used = set(taken)
    found = []
    for name in names:
        chosen, number = name, 2
        while chosen in used:
            chosen, number = f"{name}_{number}", number + 1
        used.add(chosen)
        found.append(chosen)
    return found


def lower_triangle(fun: Callable[..., Any], numbers: list[Any], dense: bool) -> dict[tuple[int, int], Any]:
    """The entries of a Hessian's lower triangle that may differ from 0, by row and column.

    With `dense`, row by row: edges of single results of a loop would take as long as all its turns written out.
    """
    if dense:
        matrix = hessian(fun)(numbers)
        places = [(row, column) for row in range(len(numbers)) for column in range(row + 1)]
        entries = [(place, matrix[place[0]][place[1]]) for place in places]
        return {place: entry for place, entry in entries if not (isinstance(entry, float) and entry == 0.0)}
    sparse = hessian(fun, sparse=True)(numbers)
    stops = sparse.indptr.tolist()
    rows = [row for row in range(len(numbers)) for _ in range(stops[row], stops[row + 1])]
    found = zip(rows, sparse.indices.tolist(), sparse.data, strict=True)
    return {(row, column): entry for row, column, entry in found if column <= row}


def program_function(program: Program) -> Callable[[Any], list[Any]]:
    """The outputs of a program as a function of the sequence of its inputs."""

    def function(numbers: Any) -> list[Any]:
        values = program.evaluate(numbers)
        return [values[output] for output in program.outputs]

    return function


def closed(name: str, program: Program, example: Sequence[float], constants: Sequence[float]) -> Program:
    """The program with these numbers in the place of its last inputs, the variables that the function closes over."""
    if not constants:
        return program
    value = program_function(program)
    return with_guards(name, lambda *numbers: value([*numbers, *constants]), program, example, constants)


def with_guards(
    name: str, fun: Callable[..., Any], program: Program, example: Sequence[float], constants: Sequence[float] = ()
) -> Program:
    """The program of a function of numbers like these, with the guards of another program of them and the constants."""
    count = len(example)

    def both(*numbers: Any) -> list[Any]:
        found = list(fun(*numbers))
        # By themselves: a decision is no output, and exposes nothing to its derivatives.
        values = program.evaluate([*numbers, *constants])
        return [*found, *[values[guard.condition] for guard in program.guards]]

    both.__name__ = name
    # No decision looks at the numbers; but on others, a loop without a fixed length might not end.
    traced = record(both, Signature((0.5,) * count, {}), example, Trace(for_derivatives=True))
    if traced.program.guards:
        raise ExportError(f"the derivative of {name} takes decisions on values, and can't be exported")
    made = traced.program
    first = len(made.outputs) - len(program.guards)
    guards = [
        Guard(condition, guard.outcome, guard.file, guard.line)
        for condition, guard in zip(made.outputs[first:], program.guards, strict=True)
    ]
    return Program(
        count, made.constants, made.names, made.codes, made.starts, made.operands, made.outputs[:first], guards,
        made.externals,
    )  # fmt: skip


def with_outputs(program: Program, places: Sequence[int | None]) -> Program:
    """The program with its outputs at these places, and 0 for None."""
    zero = program.first

    def moved(value: int) -> int:
        return value + 1 if value >= zero else value

    return Program(
        program.inputs, [*program.constants, 0.0], program.names, program.codes, program.starts,
        [moved(operand) for operand in program.operands],
        [zero if place is None else moved(program.outputs[place]) for place in places],
        [guard._replace(condition=moved(guard.condition)) for guard in program.guards], program.externals,
    )  # fmt: skip
