"""LLVM IR written as mathematics: `fma(x, y, 1.0) / 2.0` on `Value`s emits the lines that calculate it.

Every line works on one number a row, `width` rows at a time in a vector register (width 1: scalars). Operations
are IEEE's, each rounded once: no fast-math flag is ever set, so nothing is contracted or reordered, and the bits
of a result don't depend on the width. Plain numbers mix in as constants, the same in every row.

The text is written by hand because LLVM parses text in any case, and writing it takes 1 ms for a program of 1,000
operations, where building it with `llvmlite.ir` takes 6 to 10 ms: that would be added to each compilation.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = [
    "NOTHING",
    "TO_INTEGER",
    "Function",
    "Number",
    "Pair",
    "Value",
    "absolute",
    "bits",
    "bits_of",
    "copysign",
    "fast_two_sum",
    "fma",
    "is_nan",
    "larger",
    "polynomial",
    "quotient",
    "real",
    "round_down",
    "round_even",
    "round_to_zero",
    "round_up",
    "scalar_where",
    "select",
    "smaller",
    "square_root",
    "suffix_of",
    "times",
    "two_product",
    "two_sum",
]

REAL, INTEGER, CONDITION = "double", "i64", "i1"
Number = float | int | bool
# x + TO_INTEGER has the nearest integer to x in its last bits, for |x| < 2**51.
TO_INTEGER = 1.5 * 2.0**52
# The low part of a pair that has none: adding -0.0, unlike 0.0, changes nothing, and costs nothing in LLVM.
NOTHING = -0.0
# Comparisons of reals; none but the last holds for nan.
REAL_COMPARISONS = {
    "<": "fcmp olt",
    "<=": "fcmp ole",
    ">": "fcmp ogt",
    ">=": "fcmp oge",
    "==": "fcmp oeq",
    "!=": "fcmp une",
}
INTEGER_COMPARISONS = {
    "<": "icmp slt",
    "<=": "icmp sle",
    ">": "icmp sgt",
    ">=": "icmp sge",
    "==": "icmp eq",
    "!=": "icmp ne",
}


def bits_of(number: float) -> int:
    """The 64 bits of a double as an integer."""
    result: int = struct.unpack("<q", struct.pack("<d", number))[0]
    return result


class Function:
    """A function of the module being written: its lines so far, and the declarations that they need."""

    def __init__(self, width: int, suffix: str = "") -> None:
        self.width = width
        # Ends the names of the module's functions of this width.
        self.suffix = suffix
        self.lines: list[str] = []
        self.intrinsics: set[str] = set()
        self.scalars: set[tuple[str, int]] = set()
        self.block = "entry"
        self._known: dict[str, Value] = {}
        self._names = itertools.count(1)

    def in_width(self, width: int) -> Function:
        """The same function for values of another width: lines emitted there are part of this one."""
        other = Function(width, suffix_of(width))
        other.lines, other.intrinsics, other.scalars = self.lines, self.intrinsics, self.scalars
        other._names = self._names
        return other

    def type_of(self, kind: str) -> str:
        """The type of a value of this kind: one scalar a row."""
        return kind if self.width == 1 else f"<{self.width} x {kind}>"

    def constant(self, kind: str, number: Number) -> str:
        """A constant, the same in every row."""
        if kind == REAL:
            text = f"0x{bits_of(float(number)) & 0xFFFFFFFFFFFFFFFF:016X}"
        elif kind == INTEGER:
            text = str(int(number))
        else:
            text = "true" if number else "false"
        return text if self.width == 1 else f"<{', '.join([f'{kind} {text}'] * self.width)}>"

    def new_name(self) -> str:
        """A name that no other value or block of the function has."""
        return f"v{next(self._names)}"

    def loop(
        self, at: int, label: str, before: str, first: str, step: int, length: str,
        kept: Sequence[tuple[Value, str, str]],
    ) -> None:  # fmt: skip
        """Make the lines from `at` the turn of a loop over `length` numbers, `step` at a time while so many are left.

        It comes from the block `before`, begins with the number `first`, and has that of a turn in `%label_place`. Each
        value that is kept comes with what it begins as and what a turn gives on.
        """
        place, after = f"%{label}_place", f"%{label}_after"
        self.lines[at:at] = [
            f"  br label %{label}",
            f"{label}:",
            f"  {place} = phi i64 [ {first}, %{before} ], [ {after}, %{label}_turn ]",
            *[
                f"  {one.text} = phi {one.function.type_of(one.kind)} [ {begin}, %{before} ], [ {end}, %{label}_turn ]"
                for one, begin, end in kept
            ],
            f"  {after} = add i64 {place}, {step}",
            f"  %{label}_fits = icmp sle i64 {after}, {length}",
            f"  br i1 %{label}_fits, label %{label}_turn, label %{label}_end",
            f"{label}_turn:",
        ]
        self.lines += [f"  br label %{label}", f"{label}_end:"]

    def emit(self, kind: str, instruction: str) -> Value:
        """The result of one more line."""
        result = Value(self, kind, f"%{self.new_name()}")
        self.lines.append(f"  {result.text} = {instruction}")
        return result

    def calculate(self, kind: str, instruction: str) -> Value:
        """The result of an instruction that depends on its operands alone: the known one if it was asked for before.

        So functions written into one another share what they have in common, without knowing of each other.
        """
        result = self._known.get(instruction)
        if result is None:
            result = self._known[instruction] = self.emit(kind, instruction)
        return result

    def call(self, intrinsic: str, *operands: Value) -> Value:
        """The result of one of LLVM's intrinsic functions of reals."""
        suffix = "f64" if self.width == 1 else f"v{self.width}f64"
        real_type = self.type_of(REAL)
        self.intrinsics.add(f"declare {real_type} @llvm.{intrinsic}.{suffix}({', '.join([real_type] * len(operands))})")
        arguments = ", ".join([f"{real_type} {operand.text}" for operand in operands])
        return self.calculate(REAL, f"call {real_type} @llvm.{intrinsic}.{suffix}({arguments})")


