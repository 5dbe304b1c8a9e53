"""The last passes from a builder to a program: they drop unused operations, and move signs to where they cost least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.graph.joint_operations import RESULT
from autograd.numbers.arrays import integers
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Multiply, Negate
from autograd.program.program import Program

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import ints_in

__all__ = ["finished"]


def finished(
    inputs: int,
    constant_of: list[float | None],
    made_by: list[Primitive | None],
    operands_of: list[tuple[int, ...] | None],
    outputs: Sequence[int],
    guards: Sequence[tuple[int, bool, str, int]],
) -> Program:
    """The program that computes these outputs and the conditions of these guards, and nothing else.

    The first values are the `inputs`; each other one is a constant, or was made by a primitive from earlier ones.
    """
    ends = [*outputs, *[guard[0] for guard in guards]]
    # The builder goes on with its own.
    made_by, operands_of = list(made_by), list(operands_of)
    turn_signs_in(made_by, operands_of, ends)
    needed = needed_for(ends, operands_of)
    size = len(made_by)
    numbers = integers(size)
    number = ints_in(numbers)
    count = inputs
    for value in range(count):
        number[value] = value
    constants: list[Any] = []
    for value in range(size):
        if needed[value] and constant_of[value] is not None:
            number[value] = count
            count += 1
            constants.append(constant_of[value])
    first = count
    entries = 0
    for value in range(size):
        used = operands_of[value]
        if needed[value] and used is not None:
            number[value] = count
            count += 1
            entries += len(used)
    code_of: dict[Any, int] = {}
    names: list[str] = []
    externals: dict[int, Any] = {}
    codes, starts, operands = integers(count - first), integers(count - first + 1), integers(entries)
    of_operation = ints_in(codes)
    start = ints_in(starts)
    operand_at = ints_in(operands)
    place = entry = 0
    for value in range(size):
        used = operands_of[value]
        if needed[value] and used is not None:
            primitive: Any = made_by[value]
            if primitive is RESULT:
                # The first result stands right behind the operation.
                of_operation[place] = used[0] - value
            else:
                code: Any = code_of.get(primitive)
                if code is None:
                    code = code_of[primitive] = len(names)
                    names.append(primitive.name)
                    if not primitive.built_in:
                        # What is called back is found by itself.
                        externals[code] = primitive
                of_operation[place] = code
            place += 1
            for operand in used:
                operand_at[entry] = number[operand]
                entry += 1
            start[place] = entry
    return Program(
        inputs,
        constants,
        names,
        codes,
        starts,
        operands,
        [number[output] for output in outputs],
        [(number[condition], outcome, file, line) for condition, outcome, file, line in guards],
        externals,
        is_sound=True,
    )


def needed_for(ends: list[int], operands_of: list[tuple[int, ...] | None]) -> bytearray:
    """A 1 for each value that is among these or that they depend on."""
    size = len(operands_of)
    needed = bytearray(size)
    for end in ends:
        needed[end] = 1
    # Operands have smaller numbers than what is made of them.
    for value in range(size - 1, -1, -1):
        operands = operands_of[value]
        if needed[value] and operands is not None:
            for operand in operands:
                needed[operand] = 1
    return needed


def turn_signs_in(made_by: list[Primitive | None], operands_of: list[tuple[int, ...] | None], ends: list[int]) -> None:
    """Compute −(a · b) as (−a) · b where several such products share the factor −a.

    The builder turns signs out, where sums take them in; where there is no sum, they are left. An adjoint is a factor
    of many derivatives: its sign is turned once, and a machine adds each product to its sum over rows in one step.
    """
    size = len(made_by)
    needed = needed_for(ends, operands_of)
    uses, sharing = integers(size), integers(size)
    use_count = ints_in(uses)
    sharing_count = ints_in(sharing)
    for end in ends:
        use_count[end] += 1
    for value in range(size):
        operands: Any = operands_of[value]
        if needed[value] and operands is not None:
            for operand in operands:
                use_count[operand] += 1
    negations = [value for value in range(size) if needed[value] and made_by[value] is Negate]
    for value in negations:
        operands = operands_of[value]
        product = operands[0]
        if made_by[product] is Multiply and use_count[product] == 1:
            operands = operands_of[product]
            sharing_count[operands[0]] += 1
            sharing_count[operands[1]] += 1
    negative: dict[int, int] = {}
    for value in negations:
        operands = operands_of[value]
        product = operands[0]
        negative[product] = value
        if made_by[product] is not Multiply or use_count[product] > 1:
            continue
        operands = operands_of[product]
        a, b = operands
        if a not in negative and (b in negative or sharing_count[b] > sharing_count[a]):
            a, b = b, a
        if a not in negative:
            if sharing_count[a] < 2:
                continue
            # Nothing else needs the product as it was.
            made_by[product] = Negate
            operands_of[product] = (a,)
            negative[a] = product
        made_by[value] = Multiply
        operands_of[value] = (negative[a], b)
