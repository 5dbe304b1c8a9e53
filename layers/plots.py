"""Pictures of a training, one call each: figures of matplotlib that need no display; `figure.savefig(path)` keeps one.

As the last line of a notebook's cell a figure shows itself.

Colours can be told apart by everyone (Okabe and Ito 2008), and markers tell the same.
"""

from __future__ import annotations

import io
import math
from typing import Any

from autograd.text import one_line
from layers.base import Layer
from layers.errors import DataError, ShapeError
from layers.losses import loss_for, loss_of
from layers.parameters.parameter import flat_values
from layers.training.data import as_classes, check_lengths, checked_samples, prepared
from layers.training.history import History
from layers.training.step import TrainingStep, outputs
from layers.training.survey import survey_samples

__all__ = ["decision_boundary", "gradient_flow", "learning_curve", "predictions"]

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442"]
MARKERS = ["o", "^", "s", "D", "v", "P", "X"]
INK, GREY, PALE = "#222222", "#767676", "#E6E6E6"


def new_axes(title: str, x_label: str, y_label: str) -> tuple[Any, Any]:
    """A figure and its only axes. Raises ImportError if matplotlib is missing, with the command that installs it."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "plots are drawn with matplotlib, which is not installed; pip install 'scalar-autograd[plot]' brings it"
        ) from error

    class Shown(Figure):
        """A figure that a notebook shows, without the help of pyplot or of a magic line."""

        def _repr_png_(self) -> bytes:
            picture = io.BytesIO()
            self.savefig(picture, format="png")
            return picture.getvalue()

        def __repr__(self) -> str:
            return f"<{title}: a figure; savefig(path) keeps it>"

    figure = Shown(figsize=(7.2, 4.6), dpi=150, layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", color=INK, fontsize=12)
    axes.set_xlabel(x_label, color=INK)
    axes.set_ylabel(y_label, color=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(colors=GREY, labelcolor=INK)
    axes.set_axisbelow(True)
    return figure, axes


def log_scale(axes: Any, smallest: float, largest: float) -> None:
    """Make the y axis logarithmic, with plain numbers at its ticks."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_yscale("log")
    # Over a few decades powers of ten alone would leave most of the axis without a number.
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if largest < 1e3 * smallest else (1.0,)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def learning_curve(history: History) -> Any:
    """Loss, and validation loss, over the epochs, with the best epoch marked."""
    if not history.epochs:
        raise DataError("a learning curve needs one epoch or more, got a history without any")
    figure, axes = new_axes("Learning curve", "epoch", "mean loss")
    numbers = [epoch.number for epoch in history.epochs]
    curves = [("training", history.loss, COLOURS[0], "-")]
    if history.validation_loss:
        curves.append(("validation", history.validation_loss, COLOURS[1], "--"))
    for label, losses, colour, style in curves:
        axes.plot(numbers, losses, style, color=colour, label=label, marker="o" if len(numbers) == 1 else None)
    if history.best is not None:
        monitored = history.epochs[history.best - 1].monitored
        axes.plot(
            [history.best],
            [monitored],
            "o",
            color=curves[-1][2],
            label=f"best: {monitored:.3g} in epoch {history.best}",
        )
    axes.xaxis.get_major_locator().set_params(integer=True)
    every = [loss for _, losses, _, _ in curves for loss in losses]
    if min(every) > 0:
        log_scale(axes, min(every), max(every))
    axes.grid(axis="y", color=PALE)
    axes.legend(frameon=False)
    return figure


def decision_boundary(model: Layer, X: Any, y: Any, resolution: int = 200) -> Any:  # noqa: N803
    """The classes that a classifier of two features gives to the places of the plane, with the samples on top.

    With several outputs, the largest tells the class. A single one is a probability, or else a score: its sign does.
    """
    import numpy

    names = getattr(model, "classes_", None)
    inputs, labels = checked_samples("X", X), checked_samples("y", as_classes(y, names))
    check_lengths(inputs, labels)
    if inputs.shape[1:] != (2,):
        raise ShapeError(f"a decision boundary is of two features, X of shape (samples, 2), got {inputs.shape}")
    labels = labels.argmax(axis=1) if labels.ndim == 2 and labels.shape[1] > 1 else labels.ravel()
    margin = 0.08 * (inputs.max(axis=0) - inputs.min(axis=0)) + 1e-9
    low, high = inputs.min(axis=0) - margin, inputs.max(axis=0) + margin
    across, up = [numpy.linspace(low[axis], high[axis], resolution) for axis in (0, 1)]
    grid = numpy.stack([axis.ravel() for axis in numpy.meshgrid(across, up)], axis=1)
    leads = _leads(model, grid)
    figure, axes = new_axes("Decision boundary", "x₁", "x₂")
    for place, lead in enumerate(leads.T):
        heights = lead.reshape(resolution, resolution)
        if heights.max() > 0:
            axes.contourf(across, up, heights, levels=[0.0, heights.max()], colors=_colour(place), alpha=0.2)
        if heights.min() < 0 < heights.max():
            axes.contour(across, up, heights, levels=[0.0], colors=INK, linewidths=1.2)
    classes = sorted(set(labels.tolist()))
    numbered = all([label == int(label) and 0 <= label < leads.shape[1] for label in classes])
    for rank, label in enumerate(classes):
        mine = inputs[labels == label]
        place = int(label) if numbered else rank
        axes.scatter(
            mine[:, 0], mine[:, 1], s=36, c=_colour(place), marker=MARKERS[place % len(MARKERS)], edgecolors="white",
            linewidths=0.7, label=label_of(label, names), zorder=3,
        )  # fmt: skip
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=min(len(classes), 6), frameon=False
    )
    return figure


