"""Derivatives from the graph against differences of values.

The differences are central ones of shrinking steps, extrapolated to step zero (Ridders, "Accurate computation
of F'(x) and F'(x) F''(x)", Advances in Engineering Software 4, 1982). Large steps suffer from truncation,
small ones from rounding; the extrapolation that neighbouring steps confirm best is taken, and what they leave
open is its error bound. The tolerance is that bound and what rounding may have done to the graph's derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

from autograd.errors import GradcheckError, OperandError
from autograd.node import Node, Variable
from autograd.operands import number_or_none
from autograd.sweep import gradients, topological_order

__all__ = ["gradcheck"]

EPSILON = math.ulp(1.0)
# Below this, rounding is not relative any more.
SMALLEST = 2.0**-1022
# Steps go from 2**-3 of the input's scale down to about the square root of EPSILON, past the cube root that
# is best for a central difference without extrapolation.
LARGEST_STEP = 2.0**-3
HALVINGS = 24
COLUMNS = 5
# How much smaller the step is that has to confirm the extrapolation.
PROBE = 2.0**-10
# A bound from a few differences may be lucky: ten times it is what the derivative is held to.
SAFETY = 10.0
CONVERGED = 1e-10


class Slope(NamedTuple):
    """A derivative from differences, its error bound, and the smallest step that went into it.

    `typical` is the slope that would change the function by its own size within the largest step: what an
    error bound is small or large beside where the derivative is zero.
    """

    value: float = math.nan
    error: float = math.inf
    step: float = math.nan
    typical: float = 0.0


class Mismatch(NamedTuple):
    """One derivative that the graph and the differences disagree on."""

    place: int
    component: int
    derivative: float
    slope: Slope
    tolerance: float

    @property
    def severity(self) -> float:
        """By how many tolerances they differ; infinite where that is not a number."""
        severity = abs(self.derivative - self.slope.value) / self.tolerance if self.tolerance else math.inf
        return math.inf if math.isnan(severity) else severity


def gradcheck(
    fun: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float = 0.0,
    rtol: float = 1e-7,
    order: int = 1,
    raise_exception: bool = True,
) -> bool:
    """True if the derivatives of `fun` at `inputs` agree with differences of its values.

    `inputs` is the sequence of arguments: numbers, Variables, arrays, and nested lists, tuples and dicts of
    them; `fun` gets new Variables in the same structure, an object array for an array. It returns a node, a
    number (which depends on nothing), or a structure of them. No `grad` is read or written.

    eps: the largest step of the differences, in place of those chosen by the scale of each input.
    atol, rtol: how far a derivative may be off beyond the error bound of the differences: by
        `atol + rtol * |derivative|`.
    order: which derivative to check; those of order n against differences of those of order n - 1.
    raise_exception: whether to raise GradcheckError, which names the worst mismatch, or to return False.

    >>> from autograd import exp
    >>> gradcheck(lambda x, y: x * exp(y), [2.0, 0.5], order=2)
    True
    """
    if order < 1:
        raise ValueError(f"gradcheck needs order >= 1, got {order}")
    if eps is not None and not 0.0 < eps < math.inf:
        raise ValueError(f"gradcheck needs a step eps > 0, got {eps}")
    arguments = tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)
    found = list(leaves_of(arguments, "", "input"))
    point = [value for _, value in found]
    labels = [label for label, _ in found]
    check = Check(fun, arguments, point, order - 1)
    complaint = check.compare(labels, eps, atol, rtol)
    if complaint is None:
        return True
    if raise_exception:
        raise GradcheckError(complaint)
    return False


class Check:
    """The derivatives of order `below` of a function, as functions of its inputs written one after the other."""

    def __init__(self, fun: Callable[..., Any], arguments: tuple[Any, ...], point: list[float], below: int) -> None:
        self.fun = fun
        self.arguments = arguments
        self.point = point
        self.below = below
        # What rounding may do to each component, as far as it is known.
        self.noise: list[float] = []
        # The components at the point itself.
        self.here: list[float] = []

    def nodes(self, point: Sequence[float]) -> tuple[list[Variable], list[Any]]:
        """The inputs as Variables, and the derivatives of order `below` of every output.

        New Variables, not constants in `no_grad`: `fun` may itself differentiate.
        """
        variables = [Variable(value) for value in point]
        found = [(0, result) for result in outputs_of(self.fun(*rebuilt(self.arguments, iter(variables))))]
        for _ in range(self.below):
            # Derivatives commute, so that each is taken once: in inputs of ascending number.
            found = [
                (place, slope)
                for last, result in found
                for place, slope in enumerate(slopes_of(result, variables[last:], create_graph=True), start=last)
            ]
        return variables, [result for _, result in found]

    def values(self, point: Sequence[float]) -> list[float] | None:
        """The derivatives of order `below` as floats; None where `fun` refuses its operands."""
        try:
            results = self.nodes(point)[1]
        except (ArithmeticError, ValueError):
            return None
        return [value_of(result) for result in results]

    def compare(self, labels: list[str], eps: float | None, atol: float, rtol: float) -> str | None:
        """What is to say about the worst mismatch; None if there is none."""
        variables, results = self.nodes(self.point)
        here = self.here = [value_of(result) for result in results]
        for component, value in enumerate(here):
            if not math.isfinite(value):
                return (
                    f"gradcheck needs a finite value, got {value} for {self.describe(component, len(here), labels)} at "
                    f"{self.describe_point(labels)}"
                )
        derivatives = [slopes_of(result, variables, create_graph=False) for result in results]
        roundings = [rounding_of(result, variables) for result in results]
        self.noise = [noise for noise, _ in roundings]
        worst: Mismatch | None = None
        mismatches = 0
        for place in range(len(self.point)):
            slopes = self.slopes(place, len(results), eps)
            for component, slope in enumerate(slopes):
                derivative = derivatives[component][place]
                size = max(abs(derivative), abs(slope.value))
                tolerance = atol + rtol * size + SAFETY * (slope.error + roundings[component][1][place])
                # Where differences say nothing, agreement with them is nothing either.
                vague = slope.error > atol + 1e-3 * size and slope.error > 1e-6 * slope.typical
                if abs(derivative - slope.value) <= tolerance and not vague and math.isfinite(tolerance):
                    continue
                mismatches += 1
                mismatch = Mismatch(place, component, derivative, slope, tolerance)
                if worst is None or mismatch.severity > worst.severity:
                    worst = mismatch
        if worst is None:
            return None
        return self.explain(worst, labels, len(results), mismatches)

    def slopes(self, place: int, count: int, eps: float | None) -> list[Slope]:
        """The derivative of each of `count` components in one input, from differences."""
        x = self.point[place]
        if eps is not None:
            return self.extrapolate(place, count, eps)
        best = [Slope()] * count
        for scale in dict.fromkeys([power_of_two(abs(x) or 1.0), 1.0]):
            slopes = self.extrapolate(place, count, scale * LARGEST_STEP)
            best = [new if new.error < old.error else old for new, old in zip(slopes, best, strict=True)]
            if all(slope.error <= CONVERGED * abs(slope.value) for slope in best):
                break
        return best

    def extrapolate(self, place: int, count: int, step: float) -> list[Slope]:
        """Ridders' method, from `step` downwards."""
        x = self.point[place]
        best = [Slope()] * count
        above: list[list[float]] = [[] for _ in range(count)]
        typical = [0.0] * count
        for _ in range(HALVINGS):
            pair = self.pair(place, step)
            settled = True
            for component in range(count):
                if pair is None:
                    above[component] = []
                    settled = False
                    continue
                up, down, width = pair[0][component], pair[1][component], pair[2]
                rounding = self.rounding(component, up, down) / width
                # Just below a power of two, x + step is rounded: the difference is that about a point beside x.
                aside = abs((x + step - x) - (x - (x - step))) / 2.0
                if aside:
                    rounding += aside * abs(up - 2.0 * self.here[component] + down) / step / step
                if not above[component]:
                    typical[component] = rounding / EPSILON
                row = richardson((up - down) / width, above[component])
                for column in range(1, len(row)):
                    change = max(abs(row[column] - row[column - 1]), abs(row[column] - above[component][column - 1]))
                    if change + rounding < best[component].error:
                        best[component] = Slope(row[column], change + rounding, step, typical[component])
                above[component] = row
                # Rounding grows from here: smaller steps can't do better.
                error = best[component].error
                settled &= error <= CONVERGED * abs(best[component].value) or error <= 4.0 * rounding
            if settled:
                doubts = self.doubts(place, step * PROBE, best, above)
                if not any(doubts):
                    break
                best = [
                    slope._replace(error=max(slope.error, doubt)) for slope, doubt in zip(best, doubts, strict=True)
                ]
            step *= 0.5
        return best

    def doubts(self, place: int, step: float, found: list[Slope], rows: list[list[float]]) -> list[float]:
        """By how much a much smaller step contradicts: of a function with jumps or kinks, large ones may see none."""
        pair = self.pair(place, step)
        if pair is None:
            return [0.0] * len(found)
        result = []
        for component, slope in enumerate(found):
            up, down, width = pair[0][component], pair[1][component], pair[2]
            rounding = self.rounding(component, up, down) / width
            # The difference's truncation shrinks with the square of the step.
            truncation = abs(rows[component][0] - slope.value) * PROBE * PROBE
            gap = abs((up - down) / width - slope.value)
            result.append(0.0 if gap <= SAFETY * (rounding + slope.error + truncation) else gap)
        return result

    def rounding(self, component: int, up: float, down: float) -> float:
        """What rounding may do to the difference of two values of the component."""
        return EPSILON * (abs(up) + abs(down)) + 2.0 * self.noise[component] + SMALLEST

    def pair(self, place: int, step: float) -> tuple[list[float], list[float], float] | None:
        """The components a step above and below the point in one input, and the distance; None if undefined."""
        x = self.point[place]
        if x + step == x or x - step == x:
            return None
        sides = []
        for moved in (x + step, x - step):
            values = self.values([*self.point[:place], moved, *self.point[place + 1 :]])
            if values is None or not all(math.isfinite(value) for value in values):
                return None
            sides.append(values)
        return sides[0], sides[1], (x + step) - (x - step)

    def explain(self, worst: Mismatch, labels: list[str], count: int, mismatches: int) -> str:
        """The message for the worst mismatch."""
        which = self.describe(worst.component, count, labels)
        text = f"gradcheck: the derivative of {which} in {labels[worst.place]} = {self.point[worst.place]!r} is "
        text += f"{worst.derivative!r} by the graph, "
        reason = self.kink(worst, count)
        if not math.isfinite(worst.derivative) and worst.slope.error < math.inf:
            text += f"{worst.slope.value!r} by differences (step {worst.slope.step:.2g}, tolerance "
            text += f"{worst.tolerance:.3g})"
            text += f". {capitalized(reason)}" if reason else ""
        elif worst.slope.error == math.inf:
            text += f"and differences don't give one: {reason or 'no step has finite values on both sides'}"
        elif worst.severity > 1.0:
            text += f"{worst.slope.value!r} by differences (step {worst.slope.step:.2g}); they differ by "
            text += f"{abs(worst.derivative - worst.slope.value):.3g}, the tolerance is {worst.tolerance:.3g}"
            text += f". {capitalized(reason)}" if reason else ""
        else:
            text += f"{worst.slope.value!r} by differences, but these are only good to {worst.slope.error:.3g} "
            text += f"(step {worst.slope.step:.2g}): {reason or 'the function jumps, has a kink near or is noisy'}"
        if mismatches > 1:
            text += f". {mismatches} derivatives disagree; this is the worst"
        return text

    def kink(self, worst: Mismatch, count: int) -> str:
        """What is special about the point, as seen in the worst derivative; empty if nothing is."""
        if count == 0:
            return ""
        x = self.point[worst.place]
        # Not so small that the smallest step would be lost in rounding or underflow.
        scale = power_of_two(max(abs(x), 1e-300) if x else 1.0)
        here = self.values(self.point)
        gaps = []
        sides = (math.nan, math.nan)
        for step in (scale * 2.0**-12, scale * 2.0**-16, scale * 2.0**-20):
            quotients = []
            for moved in (x - step, x + step):
                values = self.values([*self.point[: worst.place], moved, *self.point[worst.place + 1 :]])
                if here is None or values is None or not math.isfinite(values[worst.component]):
                    side = "below" if moved < x else "above"
                    return f"{side} this point the function has no finite value: it lies on the edge of the domain"
                quotients.append((values[worst.component] - here[worst.component]) / (moved - x))
            sides = (quotients[0], quotients[1])
            gaps.append(abs(sides[1] - sides[0]))
        # The slopes from the left and from the right approach each other with the step where there is no kink.
        if gaps[0] > 1e-3 * max(map(abs, sides)) and gaps[2] > 0.5 * gaps[0]:
            return (
                f"the function has a kink or a jump here: its slope is {sides[0] + 0.0:.6g} from the left and "
                f"{sides[1] + 0.0:.6g} from the right, so that there is no derivative to check; move the point off it"
            )
        return ""

    def describe(self, component: int, count: int, labels: list[str]) -> str:
        """What the component is: the output, or a derivative of it."""
        chosen = list(combinations_with_replacement(range(len(self.point)), self.below))
        outputs = count // max(1, len(chosen))
        output, which = divmod(component, max(1, len(chosen)))
        text = "the output" if outputs == 1 else f"output {output}"
        if self.below:
            return f"{text}'s derivative in {', '.join([labels[place] for place in chosen[which]])}"
        return text

    def describe_point(self, labels: list[str]) -> str:
        """The inputs, as far as they fit in a message."""
        shown = [f"{label} = {value!r}" for label, value in zip(labels[:4], self.point, strict=False)]
        return ", ".join(shown) + (", ..." if len(labels) > 4 else "")


