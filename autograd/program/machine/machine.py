"""The interpreter: runs a program over blocks of rows, one primitive at a time, by a plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from autograd.graph.joint_operations import JointOperation
from autograd.graph.locks import Lock
from autograd.numbers.arrays import doubles, integers, unset_doubles
from autograd.operations.primitive import Primitive, all_primitives, count_built_in
from autograd.program.machine._blocks import BLOCKS
from autograd.program.machine.block import vector_bits
from autograd.program.machine.columns import Columns
from autograd.program.machine.copies import Copies
from autograd.program.machine.plan import Plan, guards_by_stage
from autograd.program.machine.runs import LONGEST
from autograd.program.machine.step import ADD, FUSED
from autograd.program.machine.work import IN_BLOCKS, looked_through, written
from autograd.program.program import Program

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from array import array

    from autograd.numbers.arrays import doubles_in, ints_in
    from autograd.operations.kernel import Kernel, shares_into
    from autograd.operations.primitive import Primitive
    from autograd.program.machine.block import Block
    from autograd.program.machine.columns import address_of
    from autograd.program.machine.step import Step, operand_in

__all__ = ["BLOCK", "Machine", "Rows", "Workspace", "address_of_call", "address_of_value"]

# Rows in a block: between 32 and 128 makes no difference, fewer and more are slower.
if not cython.compiled:
    BLOCK = 64
    # Sums over rows are kept in so many parts, which the vector unit adds at once.
    LANES = 8
    CACHE_LINE = 64
    NOTHING = None
    UNARY, BINARY, TERNARY, MANY, ADDITION, PRODUCT_ADDITION, CALL, SHARES, RUN = 1, 2, 3, 4, 5, 6, 7, 8, 9
    # The kind of an operation that is not on cells alone is so much more. Bits say what of it lies in registers.
    IN_REGISTERS = 16
    OUT, A, B, C = 1, 2, 4, 8
DOUBLES = ord("d")
# Calls of one row are counted so many at a time, unless each takes as long as this many operations.
OFTEN, LONG = 1000, 10_000


def fastest_blocks() -> Any:
    """The block functions that were compiled for the vector unit of this processor; all give the same bits."""
    try:
        if vector_bits() >= 512:
            from autograd.program.machine._blocks_avx512 import BLOCKS as fastest  # type: ignore[import-not-found]

            return fastest
        if vector_bits() >= 256:
            from autograd.program.machine._blocks_avx2 import BLOCKS as fastest

            return fastest
    except ImportError:
        # Not built for this system.
        pass
    return BLOCKS


FASTEST = fastest_blocks()
BLOCKS_OF_FUSED = {fused: FASTEST[fused.name] for fused in FUSED}
# Those of built-in primitives by their numbers.
BLOCKS_BY_NUMBER: list[Any] = [None] * (1 + count_built_in())
for _primitive in all_primitives(auxiliary=True):
    if _primitive.number > 0 and _primitive.arity is not None:
        BLOCKS_BY_NUMBER[_primitive.number] = FASTEST.get(_primitive.name)


def block_of(operation: Any) -> Block | None:
    """The block functions of a primitive or `Fused`; None for those of any number of operands, and of users."""
    if isinstance(operation, Primitive):
        return BLOCKS_BY_NUMBER[cython.cast(Primitive, operation).number]  # type: ignore[no-any-return]
    return BLOCKS_OF_FUSED.get(operation)


# Compiled, they are in machine.pxd.
if not cython.compiled:

    def cell(cells: Any, place: int) -> Any:
        """The address of one of these cells."""
        return cells[place]

    def either(varies: int, registers: Any, cells: Any, place: int) -> Any:
        """The address of a register if the value varies, else of a cell."""
        return registers[place] if varies else cells[place]


def next_cache_line(memory: Any) -> Any:
    """The first place in the memory at which a cache line begins; only compiled."""
    return cython.cast("double*", (cython.cast(cython.size_t, memory) + CACHE_LINE - 1) // CACHE_LINE * CACHE_LINE)


@cython.final
@cython.cclass
class Memory:
    """Memory for `count` blocks of `width` numbers.

    It begins with a cache line, for numbers that the vector unit takes at once would else lie in two.
    """

    def __init__(self, count: int, width: int) -> None:
        self.width = width
        if cython.compiled:
            self.given = calloc(count * width + LANES, 8)  # type: ignore[name-defined]  # noqa: F821
            if not self.given:
                raise MemoryError(f"no memory for {count} blocks of {width} numbers")
            self.numbers = next_cache_line(self.given)
        else:
            self.blocks = [[0.0] * width for _ in range(count)]

    def __dealloc__(self) -> None:
        free(self.given)  # type: ignore[name-defined]  # noqa: F821

    def write(self, place: int, row: int, numbers: Any) -> None:
        """Write numbers to a row of as many blocks."""
        given = numbers if isinstance(numbers, array) else array("d", numbers)
        memory = doubles_in(given)
        if cython.compiled and self.width == 1:
            memcpy(self.at(place + row), memory, 8 * len(given))  # type: ignore[name-defined]  # noqa: F821
            return
        for entry in range(len(given)):
            self.at(place + entry)[row] = memory[entry]

    def at(self, place: int) -> Any:
        """One block."""
        return self.numbers + place * self.width if cython.compiled else self.blocks[place]

    def all(self) -> Any:
        """All blocks, of which `cell` or `either` gives one."""
        return self.numbers if cython.compiled else self.blocks


@cython.final
@cython.cclass
class Layout:
    """The memory for all values of a plan."""

    def __init__(self, plan: Plan, cells: Memory, registers: Memory, sums: Memory) -> None:
        self.place = plan.place
        self.varies = plan.varies
        self.cells = cells
        self.registers = registers
        self.sums = sums

    def of(self, value: int) -> Any:
        """The address of a value."""
        memory = self.registers if self.varies[value] else self.cells
        return memory.at(self.place[value])

    def memory_of(self, value: int) -> Memory:
        """The memory that a value lies in."""
        return self.registers if self.varies[value] else self.cells

    def place_of(self, value: int) -> int:
        """The place in that memory."""
        return ints_in(self.place)[value]  # type: ignore[no-any-return]

    def stride(self, value: int) -> int:
        """The distance from a row's number to the next row's: 0 for values that are the same for all rows."""
        return 1 if self.varies[value] else 0


@cython.final
@cython.cclass
class Steps:
    """Operations made ready to run, on blocks of cells and of registers, in stages."""

    def __init__(
        self, stages: Sequence[Sequence[Any]], plan: Plan, cells: Memory, registers: Memory, sums: Memory
    ) -> None:
        steps = stages[0] if len(stages) == 1 else [step for stage in stages for step in stage]
        self.size = 0
        self.used = 0
        # Operands of operations on any number of them: of all, of the one with most; and those of runs.
        self.many = self.most = self.together_in_all = 0
        # Operations on any number of operands, and runs: so far, and in all.
        self.wide_size = self.wide_count = 0
        # The work that machine code would take over: operations done for a block of rows at once, operands of others,
        # which are done row by row; and what would be made besides the first ones.
        self.in_blocks = self.by_row = self.to_make = 0
        self.count_operands(steps)
        self.places = integers(self.together_in_all)
        self.placed = 0
        # By their results' numbers, functions that are called back, with the places of their results; and what they
        # raised, by row.
        self.calls: dict[int, Any] = {}
        self.errors: dict[int, BaseException] = {}
        self.cells, self.registers, self.sums = cells, registers, sums
        self.together = Memory(3, LONGEST)
        # Preallocated for the operands of one row: operations on many run without Python's lock, and could not raise
        # MemoryError.
        self.row_operands = Memory(1, self.most)
        if cython.compiled:
            self.instructions = cython.cast(
                "Instruction*",
                calloc(len(steps) + 1, cython.sizeof("Instruction")),  # type: ignore[name-defined]  # noqa: F821
            )
            self.wide = cython.cast("Wide*", calloc(self.wide_count + 1, cython.sizeof("Wide")))  # type: ignore[name-defined]  # noqa: F821
            self.operands = cython.cast("double**", calloc(self.many + 1, 8))  # type: ignore[name-defined]  # noqa: F821
            self.strides = cython.cast("Py_ssize_t*", calloc(self.many + 1, 8))  # type: ignore[name-defined]  # noqa: F821
            if not (self.instructions and self.wide and self.operands and self.strides):
                raise MemoryError(f"no memory for {len(steps)} operations")
        else:
            self.instructions = [
                SimpleNamespace(where=0, out=0, a=0, b=0, c=0, function=SimpleNamespace()) for _ in steps
            ]
            self.wide = [SimpleNamespace() for _ in range(self.wide_count)]
            self.operands = [None] * self.many
            self.strides = [0] * self.many
        layout = Layout(plan, cells, registers, sums)
        self.stage_count = len(stages)
        self.stage_stops = integers(self.stage_count)
        for number, stage in enumerate(stages):
            self.append_all(stage, layout)
            self.stage_stops[number] = self.size

    def __dealloc__(self) -> None:
        free(self.wide)  # type: ignore[name-defined]  # noqa: F821
        free(self.instructions)  # type: ignore[name-defined]  # noqa: F821
        free(self.operands)  # type: ignore[name-defined]  # noqa: F821
        free(self.strides)  # type: ignore[name-defined]  # noqa: F821

    def count_operands(self, steps: Sequence[Any]) -> None:
        """Note how many operands there are memory is needed for."""
        for entry in steps:
            if isinstance(entry, list):
                step = cython.cast(Step, entry[0])
                self.together_in_all += len(entry) * step.count
                self.wide_count += 1
                continue
            step = cython.cast(Step, entry)
            if block_of(step.primitive) is None:
                self.wide_count += 1
                self.many += step.count
                self.most = max(self.most, step.count)

    def append_all(self, steps: Sequence[Any], layout: Layout) -> None:
        """Add steps, and runs of steps."""
        for entry in steps:
            if isinstance(entry, list):
                self.append_run(entry, layout)
                continue
            step = cython.cast(Step, entry)
            if step.output >= 0:
                self.append_addition(step, layout)
            else:
                self.append(step, layout)

    def append_addition(self, addition: Step, layout: Layout) -> None:
        """Add the addition of an output, or of a product that is an output, to its sum."""
        step = self.size
        self.append_operands_of(addition, cython.cast(Block, block_of(addition.primitive)), layout)
        self.instructions[step].out = addition.output
        self.instructions[step].kind = ADDITION if addition.primitive is ADD else PRODUCT_ADDITION

    def append(self, operation: Step, layout: Layout) -> None:
        """Add an operation."""
        step = self.size
        block: Any = block_of(operation.primitive)
        if block is None:
            self.append_wide(operation, layout)
        else:
            self.append_operands_of(operation, block, layout)
        self.instructions[step].out = layout.place_of(operation.result)
        if layout.varies[operation.result]:
            self.instructions[step].where |= OUT
            if block is not None:
                self.instructions[step].kind += IN_REGISTERS

    def append_operands_of(self, operation: Step, block: Block, layout: Layout) -> None:
        """Add an operation on up to three operands, but for the place of its result."""
        step = self.size
        self.size += 1
        self.in_blocks += 1
        self.instructions[step].kind = block.arity
        # Operands that there are not are as the last one.
        first = operation.first
        second = operation.second if block.arity > 1 else first
        third = operation.third if block.arity > 2 else second
        self.instructions[step].a = layout.place_of(first)
        self.instructions[step].b = layout.place_of(second)
        self.instructions[step].c = layout.place_of(third)
        varying = layout.stride(first) + 2 * layout.stride(second) + 4 * layout.stride(third)
        self.instructions[step].where = A * varying
        self.take_function(step, block, ~varying & ((1 << block.arity) - 1))

    def take_function(self, step: int, block: Block, same: int) -> None:
        """Have an instruction call a function of a block: bits say which operands are the same for all rows."""
        if block.arity == UNARY:
            self.instructions[step].function.unary = block.unary
        elif block.arity == TERNARY:
            self.instructions[step].function.ternary = block.ternary[same]
        elif same == 1:
            self.instructions[step].function.binary = block.right_varies
        else:
            self.instructions[step].function.binary = block.left_varies if same == 2 else block.both_vary

    def append_wide(self, operation: Step, layout: Layout) -> None:
        """Add an operation on any number of operands, but for the place of its result."""
        primitive = operation.primitive
        operands = operation.operands
        step, wide = self.size, self.wide_size
        self.size += 1
        self.wide_size += 1
        self.instructions[step].a = wide
        self.wide[wide].first = self.used
        self.wide[wide].many = len(operands)
        self.wide[wide].result = operation.result
        if isinstance(primitive, JointOperation) and (layout.varies[operation.result] or not primitive.slopes_kernel):
            # Machine code calls it back, too. Loops tell the work in them.
            self.to_make += looked_through(len(operands))
        else:
            self.by_row += len(operands)
            self.to_make += written(len(operands))
        if isinstance(primitive, JointOperation):
            self.instructions[step].kind = CALL
            copies: Copies | None = None
            if cython.compiled and not layout.varies[operation.result]:
                if primitive.slopes_kernel is None:
                    copies = Copies(picked(layout.place, array("i", operands)), range(len(operands)))
                else:
                    # Here, but not in machine code, without a call of Python.
                    self.instructions[step].kind = SHARES
                    self.instructions[step].function.slopes = kernel_of_slopes(primitive).nary_slopes
                    self.wide[wide].scattered = is_scattered(operands, 2, layout)
                    if not self.wide[wide].scattered:
                        operands = operands[:3]
            memory, place = layout.memory_of(operation.result), layout.place_of(operation.result)
            self.calls[operation.result] = (primitive, memory, place, copies)
        else:
            self.instructions[step].kind = MANY
            self.instructions[step].function.nary = kernel_of(primitive).nary_value
            self.wide[wide].scattered = is_scattered(operands, 0, layout)
            if not self.wide[wide].scattered:
                # Side by side, they are found where the first one is.
                operands = operands[:1]
        self.append_operands(operands, layout)

    def append_operands(self, operands: tuple[int, ...], layout: Layout) -> None:
        """Add the addresses of any number of operands."""
        for operand in operands:
            self.operands[self.used] = layout.of(operand)
            self.strides[self.used] = layout.stride(operand)
            self.used += 1

    def append_run(self, run: list[Step], layout: Layout) -> None:
        """Add operations of one primitive that are done together, on cells."""
        step, wide = self.size, self.wide_size
        self.size += 1
        self.wide_size += 1
        self.in_blocks += len(run)
        operation = run[0]
        block: Any = block_of(operation.primitive)
        self.instructions[step].kind = RUN + block.arity
        self.instructions[step].out = layout.place[operation.result]
        self.instructions[step].a = wide
        self.wide[wide].many = len(run)
        self.wide[wide].first = self.placed
        self.wide[wide].scattered = 0
        same = 0
        for position in range(block.arity):
            places = [layout.place[operand_in(operation, position)] for operation in run]
            self.wide[wide].begins[position] = places[0]
            if len(set(places)) == 1 and same | 1 << position != (1 << block.arity) - 1:
                same |= 1 << position
            elif places != list(range(places[0], places[0] + len(run))):
                self.wide[wide].scattered |= 1 << position
                for place in places:
                    self.places[self.placed] = place
                    self.placed += 1
        self.take_function(step, block, same)

    def run(self, count: int, failed: Any) -> None:
        """Run all operations on the first `count` rows of the blocks.

        Outputs are added up where `failed` is negative; everywhere if there is no `failed`.
        """
        if cython.compiled and self.native:
            self.native(
                self.native_registers,
                self.native_cells,
                self.native_sums,
                failed,
                count,
                cython.cast(Memory, self.scratch).numbers,
            )
            return
        self.run_steps(0, self.size, count, failed)

    def run_stage(self, stage: int, count: int, failed: Any) -> None:
        """Run the operations of one stage likewise, by the interpreter."""
        stops = ints_in(self.stage_stops)
        self.run_steps(stops[stage - 1] if stage > 0 else 0, stops[stage], count, failed)

    def run_steps(self, start: int, stop: int, count: int, failed: Any) -> None:
        """Run some of the operations likewise."""
        cells, instructions = self.cells.all(), self.instructions
        for step in range(start, stop):
            kind = instructions[step].kind
            out, a, b = instructions[step].out, instructions[step].a, instructions[step].b
            if kind == BINARY:
                instructions[step].function.binary(cell(cells, out), cell(cells, a), cell(cells, b), count)
            elif kind == UNARY:
                instructions[step].function.unary(cell(cells, out), cell(cells, a), count)
            elif kind == TERNARY:
                c = instructions[step].c
                instructions[step].function.ternary(
                    cell(cells, out), cell(cells, a), cell(cells, b), cell(cells, c), count
                )
            elif kind > IN_REGISTERS:
                self.run_on_registers(step, count)
            elif kind > RUN:
                self.run_together(step)
            else:
                self.run_other(step, count, failed)

    def run_on_registers(self, step: int, count: int) -> None:
        """Run an operation on one to three operands, not all of which lie in cells."""
        registers, cells, instructions = self.registers.all(), self.cells.all(), self.instructions
        kind = instructions[step].kind - IN_REGISTERS
        where = instructions[step].where
        out = either(where & OUT, registers, cells, instructions[step].out)
        a = either(where & A, registers, cells, instructions[step].a)
        b = either(where & B, registers, cells, instructions[step].b)
        if kind == BINARY:
            instructions[step].function.binary(out, a, b, count)
        elif kind == UNARY:
            instructions[step].function.unary(out, a, count)
        else:
            c = either(where & C, registers, cells, instructions[step].c)
            instructions[step].function.ternary(out, a, b, c, count)

    def at(self, varies: int, place: int) -> Any:
        """The address of a place in the registers, or the cells."""
        return self.registers.at(place) if varies else self.cells.at(place)

    def run_other(self, step: int, count: int, failed: Any) -> None:
        """Run an operation on any number of operands, or add to a sum."""
        kind = self.instructions[step].kind
        if kind == MANY:
            self.run_many(step, count)
        elif kind in (ADDITION, PRODUCT_ADDITION):
            self.add_up(step, count, failed)
        elif kind == CALL:
            self.call_back(step, count, failed)
        else:
            self.run_shares(step)

    def run_together(self, step: int) -> None:
        """Run operations of one primitive in one go; only compiled. Operands that don't lie in a row are gathered."""
        wide = self.instructions[step].a
        count = self.wide[wide].many
        scattered = self.wide[wide].scattered
        places = self.places.data.as_ints + self.wide[wide].first
        a = self.cells.at(self.wide[wide].begins[0])
        b = self.cells.at(self.wide[wide].begins[1])
        c = self.cells.at(self.wide[wide].begins[2])
        if scattered & 1:
            a = self.gather(0, places, count)
            places += count
        if scattered & 2:
            b = self.gather(1, places, count)
            places += count
        if scattered & 4:
            c = self.gather(2, places, count)
        kind = self.instructions[step].kind - RUN
        out = self.cells.at(self.instructions[step].out)
        if kind == BINARY:
            self.instructions[step].function.binary(out, a, b, count)
        elif kind == UNARY:
            self.instructions[step].function.unary(out, a, count)
        else:
            self.instructions[step].function.ternary(out, a, b, c, count)

    def gather(self, position: int, places: Any, count: int) -> Any:
        """The numbers of these cells, side by side."""
        numbers = self.together.at(position)
        cells = self.cells.at(0)
        for entry in range(count):
            numbers[entry] = cells[places[entry]]
        return numbers

    def run_shares(self, step: int) -> None:
        """Give the slopes of an operation on cells, times an adjoint; only compiled.

        The operands of this are the adjoint, the output and the operands of that.
        """
        wide = self.instructions[step].a
        first, many = self.wide[wide].first, self.wide[wide].many - 2
        operands = self.operands[first + 2]
        if self.wide[wide].scattered:
            operands = self.row_operands.at(0)
            for place in range(many):
                operands[place] = self.operands[first + 2 + place][0]
        shares_into(
            self.instructions[step].function.slopes,
            self.operands[first][0],
            self.operands[first + 1][0],
            operands,
            many,
            self.cells.at(self.instructions[step].out),
        )

    def call_back(self, step: int, count: int, failed: Any) -> None:
        """Call a function back for each row in which all guards hold so far."""
        wide = self.instructions[step].a
        first, many, result = self.wide[wide].first, self.wide[wide].many, self.wide[wide].result
        for row in range(count):
            if (not failed if cython.compiled else failed is None) or failed[row] < 0:
                numbers = self.operands_in_cells(result, many)
                if numbers is None:
                    numbers = unset_doubles(many)
                    memory = doubles_in(numbers)
                    for entry in range(many):
                        memory[entry] = self.operands[first + entry][row * self.strides[first + entry]]
                self.call_for_row(result, numbers, row, False)

    def operands_in_cells(self, result: int, count: int) -> Any:
        """The operands of a function that is called back for one row alone; None for one of several rows."""
        copies = self.calls[result][3]
        if copies is None:
            return None
        numbers = unset_doubles(count)
        cython.cast(Copies, copies).copy(self.cells.at(0), doubles_in(numbers))
        return numbers

    def call_at(self, result: int, numbers: Any, results: Any) -> None:
        """Call a function back whose results' first place is this one; only compiled."""
        _, memory, place, _ = self.calls[result]
        self.call_for_row(result, numbers, results - memory.at(place), True)

    def call_for_row(self, result: int, numbers: Any, row: int, in_code: bool) -> None:
        """Write what an operation gives for these numbers to the row; what it raises is kept, and nan written."""
        operation, memory, place, _ = self.calls[result]
        try:
            results = operation.results_in_code(numbers) if in_code else operation.results(numbers)
        except BaseException as error:  # raised where it can be: see `settle_errors`
            self.errors[row] = error
            results = [math.nan] * operation.count
        memory.write(place, row, results)

    def use(self, code: Any, registers: Memory, cells: Memory, sums: Memory) -> None:
        """Run machine code from now on; only compiled."""
        if cython.compiled:
            self.scratch = Memory(code.scratch, 1)
            self.native_registers = registers.at(0)
            self.native_cells = cells.at(0)
            self.native_sums = sums.at(0)
            self.native = cython.cast("Native", cython.cast(cython.size_t, code.address))
            if self.calls:
                # Machine code hands it on to `call_from_code`.
                place = code.steps_at
                numbers = cython.cast(Memory, self.scratch).numbers + place
                cython.cast("void**", numbers)[0] = cython.cast("void*", self)

    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.size == 0

    def joint_operations(self) -> list[JointOperation]:
        """Those that are called back, which tell their own work: it may differ each time."""
        return [operation for operation, _, _, _ in self.calls.values()]

    def run_into(self, results: Any) -> None:
        """Run machine code for one row alone, which writes the outputs it computes to `results`; only compiled."""
        numbers = cython.cast(Memory, self.scratch).numbers
        self.native(self.native_registers, self.native_cells, results, NOTHING, 1, numbers)

    def add_up(self, step: int, count: int, failed: Any) -> None:
        """Add the rows of a block to the lanes of a sum, always in the same order."""
        lanes = self.sums.at(self.instructions[step].out)
        where = self.instructions[step].where
        left = self.at(where & A, self.instructions[step].a)
        right = self.at(where & B, self.instructions[step].b)
        stride = 1 if where & A else 0
        right_stride = 1 if where & B else 0
        is_product = self.instructions[step].kind == PRODUCT_ADDITION
        everywhere = not failed if cython.compiled else failed is None
        together = 0
        if everywhere and (is_product or stride == 1):
            together = count - count % LANES
            if is_product:
                self.instructions[step].function.binary(lanes, left, right, together)
            else:
                self.instructions[step].function.unary(lanes, left, together)
        for row in range(together, count):
            if everywhere or failed[row] < 0:
                term = left[row * stride]
                if is_product:
                    term *= right[row * right_stride]
                lanes[row % LANES] += term

    def run_many(self, step: int, count: int) -> None:
        """Run an operation on any number of operands: row by row, its operands gathered."""
        wide = self.instructions[step].a
        many, first = self.wide[wide].many, self.wide[wide].first
        out = self.at(self.instructions[step].where & OUT, self.instructions[step].out)
        if cython.compiled and not self.wide[wide].scattered:
            out[0] = self.instructions[step].function.nary(self.operands[first], many)
            return
        gathered = self.row_operands.at(0)
        for row in range(count):
            for operand in range(many):
                gathered[operand] = self.operands[first + operand][row * self.strides[first + operand]]
            out[row] = self.instructions[step].function.nary(gathered, many)


