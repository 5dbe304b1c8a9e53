"""A strategy for random programs: Python functions that decide by `if` and repeat by `while`, on values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.operations.primitives import Exp, Max, Min, Minus, Multiply, Negate, Plus, Sin, Square, Tanh
from autograd.testing.strategies import strategies_of_hypothesis

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["BranchingProgram", "programs"]

# The operations of statements: moderate wherever they are applied.
OPERATIONS = {
    "+": Plus,
    "-": Minus,
    "*": Multiply,
    "max": Max,
    "min": Min,
    "sin": Sin,
    "tanh": Tanh,
    "square": Square,
    "negative": Negate,
    "exp": Exp,
}
UNARY = ("sin", "tanh", "square", "negative", "exp")
CONSTANTS = (0.5, 1.0, -1.0, 2.0, -0.25, 3.0)
# A loop that would not end by itself ends after so many rounds, as it says in its text.
MOST_ROUNDS = 6
LARGEST_RESULT = 1e4

Operand = str | float


class Assign(NamedTuple):
    """`target = operation(operands)`."""

    target: str
    operation: str
    operands: tuple[Operand, ...]


class If(NamedTuple):
    """`if left < right: yes, else: no`."""

    left: Operand
    right: Operand
    yes: tuple[Any, ...]
    no: tuple[Any, ...]


class While(NamedTuple):
    """`while left < right: body`, for MOST_ROUNDS at most."""

    left: Operand
    right: Operand
    body: tuple[Any, ...]


class BranchingProgram:
    """A function of a few numbers, as a list of statements. It takes floats or nodes, and reads as Python.

    >>> grow = While("x0", 4.0, (Assign("x0", "+", ("x0", 1.5)),))
    >>> program = BranchingProgram((0.5,), [grow, If("x0", 2.0, (), (Assign("x0", "sin", ("x0",)),))])
    >>> print(program)
    def program(x0):  # at (0.5,)
        rounds = 0
        while x0 < 4.0 and rounds < 6:
            x0 = x0 + 1.5
            rounds += 1
        if not x0 < 2.0:
            x0 = sin(x0)
        return x0
    >>> program(0.5) == math.sin(5.0)
    True
    """

    __name__ = "program"

    def __init__(self, point: Sequence[float], statements: Sequence[Any]) -> None:
        self.point = tuple(point)
        self.statements = tuple(statements)

    def __call__(self, *inputs: Any) -> Any:
        """The value of `x0` when all statements are done."""
        known: dict[str, Any] = {f"x{place}": given for place, given in enumerate(inputs)}
        _run(self.statements, known)
        return known["x0"]

    def __repr__(self) -> str:
        names = ", ".join([f"x{place}" for place in range(len(self.point))])
        lines = [f"def program({names}):  # at {self.point!r}", *_lines(self.statements, "    "), "    return x0"]
        return "\n".join(lines)


def _run(statements: Sequence[Any], known: dict[str, Any]) -> None:
    """Run the statements on the values known so far. They nest a few levels deep."""

    def value(operand: Operand) -> Any:
        return known[operand] if isinstance(operand, str) else operand

    for statement in statements:
        if isinstance(statement, Assign):
            known[statement.target] = OPERATIONS[statement.operation](*[value(item) for item in statement.operands])
        elif isinstance(statement, If):
            _run(statement.yes if value(statement.left) < value(statement.right) else statement.no, known)
        else:
            rounds = 0
            while rounds < MOST_ROUNDS and value(statement.left) < value(statement.right):
                _run(statement.body, known)
                rounds += 1


def _lines(statements: Sequence[Any], indent: str) -> list[str]:
    """The statements as Python."""
    lines: list[str] = []
    for statement in statements:
        if isinstance(statement, Assign):
            operands = [str(item) for item in statement.operands]
            if statement.operation in ("+", "-", "*"):
                text = f" {statement.operation} ".join(operands)
            else:
                text = f"{statement.operation}({', '.join(operands)})"
            lines.append(f"{indent}{statement.target} = {text}")
            continue
        condition = f"{statement.left} < {statement.right}"
        if isinstance(statement, While):
            lines += [f"{indent}rounds = 0", f"{indent}while {condition} and rounds < {MOST_ROUNDS}:"]
            lines += [*_lines(statement.body, indent + "    "), f"{indent}    rounds += 1"]
        elif statement.yes or not statement.no:
            lines += [f"{indent}if {condition}:", *(_lines(statement.yes, indent + "    ") or [f"{indent}    pass"])]
            if statement.no:
                lines += [f"{indent}else:", *_lines(statement.no, indent + "    ")]
        else:
            lines += [f"{indent}if not {condition}:", *_lines(statement.no, indent + "    ")]
    return lines


def programs(*, max_inputs: int = 3, max_statements: int = 6) -> SearchStrategy[BranchingProgram]:
    """Random programs with branches and loops, with a point at which their value is finite and moderate.

    They are functions of numbers for `jit`, `grad` and `gradcheck`; a decision may fall exactly at the point. They
    shrink to fewer and simpler statements, and to whole numbers.

    >>> from hypothesis import given, settings
    >>> from autograd import jit
    >>> @settings(max_examples=10, deadline=None)
    ... @given(programs())
    ... def test_compiled_programs_give_the_same(program):
    ...     assert jit(program)(*program.point) == program(*program.point)
    >>> test_compiled_programs_give_the_same()
    """
    st = strategies_of_hypothesis()

    def of_inputs(count: int) -> Any:
        names = st.sampled_from([f"x{place}" for place in range(count)])
        operand = st.one_of(names, st.sampled_from(CONSTANTS))
        binary = st.sampled_from([name for name in OPERATIONS if name not in UNARY])
        assign = st.one_of(
            st.builds(lambda *parts: Assign(parts[0], parts[1], parts[2:]), names, binary, names, operand),
            st.builds(lambda *parts: Assign(parts[0], parts[1], parts[2:]), names, st.sampled_from(UNARY), names),
        )

        def nested(inner: Any) -> Any:
            block = st.lists(inner, max_size=3).map(tuple)
            return st.one_of(st.builds(If, names, operand, block, block), st.builds(While, names, operand, block))

        # Two levels of nesting, spelled out: hypothesis's recursive strategies shrink slowly.
        statement = st.one_of(assign, nested(st.one_of(assign, nested(assign))))
        leaf = st.integers(-300, 300).map(lambda hundredths: hundredths / 100)
        point = st.tuples(*[leaf] * count)
        return st.builds(BranchingProgram, point, st.lists(statement, min_size=1, max_size=max_statements))

    def is_moderate(program: BranchingProgram) -> bool:
        return bool(abs(program(*program.point)) < LARGEST_RESULT) and math.isfinite(program(*program.point))

    kinds = [of_inputs(count) for count in range(1, max_inputs + 1)]
    result: SearchStrategy[BranchingProgram] = st.one_of(*kinds).filter(is_moderate)
    return result