def richardson(slope: float, above: list[float]) -> list[float]:
    """The next row of the extrapolation: the error in a step is a series in its square, and the step is halved."""
    row = [slope]
    factor = 4.0
    for known in above[: COLUMNS - 1]:
        row.append(row[-1] + (row[-1] - known) / (factor - 1.0))
        factor *= 4.0
    return row


def power_of_two(size: float) -> float:
    """The power of two next below: a number plus such a step is exact."""
    return math.ldexp(0.5, math.frexp(size)[1])


def slopes_of(result: Any, variables: Sequence[Variable], create_graph: bool) -> list[Any]:
    """The derivatives of a result in each variable; zeros if it is a number."""
    if not isinstance(result, Node):
        return [0.0] * len(variables)
    found: list[Any] = gradients(result, list(variables), create_graph=create_graph)
    return found


def rounding_of(result: Any, variables: Sequence[Variable]) -> tuple[float, list[float]]:
    """What rounding may have done to the value of a result, and to its derivative in each variable.

    A sweep with absolute values: the rounding of each step reaches the result by the product of the local
    gradients on the way (Linnainmaa, BIT 16, 1976), and a derivative is the sum of such products.
    """
    if not isinstance(result, Node):
        return 0.0, [0.0] * len(variables)
    adjoints = {id(result): 1.0}
    noise = 0.0
    for node in reversed(topological_order(result)):
        adjoint = adjoints.get(id(node), 0.0)
        if node.op is None or adjoint == 0.0:
            continue
        noise += adjoint * abs(node.value)
        for operand, slope in zip(node.parents, node.local_gradients, strict=True):
            if math.isfinite(slope):
                adjoints[id(operand)] = adjoints.get(id(operand), 0.0) + adjoint * abs(slope)
    noise = EPSILON * noise if math.isfinite(noise) else 0.0
    return noise, [EPSILON * adjoints.get(id(variable), 0.0) for variable in variables]


