"""A program as LLVM IR: straight-line code over the places that a machine's plan gives to its values.

The code is cut into functions of some hundred operations, for a compiler takes more than twice as long for twice as
long a function. Within one, values are in registers of the processor; what a later one needs goes through memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.program.llvm import elementary
from autograd.program.llvm.companions import companions
from autograd.program.llvm.exponential import exponent_and_mantissa, power_of_two
from autograd.program.llvm.expressions import (
    CONDITION,
    REAL,
    Function,
    Value,
    absolute,
    copysign,
    fma,
    larger,
    select,
    smaller,
    square_root,
    two_product,
    two_sum,
)
from autograd.program.machine.plan import Plan
from autograd.program.machine.step import Step

__all__ = ["LENGTH", "WIDTH", "Module", "Scratch"]

# Rows that one instruction of the widest vector unit serves.
WIDTH = 8
# Operations in a function.
LENGTH = 300
# Of these a call costs more than the thing itself.
WRITTEN_OUT = {"max", "min", "sign", "floor", "ceil", "trunc", "round", "copysign"}


class Scratch:
    """The places of values that one function computes and another needs, but nothing after the last step.

    They are used again when the last function that needs a value is done, so that they stay in the processor's first
    cache: each is as wide as an instruction, not as a block.
    """

    def __init__(self, plan: Plan, steps: Sequence[Step]) -> None:
        self.size = 0
        self.place: dict[int, int] = {}
        last_use: dict[int, int] = {}
        for time, step in enumerate(steps):
            for operand in step.operands:
                last_use[operand] = time
        free: list[int] = []
        leaving: dict[int, list[int]] = {}
        for time, step in enumerate(steps):
            if time % LENGTH == 0:
                # No function reads what the one before was the last to need.
                free += leaving.pop(time // LENGTH, [])
            if step.output >= 0 or step.result in plan.kept:
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
    """The functions of a module whose `@run` does some steps.

    With a width of 1, all on cells, for one row; of a plan for one row alone, it writes the outputs that it computes to
    where else sums are. With another width, for a block of so many rows, a register's width at a time.
    """

    def __init__(self, plan: Plan, steps: Sequence[Any], width: int, block: int = 1) -> None:
        self.plan = plan
        self.steps = steps
        self.width = width
        self.block = block
        self.scratch = self.scratch_of(steps)
        # The numbers of the outputs that each value is, where the code writes them: for one row alone.
        self.outputs: dict[int, list[int]] = {}
        for number, output in enumerate(plan.outputs if plan.alone else ()):
            self.outputs.setdefault(output, []).append(number)
        # The names of the functions that are called, by their width and suffix.
        self.called: dict[tuple[int, str], set[str]] = {}
        self.declared: set[str] = set()

    def scratch_of(self, steps: Sequence[Any]) -> Scratch:
        """Where values are that one function computes and another needs."""
        return Scratch(self.plan, steps)

    def text(self) -> str:
        """The whole module."""
        starts = range(0, len(self.steps), LENGTH)
        parts = [self.part(number, start) for number, start in enumerate(starts)]
        lines = [
            line
            for (width, suffix), names in sorted(self.called.items())
            for line in elementary.definitions(names, width, suffix).splitlines()
        ]
        declared = self.declared | {line for line in lines if line.startswith("declare")}
        return "\n".join([
            *sorted(declared),
            *[line for line in lines if line not in declared],
            *parts,
            self.entry(len(parts)),
        ])  # fmt: skip

    def part(self, number: int, start: int) -> str:
        """The function of some of the steps."""
        function = Function(self.width)
        stop = min(start + LENGTH, len(self.steps))
        known: dict[int, Value] = {}
        for time in range(start, stop):
            step = self.steps[time]
            operands = [self.operand(function, known, operand) for operand in step.operands]
            if step.output >= 0:
                self.add_up(function, step, operands)
                continue
            if step.result not in known:
                known |= self.results(function, companions(self.steps, time, stop), operands)
            if step.result in self.plan.kept or step.result in self.scratch.place:
                self.store(function, step.result, known[step.result])
            for output in self.outputs.get(step.result, ()):
                self.write_output(function, output, known[step.result])
        return self.defined(number, function)

    def defined(self, number: int, function: Function) -> str:
        """The text of one of the parts."""
        self.declared |= function.intrinsics
        alive = function.type_of(CONDITION)
        parameters = f"ptr %registers, ptr %cells, ptr %sums, {alive} %alive, ptr %scratch"
        head = f"define internal void @part_{number}({parameters}) noinline nounwind {{"
        return "\n".join([head, "entry:", *function.lines, "  ret void", "}"])

    def entry(self, parts: int) -> str:
        """`@run(registers, cells, sums, failed, count, scratch)`: the parts in turn, for each group of rows."""
        parameters = "ptr %registers, ptr %cells, ptr %sums, ptr %failed, i64 %count, ptr %scratch"
        head = f"define void @run({parameters}) nounwind {{"
        arguments = "ptr {}, ptr %cells, ptr %sums"
        if self.width == 1:
            calls = [
                f"  call void @part_{k}({arguments.format('%registers')}, i1 true, ptr %scratch)" for k in range(parts)
            ]
            return "\n".join([head, *calls, "  ret void", "}"])
        width = self.width
        flags = f"<{width} x i1>"
        lanes = ", ".join([f"i64 {lane}" for lane in range(width)])
        calls = [
            f"  call void @part_{k}({arguments.format('%group')}, {flags} %alive, ptr %scratch)" for k in range(parts)
        ]
        return "\n".join([
            head,
            "entry:",
            "  %checked = icmp ne ptr %failed, null",
            "  br label %next",
            "next:",
            "  %row = phi i64 [ 0, %entry ], [ %after, %work ]",
            "  %one = insertelement <8 x i64> poison, i64 %row, i64 0".replace("8", str(width)),
            f"  %same = shufflevector <{width} x i64> %one, <{width} x i64> poison, <{width} x i32> zeroinitializer",
            f"  %rows = add <{width} x i64> %same, <{lanes}>",
            f"  %last = insertelement <{width} x i64> poison, i64 %count, i64 0",
            f"  %counts = shufflevector <{width} x i64> %last, <{width} x i64> poison, <{width} x i32> zeroinitializer",
            f"  %there = icmp slt <{width} x i64> %rows, %counts",
            "  br i1 %checked, label %look, label %work",
            "look:",
            "  %place = getelementptr i32, ptr %failed, i64 %row",
            f"  %guards = load <{width} x i32>, ptr %place, align 4",
            f"  %good = icmp slt <{width} x i32> %guards, zeroinitializer",
            f"  %both = and {flags} %there, %good",
            "  br label %work",
            "work:",
            f"  %alive = phi {flags} [ %there, %next ], [ %both, %look ]",
            "  %group = getelementptr double, ptr %registers, i64 %row",
            *calls,
            f"  %after = add i64 %row, {width}",
            "  %more = icmp slt i64 %after, %count",
            "  br i1 %more, label %next, label %end",
            "end:",
            "  ret void",
            "}",
        ])  # fmt: skip

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

    def address(self, function: Function, value: int) -> tuple[str, int]:
        """Where a value is, and to how many bytes that place is aligned."""
        alignment = 8 * self.width
        if value in self.scratch.place:
            base, index = "%scratch", self.scratch.place[value] * self.width
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
        """Write the result that is this output, or this and the following ones."""
        address = f"%{function.new_name()}"
        function.lines.append(f"  {address} = getelementptr double, ptr %sums, i64 {output}")
        function.lines.append(f"  store {result.function.type_of(REAL)} {result.text}, ptr {address}, align 8")

    def add_up(self, function: Function, addition: Step, operands: list[Value]) -> None:
        """Add an output to its sum, in the rows whose guards hold."""
        address = f"%{function.new_name()}"
        vector = function.type_of(REAL)
        function.lines.append(f"  {address} = getelementptr double, ptr %sums, i64 {addition.output * WIDTH}")
        total = function.emit(REAL, f"load {vector}, ptr {address}, align {8 * WIDTH}")
        more = total + operands[0] if len(operands) == 1 else fma(operands[0], operands[1], total)
        kept = select(Value(function, CONDITION, "%alive"), more, total)
        function.lines.append(f"  store {vector} {kept.text}, ptr {address}, align {8 * WIDTH}")

    def results(self, function: Function, steps: Sequence[Step], operands: list[Value]) -> dict[int, Value]:
        """The results of operations that one function does, by their numbers."""
        if len(steps) == 1:
            return {steps[0].result: self.result(function, steps[0], operands)}
        name = elementary.together([step.primitive.name for step in steps])
        kind = function.type_of(REAL)
        members = name.split(elementary.AND)
        kinds = f"{{ {', '.join([kind] * len(members))} }}"
        found = self.call(function, kinds, name, operands)
        results = {}
        for step in steps:
            place = members.index(step.primitive.name)
            results[step.result] = function.emit(REAL, f"extractvalue {kinds} {found.text}, {place}")
        return results

    def call(self, function: Function, kind: str, name: str, operands: list[Value]) -> Value:
        """What one of the functions in LLVM IR returns."""
        self.called.setdefault((function.width, function.suffix), set()).add(name)
        arguments = ", ".join([f"{function.type_of(REAL)} {operand.text}" for operand in operands])
        return function.emit(REAL, f"call {kind} @ag_{name}{function.suffix}({arguments})")

    def result(self, function: Function, step: Step, operands: list[Value]) -> Value:
        """The result of an operation."""
        primitive: Any = step.primitive
        name = primitive.name
        if name in MANY:
            return MANY[name](operands)
        if name in SINGLE:
            return SINGLE[name](*operands)
        if name in WRITTEN_OUT:
            return elementary.FUNCTIONS[name](*operands)
        if name in elementary.ARITY:
            return self.call(function, function.type_of(REAL), name, operands)
        return operands[0].like(primitive.value(*operands))


SINGLE: dict[str, Callable[..., Value]] = {
    "sqrt": square_root,
    "abs": absolute,
    "fma": fma,
    "product_plus": fma,
    "product_minus": lambda a, b, c: fma(a, b, -c),
    "minus_product": lambda a, b, c: fma(-a, b, c),
}


def total(terms: Sequence[Value]) -> Value:
    """The sum, with what rounding took away added at the end (Neumaier 1974), unless that is not finite."""
    result = terms[0]
    if len(terms) < 3:
        return result if len(terms) == 1 else result + terms[1]
    lost = result.like(0.0)
    for term in terms[1:]:
        result, error = two_sum(result, term)
        lost = lost + error
    corrected = result + lost
    return select(corrected == corrected, corrected, result)


def inner_product(terms: Sequence[Value]) -> Value:
    """The inner product of the halves, likewise (Ogita, Rump and Oishi 2005)."""
    half = len(terms) // 2
    products = [two_product(a, b) for a, b in zip(terms[:half], terms[half:], strict=True)]
    if half == 1:
        return products[0].high
    result = products[0].high
    lost = products[0].low
    for product in products[1:]:
        result, error = two_sum(result, product.high)
        lost = lost + (error + product.low)
    corrected = result + lost
    return select(corrected == corrected, corrected, result)


def product(factors: Sequence[Value]) -> Value:
    """The product, roundings carried along (Graillat 2008).

    Mantissas and exponents are multiplied apart, so that no partial product over- or underflows.
    """
    if len(factors) < 3:
        return factors[0] if len(factors) == 1 else factors[0] * factors[1]
    result = lost = factors[0].like(0.0)
    exponent = result
    for place, factor in enumerate(factors):
        size = absolute(factor)
        ordinary = (size > 0.0) & (size < math.inf)
        power, mantissa = exponent_and_mantissa(select(ordinary, size, 1.0))
        exponent = exponent + select(ordinary, power, 0.0)
        mantissa = copysign(select(ordinary, mantissa, size), factor)
        if place == 0:
            result = mantissa
            continue
        step = two_product(result, mantissa)
        lost = fma(lost, mantissa, step.low)
        result = step.high
    corrected = result + lost
    result = select(corrected == corrected, corrected, result)
    # In steps: a power of two has a narrower range than the product of three.
    for _ in range(3):
        power = larger(smaller(exponent, 1000.0), -1000.0)
        result = result * power_of_two(power)
        exponent = exponent - power
    return result


def extreme(name: str) -> Callable[[Sequence[Value]], Value]:
    """The largest or smallest of many."""
    of_two = elementary.FUNCTIONS[name]

    def of_many(operands: Sequence[Value]) -> Value:
        result = operands[0]
        for operand in operands[1:]:
            result = of_two(result, operand)
        return result

    return of_many


def length(terms: Sequence[Value]) -> Value:
    """The Euclidean length, without overflow."""
    largest = extreme("max")([absolute(term) for term in terms])
    shares = [term / largest for term in terms]
    result = largest * square_root(inner_product([*shares, *shares]))
    return select((largest == 0.0) | (largest == math.inf), largest, result)


def log_of_sum_of_exponentials(terms: Sequence[Value]) -> Value:
    """The logarithm of the sum of the exponentials, without overflow."""
    largest = extreme("max")(terms)
    powers = total([elementary.FUNCTIONS["exp_difference"](term, largest) for term in terms])
    result = largest + elementary.FUNCTIONS["log"](powers)
    return select(absolute(largest) == math.inf, largest, result)


MANY: dict[str, Callable[[Sequence[Value]], Value]] = {
    "sum": total,
    "dot": inner_product,
    "prod": product,
    "norm": length,
    "logsumexp": log_of_sum_of_exponentials,
    "max_of_many": extreme("max"),
    "min_of_many": extreme("min"),
}
