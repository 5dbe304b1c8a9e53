"""Losses: the distance of an output from its target, one number that training makes small.

Outputs and targets are one sample's or have samples along the first axis. The loss of several elements, or of several
samples, is their mean, if `reduction` isn't "sum" or "none".
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from autograd import Node, clip, maximum, softplus, square, where, xlogy
from autograd.graph.modes import is_traced
from layers.activations import log_softmax, surprise
from layers.arrays import as_input, elementwise, is_array, plain, reduced, same_shape, shape_of, without_ones
from layers.base import LAYERS, Kind, Layer, Names, check_kind, from_dict, registered
from layers.errors import DataError, DescriptionError, InputError, ShapeError
from layers.hints import answering
from layers.options import finite_number, integer_or_none
from layers.own_functions import HoldsFunctions
from layers.parameters.row_lookup import whole_numbers
from layers.reductions import total
from layers.saving.registry import class_called, nearest

__all__ = [
    "BinaryCrossEntropyLoss", "CrossEntropyLoss", "HingeLoss", "HuberLoss", "Loss", "MAELoss", "MSELoss", "Mean",
    "SquaredLoss", "Sum", "loss_for", "loss_of",
]  # fmt: skip

# Keras has a module of this name.
__getattr__ = answering("layers.losses")

REDUCTIONS = ("mean", "sum", "none")


class Loss(Layer):
    """Base of the losses: each has an output and a target as inputs, and may reduce many numbers to one.

    `takes` is the kind of outputs that the loss is meant for: any "numbers", "scores" or "probabilities". `fit` refuses
    a model whose last layer gives another kind, and `remedy` is the advice in its message. `labels` are the numbers of
    targets that are labels.

    >>> class LogisticLoss(Loss):
    ...     takes = "scores"
    ...     def compute(self, y_hat, y):
    ...         return {"l": elementwise(lambda score, y: softplus(-y * score), y_hat, y)}
    >>> LogisticLoss().forward(0.0, 1.0) == math.log(2)
    True
    """

    settings: tuple[str, ...] = ("reduction",)
    takes: Kind = "numbers"
    of_classes = False  # whether targets are classes, which may have names
    remedy = ""
    labels: tuple[float, ...] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_kind(cls, "takes", cls.takes)

    def __init__(self, *, reduction: str = "mean", **names: Unpack[Names]) -> None:
        super().__init__(**names)
        if not isinstance(reduction, str) or reduction not in REDUCTIONS:
            raise DescriptionError(
                f"{self.shown}: a reduction is one of {', '.join(REDUCTIONS)}, got {reduction!r:.60}"
            )
        self.reduction = reduction

    def encoded(self, targets: Any, shape: tuple[int, ...]) -> Any:
        """Targets, an array of floats with samples first, in the form that `compute` takes beside outputs of `shape`.

        Raises DataError for targets that are out of range, ShapeError for too many or too few.
        """
        return fitted(targets, shape)

    def spread(self, targets: Any, shape: tuple[int, ...]) -> Any:
        """Encoded targets in the form that a program takes, in which no number selects operations."""
        return targets

    def are_labels(self, values: Any) -> bool:
        """Whether plain numbers, an output or a target, are labels for certain, as hardly any output is."""
        return False

    def may_be_targets(self, values: Any) -> bool:
        """Whether plain numbers that stand where targets belong may be targets, beside outputs that are labels."""
        return _only(values, self.labels)

    def _prepared(self, inputs: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs by name, checked: outputs come before targets."""
        prepared = super()._prepared(inputs, named)
        if len(prepared) == 2 and not is_traced():
            outputs, targets = [plain(value) for value in prepared.values()]
            alike = shape_of(outputs) == shape_of(targets)
            if alike and self.are_labels(outputs) and not self.may_be_targets(targets):
                y_hat, y = prepared
                raise InputError(
                    f"{self.shown} takes the outputs first and then the targets, ({y_hat}, {y}); here the first are "
                    f"all labels, and the second are none; exchange them"
                )
        return prepared

    # Classes, for the losses that know such

    def numbered(self, places: Any, count: int) -> Any:
        """Targets for classes that are given by their places among `count` names. Raises DataError for too many."""
        return places

    def target_classes(self, targets: Any, shape: tuple[int, ...]) -> Any:
        """The class numbers of encoded targets, nan where one doesn't count; None if targets are no classes."""
        return None

    def classes_of_samples(self, targets: Any, shape: tuple[int, ...]) -> Any:
        """The class number of each sample; None if samples have not one class each."""
        classes = self.target_classes(targets, shape)
        return classes.ravel() if classes is not None and classes.size == len(targets) else None

    def classes(self, outputs: Any) -> Any:
        """The class number that each output speaks for, as `target_classes` counts. Raises DataError."""
        raise DataError(f"{self.shown} knows no classes; predict(X) has the outputs")

    def probabilities(self, outputs: Any) -> Any:
        """The probability of each class, a row for each output. Raises DataError."""
        raise DataError(f"{self.shown} knows no probabilities; predict(X) has the outputs")

    # Means

    def counts(self, targets: Any, shape: tuple[int, ...]) -> Any:
        """The number of places that count in each sample's encoded target; None if it is the same for all.

        The mean over several samples is over all places that count, as `forward` takes it.
        """
        return None

    def check_single(self) -> None:
        """Raise DescriptionError if the loss of a sample may be several numbers."""
        if self.reduction == "none":
            raise DescriptionError(
                f"{self.shown} gives a loss for each element, and a training needs one number: take 'mse', or the "
                f"reduction 'mean' or 'sum'"
            )

    def check_ending(self, model: Layer) -> None:
        """Raise DescriptionError if the loss takes scores and the model gives probabilities, or the reverse."""
        ending = model.ending()
        gives_probabilities = ending.gives == "probabilities"
        if self.takes == "numbers" or gives_probabilities == (self.takes == "probabilities"):
            return
        remedy = self.remedy or (
            "leave that out" if gives_probabilities else 'end it in a layer that declares gives = "probabilities"'
        )
        raise DescriptionError(
            f"{type(self).__name__} takes {self.takes}, and {model.shown} ends in {type(ending).__name__}, which gives "
            f"{ending.gives}; {remedy}"
        )


