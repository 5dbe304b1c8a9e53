"""Gradients that were made elsewhere, by hand or by another library, against differences of values.

Of such functions nothing is known but their values: no graph, no kinks that are declared, and often single precision.
Rounding is estimated from how values scatter from one number to the next (Moré and Wild, "Estimating computational
noise", SIAM Journal on Scientific Computing 33, 2011).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import OperandError, OutputError
from autograd.numbers.operands import number_or_none
from autograd.testing.check import TOGETHER, Finding, directional, spread, unit
from autograd.testing.common_mistakes import mistake_in
from autograd.testing.comparison import Derivative, Tolerance, compare
from autograd.testing.costs import is_long, refuse_long
from autograd.testing.differences import EPSILON, PROBE, Line, Sample, scales_of
from autograd.testing.report import Fault, Report, failure, hidden_by_pytest
from autograd.transforms.taped_run import name_of
from autograd.transforms.trees import Structure, as_array, flatten

__all__ = ["check_gradient"]

__tracebackhide__ = hidden_by_pytest

# The distance from 1 to the next number, in the arithmetics that leave differences enough digits.
SPACINGS = {"float64": EPSILON, "float32": 2.0**-23}
# Seconds of all comparisons, for the square of the number of inputs; measured with 1,000 in an array.
TIME = 0.7e-6
# The number of values that the scatter is estimated from; the amplification by third differences, the root of 20.
SCATTER_POINTS = 8
AMPLIFIED = math.sqrt(20.0)


def check_gradient(
    fun: Callable[..., Any],
    gradient: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float = 0.0,
    rtol: float | None = None,
    raise_exception: bool = True,
    fast_mode: bool | None = None,
) -> Report:
    """The report on whether `gradient(*inputs)` is the gradient of `fun(*inputs)`, by differences of `fun`.

    Both are any callables: plain Python, NumPy, JAX, torch. `inputs` is the sequence of arguments: numbers, arrays
    and tensors of any library, nested lists, tuples and dicts of them; both callables get the same kinds. `fun`
    returns one number; `gradient` returns the structure of its argument, or a tuple of one for each of several.

    eps, atol: as of `gradcheck`. rtol: likewise; 1e-7 in double precision, else the root of the spacing at 1.
    raise_exception: whether to raise GradcheckError if the gradient is wrong.
    fast_mode: as of `gradcheck`; the time of `fun` itself, which nobody knows, is not counted.

    >>> import math
    >>> report = check_gradient(lambda x, y: x * math.exp(y), lambda x, y: (math.exp(y), x * math.exp(y)), [2.0, 0.5])
    >>> bool(report), report.compared
    (True, 2)
    """
    function = BlackBox(fun, gradient, inputs)
    count = len(function.point)
    seconds = TIME * count * count
    if fast_mode is None:
        refuse_long("check_gradient", seconds, f"{count:,} inputs")
    report = Report()
    report.complaint = function.complaint()
    if not report.complaint:
        limit = (1e-7 if function.epsilon == EPSILON else math.sqrt(function.epsilon)) if rtol is None else rtol
        tolerance = Tolerance(atol, limit, eps)
        report.findings = [function.compared_together(tolerance)] if fast_mode and count else []
        # The inputs one by one, where that is not too long: to name the one that is wrong.
        by_axes = not fast_mode or (not report and not is_long(seconds))
        if by_axes:
            report.findings = [function.compared(place, tolerance) for place in range(count)]
        if by_axes and not report:
            expected = [finding.comparison.slope.value for finding in report.findings]
            mistake = mistake_in(expected, function.slopes, 10.0 * limit)
            report.fault = (
                Fault("", "", f"it looks like a common mistake: {mistake}", (), tuple(expected)) if mistake else None
            )
    report.runs = function.runs
    if raise_exception and not report:
        raise failure(report)
    return report


class BlackBox:
    """A function of which nothing is known but its values, and a function said to be its gradient."""

    def __init__(self, fun: Callable[..., Any], gradient: Callable[..., Any], inputs: Any) -> None:
        self.fun = fun
        if not callable(gradient):
            raise TypeError(
                f"the gradient that check_gradient checks is a function of the same arguments, got "
                f"{type(gradient).__name__} {gradient!r:.60}"
            )
        arguments = tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)
        numbers, self.structure = flatten(arguments, "input", foreign_leaf)
        self.labels = self.structure.paths("input")
        self.runs = 0
        arrays = [piece.maker.original for _, piece in self.structure.pieces() if piece.maker]
        self.epsilon = max([EPSILON, *map(spacing, arrays)])
        result = self.call(numbers)
        # A library that computes in single precision says so only by its results.
        self.epsilon = max(self.epsilon, spacing(result))
        self.point = [rounded(number, self.epsilon) for number in numbers]
        self.here = self.number(self.call(self.point))
        self.slopes = self.gradient_at(gradient)
        self.noise = max(self.scatter(), self.grain()) if self.point else 0.0

    def complaint(self) -> str:
        """The reason why nothing can be compared, empty if there is none."""
        if math.isfinite(self.here):
            return ""
        return f"check_gradient needs a finite value, got {self.here} for the output of {name_of(self.fun)}"

    def call(self, numbers: Sequence[float]) -> Any:
        """The result of the function for these numbers."""
        self.runs += 1
        return self.fun(*self.structure.build(numbers))

    def number(self, result: Any) -> float:
        """The one number that a result is."""
        number = number_or_none(result)
        if number is None:
            raise OutputError(
                f"check_gradient needs a function that returns one number, {name_of(self.fun)} gave "
                f"{type(result).__name__} {result!r:.60}"
            )
        return number

    def gradient_at(self, gradient: Callable[..., Any]) -> list[float]:
        """The gradient's numbers at the point."""
        returned = gradient(*self.structure.build(self.point))
        slopes, structure = flatten(returned, f"the result of {name_of(gradient)}", foreign_leaf)
        # By path, not by order: dicts may come back with their keys sorted.
        for path in ("input", "input[0]") if len(self.structure.children) == 1 else ("input",):
            found = dict(zip(structure.paths(path), slopes, strict=True))
            if set(found) == set(self.labels):
                return [found[label] for label in self.labels]
        raise OutputError(
            f"check_gradient needs a gradient with the structure of the inputs, {self.structure}; {name_of(gradient)} "
            f"gave {structure}"
        )

    def value(self, point: Sequence[float]) -> float:
        """The value at a point; nan where the function refuses it."""
        try:
            return self.number(self.call(point))
        except (ArithmeticError, ValueError):
            return math.nan

    def line(self, direction: Sequence[float], scales: Sequence[float]) -> Line:
        """The function along a direction through the inputs."""
        places = [place for place, part in enumerate(direction) if part != 0.0]
        single = places[0] if len(places) == 1 else None

        def sample(t: float) -> Sample | None:
            point = [
                rounded(x + t * part, self.epsilon) if part else x
                for x, part in zip(self.point, direction, strict=True)
            ]
            value = self.value(point)
            at = t if single is None else point[single] - self.point[single]
            return Sample(at, [value]) if math.isfinite(value) else None

        noise = self.noise
        if single is None:
            # Moved inputs are rounded.
            noise += self.epsilon * sum([abs(slope * x) for slope, x in zip(self.slopes, self.point, strict=True) if x])
        return Line(sample, [self.here], noise=[noise], scales=scales, epsilon=self.epsilon)

    def scatter(self) -> float:
        """The scatter of values about a smooth function, from third differences of values next to each other."""
        values = self.values_along([16.0 * self.epsilon * count for count in range(SCATTER_POINTS)])
        for _ in range(3):
            values = [second - first for first, second in itertools.pairwise(values)]
        sizes = [abs(value) for value in values if math.isfinite(value)]
        return max(sizes, default=0.0) / AMPLIFIED

    def grain(self) -> float:
        """The number that all values about the point are multiples of, if it is more than their own last places.

        It is the spacing of numbers at terms that cancel: log(exp(4) + 1) - 4 is a whole multiple of that at 4. Values
        next to each other don't show it where the function is nearly flat. What has steps has no grain.
        """
        values = self.values_along([PROBE * count for count in range(1, 1 + SCATTER_POINTS)])
        sizes = {abs(value) for value in values if value != 0.0 and math.isfinite(value)}
        grain = min(map(last_bit, sizes), default=0.0)
        return grain if len(sizes) > SCATTER_POINTS // 2 and grain > self.epsilon * max(sizes) else 0.0

    def values_along(self, distances: Sequence[float]) -> list[float]:
        """Values at points that are this far from the point, relative to its numbers."""
        direction = spread(self.point)
        points = [
            [rounded(x + distance * part, self.epsilon) for x, part in zip(self.point, direction, strict=True)]
            for distance in distances
        ]
        return [self.value(point) for point in points]

    def compared(self, place: int, tolerance: Tolerance) -> Finding:
        """The derivative in one input against differences."""
        x = self.point[place]
        line = self.line(unit(place, len(self.point)), scales_of(x))
        derivative = Derivative(self.slopes[place], 8.0 * self.epsilon * abs(self.slopes[place]))
        (comparison,) = compare([derivative], line, tolerance)
        return Finding("the output", f"in {self.labels[place]} = {x!r}", comparison, 0, place, "its gradient")

    def compared_together(self, tolerance: Tolerance) -> Finding:
        """The derivative along one direction through all inputs against differences."""
        direction = spread(self.point)
        slopes = [Derivative(slope, 8.0 * self.epsilon * abs(slope)) for slope in self.slopes]
        (comparison,) = compare([directional(slopes, direction)], self.line(direction, (1.0,)), tolerance)
        return Finding("the output", TOGETHER, comparison, 0, -1, "its gradient")


