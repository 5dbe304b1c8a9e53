"""A classifier of two interleaved arcs: a network of relu neurons, a hinge loss, weight decay, minibatches.

The data and the labels are NumPy arrays, so rows are NumPy floats and labels NumPy integers.
"""

import random
from itertools import pairwise

import numpy as np
from micrograd.engine import Value


class Unit:
    """A weighted sum of its inputs, cut off below zero if `bent`."""

    def __init__(self, inputs, bent):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(inputs)]
        self.b = Value(0)
        self.bent = bent

    def __call__(self, x):
        total = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
        return total.relu() if self.bent else total

    def parameters(self):
        return [*self.w, self.b]


class Network:
    """Layers of units, the last of which is not bent."""

    def __init__(self, widths):
        pairs = list(pairwise(widths))
        self.layers = [[Unit(a, i < len(pairs) - 1) for _ in range(b)] for i, (a, b) in enumerate(pairs)]

    def __call__(self, x):
        for layer in self.layers:
            x = [unit(x) for unit in layer]
        return x[0] if len(x) == 1 else x

    def parameters(self):
        return [p for layer in self.layers for unit in layer for p in unit.parameters()]

    def zero_grad(self):
        for p in self.parameters():
            p.grad = 0


def arcs(count):
    """Points on two half circles that reach into each other, with labels -1 and 1."""
    source = np.random.default_rng(7)
    angles = source.uniform(0, np.pi, count)
    y = np.where(np.arange(count) % 2 == 0, 1, -1)
    upper = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    lower = np.stack([1 - np.cos(angles), 0.5 - np.sin(angles)], axis=1)
    X = np.where((y == 1)[:, None], upper, lower) + source.normal(0, 0.1, (count, 2))
    return X, y


def loss_and_accuracy(model, X, y):
    inputs = [list(map(Value, row)) for row in X]
    scores = list(map(model, inputs))
    # NumPy integers on the left of a node.
    margins = [(1 + -yi * score).relu() for yi, score in zip(y, scores)]
    data_loss = sum(margins) * (1.0 / len(margins))
    decay = 1e-4 * sum(p * p for p in model.parameters())
    right = [(yi > 0) == (score.data > 0) for yi, score in zip(y, scores)]
    return data_loss + decay, sum(right) / len(right)


def run(steps=12, points=24):
    random.seed(11)
    X, y = arcs(points)
    model = Network([2, 8, 8, 1])
    source = np.random.default_rng(3)
    history = []
    for k in range(steps):
        chosen = source.permutation(points)[: points * 3 // 4]
        total, accuracy = loss_and_accuracy(model, X[chosen], y[chosen])
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (0.5 - 0.4 * k / steps) * p.grad
        history += [float(total.data), float(accuracy)]
    gradients = [float(p.grad) for p in model.parameters()]
    return {"history": history, "gradients": gradients, "parameters": [float(p.data) for p in model.parameters()]}
