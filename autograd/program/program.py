"""A program: operations on numbers in flat arrays, without branches, and the decisions it holds for.

The values of a program are numbered: first its inputs, then its constants, then the results of its operations in the
order in which they are computed. The value of an operation with several results is all of them; `result k` takes one.
A guard says which way a decision was taken when the program was recorded: where one
of its conditions comes out the other way, the program is not the one that Python would have run.
"""

from __future__ import annotations

import hashlib
import math
import struct
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autograd.errors import UnknownPrimitiveError
from autograd.graph.joint_operations import JointOperation, Result, result_at
from autograd.operations.primitive import Primitive, find_primitive
from autograd.program.file import fields_in, stored_fields
from autograd.text import one_line

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import ints_in

__all__ = ["Guard", "Operation", "Program"]


class Guard(NamedTuple):
    """A decision: the number of the value it was taken on, how it fell, and the source line that took it."""

    condition: int
    outcome: bool
    file: str
    line: int


class Operation(NamedTuple):
    """One operation: the number of its result, its primitive and the numbers of its operands."""

    result: int
    primitive: Primitive
    operands: tuple[int, ...]


class Program:
    """Operations, outputs and guards. Programs are immutable, equal if they are the same, and can be pickled.

    From outside, take bytes in place of pickles: `from_bytes` checks what it reads, and runs nothing.

    >>> from autograd.program.builder import Builder
    >>> from autograd.operations.primitives import Exp, Multiply
    >>> builder = Builder(2)
    >>> product = builder.emit(Multiply, (0, 1))
    >>> print(builder.program([builder.emit(Exp, (product,))]))
    program of 2 inputs, 2 operations, 1 output
      v2 = multiply(v0, v1)
      v3 = exp(v2)
      return v3
    """

    __slots__ = (
        "_hash",
        "codes",
        "constants",
        "externals",
        "guards",
        "inputs",
        "names",
        "operands",
        "outputs",
        "starts",
    )

    def __init__(
        self,
        inputs: int,
        constants: Sequence[float],
        names: Sequence[str],
        codes: Sequence[int],
        starts: Sequence[int],
        operands: Sequence[int],
        outputs: Sequence[int],
        guards: Sequence[tuple[int, bool, str, int]] = (),
        externals: Mapping[int, Primitive] | None = None,
        is_sound: bool = False,
    ) -> None:
        self.inputs = inputs
        self.constants = array("d", constants)
        self.names = tuple(names)
        self.codes = array("i", codes)
        self.starts = array("i", starts)
        self.operands = array("i", operands)
        self.outputs = array("i", outputs)
        self.guards = tuple([Guard(*guard) for guard in guards])
        # By their place among the names: functions that are called back. In place of a code, one of their results has
        # -1 - its place among these.
        self.externals = dict(externals or {})
        self._hash = ""
        # What a builder made fits together.
        if not is_sound:
            self.check()

    def check(self) -> None:
        """Raise ValueError unless each operation is known and uses what was computed before it."""
        if not isinstance(self.inputs, int) or not 0 <= self.inputs < 2**31:
            raise ValueError(f"a program has 0 or more inputs, got {self.inputs!r}")
        first = self.inputs + len(self.constants)
        if (
            len(self.starts) != len(self.codes) + 1
            or self.starts[0] != 0
            or self.starts[len(self.codes)] != len(self.operands)
        ):
            raise ValueError("a program's operands don't fit its operations: was it changed or cut off?")
        primitives = self.primitives()
        arities = array("i", [-one.multiple if one.arity is None else one.arity for one in primitives])
        counts = array("i", [one.count if isinstance(one, JointOperation) else 0 for one in primitives])
        check_operations(self.codes, self.starts, self.operands, arities, counts, self.names, first)
        for value in (*self.outputs, *[guard.condition for guard in self.guards]):
            if not 0 <= value < first + len(self.codes):
                raise ValueError(f"a program has no value {value}")

    @property
    def first(self) -> int:
        """The number of the first operation's result."""
        return self.inputs + len(self.constants)

    @property
    def size(self) -> int:
        """Counts the values."""
        return self.first + len(self.codes)

    def __len__(self) -> int:
        return len(self.codes)

    def primitives(self) -> list[Primitive]:
        """The primitives that `codes` refers to."""
        if not self.externals:
            return [find_primitive(name) for name in self.names]
        return [self.externals.get(code) or find_primitive(name) for code, name in enumerate(self.names)]

    def __iter__(self) -> Iterator[Operation]:
        primitives = self.primitives()
        for number, code in enumerate(self.codes):
            used = tuple(self.operands[self.starts[number] : self.starts[number + 1]])
            yield Operation(self.first + number, result_at(~code) if code < 0 else primitives[code], used)

    def evaluate(self, inputs: Sequence[Any], apply: Callable[[Primitive, list[Any]], Any] | None = None) -> list[Any]:
        """Every value, one operation at a time: on numbers, nodes, or whatever `apply` makes of its operands."""
        if len(inputs) != self.inputs:
            raise ValueError(f"the program takes {self.inputs} inputs, got {len(inputs)}")
        values = [*inputs, *self.constants]
        for operation in self:
            used = [values[operand] for operand in operation.operands]
            values.append(operation.primitive(*used) if apply is None else apply(operation.primitive, used))
        return values

    def __call__(self, *inputs: Any) -> list[Any]:
        """The outputs, computed one operation at a time."""
        values = self.evaluate(inputs)
        return [values[output] for output in self.outputs]

    def name(self, value: int) -> str:
        """The name of a value in print; of a constant its number."""
        if self.inputs <= value < self.first:
            constant = self.constants[value - self.inputs]
            return repr(constant) if math.isfinite(constant) else f'float("{constant}")'
        return f"v{value}"

    def said(self, operation: Operation) -> str:
        """An operation in print."""
        _, primitive, operands = operation
        if isinstance(primitive, Result):
            return f"{primitive.name} of {self.name(operands[0])}"
        inside = f"  # {primitive.inside()}" if isinstance(primitive, JointOperation) and primitive.inside() else ""
        return f"{primitive.name}({', '.join(map(self.name, operands))}){inside}"

    def __str__(self) -> str:
        def count(number: int, what: str) -> str:
            return f"{number} {what}{'' if number == 1 else 's'}"

        parts = [count(self.inputs, "input"), count(len(self), "operation"), count(len(self.outputs), "output")]
        if self.guards:
            parts.append(count(len(self.guards), "guard"))
        lines = [f"program of {', '.join(parts)}"]
        lines += [f"  {self.name(operation.result)} = {self.said(operation)}" for operation in self]
        lines += [
            f"  assume {self.name(guard.condition)} is {guard.outcome}  # {place_of(guard)}" for guard in self.guards
        ]
        lines.append("  return " + ", ".join(map(self.name, self.outputs)))
        return "\n".join(lines)

    def source(self, name: str = "program") -> str:
        """A Python function that computes the outputs, calling the primitives by their names in `autograd`.

        Functions that are called back have their own names.
        """
        import autograd.operations.primitives

        exported = {
            getattr(autograd.operations.primitives, known).name: known
            for known in autograd.operations.primitives.__all__
        }
        used = sorted({exported[primitive.name] for _, primitive, _ in self if primitive.name in exported})
        lines = [f"from autograd import {', '.join(used)}", "", ""] if used else []
        lines.append(f"def {name}({', '.join(f'v{number}' for number in range(self.inputs))}):")
        for result, primitive, operands in self:
            if isinstance(primitive, Result):
                lines.append(f"    v{result} = v{operands[0]}[{primitive.place}]")
                continue
            called = primitive.called if isinstance(primitive, JointOperation) else primitive.name
            called = exported.get(primitive.name, called)
            lines.append(f"    v{result} = {called}({', '.join(map(self.name, operands))})")
        lines += [
            f"    assert bool({self.name(guard.condition)}) is {guard.outcome}  # {place_of(guard)}"
            for guard in self.guards
        ]
        lines.append(f"    return [{', '.join(map(self.name, self.outputs))}]")
        return "\n".join(lines) + "\n"

    def content(self) -> bytes:
        """All that makes up the program but the source lines of its guards, as bytes."""
        decisions = array("i", [number for guard in self.guards for number in (guard.condition, guard.outcome)])
        names = "\0".join(self.names).encode()
        parts = [names, *[part.tobytes() for part in (
            self.constants, self.codes, self.starts, self.operands, self.outputs, decisions
        )]]  # fmt: skip
        if self.externals:
            parts.append(array("i", sorted(self.externals)).tobytes())
        return struct.pack("<q", self.inputs) + b"".join([struct.pack("<q", len(part)) + part for part in parts])

    def as_stored(self) -> Program:
        """The program itself, or with its loops written out, of the same bits.

        Raises UnknownPrimitiveError for functions of this run of Python, and for loops that decide, keep some of their
        turns alone, or are too long to be written out.
        """
        joint = [one for one in self.externals.values() if isinstance(one, JointOperation)]
        if not joint:
            return self
        line: Program | None = joint[0].program_without(self)
        if line is not None:
            return line
        endless = [one for one in joint if math.isinf(one.operations())]
        reason = "that belongs to this program run alone" if endless else "written out, its turns are too many"
        raise UnknownPrimitiveError(f"a program with {(endless or joint)[0].name!r} can't be stored: {reason}")

    @property
    def hash(self) -> str:
        """A digest that is the same in every run for the same program."""
        if not self._hash:
            self._hash = hashlib.sha256(self.content()).hexdigest()
        return self._hash

    def to_bytes(self) -> bytes:
        """The program as bytes, for `from_bytes`; `autograd.program.file` describes their form.

        Loops are written out. Raises UnknownPrimitiveError for those that decide on values, for loops of more than
        400,000 operations in all turns, and for functions that are called back.
        """
        return stored_fields(*self.as_stored().fields())

    def fields(self) -> tuple[Any, ...]:
        """What a program is made of, but for functions of this run of Python."""
        return (
            self.inputs, self.constants, self.names, self.codes, self.starts, self.operands, self.outputs, self.guards
        )  # fmt: skip

    @staticmethod
    def from_bytes(data: bytes) -> Program:
        """The program that `to_bytes` wrote. Raises ValueError or UnknownPrimitiveError; nothing is ever run."""
        return Program(*fields_in(data))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and self.externals == other.externals and self.content() == other.content()

    def __hash__(self) -> int:
        return hash(self.hash)

    def __copy__(self) -> Program:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Program:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        inputs, constants, names, *parts, guards = self.as_stored().fields()
        arrays = [bytes(part) for part in (constants, *parts)]
        return restored, (inputs, names, *arrays, tuple([tuple(guard) for guard in guards]))

    def __repr__(self) -> str:
        return f"<program of {self.inputs} inputs, {len(self)} operations, {self.hash[:8]}>"


