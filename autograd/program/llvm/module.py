"""A program as LLVM IR: straight-line code over the places that a machine's plan gives to its values.

The code is cut into functions of some hundred operations, for a compiler takes more than twice as long for twice as
long a function. Within one, values are in registers of the processor; values that a later one needs go through memory.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence, Set
from itertools import compress
from typing import Any

from autograd.graph.joint_operations import JointOperation
from autograd.program.llvm.companions import companions
from autograd.program.llvm.elementary import AND, definitions, name_of_several, symbol
from autograd.program.llvm.expressions import CONDITION, INTEGER, REAL, Function, Value, fma, select
from autograd.program.llvm.lowering import SLOPES, lowered
from autograd.program.llvm.reductions import Loop
from autograd.program.llvm.sweeps import Slopes, Sweep
from autograd.program.machine.plan import Plan
from autograd.program.machine.step import Step

__all__ = ["CALL_BACK", "LENGTH", "SHORTEST_LOOP", "WIDTH", "Module", "Scratch", "in_a_row", "is_swept"]

# Rows that one instruction of the widest vector unit serves.
WIDTH = 8
# Operations in a function.
LENGTH = 300
# Operations on fewer numbers of one row are written out.
SHORTEST_LOOP = 24
# Operands of an operation on many that has no loop: LLVM takes a second for a product of 400, and 13 for one of 800.
MOST_WRITTEN_OUT = 100
# Steps for which a number stays in a register of the processor.
REACH = 8
NEVER = -1
# The C function by which functions of Python are called back.
CALL_BACK = "ag_call_back"
# Numbers that lie side by side, of so many at least, are copied by a function: 60,000 one by one took LLVM seconds.
SHORTEST_COPY = 8
COPY = """define internal void @copy(ptr %from, ptr %to, i64 %count) noinline nounwind {
entry:
  br label %next
next:
  %k = phi i64 [ 0, %entry ], [ %after, %next ]
  %source = getelementptr double, ptr %from, i64 %k
  %target = getelementptr double, ptr %to, i64 %k
  %number = load double, ptr %source, align 8
  store double %number, ptr %target, align 8
  %after = add i64 %k, 1
  %more = icmp slt i64 %after, %count
  br i1 %more, label %next, label %end
end:
  ret void
}"""


class Scratch:
    """The places of values that one function computes and another needs, but nothing after the last step.

    They are used again when the last function that needs a value is done, so that they stay in the processor's first
    cache: each is as wide as an instruction, not as a block.
    """

    def __init__(self, plan: Plan, steps: Sequence[Step], written: Set[int]) -> None:
        self.size = 0
        self.place: dict[int, int] = {}
        if len(steps) <= LENGTH:
            # One function: a long operation need not be looked through.
            return
        last_use: dict[int, int] = {}
        for time, step in enumerate(steps):
            last_use.update(dict.fromkeys(step.operands, time))
        free: list[int] = []
        leaving: dict[int, list[int]] = {}
        for time, step in enumerate(steps):
            if time % LENGTH == 0:
                # The function before this one was the last to read these.
                free += leaving.pop(time // LENGTH, [])
            if step.output >= 0 or step.result in written or isinstance(step.primitive, JointOperation):
                continue
            last_part = last_use.get(step.result, time) // LENGTH
            if last_part > time // LENGTH:
                if free:
                    self.place[step.result] = free.pop()
                else:
                    self.place[step.result] = self.size
                    self.size += 1
                leaving.setdefault(last_part + 1, []).append(self.place[step.result])


class Module:
    """The functions of a module whose `@run` does some steps of a plan.

    With a width of 1 it runs one row, on cells alone; for a plan of one row `alone` it writes the outputs that it
    computes to the place of the sums. With another width it runs blocks of `block` rows, `width` of them at a time.
    """

    def __init__(self, plan: Plan, steps: Sequence[Any], width: int, block: int = 1) -> None:
        self.plan = plan
        self.steps = steps
        self.width = width
        self.block = block
        # Numbers from one scratch place to the next.
        self.column = width
        # The values that are written to the places that the plan has for them.
        self.written = set(plan.kept)
        for step in steps if plan.calls_back and width == 1 else ():
            if takes_from_cells(step):
                self.written.update(step.operands)
        self.scratch = self.scratch_of(steps)
        # Functions that are called back are found through an address that has a place of its own there.
        self.reserved = 1 if plan.calls_back else 0
        # The most operands that a C function takes in an array, for which there is room behind the scratch places.
        self.most_gathered = 0
        # For one row alone, whose outputs the code writes: the numbers of the outputs that each value is.
        self.outputs: dict[int, list[int]] = {}
        if plan.alone:
            outputs: Sequence[int] = plan.outputs
            for number in compress(range(len(outputs)), map(self.computed.__getitem__, outputs)):
                self.outputs.setdefault(outputs[number], []).append(number)
        # The names of the functions that are called, by their width and suffix.
        self.called: dict[tuple[int, str], set[str]] = {}
        self.declared: set[str] = set()
        # The functions that are loops, by their names.
        self.loops: dict[str, str] = {}
        # Whether `@copy` is called.
        self.has_copy = False

    @property
    def scratch_size(self) -> int:
        """The numbers of room that the code needs for itself; known once the text is written."""
        return self.steps_at + self.reserved + self.most_gathered

    @property
    def steps_at(self) -> int:
        """The place in that room of the address of the machine's steps, if functions are called back."""
        return self.scratch.size * self.column

    def scratch_of(self, steps: Sequence[Any]) -> Scratch:
        """The places of values that one function computes and another needs."""
        return Scratch(self.plan, steps, self.written)

    def text(self) -> str:
        """The whole module."""
        starts = range(0, len(self.steps), LENGTH)
        parts = [self.part(number, start) for number, start in enumerate(starts)]
        return self.joined(parts, self.entry(len(parts)))

    def joined(self, parts: Sequence[str], entry: str) -> str:
        """The text of a module of these functions, with those that they call."""
        lines = [
            line
            for (width, suffix), names in sorted(self.called.items())
            for line in definitions(names, width, suffix).splitlines()
        ]
        declared = self.declared | {line for line in lines if line.startswith("declare")}
        return "\n".join([
            *sorted(declared),
            *[line for line in lines if line not in declared],
            *([COPY] if self.has_copy else []),
            *self.loops.values(),
            *parts,
            entry,
        ])  # fmt: skip

    def part(self, number: int, start: int) -> str:
        """The function of the steps from `start` on, `LENGTH` of them."""
        function = Function(self.width)
        stop = min(start + LENGTH, len(self.steps))
        known: dict[int, Value] = {}
        used_at: dict[int, int] = {}
        for time in range(start, stop):
            step = self.steps[time]
            joint = isinstance(step.primitive, JointOperation)
            in_memory = self.width == 1 and (joint or is_swept(step))
            used = () if in_memory else step.operands
            for value in self.unused_lately(step.result, used, used_at, time):
                known.pop(value, None)
            if joint:
                self.call_back(function, step, known)
                continue
            operands = [self.operand(function, known, operand) for operand in used]
            if in_memory:
                known[step.result] = self.swept(function, step, known)
            if step.output >= 0:
                self.add_up(function, step, operands)
                continue
            if step.result not in known:
                known |= self.results(function, companions(self.steps, time, stop), operands)
            if self.is_stored(step.result):
                self.store(function, step.result, known[step.result])
            for output in self.outputs.get(step.result, ()):
                self.write_output(function, output, known[step.result])
        return self.defined(number, function)

    def defined(self, number: int, function: Function) -> str:
        """The text of a part, whose lines are those of the function."""
        self.declared |= function.intrinsics
        # As integers, below 0 in rows that count: LLVM widens conditions that are arguments anew at each use.
        rows = function.type_of(INTEGER)
        parameters = f"ptr %registers, ptr %cells, ptr %sums, {rows} %rows, ptr %scratch"
        head = f"define internal void @part_{number}({parameters}) noinline nounwind alignstack(64) {{"
        alive = f"  %alive = icmp slt {rows} %rows, {function.constant(INTEGER, 0)}"
        return "\n".join([head, "entry:", alive, *function.lines, "  ret void", "}"])

    def entry(self, parts: int) -> str:
        """`@run(registers, cells, sums, failed, count, scratch)`: the parts in turn, for each group of rows."""
        if self.width > 1:
            return self.entry_of(self.over_rows("", "entry", [(part, "%scratch") for part in range(parts)]))
        arguments = "ptr %registers, ptr %cells, ptr %sums, i64 -1, ptr %scratch"
        return self.entry_of([f"  call void @part_{part}({arguments})" for part in range(parts)])

    def entry_of(self, lines: list[str]) -> str:
        """The text of `@run`, which has these lines."""
        parameters = "ptr %registers, ptr %cells, ptr %sums, ptr %failed, i64 %count, ptr %scratch"
        return "\n".join([f"define void @run({parameters}) nounwind {{", "entry:", *lines, "  ret void", "}"])

    def over_rows(self, label: str, before: str, parts: Sequence[tuple[int, str]]) -> list[str]:
        """Lines of `@run` that call parts, with the address of their scratch, for each group of rows.

        Labels and names end in `label`; `before` is the block in front of it, `end<label>` the last one.
        """
        width = self.width
        flags, numbers = f"<{width} x i1>", f"<{width} x i64>"
        lanes = ", ".join([f"i64 {lane}" for lane in range(width)])
        zeros = f"<{width} x i32> zeroinitializer"
        return [
            line.replace("~", label)
            for line in [
                "  %checked~ = icmp ne ptr %failed, null",
                "  br label %next~",
                "next~:",
                f"  %row~ = phi i64 [ 0, %{before} ], [ %after~, %work~ ]",
                f"  %one~ = insertelement {numbers} poison, i64 %row~, i64 0",
                f"  %same~ = shufflevector {numbers} %one~, {numbers} poison, {zeros}",
                f"  %rows~ = add {numbers} %same~, <{lanes}>",
                f"  %last~ = insertelement {numbers} poison, i64 %count, i64 0",
                f"  %counts~ = shufflevector {numbers} %last~, {numbers} poison, {zeros}",
                f"  %there~ = icmp slt {numbers} %rows~, %counts~",
                "  br i1 %checked~, label %look~, label %work~",
                "look~:",
                "  %place~ = getelementptr i32, ptr %failed, i64 %row~",
                f"  %guards~ = load <{width} x i32>, ptr %place~, align 4",
                f"  %good~ = icmp slt <{width} x i32> %guards~, zeroinitializer",
                f"  %both~ = and {flags} %there~, %good~",
                "  br label %work~",
                "work~:",
                f"  %count_too~ = phi {flags} [ %there~, %next~ ], [ %both~, %look~ ]",
                f"  %alive~ = sext {flags} %count_too~ to {numbers}",
                "  %group~ = getelementptr double, ptr %registers, i64 %row~",
                "  %columns~ = getelementptr double, ptr %scratch, i64 %row~",
                *[
                    f"  call void @part_{part}"
                    f"(ptr %group~, ptr %cells, ptr %sums, {numbers} %alive~, ptr {scratch}{label})"
                    for part, scratch in parts
                ],
                f"  %after~ = add i64 %row~, {width}",
                "  %more~ = icmp slt i64 %after~, %count",
                "  br i1 %more~, label %next~, label %end~",
                "end~:",
            ]
        ]

    def operand(self, function: Function, known: dict[int, Value], value: int) -> Value:
        """A value, loaded from its place if it is used for the first time in this function."""
        if value not in known:
            address, alignment = self.address(function, value)
            if self.plan.varies[value] or self.width == 1:
                load = f"load {function.type_of(REAL)}, ptr {address}, align {alignment}"
                known[value] = function.emit(REAL, load)
            else:
                known[value] = self.same_in_all_rows(function, address)
        return known[value]

    def unused_lately(self, result: int, operands: Sequence[int], used_at: dict[int, int], time: int) -> list[int]:
        """The operands of a step to load again, which were not used lately: LLVM would store them, too, to do so.

        `used_at` has the times at which values were used last, NEVER for those that are nowhere in memory.
        """
        unused = []
        for operand in operands:
            last = used_at.get(operand, time)
            if last == NEVER:
                continue
            if last < time - REACH:
                unused.append(operand)
            used_at[operand] = time
        used_at[result] = time if self.is_stored(result) else NEVER
        return unused

    def is_stored(self, value: int) -> bool:
        """Whether a value is written to memory when it is computed."""
        return value in self.scratch.place or value in self.written

    def address(self, function: Function, value: int) -> tuple[str, int]:
        """The address of a value, and the alignment of its place in bytes."""
        alignment = 8 * self.width
        if value in self.scratch.place:
            base, index = "%scratch", self.scratch.place[value] * self.column
        elif self.plan.varies[value]:
            base, index = "%registers", self.plan.place[value] * self.block
        else:
            base, index, alignment = "%cells", self.plan.place[value], 8
        address = f"%{function.new_name()}"
        function.lines.append(f"  {address} = getelementptr double, ptr {base}, i64 {index}")
        return address, alignment

    def same_in_all_rows(self, function: Function, address: str) -> Value:
        """The number at an address, in every row."""
        number, first = f"%{function.new_name()}", f"%{function.new_name()}"
        vector = function.type_of(REAL)
        function.lines.append(f"  {number} = load double, ptr {address}, align 8")
        function.lines.append(f"  {first} = insertelement {vector} poison, double {number}, i64 0")
        zeros = f"<{self.width} x i32> zeroinitializer"
        return function.emit(REAL, f"shufflevector {vector} {first}, {vector} poison, {zeros}")

    def store(self, function: Function, value: int, result: Value) -> None:
        """Write a value to its place."""
        address, alignment = self.address(function, value)
        function.lines.append(f"  store {function.type_of(REAL)} {result.text}, ptr {address}, align {alignment}")

    def write_output(self, function: Function, output: int, result: Value) -> None:
        """Store a result at this output; a vector fills the following outputs too."""
        address = f"%{function.new_name()}"
        function.lines.append(f"  {address} = getelementptr double, ptr %sums, i64 {output}")
        function.lines.append(f"  store {result.function.type_of(REAL)} {result.text}, ptr {address}, align 8")

    def add_up(self, function: Function, addition: Step, operands: list[Value]) -> None:
        """Add an output to its sum, in the rows whose guards hold."""
        address = f"%{function.new_name()}"
        vector = function.type_of(REAL)
        function.lines.append(f"  {address} = getelementptr double, ptr %sums, i64 {addition.output * WIDTH}")
        total = function.emit(REAL, f"load {vector}, ptr {address}, align {8 * WIDTH}")
        if len(operands) == 1:
            more = total + operands[0]
        elif self.plan.decides:
            # Rows on several paths are stored, and then added up: there, too, a product is rounded first.
            more = total + operands[0] * operands[1]
        else:
            more = fma(operands[0], operands[1], total)
        kept = select(Value(function, CONDITION, "%alive"), more, total)
        function.lines.append(f"  store {vector} {kept.text}, ptr {address}, align {8 * WIDTH}")

    def results(self, function: Function, steps: Sequence[Step], operands: list[Value]) -> dict[int, Value]:
        """The results, by their numbers, of operations on the same operands that one function does."""
        if len(steps) == 1:
            return {steps[0].result: self.result(function, steps[0], operands)}
        name = name_of_several([step.primitive.name for step in steps])
        kind = function.type_of(REAL)
        members = name.split(AND)
        kinds = f"{{ {', '.join([kind] * len(members))} }}"
        found = self.call(function, kinds, name, operands)
        results = {}
        for step in steps:
            place = members.index(step.primitive.name)
            results[step.result] = function.emit(REAL, f"extractvalue {kinds} {found.text}, {place}")
        return results

    def call(self, function: Function, kind: str, name: str, operands: list[Value]) -> Value:
        """The result of a function that `definitions` gives, which is noted down."""
        self.called.setdefault((function.width, function.suffix), set()).add(name)
        arguments = ", ".join([f"{function.type_of(REAL)} {operand.text}" for operand in operands])
        return function.emit(REAL, f"call {kind} @ag_{name}{function.suffix}({arguments})")

    def result(self, function: Function, step: Step, operands: list[Value]) -> Value:
        """The result of an operation."""
        name = step.primitive.name
        line = lowered(name)
        if line.many:
            if line.write is None or (line.loop is None and len(operands) > MOST_WRITTEN_OUT):
                return self.call_by_row(function, name, operands)
            return line.write(operands)
        if line.inline and line.write is not None:
            return operands[0].like(line.write(*operands))
        return self.call(function, function.type_of(REAL), name, operands)

    def room_for(self, function: Function, count: int) -> str:
        """The address of room for the operands of a C function."""
        self.most_gathered = max(self.most_gathered, count)
        array = f"%{function.new_name()}"
        function.lines.append(f"  {array} = getelementptr double, ptr %scratch, i64 {self.steps_at + self.reserved}")
        return array

    def gather(self, function: Function, array: str, operands: list[Value], row: int) -> None:
        """Write the operands of one row to an array."""
        for place, operand in enumerate(operands):
            number, address = operand, f"%{function.new_name()}"
            if function.width > 1:
                number = function.emit(REAL, f"extractelement {function.type_of(REAL)} {operand.text}, i64 {row}")
            function.lines.append(f"  {address} = getelementptr double, ptr {array}, i64 {place}")
            function.lines.append(f"  store double {number.text}, ptr {address}, align 8")

    def gather_from_memory(
        self, function: Function, known: dict[int, Value], array: str, values: Sequence[int]
    ) -> None:
        """Write the operands of one row alone to an array, those that lie side by side in cells together."""
        in_cells, place = self.in_cells, self.plan.place
        places = [place[value] if in_cells[value] else NEVER for value in values]
        start = 0
        while start < len(values):
            stop = start + 1
            while stop < len(values) and places[start] != NEVER and places[stop] == places[start] + stop - start:
                stop += 1
            target = f"%{function.new_name()}"
            function.lines.append(f"  {target} = getelementptr double, ptr {array}, i64 {start}")
            if stop - start >= SHORTEST_COPY:
                source, _ = self.address(function, values[start])
                function.lines.append(f"  call void @copy(ptr {source}, ptr {target}, i64 {stop - start})")
                self.has_copy = True
            else:
                operands = [self.operand(function, known, value) for value in values[start:stop]]
                self.gather(function, target, operands, 0)
            start = stop

    @functools.cached_property
    def computed(self) -> bytearray:
        """A 1 for each value that a step for one row computes."""
        return self.plan.computed_before()

    @functools.cached_property
    def in_cells(self) -> bytearray:
        """A 1 for each value of one row that is in its cell, for others to read."""
        found = self.computed.translate(bytes([1, 0]) + bytes(254))
        for value in self.written:
            found[value] = 1
        return found

    def side_by_side(self, function: Function, known: dict[int, Value], values: Sequence[int]) -> str:
        """The address of numbers of one row alone: where they lie side by side, or where they are gathered."""
        in_cells = all(map(self.in_cells.__getitem__, values))
        if in_cells and in_a_row(list(map(self.plan.place.__getitem__, values))):
            return self.address(function, values[0])[0]
        array = self.room_for(function, len(values))
        self.gather_from_memory(function, known, array, values)
        return array

    def loop(self, name: str, loop: Loop | Sweep | Slopes) -> str:
        """The name of the function that is a loop of an operation."""
        name = f"long_{name.replace(' ', '_')}"
        if name not in self.loops:
            self.loops[name], declarations = loop.definition(name)
            self.declared |= declarations
        return name

    def swept(self, function: Function, step: Step, known: dict[int, Value]) -> Value:
        """The result of an operation on many numbers of one row."""
        sweep = lowered(step.primitive.name).sweep
        assert sweep is not None
        address = self.side_by_side(function, known, step.operands)
        name = self.loop(step.primitive.name, sweep)
        return function.emit(REAL, f"call double @{name}(ptr {address}, i64 {len(step.operands)})")

    def write_slopes(self, function: Function, step: Step, known: dict[int, Value], slopes: Slopes) -> None:
        """Write the slopes of an operation on many numbers of one row to their cells."""
        adjoint, out = [self.operand(function, known, value) for value in step.operands[:2]]
        address = self.side_by_side(function, known, step.operands[2:])
        results, _ = self.address(function, step.result)
        name = self.loop(step.primitive.name, slopes)
        numbers = f"double {adjoint.text}, double {out.text}, ptr {address}, i64 {len(step.operands) - 2}"
        function.lines.append(f"  call void @{name}({numbers}, ptr {results})")

    def call_back(self, function: Function, step: Step, known: dict[int, Value]) -> None:
        """Call a function back in each row in which all guards hold; its results are written to their places."""
        slopes = SLOPES.get(step.primitive.name)
        if slopes is not None and self.width == 1:
            self.write_slopes(function, step, known, slopes)
            return
        self.declared.add(f"declare void @{CALL_BACK}(ptr, i64, i32, ptr, i64, ptr)")
        count = len(step.operands)
        from_cells = self.width == 1 and takes_from_cells(step)
        # The machine knows where in its cells they are.
        array = "null" if from_cells else self.room_for(function, count)
        if self.width == 1 and not from_cells:
            self.gather_from_memory(function, known, array, step.operands)
        place, steps = f"%{function.new_name()}", f"%{function.new_name()}"
        function.lines.append(f"  {place} = getelementptr ptr, ptr %scratch, i64 {self.steps_at}")
        function.lines.append(f"  {steps} = load ptr, ptr {place}, align 8")
        first, _ = self.address(function, step.result)
        varies = self.plan.varies[step.result]
        for row in range(function.width if varies else 1):
            alive, flag, results = [f"%{function.new_name()}" for _ in range(3)]
            if function.width > 1:
                function.lines.append(f"  {flag} = extractelement {function.type_of(CONDITION)} %alive, i64 {row}")
            else:
                function.lines.append(f"  {flag} = and i1 %alive, true")
            function.lines.append(f"  {alive} = zext i1 {flag} to i32")
            function.lines.append(f"  {results} = getelementptr double, ptr {first}, i64 {row}")
            if function.width > 1:
                operands = [self.operand(function, known, value) for value in step.operands]
                self.gather(function, array, operands, row)
            arguments = f"ptr {steps}, i64 {step.result}, i32 {alive}, ptr {array}, i64 {count}, ptr {results}"
            function.lines.append(f"  call void @{CALL_BACK}({arguments})")

    def call_by_row(self, function: Function, name: str, operands: list[Value]) -> Value:
        """The result of an operation on any number of operands, by a function that takes an array for each row."""
        sweep = lowered(name).sweep
        called = symbol(name) if sweep is None else self.loop(name, sweep)
        if sweep is None:
            self.declared.add(f"declare double @{called}(ptr, i64)")
        vector = function.type_of(REAL)
        result = Value(function, REAL, "poison")
        array = self.room_for(function, len(operands))
        for row in range(function.width):
            self.gather(function, array, operands, row)
            value = function.emit(REAL, f"call double @{called}(ptr {array}, i64 {len(operands)})")
            if function.width == 1:
                return value
            result = function.emit(REAL, f"insertelement {vector} {result.text}, double {value.text}, i64 {row}")
        return result


def takes_from_cells(step: Step) -> bool:
    """Whether a function that is called back for one row finds its operands in the cells by itself."""
    return isinstance(step.primitive, JointOperation) and step.primitive.slopes_kernel is None


def is_swept(step: Step) -> bool:
    """Whether an operation for one row is done by loops over its operands in memory."""
    return len(step.operands) >= SHORTEST_LOOP and lowered(step.primitive.name).sweep is not None


def in_a_row(places: Sequence[int]) -> bool:
    """Whether these are places side by side."""
    return places == list(range(places[0], places[0] + len(places)))
