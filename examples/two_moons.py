"""A 2-16-16-1 ReLU network that learns to tell two half moons apart: `python -m examples.two_moons`.

The setting is that of micrograd's demo: 100 points, a hinge loss (`max(0, 1 − y·score)`, as of a support
vector machine) plus a small penalty on the squares of all parameters, gradient descent on all points at
once with a step that falls from 1 to 0.1.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import autograd
from autograd import Sum, Variable, dot, maximum, no_grad, zero_grad
from layers import Affine, ReLU

DATA = Path(__file__).parent / "data" / "moons.json"
EPOCHS = 100
SEED = 1337
PENALTY = 1e-4
# The number of places across, and up, for which the picture asks for the score.
RESOLUTION = 90
BLUE, ORANGE = "#0072B2", "#D55E00"
PALE_BLUE, PALE_ORANGE = "#DCEBF5", "#FAE5D6"
INK, GREY = "#222222", "#767676"


class Network:
    """Affine layers with ReLU between them; all parameters are Variables.

    Weights are uniform between −1 and 1, biases 0, from a generator of its own seeded with `seed`.
    """

    def __init__(self, sizes: tuple[int, ...], seed: int) -> None:
        generator = random.Random(seed)
        self.layers = []
        for n_in, n_out in pairwise(sizes):
            weights = [[Variable(generator.uniform(-1.0, 1.0)) for _ in range(n_in)] for _ in range(n_out)]
            biases = [[Variable(0.0)] for _ in range(n_out)]
            self.layers.append((np.array(weights, dtype=object), np.array(biases, dtype=object)))
        arrays = [array for pair in self.layers for array in pair]
        self.parameters: list[Variable] = [parameter for array in arrays for parameter in array.flat]

    def __call__(self, points: Any) -> Any:
        """The scores of points, one point in each row."""
        affine, relu = Affine(), ReLU()
        h = np.asarray(points).T
        for place, (weights, biases) in enumerate(self.layers):
            h = affine(h if place == 0 else relu(h), weights, biases)
        return h[0]

    def numbers(self, points: Any) -> Any:
        """The scores as plain numbers; nothing is recorded."""
        with no_grad():
            return np.array([score.value for score in self(points)])


@dataclass
class Training:
    """A trained network and its progress: loss and accuracy of each epoch, before its step."""

    network: Network
    points: Any
    labels: Any
    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def accuracy(self) -> float:
        """The share of points that the network as it is now puts on the right side."""
        return float(np.mean((self.network.numbers(self.points) > 0) == (self.labels > 0)))


def load() -> tuple[Any, Any]:
    """The points, (100, 2), and their labels, −1 or 1."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    return np.array(data["X"]), np.array(data["y"], dtype=float)


def objective(network: Network, points: Any, labels: Any) -> tuple[Any, float]:
    """The loss as a node, and the accuracy."""
    scores = network(points)
    pairs = list(zip(labels.tolist(), scores, strict=True))
    hinges = [maximum(1.0 - label * score, 0.0) for label, score in pairs]
    data_loss = Sum(*hinges) / len(hinges)
    penalty = PENALTY * dot(network.parameters, network.parameters)
    right = [(score.value > 0) == (label > 0) for label, score in pairs]
    return data_loss + penalty, float(np.mean(right))


def train(epochs: int = EPOCHS, seed: int = SEED, progress: bool = True) -> Training:
    """A network trained on the moons; the same seed gives the same numbers."""
    if epochs < 1:
        raise ValueError(f"training takes 1 epoch or more, got {epochs}")
    points, labels = load()
    network = Network((2, 16, 16, 1), seed)
    training = Training(network, points, labels)
    started = time.perf_counter()
    for epoch, report in reported(epochs, progress):
        loss, accuracy = objective(network, points, labels)
        zero_grad(network.parameters)
        loss.backward()
        rate = 1.0 - 0.9 * epoch / epochs
        for parameter in network.parameters:
            parameter.value -= rate * parameter.grad
        training.losses.append(loss.value)
        training.accuracies.append(accuracy)
        report(loss.value, accuracy)
    training.seconds = time.perf_counter() - started
    return training