def fitted(targets: Any, shape: tuple[int, ...]) -> Any:
    """Targets in the shape of the outputs, from which only axes of length 1 may be missing or too many."""
    if without_ones(targets.shape[1:]) != without_ones(shape):
        classes = targets.ndim == 1 and (targets == targets.round()).all()
        remedy = "; numbers of classes are for the loss 'cross_entropy'" if classes else ""
        raise ShapeError(f"each output has shape {shape}, each target {targets.shape[1:]}{remedy}")
    return targets.reshape(targets.shape[:1] + shape)


def place_of(targets: Any, wrong: Any) -> tuple[float, str]:
    """The first wrong target, and the words for its place: the sample, and the place in it."""
    import numpy

    sample, place = numpy.argwhere(wrong.reshape(len(targets), -1))[0].tolist()
    given = targets.reshape(len(targets), -1)
    return given[sample, place], f"in sample {sample}" + (f", place {place}" if given.shape[1] > 1 else "")


class _OfResiduals(Loss):
    """Base of the losses that are a function of each residual, r = ŷ − y."""

    of_residual: Any

    def compute(self, y_hat: Any, y: Any) -> dict[str, Any]:
        same_shape(y_hat, y, ("y_hat", "y"))
        r = elementwise(lambda y_hat, y: y_hat - y, y_hat, y)
        return {"r": r, "l": reduced(elementwise(self.of_residual, r), self.reduction)}


