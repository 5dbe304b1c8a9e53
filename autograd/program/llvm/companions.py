"""Finds operations on the same operands that share most of their work, so that one function computes them together.

A function and its slope are such: tanh and 1 / cosh**2 need the same exponential, sin and cos the same small angle.
Derivatives are full of them, but far apart: values come first, slopes when the sweep back needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd.program.llvm.lowering import family_of
from autograd.program.machine.plan import Plan
from autograd.program.machine.step import Fused, Step

__all__ = ["brought_together", "companions", "earliest_times"]

# 1 / (1 + exp(x)), as the slope of sigmoid has it, needs the same exponential as sigmoid(x).
SIGMOID_OF_NEGATED = Fused("sigmoid_of_negated", 1)


def brought_together(steps: Sequence[Step], earliest: Mapping[int, int] | None = None) -> list[Step]:
    """The steps in an order in which those that share work with an earlier one stand behind it.

    A result with a time in `earliest` stays behind the step of that number.
    """
    groups: list[list[Step]] = []
    group_of: dict[Any, tuple[int, list[Step]]] = {}
    for time, step in enumerate(steps_of_same_operands(steps)):
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
    """The steps, the sigmoids of negated numbers being `sigmoid_of_negated` of the numbers themselves."""
    negated = {step.result: step.operands[0] for step in steps if step.primitive.name == "negate"}
    return [
        Step(step.result, SIGMOID_OF_NEGATED, (negated[step.operands[0]],))
        if step.primitive.name == "sigmoid" and step.operands[0] in negated
        else step
        for step in steps
    ]


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
