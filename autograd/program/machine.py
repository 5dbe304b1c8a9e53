"""The interpreter: runs a program over blocks of rows, one primitive at a time.

Values that are the same for all rows (parameters, constants, and what depends on these alone) are computed once.
The others are held in registers of one block, which are used again as soon as their values are not needed any more,
so that the whole computation stays in the processor's first cache.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

from autograd.primitives import Minus, Multiply, Plus
from autograd.program._blocks import BLOCKS
from autograd.program.block import vector_bits
from autograd.program.program import Operation, Program
from autograd.tape import doubles, integers

try:
    import cython
except ImportError:
    from autograd import _cython as cython
if not cython.compiled:
    from autograd.kernel import Kernel
    from autograd.primitive import Primitive
    from autograd.program.block import Block

__all__ = ["BLOCK", "Addition", "Bench", "Machine", "Plan", "Rows", "address_of_value"]

# Rows in a block: between 32 and 128 makes no difference, fewer and more are slower.
if not cython.compiled:
    BLOCK = 64
    # Sums over rows are kept in so many parts, which the vector unit adds at once.
    LANES = 8
    NOTHING = None
UNARY, BINARY, TERNARY, MANY, ADDITION = 1, 2, 3, 4, 5


class Addition(NamedTuple):
    """The addition of an output to its sum."""

    output: int
    operands: tuple[int]


def fastest_blocks() -> Any:
    """The block functions that were compiled for the vector unit of this processor; all give the same bits."""
    try:
        if vector_bits() >= 512:
            from autograd.program._blocks_avx512 import BLOCKS as fastest  # type: ignore[import-not-found]

            return fastest
        if vector_bits() >= 256:
            from autograd.program._blocks_avx2 import BLOCKS as fastest

            return fastest
    except ImportError:
        # Not built for this system.
        pass
    return BLOCKS


FASTEST = fastest_blocks()


class Fused(NamedTuple):
    """Two operations done in one go over a block, each rounded as by itself."""

    name: str
    arity: int = 3


PRODUCT_PLUS, PRODUCT_MINUS, MINUS_PRODUCT = Fused("product_plus"), Fused("product_minus"), Fused("minus_product")


def fused(program: Program) -> list[Operation]:
    """The operations, products that are only used in a sum or difference done together with it.

    That saves the way through memory, which is most of the cost of such an operation.
    """
    operations = list(program)
    uses = [0] * program.size
    for operation in operations:
        for operand in operation.operands:
            uses[operand] += 1
    for value in (*program.outputs, *[guard.condition for guard in program.guards]):
        uses[value] += 1
    products = {
        operation.result: operation
        for operation in operations
        if operation.primitive is Multiply and uses[operation.result] == 1
    }
    taken: set[int] = set()
    found = []
    for operation in operations:
        if operation.primitive in (Plus, Minus):
            left, right = operation.operands
            product = products.get(left) or products.get(right)
            if product is not None:
                taken.add(product.result)
                if product.result == left:
                    kind = PRODUCT_PLUS if operation.primitive is Plus else PRODUCT_MINUS
                    other = right
                else:
                    kind = PRODUCT_PLUS if operation.primitive is Plus else MINUS_PRODUCT
                    other = left
                operation = Operation(operation.result, kind, (*product.operands, other))  # type: ignore[arg-type]
        found.append(operation)
    return [operation for operation in found if operation.result not in taken]


class Plan:
    """Where the values of a program are held, and in which order they are computed.

    `varying` says of each input whether it differs from row to row. A value has the place `place[value]`: the number
    of a cell (for what is the same for all rows) or of a register, as `varies[value]` tells. `before_deciding` and
    `before` have the operations that are done once, `deciding` and `rest` those done for each block: what guards
    depend on, and the others. `kept` has the values that are needed after these lists. `summed` says of each output, or
    of all, whether it is added up as soon as it is known: `rest` has an `Addition` for it.
    """

    def __init__(self, program: Program, varying: Sequence[bool], summed: bool | Sequence[bool] = False) -> None:
        operations = fused(program)
        self.summed = [summed] * len(program.outputs) if isinstance(summed, bool) else list(summed)
        self.varies = [*varying, *[False] * (program.size - program.inputs)]
        for operation in operations:
            self.varies[operation.result] = any([self.varies[operand] for operand in operation.operands])
        conditions = [guard.condition for guard in program.guards]
        decides = [False] * program.size
        for condition in conditions:
            decides[condition] = True
        for operation in reversed(operations):
            if decides[operation.result]:
                for operand in operation.operands:
                    decides[operand] = True
        before = [operation for operation in operations if not self.varies[operation.result]]
        self.before_deciding = [operation for operation in before if decides[operation.result]]
        self.before = [operation for operation in before if not decides[operation.result]]
        each = [operation for operation in operations if self.varies[operation.result]]
        self.deciding: list[Any] = [operation for operation in each if decides[operation.result]]
        self.rest: list[Any] = [operation for operation in each if not decides[operation.result]]
        stored = [output for output, added in zip(program.outputs, self.summed, strict=True) if not added]
        self.kept = {guard.condition for guard in program.guards} | set(stored)
        self.sum_up(program)
        # What is computed before the rows is used by them.
        self.kept |= {operand for step in (*self.deciding, *self.rest) for operand in step.operands} - {
            step.result for step in (*self.deciding, *self.rest) if isinstance(step, Operation)
        }
        self.allocate(program, stored)

    def sum_up(self, program: Program) -> None:
        """Put the additions of outputs behind the operations that they are the results of."""
        waiting: dict[int, list[Addition]] = {}
        for number, output in enumerate(program.outputs):
            if self.summed[number]:
                waiting.setdefault(output, []).append(Addition(number, (output,)))
        computed_last = {operation.result for operation in self.rest}
        rest: list[Any] = [addition for value in waiting if value not in computed_last for addition in waiting[value]]
        for operation in self.rest:
            rest.append(operation)
            rest += waiting.get(operation.result, ())
        self.rest = rest

    def allocate(self, program: Program, stored: list[int]) -> None:
        """Give each value its place: registers are used again when nothing needs their value any more."""
        steps = [*self.deciding, *self.rest]
        last_use = [-1] * program.size
        for time, step in enumerate(steps):
            for value in step.operands:
                last_use[value] = time
        for guard in program.guards:
            last_use[guard.condition] = max(last_use[guard.condition], len(self.deciding))
        for output in stored:
            last_use[output] = len(steps)
        self.place = [0] * program.size
        self.cells = 0
        self.registers = 0
        free: list[int] = []
        leaving: dict[int, list[int]] = {}

        def settle(value: int) -> None:
            if not self.varies[value]:
                self.place[value] = self.cells
                self.cells += 1
                return
            if free:
                self.place[value] = free.pop()
            else:
                self.place[value] = self.registers
                self.registers += 1
            leaving.setdefault(last_use[value], []).append(self.place[value])

        for value in range(program.size):
            if value < program.first or not self.varies[value]:
                settle(value)
        for time, step in enumerate(steps):
            # The result gets its register before the operands give theirs back: a block is not computed onto itself.
            if isinstance(step, Operation):
                settle(step.result)
            free += leaving.pop(time, [])


@cython.final
@cython.cclass
class Memory:
    """So many blocks of `width` numbers."""

    def __init__(self, count: int, width: int) -> None:
        self.width = width
        if cython.compiled:
            self.numbers = cython.cast("double*", calloc(max(count * width, 1), 8))  # type: ignore[name-defined]  # noqa: F821
            if not self.numbers:
                raise MemoryError(f"no memory for {count} blocks of {width} numbers")
        else:
            self.blocks = [[0.0] * width for _ in range(count)]

    def __dealloc__(self) -> None:
        free(self.numbers)  # type: ignore[name-defined]  # noqa: F821

    def at(self, place: int) -> Any:
        """One block."""
        return self.numbers + place * self.width if cython.compiled else self.blocks[place]


@cython.final
@cython.cclass
class Steps:
    """Operations made ready to run, on blocks of cells and of registers."""

    def __init__(self, operations: Sequence[Any], plan: Plan, cells: Memory, registers: Memory, sums: Memory) -> None:
        self.size = 0
        self.used = 0
        many = sum([len(step.operands) for step in operations if isinstance(step, Operation)])
        self.kept = [cells, registers, sums]
        if cython.compiled:
            self.instructions = cython.cast(
                "Instruction*",
                calloc(len(operations) + 1, cython.sizeof("Instruction")),  # type: ignore[name-defined]  # noqa: F821
            )
            self.operands = cython.cast("double**", calloc(many + 1, 8))  # type: ignore[name-defined]  # noqa: F821
            self.strides = cython.cast("Py_ssize_t*", calloc(many + 1, 8))  # type: ignore[name-defined]  # noqa: F821
            if not (self.instructions and self.operands and self.strides):
                raise MemoryError(f"no memory for {len(operations)} operations")
        else:
            self.instructions = [SimpleNamespace() for _ in operations]
            self.operands = [None] * many
            self.strides = [0] * many
        for step in operations:
            if isinstance(step, Addition):
                self.append_addition(step, plan, cells, registers, sums)
            else:
                self.append(step, plan, cells, registers)

    def __dealloc__(self) -> None:
        free(self.instructions)  # type: ignore[name-defined]  # noqa: F821
        free(self.operands)  # type: ignore[name-defined]  # noqa: F821
        free(self.strides)  # type: ignore[name-defined]  # noqa: F821

    def append_addition(self, addition: Addition, plan: Plan, cells: Memory, registers: Memory, sums: Memory) -> None:
        """Add the addition of an output to its sum."""
        step = self.size
        self.size += 1
        value = addition.operands[0]
        varies = plan.varies[value]
        self.instructions[step].kind = ADDITION
        self.instructions[step].out = sums.at(addition.output)
        self.instructions[step].a = registers.at(plan.place[value]) if varies else cells.at(plan.place[value])
        self.instructions[step].many = 1 if varies else 0

    def append(self, operation: Any, plan: Plan, cells: Memory, registers: Memory) -> None:
        """Add an operation."""
        primitive = operation.primitive
        place, varies = plan.place, plan.varies
        step = self.size
        self.size += 1
        out = operation.result
        self.instructions[step].out = registers.at(place[out]) if varies[out] else cells.at(place[out])
        if primitive.arity is None:
            self.instructions[step].kind = MANY
            self.instructions[step].first = self.used
            self.instructions[step].many = len(operation.operands)
            self.instructions[step].nary = kernel_of(primitive).nary_value
            for operand in operation.operands:
                self.operands[self.used] = registers.at(place[operand]) if varies[operand] else cells.at(place[operand])
                self.strides[self.used] = 1 if varies[operand] else 0
                self.used += 1
            return
        block: Block = FASTEST[primitive.name]
        operands = operation.operands
        for position, operand in enumerate(operands):
            where = registers.at(place[operand]) if varies[operand] else cells.at(place[operand])
            if position == 0:
                self.instructions[step].a = where
            elif position == 1:
                self.instructions[step].b = where
            else:
                self.instructions[step].c = where
        self.instructions[step].kind = block.arity
        if block.arity == UNARY:
            self.instructions[step].unary = block.unary
        elif block.arity == BINARY:
            if varies[operands[0]] == varies[operands[1]]:
                self.instructions[step].binary = block.both_vary
            elif varies[operands[0]]:
                self.instructions[step].binary = block.left_varies
            else:
                self.instructions[step].binary = block.right_varies
        else:
            same = sum([1 << position for position, operand in enumerate(operands) if not varies[operand]])
            self.instructions[step].ternary = block.ternary[same]

    def run(self, count: int, failed: Any) -> None:
        """Run all operations on the first `count` rows of the blocks.

        Outputs are added up where `failed` is negative; everywhere if there is no `failed`.
        """
        if cython.compiled and self.native:
            self.native(self.native_registers, self.native_cells, self.native_sums, failed, count)
            return
        for step in range(self.size):
            kind = self.instructions[step].kind
            if kind == BINARY:
                self.instructions[step].binary(
                    self.instructions[step].out, self.instructions[step].a, self.instructions[step].b, count
                )
            elif kind == UNARY:
                self.instructions[step].unary(self.instructions[step].out, self.instructions[step].a, count)
            elif kind == TERNARY:
                self.instructions[step].ternary(
                    self.instructions[step].out,
                    self.instructions[step].a,
                    self.instructions[step].b,
                    self.instructions[step].c,
                    count,
                )
            elif kind == MANY:
                self.run_many(step, count)
            else:
                self.add_up(step, count, failed)

    def use(self, address: int, registers: Memory, cells: Memory, sums: Memory) -> None:
        """Run the machine code at this address from now on; only compiled."""
        if cython.compiled:
            self.native_registers = registers.at(0)
            self.native_cells = cells.at(0)
            self.native_sums = sums.at(0)
            self.native = cython.cast("Native", cython.cast(cython.size_t, address))

    def add_up(self, step: int, count: int, failed: Any) -> None:
        """Add the rows of a block to the lanes of a sum, always in the same order."""
        lanes = self.instructions[step].out
        numbers = self.instructions[step].a
        stride = self.instructions[step].many
        everywhere = not failed if cython.compiled else failed is None
        if count == BLOCK and everywhere and stride == 1:
            for part in range(BLOCK // LANES):
                for lane in range(LANES):
                    lanes[lane] += numbers[part * LANES + lane]
            return
        for row in range(count):
            if everywhere or failed[row] < 0:
                lanes[row % LANES] += numbers[row * stride]

    def run_many(self, step: int, count: int) -> None:
        """Run an operation on any number of operands: row by row, its operands gathered."""
        many = self.instructions[step].many
        first = self.instructions[step].first
        gathered = self.gathered(many)
        for row in range(count):
            for operand in range(many):
                gathered[operand] = self.operands[first + operand][row * self.strides[first + operand]]
            self.instructions[step].out[row] = self.instructions[step].nary(gathered, many)
        self.release(gathered)

    def gathered(self, many: int) -> Any:
        """Room for the operands of one row."""
        if cython.compiled:
            return cython.cast("double*", malloc(many * 8 + 8))  # type: ignore[name-defined]  # noqa: F821
        return [0.0] * many

    def release(self, gathered: Any) -> None:
        """Give the room back."""
        if cython.compiled:
            free(gathered)  # type: ignore[name-defined]  # noqa: F821


def address_of_value(primitive: Primitive) -> int:
    """Where the C function is that gives the value of a primitive of one or two operands."""
    kernel = kernel_of(primitive)
    if not cython.compiled:
        raise RuntimeError("machine code needs the compiled engine: it calls its C functions")
    if kernel.arity == 1:
        return int(cython.cast(cython.size_t, kernel.unary_value))
    return int(cython.cast(cython.size_t, kernel.binary_value))


def kernel_of(primitive: Primitive) -> Kernel:
    """The kernel of a primitive that has one."""
    return primitive.kernel


@cython.final
@cython.cclass
class Machine:
    """A program made ready to run.

    Cells hold what is the same for all rows; they are shared by the threads that run blocks of one call, and written
    by `prepare` only. Each thread has a `Bench` of registers of its own.
    """

    def __init__(self, program: Program, varying: Sequence[bool], summed: bool | Sequence[bool] = False) -> None:
        plan = Plan(program, varying, summed)
        self.sums_up = True in plan.summed
        self.stores = False in plan.summed
        self.benches: list[Any] = []
        self.calls = 0
        self.rows = 0
        # Held by a call over rows, whose threads all read the cells.
        self.lock = threading.Lock()
        self.program = program
        self.plan = plan
        self.cells = Memory(plan.cells, 1)
        for number, constant in enumerate(program.constants, program.inputs):
            self.cells.at(plan.place[number])[0] = constant
        self.before_deciding = Steps(plan.before_deciding, plan, self.cells, self.cells, self.cells)
        self.before = Steps(plan.before, plan, self.cells, self.cells, self.cells)
        self.code: Any = None
        constant = [number for number in range(program.inputs) if not plan.varies[number]]
        self.constant_inputs = integers(len(constant))
        self.constant_places = integers(len(constant))
        for entry, number in enumerate(constant):
            self.constant_inputs[entry], self.constant_places[entry] = number, plan.place[number]
        self.outputs = integers(len(program.outputs))
        for number, output in enumerate(program.outputs):
            self.outputs[number] = plan.place[output]
        self.guards = [
            (number, plan.place[guard.condition], guard.outcome)
            for number, guard in enumerate(program.guards)
            if not plan.varies[guard.condition]
        ]

    def prepare(self, inputs: Sequence[float]) -> int:
        """Compute what is the same for all rows from the inputs that are; the first guard that fails, or -1."""
        numbers = self.constant_inputs.data.as_ints if cython.compiled else self.constant_inputs
        places = self.constant_places.data.as_ints if cython.compiled else self.constant_places
        for entry in range(len(self.constant_inputs)):
            self.cells.at(places[entry])[0] = inputs[numbers[entry]]
        self.before_deciding.run(1, NOTHING)
        for number, place, outcome in self.guards:
            if (self.cells.at(place)[0] != 0.0) != outcome:
                return number  # type: ignore[no-any-return]
        self.before.run(1, NOTHING)
        return -1

    def call(self, inputs: list[float]) -> Any:
        """The outputs for one row, or the number of the first guard that fails.

        Compiled, Python's lock is held from start to end, so that threads don't write to each other's cells.
        """
        if cython.compiled:
            return self.outcome(inputs)
        with self.lock:
            return self.outcome(inputs)

    def outcome(self, inputs: list[float]) -> Any:
        """The same, for one thread at a time."""
        failed = self.prepare(inputs)
        return self.results() if failed < 0 else failed

    def use(self, before: Any, rest: Any) -> None:
        """Run machine code from now on, for what is the same for all rows and for the rows."""
        self.code = (before, rest)
        if before is not None:
            self.before.use(before.address, self.cells, self.cells, self.cells)
        self.benches.clear()

    def results(self) -> list[float]:
        """The outputs, where they are the same for all rows."""
        places = self.outputs.data.as_ints if cython.compiled else self.outputs
        return [self.cells.at(places[output])[0] for output in range(len(self.outputs))]


@cython.final
@cython.cclass
class Rows:
    """The rows of one call: where the inputs that differ from row to row are read, and the outputs written.

    `sources` has for each such input an array, the place in it of the first row's number, and how many numbers a row
    has. `selected` has the numbers of the rows to run, None for all. `failed` gets for each row the first guard that
    fails, or -1. `results` has for each row a row of those outputs that are not summed up over the rows whose guards
    hold; None if all are.
    """

    def __init__(self, sources: Sequence[tuple[Any, int, int]], selected: Any, failed: Any, results: Any) -> None:
        self.kept = [sources, selected, failed, results]
        count = len(sources)
        self.count = count
        self.strides = integers(count)
        self.offsets = integers(count)
        if cython.compiled:
            self.numbers = cython.cast("double**", calloc(count + 1, 8))  # type: ignore[name-defined]  # noqa: F821
            for place, (numbers, _, _) in enumerate(sources):
                self.numbers[place] = cython.cast("double*", address_of(numbers))
            self.rows = cython.cast("long long*", 0 if selected is None else address_of(selected))
            self.failed = cython.cast("int*", address_of(failed))
            self.results = cython.cast("double*", 0 if results is None else address_of(results))
        else:
            self.numbers = [numbers.ravel().tolist() for numbers, _, _ in sources]
            self.rows = None if selected is None else selected.tolist()
            self.failed = failed
            self.results = None if results is None else results.reshape(-1)
        for place, (_, offset, stride) in enumerate(sources):
            self.offsets[place] = offset
            self.strides[place] = stride

    def __dealloc__(self) -> None:
        free(self.numbers)  # type: ignore[name-defined]  # noqa: F821


def address_of(numbers: Any) -> int:
    """Where the numbers of a NumPy array begin; it must be kept alive by the caller."""
    return int(numbers.ctypes.data)


@cython.final
@cython.cclass
class Bench:
    """Registers for one thread, and the operations of a machine on them."""

    def __init__(self, machine: Machine) -> None:
        plan = machine.plan
        program = machine.program
        self.machine = machine
        self.registers = Memory(plan.registers, BLOCK)
        self.sums = Memory(len(program.outputs), LANES)
        self.code = machine.code
        self.deciding = Steps(plan.deciding, plan, self.machine.cells, self.registers, self.sums)
        self.rest = Steps(plan.rest, plan, self.machine.cells, self.registers, self.sums)
        if machine.code is not None and machine.code[1] is not None:
            self.rest.use(machine.code[1].address, self.registers, self.machine.cells, self.sums)
        varying = [number for number in range(program.inputs) if plan.varies[number]]
        self.inputs = integers(len(varying))
        for place, number in enumerate(varying):
            self.inputs[place] = plan.place[number]
        self.output_count = len(program.outputs)
        stored = [output for output, added in zip(program.outputs, plan.summed, strict=True) if not added]
        self.stored_count = len(stored)
        self.stored_places, self.stored_vary = integers(len(stored)), integers(len(stored))
        for place, output in enumerate(stored):
            self.stored_places[place], self.stored_vary[place] = plan.place[output], plan.varies[output]
        guards = [
            (number, plan.place[guard.condition], guard.outcome)
            for number, guard in enumerate(program.guards)
            if plan.varies[guard.condition]
        ]
        self.guard_count = len(guards)
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
                self.deciding.run(count, NOTHING)
                failures = self.check(rows, first, count)
                self.rest.run(count, self.failures_of(rows, first) if failures else NOTHING)
                if self.machine.stores:
                    self.store(rows, first, count)
                first += BLOCK
        return self.totals() if self.machine.sums_up else None

    def totals(self) -> Any:
        """The sum of the lanes of each output, halves first."""
        result = doubles(self.output_count)
        totals = result.data.as_doubles if cython.compiled else result
        for output in range(self.output_count):
            lanes = self.sums.at(output)
            half = LANES // 2
            while half > 0:
                for lane in range(half):
                    lanes[lane] += lanes[lane + half]
                half //= 2
            totals[output] = lanes[0]
        return result

    def load(self, rows: Rows, first: int, count: int) -> None:
        """Read the inputs of a block."""
        inputs = self.inputs.data.as_ints if cython.compiled else self.inputs
        offsets = rows.offsets.data.as_ints if cython.compiled else rows.offsets
        strides = rows.strides.data.as_ints if cython.compiled else rows.strides
        for place in range(rows.count):
            register = self.registers.at(inputs[place])
            offset = offsets[place]
            stride = strides[place]
            numbers = rows.numbers[place]
            if not rows.rows:
                for row in range(count):
                    register[row] = numbers[offset + (first + row) * stride]
            else:
                for row in range(count):
                    register[row] = numbers[offset + rows.rows[first + row] * stride]

    def check(self, rows: Rows, first: int, count: int) -> int:
        """Note the first guard that fails in each row of a block; how many rows have one."""
        for row in range(count):
            rows.failed[first + row] = -1
        places = self.guard_places.data.as_ints if cython.compiled else self.guard_places
        numbers = self.guard_numbers.data.as_ints if cython.compiled else self.guard_numbers
        outcomes = self.guard_outcomes.data.as_ints if cython.compiled else self.guard_outcomes
        failures = 0
        for guard in range(self.guard_count):
            condition = self.registers.at(places[guard])
            for row in range(count):
                if (condition[row] != 0.0) != outcomes[guard] and rows.failed[first + row] < 0:
                    rows.failed[first + row] = numbers[guard]
                    failures += 1
        return failures

    def store(self, rows: Rows, first: int, count: int) -> None:
        """Write the outputs of a block that are not summed up."""
        outputs = self.stored_count
        places = self.stored_places.data.as_ints if cython.compiled else self.stored_places
        varies = self.stored_vary.data.as_ints if cython.compiled else self.stored_vary
        for output in range(outputs):
            place = places[output]
            if varies[output]:
                numbers = self.registers.at(place)
                for row in range(count):
                    rows.results[(first + row) * outputs + output] = numbers[row]
            else:
                same = self.machine.cells.at(place)
                for row in range(count):
                    rows.results[(first + row) * outputs + output] = same[0]

    def failures_of(self, rows: Rows, first: int) -> Any:
        """The first guard that fails in each row of a block."""
        return rows.failed + first if cython.compiled else rows.failed[first : first + BLOCK]
