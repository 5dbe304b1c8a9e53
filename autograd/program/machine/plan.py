"""The plan by which a machine runs a program: steps done once, steps done for each block of rows, and their places.

Values that are the same for all rows (parameters, constants, and all that depends on these alone) are computed once.
The others are held in registers of one block, which are used again as soon as their values are not needed any more,
so that the whole computation stays in the processor's first cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autograd.graph.joint_operations import JointOperation
from autograd.numbers.arrays import integers
from autograd.operations.primitives import Minus, Multiply, Plus
from autograd.program.machine.runs import in_runs
from autograd.program.machine.step import ADD, ADD_PRODUCT, MINUS_PRODUCT, PRODUCT_MINUS, PRODUCT_PLUS, Step
from autograd.program.program import Program

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

if not cython.compiled:
    from autograd.numbers.arrays import ints_in
    from autograd.program.machine.step import new_step, operand_in

__all__ = ["Plan", "guards_by_stage"]

# What an operation does in a sum or difference of products.
ADDS, SUBTRACTS, MULTIPLIES = 1, 2, 3
ROLES = {Plus: ADDS, Minus: SUBTRACTS, Multiply: MULTIPLIES}
# Cells in a line of the processor's cache: the vector unit takes longer over numbers that lie in two.
LINE = 8


def makers(program: Program) -> Any:
    """For each value that whose step computes it: itself, or of an operation's results the operation."""
    first = program.first
    made_by = integers(program.size)
    maker = ints_in(made_by)
    of_operation: Any = program.codes
    start_of: Any = program.starts
    used: Any = program.operands
    codes = ints_in(of_operation)
    starts = ints_in(start_of)
    operand_at = ints_in(used)
    for value in range(program.size):
        maker[value] = value
    for number in range(len(program)):
        if codes[number] < 0:
            maker[first + number] = operand_at[starts[number]]
    return made_by