class Like:
    """Makes arrays of the kind of an original, from any library."""

    def __init__(self, original: Any) -> None:
        self.original = original

    def __call__(self, numbers: Sequence[float]) -> Any:
        original, array = self.original, as_array(numbers, tuple(self.original.shape))
        if hasattr(original, "new_tensor"):
            return original.new_tensor(array)
        if hasattr(original, "__array_namespace__"):
            return original.__array_namespace__().asarray(array, dtype=original.dtype)
        return array.astype(original.dtype)


def foreign_leaf(value: Any, what: str) -> tuple[list[float], Structure] | None:
    """An array of any library as a leaf, for `flatten`; None for numbers."""
    if not hasattr(value, "shape"):
        return None
    import numpy

    spacing(value)
    array = value.detach() if hasattr(value, "detach") else value
    array = numpy.asarray(array.cpu() if hasattr(array, "cpu") else array, dtype=numpy.float64)
    return array.ravel().tolist(), Structure(None, [], shape=array.shape, is_array=True, maker=Like(value))


def spacing(value: Any) -> float:
    """The distance from 1 to the next number in the arithmetic of an array or number."""
    kind = str(getattr(value, "dtype", "float64")).rpartition(".")[2]
    if kind not in SPACINGS:
        raise OperandError(
            f"check_gradient needs numbers in single or double precision, differences have too few digits in others; "
            f"got {kind} {value!r:.60}"
        )
    return SPACINGS[kind]


def last_bit(number: float) -> float:
    """The largest power of two that a positive number is a multiple of.

    >>> last_bit(6.0), last_bit(0.75)
    (2.0, 0.25)
    """
    numerator, denominator = number.as_integer_ratio()
    return (numerator & -numerator) / denominator


def rounded(number: float, epsilon: float) -> float:
    """The number of this precision that is next."""
    if epsilon == EPSILON or not math.isfinite(number):
        return number
    fraction, exponent = math.frexp(number)
    return math.ldexp(round(fraction * 2.0 / epsilon), exponent - 1) * epsilon