@registered("mse")
class MSELoss(_OfResiduals):
    """l = the mean of (ŷ − y)².

    >>> loss = MSELoss()
    >>> loss.forward([1.0, 2.0], [0.0, 4.0]), loss.backward().dy_hat
    (2.5, array([ 1., -2.]))
    """

    of_residual = staticmethod(square)


@registered("mae")
class MAELoss(_OfResiduals):
    """l = the mean of |ŷ − y|, with slope 0 where they meet.

    >>> loss = MAELoss()
    >>> loss.forward([1.0, 2.0], [0.0, 4.0]), loss.backward().dy_hat
    (1.5, array([ 0.5, -0.5]))
    """

    of_residual = staticmethod(abs)


@registered("huber")
class HuberLoss(_OfResiduals):
    """l = r²/2 where |r| is at most `delta`, a straight line of slope `delta` beyond, for r = ŷ − y.

    >>> HuberLoss(delta=1.0, reduction="none").forward([0.5, 3.0], [0.0, 0.0])
    array([0.125, 2.5  ])
    """

    settings = ("delta", "reduction")

    def __init__(self, delta: float = 1.0, *, reduction: str = "mean", **names: Unpack[Names]) -> None:
        super().__init__(reduction=reduction, **names)
        self.delta = finite_number(f"{self.shown}: delta", delta, above=0)

    def of_residual(self, r: Any) -> Any:
        near = clip(r, -self.delta, self.delta)
        return near * (r - 0.5 * near)


@registered("squared_loss")
class SquaredLoss(_OfResiduals):
    """l = (ŷ − y)², by way of r = ŷ − y; one loss for each element of an array.

    >>> loss = SquaredLoss()
    >>> loss.forward(1.0, 2.0), loss.backward(1.0)
    (1.0, Gradients(dy_hat=-2.0, dy=2.0, dr=-2.0, dl=1.0))
    """

    settings = ()
    of_residual = staticmethod(square)

    def __init__(self, **names: Unpack[Names]) -> None:
        super().__init__(reduction="none", **names)


@registered("hinge")
class HingeLoss(Loss):
    """l = the mean of max(0, 1 − y·ŷ), for scores ŷ and labels y of −1 and 1.

    >>> loss = HingeLoss(reduction="none")
    >>> loss.forward([0.5, 2.0, 0.5], [1, 1, -1]), loss.backward().dy_hat
    (array([0.5, 0. , 1.5]), array([-1.,  0.,  1.]))
    """

    takes = "scores"
    labels = (-1.0, 1.0)
    of_classes = True

    def are_labels(self, values: Any) -> bool:
        return _only(values, self.labels)

    def compute(self, y_hat: Any, y: Any) -> dict[str, Any]:
        same_shape(y_hat, y, ("y_hat", "y"))
        return {"l": reduced(elementwise(lambda score, y: maximum(1.0 - y * score, 0.0), y_hat, y), self.reduction)}

    def encoded(self, targets: Any, shape: tuple[int, ...]) -> Any:
        wrong = abs(targets) != 1.0
        if wrong.any():
            label, where = place_of(targets, wrong)
            raise DataError(f"{self.shown} takes labels -1 and 1, got {label:g} {where}")
        return fitted(targets, shape)

    def numbered(self, places: Any, count: int) -> Any:
        check_two(self.name, count)
        return 2.0 * places - 1.0

    def target_classes(self, targets: Any, shape: tuple[int, ...]) -> Any:
        return targets

    def classes(self, outputs: Any) -> Any:
        return (outputs > 0.0) * 2.0 - 1.0


def check_two(name: str, count: int) -> None:
    """Raise DataError unless there are two classes."""
    if count != 2:
        raise DataError(f"{name} tells two classes apart, y has {count}; train with 'cross_entropy'")


