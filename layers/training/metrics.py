"""Metrics: numbers that tell how good a model is, beside the loss that it is trained with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

from layers.errors import DataError, DescriptionError
from layers.losses import Loss
from layers.saving.registry import nearest
from layers.training.data import Samples

__all__ = ["METRICS", "Metric", "measured", "metrics_of"]

Kind = Literal["outputs", "classes", "probabilities"]


class Metric:
    """A function of the targets and of what the model says to them, arrays with samples first, that gives a number.

    of: what it is given: the model's "outputs" beside targets as numbers, its "classes" beside the right ones (by name
    if they have names, places that don't count left out), or its "probabilities" beside the right classes.

    >>> import numpy as np
    >>> metric = Metric(lambda y, outputs: np.max(abs(outputs - y)), name="worst")
    >>> metric.name
    'worst'
    """

    def __init__(self, function: Callable[[Any, Any], Any], name: str | None = None, of: Kind = "outputs") -> None:
        if not callable(function):
            raise DescriptionError(f"a metric is a name or a function of targets and outputs, got {function!r:.60}")
        if of not in get_args(Kind):
            raise DescriptionError(f"a metric is of one of {', '.join(get_args(Kind))}, got {of!r:.60}")
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__) if name is None else str(name)
        self.of = of

    def value(self, samples: Samples, outputs: Any, loss: Loss, names: Any = None) -> float:
        """The metric of outputs beside the encoded targets of samples; `names` are those of the classes."""
        found = self.function(*self.arguments(samples.targets, outputs, loss, names))
        try:
            return float(found)
        except (TypeError, ValueError):
            raise DataError(
                f"the metric {self.name} gives a number, got {type(found).__name__} {found!r:.60}"
            ) from None

    def arguments(self, targets: Any, outputs: Any, loss: Loss, names: Any) -> tuple[Any, Any]:
        """The arrays that the function is given."""
        import numpy

        if self.of == "outputs":
            return targets, outputs
        right = loss.target_classes(targets, outputs.shape[1:])
        if right is None:
            raise DataError(f"the metric {self.name} is of {self.of}, and {loss.shown} knows none")
        right = right.ravel()
        counted = ~numpy.isnan(right)
        said = loss.classes(outputs).ravel() if self.of == "classes" else loss.probabilities(outputs)
        said = said if self.of == "classes" else said.reshape(len(counted), -1)
        right, said = right[counted], said[counted]
        if names is not None:
            right = named(right, names, loss)
            said = named(said, names, loss) if self.of == "classes" else said
        return right, said


def named(classes: Any, names: Any, loss: Loss) -> Any:
    """The names of class numbers, which the loss counts in its own way."""
    import numpy

    numbers = loss.numbered(numpy.arange(len(names), dtype=float), len(names))
    return names[numpy.searchsorted(numbers, classes)]


def accuracy(right: Any, said: Any) -> float:
    """The share of classes that are right."""
    return float((right == said).mean())


def mae(y: Any, outputs: Any) -> float:
    """The mean of |ŷ − y|."""
    return float(abs(outputs - y).mean())


def mse(y: Any, outputs: Any) -> float:
    """The mean of (ŷ − y)²."""
    return float(((outputs - y) ** 2).mean())


def r2(y: Any, outputs: Any) -> float:
    """1 less the share of the targets' variance that is left, mean over the outputs; 0 for targets without any."""
    import numpy

    y, outputs = y.reshape(len(y), -1), outputs.reshape(len(y), -1)
    left, whole = ((outputs - y) ** 2).sum(axis=0), ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    return float(numpy.where(whole > 0, 1.0 - left / numpy.where(whole > 0, whole, 1.0), (left == 0) * 1.0).mean())


METRICS: dict[str, Metric] = {
    "accuracy": Metric(accuracy, of="classes"),
    "mae": Metric(mae),
    "mse": Metric(mse),
    "r2": Metric(r2),
}


def metrics_of(given: Any) -> list[Metric]:
    """The metrics of these names and functions, one or several. Raises DescriptionError for others, and for twins."""
    listed = [given] if isinstance(given, str | Metric) or callable(given) else given
    if not isinstance(listed, Sequence):
        raise DescriptionError(f"metrics is a name, a function or a list of these, got {given!r:.60}")
    found = []
    for one in listed:
        if isinstance(one, str) and one.casefold() not in METRICS:
            raise DescriptionError(f"no metric is called {one!r:.60}; {nearest(one, list(METRICS), 'metric')}")
        found.append(
            METRICS[one.casefold()] if isinstance(one, str) else one if isinstance(one, Metric) else Metric(one)
        )
    names = [metric.name for metric in found]
    for name in names:
        if names.count(name) > 1 or name == "loss":
            raise DescriptionError(
                f"metrics need names unlike each other and unlike 'loss', got {name!r:.60}; Metric(function, name=...) "
                f"gives one another name"
            )
    return found


def measured(metrics: Sequence[Metric], samples: Samples, outputs: Any, loss: Loss, names: Any) -> dict[str, float]:
    """The metrics of the outputs, by name."""
    return {metric.name: metric.value(samples, outputs, loss, names) for metric in metrics}
