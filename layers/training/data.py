"""Training data, checked before anything is changed: finite numbers, as many targets as inputs, weights, classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from layers.arrays import check_real
from layers.base import Layer
from layers.errors import DataError, InputError
from layers.losses import Loss
from layers.training.joined import Joined
from layers.training.survey import survey_samples

__all__ = [
    "Samples", "as_classes", "check_lengths", "checked_inputs", "checked_samples", "checked_targets", "class_names",
    "prepared", "without_weight",
]  # fmt: skip


class Samples(NamedTuple):
    """Inputs and encoded targets, samples first, and a weight for each sample, None if all weigh the same."""

    inputs: Any
    targets: Any
    weights: Any = None

    def taken(self, which: Any) -> Samples:
        """The samples at these places."""
        return Samples(self.inputs[which], self.targets[which], None if self.weights is None else self.weights[which])

    @property
    def mass(self) -> float:
        """The sum of the weights, which are 1 if there are none."""
        return float(len(self.inputs) if self.weights is None else self.weights.sum())


def checked_samples(what: str, samples: Any) -> Any:
    """The samples as an array of float64 with samples first. Raises DataError; `what` is their name in messages."""
    array = as_numbers(what, samples)
    if array.ndim == 0:
        got = "None" if samples is None else f"the single number {array[()]:g}"
        raise DataError(f"{what} has samples first, got {got}")
    if not array.size:
        raise DataError(f"{what} has no samples: its shape is {array.shape}")
    check_finite(what, array)
    return array


def as_numbers(what: str, samples: Any) -> Any:
    """The samples as an array of float64. Raises DataError for what holds no real numbers."""
    check_real(what, samples, DataError)
    import numpy

    try:
        given = numpy.asarray(samples)
        # Lists may hold complex numbers and dates, too.
        check_real(what, given, DataError)
        return numpy.array(given, dtype=float)
    except DataError:
        raise
    except Exception as error:
        # Frames, tensors and ragged lists each have errors of their own.
        remedy = ""
        if what.endswith("y") and holds_texts(samples):
            remedy = "; names of classes are for 'cross_entropy' and other losses of classes"
        reason = str(error).partition("\n")[0]
        raise DataError(
            f"{what} is an array of numbers with samples first, got {type(samples).__name__} ({reason:.100}){remedy}"
        ) from None


def check_finite(what: str, array: Any) -> None:
    """Raise DataError for numbers that are not finite."""
    import numpy

    bad = numpy.argwhere(~numpy.isfinite(array))
    if len(bad):
        place = tuple(int(index) for index in bad[0])
        raise DataError(
            f"{what} holds numbers that are not finite, {len(bad)} in all; the first is {array[place]} at {list(place)}"
        )


def check_lengths(inputs: Any, targets: Any) -> None:
    """Raise DataError if there are not as many targets as inputs."""
    if len(inputs) != len(targets):
        raise DataError(f"X and y have one row for each sample, got {len(inputs)} and {len(targets)} rows")


# Inputs


def checked_inputs(model: Layer, given: Any, what: str = "X") -> tuple[Layer, Any]:
    """The model and its inputs as one array, samples first.

    A model of several inputs is given an array for each of them, in a tuple or list, or in a dict by their names; it
    comes back as a layer of one input, in which they are joined.
    """
    names = model.inputs
    if len(names) == 1:
        return model, checked_samples(what, given)
    if isinstance(given, Mapping):
        missing = [name for name in names if name not in given]
        if missing or len(given) != len(names):
            raise InputError(f"{model.shown} takes {what} of {', '.join(names)}, got {', '.join(map(str, given))}")
        given = [given[name] for name in names]
    if not isinstance(given, list | tuple) or len(given) != len(names):
        count = f" of {len(given)}" if isinstance(given, list | tuple) else ""
        raise InputError(
            f"{model.shown} takes {len(names)} inputs: {what} is a tuple of arrays, ({', '.join(names)}), or a dict by "
            f"these names, got {type(given).__name__}{count}"
        )
    arrays = [checked_samples(f"{what}[{name!r}]", part) for name, part in zip(names, given, strict=True)]
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise DataError(f"{what} has one row for each sample in each input, got {', '.join(map(str, lengths))} rows")
    joined = Joined(model, [array.shape[1:] for array in arrays])
    return joined, joined.lines(arrays)


# Targets and classes


def holds_texts(targets: Any) -> bool:
    """Whether targets are texts, as names of classes are."""
    import numpy

    try:
        array = numpy.asarray(targets)
    except Exception:
        return False
    return array.dtype.kind in "UST" or (array.dtype == object and any([isinstance(one, str) for one in array.flat]))


def class_names(targets: Any) -> Any:
    """The names of the classes, sorted, if the targets are texts; None for numbers. Raises DataError for a mixture."""
    if not holds_texts(targets):
        return None
    import numpy

    array = numpy.asarray(targets, dtype=object)
    odd = [one for one in array.flat if not isinstance(one, str)]
    if odd:
        raise DataError(f"y names classes by texts, got {type(odd[0]).__name__} {odd[0]!r:.60} among them")
    return numpy.array(sorted(set(array.ravel().tolist())), dtype=object)


def as_classes(targets: Any, names: Any) -> Any:
    """Targets as numbers: texts by their place among the names. Raises DataError for one that is none of them."""
    if names is None or not holds_texts(targets):
        return targets
    import numpy

    numbers = {name: place for place, name in enumerate(names.tolist())}
    array = numpy.asarray(targets, dtype=object)
    unknown = [one for one in array.ravel().tolist() if one not in numbers]
    if unknown:
        raise DataError(f"y has the class {unknown[0]!r:.60}, the model has {', '.join(map(str, numbers))!s:.200}")
    return numpy.array([numbers[one] for one in array.ravel().tolist()], dtype=float).reshape(array.shape)


def checked_targets(what: str, targets: Any, names: Any, loss: Loss) -> Any:
    """Targets as an array of float64, samples first, those that are texts being numbered as the loss does it."""
    if names is None or not holds_texts(targets):
        return checked_samples(what, targets)
    return loss.numbered(as_classes(targets, names), len(names))


# Weights


def checked_weights(sample_weight: Any, class_weight: Any, samples: int, classes: Any, names: Any) -> Any:
    """The weight of each sample, None if all weigh the same.

    sample_weight: a number for each sample, 0 or more. class_weight: a dict of a number for each class, by its number
    or name, or "balanced" for what makes all classes weigh the same. `classes` are the samples' class numbers.
    """
    weights = None
    if sample_weight is not None:
        weights = checked_samples("sample_weight", sample_weight)
        if weights.shape not in ((samples,), (samples, 1)):
            raise DataError(f"sample_weight has a number for each of {samples} samples, got shape {weights.shape}")
        weights = weights.ravel()
    if class_weight is not None:
        own = weights_of_classes(class_weight, classes, names)
        weights = own if weights is None else weights * own
    if weights is None:
        return None
    if (weights < 0).any():
        raise DataError(f"weights are 0 or more, got {weights.min():g} for sample {int(weights.argmin())}")
    if not weights.any():
        raise DataError("weights are above 0 for one sample or more, got 0 for all")
    return None if (weights == 1.0).all() else weights


def weights_of_classes(given: Any, classes: Any, names: Any) -> Any:
    """The weight of each sample by its class."""
    import numpy

    if classes is None:
        raise DataError("class_weight is for targets that are classes, one for each sample")
    present, places, counts = numpy.unique(classes, return_inverse=True, return_counts=True)
    if isinstance(given, str) and given == "balanced":
        return (len(classes) / (len(present) * counts))[places.ravel()]
    if not isinstance(given, Mapping):
        raise DataError(f"class_weight is 'balanced' or a dict of a number for each class, got {given!r:.60}")
    known = {name: place for place, name in enumerate([] if names is None else names.tolist())}
    by_number = {}
    for label, weight in given.items():
        number = known.get(label, label)
        if number not in present.tolist():
            told = present.tolist() if names is None else names.tolist()
            raise DataError(f"class_weight has the class {label!r:.60}, y has {', '.join(map(str, told))!s:.200}")
        by_number[number] = checked_samples("class_weight", [weight])[0]
    return numpy.array([by_number.get(label, 1.0) for label in present.tolist()])[places.ravel()]


def without_weight(samples: Samples) -> Samples:
    """The samples but for those of weight 0, which have no part in a mean."""
    if samples.weights is None or (samples.weights > 0).all():
        return samples
    return samples.taken(samples.weights > 0)


def prepared(
    model: Layer,
    loss: Loss,
    X: Any,  # noqa: N803
    y: Any,
    names: Any = None,
    *,
    sample_weight: Any = None,
    class_weight: Any = None,
    what: str = "",
) -> tuple[Layer, Samples, Any]:
    """The model with one input, the samples with encoded targets and weights, and the survey of the model on them.

    names: of the classes, for targets that are texts. what: put before X and y in messages.
    """
    model, inputs = checked_inputs(model, X, f"{what}X")
    targets = checked_targets(f"{what}y", y, names, loss)
    check_lengths(inputs, targets)
    found = survey_samples(model, inputs)
    encoded = loss.encoded(targets, found.output_shape)
    classes = loss.classes_of_samples(encoded, found.output_shape)
    weights = checked_weights(sample_weight, class_weight, len(inputs), classes, names)
    counts = loss.counts(encoded, found.output_shape)
    if counts is not None:
        weights = counts if weights is None else weights * counts
    return model, Samples(inputs, encoded, weights), found
