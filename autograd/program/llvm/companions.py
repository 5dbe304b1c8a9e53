"""Finds operations on the same operands that share most of their work, so that one function computes them together.

A function and its slope are such: tanh and 1 / cosh**2 need the same exponential, sin and cos the same small angle.
Derivatives are full of them, but far apart: values come first, slopes when the sweep back needs them. The slopes of
`logsumexp` are shares of a sum of exponentials, whose logarithm it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd.operations.primitives import ExpDifference, Logsumexp, MaxOfMany, Sum
from autograd.program.llvm.lowering import family_of
from autograd.program.machine.plan import Plan
from autograd.program.machine.step import Fused, Step

__all__ = ["brought_together", "companions", "earliest_times"]

# 1 / (1 + exp(x)), as the slope of sigmoid has it, needs the same exponential as sigmoid(x).
SIGMOID_OF_NEGATED = Fused("sigmoid_of_negated", 1)
# 1 / (1 + exp(a - b)), the other slope of logaddexp(a, b).
SIGMOID_DIFFERENCE_SWAPPED = Fused("sigmoid_difference_swapped", 2)
# a ** b as a function of a, b and c, as its slope a ** (b - c) is.
POWER_BESIDE = Fused("power_beside", 3)
# The end of logsumexp: of the largest operand, and the sum of the exponentials of all less that one.
LOG_OF_POWERS = Fused("log_of_powers", 2)


def brought_together(steps: Sequence[Step], earliest: Mapping[int, int] | None = None) -> list[Step]:
    """The steps in an order in which those that share work with an earlier one stand behind it.

    A result with a time in `earliest` stays behind the step of that number.
    """
    groups: list[list[Step]] = []
    group_of: dict[Any, tuple[int, list[Step]]] = {}
    steps = steps_of_same_operands(steps)
    powers_of = powers_of_slopes(steps)
    moved: set[int] = set()
    for time, step in enumerate(steps):
        if step.output >= 0:
            groups.append([step])
            continue
        if step.result in moved:
            continue
        powers = [one for one in powers_of.get(step.result, ()) if one.result not in moved]
        if powers and not any([earliest and earliest.get(one.result, -1) >= time for one in powers]):
            *_, total = powers
            groups.append([*powers, Step(step.result, LOG_OF_POWERS, (powers_of[step.result][0].result, total.result))])
            moved.update([one.result for one in powers])
            continue
        family = family_of(step.primitive.name)
        begun, group = group_of.get((family, step.operands), (time, None)) if family else (time, None)
        if group is None or (earliest and earliest.get(step.result, -1) >= begun):
            groups.append([step])
            if family:
                group_of[family, step.operands] = time, groups[-1]
        else:
            group.append(step)
    return [step for group in groups for step in group]


def earliest_times(steps: Sequence[Step], plan: Plan) -> dict[int, int]:
    """For results that are written to registers, the last of these steps that reads what was in the register before.

    A plan gives a register again when nothing that comes later in its own order needs it.
    """
    results = {step.result for step in steps}
    last_read = {
        plan.place[operand]: time
        for time, step in enumerate(steps)
        for operand in step.operands
        if operand not in results and plan.varies[operand]
    }
    return {result: last_read[plan.place[result]] for result in results & plan.kept if plan.place[result] in last_read}


def steps_of_same_operands(steps: Sequence[Step]) -> list[Step]:
    """The steps, those that are functions of the operands of others written as such.

    The sigmoids of negated numbers are `sigmoid_of_negated` of the numbers themselves, and a sigmoid of a difference is
    `sigmoid_difference_swapped` where the operands were first met in the other order. A power is `power_beside` where
    its slope is there too, whose third operand is no result of these steps.
    """
    made = {step.result for step in steps}
    slopes = {
        step.operands[:2]: step.operands
        for step in steps
        if step.primitive.name == "power_below" and step.operands[2] not in made
    }
    negated = {step.result: step.operands[0] for step in steps if step.primitive.name == "negate"}
    differences: set[tuple[int, ...]] = set()
    found = []
    for step in steps:
        name, operands = step.primitive.name, step.operands
        if name == "sigmoid" and operands[0] in negated:
            step = Step(step.result, SIGMOID_OF_NEGATED, (negated[operands[0]],))
        elif name == "sigmoid_difference" and operands[::-1] in differences and operands not in differences:
            step = Step(step.result, SIGMOID_DIFFERENCE_SWAPPED, operands[::-1])
        elif name == "power" and operands in slopes:
            step = Step(step.result, POWER_BESIDE, slopes[operands])
        elif name in ("logaddexp", "sigmoid_difference"):
            differences.add(operands)
        found.append(step)
    return found


def powers_of_slopes(steps: Sequence[Step]) -> dict[int, list[Step]]:
    """For each logsumexp whose slopes are there too, the steps of theirs that it needs.

    These are the largest operand, the exponentials, and last their sum.
    """
    wanted = [step for step in steps if step.primitive is Logsumexp]
    if not wanted:
        return {}
    known = {(step.primitive, step.operands): step for step in steps if step.output < 0}
    found = {}
    for step in wanted:
        highest = known.get((MaxOfMany, step.operands))
        if highest is None:
            continue
        powers = [known.get((ExpDifference, (operand, highest.result))) for operand in step.operands]
        there = [power for power in powers if power is not None]
        total = known.get((Sum, tuple([power.result for power in there])))
        if total is not None and len(there) == len(powers):
            found[step.result] = [highest, *dict.fromkeys(there), total]
    return found


def companions(steps: Sequence[Step], first: int, stop: int) -> Sequence[Step]:
    """The step `first`, and those right behind it, before `stop`, that share its work."""
    step = steps[first]
    family = family_of(step.primitive.name)
    last = first + 1
    while (
        family
        and last < stop
        and family_of(steps[last].primitive.name) == family
        and steps[last].operands == step.operands
    ):
        last += 1
    return steps[first:last]