def suffix_of(width: int) -> str:
    """The suffix that tells this width's functions from other widths' in one module."""
    return f"_{width}"


class Value:
    """A real number, an integer or a condition per row, as the function being written will have it."""

    __slots__ = ("function", "kind", "text")
    __hash__ = object.__hash__

    def __init__(self, function: Function, kind: str, text: str) -> None:
        self.function = function
        self.kind = kind
        self.text = text

    def like(self, other: Value | Number) -> Value:
        """`other`, if it is a plain number as a constant of this value's kind."""
        if isinstance(other, Value):
            return other
        return Value(self.function, self.kind, self.function.constant(self.kind, other))

    def _operate(self, operation: str, left: Value | Number, right: Value | Number) -> Value:
        operation = f"f{operation}" if self.kind == REAL else operation
        operands = f"{self.like(left).text}, {self.like(right).text}"
        return self.function.calculate(self.kind, f"{operation} {self.function.type_of(self.kind)} {operands}")

    def _compare(self, relation: str, other: Value | Number) -> Value:
        comparison = REAL_COMPARISONS[relation] if self.kind == REAL else INTEGER_COMPARISONS[relation]
        operands = f"{self.text}, {self.like(other).text}"
        return self.function.calculate(CONDITION, f"{comparison} {self.function.type_of(self.kind)} {operands}")

    def __add__(self, other: Value | Number) -> Value:
        return self._operate("add", self, other)

    def __radd__(self, other: Number) -> Value:
        return self._operate("add", other, self)

    def __sub__(self, other: Value | Number) -> Value:
        return self._operate("sub", self, other)

    def __rsub__(self, other: Number) -> Value:
        return self._operate("sub", other, self)

    def __mul__(self, other: Value | Number) -> Value:
        return self._operate("mul", self, other)

    def __rmul__(self, other: Number) -> Value:
        return self._operate("mul", other, self)

    def __truediv__(self, other: Value | Number) -> Value:
        return self._operate("div", self, other)

    def __rtruediv__(self, other: Number) -> Value:
        return self._operate("div", other, self)

    def __neg__(self) -> Value:
        return self.function.calculate(self.kind, f"fneg {self.function.type_of(self.kind)} {self.text}")

    def __lt__(self, other: Value | Number) -> Value:
        return self._compare("<", other)

    def __le__(self, other: Value | Number) -> Value:
        return self._compare("<=", other)

    def __gt__(self, other: Value | Number) -> Value:
        return self._compare(">", other)

    def __ge__(self, other: Value | Number) -> Value:
        return self._compare(">=", other)

    def __eq__(self, other: Value | Number) -> Value:  # type: ignore[override]
        return self._compare("==", other)

    def __ne__(self, other: Value | Number) -> Value:  # type: ignore[override]
        return self._compare("!=", other)

    def __bool__(self) -> bool:
        raise TypeError("a value of LLVM IR is not known yet, so that no `if` can ask for it: use select")

    def choose(self, yes: Value | Number, no: Value | Number) -> Value:
        """The result of `where` on this condition."""
        return select(self, yes, no)

    # Operators of integers and conditions.

    def __and__(self, other: Value | Number) -> Value:
        return self._operate("and", self, other)

    def __or__(self, other: Value | Number) -> Value:
        return self._operate("or", self, other)

    def __xor__(self, other: Value | Number) -> Value:
        return self._operate("xor", self, other)

    def __invert__(self) -> Value:
        return self ^ -1 if self.kind == INTEGER else self ^ True

    def __lshift__(self, places: int) -> Value:
        return self._operate("shl", self, places)

    def __rshift__(self, places: int) -> Value:
        """Shifted to the right, zeros moving in."""
        return self._operate("lshr", self, places)