def label_of(label: float, names: Any) -> str:
    """The words for a class in a legend: its name, if it has one."""
    return f"label {label:g}".replace("-", "−") if names is None else one_line(names[int(label)])


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _leads(model: Layer, inputs: Any) -> Any:
    """For each input, the lead of each class over all others: above 0 for the class that the model predicts."""
    import numpy

    scores = outputs(model, inputs).reshape(len(inputs), -1)
    if scores.shape[1] == 1:
        # A single output is a probability, or else a score around 0.
        ahead = scores - (0.5 if model.ending().gives == "probabilities" else 0.0)
        return numpy.concatenate([-ahead, ahead], axis=1)
    ordered = numpy.sort(scores, axis=1)
    best, second = ordered[:, -1:], ordered[:, -2:-1]
    return scores - numpy.where(scores == best, second, best)


def predictions(model: Layer, X: Any, y: Any) -> Any:  # noqa: N803
    """The predictions of a model against the data: on the line they are right."""
    inputs, targets = checked_samples("X", X), checked_samples("y", y)
    check_lengths(inputs, targets)
    shape = survey_samples(model, inputs).output_shape
    targets = loss_of("mse").encoded(targets, shape).reshape(len(inputs), -1)
    found = outputs(model, inputs).reshape(len(inputs), -1)
    figure, axes = new_axes("Predictions and data", "data", "prediction")
    ends = [min(targets.min(), found.min()), max(targets.max(), found.max())]
    axes.plot(ends, ends, color=GREY, linewidth=1, label="right")
    for place in range(found.shape[1]):
        axes.scatter(
            targets[:, place], found[:, place], s=18, c=_colour(place), marker=MARKERS[place % len(MARKERS)],
            label="samples" if found.shape[1] == 1 else f"output {place}", alpha=0.8,
        )  # fmt: skip
    axes.grid(color=PALE)
    axes.legend(frameon=False)
    return figure


def gradient_flow(model: Layer, X: Any, y: Any, loss: Any = None) -> Any:  # noqa: N803
    """The size of the mean loss's gradient in each parameter: the root of its mean square, on a log scale.

    Without a loss: the network's own, the one that the model was last trained with, or mse.
    """
    import numpy

    made = loss_for(model, loss)
    made.check_single()
    made.check_ending(model)
    joined, samples, found = prepared(model, made, X, y, getattr(model, "classes_", None))
    step = TrainingStep(joined, made, found)
    _, gradient = step(flat_values(step.parameters), *samples)
    names = list(model.named_parameters())
    ends = numpy.cumsum([parameter.size for parameter in step.parameters])
    sizes = [float(numpy.sqrt((part**2).mean())) for part in numpy.split(gradient, ends[:-1])]
    figure, axes = new_axes("Gradient flow", "parameter, from input to output", "root mean square of the gradient")
    # Points: on a log scale a bar would have no foot. Biases lie above weights: a line through both would zigzag.
    last_names = [name.split(".")[-1] for name in names]
    for place, kind in enumerate(dict.fromkeys(last_names)):
        mine = [number for number, name in enumerate(last_names) if name == kind]
        axes.plot(
            mine, [sizes[number] for number in mine], f"{MARKERS[place % len(MARKERS)]}-", color=_colour(place),
            linewidth=0.8, markersize=7, label=kind,
        )  # fmt: skip
    axes.legend(frameon=False)
    # Beside a dozen long names the plot would have no room: these lie on their side, and below it is more of it.
    axes.set_xticks(range(len(names)), names, rotation=35 if len(names) <= 8 else 90, ha="right", fontsize=8)
    longest = max(map(len, names), default=0)
    figure.set_figheight(4.6 + max(0.0, 0.055 * longest - 0.6))
    some = [size for size in sizes if 0.0 < size < math.inf]
    if some:
        log_scale(axes, min(some), max(some))
        # A log scale has no place for 0: such points stand below all others, and say so.
        for number, size in enumerate(sizes):
            if size == 0.0:
                axes.annotate("0", (number, 0.02), xycoords=("data", "axes fraction"), ha="center", color=INK)
    axes.grid(axis="y", color=PALE)
    return figure