class _OfAnyKind(HoldsFunctions, Loss):
    """A function, or a layer, of an output and a target as a loss; of several numbers it takes the mean."""

    settings = ()

    def __init__(self, function: Any, name: str) -> None:
        super().__init__(name=name)
        self.function = function

    def compute(self, y_hat: Any, y: Any) -> dict[str, Any]:
        return {"l": reduced(as_input(f"the result of {self.shown}", self.function(y_hat, y)), self.reduction)}

    def to_dict(self) -> dict[str, Any]:
        raise DescriptionError(
            f"the loss {self.shown} is a function, which has no description; make it a class of Loss with "
            f'@registered("...")'
        )


class _OfProbabilities(Loss):
    """Base of the losses that take scores, or probabilities if `of` says so."""

    settings: tuple[str, ...] = ("of", "reduction")
    of_classes = True
    suited = ""  # the layer that makes the probabilities

    def __init__(self, of: str = "logits", *, reduction: str = "mean", **names: Unpack[Names]) -> None:
        super().__init__(reduction=reduction, **names)
        if not isinstance(of, str) or of not in ("logits", "probabilities"):
            raise DescriptionError(f"{self.shown} is of 'logits' or of 'probabilities', got {of!r:.60}")
        self.of = of
        kind = type(self).__name__
        if of == "logits":
            self.takes = "scores"
            self.remedy = f'leave that out, which is more accurate, or take {kind}(of="probabilities")'
        else:
            self.takes = "probabilities"
            self.remedy = (
                f'end it in {self.suited}, in a layer that declares gives = "probabilities", or take {kind}(), which '
                f"takes scores"
            )

    labels = (0.0, 1.0)

    def are_labels(self, values: Any) -> bool:
        # Scores may all be 0, as those of a model before training.
        return _only(values, self.labels) and bool((values == 1.0).any() if is_array(values) else values == 1.0)

    def may_be_targets(self, values: Any) -> bool:
        if self.of == "probabilities":
            # An output that is a label for certain hardly ever stands beside a target that isn't.
            return super().may_be_targets(values)
        # Whole scores may stand beside targets between 0 and 1.
        return bool(((values >= 0.0) & (values <= 1.0)).all() if is_array(values) else 0.0 <= values <= 1.0)


def weighted_log(weight: Any, probability: Any) -> Any:
    """weight·log(probability), and 0 for the weight 0.

    Below the smallest normal number the logarithm goes on along its tangent: at the probability 0 it is −709.4 and its
    slope 4.5e307, both finite, and nothing is changed for any other probability. (A logarithm that is held at a least
    value has the slope 0 there, and from a probability of 0 nothing would be learned.)
    """
    tiny = sys.float_info.min
    return where(
        probability < tiny, weight * ((probability - tiny) / tiny + math.log(tiny)), xlogy(weight, probability)
    )


def _only(values: Any, allowed: tuple[float, ...]) -> bool:
    """Whether there are numbers, of which each is one of those that are allowed."""
    numbers = values.ravel().tolist() if is_array(values) else [values]
    return bool(numbers) and all([number in allowed for number in numbers])


