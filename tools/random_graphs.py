"""Seeded random graphs: every differentiable primitive, shared nodes, constants, kinks, choices, operands of all sizes.

A graph is a recipe that runs on numbers and nodes of any kind. `tools/check_graphs.py` draws them and compares every
way to their values and gradients.
"""

from __future__ import annotations

import math
import operator
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from autograd import stop_gradient, where  # noqa: E402 - after the path is set
from autograd.operations.primitive import find_primitive  # noqa: E402
from tools.oracles import BUILT_IN  # noqa: E402

__all__ = ["CHOICES", "COMPARISONS", "Graph", "Step", "draw_graph"]

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
# Steps that are no primitive: the function `where`, Python's `if`, and a constant made of what was computed.
CHOICES = ("choose", "if")
DETACH = "detach"

ORDINARY = (1.0, 2.0, 0.5, -1.0, -2.0, -0.5, 0.0, 3.0)
SPECIAL = (0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -1e-310, 2.2250738585072014e-308, 1.7e308, -1e300, 1e-200)


class Step(NamedTuple):
    """One step: a primitive's name, or one of CHOICES with a comparison of its first two operands, or DETACH.

    An operand is the number of a leaf or of an earlier step, counted together, or a constant.
    """

    name: str
    operands: tuple[int | float, ...]
    comparison: str = ""


class Graph(NamedTuple):
    """Leaves and steps; the last step is the output. `kind` says what its operands are like."""

    leaves: tuple[float, ...]
    steps: tuple[Step, ...]
    kind: str

    def run(self, leaves: Sequence[Any]) -> list[Any]:
        """The leaves and all results, on these leaves."""
        known = list(leaves)
        for step in self.steps:
            known.append(apply(step, [known[item] if type(item) is int else item for item in step.operands]))
        return known

    def choices(self) -> list[int]:
        """The numbers of the results that `where` chose."""
        return [number for number, step in enumerate(self.steps, len(self.leaves)) if step.name == CHOICES[0]]

    def detaches(self) -> bool:
        """Whether a result serves as a constant."""
        return any([step.name == DETACH for step in self.steps])

    def __call__(self, leaves: Sequence[Any]) -> Any:
        return self.run(leaves)[-1]


def apply(step: Step, operands: list[Any]) -> Any:
    """The result of a step."""
    if step.name == DETACH:
        return stop_gradient(operands[0])
    if step.name not in CHOICES:
        return find_primitive(step.name)(*operands)
    left, right, yes, no = operands
    holds = COMPARISONS[step.comparison](left, right)
    if step.name == "choose":
        return where(holds, yes, no)
    return yes if holds else no


def draw_graph(draw: random.Random) -> Graph:
    """A random graph.

    Half of them are `ordinary`: operands of moderate size, and steps that leave the numbers between 1e-6 and 1e6 in
    size. A fifth have operands and results of `every size`, a fifth stand on `kinks` and ties, and a tenth begin at
    `special` numbers: zeros, infinities, nan, subnormal and huge ones.
    """
    kind = draw.choices(["ordinary", "every size", "kinks", "special"], [5, 2, 2, 1])[0]
    leaves = [draw_number(draw, kind) for _ in range(draw.randint(1, 4))]
    count = draw.choice([1, 2, 3, 4, 5, 6, 8, 10, 12])
    # Deep graphs use the latest results, wide ones any.
    depth = draw.random()
    values: list[float] = list(leaves)
    steps: list[Step] = []
    attempts = 0
    while len(steps) < count and attempts < 8 * count:
        attempts += 1
        step = draw_step(draw, kind, len(values), depth)
        result = apply(step, [values[item] if type(item) is int else item for item in step.operands])
        if fits(result, kind):
            steps.append(step)
            values.append(result)
    used = {item for step in steps for item in step.operands if type(item) is int}
    ends = [number for number in range(len(values)) if number not in used]
    steps.append(
        Step("sum", (*ends, 0) if len(ends) > 1 or draw.random() < 0.1 else (*ends, draw.randrange(len(leaves))))
    )
    return Graph(tuple(leaves), tuple(steps), kind)


def draw_number(draw: random.Random, kind: str) -> float:
    """A leaf or a constant."""
    if kind == "kinks" or draw.random() < 0.1:
        return draw.choice(ORDINARY)
    if kind == "special" and draw.random() < 0.4:
        return draw.choice(SPECIAL)
    if kind == "every size" and draw.random() < 0.7:
        return math.copysign(
            10.0 ** draw.uniform(-300, 300) if draw.random() < 0.5 else 10.0 ** draw.uniform(-20, 20),
            draw.random() - 0.5,
        )
    return draw.uniform(-4.0, 4.0)


def draw_step(draw: random.Random, kind: str, known: int, depth: float) -> Step:
    """A step on the values known so far, of which there are `known`."""

    def reference() -> int:
        if draw.random() < depth:
            return max(0, known - 1 - int(draw.expovariate(1.0)))
        return draw.randrange(known)

    def operand() -> int | float:
        return reference() if draw.random() < 0.8 else draw_number(draw, kind)

    chance = draw.random()
    if chance < 0.08:
        comparison = draw.choice(list(COMPARISONS))
        return Step(draw.choice(CHOICES), (reference(), operand(), operand(), reference()), comparison)
    if chance < 0.09:
        return Step(DETACH, (reference(),))
    primitive = draw.choice(BUILT_IN)
    if primitive.arity is None:
        half = draw.randint(1, 3)
        return Step(primitive.name, (reference(), *[operand() for _ in range(2 * half - 1)]))
    operands: list[int | float] = [operand() for _ in range(primitive.arity)]
    free = [place for place in range(primitive.arity) if place not in primitive.orders]
    operands[draw.choice(free)] = reference()
    for place in primitive.orders:
        lowest = 0 if 0.0 in primitive.domain[place] else 1
        operands[place] = float(draw.randint(lowest, 4 - lowest))
    return Step(primitive.name, tuple(operands))


def fits(result: float, kind: str) -> bool:
    """Whether a result may stand in a graph of this kind."""
    if kind == "special":
        return True
    if kind == "every size":
        return math.isfinite(result)
    return result == 0.0 or 1e-6 < abs(result) < 1e6
