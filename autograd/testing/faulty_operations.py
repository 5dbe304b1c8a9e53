"""The search for the operation at which a derivative goes wrong.

Each operation of the graph is checked alone, as a function of its operands: the first whose derivatives are wrong is
the fault. If all are right, the function depends on its inputs in ways that its graph does not show; these are found
by runs beside the point (see `hidden_dependencies`).
"""

from __future__ import annotations

import math
from typing import Any

from autograd.diagnosis.kinks import margin_of
from autograd.graph.node import Node, Variable, operands_of, recorded_gradients, value_of, varies
from autograd.graph.sweep import topological_order
from autograd.operations import primitives
from autograd.operations.primitive import Primitive, find_primitive
from autograd.operations.primitives import StopGradient
from autograd.testing.check import Check, Finding, Options
from autograd.testing.checked_function import CheckedFunction, Recorded
from autograd.testing.common_mistakes import mistake_in
from autograd.testing.hidden_dependencies import hidden_dependency, in_brackets, stopped
from autograd.testing.kinks import margins_of
from autograd.testing.report import Fault

__all__ = ["Alone", "fault_of"]

# Runs beside the point are further away than this.
TOO_NEAR = 1e-5
# Each takes about 2 ms: a large function should not take minutes to fail.
MOST_BUILT_IN = 1000
LETTERS = "abcdefgh"


class Alone:
    """One operation as a function of its operands that vary, each once however often it stands.

    separate: whether an operand that stands in several places is to be an input of its own in each.

    >>> from autograd.operations.primitives import Multiply
    >>> x = Variable(3.0)
    >>> squared = Alone(Multiply(x, x))
    >>> squared.point, squared(5.0), squared.example(1)
    ([3.0], 25.0, 'gradcheck(lambda a: Multiply(a, a), [3.0])')
    """

    def __init__(self, node: Node, *, separate: bool = False) -> None:
        primitive: Any = node.op
        self.node = node
        self.primitive: Primitive = primitive
        self.operands = tuple([value_of(operand) for operand in operands_of(node)])
        # The input that each operand is; None for a constant.
        self.inputs: list[int | None] = []
        self.point: list[float] = []
        known: dict[int, int] = {}
        for operand in operands_of(node):
            if not varies(operand):
                self.inputs.append(None)
                continue
            value = value_of(operand)
            if id(operand) in known and separate:
                # Off the others: a rule may tell operands by their values.
                value += 2.0**-5 * max(abs(value), 1.0)
            if id(operand) not in known or separate:
                known[id(operand)] = len(self.point)
                self.point.append(value)
            self.inputs.append(known[id(operand)])

    @property
    def key(self) -> tuple[Any, ...]:
        """The key that tells this operation on these operands from others."""
        return (self.primitive.name, id(self.primitive), self.operands, tuple(self.inputs))

    def __call__(self, *inputs: Any) -> Any:
        return self.primitive(
            *[
                operand if place is None else inputs[place]
                for operand, place in zip(self.operands, self.inputs, strict=True)
            ]
        )

    def example(self, order: int) -> str:
        """The check of this operation as one line of Python."""
        name = python_name(self.primitive)
        further = f", order={order}" if order > 1 else ""
        if self.inputs == list(range(len(self.inputs))):
            return f"gradcheck({name}, {self.point!r}{further})"
        letters = [LETTERS[place] if place < len(LETTERS) else f"a{place}" for place in range(len(self.point))]
        operands = [
            repr(operand) if place is None else letters[place]
            for operand, place in zip(self.operands, self.inputs, strict=True)
        ]
        return f"gradcheck(lambda {', '.join(letters)}: {name}({', '.join(operands)}), {self.point!r}{further})"


def is_differentiated(primitive: Primitive) -> bool:
    """True if derivatives can be wrong: conditions jump and have slopes 0, and StopGradient gives 0 on purpose."""
    return not (primitive.condition or primitive.of_conditions or primitive is StopGradient)


