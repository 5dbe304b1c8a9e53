"""A classifier of two layers with its learning curve: `python -m examples.classifier [curve.png]`.

Fully connected layers whose sizes are found on first use, softmax, and cross-entropy on one-hot labels; by a loop of
forward, backward and step, and by `fit`.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from layers import SGD, CrossEntropyLoss, FullyConnected, History, Network
from layers.plots import learning_curve


def points(count: int = 200) -> tuple[Any, Any]:
    """Points of a plane, and the one-hot class of each: inside a circle, or outside."""
    places = np.random.default_rng(0).normal(size=(count, 2))
    return places, np.eye(2)[((places**2).sum(axis=1) > 1.4).astype(int)]


def classifier() -> Network:
    """A hidden layer of 16 tanh, and softmax."""
    network = Network(FullyConnected(16, "tanh"), FullyConnected(2, "softmax"), seed=0)
    return network.add_loss(CrossEntropyLoss(of="probabilities"))


def by_hand(network: Network, x: Any, y: Any, steps: int = 40, rate: float = 1.0) -> list[float]:
    """The losses of a loop of forward, backward and step on all points."""
    optimizer, losses = SGD(lr=rate), []
    for _ in range(steps):
        losses.append(network.forward(x, y))
        network.backward()
        optimizer.step(network.parameters())
    return losses


def by_fit(network: Network, x: Any, y: Any, epochs: int = 100) -> History:
    """The record of a training in batches, a fifth of the points being kept out for validation."""
    options = {"optimizer": {"type": "adam", "lr": 0.02}, "validation": 0.2, "seed": 0, "progress": False}
    return network.fit(x, y, network.loss, epochs=epochs, **options)


def accuracy(network: Network, x: Any, y: Any) -> float:
    """The share of points whose class is the most probable one."""
    return float((network.predict(x).argmax(axis=1) == y.argmax(axis=1)).mean())


def main(arguments: list[str]) -> None:
    """Train both ways, and save the learning curve if a path is given."""
    x, y = points()
    losses = by_hand(classifier(), x, y)
    print(f"by hand, 40 steps: {losses[0]:.4f} → {losses[-1]:.4f}")
    network = classifier()
    history = by_fit(network, x, y)
    print(f"by fit, 100 epochs: {history.loss[0]:.4f} → {history.loss[-1]:.4f}, accuracy {accuracy(network, x, y):.3f}")
    if arguments:
        learning_curve(history).savefig(arguments[0])


if __name__ == "__main__":
    main(sys.argv[1:])