def address_of_value(primitive: Primitive) -> int:
    """The address of the C function that gives the value of a primitive."""
    kernel = kernel_of(primitive)
    if not cython.compiled:
        raise RuntimeError("machine code needs the compiled engine: it calls its C functions")
    if kernel.arity == 1:
        return int(cython.cast(cython.size_t, kernel.unary_value))
    if kernel.arity == 2:
        return int(cython.cast(cython.size_t, kernel.binary_value))
    return int(cython.cast(cython.size_t, kernel.nary_value))


def call_from_code(steps: Any, result: int, is_alive: int, operands: Any, count: int, results: Any) -> None:
    """Call a function back from machine code, for the row that the place of its results is in; only compiled.

    Without an address of its operands, they are found in the cells.
    """
    if is_alive:
        if not operands:
            numbers = cython.cast(Steps, steps).operands_in_cells(result, count)
        else:
            numbers = doubles(count)
            memory = doubles_in(numbers)
            for entry in range(count):
                memory[entry] = operands[entry]
        cython.cast(Steps, steps).call_at(result, numbers, results)


def address_of_call() -> int:
    """The address of the C function by which machine code calls functions back; only compiled."""
    return int(cython.cast(cython.size_t, cython.address(call_from_code)))


def steps_of(runs: list[Any]) -> list[Any]:
    """The runs and single steps as they are; uncompiled, all steps."""
    if cython.compiled:
        return runs
    return [step for run in runs for step in (run if isinstance(run, list) else [run])]


