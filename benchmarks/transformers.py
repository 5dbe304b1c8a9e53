"""A transformer that learns names: written out number by number, on two engines, and made of layers and compiled.

All three start from the same parameters and see the same names; their losses over the first steps are compared before
any time is believed. The engine in plain Python is the one of the tests (`tests/tables/programs/tiny_engine.py`).
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Variable
from examples.names_transformer import encoded, load, loss, new_model
from layers import Adam
from layers.parameters.parameter import flat_values
from layers.training.step import TrainingStep

PROJECT = Path(__file__).resolve().parent.parent
BATCH, STEPS = 4, 3
LENGTH, WIDTH, HEADS = 8, 16, 4


def tiny_engine() -> Any:
    """The engine in plain Python."""
    path = PROJECT / "tests" / "tables" / "programs" / "tiny_engine.py"
    spec: Any = importlib.util.spec_from_file_location("tiny_engine", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Value


class ByHand:
    """The transformer as loops over numbers, for any class of values."""

    def __init__(self, value: Any, state: dict[str, Any]) -> None:
        self.matrices = {
            name: [[value(float(number)) for number in row] for row in matrix] for name, matrix in state.items()
        }
        self.parameters = [number for matrix in self.matrices.values() for row in matrix for number in row]

    def matrix(self, name: str) -> Any:
        """The rows of the parameter whose name ends so."""
        return next(matrix for full, matrix in self.matrices.items() if full.endswith(name))

    def loss(self, tokens: list[int], following: list[int]) -> Any:
        """The mean surprise at the letters of one name."""
        keys: list[Any] = []
        values: list[Any] = []
        surprises = []
        for place, (token, wanted) in enumerate(zip(tokens, following, strict=True)):
            chances = softmax(self.scores(token, place, keys, values))
            surprises.append(-chances[wanted].log())
        return sum(surprises) * (1.0 / len(surprises))

    def scores(self, token: int, place: int, keys: list[Any], values: list[Any]) -> list[Any]:
        """The score of each token as the next one."""
        rows = zip(self.matrix("embedding_0.weight")[token], self.matrix("embedding_0.place")[place], strict=True)
        x = normal([a + b for a, b in rows])
        inner = normal(x)
        query = times(inner, self.matrix("query.weight"))
        keys.append(times(inner, self.matrix("key.weight")))
        values.append(times(inner, self.matrix("value.weight")))
        mixed = []
        each = WIDTH // HEADS
        for head in range(HEADS):
            part = slice(head * each, (head + 1) * each)
            shares = softmax([
                sum([q * k for q, k in zip(query[part], key[part], strict=True)]) * each**-0.5 for key in keys
            ])  # fmt: skip
            columns = zip(*[value[part] for value in values], strict=True)
            mixed += [sum([share * v for share, v in zip(shares, column, strict=True)]) for column in columns]
        x = [a + b for a, b in zip(x, times(mixed, self.matrix("projection.weight")), strict=True)]
        hidden = [h.relu() for h in times(normal(x), self.matrix("residual_1.dense_0.weight"))]
        x = [a + b for a, b in zip(x, times(hidden, self.matrix("residual_1.dense_1.weight")), strict=True)]
        return times(x, self.matrices["dense_0.weight"])


def times(x: list[Any], matrix: list[Any]) -> list[Any]:
    """A row times a matrix of (inputs, outputs)."""
    return [sum([a * w for a, w in zip(x, column, strict=True)]) for column in zip(*matrix, strict=True)]


def normal(x: list[Any]) -> list[Any]:
    """The row divided by the root of its mean square."""
    scale = (sum([a * a for a in x]) * (1.0 / len(x)) + 1e-5) ** -0.5
    return [a * scale for a in x]


def softmax(scores: list[Any]) -> list[Any]:
    """Probabilities from scores."""
    largest = max([score.data for score in scores])
    powers = [(score - largest).exp() for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def names_of_step(step: int, names: list[str]) -> list[str]:
    """The names that a step sees."""
    return names[step * BATCH : (step + 1) * BATCH]


def train_by_hand(value: Any, state: dict[str, Any], names: list[str]) -> tuple[list[float], float]:
    """The losses of the first steps, and seconds for each name."""
    model, optimizer = ByHand(value, state), Adam(lr=0.01)
    losses = []
    start = time.perf_counter()
    for step in range(STEPS):
        total = 0.0
        for parameter in model.parameters:
            parameter.grad = 0.0
        for tokens, following in zip(*encoded(names_of_step(step, names), LENGTH), strict=True):
            count = int((following >= 0).sum())
            surprise = model.loss(tokens[:count].tolist(), following[:count].tolist()) * (1.0 / BATCH)
            surprise.backward()
            total += surprise.data
        losses.append(total)
        values = np.array([parameter.data for parameter in model.parameters])
        gradient = np.array([parameter.grad for parameter in model.parameters])
        for parameter, moved in zip(model.parameters, optimizer.updated(values, gradient).tolist(), strict=True):
            parameter.data = moved
    return losses, (time.perf_counter() - start) / (STEPS * BATCH)


def train_layers(names: list[str]) -> tuple[list[float], float, Callable[[int], float]]:
    """The losses of the first steps of the compiled model, seconds to compile, seconds for each name of a batch."""
    model, optimizer = new_model(LENGTH, WIDTH, HEADS), Adam(lr=0.01)
    step = TrainingStep(model, loss())
    values = flat_values(step.parameters)
    start = time.perf_counter()
    step(values, *batch(names_of_step(0, names)))
    compiling = time.perf_counter() - start
    losses = []
    for number in range(STEPS):
        value, gradient = step(values, *batch(names_of_step(number, names)))
        losses.append(value)
        values = optimizer.updated(values, gradient)

    def seconds(count: int) -> float:
        arrays = batch(names[:count])
        times = []
        for _ in range(5):
            start = time.perf_counter()
            step(values, *arrays)
            times.append(time.perf_counter() - start)
        return min(times) / count

    return losses, compiling, seconds


def batch(names: list[str]) -> tuple[Any, Any]:
    """Inputs and targets of some names, as floats."""
    inputs, targets = encoded(names, LENGTH)
    return inputs.astype(float), targets.astype(float)


def transformer(options: argparse.Namespace) -> None:
    """Print the comparison."""
    names = load(LENGTH)
    model = new_model(LENGTH, WIDTH, HEADS)
    state = model.state_dict()
    ours, compiling, seconds = train_layers(names)
    print(f"a transformer of {len(model.parameters()):,} parameters on names of up to {LENGTH - 1} letters")
    slowest = None
    for title, value in (("plain Python", tiny_engine()), ("eager, Variable as Value", Variable)):
        losses, each = train_by_hand(value, state, names)
        slowest = slowest or each
        apart = max([abs(a - b) for a, b in zip(losses, ours, strict=True)])
        print(f"    {title:26s} {each * 1e3:9.3f} ms a name   {slowest / each:8.1f}   losses differ by {apart:.0e}")
        if apart > 1e-9:
            raise AssertionError(f"the losses of {title} are {losses}, those of the layers {ours}")
    for count in (1, 64, 1024):
        each = seconds(count)
        print(f"    layers, compiled, {count:4d} names {each * 1e3:9.3f} ms a name   {slowest / each:8.1f}")
    print(f"    compiling takes {compiling:.1f} s, once")