def check_operations(
    codes: Any, starts: Any, operands: Any, arities: Any, counts: Any, names: tuple[str, ...], first: int
) -> None:
    """Raise ValueError unless each operation has its name, its operands and its place behind these.

    `arities` says of each name how many operands it has, -n for any multiple of n but 0, `counts` how many results if
    these have places of their own; `first` is the first operation's result.
    """
    of_operation, start_of = ints_in(codes), ints_in(starts)
    used, arity_of, count_of = ints_in(operands), ints_in(arities), ints_in(counts)
    count = len(codes)
    known = len(names)
    for number in range(count):
        if start_of[number] > start_of[number + 1]:
            raise ValueError("a program's operands are out of order: was it changed?")
    for number in range(count):
        code = of_operation[number]
        stop = start_of[number + 1]
        given = stop - start_of[number]
        if code < 0:
            maker = used[start_of[number]] - first if given == 1 else number
            if not 0 <= maker < number or of_operation[maker] < 0 or ~code >= count_of[of_operation[maker]]:
                raise ValueError(f"operation {number} of a program is result {~code} of one that doesn't have it")
            continue
        if code >= known:
            raise ValueError(f"operation {number} of a program has no name")
        arity = arity_of[code]
        if given != arity if arity >= 0 else given == 0 or given % -arity != 0:
            raise ValueError(f"operation {number} of a program, {names[code]}, has {given} operands")
        for entry in range(start_of[number], stop):
            if not 0 <= used[entry] < first + number:
                raise ValueError(f"operation {number} of a program uses a value that is not computed before it")


def place_of(guard: Guard) -> str:
    """File and line of a decision, on one line whatever the file is called: in source, it stands in a comment."""
    return f"{one_line(str(guard.file))}:{guard.line}"


def restored(inputs: int, names: tuple[str, ...], *parts: Any) -> Program:
    """The program that was pickled."""
    *arrays, guards = parts
    constants, codes, starts, operands, outputs = [
        array(kind, part) for kind, part in zip("diiii", arrays, strict=True)
    ]
    return Program(inputs, constants, names, codes, starts, operands, outputs, guards)
