"""Tracing: a function is run once on nodes, and its operations become a program.

Python decides as it always does, on the values of this run. Each decision on something that depends on an input is
recorded as a guard; comparisons that are only handed to `where` are operations like any other.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

from autograd.errors import OperandError
from autograd.graph.callers import caller
from autograd.graph.joint_operations import result_at
from autograd.graph.modes import tracing
from autograd.graph.node import (
    Node,
    Output,
    clock,
    kept_operands,
    new_argument,
    retire_arguments,
    value_of,
    varies,
)
from autograd.numbers.arrays import integers
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Both, Either, Not, Select
from autograd.program.builder import Builder
from autograd.program.program import Program
from autograd.program.signature import Signature
from autograd.transforms.sparse import matrix_leaf
from autograd.transforms.tape import Tape
from autograd.transforms.taped_run import name_of
from autograd.transforms.trees import NUMBER, Structure, flatten

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import ints_in

__all__ = ["Condition", "Trace", "Traced", "condition_leaf", "record"]


class Condition:
    """A comparison inside a trace. `where` takes it as it is; Python's `if` decides, and the decision is recorded."""

    __slots__ = ("node", "trace")

    def __init__(self, trace: Trace, node: Any) -> None:
        self.trace = trace
        self.node = node

    def __bool__(self) -> bool:
        return self.trace.decide(self.node)

    def choose(self, yes: Any, no: Any) -> Any:
        """The node of `where` with this condition."""
        return Select(self.node, yes, no)

    def __and__(self, other: Any) -> Any:
        return Condition(self.trace, Both(self.node, as_operand(other)))

    def __or__(self, other: Any) -> Any:
        return Condition(self.trace, Either(self.node, as_operand(other)))

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> Any:
        # Of plain True and False, ~ makes -2 and -1, which both hold; `not` decides.
        return Condition(self.trace, Not(self.node))

    # In all else a condition is what it is in plain Python: True or False, decided now. As it is
    # registered as a real number, this package's functions take it for one.
    # fmt: off
    def __hash__(self) -> int: return hash(bool(self))
    def __index__(self) -> int: return int(bool(self))
    def __int__(self) -> int: return int(bool(self))
    def __float__(self) -> float: return float(bool(self))
    def __complex__(self) -> complex: return complex(bool(self))
    def __trunc__(self) -> int: return int(bool(self))
    def __floor__(self) -> int: return int(bool(self))
    def __ceil__(self) -> int: return int(bool(self))
    def __round__(self, digits: int | None = None) -> int: return round(bool(self), digits)
    def __abs__(self) -> int: return abs(bool(self))
    def __neg__(self) -> int: return -bool(self)
    def __pos__(self) -> int: return +bool(self)
    def __eq__(self, other: object) -> Any: return bool(self) == plain(other)
    def __ne__(self, other: object) -> Any: return bool(self) != plain(other)
    def __lt__(self, other: Any) -> Any: return bool(self) < plain(other)
    def __le__(self, other: Any) -> Any: return bool(self) <= plain(other)
    def __gt__(self, other: Any) -> Any: return bool(self) > plain(other)
    def __ge__(self, other: Any) -> Any: return bool(self) >= plain(other)
    def __add__(self, other: Any) -> Any: return bool(self) + plain(other)
    def __radd__(self, other: Any) -> Any: return plain(other) + bool(self)
    def __sub__(self, other: Any) -> Any: return bool(self) - plain(other)
    def __rsub__(self, other: Any) -> Any: return plain(other) - bool(self)
    def __mul__(self, other: Any) -> Any: return bool(self) * plain(other)
    def __rmul__(self, other: Any) -> Any: return plain(other) * bool(self)
    def __truediv__(self, other: Any) -> Any: return bool(self) / plain(other)
    def __rtruediv__(self, other: Any) -> Any: return plain(other) / bool(self)
    def __floordiv__(self, other: Any) -> Any: return bool(self) // plain(other)
    def __rfloordiv__(self, other: Any) -> Any: return plain(other) // bool(self)
    def __mod__(self, other: Any) -> Any: return bool(self) % plain(other)
    def __rmod__(self, other: Any) -> Any: return plain(other) % bool(self)
    def __divmod__(self, other: Any) -> Any: return divmod(bool(self), plain(other))
    def __rdivmod__(self, other: Any) -> Any: return divmod(plain(other), bool(self))
    def __pow__(self, other: Any, modulus: Any = None) -> Any: return pow(bool(self), plain(other), modulus)
    def __rpow__(self, other: Any, modulus: Any = None) -> Any: return pow(plain(other), bool(self), modulus)
    def __lshift__(self, other: Any) -> Any: return bool(self) << plain(other)
    def __rlshift__(self, other: Any) -> Any: return plain(other) << bool(self)
    def __rshift__(self, other: Any) -> Any: return bool(self) >> plain(other)
    def __rrshift__(self, other: Any) -> Any: return plain(other) >> bool(self)
    def __xor__(self, other: Any) -> Any: return bool(self) ^ plain(other)
    def __rxor__(self, other: Any) -> Any: return plain(other) ^ bool(self)
    def __str__(self) -> str: return str(bool(self))
    def __format__(self, spec: str) -> str: return bool(self).__format__(spec)
    # fmt: on

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return getattr(ufunc, method)(*[plain(given) for given in inputs], **options)

    def __repr__(self) -> str:
        return f"<condition {bool(value_of(self.node))} of a trace>"


Real.register(Condition)


