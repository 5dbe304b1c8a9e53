"""The computation as steps: forward one operation at a time, then backward, gradients adding up on the way."""

from __future__ import annotations

import math
from typing import NamedTuple

from autograd.operations.primitive import declared
from viz.diagrams.diagram import Diagram, Operation, Value
from viz.diagrams.explanations import Explanations
from viz.labels import readable

__all__ = ["PAUSE", "SweepStep", "playable_steps", "rest_of", "steps_of"]

MOST_OPERANDS = 6
MOST_PLAYED = 200
PAUSE = 4  # steps for which the last picture stands
AS_NOTHING = 1e-9  # a gradient less its terms is rounding alone if it is below this, relative to them


class SweepStep(NamedTuple):
    """One position of the slider.

    phase: "forward", "start" (of the backward sweep) or "backward".
    operation: the operation at work; None at the start.
    says: its arithmetic, as a line of text.
    gradients: position of a value, its gradient as shown from now on, and whether that is complete.
    """

    phase: str
    operation: int | None
    says: str
    gradients: tuple[tuple[int, str, bool], ...]


def steps_of(diagram: Diagram) -> list[SweepStep]:
    """A step for each operation forward; if a sweep was run, one for its start and one for each operation backward.

    Empty if the numbers are not known, or to be found.

    >>> from autograd import Variable
    >>> from viz import diagram_of
    >>> x = Variable(3.0, name="x")
    >>> y = x * x
    >>> y.backward()
    >>> [step.says for step in steps_of(diagram_of([y]))]
    ['x × x = 3 × 3 = 9', 'backward starts with ∂ 1 at 9', '∂x = 1 · 3 + 1 · 3 = 6']
    """
    diagram = diagram.without_insides()
    if not all([value.known and not value.blank for value in diagram.values]):
        return []
    forward = [
        SweepStep("forward", operation.position, _forward(diagram, operation), ()) for operation in diagram.operations
    ]
    if all(value.gradient is None for value in diagram.values):
        return forward
    return forward + list(_backward(diagram))


def playable_steps(diagram: Diagram, seconds: float = 1.0) -> list[SweepStep]:
    """The steps, each to be shown for so many seconds. Raises ValueError if there are too many, or no time for them."""
    count = len(diagram.operations)
    if count > MOST_PLAYED:
        raise ValueError(
            f"an animation has at most {MOST_PLAYED} operations, this picture {count:,}; html() steps through more, "
            "focus=node, radius=3 draws fewer"
        )
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise ValueError(f"seconds is the time of a step, above 0; got {seconds!r}")
    return steps_of(diagram)


def _forward(diagram: Diagram, operation: Operation) -> str:
    """`z₁ = w₁ × x = −1 × 2 = −2`."""
    values = [diagram.values[operand.value] for operand in operation.operands]
    numbers = [value.number_text for value in values[:MOST_OPERANDS]]
    names = [value.name_text or number for value, number in zip(values, numbers, strict=False)]
    result = diagram.values[operation.result]
    parts = [result.name_text] if result.name_text else []
    # Names beside numbers of others would read as an equation of neither.
    told = all([value.name_text or value.literal for value in values[:MOST_OPERANDS]])
    for texts in (names, numbers) if told and names != numbers else (numbers,):
        parts.append(_applied(operation, texts, len(values) > MOST_OPERANDS))
    return " = ".join([*parts, result.number_text])


def _applied(operation: Operation, texts: list[str], more: bool) -> str:
    primitive = declared(operation.name)
    if primitive is not None and primitive.infix and len(texts) == 2:
        right = f"({texts[1]})" if texts[1].startswith("−") else texts[1]
        left = f"({texts[0]})" if operation.name == "power" and texts[0].startswith("−") else texts[0]
        return f"{left} {operation.symbol} {right}"
    if operation.name == "square":
        return f"({texts[0]})²" if texts[0].startswith("−") else f"{texts[0]}²"
    return f"{readable(operation.symbol, 14)}({', '.join(texts)}{', …' if more else ''})"