@registered("cross_entropy")
class CrossEntropyLoss(_OfProbabilities):
    """l = −Σ y·log p over the classes, mean over the samples, where p is the softmax of the scores that are given.

    The target is the number of the right class, or a probability for each class (one-hot or any other). With
    of="probabilities" the outputs are p itself; where p is 0 the loss is finite all the same.
    Outputs whose class is the number `ignore` don't count: the mean is over the others. So sequences of different
    lengths are filled up to one length.

    >>> loss = CrossEntropyLoss()
    >>> round(loss.forward([2.0, 1.0, 0.0], 0), 12), loss.backward().dy_hat.round(4)
    (0.407605964444, array([-0.3348,  0.2447,  0.09  ]))
    >>> round(loss.forward([[2.0, 1.0, 0.0]], [[1, 0, 0]]), 12)
    0.407605964444
    >>> CrossEntropyLoss(of="probabilities").forward([0.25, 0.75], 0) == math.log(4)
    True
    >>> scores = [[2.0, 1.0], [0.0, 0.0], [5.0, 5.0]]
    >>> CrossEntropyLoss(ignore=-1).forward(scores, [0, 1, -1]) == CrossEntropyLoss().forward(scores[:2], [0, 1])
    True
    """

    settings = ("of", "ignore", "reduction")
    suited = "Softmax"

    def __init__(
        self, of: str = "logits", *, ignore: int | None = None, reduction: str = "mean", **names: Unpack[Names]
    ) -> None:
        super().__init__(of, reduction=reduction, **names)
        self.ignore = None if ignore is None else integer_or_none(ignore)
        if self.ignore is None and ignore is not None:
            raise DescriptionError(f"{self.shown}: the class to ignore is a whole number or None, got {ignore!r:.60}")

    def are_labels(self, values: Any) -> bool:
        return super().are_labels(values) and is_array(values) and bool((values.sum(axis=-1) == 1.0).all())

    def compute(self, y_hat: Any, y: Any) -> dict[str, Any]:
        if not is_array(y_hat) or not y_hat.size:
            given = f"shape {y_hat.shape}" if is_array(y_hat) else "a single number"
            raise ShapeError(
                f"y_hat has one number for each class, shape (classes,) or (samples, classes); got {given}"
            )
        classes = y_hat.shape[-1]
        targets = y.shape if is_array(y) else ()
        if targets not in (y_hat.shape, y_hat.shape[:-1]):
            raise ShapeError(
                f"y has a class for each sample, shape {y_hat.shape[:-1]}, or a probability for each class, shape "
                f"{y_hat.shape}; got shape {targets}"
            )
        rows = y_hat.reshape(-1, classes).tolist()
        if targets == y_hat.shape:
            shares = y.reshape(-1, classes).tolist()
            losses = [self._of_shares(row, wanted) for row, wanted in zip(rows, shares, strict=True)]
            weights = [share for wanted in shares for share in wanted]
        else:
            labels = self._labels(plain(y), classes)
            losses = [self._of_class(row, label) for row, label in zip(rows, labels, strict=True)]
            weights = [0.0 if label is None else 1.0 for label in labels]
        if self.ignore is None or self.reduction != "mean":
            return {"l": reduced(_shaped(losses, y_hat.shape[:-1]), self.reduction)}
        return {"l": total(losses) / total(weights)}

    def _labels(self, values: Any, classes: int) -> list[int | None]:
        """The class of each output, None where it is ignored. Raises DataError if none is left."""
        numbers = values.ravel().tolist() if is_array(values) else [values]
        labels: list[int | None] = [None] * len(numbers)
        for place, number in enumerate(numbers):
            if self.ignore is None or number != self.ignore:
                try:
                    (labels[place],) = whole_numbers(number, classes, "class")
                except DataError as error:
                    raise DataError(f"{error}" + (f" in place {place}" if len(numbers) > 1 else "")) from None
        if all([label is None for label in labels]):
            raise DataError(f"a mean is of one class or more, all are the ignored {self.ignore}")
        return labels

    def _of_class(self, row: list[Any], label: int | None) -> Any:
        if label is None:
            return 0.0
        if self.of == "probabilities":
            return -weighted_log(1.0, row[label])
        return surprise(row, label)

    def _of_shares(self, row: list[Any], shares: list[Any]) -> Any:
        # A share that is the number 0 has no part in it, whatever the score is: 0·inf would be nan.
        places = [place for place, share in enumerate(shares) if _is_present(share)]
        if self.of != "probabilities" and len(places) == 1:
            return shares[places[0]] * surprise(row, places[0])
        outputs = row if self.of == "probabilities" else log_softmax(row)
        present = [(output, share) for output, share in zip(outputs, shares, strict=True) if _is_present(share)]
        if self.of == "probabilities":
            return -total([weighted_log(share, score) for score, share in present])
        return -total([share * logarithm for logarithm, share in present])

    def encoded(self, targets: Any, shape: tuple[int, ...]) -> Any:
        import numpy

        if len(shape) < 1:
            raise ShapeError(f"{self.shown} needs outputs with one number for each class, got outputs of shape ()")
        if targets.shape[1:] == shape:
            wrong = (targets < 0).any(axis=-1) | (abs(targets.sum(axis=-1) - 1.0) > 1e-6)
            if wrong.any():
                sample = int(numpy.argwhere(wrong)[0][0])
                raise DataError(
                    f"{self.shown} takes probabilities that add up to 1, got {targets[sample]!s:.80} in sample {sample}"
                )
            return targets
        if without_ones(targets.shape[1:]) != without_ones(shape[:-1]):
            raise ShapeError(f"each output has shape {shape}, each target {targets.shape[1:]}")
        counted = numpy.ones(targets.shape, bool) if self.ignore is None else targets != self.ignore
        wrong = counted & ~((targets >= 0) & (targets < shape[-1]) & (targets == numpy.floor(targets)))
        if wrong.any():
            label, where = place_of(targets, wrong)
            raise DataError(
                f"{self.shown}: each class is a whole number from 0 to {shape[-1] - 1}, got {label:g} {where}"
            )
        empty = ~counted.reshape(len(targets), -1).any(axis=1)
        if empty.any():
            raise DataError(
                f"{self.shown}: each sample has one class or more that counts, sample {int(empty.argmax())} has only "
                f"the ignored {self.ignore}"
            )
        return targets.reshape(targets.shape[:1] + shape[:-1])

    def spread(self, targets: Any, shape: tuple[int, ...]) -> Any:
        import numpy

        if targets.shape[1:] == shape:
            return targets
        # One-hot; an ignored class is no class.
        one_hot: Any = (targets[..., None] == numpy.arange(shape[-1])).astype(float)
        return one_hot

    def target_classes(self, targets: Any, shape: tuple[int, ...]) -> Any:
        import numpy

        if targets.shape[1:] == shape:
            return targets.argmax(axis=-1).astype(float)
        return targets if self.ignore is None else numpy.where(targets == self.ignore, math.nan, targets)

    def classes(self, outputs: Any) -> Any:
        return outputs.argmax(axis=-1).astype(float)

    def probabilities(self, outputs: Any) -> Any:
        import numpy

        if self.of == "probabilities":
            return outputs
        raised = numpy.exp(outputs - outputs.max(axis=-1, keepdims=True))
        return raised / raised.sum(axis=-1, keepdims=True)

    def counts(self, targets: Any, shape: tuple[int, ...]) -> Any:
        import numpy

        if self.ignore is None or self.reduction != "mean" or targets.shape[1:] == shape:
            return None
        counted = (targets != self.ignore).reshape(len(targets), -1).sum(axis=1)
        return None if (counted == counted[0]).all() else counted.astype(numpy.float64)