def is_scattered(operands: tuple[int, ...], start: int, layout: Layout) -> bool:
    """Whether these values from `start` on don't lie side by side in cells, as C functions take them."""
    place = ints_in(layout.place)
    for number in range(start, len(operands)):
        operand = operands[number]
        if layout.varies[operand] or place[operand] != place[operands[start]] + number - start:
            return True
    return start == len(operands) or not cython.compiled


def kernel_of(primitive: Primitive) -> Kernel:
    """The kernel of a primitive that has one."""
    return primitive.kernel


def kernel_of_slopes(operation: Any) -> Kernel:
    """The kernel that gives the results of an operation with several."""
    return operation.slopes_kernel  # type: ignore[no-any-return]


@cython.final
@cython.cclass
class Machine:
    """A program made ready to run.

    Cells hold what is the same for all rows; they are shared by the threads that run blocks of one call, and written
    before these run. Each thread has a `Workspace` with registers of its own. Without `varying` there is one row alone:
    its inputs are the first cells, in order.
    """

    def __init__(
        self,
        program: Program,
        varying: Sequence[int] | None = None,
        summed: bool | Sequence[bool] = False,
        keeps_plan: bool = False,
    ) -> None:
        plan = Plan(program, varying, summed)
        self.calls_back = plan.calls_back
        self.has_loops = any([operation.turns() > 0 for operation in plan.joint_operations])
        # Whether it runs, if it calls functions back: these may get here again, and so may other threads meanwhile.
        self.is_busy = False
        self.options = (varying, summed)
        self.sums_up = True in plan.summed
        self.stores = False in plan.summed
        self.workspaces: list[Any] = []
        # What the interpreter has done so far that machine code would take over.
        self.work_done = 0.0
        # The seconds that a row took one thread the last time; before the first it is taken to be long.
        self.row_seconds = 1.0
        # Held by a call over rows, whose threads all read the cells.
        self.lock = Lock()
        self.program = program
        self.input_count = program.inputs
        self.place, self.varies = plan.place, plan.varies
        # Each thread's registers are laid out by it, when the thread comes.
        self.plan_kept: Plan | None = plan if keeps_plan or not plan.alone else None
        self.cells = Memory(plan.cells, 1)
        for number, constant in enumerate(program.constants, program.inputs):
            self.cells.at(plan.place[number])[0] = constant
        stages = [steps_of(runs) for runs in plan.stages]
        self.before_deciding = Steps(stages, plan, self.cells, self.cells, self.cells)
        self.before = Steps([steps_of(plan.runs[1])], plan, self.cells, self.cells, self.cells)
        self.code: Any = None
        self.alone = plan.alone
        # That of one run, and of each of its rows, which is known when there are any; and what would be made.
        self.work_of_run = float(self.before.in_blocks + self.before.by_row)
        self.work_of_row = 0.0
        self.to_make = float(self.before.in_blocks + self.before.to_make)
        self.joint, self.joint_of_rows = self.before.joint_operations(), None
        self.often = 1 if self.has_loops or self.work_of_run >= LONG else OFTEN
        self.inputs = copies_of_inputs(plan, program.inputs)
        self.outputs = copies_of_outputs(plan, bytearray(program.size))
        self.output_count = len(program.outputs)
        # Machine code for one row alone writes the others.
        self.not_computed = copies_of_outputs(plan, plan.computed_before()) if plan.alone else self.outputs
        by_stage = guards_by_stage(program, plan.once_in_stages, plan.varies, 0)
        # Where the guards end that are looked at after each stage.
        self.guard_stops = stops_of(by_stage)
        guards = [(number, plan.place[guard.condition], guard.outcome) for stage in by_stage for number, guard in stage]
        self.guards = integers(3 * len(guards))
        # Whether machine code runs for one row, with nothing to decide before it.
        self.is_straight = False
        for entry, number in enumerate([number for guard in guards for number in guard]):
            self.guards[entry] = number

    @property
    def plan(self) -> Plan:
        """The plan that it is laid out by. That of one row alone is made anew: kept, it takes most of the memory.

        ValueError if the program's arrays were changed meanwhile, so that its values would have other places.
        """
        if self.plan_kept is not None:
            return self.plan_kept
        plan = Plan(self.program, *self.options)
        if bytes(plan.place) != bytes(self.place) or plan.varies != self.varies:
            raise ValueError("a machine runs the program that it was made for, and this one was changed since")
        return plan

    def forget_plan(self) -> None:
        """Keep the plan no longer, if there is one row alone."""
        if self.alone:
            self.plan_kept = None

    def idle(self) -> Machine:
        """The machine itself, or one for the same program if it runs and calls functions back."""
        return Machine(self.program, *self.options) if self.is_busy else self

    def settle_errors(self, failed: int) -> None:
        """Raise what a function that was called back has raised.

        Unless a guard failed: then the function is run anew on the same numbers, and raises it again if it is due.
        """
        errors = errors_of([self.before_deciding, self.before])
        if failed < 0 and errors:
            raise errors[0][1]

    def read(self, inputs: Sequence[float]) -> None:
        """Take the inputs that are the same for all rows."""
        if len(inputs) != self.input_count:
            raise ValueError(f"the program takes {self.input_count} inputs, got {len(inputs)}")
        if cython.compiled:
            given = inputs if isinstance(inputs, array) else array("d", inputs)
            if given.ob_descr.typecode != DOUBLES:
                given = array("d", inputs)
            self.inputs.copy(given.data.as_doubles, self.cells.numbers)  # type: ignore[attr-defined]
        else:
            for number, place in self.inputs:
                self.cells.at(place)[0] = inputs[number]

    def goes_straight(self) -> bool:
        """Whether a run for one row takes machine code alone, and a copy of what that does not compute."""
        return self.is_straight and not self.calls_back

    def first_input(self) -> Any:
        """The address for the inputs of one row alone; only compiled."""
        return self.cells.numbers

    def decide(self) -> int:
        """Compute the values that are the same for all rows and decide; return the first guard that fails, or -1."""
        guards = ints_in(self.guards)
        stops = ints_in(self.guard_stops)
        guard = 0
        for stage in range(self.before_deciding.stage_count):
            self.before_deciding.run_stage(stage, 1, NOTHING)
            while guard < stops[stage]:
                if (self.cells.at(guards[3 * guard + 1])[0] != 0.0) != guards[3 * guard + 2]:
                    return guards[3 * guard]  # type: ignore[no-any-return]
                guard += 1
        return -1

    def prepare(self, inputs: Sequence[float]) -> int:
        """Compute the values that are the same for all rows; return the first guard that fails, or -1."""
        self.read(inputs)
        failed = self.decide()
        if failed < 0:
            self.before.run(1, NOTHING)
        if self.calls_back:
            self.settle_errors(failed)
        return failed

    def call(self, inputs: Sequence[float]) -> Any:
        """The outputs for one row in an array, or the number of the first guard that fails."""
        results = doubles(self.output_count)
        failed = self.call_into(inputs, results)
        return results if failed < 0 else failed

    def call_into(self, inputs: Sequence[float], results: Any) -> int:
        """Write the outputs for one row to an array of doubles; the first guard that fails, or -1.

        Compiled, Python's lock is held from start to end, so that threads don't write to each other's cells.
        """
        if self.calls_back:
            return self.call_alone(inputs, results)
        if cython.compiled:
            if len(results) < self.output_count or results.ob_descr.typecode != DOUBLES:
                raise ValueError(f"the results of this program need an array of {self.output_count} doubles")
            self.read(inputs)
            return self.run(results.data.as_doubles)
        with self.lock.here():
            self.read(inputs)
            return self.run(results)

    def call_alone(self, inputs: Sequence[float], results: Any) -> int:
        """The same for a machine that calls functions back."""
        if self.is_busy:
            return self.idle().call_alone(inputs, results)
        self.is_busy = True
        try:
            self.read(inputs)
            failed = self.run(results.data.as_doubles if cython.compiled else results)
            self.settle_errors(failed)
        finally:
            self.is_busy = False
        return failed

    def run(self, results: Any) -> int:
        """Write the outputs for one row, whose inputs were read; the first guard that fails, or -1."""
        failed = -1 if self.is_straight else self.decide()
        if failed >= 0:
            return failed
        if cython.compiled and self.alone and self.before.native:
            self.before.run_into(results)
            self.not_computed.copy(self.cells.numbers, results)
            return -1
        self.before.run(1, NOTHING)
        if cython.compiled:
            self.outputs.copy(self.cells.numbers, results)
        else:
            for place, number in self.outputs:
                results[number] = self.cells.at(place)[0]
        return -1

    def turn(self, inputs: Any, results: Any) -> int:
        """Run once on doubles in memory, write the outputs there; the first guard that fails, or -1.

        It is for the turns of a loop, which has the machine to itself, and may have written the inputs to their places.
        """
        if cython.compiled:
            if inputs != self.cells.numbers:
                self.inputs.copy(inputs, self.cells.numbers)
        else:
            for number, place in self.inputs:
                self.cells.at(place)[0] = inputs[number]
        failed = self.run(results)
        if self.calls_back:
            self.settle_errors(failed)
        return failed

    def value(self, number: int) -> float:
        """A value of the last call for one row that got as far as that."""
        return self.cells.at(self.place[number])[0]  # type: ignore[no-any-return]

    def run_rows(self, rows: Rows, start: int, stop: int) -> Any:
        """Run some rows in this thread, when what is the same for all is prepared; the sums, as `Workspace.run`."""
        # Making a workspace takes longer than running some thousand rows, so they are kept for one thread at a time
        # each.
        workspace: Workspace = self.workspaces.pop() if self.workspaces else Workspace(self)
        try:
            return workspace.run(rows, start, stop)
        finally:
            if workspace.code is self.code:
                self.workspaces.append(workspace)

    def note_time(self, seconds: float, rows: int) -> None:
        """Note how long one thread took for so many rows."""
        seconds /= rows
        # A row that once took longer was perhaps held up by others: a longer time is believed little by little.
        self.row_seconds = min(seconds, 1.05 * self.row_seconds) if self.row_seconds else seconds

    def has_done(self, runs: int, rows: int) -> float:
        """Note so many more runs of so many rows in all; how often, on average, each operation to be made was done."""
        to_make = self.to_make
        self.work_done += self.work_of_run * runs + self.work_of_row * rows
        for joint, times in ((self.joint, runs), (self.joint_of_rows or (), rows)):
            for operation in joint:
                done, made = operation.work()
                self.work_done += done * times
                to_make += made
        return self.work_done / to_make if to_make else 0.0

    def note_rows(self, rest: Steps) -> None:
        """Note the work of each row, which these steps do, once."""
        if self.joint_of_rows is None:
            self.work_of_run += (1.0 - IN_BLOCKS) * rest.in_blocks
            self.work_of_row = IN_BLOCKS * rest.in_blocks + rest.by_row
            self.to_make += rest.in_blocks + rest.to_make
            self.joint_of_rows = rest.joint_operations()

    def use(self, before: Any, rest: Any) -> None:
        """Run machine code from now on: `before` for the values that are the same for all rows, `rest` for the rows."""
        if before is not None:
            self.before.use(before, self.cells, self.cells, self.cells)
            self.is_straight = self.alone and len(self.guards) == 0 and self.before_deciding.is_empty()
        self.code = (before, rest)
        self.workspaces.clear()