def python_name(primitive: Primitive) -> str:
    """The name of a primitive in a program: that of `autograd`, or how to find it."""
    for name in primitives.__all__:
        if getattr(primitives, name) is primitive:
            return name
    try:
        found = find_primitive(primitive.name) is primitive
    except LookupError:
        found = False
    return f"find_primitive({primitive.name!r})" if found else primitive.name


def fault_of(check: Check, finding: Finding) -> Fault | None:
    """The place where derivatives that were checked go wrong; `finding` is the worst of them."""
    if finding.comparison.kind == "jump":
        return None
    recorded = check.function.recorded(check.function.point, places=True)
    fault = OperationChecks(check.options).first_fault(recorded, check.below)
    if fault is not None:
        return fault
    if not math.isfinite(finding.comparison.derivative):
        return infinite_slope(recorded)
    if finding.comparison.kind == "unresolved" or margins_near(recorded):
        # Runs beside the point would be on other pieces of the function.
        return meeting_kinks(recorded, finding) or stopped(recorded)
    return hidden_dependency(check.function, recorded, finding, check.below)


def infinite_slope(recorded: Recorded) -> Fault | None:
    """The first operation whose local gradient is not finite: derivatives that pass it become infinite or nan."""
    for node in recorded.nodes:
        slopes = [slope for slope in recorded_gradients(node) if not math.isfinite(slope)]
        if slopes and node.op is not None:
            place = recorded.places.get(id(node), "")
            reason = (
                f"the local gradient of {node.op.name} = {value_of(node)!r}{in_brackets(place)} is {slopes[0]}, as it "
                f"should be; a number multiplied with it becomes infinite, or nan if it is 0. Move the point off it"
            )
            return Fault(node.op.name, place, reason, node=node)
    return None


def margins_near(recorded: Recorded) -> bool:
    """Whether an operation is at a kink or next to one."""
    return any([not abs(margin) > TOO_NEAR for margin in margins_of(recorded.nodes)[1]])


def meeting_kinks(recorded: Recorded, finding: Finding) -> Fault | None:
    """The reason why subgradients that are each right need not give one of the whole."""
    kinked = [node for node, margin in zip(*margins_of(recorded.nodes), strict=True) if margin == 0.0]
    if not kinked or finding.comparison.kind not in ("smooth", "kink"):
        return None
    names = sorted({node.op.name for node in kinked if node.op is not None})
    reason = (
        f"{len(kinked)} operation(s) are at a kink here ({', '.join(names)}), and the gradient of each alone is right. "
        f"Subgradients of each, put together by the chain rule, need not be one of the whole; move the point off them"
    )
    return Fault("", recorded.places.get(id(kinked[0]), ""), reason, node=kinked[0])