def _together(*operands: Value | Number) -> list[Value]:
    """The operands as values, the plain numbers among them as constants."""
    model = next(operand for operand in operands if isinstance(operand, Value))
    return [model.like(operand) for operand in operands]


def fma(x: Value | Number, y: Value | Number, z: Value | Number) -> Value:
    """x * y + z, rounded once."""
    operands = _together(x, y, z)
    return operands[0].function.call("fma", *operands)


def select(condition: Value, yes: Value | Number, no: Value | Number) -> Value:
    """`yes` in the rows where the condition holds, `no` in the others; two plain numbers are reals."""
    function = condition.function
    model = next((side for side in (yes, no) if isinstance(side, Value)), Value(function, REAL, ""))
    kind = function.type_of(model.kind)
    sides = f"{kind} {model.like(yes).text}, {kind} {model.like(no).text}"
    return function.calculate(model.kind, f"select {function.type_of(CONDITION)} {condition.text}, {sides}")


def _intrinsic(name: str, doc: str) -> Callable[[Value], Value]:
    def function(x: Value) -> Value:
        return x.function.call(name, x)

    function.__doc__ = doc
    return function


absolute = _intrinsic("fabs", "|x|.")
square_root = _intrinsic("sqrt", "The square root, correctly rounded.")
round_down = _intrinsic("floor", "The integer below.")
round_up = _intrinsic("ceil", "The integer above.")
round_to_zero = _intrinsic("trunc", "The integer towards 0.")
round_even = _intrinsic("rint", "The nearest integer, halves to even.")


def copysign(size: Value | Number, sign: Value) -> Value:
    """|size| with the sign of the other."""
    return sign.function.call("copysign", *_together(size, sign))


def larger(x: Value, bound: Value | Number) -> Value:
    """The larger of the two; x if it is nan."""
    return select(x < bound, bound, x)


def smaller(x: Value, bound: Value | Number) -> Value:
    """The smaller of the two; x if it is nan."""
    return select(x > bound, bound, x)


def is_nan(x: Value) -> Value:
    """The condition that x is nan."""
    return x != x


def bits(x: Value) -> Value:
    """The 64 bits of a real as an integer."""
    types = x.function.type_of(REAL), x.function.type_of(INTEGER)
    return x.function.calculate(INTEGER, f"bitcast {types[0]} {x.text} to {types[1]}")