def fused(program: Program) -> list[Step]:
    """The operations, products that are only used in a sum or difference done together with it.

    That saves the way through memory, which is most of the cost of such an operation. Results of an operation that has
    several are no steps.
    """
    primitives = program.primitives()
    roles = bytes([ROLES.get(primitive, 0) for primitive in primitives])
    first = program.first
    of_operation: Any = program.codes
    start_of: Any = program.starts
    used: Any = program.operands
    codes = ints_in(of_operation)
    starts = ints_in(start_of)
    operand_at = ints_in(used)
    uses = integers(program.size)
    use_count = ints_in(uses)
    for entry in range(len(program.operands)):
        use_count[operand_at[entry]] += 1
    for value in program.outputs:
        use_count[value] += 1
    for guard in program.guards:
        use_count[guard.condition] += 1
    steps: list[Any] = []
    taken = bytearray(len(program))
    # From the end on: a product that is taken into its sum is met behind that, and gets no step.
    for number in range(len(program) - 1, -1, -1):
        if codes[number] < 0 or taken[number]:
            continue
        entry = starts[number]
        count = starts[number + 1] - entry
        role = roles[codes[number]]
        if role in (ADDS, SUBTRACTS):
            left, right = operand_at[entry] - first, operand_at[entry + 1] - first
            if left >= 0 and use_count[first + left] == 1 and codes[left] >= 0 and roles[codes[left]] == MULTIPLIES:
                product, other = left, right
                primitive: Any = PRODUCT_PLUS if role == ADDS else PRODUCT_MINUS
            elif (
                right >= 0 and use_count[first + right] == 1 and codes[right] >= 0 and roles[codes[right]] == MULTIPLIES
            ):
                product, other = right, left
                primitive = PRODUCT_PLUS if role == ADDS else MINUS_PRODUCT
            else:
                steps.append(new_step(first + number, primitives[codes[number]], 2, first + left, first + right))
                continue
            taken[product] = 1
            entry = starts[product]
            steps.append(
                new_step(first + number, primitive, 3, operand_at[entry], operand_at[entry + 1], first + other)
            )
        elif 0 < count <= 3:
            # Operands that there are not aren't looked at.
            a, b, c = operand_at[entry], operand_at[entry + count // 2], operand_at[entry + count - 1]
            steps.append(new_step(first + number, primitives[codes[number]], count, a, b, c))
        else:
            operands = tuple([operand_at[place] for place in range(entry, entry + count)])
            steps.append(Step(first + number, primitives[codes[number]], operands))
    steps.reverse()
    return steps


@cython.final
@cython.cclass
class Plan:
    """The places in which the values of a program are held, and the order in which they are computed.

    `varying`: for each input whether it differs between rows; None for a single row (`alone`). A value has the place
    `place[value]`: the number of a cell (if it is the same for all rows) or of a register, as `varies[value]` tells.
    `before_deciding` and `before` have the steps that are done once, `deciding` and `rest` those done for each block:
    first those that guards depend on, then the others. `kept` has the values that are needed after these lists.
    `summed`: for each output, or for all, whether it is added up as soon as it is known; `rest` has a step for it.
    `runs` has the steps that are done once in two further lists, for the interpreter: lists of those done in one go,
    and single ones. The results of an operation with several have places side by side, the first of them that of the
    operation, and no steps: `maker` has for each value the one whose step computes it, for most the value itself.
    `joint_operations` has these operations, `calls_back` says whether there are any, `decides` whether there are
    guards. What such an operation does may have no end, or fail, where a guard before it does not hold: so steps that
    guards depend on are done in `stages`, each of which begins with such an operation and is preceded by a look at the
    guards that are known by then.
    """

    def __init__(
        self, program: Program, varying: Sequence[int] | None = None, summed: bool | Sequence[bool] = False
    ) -> None:
        # Its arrays are open to everyone: once laid out in memory, what they say is not looked at again.
        program.check()
        self.alone = varying is None
        if varying is None:
            varying = bytes(program.inputs)
        if len(varying) != program.inputs:
            raise ValueError(f"a plan says of each of {program.inputs} inputs whether it varies, got {len(varying)}")
        self.summed = [summed] * len(program.outputs) if isinstance(summed, bool) else list(summed)
        stored = [output for output, added in zip(program.outputs, self.summed, strict=True) if not added]
        steps = fused(program)
        self.maker = makers(program)
        self.joint_operations = [one for one in program.externals.values() if isinstance(one, JointOperation)]
        self.calls_back = bool(self.joint_operations)
        self.decides = bool(program.guards)
        self.varies = bytearray(program.size)
        self.varies[: program.inputs] = bytes(varying)
        decides = bytearray(program.size)
        for guard in program.guards:
            decides[self.maker[guard.condition]] = 1
        mark(steps, self.varies, decides, self.maker)
        self.before, self.before_deciding, self.rest, self.deciding = sorted_out(steps, self.varies, decides)
        self.once_in_stages = in_stages(self.before_deciding) if self.calls_back else [self.before_deciding]
        runs = in_runs([*self.once_in_stages, self.before], self.maker)
        # In the order in which they are done, by stages.
        self.stages = runs[: len(runs) - 1]
        once = self.stages[0] if len(self.stages) == 1 else [run for stage in self.stages for run in stage]
        self.runs = [once, runs[len(runs) - 1]]
        self.row_stages = in_stages(self.deciding) if self.calls_back else [self.deciding]
        self.outputs = program.outputs
        kept = bytearray(program.size)
        # The outputs of one row alone are written to its results, not kept in cells.
        for value in (*[guard.condition for guard in program.guards], *(() if self.alone else stored)):
            kept[self.maker[value]] = 1
        self.rest = with_sums(self, program.outputs, kept)
        # Values that are computed before the rows are used by them.
        computed = bytearray(program.size)
        for steps in (self.deciding, self.rest):
            mark_results(steps, computed)
        for steps in (self.deciding, self.rest):
            mark_operands(steps, kept, computed, self.maker)
        self.kept = marked_in(kept)
        self.allocate(program, stored)

    def computed_before(self) -> bytearray:
        """A 1 for each value that a step of `before` computes, by itself."""
        computed = bytearray(len(self.varies))
        mark_results(self.before, computed)
        return computed

    def allocate(self, program: Program, stored: list[int]) -> None:
        """Give each value its place: registers are used again when nothing needs their value any more."""
        decided = len(self.deciding)
        places = Places(self.maker, self.varies, self.deciding + self.rest, self.calls_back)
        for guard in program.guards:
            places.needed_at(guard.condition, decided)
        for output in stored:
            places.needed_at(output, decided + len(self.rest))
        for value in range(program.first):
            places.settle(value)
        for runs in self.runs:
            for run in runs:
                if isinstance(run, Step):
                    places.settle_result(run)
                    continue
                if len(run) >= LINE:
                    places.begin_line()
                for step in run:
                    places.settle_result(step)
        places.settle_steps(decided, sorted({guard.condition for guard in program.guards}))
        if self.calls_back:
            places.settle_results(program.codes, program.first)
        self.place, self.cells, self.registers = places.place, places.cells, places.registers


def in_stages(steps: list[Step]) -> list[list[Step]]:
    """The steps in parts, of which all but the first begin with an operation that has several results."""
    stages: list[list[Step]] = [[]]
    for step in steps:
        if isinstance(step.primitive, JointOperation):
            stages.append([])
        stages[len(stages) - 1].append(step)
    return stages


def guards_by_stage(program: Program, stages: list[list[Step]], varies: Sequence[int], varying: int) -> list[list[Any]]:
    """The guards on values that vary, or not, each with its number, by the stage after which it is looked at first.

    That is the last before an operation with several results that was recorded after the guard's condition.
    """
    if len(stages) == 1:
        guards = enumerate(program.guards)
        return [[(number, guard) for number, guard in guards if varies[guard.condition] == varying]]
    starts = [stage[0].result for stage in stages[1:]]
    found: list[list[Any]] = [[] for _ in stages]
    for number, guard in enumerate(program.guards):
        if varies[guard.condition] == varying:
            found[len([start for start in starts if start < guard.condition])].append((number, guard))
    return found


def with_sums(plan: Plan, outputs: Iterable[int], kept: bytearray) -> list[Step]:
    """The rest of the steps, with the additions of summed outputs behind those that they are the results of.

    A product that is nothing but one output is added without being stored.
    """
    rest = plan.rest
    waiting: dict[int, list[Step]] = {}
    for number, output in enumerate(outputs):
        if plan.summed[number]:
            waiting.setdefault(plan.maker[output], []).append(Step(output, ADD, (output,), number))
    if not waiting:
        return rest
    nothing, used, computed_last = bytearray(len(kept)), bytearray(kept), bytearray(len(kept))
    for steps in (plan.deciding, rest):
        mark_operands(steps, used, nothing, plan.maker)
    mark_results(rest, computed_last)
    together = [addition for value in waiting if not computed_last[value] for addition in waiting[value]]
    for step in rest:
        additions = waiting.get(step.result)
        if additions is None:
            together.append(step)
        elif step.primitive is Multiply and len(additions) == 1 and not used[step.result]:
            together.append(Step(step.result, ADD_PRODUCT, step.operands, additions[0].output))
        else:
            together.append(step)
            together += additions
    return together


def mark_results(steps: list[Step], marks: bytearray) -> None:
    """Mark the values that steps compute, other than by adding to a sum."""
    for step in steps:
        if step.output < 0:
            marks[step.result] = 1


def mark_operands(steps: list[Step], marks: bytearray, but_for: bytearray, made_by: Any) -> None:
    """Mark the steps' results that steps use, except those marked in `but_for`."""
    maker = ints_in(made_by)
    for step in steps:
        for place in range(step.count):
            if not but_for[maker[operand_in(step, place)]]:
                marks[maker[operand_in(step, place)]] = 1


def mark(steps: list[Step], varies: bytearray, decides: bytearray, made_by: Any) -> None:
    """Mark the values that differ from row to row, and the steps' results that the marked decisions depend on."""
    maker = ints_in(made_by)
    for step in steps:
        for place in range(step.count):
            if varies[maker[operand_in(step, place)]]:
                varies[step.result] = 1
    for value in range(len(varies)):
        varies[value] = varies[maker[value]]
    if 1 in decides:
        for step in reversed(steps):
            if decides[step.result]:
                for place in range(step.count):
                    decides[maker[operand_in(step, place)]] = 1


def sorted_out(steps: list[Step], varies: bytearray, decides: bytearray) -> list[list[Step]]:
    """The steps in four lists: the same for all rows, the same and deciding, varying, varying and deciding."""
    lists: list[list[Step]] = [[], [], [], []]
    if not (1 in varies or 1 in decides):
        lists[0] = steps
        return lists
    for step in steps:
        lists[2 * varies[step.result] + decides[step.result]].append(step)
    return lists


def marked_in(marks: bytearray) -> set[int]:
    """The places of the marks: mostly few, among many."""
    found = set()
    place = marks.find(1)
    while place >= 0:
        found.add(place)
        place = marks.find(1, place + 1)
    return found


@cython.final
@cython.cclass
class Places:
    """The cells and registers given to values so far, and when they are free again.

    The number of a step, among those done for each block, is the time.
    """

    def __init__(self, maker: Any, varies: bytearray, steps: list[Step], have_several: bool) -> None:
        size = len(maker)
        self.maker = maker
        self.place = integers(size)
        self.varies = varies
        self.steps = steps
        # Whether there are operations with several results: seldom, and to ask each primitive takes a while.
        self.have_several = have_several
        self.last_use = integers(size, -1)
        self.cells = 0
        self.registers = 0
        self.free: list[int] = []
        self.find_last_uses()

    def find_last_uses(self) -> None:
        """Note for each value the last step that uses it."""
        last_use = ints_in(self.last_use)
        for time, step in enumerate(self.steps):
            for place in range(step.count):
                last_use[operand_in(step, place)] = time
        if self.have_several:
            # The places of operations with several results, and of these, are used but once.
            maker = ints_in(self.maker)
            for step in self.steps:
                if isinstance(step.primitive, JointOperation):
                    last_use[step.result] = len(self.steps) + 1
            for value in range(len(self.maker)):
                if maker[value] != value:
                    last_use[value] = len(self.steps) + 1

    def needed_at(self, value: int, time: int) -> None:
        """Note that a value is needed then."""
        self.last_use[value] = max(self.last_use[value], time)

    def settle(self, value: int) -> None:
        """Give a value its place."""
        place = ints_in(self.place)
        if not self.varies[value]:
            place[value] = self.cells
            self.cells += 1
        elif self.free:
            place[value] = self.free.pop()
        else:
            place[value] = self.registers
            self.registers += 1

    def settle_result(self, step: Step) -> None:
        """Give the result of a step its place; several results get as many, side by side."""
        if not self.have_several or not isinstance(step.primitive, JointOperation):
            self.settle(step.result)
        elif self.varies[step.result]:
            self.place[step.result] = self.registers
            self.registers += step.primitive.count
        else:
            self.place[step.result] = self.cells
            self.cells += step.primitive.count

    def settle_results(self, of_operation: Any, first: int) -> None:
        """Give the results of operations that have several their places, when these have theirs."""
        codes, place, maker = ints_in(of_operation), ints_in(self.place), ints_in(self.maker)
        for value in range(first, len(self.maker)):
            if maker[value] != value:
                place[value] = place[maker[value]] - 1 - codes[value - first]

    def begin_line(self) -> None:
        """Let the next cell be the first of a line."""
        self.cells += -self.cells % LINE

    def settle_steps(self, decided: int, conditions: list[int]) -> None:
        """Give the results of the steps their places; the conditions are looked at before the step `decided`."""
        for time, step in enumerate(self.steps):
            # The result gets its register before the operands give theirs back: a block is not computed onto itself.
            if step.output < 0:
                self.settle_result(step)
            if time == decided:
                for condition in conditions:
                    self.release(condition, time)
            for place in range(step.count):
                self.release(operand_in(step, place), time)

    def release(self, value: int, time: int) -> None:
        """Take the register of a value back if it was used for the last time."""
        last_use = ints_in(self.last_use)
        if last_use[value] == time and self.varies[value]:
            self.free.append(ints_in(self.place)[value])
            # Once, even if a step has the value twice.
            last_use[value] = -1