class OperationChecks:
    """The checks of operations alone, each of those that are the same but once."""

    def __init__(self, options: Options) -> None:
        tolerance = options.tolerance._replace(step=None)
        self.options = options._replace(tolerance=tolerance, nondet_tol=0.0, fast_mode=False, check_backward_ad=True)
        self.seen: set[tuple[Any, ...]] = set()

    def first_fault(self, recorded: Recorded, below: int) -> Fault | None:
        """The first operation of a run whose derivatives, up to order `below + 1`, are wrong.

        Users' primitives come first, all of them; of built-in ones, which have tests of their own, MOST_BUILT_IN at
        most.
        """
        nodes = [node for node in recorded.nodes if node.op is not None and is_differentiated(node.op)]
        users = [node for node in nodes if node.op is not None and not node.op.built_in]
        built_in = [node for node in nodes if node.op is not None and node.op.built_in]
        for node in users + built_in[:MOST_BUILT_IN]:
            fault = self.fault(node, recorded.places.get(id(node), ""), below)
            if fault is not None:
                return fault
        return None

    def fault(self, node: Node, place: str, highest: int) -> Fault | None:
        """The fault of one operation in the orders up to `highest + 1`, None if it has none or was seen before."""
        alone = Alone(node)
        if alone.key in self.seen or not alone.point:
            return None
        self.seen.add(alone.key)
        for below in range(highest + 1):
            wrong = self.wrong(alone, below)
            if wrong:
                inner = self.fault_in_rule(alone, below) if below else None
                return inner or self.described(alone, wrong, below, place)
        return None

    def check(self, alone: Alone, below: int) -> Check:
        """The check of an operation in one order."""
        at_kink = margin_of(alone.primitive, alone.operands) == 0.0
        return Check(CheckedFunction(alone, alone.point), self.options, below, at_kink)

    def wrong(self, alone: Alone, below: int) -> list[Finding]:
        """The derivatives of order `below + 1` of the operation that are wrong."""
        try:
            check = self.check(alone, below)
            findings = [] if check.complaint() else check.findings()
        except (ArithmeticError, ValueError):
            return []
        # At a pole, an infinite gradient is what the operation declares; next to jumps, differences prove nothing.
        return [
            finding
            for finding in findings
            if not finding.agrees
            and finding.comparison.kind not in ("jump", "unresolved")
            and not (check.at_kink and finding.comparison.kind in ("unclear", "edge"))
            and not (check.at_kink and not math.isfinite(finding.comparison.derivative))
        ]

    def fault_in_rule(self, alone: Alone, below: int) -> Fault | None:
        """A faulty operation that the rule of this one uses."""
        results = CheckedFunction(alone, alone.point).derivatives([Variable(value) for value in alone.point], below)
        for node in topological_order(*[result for result in results if isinstance(result, Node)]):
            if node.op is not None and node.op is not alone.primitive:
                fault = self.fault(node, "", 0)
                if fault is not None:
                    return fault._replace(reason=f"{fault.reason}; the rule of {alone.primitive.name} uses it")
        return None

    def described(self, alone: Alone, wrong: list[Finding], below: int, place: str) -> Fault:
        """The fault of an operation, in words."""
        name = alone.primitive.name
        got = tuple([derivative.value for derivative in self.check(alone, below).rows[0]])
        expected = list(got)
        for finding in wrong:
            if finding.place >= 0 and finding.component == 0:
                expected[finding.place] = finding.comparison.slope.value
        operands = ", ".join([f"{operand!r}" for operand in alone.operands[:6]])
        more = ", ..." if len(alone.operands) > 6 else ""
        where = f" at ({operands}{more}){in_brackets(place)} is "
        worst = max(wrong, key=lambda finding: finding.comparison.severity)
        comparison = worst.comparison
        what = f"the local gradient of {name}" if below == 0 else f"the derivative of order {below + 1} of {name}"
        if worst.place < 0:
            reason = f"{what}{where}wrong {worst.where}: {comparison.describe()}"
        else:
            operand = f" in operand {alone.inputs.index(worst.place) + 1}" if len(alone.operands) > 1 else ""
            reason = f"{what}{operand}{where}{comparison.derivative!r}, "
            if comparison.kind in ("kink", "unclear", "edge") or not math.isfinite(comparison.derivative):
                reason += comparison.describe()
            else:
                reason += f"it should be {comparison.slope.value:.9g}"
        mistake = mistake_in(expected, got) if below == 0 else mistake_in_higher(alone)
        repeated = len(alone.point) < len([place for place in alone.inputs if place is not None])
        if repeated and not self.wrong(Alone(alone.node, separate=True), below):
            mistake = "of an operand that stands in several places, not all shares are there"
        if mistake:
            reason += f": {mistake}"
        return Fault(name, place, reason, alone.operands, tuple(expected), got, alone.example(below + 1), alone.node)


def mistake_in_higher(alone: Alone) -> str:
    """The likely mistake behind wrong derivatives of higher order, where the first are right."""
    if alone.primitive.linear:
        return "it is declared linear, and its local gradients are not the same numbers everywhere"
    return "the first derivatives are right: does its rule compute with plain numbers, or with detached nodes?"
