"""Backpropagation by hand, solved. Students get these signatures and docstrings, in plain Python or NumPy."""

from __future__ import annotations

import math


def affine(w: float, x: float, b: float) -> float:
    """w·x + b."""
    return w * x + b


def affine_backward(w: float, x: float, b: float, upstream: float) -> tuple[float, float, float]:
    """The gradients in w, x and b of whatever has the gradient `upstream` in w·x + b."""
    return upstream * x, upstream * w, upstream


def relu(a: float) -> float:
    """The larger of a and 0."""
    return max(a, 0.0)


def relu_backward(a: float, upstream: float) -> float:
    """The gradient in a of whatever has the gradient `upstream` in relu(a)."""
    return upstream if a > 0.0 else 0.0


def squared_loss(y_hat: float, y: float) -> float:
    """(ŷ − y)²."""
    return (y_hat - y) ** 2


def squared_loss_backward(y_hat: float, y: float) -> float:
    """The derivative of the loss in ŷ."""
    return 2.0 * (y_hat - y)


def cross_entropy(scores: list[float], target: int) -> float:
    """−log of the share that softmax gives to the class `target`; of large scores, too."""
    largest = max(scores)
    return largest + math.log(sum([math.exp(score - largest) for score in scores])) - scores[target]


def cross_entropy_backward(scores: list[float], target: int) -> list[float]:
    """The derivative of the loss in each score."""
    largest = max(scores)
    powers = [math.exp(score - largest) for score in scores]
    return [power / sum(powers) - (place == target) for place, power in enumerate(powers)]
