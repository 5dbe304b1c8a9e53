"""The last passes from a builder to a program: they drop unused operations, and move signs to where they cost least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.graph.joint_operations import RESULT
from autograd.numbers.arrays import integers, lengthened
from autograd.numbers.operation_table import OperationTable
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

# Stands for a missing code or value.
NONE = -1


def finished(
    inputs: int,
    made_at: Any,
    size: int,
    numbers: list[float],
    table: OperationTable,
    primitives: list[Primitive],
    outputs: Sequence[int],
    guards: Sequence[tuple[int, bool, str, int]],
) -> Program:
    """The program that computes these outputs and the conditions of these guards, and nothing else.

    Of `size` values the first are the `inputs`; each other one is a constant, or an operation of the table on earlier
    ones: `made_at` says which, as in `Builder`.
    """
    values = Values(made_at, size, table)
    ends = [*outputs, *[guard[0] for guard in guards]]
    values.turn_signs_in(ends, primitives.index(Negate), primitives.index(Multiply))
    needed = values.needed_for(ends)
    new_numbers = integers(size)
    number = ints_in(new_numbers)
    made = ints_in(made_at)
    count = inputs
    for value in range(count):
        number[value] = value
    constants: list[Any] = []
    for value in range(size):
        if needed[value] and made[value] < NONE:
            number[value] = count
            count += 1
            constants.append(numbers[-2 - made[value]])
    first = count
    entries = 0
    code_at, start_of, count_of = ints_in(values.codes), ints_in(values.starts), ints_in(values.counts)
    for value in range(size):
        if needed[value] and code_at[value] != NONE:
            number[value] = count
            count += 1
            entries += count_of[value]
    new_codes = integers(len(primitives), NONE)
    new_code = ints_in(new_codes)
    names: list[str] = []
    externals: dict[int, Any] = {}
    codes, starts, operands = integers(count - first), integers(count - first + 1), integers(entries)
    of_operation = ints_in(codes)
    start = ints_in(starts)
    operand_at = ints_in(operands)
    used = ints_in(values.operands)
    place = entry = 0
    result = primitives.index(RESULT)
    for value in range(size):
        code = code_at[value]
        if needed[value] and code != NONE:
            if code == result:
                # The first result stands right behind the operation.
                of_operation[place] = used[start_of[value]] - value
            else:
                if new_code[code] == NONE:
                    new_code[code] = len(names)
                    primitive: Any = primitives[code]
                    names.append(primitive.name)
                    if not primitive.built_in:
                        # What is called back is found by itself.
                        externals[len(names) - 1] = primitive
                of_operation[place] = new_code[code]
            place += 1
            for at in range(start_of[value], start_of[value] + count_of[value]):
                operand_at[entry] = number[used[at]]
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


@cython.final
@cython.cclass
class Values:
    """The operations by which values are made: copies, for the builder goes on with its own.

    A value has the code `codes[value]`, `NONE` for inputs and constants, and `counts[value]` operands, from
    `starts[value]` on.
    """

    def __init__(self, made_at: Any, size: int, table: OperationTable) -> None:
        self.size = size
        self.codes, self.starts, self.counts = integers(size, NONE), integers(size), integers(size)
        self.operands = table.operands
        self.find(made_at, table)

    def find(self, made_at: Any, table: OperationTable) -> None:
        """Find the operations in the table."""
        made = ints_in(made_at)
        code, start, count = ints_in(self.codes), ints_in(self.starts), ints_in(self.counts)
        known_code, known_start = ints_in(table.codes), ints_in(table.starts)
        for value in range(self.size):
            operation = made[value]
            if operation >= 0:
                code[value] = known_code[operation]
                start[value] = known_start[operation]
                count[value] = known_start[operation + 1] - known_start[operation]

    def needed_for(self, ends: list[int]) -> bytearray:
        """A 1 for each value that is among these or that they depend on."""
        start, count, used = ints_in(self.starts), ints_in(self.counts), ints_in(self.operands)
        needed = bytearray(self.size)
        for end in ends:
            needed[end] = 1
        # Operands have smaller numbers than what is made of them.
        for value in range(self.size - 1, -1, -1):
            if needed[value]:
                for entry in range(start[value], start[value] + count[value]):
                    needed[used[entry]] = 1
        return needed

    def turn_signs_in(self, ends: list[int], negate: int, multiply: int) -> None:
        """Compute −(a · b) as (−a) · b where several such products share the factor −a.

        The builder turns signs out, where sums take them in; where there is no sum, they are left. An adjoint is a
        factor of many derivatives: its sign is turned once, and a machine adds each product to its sum over rows in one
        step.
        """
        code, start, count = ints_in(self.codes), ints_in(self.starts), ints_in(self.counts)
        needed = self.needed_for(ends)
        negations = [value for value in range(self.size) if needed[value] and code[value] == negate]
        if not negations:
            return
        end = len(self.operands)
        self.operands = lengthened(self.operands, end + 2 * len(negations))
        used = ints_in(self.operands)
        uses, sharing = integers(self.size), integers(self.size)
        use_count, sharing_count = ints_in(uses), ints_in(sharing)
        for value in ends:
            use_count[value] += 1
        for value in range(self.size):
            if needed[value]:
                for entry in range(start[value], start[value] + count[value]):
                    use_count[used[entry]] += 1
        for value in negations:
            product = used[start[value]]
            if code[product] == multiply and use_count[product] == 1:
                sharing_count[used[start[product]]] += 1
                sharing_count[used[start[product] + 1]] += 1
        negatives = integers(self.size, NONE)
        negative = ints_in(negatives)
        for value in negations:
            product = used[start[value]]
            negative[product] = value
            if code[product] != multiply or use_count[product] > 1:
                continue
            a, b = used[start[product]], used[start[product] + 1]
            if negative[a] == NONE and (negative[b] != NONE or sharing_count[b] > sharing_count[a]):
                a, b = b, a
            if negative[a] == NONE:
                if sharing_count[a] < 2:
                    continue
                # Nothing else needs the product as it was.
                code[product] = negate
                used[start[product]] = a
                count[product] = 1
                negative[a] = product
            code[value] = multiply
            start[value] = end
            count[value] = 2
            used[end], used[end + 1] = negative[a], b
            end += 2
