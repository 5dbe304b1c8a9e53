"""Where in a function a derivative goes wrong.

Each operation of the graph is checked alone, as a function of its operands: the first whose derivatives are wrong is
the fault. If all are right, the function depends on its inputs in ways that its graph does not show; these are found
by running it again beside (see `leaks`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from autograd.graph.node import Node, Variable, operands_of, recorded_gradients, value_of, varies
from autograd.graph.sweep import topological_order
from autograd.operations import primitives
from autograd.operations.primitive import Primitive, find_primitive
from autograd.operations.primitives import StopGradient
from autograd.testing.checks import Derivatives, Finding, Options, check_order
from autograd.testing.kinks import margin_of, margins_of
from autograd.testing.leaks import leak_of, stopped
from autograd.testing.likeness import likeness
from autograd.testing.report import Fault
from autograd.testing.subject import Recorded, Subject

__all__ = ["Alone", "fault_of", "faulty_operation"]

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
        self.primitive: Primitive = primitive
        self.operands = tuple([value_of(operand) for operand in operands_of(node)])
        # Which input each operand is; None for a constant.
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
        """What tells this operation on these operands from others."""
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


def python_name(primitive: Primitive) -> str:
    """What a primitive is called in a program: that of `autograd`, or how to find it."""
    for name in primitives.__all__:
        if getattr(primitives, name) is primitive:
            return name
    try:
        found = find_primitive(primitive.name) is primitive
    except LookupError:
        found = False
    return f"find_primitive({primitive.name!r})" if found else primitive.name


def fault_of(subject: Subject, finding: Finding, below: int, options: Options) -> Fault | None:
    """Where the derivatives of order `below + 1` go wrong; `finding` is the worst of them."""
    if finding.comparison.kind == "jump":
        return None
    recorded = subject.recorded(subject.point, places=True)
    fault = faulty_operation(recorded, below, options)
    if fault is not None:
        return fault
    if not math.isfinite(finding.comparison.derivative):
        return infinite_slope(recorded)
    if finding.comparison.kind == "unresolved" or margins_near(recorded):
        # Runs beside the point would be on other pieces of the function.
        return meeting_kinks(recorded, finding) or stopped(recorded)
    return leak_of(subject, recorded, finding, below)


def infinite_slope(recorded: Recorded) -> Fault | None:
    """The first operation whose local gradient is not finite: what passes it is infinite or nan."""
    for node in recorded.nodes:
        slopes = [slope for slope in recorded_gradients(node) if not math.isfinite(slope)]
        if slopes and node.op is not None:
            place = recorded.places.get(id(node), "")
            where = f" ({place})" if place else ""
            reason = (
                f"the local gradient of {node.op.name} = {value_of(node)!r}{where} is {slopes[0]}, as it should be; "
                f"what is multiplied with it is infinite, or nan if it is 0. Move the point off it"
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
        f"What the chain rule makes of one subgradient of each need not be one of the whole; move the point off them"
    )
    return Fault("", recorded.places.get(id(kinked[0]), ""), reason, node=kinked[0])


def faulty_operation(recorded: Recorded, below: int, options: Options) -> Fault | None:
    """The first operation whose derivatives, up to order `below + 1`, are wrong when it is checked alone.

    Users' primitives come first, all of them; of built-in ones, which have tests of their own, MOST_BUILT_IN at most.
    """
    options = options._replace(eps=None, nondet_tol=0.0, fast_mode=False, check_backward_ad=True)
    seen: set[tuple[Any, ...]] = set()
    nodes = [node for node in recorded.nodes if node.op is not None and is_differentiated(node.op)]
    built_in = [node for node in nodes if node.op is not None and node.op.built_in]
    for node in [node for node in nodes if node.op is not None and not node.op.built_in] + built_in[:MOST_BUILT_IN]:
        fault = fault_alone(node, recorded.places, seen, range(below + 1), options)
        if fault is not None:
            return fault
    return None


def is_differentiated(primitive: Primitive) -> bool:
    """Whether derivatives can be wrong: conditions have values that jump and slopes 0; a stop gives 0 on purpose."""
    return not (primitive.condition or primitive.of_conditions or primitive is StopGradient)


def fault_alone(
    node: Node, places: dict[int, str], seen: set[tuple[Any, ...]], orders: Iterable[int], options: Options
) -> Fault | None:
    """What is wrong with the operation of this node, None if nothing is or it was seen before."""
    alone = Alone(node)
    if alone.key in seen or not alone.point:
        return None
    seen.add(alone.key)
    for below in orders:
        wrong = wrong_alone(alone, below, options)
        if wrong:
            if below:
                inner = fault_in_rule(alone, below, seen, options)
                if inner is not None:
                    return inner
            return described(node, alone, wrong, below, places.get(id(node), ""), options)
    return None


def wrong_alone(alone: Alone, below: int, options: Options) -> list[Finding]:
    """The derivatives of order `below + 1` of the operation that are wrong."""
    at_kink = margin_of(alone.primitive, alone.operands) == 0.0
    try:
        findings, _ = check_order(Subject(alone, alone.point), below, options, at_kink)
    except (ArithmeticError, ValueError):
        return []
    # At a pole, an infinite gradient is what the operation declares; next to jumps, differences prove nothing.
    return [
        finding
        for finding in findings
        if not finding.agrees
        and finding.comparison.kind not in ("jump", "unresolved")
        and not (at_kink and finding.comparison.kind in ("unclear", "edge"))
        and not (at_kink and not math.isfinite(finding.comparison.derivative))
    ]


def fault_in_rule(alone: Alone, below: int, seen: set[tuple[Any, ...]], options: Options) -> Fault | None:
    """A faulty operation that the rule of this one uses."""
    results = Subject(alone, alone.point).derivatives([Variable(value) for value in alone.point], below)
    for node in topological_order(*[result for result in results if isinstance(result, Node)]):
        if node.op is not None and node.op is not alone.primitive:
            fault = fault_alone(node, {}, seen, range(1), options)
            if fault is not None:
                reason = f"{fault.reason}; the rule of {alone.primitive.name} uses it"
                return fault._replace(reason=reason)
    return None


def described(node: Node, alone: Alone, wrong: list[Finding], below: int, place: str, options: Options) -> Fault:
    """The fault of an operation, in words."""
    name = alone.primitive.name
    known = Derivatives(Subject(alone, alone.point), below, options)
    got = tuple(known.rows[0])
    expected = list(got)
    for finding in wrong:
        if finding.place >= 0 and finding.component == 0:
            expected[finding.place] = finding.comparison.slope.value
    operands = ", ".join([f"{operand!r}" for operand in alone.operands[:6]])
    more = ", ..." if len(alone.operands) > 6 else ""
    where = f" ({place})" if place else ""
    worst = max(wrong, key=lambda finding: finding.comparison.severity)
    what = f"the local gradient of {name}" if below == 0 else f"the derivative of order {below + 1} of {name}"
    if worst.place < 0:
        reason = f"{what} at ({operands}{more}){where} is wrong {worst.where}: {worst.comparison.describe()}"
    else:
        operand = f" in operand {alone.inputs.index(worst.place) + 1}" if len(alone.operands) > 1 else ""
        reason = (
            f"{what}{operand} at ({operands}{more}){where} is {worst.comparison.derivative!r}, it should be "
            f"{worst.comparison.slope.value:.9g}"
        )
        if worst.comparison.kind in ("kink", "unclear", "edge") or not math.isfinite(worst.comparison.derivative):
            reason = f"{what}{operand} at ({operands}{more}){where} is {worst.comparison.derivative!r}, "
            reason += worst.comparison.describe()
    looks = likeness(expected, got) if below == 0 else likeness_of_higher(alone)
    repeated = len(alone.point) < len([place for place in alone.inputs if place is not None])
    if repeated and not wrong_alone(Alone(node, separate=True), below, options):
        looks = "of an operand that stands in several places, not all shares are there"
    if looks:
        reason += f": {looks}"
    return Fault(name, place, reason, alone.operands, tuple(expected), got, alone.example(below + 1), node)


def likeness_of_higher(alone: Alone) -> str:
    """What wrong derivatives of higher order look like, where the first are right."""
    if alone.primitive.linear:
        return "it is declared linear, and its local gradients are not the same numbers everywhere"
    return "the first derivatives are right: does its rule compute with plain numbers, or with detached nodes?"