def rest_of(explanations: Explanations, value: Value) -> float | None:
    """The gradient less its terms: the start of the sweep, an earlier sweep, or a part that is not shown."""
    gradient = value.gradient
    if gradient is None:
        return None
    terms = [amount for _, _, amount in explanations.terms(value.position)]
    if not terms:
        return gradient
    rest = gradient - math.fsum(terms) if all(map(math.isfinite, terms)) else 0.0
    largest = max([abs(gradient), *map(abs, terms)])
    return rest if math.isfinite(rest) and abs(rest) > AS_NOTHING * largest else None


class _GradientSums:
    """The gradients as they add up."""

    def __init__(self, diagram: Diagram, explanations: Explanations) -> None:
        self.diagram = diagram
        self.terms = [explanations.terms(value.position) for value in diagram.values]
        self.waiting = [len(terms) for terms in self.terms]
        self.addends: list[list[str]] = [[] for _ in diagram.values]
        self.sums = [0.0 for _ in diagram.values]
        for value in diagram.values:
            rest = rest_of(explanations, value)
            if rest is not None:
                self.addends[value.position].append(self.diagram.shown(rest))
                self.sums[value.position] = rest

    def shown(self, position: int) -> tuple[int, str, bool]:
        """The position of a value, its gradient as shown now, and whether that is complete."""
        complete = self.waiting[position] == 0
        gradient = self.diagram.values[position].gradient
        number = gradient if complete and gradient is not None else self.sums[position]
        return position, self.diagram.shown(number), complete

    def add(self, position: int, text: str, amount: float) -> None:
        """Add one more term."""
        self.addends[position].append(text)
        self.sums[position] += amount
        self.waiting[position] -= 1


def _backward(diagram: Diagram) -> list[SweepStep]:
    """A step for the start, and one for each operation that passes its gradient on."""
    sums = _GradientSums(diagram, Explanations(diagram))
    started = [value.position for value in diagram.values if sums.addends[value.position]]
    first = [position for position in started if position in diagram.outputs] or started
    at = ", ".join([f"∂ {diagram.shown(sums.sums[p])} at {_name(diagram, p)}" for p in first[:MOST_OPERANDS]])
    steps = [
        SweepStep("start", None, f"backward starts with {at}", tuple([sums.shown(position) for position in started]))
    ]
    for operation in reversed(diagram.operations):
        upstream = diagram.values[operation.result].gradient
        touched: dict[int, None] = {}
        for operand in operation.operands:
            value = diagram.values[operand.value]
            if upstream is None or value.gradient is None or not value.gradient_text:
                continue
            factor = diagram.shown(operand.local_gradient)
            factor = f"({factor})" if factor.startswith("−") else factor
            text = f"{diagram.shown(upstream)} · {factor}"
            sums.add(value.position, text, upstream * operand.local_gradient)
            touched[value.position] = None
        says = [_accumulated(diagram, sums, position) for position in list(touched)[:MOST_OPERANDS]]
        if len(touched) > MOST_OPERANDS:
            says.append(f"and {len(touched) - MOST_OPERANDS} more")
        if upstream is None:
            says.append("not reached by the backward sweep")
        text = ";  ".join(says) or "passes on to constants only"
        steps.append(
            SweepStep("backward", operation.position, text, tuple([sums.shown(position) for position in touched]))
        )
    return steps


def _accumulated(diagram: Diagram, sums: _GradientSums, position: int) -> str:
    """`∂x = … + 2 · 3 + 1 · 4 = 10`: the dots stand for earlier terms."""
    addends = sums.addends[position]
    shown = addends if len(addends) <= MOST_OPERANDS else ["…", *addends[1 - MOST_OPERANDS :]]
    _, total, complete = sums.shown(position)
    waiting = "" if complete else ", so far"
    return f"∂{_name(diagram, position)} = {_joined(shown)} = {total}{waiting}"


def _joined(terms: list[str]) -> str:
    """Terms with plus or minus between them: a term below 0 is subtracted.

    >>> _joined(["−2 · 3", "4 · (−1)", "−1.5 · (−2)"])
    '−2 · 3 + 4 · (−1) − 1.5 · (−2)'
    """
    return terms[0] + "".join([f" − {term[1:]}" if term.startswith("−") else f" + {term}" for term in terms[1:]])


def _name(diagram: Diagram, position: int) -> str:
    value = diagram.values[position]
    return value.name_text or value.number_text