def real(x: Value) -> Value:
    """The real that has these 64 bits."""
    types = x.function.type_of(INTEGER), x.function.type_of(REAL)
    return x.function.calculate(REAL, f"bitcast {types[0]} {x.text} to {types[1]}")


def scalar_where(condition: Value, result: Value, name: str, *arguments: Value) -> Value:
    """`result`, replaced by the scalar function `name` of the arguments in the rows where the condition holds.

    The one branch there is: rows are looked at one by one only if the condition holds in any of them.
    """
    function, width = condition.function, condition.function.width
    function.scalars.add((name, len(arguments)))
    before, called, after = function.block, function.new_name(), function.new_name()
    anywhere = condition.text
    if width > 1:
        packed = function.new_name()
        anywhere = f"%{function.new_name()}"
        function.lines.append(f"  %{packed} = bitcast <{width} x i1> {condition.text} to i{width}")
        function.lines.append(f"  {anywhere} = icmp ne i{width} %{packed}, 0")
    function.lines += [f"  br i1 {anywhere}, label %{called}, label %{after}", f"{called}:"]
    real_type = function.type_of(REAL)
    operands = ", ".join([f"{real_type} {argument.text}" for argument in (*arguments, result)])
    flags = f"{function.type_of(CONDITION)} {condition.text}"
    replaced = function.emit(REAL, f"call {real_type} @ag_rows_{name}{function.suffix}({operands}, {flags})")
    function.lines += [f"  br label %{after}", f"{after}:"]
    function.block = after
    return function.emit(REAL, f"phi {real_type} [ {result.text}, %{before} ], [ {replaced.text}, %{called} ]")


def polynomial(coefficients: Sequence[float], x: Value) -> Value:
    """Sum of coefficients[k] * x**k. Even and odd powers apart: half as long to wait for as one chain."""
    if len(coefficients) < 5:
        return _horner(coefficients, x)
    square = x * x
    return fma(x, _horner(coefficients[1::2], square), _horner(coefficients[0::2], square))


def _horner(coefficients: Sequence[float], x: Value) -> Value:
    result = fma(x, coefficients[-1], coefficients[-2]) if len(coefficients) > 1 else x.like(coefficients[0])
    for coefficient in coefficients[-3::-1]:
        result = fma(result, x, coefficient)
    return result


class Pair(NamedTuple):
    """The unevaluated sum high + low: about 106 significant bits.

    Products and quotients of pairs take the low part to be a rounding error of the high one: see `normalized`.
    """

    high: Value
    low: Value

    def __neg__(self) -> Pair:
        return Pair(-self.high, -self.low)

    @property
    def rounded(self) -> Value:
        """The sum as one real."""
        return self.high + self.low

    @property
    def normalized(self) -> Pair:
        """The same sum, with the rounded sum as its high part."""
        return fast_two_sum(self.high, self.low)


def two_sum(a: Value, b: Value) -> Pair:
    """a + b exactly: the rounded sum and its rounding error."""
    total = a + b
    part = total - a
    return Pair(total, (a - (total - part)) + (b - part))


def fast_two_sum(a: Value | Number, b: Value) -> Pair:
    """a + b exactly, as `two_sum`, for |a| >= |b| or a = 0."""
    total = a + b
    return Pair(total, b - (total - a))


def two_product(a: Value, b: Value | Number) -> Pair:
    """a * b exactly (unless the error underflows): the rounded product and its rounding error."""
    product = a * b
    return Pair(product, fma(a, b, -product))


def quotient(numerator: Pair, denominator: Pair) -> Pair:
    """The quotient of two pairs."""
    inverse = 1.0 / denominator.high
    high = numerator.high * inverse
    rest = fma(-high, denominator.high, numerator.high) + fma(-high, denominator.low, numerator.low)
    return Pair(high, rest * inverse)


def times(x: Pair, y: Pair) -> Pair:
    """The product of two pairs."""
    product = two_product(x.high, y.high)
    return Pair(product.high, fma(x.high, y.low, fma(x.low, y.high, product.low)))
