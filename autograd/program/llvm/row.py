"""A program as LLVM IR for one row: operations of one kind side by side in vector registers.

Operations that a program does for many numbers one by one stand in the runs of its plan: their results lie next to each
other, and mostly so do their operands. Eight of them are one instruction here, to run and to compile.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.program.llvm.companions import brought_together
from autograd.program.llvm.expressions import REAL, Function, Value
from autograd.program.llvm.lowering import lowered
from autograd.program.llvm.module import LENGTH, SHORTEST_LOOP, WIDTH, Module, Scratch, in_a_row, is_swept
from autograd.program.llvm.reductions import Loop
from autograd.program.machine.plan import Plan
from autograd.program.machine.step import Step

__all__ = ["module_of_row"]

# The numbers of operations that are done at once.
WIDTHS = (WIDTH, WIDTH // 2, WIDTH // 4)
# A program with more pieces than this share of its operations is done in its own order, in which values that are used
# together stay together.
MOST_PIECES = 0.6


def module_of_row(plan: Plan) -> Module:
    """The module of the steps that are the same for all rows and that no decision depends on."""
    if plan.calls_back:
        return Module(plan, brought_together(plan.before), 1)
    longest = max([len(step.operands) for step in plan.before], default=0)
    if len(plan.runs[1]) == len(plan.before) and longest < SHORTEST_LOOP:
        # A chain: nothing to look for.
        return Module(plan, brought_together(plan.before), 1)
    runs = [run if isinstance(run, list) else [run] for run in plan.runs[1]]
    pieces = [piece for run in runs for piece in cut(run, plan)]
    work = sum([1 if is_loop(piece[0], plan) else operations_of(piece[0]) for piece in pieces])
    if work > MOST_PIECES * sum([operations_of(step) for step in plan.before]):
        return Module(plan, brought_together(plan.before), 1)
    return Row(plan, pieces)


def operations_of(step: Step) -> int:
    """The number of operations on two numbers in which an operation is written out."""
    return max(1, len(step.operands) - 1) if step.primitive.arity is None else 1


def loop_of(step: Step, plan: Plan) -> Loop | None:
    """The loop that does a long sum whose operands lie side by side in memory; None for any other operation."""
    loop = lowered(step.primitive.name).loop if len(step.operands) >= SHORTEST_LOOP else None
    if loop is None:
        return None
    return loop if all([lie_in_a_row(part, plan) for part in parts_of(step, loop)]) else None


def is_loop(step: Step, plan: Plan) -> bool:
    """Whether an operation on many operands is done by a loop."""
    return is_swept(step) or loop_of(step, plan) is not None


def lie_in_a_row(values: Sequence[int], plan: Plan) -> bool:
    """Whether values have places side by side."""
    return in_a_row(list(map(plan.place.__getitem__, values)))


def parts_of(step: Step, loop: Loop) -> list[tuple[int, ...]]:
    """The operands of a long sum, one array of them for each number that a summand is made of."""
    count = len(step.operands) // loop.operands
    return [step.operands[start : start + count] for start in range(0, len(step.operands), count)]


def cut(run: Sequence[Step], plan: Plan) -> list[Sequence[Step]]:
    """The pieces of a run that are done at once: each operand is the same in all steps of one, or lies in a row."""
    if len(run) < WIDTHS[-1] or lowered(run[0].primitive.name).write is None:
        return [[step] for step in run]
    places = [[plan.place[step.operands[position]] for step in run] for position in range(len(run[0].operands))]
    pieces = []
    start = 0
    while start < len(run):
        width = next((width for width in WIDTHS if are_together(places, start, start + width)), 1)
        pieces.append(run[start : start + width])
        start += width
    return pieces


def are_together(places: list[list[int]], start: int, stop: int) -> bool:
    """Whether the operands of these steps, in each position, are the same, or lie in a row."""
    for all_steps in places:
        these = all_steps[start:stop]
        if len(these) < stop - start:
            return False
        if these != [these[0]] * len(these) and not in_a_row(these):
            return False
    return True


class Row(Module):
    """The functions of a module that does pieces of runs."""

    def __init__(self, plan: Plan, pieces: Sequence[Sequence[Step]]) -> None:
        super().__init__(plan, pieces, 1)
        for start in range(0, len(pieces), LENGTH):
            self.find_stored(pieces[start : start + LENGTH])

    def scratch_of(self, steps: Sequence[Sequence[Step]]) -> Scratch:
        # Vectors are read and written where the plan has their numbers side by side.
        return Scratch(self.plan, (), self.written)

    def find_stored(self, pieces: Sequence[Sequence[Step]]) -> None:
        """Note which values one function takes from memory."""
        single, together = set(), set()
        for piece in pieces:
            results = tuple([step.result for step in piece])
            together.add(results)
            if len(piece) == 1:
                single.add(results[0])
            if loop_of(piece[0], self.plan) or (is_swept(piece[0]) and lie_in_a_row(piece[0].operands, self.plan)):
                self.written.update(piece[0].operands)
                continue
            for values in operands_of(piece):
                if values not in together and not single.issuperset(values):
                    self.written.update(values)

    def part(self, number: int, start: int) -> str:
        """The function of some of the pieces."""
        function = Function(1)
        known: dict[int, Value] = {}
        single: set[int] = set()
        vectors: dict[tuple[int, ...], Value] = {}
        for piece in self.steps[start : start + LENGTH]:
            results = tuple([step.result for step in piece])
            if len(piece) == 1:
                step = piece[0]
                loop = loop_of(step, self.plan)
                if loop is not None:
                    result = self.call_loop(function, step, loop)
                elif is_swept(step):
                    result = self.swept(function, step, known)
                else:
                    operands = [self.operand(function, known, value) for value in step.operands]
                    result = self.result(function, step, operands)
                known[step.result] = result
                single.add(step.result)
            else:
                wide = function.in_width(len(piece))
                operands = []
                for values in operands_of(piece):
                    key = values * len(piece) if len(values) == 1 else values
                    if key not in vectors:
                        vectors[key] = self.vector(wide, known, single, values)
                    operands.append(vectors[key])
                result = vectors[results] = self.result(wide, piece[0], operands)
            if not self.written.isdisjoint(results):
                address, _ = self.address(function, results[0])
                kind = result.function.type_of(REAL)
                function.lines.append(f"  store {kind} {result.text}, ptr {address}, align 8")
            self.write_outputs(function, results, result)
        return self.defined(number, function)

    def call_loop(self, function: Function, step: Step, loop: Loop) -> Value:
        """The result of a long sum."""
        parts = parts_of(step, loop)
        addresses = [f"ptr {self.address(function, part[0])[0]}" for part in parts]
        name = self.loop(step.primitive.name, loop)
        return function.emit(REAL, f"call double @{name}({', '.join(addresses)}, i64 {len(parts[0])})")

    def vector(self, wide: Function, known: dict[int, Value], single: set[int], values: tuple[int, ...]) -> Value:
        """A value in all lanes, or several side by side."""
        function = wide.in_width(1)
        kind = wide.type_of(REAL)
        if len(values) == 1:
            first = wide.emit(
                REAL, f"insertelement {kind} poison, double {self.operand(function, known, values[0]).text}, i64 0"
            )
            zeros = f"<{wide.width} x i32> zeroinitializer"
            return wide.emit(REAL, f"shufflevector {kind} {first.text}, {kind} poison, {zeros}")
        if single.issuperset(values):
            result = Value(wide, REAL, "poison")
            for lane, value in enumerate(values):
                result = wide.emit(REAL, f"insertelement {kind} {result.text}, double {known[value].text}, i64 {lane}")
            return result
        address, _ = self.address(function, values[0])
        return wide.emit(REAL, f"load {kind}, ptr {address}, align 8")

    def write_outputs(self, function: Function, results: tuple[int, ...], result: Value) -> None:
        """Write the outputs among the results of a piece."""
        outputs = [self.outputs.get(value, []) for value in results]
        if len(results) == 1:
            for output in outputs[0]:
                self.write_output(function, output, result)
            return
        firsts = [numbers[0] for numbers in outputs if numbers]
        is_row = firsts == list(range(firsts[0], firsts[0] + len(results))) if firsts else False
        if is_row:
            self.write_output(function, firsts[0], result)
        for lane, numbers in enumerate(outputs):
            left = numbers[1:] if is_row else numbers
            if left:
                kind = result.function.type_of(REAL)
                entry = function.emit(REAL, f"extractelement {kind} {result.text}, i64 {lane}")
                for output in left:
                    self.write_output(function, output, entry)


def operands_of(piece: Sequence[Step]) -> list[tuple[int, ...]]:
    """In each position the operands of the steps of a piece, or the one that is the same in all."""
    columns = list(zip(*[step.operands for step in piece], strict=True))
    return [column[:1] if column[0] == column[-1] else column for column in columns]