@registered("binary_cross_entropy")
class BinaryCrossEntropyLoss(_OfProbabilities):
    """l = −(y·log p + (1 − y)·log(1 − p)), mean over all elements, where p is the sigmoid of the score that is given.

    Targets are between 0 and 1. With of="probabilities" the outputs are p itself; the loss is finite for 0 and 1 too.

    >>> loss = BinaryCrossEntropyLoss()
    >>> loss.forward(0.0, 1) == math.log(2), loss.backward().dy_hat
    (True, -0.5)
    """

    suited = "Sigmoid"

    def compute(self, y_hat: Any, y: Any) -> dict[str, Any]:
        same_shape(y_hat, y, ("y_hat", "y"))
        of_one = _of_score if self.of == "logits" else _of_probability
        return {"l": reduced(elementwise(of_one, y_hat, y), self.reduction)}

    def encoded(self, targets: Any, shape: tuple[int, ...]) -> Any:
        wrong = (targets < 0.0) | (targets > 1.0)
        if wrong.any():
            label, where = place_of(targets, wrong)
            raise DataError(f"{self.shown} takes targets from 0 to 1, got {label:g} {where}")
        return fitted(targets, shape)

    def numbered(self, places: Any, count: int) -> Any:
        check_two(self.name, count)
        return places

    def target_classes(self, targets: Any, shape: tuple[int, ...]) -> Any:
        return (targets > 0.5).astype(float)

    def classes(self, outputs: Any) -> Any:
        return (outputs > (0.0 if self.of == "logits" else 0.5)).astype(float)

    def probabilities(self, outputs: Any) -> Any:
        import numpy

        # Each half where it doesn't overflow.
        small = numpy.exp(-abs(outputs))
        p = outputs if self.of == "probabilities" else numpy.where(outputs >= 0, 1.0, small) / (1.0 + small)
        if math.prod(outputs.shape[1:]) != 1:
            return p
        return numpy.concatenate([1.0 - p.reshape(-1, 1), p.reshape(-1, 1)], axis=1)


