"""The search for ways in which a function depends on its inputs and its graph does not show it.

Plain numbers taken out of nodes, nodes kept from an earlier call, `detach`: the operations of such a graph are right
and its derivatives wrong. Runs at and beside the point show which operation's value changes otherwise than its
tangent says, though those of its operands don't, and the number that it took for a constant.
"""

from __future__ import annotations

from autograd.graph.node import Constant, Node, operands_of, recorded_gradients, value_of
from autograd.operations.primitives import StopGradient
from autograd.testing.check import Finding
from autograd.testing.checked_function import CheckedFunction, Recorded
from autograd.testing.differences import EPSILON, scales_of
from autograd.testing.report import Fault

__all__ = ["hidden_dependency", "in_brackets", "kept_node", "stopped"]

# The step of the runs beside the point, in units of the input's scale.
STEP = 2.0**-17


def hidden_dependency(function: CheckedFunction, traced: Recorded, finding: Finding, below: int) -> Fault | None:
    """The place where the value of the function stops following its graph, None if that can't be told."""
    place = finding.place if finding.place >= 0 else 0
    step = STEP * max(scales_of(function.point[place]))
    moved = [
        [*function.point[:place], function.point[place] + side * step, *function.point[place + 1 :]] for side in (1, -1)
    ]
    try:
        here = function.recorded(function.point, traced=False, places=True)
        up, down = [function.recorded(point, traced=False) for point in moved]
    except (ArithmeticError, ValueError):
        return None
    label = function.labels[place]
    return (
        stopped(traced)
        or plain_result(here, up, finding, label)
        or first_wrong_tangent(here, up, down, place, label)
        or (by_rules_alone(below) if finding.comparison.kind == "modes" else None)
    )


def kept_node(first: Recorded, second: Recorded) -> Fault | None:
    """A node that a run of the function left behind and the next one uses, with the values of that run."""
    own = {id(variable) for variable in first.variables}
    if not own.intersection([id(node) for node in second.nodes]):
        return None
    earlier = {id(node) for node in first.nodes}
    for node in second.nodes:
        if node.op is None or not own.intersection([id(operand) for operand in operands_of(node)]):
            continue
        if id(node) in earlier:
            place = first.places.get(id(node), "")
            reason = (
                f"the result of {node.op.name} = {value_of(node)!r}{in_brackets(place)} was computed in an earlier "
                f"call and is used again: its value and derivatives are those of that call"
            )
            return Fault(node.op.name, place, reason, node=node)
    return Fault("", "", "an input of an earlier call is used again: its value and derivatives are those of that call")


def stopped(traced: Recorded) -> Fault | None:
    """An operation that stops derivatives, on purpose or not."""
    for node in traced.nodes:
        if node.op is StopGradient:
            place = traced.places.get(id(node), "")
            reason = (
                f"derivatives stop at detach, stop_gradient or no_grad{in_brackets(place)}: {value_of(node)!r} "
                f"counts as constant from there on"
            )
            return Fault(StopGradient.name, place, reason, node=node)
    return None


def plain_result(here: Recorded, beside: Recorded, finding: Finding, label: str) -> Fault | None:
    """A function whose result is a plain number although it changes."""
    for output, (first, second) in enumerate(zip(here.outputs, beside.outputs, strict=False)):
        if (not isinstance(first, Node) or isinstance(first, Constant)) and value_of(first) != value_of(second):
            which = "the result" if len(here.outputs) == 1 else f"output {output}"
            reason = (
                f"{which} is a plain number, {value_of(first)!r}, that changes with {label}: it was made from .value, "
                f"from detached nodes, inside no_grad, or by a compiled function that closes over a variable (pass it "
                f"as an argument)"
            )
            return Fault("", "", reason)
    return None


def first_wrong_tangent(here: Recorded, up: Recorded, down: Recorded, place: int, label: str) -> Fault | None:
    """The first operation whose value doesn't follow its tangent, though its operands do."""
    if not [node.op for node in here.nodes] == [node.op for node in up.nodes] == [node.op for node in down.nodes]:
        return None
    width = value_of(up.variables[place]) - value_of(down.variables[place])
    tangents = {id(here.variables[place]): 1.0}
    for node, high, low in zip(here.nodes, up.nodes, down.nodes, strict=True):
        if node.op is None:
            continue
        tangent = size = 0.0
        for operand, slope in zip(operands_of(node), recorded_gradients(node), strict=True):
            share = slope * tangents.get(id(operand), 0.0) if isinstance(operand, Node) else 0.0
            tangent += share
            size += abs(share)
        tangents[id(node)] = tangent
        quotient = (value_of(high) - value_of(low)) / width
        noise = 16.0 * EPSILON * (abs(value_of(high)) + abs(value_of(low))) / width
        if abs(quotient - tangent) <= 1e-4 * max(abs(quotient), size) + noise:
            continue
        name, where = node.op.name, here.places.get(id(node), "")
        reason = (
            f"from {name} = {value_of(node)!r}{in_brackets(where)} on the derivative in {label} is wrong: it is "
            f"{tangent:.9g} by the graph and {quotient:.9g} by differences, and its operands' derivatives are right"
        )
        constant = changed_constant(node, high, low)
        if constant is not None:
            reason += (
                f". It takes {constant[1]!r} as a constant for operand {constant[0] + 1}, which changes with {label}: "
                f"was it made by .value, float arithmetic or detach()?"
            )
        return Fault(name, where, reason, node=node)
    return None


def changed_constant(node: Node, high: Node, low: Node) -> tuple[int, float] | None:
    """The operand of an operation, and its value, that is a constant in each run and not the same in all."""
    rows = zip(operands_of(node), operands_of(high), operands_of(low), strict=True)
    for place, (operand, *others) in enumerate(rows):
        if isinstance(operand, Node) and not isinstance(operand, Constant):
            continue
        if any([value_of(other) != value_of(operand) for other in others]):
            return place, value_of(operand)
    return None


def by_rules_alone(below: int) -> Fault:
    """The fault that is left if only the modes disagree."""
    reason = f"reverse mode and forward mode disagree in order {below + 1}, and each operation alone is right"
    return Fault("", "", reason)


def in_brackets(place: str) -> str:
    """The place in brackets, if it is known."""
    return f" ({place})" if place else ""
