"""How programs are written in another language: a table with the form of some operations, declarations for the rest.

A language says what the operations of arithmetic, comparisons, conditions and functions are that it has. All others
follow from their declarations: their value is run on symbols, which gives a small program of operations that the table
has. So are local gradients, from the rules of the primitives.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd.errors import ExportError
from autograd.graph.joint_operations import JointOperation, Result
from autograd.operations.primitive import Primitive
from autograd.program.builder import Builder
from autograd.program.program import Program
from autograd.program.slopes_at_once import SlopesAtOnce
from autograd.program.symbols import Symbol, number_of

__all__ = ["Language", "gradient_program", "value_program"]


class Language:
    """The forms of operations in one language: `table[name](*operands)` writes the operation of this name.

    `joint(operation, operands)` gives the results of an operation that has several.
    """

    def __init__(
        self, name: str, table: Mapping[str, Callable[..., Any]], joint: Callable[..., Sequence[Any]] | None = None
    ) -> None:
        self.name = name
        self.table = table
        self.joint = joint

    def apply(self, primitive: Primitive, operands: Sequence[Any]) -> Any:
        """An operation on operands in this language, or plain numbers."""
        write = self.table.get(primitive.name) if primitive.built_in else None
        if write is not None:
            return write(*operands)
        if isinstance(primitive, Result):
            return operands[0][primitive.place]
        if isinstance(primitive, SlopesAtOnce):
            return self.outputs(primitive.program(), operands)
        if isinstance(primitive, JointOperation):
            if self.joint is None:
                raise ExportError(f"a {primitive.name} has no form in {self.name}")
            return self.joint(primitive, operands)
        found = value_program(primitive)
        if found is None:
            raise ExportError(f"{primitive.name} has no form in {self.name}")
        return self.outputs(found, operands)[0]

    def outputs(self, program: Program, inputs: Sequence[Any]) -> list[Any]:
        """The outputs of a program in this language."""
        values = program.evaluate(list(inputs), self.apply)
        return [values[output] for output in program.outputs]


@functools.cache
def value_program(primitive: Primitive) -> Program | None:
    """The value of a primitive as a program of others; None if it is an operation of its own."""
    if primitive.value is None or primitive.arity is None:
        return None
    builder = Builder(primitive.arity)
    value: Any = primitive.value
    try:
        result = number_of(builder, value(*[Symbol(builder, place) for place in range(primitive.arity)]))
    except TypeError:
        # A function of numbers refuses anything else.
        return None
    program = builder.program([result])
    return None if primitive.name in program.names else program


@functools.lru_cache(maxsize=4096)
def gradient_program(
    primitive: Primitive, count: int, uses: tuple[float, ...], needed: tuple[int, ...], first_alone: bool
) -> Program:
    """The local gradients of a primitive in the operands at the places needed, as a program of operands and output.

    `uses` is as in `Primitive.local_gradients`; `first_alone` says that no other operand than the first varies.
    """
    builder = Builder(count + 1)
    operands = [Symbol(builder, place) for place in range(count)]
    out = Symbol(builder, count)
    if first_alone and primitive.first_gradient is not None:
        slopes: Any = [primitive.first_gradient(*operands, out)]
    else:
        slopes = primitive.local_gradients(operands, out, list(uses))
    return builder.program([number_of(builder, slopes[place]) for place in needed])