def errors_of(parts: Sequence[Steps]) -> list[tuple[int, BaseException]]:
    """What functions that were called back have raised, with the rows; it is forgotten there."""
    errors = [entry for steps in parts for entry in steps.errors.items()]
    for steps in parts:
        steps.errors.clear()
    return errors


def stops_of(by_stage: Sequence[Sequence[Any]]) -> Any:
    """The number of entries up to the end of each part."""
    stops = integers(len(by_stage))
    end = 0
    for stage, entries in enumerate(by_stage):
        end += len(entries)
        stops[stage] = end
    return stops


def copies_of_inputs(plan: Plan, count: int) -> Copies:
    """Copies of the inputs that are the same for all rows, of so many inputs, to their cells."""
    numbers = numbers_of(array("i", range(count)), plan.varies, bytearray(len(plan.varies)))
    return Copies(numbers, picked(plan.place, numbers))


def copies_of_outputs(plan: Plan, but_for: bytearray) -> Copies:
    """Copies from cells to the outputs whose values are the same for all rows, but for those marked."""
    numbers = numbers_of(plan.outputs, plan.varies, but_for)
    return Copies(picked(plan.place, picked(plan.outputs, numbers)), numbers)


def numbers_of(values: array[int], marks: bytearray, others: bytearray) -> array[int]:
    """The numbers, among these values, of those that have neither mark."""
    found = integers(len(values))
    number_at, value_at = ints_in(found), ints_in(values)
    count = 0
    for number in range(len(values)):
        if not (marks[value_at[number]] or others[value_at[number]]):
            number_at[count] = number
            count += 1
    return found[:count]


