"""Operations as lines of C: the names and expressions of values, in the function that runs one program."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Sequence
from typing import Any

from autograd.exports.c_library import LIBRARY_PREFIX
from autograd.exports.language import Language
from autograd.graph.joint_operations import JointOperation
from autograd.numbers import ieee, special
from autograd.operations.primitive import all_primitives
from autograd.program.program import Guard

__all__ = ["Lines", "literal"]

# The C library's functions, by the functions of the engine that stand for them, and those of functions.c.
LIBM = {getattr(ieee, name): name for name in ieee.__all__ if callable(getattr(ieee, name)) and name != "divide"}
OWN = {function: name for name, function in vars(special).items() if callable(function) and function not in LIBM}
INFIX = {"plus": "+", "minus": "-", "multiply": "*", "divide": "/"}
COMPARISONS = {"less": "<", "less_equal": "<=", "equal": "==", "not_equal": "!="}
OF_MANY = {
    "sum": "sum_value", "prod": "prod_value", "dot": "dot_value", "norm": "norm_value",
    "logsumexp": "logsumexp_value", "max_of_many": "max_value", "min_of_many": "min_value",
}  # fmt: skip


class Lines:
    """The lines of a function that runs one program."""

    def __init__(self, real: str, joint: Callable[[Lines, JointOperation, Sequence[Any]], list[str]]) -> None:
        self.real = real
        self.lines: list[str] = []
        self.count = 0
        self.language = Language("C", self.table(), lambda operation, operands: joint(self, operation, operands))

    def add(self, line: str) -> None:
        """Add a line."""
        self.lines.append(f"    {line}")

    def mention(self, text: str) -> bool:
        """Whether the lines use a name."""
        return any([text in line for line in self.lines])

    def new(self, letter: str = "v") -> str:
        """A new name."""
        self.count += 1
        return f"{letter}{self.count}"

    def text(self, operand: Any) -> str:
        """An operand: a name, or a number."""
        return operand if isinstance(operand, str) else literal(operand, self.real)

    def assign(self, expression: str) -> str:
        """The name of a value."""
        name = self.new()
        self.add(f"const {self.real} {name} = {expression};")
        return name

    def guard(self, number: int, guard: Guard, values: Sequence[Any]) -> None:
        """Leave the function where a decision falls otherwise."""
        sign = "==" if guard.outcome else "!="
        self.add(f"if ({self.text(values[guard.condition])} {sign} {literal(0.0, self.real)}) {{")
        self.add(f"    return {number};")
        self.add("}")

    def table(self) -> dict[str, Callable[..., Any]]:
        """The operations that C has."""
        zero = literal(0.0, self.real)
        forms: dict[str, str] = {name: f"{{}} {sign} {{}}" for name, sign in INFIX.items()}
        forms |= {name: f"({self.real})({{}} {sign} {{}})" for name, sign in COMPARISONS.items()}
        forms |= {
            "negate": "-{}",
            "not": f"({self.real})({{}} == {zero})",
            "both": f"({self.real})({{}} != {zero} && {{}} != {zero})",
            "either": f"({self.real})({{}} != {zero} || {{}} != {zero})",
            "select": f"{{0}} == {zero} ? {{2}} : {{1}}",
        }
        for primitive in all_primitives(auxiliary=True):
            value = primitive.value
            holes = ", ".join(["{}"] * (primitive.arity or 0))
            if value in LIBM:
                forms[primitive.name] = f"{LIBM[value]}{'f' if self.real == 'float' else ''}({holes})"
            elif value in OWN:
                cast = "(float)" if self.real == "float" else ""
                forms[primitive.name] = f"{cast}{LIBRARY_PREFIX}{OWN[value]}({holes})"
        table: dict[str, Callable[..., Any]] = {name: self.line(form) for name, form in forms.items()}
        return table | {name: self.of_many(function) for name, function in OF_MANY.items()}

    def line(self, form: str) -> Callable[..., str]:
        """An operation that is one expression."""
        return lambda *operands: self.assign(form.format(*map(self.text, operands)))

    def of_many(self, function: str) -> Callable[..., str]:
        """An operation on any number of operands: a loop over an array of them."""
        cast = "(float)" if self.real == "float" else ""

        def write(*operands: Any) -> str:
            found = row_in_memory(operands) if self.real == "double" else None
            name, begin = (self.array("double", operands), 0) if found is None else found
            return self.assign(
                f"{cast}{LIBRARY_PREFIX}{function}({name}{f' + {begin}' * (begin > 0)}, {len(operands)})"
            )

        return write

    def row(self, operands: Sequence[Any]) -> tuple[str, int]:
        """The array where operands lie in a row, and the place of the first in it."""
        return row_in_memory(operands) or (self.array(self.real, operands), 0)

    def array(self, kind: str, operands: Sequence[Any]) -> str:
        """The name of an array of operands."""
        name = self.new("many")
        texts = [self.text(operand) for operand in operands]
        self.add(f"const {kind} {name}[{max(len(texts), 1)}] = {{")
        for start in range(0, len(texts), 8):
            self.add(f"    {', '.join(texts[start : start + 8])},")
        if not texts:
            self.add("    0")
        self.add("};")
        return name


def row_in_memory(operands: Sequence[Any]) -> tuple[str, int] | None:
    """The array and the place in it where operands lie in a row; None if they are anything else."""
    first = re.fullmatch(r"(\w+)\[(\d+)\]", operands[0]) if operands and isinstance(operands[0], str) else None
    if first is None:
        return None
    name, begin = first.group(1), int(first.group(2))
    if list(operands) != [f"{name}[{begin + place}]" for place in range(len(operands))]:
        return None
    return name, begin


def literal(number: float, real: str) -> str:
    """A number in C; one that is too large for a float is infinite there."""
    ending = ""
    if real == "float":
        try:
            number = struct.unpack("f", struct.pack("f", number))[0]
        except OverflowError:
            number = math.copysign(math.inf, number)
        ending = "f"
    if number != number:
        return "NAN"
    if math.isinf(number):
        return "INFINITY" if number > 0.0 else "(-INFINITY)"
    text = f"{number:.9g}" if real == "float" else repr(number)
    if "." not in text and "e" not in text:
        text += ".0"
    text += ending
    return f"({text})" if text.startswith("-") else text
