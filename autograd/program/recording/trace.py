"""Tracing: a function is run once on nodes, and its operations become a program.

Python decides as it always does, on the values of this run. Each decision on something that depends on an input is
recorded as a guard; comparisons that are only handed to `where` are operations like any other.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from autograd.arrays.discrete import Comparison
from autograd.errors import OperandError
from autograd.graph.callers import (
    asks_for_identity,
    calling_frame,
    is_compared_by_numpy,
    may_have_numpy_compare,
)
from autograd.graph.modes import tracing
from autograd.graph.node import Node, Output, clock, refusal_of, value_of, varies
from autograd.graph.node_errors import in_own_words, lost_nan, refused
from autograd.graph.runs import new_argument, retire_arguments
from autograd.numbers.arrays import integers
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Less, LessEqual, NotEqual
from autograd.program.builder import Builder
from autograd.program.program import Program
from autograd.program.recording.signature import Signature
from autograd.transforms.kinds import result_leaf
from autograd.transforms.tape import Tape
from autograd.transforms.taped_run import name_of
from autograd.transforms.trees import Structure, flatten

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import ints_in
    from autograd.program.builder import RESULT_CODE

__all__ = ["Trace", "Traced", "record"]


class Trace:
    """The decisions of one run, whether its program runs over rows, and whether numbers were written into a text.

    `loops` has the bodies of the loops in it, in order; `known` those of an earlier run that went the same way. With a
    `script`, decisions fall as that says, whatever the numbers; else as these do. If it is `unrolled`, loops are
    recorded turn by turn. `for_derivatives` says that the derivatives of the program are to be those of the function.
    `roll_up(trace, arguments, results, before)`, if given, finds loops again in what a run has recorded, and then
    `by_terms` with the same arguments the Hessian of a sum of terms that are alike; `at_once` as in `Tape`. The first
    may be given a whole tape of the run too. `asked` has the places of comparisons that are decided at once, since
    nobody used what they gave for anything else: elsewhere it may be asked whether it is `True`.
    """

    def __init__(
        self,
        over_rows: bool = False,
        known: Sequence[Any] = (),
        script: Sequence[bool] | None = None,
        unrolled: bool = False,
        for_derivatives: bool = False,
        roll_up: Callable[..., list[Any]] | None = None,
        by_terms: Callable[..., Any] | None = None,
        at_once: Callable[..., Any] | None = None,
        asked: dict[tuple[int, int], Any] | None = None,
    ) -> None:
        self.search = roll_up
        self.at_once = at_once
        self.by_terms = by_terms
        self.over_rows = over_rows
        self.for_derivatives = for_derivatives
        self.known = known
        self.script = script
        self.unrolled = unrolled
        # By the identity of the code and the instruction in it, with the code, which must not be freed.
        self.asked = {} if asked is None else asked
        self.begin()

    def begin(self) -> None:
        """Forget what a run has noted, before the next one."""
        self.roll_up = self.search
        self.decisions: list[tuple[Node, bool, str, int]] = []
        self.loops: list[Any] = []
        self.wrote_text = False
        self.comparisons: list[tuple[tuple[int, int], Any, Comparison]] = []
        # The code that compared last, whether it asks for identity, and whether NumPy may compare for it.
        self.comparing: Any = None
        self.asks = False
        self.calls_numpy = False

    def condition(self, primitive: Primitive, left: Any, right: Any) -> Comparison | bool:
        """A comparison of two operands, of which one varies: decided where Python may ask whether it is `True`."""
        node = primitive(left, right)
        # Compiled functions have no frames.
        frame = sys._getframe(0)
        if not (cython.compiled and frame.f_code is self.comparing):
            frame = calling_frame()
            self.comparing = frame.f_code
            self.asks = asks_for_identity(self.comparing)
            self.calls_numpy = may_have_numpy_compare(frame)
        if self.calls_numpy and (primitive is Less or primitive is LessEqual) and is_compared_by_numpy():
            for operand in (left, right):
                if varies(operand) and self.decide(NotEqual(operand, operand)):
                    raise lost_nan(operand)
        place = id(self.comparing), frame.f_lasti
        if self.asks or place in self.asked:
            return self.decide(node)
        comparison = Comparison(self, node)
        self.comparisons.append((place, self.comparing, comparison))
        return comparison

    def overlooked(self) -> bool:
        """Whether there are places where nobody used what any comparison gave; from now on, these are decided at once.

        A function that is called with `x > 0.0` may ask `c is True`: of the bool that plain Python has it is true.
        """
        used = {place for place, _, comparison in self.comparisons if comparison.is_used}
        found = {place: code for place, code, _ in self.comparisons if place not in used}
        self.asked.update(found)
        return bool(found)

    def decide(self, node: Any) -> bool:
        """The outcome of a decision in this run, which is noted."""
        outcome = value_of(node) != 0.0
        if varies(node):
            taken = len(self.decisions)
            if self.script is not None and taken < len(self.script):
                outcome = self.script[taken]
            frame = calling_frame()
            self.note(node, outcome, frame.f_code.co_filename, frame.f_lineno)
        return outcome

    def note(self, node: Any, outcome: bool, file: str, line: int) -> None:
        """Note how a decision fell."""
        self.decisions.append((node, outcome, file, line))


class Traced:
    """A recorded run of a function: its program, and the structure of its output.

    The inputs of the program are the numbers of the arguments, which were those of the `example`, then the `variables`:
    the nodes from outside that the function uses. `loops` has the bodies of the loops that were recorded, `script` how
    all decisions fell.
    """

    def __init__(
        self, program: Program, outputs: Structure, variables: list[Node], example: array[float], trace: Trace
    ) -> None:
        self.example = example
        self.program = program
        self.outputs = outputs
        self.variables = variables
        self.loops = trace.loops
        self.script = [outcome for _, outcome, *_ in trace.decisions]

    def inputs(self, numbers: Sequence[float]) -> Sequence[float]:
        """The inputs of the program: the numbers of the arguments, and what the variables are now."""
        if not self.variables:
            return numbers
        return array("d", [*numbers, *[value_of(node) for node in self.variables]])


def record(
    fun: Callable[..., Any], signature: Signature, numbers: Sequence[float], trace: Trace | None = None
) -> Traced:
    """Run a function on nodes of these values in its arguments, and turn its operations into a program."""
    before = clock()
    arguments = [new_argument(number, False) for number in numbers]
    trace = Trace() if trace is None else trace
    try:
        while True:
            returned = returned_on(fun, signature, arguments, trace)
            leaf = no_text_leaf if trace.wrote_text else result_leaf
            results, structure = flatten(returned, f"the output of {name_of(fun)}", leaf)
            if not trace.overlooked():
                break
            trace.begin()
        tape = whole_tape(arguments, results, before, trace)
        if trace.roll_up is not None:
            with tracing(trace):
                rolled = trace.roll_up(trace, arguments, results, before, tape)
            if rolled is not results:
                results = rolled
                tape = whole_tape(arguments, results, before, trace)
        translation = Translation(tape, len(arguments), trace.for_derivatives)
        outputs = [translation.value_at(result) for result in results]
        guards = first_decisions(
            [(translation.value_at(node), outcome, file, line) for node, outcome, file, line in trace.decisions],
            translation.builder,
        )
        program = translation.builder.program(outputs, guards)
        return Traced(program, structure, translation.variables, array("d", numbers), trace)
    finally:
        retire_arguments(arguments)


def whole_tape(arguments: list[Any], results: list[Any], before: int, trace: Trace) -> Tape:
    """All that a run has recorded since this serial number, up to its results and decisions."""
    return Tape(arguments, [*results, *[node for node, *_ in trace.decisions]], before, whole=True)


def returned_on(fun: Callable[..., Any], signature: Signature, arguments: list[Any], trace: Trace) -> Any:
    """What a function returns on these nodes in its arguments, while a trace records its decisions.

    A recording of whose nodes another thread was refused the use is refused, whatever became of the error there. Errors
    that other packages raise over nodes are put in words of this one.
    """
    refused.clear()
    try:
        with tracing(trace):
            returned = signature.call(fun, arguments)
    except Exception as error:
        refusal = refusal_of(arguments) or in_own_words(error)
        if refusal is None or refusal is error:
            raise
        raise refusal from error
    refusal = refusal_of(arguments)
    if refusal is not None:
        raise refusal
    return returned


def no_text_leaf(value: Any, what: str) -> tuple[list[Any], Structure] | None:
    """As `result_leaf`; OperandError for a text, which may tell a number of the recording for ever."""
    if isinstance(value, str | bytes):
        raise OperandError(
            f"{what} of a compiled function is the text {value!r:.60}, and while it was recorded a number was written "
            f"into a text: it would be the same at every call. Return the number, and write the text outside"
        )
    return result_leaf(value, what)


def stamp_of(node: Node) -> int:
    """A number that is larger than those of all nodes made before."""
    return node._stamp


@cython.final
@cython.cclass
class Translation:
    """Hands the operations on a tape to a builder, and finds the builder's value for a node.

    The inputs are the arguments, then the `variables` that were made before the run, in the order in which they were:
    what was made together is mostly used together, and machines are fast where that lies side by side.
    """

    def __init__(self, tape: Tape, count: int, for_derivatives: bool) -> None:
        self.tape = tape
        self.variables = sorted({id(node): node for node in tape.outside}.values(), key=stamp_of)
        self.builder = Builder(count + len(self.variables), for_derivatives, tape.size)
        self.place_of = {id(variable): place for place, variable in enumerate(self.variables, count)}
        # The builder's value for each position of the tape, and for each of its others once it is asked for.
        self.values = integers(tape.size)
        self.other_values = integers(len(tape.numbering.others), -1)
        self.translate()

    def translate(self) -> None:
        """Hand the operations to the builder, in their order."""
        tape, builder = self.tape, self.builder
        table = builder.table
        values, others = ints_in(self.values), ints_in(self.other_values)
        codes, starts, slots = ints_in(tape.codes), ints_in(tape.starts), ints_in(tape.operands)
        codes_here = integers(len(tape.numbering.primitives))
        code_here = ints_in(codes_here)
        for code, primitive in enumerate(tape.numbering.primitives):
            code_here[code] = builder.code(primitive)
        count = tape.count
        for position in range(count):
            values[position] = position
        for place in range(len(tape.nodes)):
            code = code_here[codes[place]]
            if code == RESULT_CODE:
                # Results stand behind their operation.
                values[count + place] = values[slots[starts[place]]] + 1 + cython.cast(Output, tape.nodes[place])._place
                continue
            for entry in range(starts[place], starts[place + 1]):
                slot = slots[entry]
                if slot >= 0:
                    table.lay(values[slot])
                    continue
                if others[-1 - slot] < 0:
                    others[-1 - slot] = self.value_at(tape.numbering.others[-1 - slot])
                table.lay(others[-1 - slot])
            values[count + place] = builder.emit_laid(code)

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
