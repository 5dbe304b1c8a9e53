"""The function that is checked: run at points, with its derivatives and with the graph that shows its decisions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

from autograd.errors import TraceError
from autograd.graph.callers import caller
from autograd.graph.modes import tracing, watching
from autograd.graph.node import Node, Variable, recorded_gradients, value_of
from autograd.graph.sweep import adjoints, gradients, topological_order
from autograd.program.recording.trace import Trace
from autograd.testing.differences import EPSILON
from autograd.transforms.derivatives import jvp
from autograd.transforms.taped_run import name_of
from autograd.transforms.trees import flatten

__all__ = ["CheckedFunction", "Recorded", "rounding_of", "slopes_of"]


class Recorded(NamedTuple):
    """One run of a function: its variables, its outputs, every node below them, and where these were made.

    decisions: the conditions that Python's `if` took, each with its outcome and its place; None if they were not seen.
    """

    variables: list[Variable]
    outputs: list[Any]
    nodes: list[Node]
    places: dict[int, str]
    decisions: list[tuple[Node, bool, str]] | None


class CheckedFunction:
    """A function and the inputs at which it is checked, written one after the other.

    Nothing is known of the function but that it takes Variables in the structure of the inputs, and gives nodes and
    numbers.
    """

    def __init__(self, fun: Callable[..., Any], inputs: Any) -> None:
        self.fun = fun
        self.name = name_of(fun)
        arguments = tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)
        numbers, self.structure = flatten(arguments, "input")
        self.point = [value_of(number) for number in numbers]
        names = [number.name if isinstance(number, Node) else None for number in numbers]
        self.labels = [
            path if name is None else f"{path} ({name!r})"
            for path, name in zip(self.structure.paths("input"), names, strict=True)
        ]
        self.runs = 0
        self.is_traceable = True

    def arguments(self, numbers: Sequence[Any]) -> Any:
        """These numbers in the structure of the inputs."""
        return self.structure.build(list(numbers))

    def results(self, numbers: Sequence[Any]) -> list[Any]:
        """The numbers that the function returns for these, nodes and floats."""
        self.runs += 1
        returned = self.fun(*self.arguments(numbers))
        if type(returned) is float or isinstance(returned, Node):
            return [returned]
        return flatten(returned, f"the output of {self.name}")[0]

    def derivatives(self, variables: Sequence[Any], below: int) -> list[Any]:
        """The derivatives of order `below` of every output, as nodes where they depend on a variable."""
        found = [(0, result) for result in self.results(variables)]
        for _ in range(below):
            # Derivatives commute, so that each is taken once: in inputs of ascending number.
            found = [
                (place, slope)
                for last, result in found
                for place, slope in enumerate(slopes_of(result, variables[last:], create_graph=True), start=last)
            ]
        return [result for _, result in found]

    def values(self, point: Sequence[float], below: int) -> list[float] | None:
        """The derivatives of order `below` as floats; None where one isn't finite, or the function refuses.

        On new Variables, not on constants in `no_grad`: the function may itself differentiate.
        """
        try:
            values = [value_of(result) for result in self.derivatives([Variable(value) for value in point], below)]
        except (ArithmeticError, ValueError):
            return None
        for value in values:
            if not math.isfinite(value):
                return None
        return values

    def recorded(self, point: Sequence[float], *, traced: bool = True, places: bool = False) -> Recorded:
        """A run of the function, inside a trace if it can be: that shows its decisions, and the inside of `jit`.

        places: whether to note where each operation stands, which takes some time.
        """
        if not (traced and self.is_traceable):
            return self._recorded(point, None, places)
        try:
            return self._recorded(point, Trace(unrolled=True), places)
        except TraceError:
            # It asks for plain values, as functions may.
            self.is_traceable = False
        return self._recorded(point, None, places)

    def _recorded(self, point: Sequence[float], trace: Trace | None, places: bool) -> Recorded:
        variables = [Variable(value) for value in point]
        made: dict[int, str] = {}
        kept: list[Node] = []

        def watch(node: Node) -> None:
            file, line = caller()
            made[id(node)] = f"{file}:{line}"
            kept.append(node)  # so that no other node gets its id

        if trace is None:
            outputs = self._watched(variables, watch) if places else self.results(variables)
        else:
            with tracing(trace):
                outputs = self._watched(variables, watch) if places else self.results(variables)
        decisions = (
            None if trace is None else [(node, yes, f"{file}:{line}") for node, yes, file, line in trace.decisions]
        )
        ends = outputs if trace is None else [*outputs, *[node for node, *_ in trace.decisions]]
        nodes = topological_order(*[end for end in ends if isinstance(end, Node)])
        return Recorded(variables, outputs, nodes, made, decisions)

    def _watched(self, variables: list[Variable], watch: Callable[[Node], None]) -> list[Any]:
        with watching(watch):
            return self.results(variables)

    def forward(self, tangents: Sequence[float], below: int) -> list[float]:
        """The derivatives of order `below` along a direction, by forward mode."""

        def derivatives(*arguments: Any) -> list[Any]:
            return self.derivatives(flatten(arguments, "the inputs")[0], below)

        self.runs += 1
        changes = jvp(derivatives, self.arguments(self.point), self.arguments(tangents))[1]
        return [value_of(change) for change in changes]

    def chosen(self, below: int) -> list[tuple[int, ...]]:
        """The inputs in which each derivative of order `below` of one output is taken."""
        return list(combinations_with_replacement(range(len(self.point)), below))

    def describe(self, component: int, count: int, below: int) -> str:
        """One of `count` derivatives of order `below`, in words: an output, or a derivative of it."""
        chosen = self.chosen(below)
        outputs = count // max(1, len(chosen))
        output, which = divmod(component, max(1, len(chosen)))
        text = "the output" if outputs == 1 else f"output {output}"
        if below:
            return f"{text}'s derivative in {', '.join([self.labels[place] for place in chosen[which]])}"
        return text

    def describe_point(self) -> str:
        """The inputs, as far as they fit in a message."""
        shown = [f"{label} = {value!r}" for label, value in zip(self.labels[:4], self.point, strict=False)]
        return ", ".join(shown) + (", ..." if len(self.labels) > 4 else "")


def slopes_of(result: Any, variables: Sequence[Any], create_graph: bool) -> list[Any]:
    """The derivatives of a result in each variable; zeros if it is a number."""
    if not isinstance(result, Node):
        return [0.0] * len(variables)
    found: list[Any] = gradients(result, list(variables), create_graph=create_graph)
    return found


def rounding_of(result: Any, variables: Sequence[Variable]) -> tuple[float, list[float]]:
    """An estimate of the rounding in the value of a result, and in its derivative in each variable.

    A sweep with absolute values: the rounding of each step reaches the result by the product of the local
    gradients on the way (Linnainmaa, BIT 16, 1976), and a derivative is the sum of such products.
    """
    # An estimate for tolerances, not the bound that `autograd.rounding` proves by the same theorem: each step counts as
    # rounded by one unit whether it is or not, and slopes as constant within the errors. That takes 2 µs an operation
    # in place of 16, every check makes one for each output, and it has derivatives too, which the bound has not.
    if not isinstance(result, Node):
        return 0.0, [0.0] * len(variables)
    order = topological_order(result)
    sizes = adjoints(
        order,
        {id(result): 1.0},
        lambda node: [abs(slope) for slope in recorded_gradients(node)],
        lambda operand, slope, size: isinstance(operand, Node) and math.isfinite(slope),
    )
    noise = 0.0
    for node in reversed(order):
        if node.op is not None and sizes.get(id(node)):
            noise += sizes[id(node)] * abs(value_of(node))
    noise = EPSILON * noise if math.isfinite(noise) else 0.0
    return noise, [EPSILON * sizes.get(id(variable), 0.0) for variable in variables]