def _of_score(score: Any, y: Any) -> Any:
    return y * softplus(-score) + (1.0 - y) * softplus(score)


def _of_probability(p: Any, y: Any) -> Any:
    return -(weighted_log(y, p) + weighted_log(1.0 - y, 1.0 - p))


@registered("mean")
class Mean(Layer):
    """m = the mean of all elements.

    >>> mean = Mean()
    >>> mean.forward([1.0, 5.0]), mean.backward(1.0).da
    (3.0, array([0.5, 0.5]))
    """

    def compute(self, a: Any) -> dict[str, Any]:
        return {"m": reduced(a, "mean")}


@registered("sum")
class Sum(Layer):
    """s = the sum of all elements.

    >>> Sum().forward([1.0, 5.0])
    6.0
    """

    def compute(self, a: Any) -> dict[str, Any]:
        return {"s": reduced(a, "sum")}


def loss_of(given: Any) -> Loss:
    """The loss of this name or description, or the one that was given: a layer or a function of output and target."""
    if isinstance(given, type):
        raise DescriptionError(
            f"a loss is a name or a layer such as MSELoss(), got {given!r:.60}; write {given.__name__}()"
        )
    if callable(given) and not isinstance(given, Layer):
        return _OfAnyKind(given, getattr(given, "__name__", type(given).__name__))
    if isinstance(given, str):
        found, losses = class_called(given, LAYERS.classes), loss_names()
        if found is None:
            raise DescriptionError(f"no loss is called {given!r:.60}; {nearest(given, losses, 'loss')}")
        if not issubclass(found, Loss):
            raise DescriptionError(f"{found.__name__} is no loss; there are {', '.join(sorted(losses))}")
    made: Layer = given if isinstance(given, Layer) else from_dict(given)
    if isinstance(made, Loss):
        return made
    if len(made.inputs) == 2:
        return _OfAnyKind(made.apply, made.name)
    raise DescriptionError(
        f"{made.shown} is no loss: a loss takes an output and a target, {made.shown} takes {', '.join(made.inputs)}"
    )


def loss_names() -> list[str]:
    """The names of the losses that descriptions may ask for."""
    return [kind for kind, made in LAYERS.classes.items() if issubclass(made, Loss)]


def loss_for(model: Any, given: Any) -> Loss:
    """The loss that was given; if none was, the model's own, the one that it was trained with, or mse."""
    if given is None:
        given = getattr(model, "loss", None) or getattr(model, "trained_loss", None) or "mse"
    return loss_of(given)


def _is_present(share: Any) -> bool:
    return isinstance(share, Node) or share != 0.0


def _shaped(values: list[Any], shape: tuple[int, ...]) -> Any:
    """The singles as an array of this shape, or the only one."""
    if not shape:
        return values[0]
    import numpy

    array = numpy.empty(len(values), dtype=object)
    array[:] = values
    return array.reshape(shape)
