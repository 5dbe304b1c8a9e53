"""How a machine runs a program: which operations are done once and which for each block of rows, and in which places.

Values that are the same for all rows (parameters, constants, and what depends on these alone) are computed once.
The others are held in registers of one block, which are used again as soon as their values are not needed any more,
so that the whole computation stays in the processor's first cache.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from autograd.primitives import Minus, Multiply, Plus
from autograd.program.program import Program
from autograd.program.runs import in_runs
from autograd.program.step import ADD, ADD_PRODUCT, MINUS_PRODUCT, PRODUCT_MINUS, PRODUCT_PLUS

try:
    import cython
except ImportError:
    from autograd import _cython as cython

if not cython.compiled:
    from autograd.program.step import Step

__all__ = ["Plan"]


def fused(program: Program) -> list[Step]:
    """The operations, products that are only used in a sum or difference done together with it.

    That saves the way through memory, which is most of the cost of such an operation.
    """
    primitives = program.primitives()
    first = program.first
    steps = []
    uses = array("i", bytes(4 * program.size))
    for number in range(len(program.codes)):
        operands = tuple(program.operands[program.starts[number] : program.starts[number + 1]])
        for operand in operands:
            uses[operand] += 1
        steps.append(Step(first + number, primitives[program.codes[number]], operands))
    for value in program.outputs:
        uses[value] += 1
    for guard in program.guards:
        uses[guard.condition] += 1
    taken = bytearray(program.size)
    for step in steps:
        if step.primitive is Plus or step.primitive is Minus:
            left, right = step.operands
            if is_product(steps, left - first) and uses[left] == 1:
                product = steps[left - first]
                step.primitive = PRODUCT_PLUS if step.primitive is Plus else PRODUCT_MINUS
                step.operands = (*product.operands, right)
                taken[left] = 1
            elif is_product(steps, right - first) and uses[right] == 1:
                product = steps[right - first]
                step.primitive = PRODUCT_PLUS if step.primitive is Plus else MINUS_PRODUCT
                step.operands = (*product.operands, left)
                taken[right] = 1
    return [step for step in steps if not taken[step.result]]


def is_product(steps: list[Step], number: int) -> bool:
    """Whether there is a step of this number, and it multiplies."""
    return number >= 0 and cython.cast(Step, steps[number]).primitive is Multiply


class Plan:
    """Where the values of a program are held, and in which order they are computed.

    `varying` says of each input whether it differs from row to row. A value has the place `place[value]`: the number
    of a cell (for what is the same for all rows) or of a register, as `varies[value]` tells. `before_deciding` and
    `before` have the steps that are done once, `deciding` and `rest` those done for each block: what guards depend
    on, and the others. `kept` has the values that are needed after these lists. `summed` says of each output, or of
    all, whether it is added up as soon as it is known: `rest` has a step for it. What is done once is also there in
    `runs`, the same two lists of it, for the interpreter.
    """

    def __init__(self, program: Program, varying: Sequence[int], summed: bool | Sequence[bool] = False) -> None:
        if len(varying) != program.inputs:
            raise ValueError(f"a plan says of each of {program.inputs} inputs whether it varies, got {len(varying)}")
        self.summed = [summed] * len(program.outputs) if isinstance(summed, bool) else list(summed)
        stored = [output for output, added in zip(program.outputs, self.summed, strict=True) if not added]
        steps = fused(program)
        self.varies = bytearray(program.size)
        self.varies[: program.inputs] = bytes(varying)
        decides = bytearray(program.size)
        for guard in program.guards:
            decides[guard.condition] = 1
        mark(steps, self.varies, decides)
        self.before_deciding = chosen(steps, self.varies, 0, decides, 1)
        self.before = chosen(steps, self.varies, 0, decides, 0)
        self.runs = in_runs([self.before_deciding, self.before], program.size)
        self.deciding = chosen(steps, self.varies, 1, decides, 1)
        self.rest = chosen(steps, self.varies, 1, decides, 0)
        self.kept = {guard.condition for guard in program.guards} | set(stored)
        self.sum_up(program)
        # What is computed before the rows is used by them.
        computed = bytearray(program.size)
        for step in (*self.deciding, *self.rest):
            if step.output < 0:
                computed[step.result] = 1
        self.kept |= {
            operand for step in (*self.deciding, *self.rest) for operand in step.operands if not computed[operand]
        }
        self.allocate(program, stored)

    def sum_up(self, program: Program) -> None:
        """Put the additions of outputs behind the steps that they are the results of.

        A product that is nothing but one output is added without being stored.
        """
        waiting: dict[int, list[Step]] = {}
        for number, output in enumerate(program.outputs):
            if self.summed[number]:
                waiting.setdefault(output, []).append(Step(output, ADD, (output,), number))
        used = self.kept | {operand for step in (*self.deciding, *self.rest) for operand in step.operands}
        computed_last = {step.result for step in self.rest}
        rest = [addition for value in waiting if value not in computed_last for addition in waiting[value]]
        for step in self.rest:
            additions = waiting.get(step.result, [])
            if step.primitive is Multiply and len(additions) == 1 and step.result not in used:
                rest.append(Step(step.result, ADD_PRODUCT, step.operands, additions[0].output))
            else:
                rest.append(step)
                rest += additions
        self.rest = rest

    def allocate(self, program: Program, stored: list[int]) -> None:
        """Give each value its place: registers are used again when nothing needs their value any more."""
        last_use = last_uses(program.size, (*self.deciding, *self.rest))
        conditions = {guard.condition for guard in program.guards}
        decided = len(self.deciding)
        for condition in conditions:
            last_use[condition] = max(last_use[condition], decided)
        for output in stored:
            last_use[output] = decided + len(self.rest)
        places = Places(program.size, self.varies, last_use)
        for value in range(program.first):
            places.settle(value)
        for runs in self.runs:
            for run in runs:
                for step in run:
                    places.settle(step.result)
        for time, step in enumerate((*self.deciding, *self.rest)):
            # The result gets its register before the operands give theirs back: a block is not computed onto itself.
            if step.output < 0:
                places.settle(step.result)
            if time == decided:
                places.release(conditions, time)
            places.release(step.operands, time)
        self.place, self.cells, self.registers = places.place, places.cells, places.registers


def mark(steps: list[Step], varies: bytearray, decides: bytearray) -> None:
    """Mark the results that differ from row to row, and those that the marked decisions depend on."""
    for step in steps:
        for operand in step.operands:
            if varies[operand]:
                varies[step.result] = 1
    for step in reversed(steps):
        if decides[step.result]:
            for operand in step.operands:
                decides[operand] = 1


def chosen(steps: list[Step], varies: bytearray, varying: int, decides: bytearray, deciding: int) -> list[Step]:
    """The steps whose results vary and decide, or not."""
    return [step for step in steps if varies[step.result] == varying and decides[step.result] == deciding]


def last_uses(size: int, steps: Iterable[Step]) -> Any:
    """For each value the number of the last step that uses it, -1 if none does."""
    last_use = array("i", [-1]) * size
    for time, step in enumerate(steps):
        for operand in step.operands:
            last_use[operand] = time
    return last_use


@cython.final
@cython.cclass
class Places:
    """The cells and registers given to values so far."""

    def __init__(self, size: int, varies: bytearray, last_use: Any) -> None:
        self.place = array("i", bytes(4 * size))
        self.varies = varies
        self.last_use = last_use
        self.cells = 0
        self.registers = 0
        self.free: list[int] = []

    def settle(self, value: int) -> None:
        """Give a value its place."""
        if not self.varies[value]:
            self.place[value] = self.cells
            self.cells += 1
        elif self.free:
            self.place[value] = self.free.pop()
        else:
            self.place[value] = self.registers
            self.registers += 1

    def release(self, values: Iterable[int], time: int) -> None:
        """Take the registers back of those values that were used for the last time."""
        for value in values:
            if self.last_use[value] == time and self.varies[value]:
                self.free.append(self.place[value])
                # Once, even where a step has the value twice.
                self.last_use[value] = -1