def value_of(result: Any) -> float:
    """A node's value, or the number itself."""
    return result.value if isinstance(result, Node) else float(result)


def children_of(structure: Any) -> Iterator[tuple[str, Any]] | None:
    """The parts of a structure, each with its index as text; None for a single number or node."""
    if isinstance(structure, dict):
        return iter([(f"[{key!r}]", part) for key, part in structure.items()])
    if isinstance(structure, list | tuple) or getattr(structure, "shape", ()) != ():
        return iter([(f"[{index}]", part) for index, part in enumerate(structure)])
    return None


def leaves_of(structure: Any, path: str, what: str) -> Iterator[tuple[str, float]]:
    """Label and value of every number in the inputs, in order."""
    parts = children_of(structure)
    if parts is not None:
        for index, part in parts:
            yield from leaves_of(part, path + index, what)
        return
    value = structure.value if isinstance(structure, Node) else number_or_none(structure)
    if value is None:
        raise OperandError(f"gradcheck needs numbers as inputs, got {type(structure).__name__} {structure!r:.60}")
    name = f" ({structure.name!r})" if isinstance(structure, Node) and structure.name else ""
    yield f"{what}{path}{name}", value


def outputs_of(structure: Any) -> Iterator[Any]:
    """The node or number of every output, in order."""
    parts = children_of(structure)
    if parts is not None:
        for _, part in parts:
            yield from outputs_of(part)
        return
    output = structure if isinstance(structure, Node) else number_or_none(structure)
    if output is None:
        raise OperandError(
            f"gradcheck needs a function that returns a node or a number, got {type(structure).__name__} "
            f"{structure!r:.60}"
        )
    yield output


def rebuilt(structure: Any, variables: Iterator[Variable]) -> Any:
    """The structure with a variable in place of each number."""
    if isinstance(structure, dict):
        return {key: rebuilt(part, variables) for key, part in structure.items()}
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*[rebuilt(part, variables) for part in structure])
    if isinstance(structure, list | tuple):
        return type(structure)([rebuilt(part, variables) for part in structure])
    shape = getattr(structure, "shape", ())
    if shape != ():
        import numpy

        array = numpy.empty(shape, dtype=object)
        for index in numpy.ndindex(*shape):
            array[index] = next(variables)
        return array
    return next(variables)


def capitalized(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]