def reported(epochs: int, progress: bool) -> Iterator[tuple[int, Callable[[float, float], None]]]:
    """Each epoch, and a function to report its loss and accuracy with.

    On a terminal that is a bar; elsewhere a line now and then, so that a log stays readable.
    """
    if not progress:
        for epoch in range(epochs):
            yield epoch, lambda loss, accuracy: None
        return
    bar = progress_bar(epochs) if sys.stderr.isatty() else None
    if bar is not None:
        with bar:
            for epoch in range(epochs):
                yield epoch, lambda loss, accuracy: bar.set_postfix_str(text(loss, accuracy), refresh=False)
                bar.update()
        return
    every = max(1, epochs // 10)
    for epoch in range(epochs):
        shown = epoch % every == 0 or epoch == epochs - 1

        def line(loss: float, accuracy: float, epoch: int = epoch, shown: bool = shown) -> None:
            if shown:
                number = str(epoch + 1).rjust(len(str(epochs)))
                print(f"epoch {number} of {epochs}   {text(loss, accuracy)}", flush=True)

        yield epoch, line


def text(loss: float, accuracy: float) -> str:
    """Loss and accuracy in words."""
    return f"loss {loss:.4f}, accuracy {accuracy:4.0%}"


def progress_bar(epochs: int) -> Any:
    """A bar by tqdm; None without it, which training doesn't need."""
    try:
        from tqdm import tqdm
    except ImportError:
        print("no progress bar: tqdm is not installed; pip install 'scalar-autograd[plot]' brings it")
        return None
    return tqdm(total=epochs, desc="two moons", unit="epoch", ncols=100)


def new_figure(width: float, height: float) -> Any:
    """An empty figure that needs no display.

    Raises ImportError if matplotlib is missing, with the command that installs it.
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise ImportError(
            "the pictures of two moons are drawn with matplotlib, which is not installed; "
            "pip install 'scalar-autograd[plot]' brings it"
        ) from error
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1)
    return Figure(figsize=(width, height), dpi=160, layout=layout, facecolor="white")


def tidy(axes: Any) -> None:
    """Take away the lines of a plot that carry nothing."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    axes.tick_params(colors=GREY, labelcolor=INK, labelsize=10)


def draw_boundary(training: Training, path: Path) -> Path:
    """Save the network's scores over the plane, with the points; the path is returned."""
    figure = new_figure(7.2, 4.6)
    axes = figure.add_subplot()
    low, high = training.points.min(axis=0) - 0.35, training.points.max(axis=0) + 0.35
    across = np.linspace(low[0], high[0], RESOLUTION)
    up = np.linspace(low[1], high[1], RESOLUTION)
    grid = np.stack([axis.ravel() for axis in np.meshgrid(across, up)], axis=1)
    scores = training.network.numbers(grid).reshape(RESOLUTION, RESOLUTION)
    limit = max(2.0, float(np.abs(scores).max()) + 1.0)
    axes.contourf(across, up, scores, levels=[-limit, 0.0, limit], colors=[PALE_BLUE, PALE_ORANGE])
    axes.contour(across, up, scores, levels=[-1.0, 1.0], colors=GREY, linewidths=0.8, linestyles="dashed")
    axes.contour(across, up, scores, levels=[0.0], colors=INK, linewidths=1.8)
    # Shape as well as colour tells the classes apart.
    for label, colour, marker, name in ((-1, BLUE, "o", "label −1"), (1, ORANGE, "^", "label +1")):
        mine = training.points[training.labels == label]
        axes.scatter(
            mine[:, 0], mine[:, 1], s=42, c=colour, marker=marker, edgecolors="white", linewidths=0.8,
            label=name, zorder=3,
        )  # fmt: skip
    axes.plot([], [], color=INK, linewidth=1.8, label="score 0")
    axes.plot([], [], color=GREY, linewidth=0.8, linestyle="dashed", label="score ±1")
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    axes.set_xlabel("x₁", color=INK, fontsize=11)
    axes.set_ylabel("x₂", color=INK, fontsize=11, rotation=0, labelpad=10)
    axes.set_title(
        f"Two moons, 2-16-16-1 ReLU network: {training.accuracy:.0%} of {len(training.labels)} points right",
        color=INK, fontsize=12, loc="left",
    )  # fmt: skip
    tidy(axes)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False, fontsize=10)
    figure.savefig(path)
    return path


def draw_learning_curve(training: Training, path: Path) -> Path:
    """Save loss and accuracy over the epochs; the path is returned."""
    figure = new_figure(7.2, 4.6)
    upper, lower = figure.subplots(2, 1, sharex=True)
    epochs = np.arange(1, len(training.losses) + 1)
    curves = (
        (upper, training.losses, BLUE, "loss", f"{training.losses[-1]:.3g}"),
        (lower, training.accuracies, ORANGE, "accuracy", f"{training.accuracies[-1]:.0%}"),
    )
    for axes, values, colour, name, last in curves:
        axes.plot(epochs, values, color=colour, linewidth=1.8, marker="o" if len(epochs) == 1 else None)
        axes.set_title(name, color=colour, fontsize=12, loc="left", fontweight="bold")
        axes.annotate(
            last, (epochs[-1], values[-1]), xytext=(6, 0), textcoords="offset points", va="center",
            color=colour, fontsize=11, annotation_clip=False,
        )  # fmt: skip
        axes.grid(axis="y", color="#E6E6E6", linewidth=0.8)
        axes.set_axisbelow(True)
        tidy(axes)
    upper.set(yscale="log", xlim=(0, len(epochs) + 1))
    upper.yaxis.set_major_formatter("{x:g}")
    lower.yaxis.set_major_formatter(lambda share, place: f"{share:.0%}")
    lower.set_xlabel("epoch", color=INK, fontsize=11)
    figure.savefig(path)
    return path


def main(directory: Path = Path("demo-output"), epochs: int = EPOCHS) -> list[Path]:
    """Train, print the progress, and save both pictures; their paths are returned."""
    directory.mkdir(parents=True, exist_ok=True)
    if not autograd.compiled:
        print("(the engine runs as plain Python here, about 10 times slower than compiled)")
    # Ask for matplotlib before the work, not after it.
    new_figure(1.0, 1.0)
    training = train(epochs)
    print(
        f"{epochs} epochs in {training.seconds:.1f} s: loss {training.losses[-1]:.4f}, "
        f"{training.accuracy:.0%} of {len(training.labels)} points right"
    )
    return [
        draw_boundary(training, directory / "two-moons-boundary.png"),
        draw_learning_curve(training, directory / "two-moons-learning.png"),
    ]


if __name__ == "__main__":
    for saved in main():
        print(saved)