def picked(numbers: array[int], places: array[int]) -> array[int]:
    """The numbers at these places."""
    found = integers(len(places))
    made, given, place_at = ints_in(found), ints_in(numbers), ints_in(places)
    for entry in range(len(places)):
        made[entry] = given[place_at[entry]]
    return found


@cython.final
@cython.cclass
class Rows:
    """The rows of one call, with the places that inputs are read from and outputs written to.

    `sources` are the places of the inputs that differ from row to row, `targets` those of the outputs that are not
    summed up over the rows whose guards hold. `selected` has the numbers of the rows to run, None for all. `failed`
    gets for each of these the first guard that fails, or -1.
    """

    def __init__(self, sources: Columns, selected: Any, failed: Any, targets: Columns) -> None:
        self.kept = [selected, failed]
        self.count = len(failed)
        self.sources = sources
        self.targets = targets
        if cython.compiled:
            self.rows = cython.cast("long long*", 0 if selected is None else address_of(selected))
            self.failed = cython.cast("int*", address_of(failed))
        else:
            self.rows = None if selected is None else selected.tolist()
            self.failed = failed

    def any_failed(self, count: int) -> bool:
        """Whether a guard failed in any of the first rows."""
        for row in range(count):  # noqa: SIM110 - a generator would be an object in each call
            if self.failed[row] >= 0:
                return True
        return False