def plain(operand: Any) -> Any:
    """A condition as True or False, anything else as it is."""
    return bool(operand) if isinstance(operand, Condition) else operand


def as_operand(condition: Any) -> Any:
    """The node of a condition, or 1 or 0."""
    return condition.node if isinstance(condition, Condition) else float(bool(condition))


class Trace:
    """The decisions of one run, whether its program runs over rows, and whether numbers were written into a text."""

    def __init__(self, over_rows: bool = False) -> None:
        self.over_rows = over_rows
        self.decisions: list[tuple[Node, bool, str, int]] = []
        self.wrote_text = False

    def condition(self, primitive: Primitive, left: Any, right: Any) -> Condition:
        """A comparison of two operands, of which one varies."""
        return Condition(self, primitive(left, right))

    def decide(self, node: Any) -> bool:
        """The outcome of a decision in this run, which is noted."""
        outcome = value_of(node) != 0.0
        if varies(node):
            self.decisions.append((node, outcome, *caller()))
        return outcome


class Traced:
    """A recorded run of a function: its program, and the structure of its output.

    The inputs of the program are the numbers of the arguments, then the `variables`: the nodes from outside that the
    function uses.
    """

    def __init__(self, program: Program, outputs: Structure, variables: list[Node]) -> None:
        self.program = program
        self.outputs = outputs
        self.variables = variables

    def inputs(self, numbers: Sequence[float]) -> Sequence[float]:
        """The inputs of the program: the numbers of the arguments, and what the variables are now."""
        if not self.variables:
            return numbers
        return array("d", [*numbers, *[value_of(node) for node in self.variables]])


def record(fun: Callable[..., Any], signature: Signature, numbers: Sequence[float], over_rows: bool = False) -> Traced:
    """Run a function on nodes of these values in its arguments, and turn its operations into a program."""
    before = clock()
    arguments = [new_argument(number, False) for number in numbers]
    trace = Trace(over_rows)
    try:
        with tracing(trace):
            returned = signature.call(fun, arguments)
        leaf = no_text_leaf if trace.wrote_text else result_leaf
        results, structure = flatten(returned, f"the output of {name_of(fun)}", leaf)
        ends = [*results, *[node for node, *_ in trace.decisions]]
        tape = Tape(arguments, ends, before, whole=True)
        translation = Translation(tape, len(arguments))
        outputs = [translation.value_at(result) for result in results]
        guards = first_decisions(
            [(translation.value_at(node), outcome, file, line) for node, outcome, file, line in trace.decisions],
            translation.builder,
        )
        return Traced(translation.builder.program(outputs, guards), structure, translation.variables)
    finally:
        retire_arguments(arguments)


def condition_leaf(value: Any, what: str) -> tuple[list[Any], Structure] | None:
    """The node of a condition, 1 or 0, or those of an array of them, for `flatten`; None for anything else."""
    if isinstance(value, Condition):
        return [value.node], NUMBER
    if hasattr(type(value), "holder"):
        return [as_operand(condition) for condition in value.flat], Structure(
            None, [], shape=value.shape, is_array=True
        )
    return None


def result_leaf(value: Any, what: str) -> tuple[list[Any], Structure] | None:
    """Leaves of results besides numbers and arrays, for `flatten`: conditions and sparse matrices."""
    return condition_leaf(value, what) or matrix_leaf(value, what)


def no_text_leaf(value: Any, what: str) -> tuple[list[Any], Structure] | None:
    """As `result_leaf`; OperandError for a text, which may tell a number of the recording for ever."""
    if isinstance(value, str | bytes):
        raise OperandError(
            f"{what} of a compiled function is the text {value!r:.60}, and while it was recorded a number was written "
            f"into a text: it would be the same at every call. Return the number, and write the text outside"
        )
    return result_leaf(value, what)


@cython.final
@cython.cclass
class Translation:
    """Hands the operations on a tape to a builder, and finds the builder's value for a node.

    The inputs are the arguments, then the `variables` that were made before the run.
    """

    def __init__(self, tape: Tape, count: int) -> None:
        self.tape = tape
        self.variables = list({id(node): node for node in tape.outside}.values())
        self.builder = Builder(count + len(self.variables))
        self.place_of = {id(variable): place for place, variable in enumerate(self.variables, count)}
        # The builder's value for each position of the tape.
        self.values = integers(tape.size)
        self.translate()

    def translate(self) -> None:
        """Hand the operations to the builder, in their order."""
        values = ints_in(self.values)
        count = self.tape.count
        for position in range(count):
            values[position] = position
        for place, node in enumerate(self.tape.nodes):
            operands = tuple([self.value_at(operand) for operand in kept_operands(node)])
            primitive: Any = node._origin.primitive
            if isinstance(node, Output):
                primitive = result_at(node._place)
            values[count + place] = self.builder.emit(primitive, operands)

    def value_at(self, operand: Any) -> int:
        """The builder's value for a node or number."""
        position = self.tape.position_of(operand)
        if position >= 0:
            return int(ints_in(self.values)[position])
        place = self.place_of.get(id(operand))
        return self.builder.constant(value_of(operand)) if place is None else place


def first_decisions(guards: list[tuple[int, bool, str, int]], builder: Builder) -> list[tuple[int, bool, str, int]]:
    """The guards without those that repeat a decision or were taken on a constant."""
    seen: set[int] = set()
    kept = []
    for guard in guards:
        if guard[0] not in seen and not builder.is_constant(guard[0]):
            seen.add(guard[0])
            kept.append(guard)
    return kept
