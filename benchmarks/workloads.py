"""The programs that are measured, each written once and run by every engine.

A workload's `program(engine, leaves, size)` computes one output from leaves (variables) with the functions
that `engine` offers. Its `operations(size)` says how many arithmetic operations and functions that is, so
that times can be given per operation; `starts(size)` gives the leaves' values.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple


class Workload(NamedTuple):
    """One program to measure."""

    name: str
    title: str
    size: int
    quick_size: int
    # The number of times the program is run, swept and dropped in one measurement.
    repeats: int
    starts: Callable[[int], list[float]]
    operations: Callable[[int], int]
    program: Callable[[Any, list[Any], int], Any]
    # The functions that an engine must have besides + - * / and relu.
    needs: frozenset[str] = frozenset()
    # Whether `operations` counts our nodes: false where one node holds many operations.
    one_node_each: bool = True


def chain(engine: Any, leaves: list[Any], size: int) -> Any:
    """y = y * x + b, over and over: the longest graph that two operations can make."""
    x, b, y = leaves
    for _ in range(size // 2):
        y = y * x + b
    return y


MLP_WIDTHS = (2, 16, 16, 1)
_RANDOM = random.Random(1)
MLP_INPUTS = [(_RANDOM.uniform(-1, 1), _RANDOM.uniform(-1, 1)) for _ in range(64)]
MLP_TARGETS = [first * second for first, second in MLP_INPUTS]


def mlp_starts(size: int) -> list[float]:
    """The weights and biases: for each neuron of each layer its weights, then its bias."""
    source = random.Random(2)
    return [
        source.uniform(-1, 1) for inputs, outputs in pairwise(MLP_WIDTHS)
        for _ in range(outputs * (inputs + 1))
    ]  # fmt: skip


def mlp_operations(size: int) -> int:
    """A product and a sum for each weight, a relu for each hidden neuron; a difference, a square, a sum."""
    weights = sum([inputs * outputs for inputs, outputs in pairwise(MLP_WIDTHS)])
    return size * (2 * weights + sum(MLP_WIDTHS[1:-1]) + 3)


def mlp(engine: Any, leaves: list[Any], size: int) -> Any:
    """The squared error of a 2-16-16-1 network over `size` samples that share its weights."""
    relu = engine.relu
    loss = 0.0
    for inputs, target in zip(MLP_INPUTS[:size], MLP_TARGETS[:size], strict=True):
        difference = mlp_output(relu, leaves, inputs) - target
        loss = loss + difference * difference
    return loss


def mlp_output(relu: Callable[[Any], Any], leaves: list[Any], inputs: Any) -> Any:
    """The network's output."""
    values = inputs
    position = 0
    for layer in range(1, len(MLP_WIDTHS)):
        last = layer == len(MLP_WIDTHS) - 1
        outputs = []
        for _ in range(MLP_WIDTHS[layer]):
            total = leaves[position + len(values)]
            for weight, value in zip(leaves[position : position + len(values)], values, strict=True):
                total = total + weight * value
            position += len(values) + 1
            outputs.append(total if last else relu(total))
        values = outputs
    return values[0]


def expression(engine: Any, leaves: list[Any], size: int) -> Any:
    """Five operations: the cost of calls counts here, of an operation and of a sweep."""
    x, y, b = leaves
    return (x * y + b) * x - y / b


OPTIONS = [(90.0 + 20.0 * _RANDOM.random(), 0.25 + 2.0 * _RANDOM.random()) for _ in range(2000)]


def black_scholes(engine: Any, leaves: list[Any], size: int) -> Any:
    """The value of a book of `size` European calls, by Black and Scholes (1973)."""
    exp, log, sqrt, erf = engine.exp, engine.log, engine.sqrt, engine.erf
    spot, rate, volatility = leaves
    value = 0.0
    for strike, years in OPTIONS[:size]:
        spread = volatility * math.sqrt(years)
        above = (log(spot / strike) + (rate + volatility * volatility * 0.5) * years) / spread
        below = above - spread
        certain = exp(rate * -years) * strike
        value = value + (
            spot * ((erf(above * math.sqrt(0.5)) + 1.0) * 0.5) - certain * ((erf(below * math.sqrt(0.5)) + 1.0) * 0.5)
        )
    return value + sqrt(value)


def branches(engine: Any, leaves: list[Any], size: int) -> Any:
    """A loop that takes one of two ways at each turn, depending on a number computed just before."""
    number = engine.number
    x, a, b = leaves
    for _ in range(size // 2):
        x = x * a - b if number(x) > 0.25 else b - x * a
    return x


def wide_sum(engine: Any, leaves: list[Any], size: int) -> Any:
    """The sum of all leaves, one + after another."""
    total = leaves[0]
    for leaf in leaves[1:]:
        total = total + leaf
    return total


def wide_sum_at_once(engine: Any, leaves: list[Any], size: int) -> Any:
    """The sum of all leaves by the engine's function for it."""
    return engine.sum(leaves)


def many(size: int) -> list[float]:
    """`size` numbers."""
    source = random.Random(3)
    return [source.uniform(-1, 1) for _ in range(size)]


WORKLOADS = [
    Workload("chain", "chain y = y*x + b", 20_000, 20_000, 1, lambda size: [0.999, 0.001, 1.5],
             lambda size: size // 2 * 2, chain),
    Workload("mlp", "2-16-16-1 ReLU network, samples", 8, 2, 1, mlp_starts, mlp_operations, mlp),
    Workload("expression", "five operations, times", 1, 1, 1000, lambda size: [1.5, -0.7, 2.5], lambda size: 5,
             expression),
    Workload("black_scholes", "Black-Scholes, calls", 500, 100, 1, lambda size: [100.0, 0.03, 0.2],
             lambda size: 25 * size + 2, black_scholes, frozenset({"exp", "log", "sqrt", "erf"})),
    Workload("branches", "loop with branches", 20_000, 4_000, 1, lambda size: [0.4, 0.9, 0.5],
             lambda size: size // 2 * 2, branches, frozenset({"number"})),
    Workload("wide_sum", "wide sum with +, terms", 20_000, 4_000, 1, many, lambda size: size - 1, wide_sum),
    Workload("wide_sum_at_once", "wide sum at once, terms", 20_000, 4_000, 1, many, lambda size: size - 1,
             wide_sum_at_once, frozenset({"sum"}), one_node_each=False),
]  # fmt: skip
BY_NAME = {workload.name: workload for workload in WORKLOADS}