@cython.final
@cython.cclass
class Workspace:
    """Registers for one thread, and the operations of a machine on them."""

    def __init__(self, machine: Machine) -> None:
        plan = machine.plan
        program = machine.program
        self.machine = machine
        self.registers = Memory(plan.registers, BLOCK)
        self.sums = Memory(len(program.outputs), LANES)
        self.code = machine.code
        self.deciding = Steps(plan.row_stages, plan, self.machine.cells, self.registers, self.sums)
        self.rest = Steps([plan.rest], plan, self.machine.cells, self.registers, self.sums)
        self.machine.note_rows(self.rest)
        if machine.code is not None and machine.code[1] is not None:
            self.rest.use(machine.code[1], self.registers, self.machine.cells, self.sums)
        varying = [number for number in range(program.inputs) if plan.varies[number]]
        self.inputs = integers(len(varying))
        for place, number in enumerate(varying):
            self.inputs[place] = plan.place[number]
        self.output_count = len(program.outputs)
        stored = [output for output, added in zip(program.outputs, plan.summed, strict=True) if not added]
        self.stored_places, self.stored_vary = integers(len(stored)), integers(len(stored))
        for place, output in enumerate(stored):
            self.stored_places[place], self.stored_vary[place] = plan.place[output], plan.varies[output]
        by_stage = guards_by_stage(program, plan.row_stages, plan.varies, 1)
        self.guard_stops = stops_of(by_stage)
        guards = [(number, plan.place[guard.condition], guard.outcome) for stage in by_stage for number, guard in stage]
        self.guard_numbers, self.guard_places = integers(len(guards)), integers(len(guards))
        self.guard_outcomes = integers(len(guards))
        for place, (number, where, outcome) in enumerate(guards):
            self.guard_numbers[place], self.guard_places[place], self.guard_outcomes[place] = number, where, outcome

    def run(self, rows: Rows, start: int, stop: int) -> Any:
        """Run the rows from `start` to `stop`; an array of the sums of the outputs if any are summed, else None."""
        for output in range(self.output_count):
            for lane in range(LANES):
                self.sums.at(output)[lane] = 0.0
        with cython.nogil:
            first = start
            while first < stop:
                count = stop - first if stop - first < BLOCK else BLOCK
                self.load(rows, first, count)
                failures = self.decide(rows, first, count)
                self.rest.run(count, self.failures_of(rows, first) if failures else NOTHING)
                if self.machine.calls_back:
                    self.settle_errors(rows, first)
                if self.machine.stores:
                    self.store(rows, first, count)
                first += BLOCK
        return self.totals() if self.machine.sums_up else None

    def settle_errors(self, rows: Rows, first: int) -> int:
        """Raise what a function that was called back has raised in a row of a block whose guards hold."""
        for row, error in errors_of([self.deciding, self.rest]):
            if rows.failed[first + row] < 0:
                raise error
        return 0

    def totals(self) -> Any:
        """The sum of the lanes of each output, halves first."""
        result = doubles(self.output_count)
        totals = doubles_in(result)
        for output in range(self.output_count):
            lanes = self.sums.at(output)
            # As loops over lanes in memory, 338 outputs take 0.6 microseconds more.
            even, odd = (lanes[0] + lanes[4]) + (lanes[2] + lanes[6]), (lanes[1] + lanes[5]) + (lanes[3] + lanes[7])
            totals[output] = even + odd
        return result

    def load(self, rows: Rows, first: int, count: int) -> None:
        """Read the inputs of a block."""
        inputs = ints_in(self.inputs)
        offsets = ints_in(rows.sources.offsets)
        strides = ints_in(rows.sources.strides)
        place = 0
        while place < rows.sources.count:
            register = self.registers.at(inputs[place])
            offset = offsets[place]
            stride = strides[place]
            numbers = rows.sources.numbers[place]
            if not rows.rows and rows.sources.are_four(place):
                read_four(  # type: ignore[name-defined]  # noqa: F821 - in columns.pxd
                    numbers + offset + first * stride,
                    stride,
                    register,
                    self.registers.at(inputs[place + 1]),
                    self.registers.at(inputs[place + 2]),
                    self.registers.at(inputs[place + 3]),
                    count,
                )
                place += 4
                continue
            if not rows.rows:
                for row in range(count):
                    register[row] = numbers[offset + (first + row) * stride]
            else:
                for row in range(count):
                    register[row] = numbers[offset + rows.rows[first + row] * stride]
            place += 1

    def decide(self, rows: Rows, first: int, count: int) -> int:
        """Note the first guard that fails in each row of a block; how many rows have one."""
        for row in range(count):
            rows.failed[first + row] = -1
        stops = ints_in(self.guard_stops)
        failures = guard = 0
        for stage in range(self.deciding.stage_count):
            self.deciding.run_stage(stage, count, self.failures_of(rows, first) if failures else NOTHING)
            failures += self.check(rows, first, count, guard, stops[stage])
            guard = stops[stage]
        return failures

    def check(self, rows: Rows, first: int, count: int, start: int, stop: int) -> int:
        """Look at some of the guards; in how many rows of a block one fails where none did before."""
        places = ints_in(self.guard_places)
        numbers = ints_in(self.guard_numbers)
        outcomes = ints_in(self.guard_outcomes)
        failures = 0
        for guard in range(start, stop):
            condition = self.registers.at(places[guard])
            for row in range(count):
                if (condition[row] != 0.0) != outcomes[guard] and rows.failed[first + row] < 0:
                    rows.failed[first + row] = numbers[guard]
                    failures += 1
        return failures

    def store(self, rows: Rows, first: int, count: int) -> None:
        """Write the outputs of a block that are not summed up."""
        places = ints_in(self.stored_places)
        varies = ints_in(self.stored_vary)
        offsets = ints_in(rows.targets.offsets)
        strides = ints_in(rows.targets.strides)
        output = 0
        while output < rows.targets.count:
            offset = offsets[output]
            stride = strides[output]
            target = rows.targets.numbers[output]
            step = 1 if varies[output] else 0
            numbers = self.registers.at(places[output]) if step else self.machine.cells.at(places[output])
            together = 4 if not rows.rows and rows.targets.are_four(output) else 0
            for further in range(together):
                together = together if varies[output + further] else 0
            if together:
                write_four(  # type: ignore[name-defined]  # noqa: F821 - in columns.pxd
                    target + offset + first * stride,
                    stride,
                    numbers,
                    self.registers.at(places[output + 1]),
                    self.registers.at(places[output + 2]),
                    self.registers.at(places[output + 3]),
                    count,
                )
                output += together
                continue
            if not rows.rows:
                for row in range(count):
                    target[offset + (first + row) * stride] = numbers[row * step]
            else:
                for row in range(count):
                    target[offset + rows.rows[first + row] * stride] = numbers[row * step]
            output += 1

    def failures_of(self, rows: Rows, first: int) -> Any:
        """The first guard that fails in each row of a block."""
        return rows.failed + first if cython.compiled else rows.failed[first : first + BLOCK]
