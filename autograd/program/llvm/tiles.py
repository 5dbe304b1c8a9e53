"""A program of rows as LLVM IR in segments: straight-line code, products of matrices, and last the sums over the rows.

Each segment does all rows of a block before the next begins; values that several of them need lie in memory, a column
of rows for each. In products and sums, tiles of several results and several registers of rows stay in the processor's
registers: a number that is loaded serves each result of a tile, and enough results are on their way at a time to hide
how long one takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.program.llvm.companions import brought_together
from autograd.program.llvm.expressions import (
    CONDITION,
    INTEGER,
    REAL,
    Function,
    Value,
    fma,
    select,
    two_product,
    two_sum,
)
from autograd.program.llvm.lowering import family_of
from autograd.program.llvm.module import LENGTH, WIDTH, Module, Scratch
from autograd.program.llvm.products import (
    LEFTS,
    ONE,
    RIGHTS,
    Product,
    SumTile,
    columns_summed,
    cut,
    product_tiles_pay,
    products_among,
    sum_tiles,
)
from autograd.program.llvm.reductions import corrected
from autograd.program.machine.block import vector_bits
from autograd.program.machine.machine import BLOCK
from autograd.program.machine.plan import Plan
from autograd.program.machine.step import Step

__all__ = ["module_of_rows_in_tiles"]

# Numbers from one column to the next: columns a power of two apart would fall into the same few lines of the cache.
COLUMN = BLOCK + WIDTH
# A tile of a product: results, and registers of rows. With the values' own registers that is all that AVX2 has.
RESULTS, REGISTERS = RIGHTS, LEFTS
# The same where each sum needs another register for its roundings.
EXACT_RESULTS, EXACT_REGISTERS = 2, 2
Address = Callable[[Function, int], tuple[str, int]]


def module_of_rows_in_tiles(plan: Plan) -> Module | None:
    """The module for blocks of rows in tiles, or None where these don't pay."""
    if plan.calls_back:
        return None
    # A sum over the rows has a number for each of `WIDTH` rows: with fewer lanes, more registers.
    tiles, steps = sum_tiles(plan.rest, plan, LEFTS * lanes_of_registers() // WIDTH)
    summed = columns_summed(tiles)
    items = products_among(brought_together(steps), plan, summed | plan.kept)
    return Tiles(plan, items, tiles) if product_tiles_pay(items, tiles) else None


def lanes_of_registers() -> int:
    """The numbers in a register of the vector unit: 8 with AVX-512."""
    return WIDTH if vector_bits() >= 64 * WIDTH else WIDTH // 2


class Columns(Scratch):
    """The columns of values that one segment computes, or loads, and another needs.

    `values_of` has the values that each segment reads and makes. A column is used again when the last segment that
    reads its value is done.
    """

    def __init__(self, plan: Plan, values_of: Sequence[tuple[set[int], Sequence[int]]]) -> None:
        super().__init__(plan, (), plan.kept)
        last = {value: number for number, (read, _) in enumerate(values_of) for value in read}
        free: list[int] = []
        leaving: dict[int, list[int]] = {}
        for number, (_, made) in enumerate(values_of):
            free += leaving.pop(number, [])
            for value in made:
                if last.get(value, number) > number:
                    self.place[value] = free.pop(0) if free else self.size
                    self.size += self.place[value] == self.size
                    leaving.setdefault(last[value] + 1, []).append(self.place[value])


class Tiles(Module):
    """The functions of a module that runs a block of rows segment by segment."""

    def __init__(self, plan: Plan, items: Sequence[Step | Product], tiles: Sequence[SumTile]) -> None:
        self.tiles = tiles
        self.segments = segments_of(items)
        super().__init__(plan, (), WIDTH, BLOCK)
        self.column = COLUMN
        self.lanes = lanes_of_registers()
        # The tables of loops over tiles.
        self.tables: list[str] = []

    @property
    def scratch_size(self) -> int:
        # Each group of rows finds its room behind the columns at its own distance.
        return super().scratch_size + BLOCK

    def scratch_of(self, steps: Sequence[Any]) -> Scratch:
        summed = columns_summed(self.tiles)
        made = {value for segment in self.segments for value in made_by(segment)}
        in_tiles = summed.union(*[read_by(segment) for segment in self.segments if isinstance(segment, Product)])
        # What tiles read of a machine's registers is copied to columns first; what is kept, to registers last.
        self.copied = sorted([value for value in in_tiles - made if value == ONE or self.plan.varies[value]])
        self.kept = sorted(self.plan.kept & made)
        between = [(read_by(segment), made_by(segment)) for segment in self.segments]
        return Columns(self.plan, [(set(), self.copied), *between, (summed.union(self.kept), [])])

    def text(self) -> str:
        parts: list[str] = []
        lines: list[str] = []

        def add_part(text: str) -> None:
            number = len(parts)
            before = f"end_{number - 1}" if parts else "entry"
            parts.append(text)
            lines.extend(self.over_rows(f"_{number}", before, [(number, "%columns")]))

        for copied in in_pieces(self.copied):
            add_part(self.copies(len(parts), copied, self.register_of, self.address))
        for segment in self.segments:
            if isinstance(segment, Product):
                lines += self.product(segment)
            else:
                self.steps = self.late(segment)
                add_part(self.part(len(parts), 0))
        if self.tiles:
            lines += self.sums()
        for kept in in_pieces(self.kept):
            add_part(self.copies(len(parts), kept, self.address, self.register_of))
        return self.joined([*self.tables, *parts], self.entry_of(lines))

    def late(self, steps: Sequence[Step]) -> list[Step]:
        """The steps, those that read memory alone and need not be stored right before their first user."""
        made = set(made_by(steps))
        waiting: dict[int, Step] = {}
        found: list[Step] = []
        for step in steps:
            found += [waiting.pop(operand) for operand in dict.fromkeys(step.operands) if operand in waiting]
            reads_memory = all([operand in self.scratch.place or operand not in made for operand in step.operands])
            if reads_memory and step.output < 0 and not self.is_stored(step.result) and can_wait(step):
                waiting[step.result] = step
            else:
                found.append(step)
        return found

    def register_of(self, function: Function, value: int) -> tuple[str, int]:
        """The address of a value in the machine's registers."""
        address = f"%{function.new_name()}"
        index = self.plan.place[value] * BLOCK
        function.lines.append(f"  {address} = getelementptr double, ptr %registers, i64 {index}")
        return address, 8 * WIDTH

    def copies(self, number: int, values: Sequence[int], source: Address, target: Address) -> str:
        """The function that copies values from one place to the other."""
        function = Function(WIDTH)
        kind = function.type_of(REAL)
        for value in values:
            text = function.constant(REAL, 1.0)
            if value != ONE:
                text = function.emit(REAL, f"load {kind}, ptr {source(function, value)[0]}, align {8 * WIDTH}").text
            function.lines.append(f"  store {kind} {text}, ptr {target(function, value)[0]}, align {8 * WIDTH}")
        return self.defined(number, function)

    def table(self, numbers: Sequence[int]) -> str:
        """The name of a constant array."""
        name = f"@table_{len(self.tables)}"
        entries = ", ".join([f"i32 {number}" for number in numbers])
        self.tables.append(f"{name} = internal constant [{len(numbers)} x i32] [{entries}]")
        return name

    def columns_of(self, values: Sequence[int]) -> list[int]:
        """The places of the columns of values."""
        return [self.scratch.place[value] * COLUMN for value in values]

    def product(self, product: Product) -> list[str]:
        """The calls that do a product, tiles of one size at a time."""
        columns = self.table(self.columns_of(product.values))
        vary = bool(product.starts) and bool(self.plan.varies[product.starts[0]])
        kind = "from_columns" if vary else "from_cells" if product.starts else "from_products"
        kind = "exact" if product.is_exact else kind
        tables: dict[int, list[int]] = {}
        for places in cut(range(len(product.results)), EXACT_RESULTS if product.is_exact else RESULTS):
            starts = [product.starts[place] for place in places] if product.starts else []
            table = tables.setdefault(len(places), [])
            table += self.columns_of([product.results[place] for place in places])
            table += self.columns_of(starts) if vary else [self.plan.place[start] for start in starts]
            for factors in zip(*[product.factors[place] for place in places], strict=True):
                table += [self.plan.place[factor] for factor in factors]
        lines = []
        for size, table in tables.items():
            length = size * ((2 if product.starts else 1) + len(product.values))
            name = f"product_{kind}_{size}"
            if name not in self.loops:
                self.loops[name] = self.product_loop(name, size, kind)
            lines.append(
                f"  call void @{name}(ptr %scratch, ptr %cells, ptr {columns}, i64 {len(product.values)}, "
                f"ptr {self.table(table)}, i64 {len(table) // length}, i64 %count)"
            )
        return lines

    def product_loop(self, name: str, size: int, kind: str) -> str:
        """The function that does tiles of so many results of a product.

        A tile's table has the columns of its results, those of its starts or their cells, and for each value in turn
        the cells of its factors.
        """
        function = Function(self.lanes)
        vector = function.type_of(REAL)
        lines = function.lines
        is_exact = kind == "exact"
        registers = EXACT_REGISTERS if is_exact else REGISTERS
        places = [(result, register) for result in range(size) for register in range(registers)]
        lines += [
            f"define internal void @{name}(ptr %scratch, ptr %cells, ptr %values, i64 %terms, ptr %tiles, "
            "i64 %tiles_in, i64 %count) noinline nounwind {",
            "entry:",
            "  br label %rows",
            "rows:",
            "  %row = phi i64 [ 0, %entry ], [ %next_row, %tile_end ]",
            "  %columns = getelementptr double, ptr %scratch, i64 %row",
            "  br label %tile",
            "tile:",
            "  %number = phi i64 [ 0, %rows ], [ %next_number, %tile_end ]",
            "  %at = phi ptr [ %tiles, %rows ], [ %next_factors, %tile_end ]",
        ]
        has_starts = kind in ("from_cells", "from_columns")
        targets = [entry_of(function, "%at", "%columns", place) for place in range(size)]
        starts = {place: function.constant(REAL, -0.0) for place in places}
        if has_starts:
            for result in range(size):
                if kind == "from_cells":
                    start = same_in_lanes(function, entry_of(function, "%at", "%cells", size + result))
                    starts |= {(result, register): start.text for register in range(registers)}
                    continue
                address = entry_of(function, "%at", "%columns", size + result)
                for register in range(registers):
                    starts[result, register] = lanes_at(function, address, register).text
        head = 2 * size if has_starts else size
        lines += [
            f"  %factors = getelementptr i32, ptr %at, i64 {head}",
            "  br label %term",
            "term:",
            "  %k = phi i64 [ 0, %tile ], [ %next_k, %term ]",
            "  %factor = phi ptr [ %factors, %tile ], [ %next_factors, %term ]",
        ]
        lines += [
            f"  %{part}_{i}_{j} = phi {vector} [ {starts[i, j]}, %tile ], [ %more_{part}_{i}_{j}, %term ]"
            for part in (("sum", "lost") if is_exact else ("sum",))
            for i, j in places
        ]
        lines += ["  %value = getelementptr i32, ptr %values, i64 %k"]
        column = entry_of(function, "%value", "%columns", 0)
        factors = [same_in_lanes(function, entry_of(function, "%factor", "%cells", i)) for i in range(size)]
        for register in range(registers):
            value = lanes_at(function, column, register)
            for i in range(size):
                total = Value(function, REAL, f"%sum_{i}_{register}")
                if is_exact:
                    term = two_product(factors[i], value)
                    more, error = two_sum(total, term.high)
                    lost = Value(function, REAL, f"%lost_{i}_{register}") + (error + term.low)
                    lines.append(copy_of(lost, f"%more_lost_{i}_{register}"))
                else:
                    more = fma(factors[i], value, total)
                lines.append(copy_of(more, f"%more_sum_{i}_{register}"))
        lines += [
            f"  %next_factors = getelementptr i32, ptr %factor, i64 {size}",
            "  %next_k = add i64 %k, 1",
            "  %is_more = icmp slt i64 %next_k, %terms",
            "  br i1 %is_more, label %term, label %tile_end",
            "tile_end:",
        ]
        for i, j in places:
            total = Value(function, REAL, f"%more_sum_{i}_{j}")
            if is_exact:
                total = corrected(total, Value(function, REAL, f"%more_lost_{i}_{j}"))
            store_lanes(function, targets[i], j, total.text)
        lines += [
            "  %next_number = add i64 %number, 1",
            "  %is_more_tiles = icmp slt i64 %next_number, %tiles_in",
            "  br i1 %is_more_tiles, label %tile, label %rows_end",
            "rows_end:",
            f"  %next_row = add i64 %row, {registers * self.lanes}",
            "  %is_more_rows = icmp slt i64 %next_row, %count",
            "  br i1 %is_more_rows, label %rows, label %end",
            "end:",
            "  ret void",
            "}",
        ]
        self.declared |= function.intrinsics
        text = "\n".join(lines)
        return text.replace("[ %next_row, %tile_end ]", "[ %next_row, %rows_end ]")

    def sums(self) -> list[str]:
        """The calls that add products to the sums over the rows, tiles of one size at a time."""
        lefts = sorted({left for tile in self.tiles for left in tile.lefts})
        rights = sorted({right for tile in self.tiles for right in tile.rights})
        self.loops["hide"] = self.hide()
        # A product of these is -0.0, which changes no sum.
        lines = [
            f"  call void @hide(ptr %scratch, ptr {self.table(self.columns_of(values))}, i64 {len(values)}, "
            f"double {number}, i64 %count)"
            for values, number in ((lefts, "-0.0"), (rights, "0.0"))
        ]
        tables: dict[tuple[int, int], list[int]] = {}
        for tile in self.tiles:
            table = tables.setdefault((len(tile.lefts), len(tile.rights)), [])
            table += self.columns_of([*tile.lefts, *tile.rights]) + [output * WIDTH for output in tile.outputs]
        for (left, right), table in tables.items():
            name = f"sums_{left}_{right}"
            self.loops[name] = self.sum_loop(name, left, right)
            lines.append(
                f"  call void @{name}(ptr %scratch, ptr %sums, ptr {self.table(table)}, "
                f"i64 {len(table) // (left + right + left * right)}, i64 %count)"
            )
        return lines

    def hide(self) -> str:
        """The function that sets columns to a number in the last rows of a group that are not there."""
        function = Function(WIDTH)
        vector, numbers = function.type_of(REAL), function.type_of(INTEGER)
        lanes = ", ".join([f"i64 {lane}" for lane in range(WIDTH)])
        zeros = f"<{WIDTH} x i32> zeroinitializer"
        function.lines += [
            "define internal void @hide(ptr %scratch, ptr %table, i64 %columns_in, double %number, i64 %count)"
            " noinline nounwind {",
            "entry:",
            f"  %left = and i64 %count, {WIDTH - 1}",
            "  %row = sub i64 %count, %left",
            "  %columns = getelementptr double, ptr %scratch, i64 %row",
            f"  %one = insertelement {numbers} poison, i64 %left, i64 0",
            f"  %same = shufflevector {numbers} %one, {numbers} poison, {zeros}",
            f"  %there = icmp slt {numbers} <{lanes}>, %same",
            f"  %first = insertelement {vector} poison, double %number, i64 0",
            f"  %hidden = shufflevector {vector} %first, {vector} poison, {zeros}",
            "  %is_whole = icmp eq i64 %left, 0",
            "  br i1 %is_whole, label %end, label %column",
            "column:",
            "  %k = phi i64 [ 0, %entry ], [ %next_k, %column ]",
            "  %at = getelementptr i32, ptr %table, i64 %k",
        ]
        address = entry_of(function, "%at", "%columns", 0)
        value = function.emit(REAL, f"load {vector}, ptr {address}, align {8 * WIDTH}")
        kept = select(Value(function, CONDITION, "%there"), value, Value(function, REAL, "%hidden"))
        function.lines += [
            f"  store {vector} {kept.text}, ptr {address}, align {8 * WIDTH}",
            "  %next_k = add i64 %k, 1",
            "  %is_more = icmp slt i64 %next_k, %columns_in",
            "  br i1 %is_more, label %column, label %end",
            "end:",
            "  ret void",
            "}",
        ]
        return "\n".join(function.lines)

    def sum_loop(self, name: str, left: int, right: int) -> str:
        """The function that adds the products of tiles of so many columns to sums.

        A tile's table has the columns of its two sides, and the places of its sums.
        """
        function = Function(self.lanes)
        vector = function.type_of(REAL)
        lines = function.lines
        registers = range(WIDTH // self.lanes)
        places = [(i, k, register) for i in range(left) for k in range(right) for register in registers]
        lines += [
            f"define internal void @{name}(ptr %scratch, ptr %sums, ptr %tiles, i64 %tiles_in, i64 %count)"
            " noinline nounwind {",
            "entry:",
            "  br label %tile",
            "tile:",
            "  %number = phi i64 [ 0, %entry ], [ %next_number, %tile_end ]",
            "  %at = phi ptr [ %tiles, %entry ], [ %next_at, %tile_end ]",
        ]
        sides = [entry_of(function, "%at", "%scratch", place) for place in range(left + right)]
        outputs = [entry_of(function, "%at", "%sums", left + right + place) for place in range(left * right)]
        starts = [lanes_at(function, output, register) for output in outputs for register in registers]
        lines += [
            "  br label %rows",
            "rows:",
            "  %row = phi i64 [ 0, %tile ], [ %next_row, %rows ]",
            *[
                f"  %sum_{i}_{k}_{j} = phi {vector} [ {start.text}, %tile ], [ %more_{i}_{k}_{j}, %rows ]"
                for (i, k, j), start in zip(places, starts, strict=True)
            ],
        ]
        values = []
        for side in sides:
            address = f"%{function.new_name()}"
            lines.append(f"  {address} = getelementptr double, ptr {side}, i64 %row")
            values.append([lanes_at(function, address, register) for register in registers])
        for i, k, j in places:
            more = fma(values[i][j], values[left + k][j], Value(function, REAL, f"%sum_{i}_{k}_{j}"))
            lines.append(copy_of(more, f"%more_{i}_{k}_{j}"))
        lines += [
            f"  %next_row = add i64 %row, {WIDTH}",
            "  %is_more = icmp slt i64 %next_row, %count",
            "  br i1 %is_more, label %rows, label %tile_end",
            "tile_end:",
        ]
        for i, k, j in places:
            store_lanes(function, outputs[i * right + k], j, f"%more_{i}_{k}_{j}")
        lines += [
            f"  %next_at = getelementptr i32, ptr %at, i64 {left + right + left * right}",
            "  %next_number = add i64 %number, 1",
            "  %is_more_tiles = icmp slt i64 %next_number, %tiles_in",
            "  br i1 %is_more_tiles, label %tile, label %end",
            "end:",
            "  ret void",
            "}",
        ]
        self.declared |= function.intrinsics
        return "\n".join(lines)


def segments_of(items: Sequence[Step | Product]) -> list[Product | list[Step]]:
    """Products, and the steps between them in functions of limited length."""
    segments: list[Product | list[Step]] = []
    for item in items:
        if isinstance(item, Product):
            segments.append(item)
            continue
        last = segments[-1] if segments else None
        if isinstance(last, list) and len(last) < LENGTH:
            last.append(item)
        else:
            segments.append([item])
    return segments


def can_wait(step: Step) -> bool:
    """Whether a step needs not stand beside others with which it shares work."""
    return not family_of(step.primitive.name)


def made_by(segment: Product | Sequence[Step]) -> list[int]:
    """The values that a segment computes, in order."""
    if isinstance(segment, Product):
        return list(segment.results)
    return [step.result for step in segment if step.output < 0]


def read_by(segment: Product | Sequence[Step]) -> set[int]:
    """The values that a segment takes from others, and those that it has made itself."""
    if isinstance(segment, Product):
        return {*segment.values, *segment.starts}
    return {operand for step in segment for operand in step.operands}


def in_pieces(values: Sequence[int]) -> list[Sequence[int]]:
    """The values in pieces for functions of limited length."""
    return [values[start : start + LENGTH] for start in range(0, len(values), LENGTH)]


def entry_of(function: Function, table: str, base: str, place: int) -> str:
    """The address, from a base on, that an entry of a table says."""
    entry, number, wide, address = [f"%{function.new_name()}" for _ in range(4)]
    function.lines += [
        f"  {entry} = getelementptr i32, ptr {table}, i64 {place}",
        f"  {number} = load i32, ptr {entry}, align 4",
        f"  {wide} = sext i32 {number} to i64",
        f"  {address} = getelementptr double, ptr {base}, i64 {wide}",
    ]
    return address


def lanes_at(function: Function, address: str, register: int) -> Value:
    """The numbers of a register of rows, this many registers behind an address."""
    place = f"%{function.new_name()}"
    function.lines.append(f"  {place} = getelementptr double, ptr {address}, i64 {register * function.width}")
    return function.emit(REAL, f"load {function.type_of(REAL)}, ptr {place}, align {8 * function.width}")


def copy_of(value: Value, name: str) -> str:
    """The line that gives a value another name."""
    return (
        f"  {name} = select i1 true, {value.function.type_of(REAL)} {value.text}, {value.function.type_of(REAL)} poison"
    )


def store_lanes(function: Function, address: str, register: int, text: str) -> None:
    """Write them."""
    place = f"%{function.new_name()}"
    function.lines += [
        f"  {place} = getelementptr double, ptr {address}, i64 {register * function.width}",
        f"  store {function.type_of(REAL)} {text}, ptr {place}, align {8 * function.width}",
    ]


def same_in_lanes(function: Function, address: str) -> Value:
    """The number at an address, in all lanes."""
    vector = function.type_of(REAL)
    number = function.emit(REAL, f"load double, ptr {address}, align 8")
    first = function.emit(REAL, f"insertelement {vector} poison, double {number.text}, i64 0")
    zeros = f"<{function.width} x i32> zeroinitializer"
    return function.emit(REAL, f"shufflevector {vector} {first.text}, {vector} poison, {zeros}")
