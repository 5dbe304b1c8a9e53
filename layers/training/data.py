"""Training data, checked before anything is changed: finite numbers, as many targets as inputs."""

from __future__ import annotations

from typing import Any

from layers.arrays import check_real
from layers.errors import DataError

__all__ = ["check_lengths", "checked_samples"]


def checked_samples(what: str, samples: Any) -> Any:
    """The samples as an array of float64 with samples first. Raises DataError; `what` is their name in messages."""
    check_real(what, samples, DataError)
    import numpy

    try:
        given = numpy.asarray(samples)
        array = given if given.dtype.kind in "cmM" else numpy.array(given, dtype=float)
    except (OverflowError, TypeError, ValueError):
        raise DataError(f"{what} is an array of numbers with samples first, got {samples!r:.60}") from None
    # Lists may hold complex numbers and dates, too.
    check_real(what, array, DataError)
    if array.ndim == 0:
        raise DataError(f"{what} has samples first, got the single number {array[()]:g}")
    if not array.size:
        raise DataError(f"{what} has no samples: its shape is {array.shape}")
    bad = numpy.argwhere(~numpy.isfinite(array))
    if len(bad):
        place = tuple(int(index) for index in bad[0])
        raise DataError(
            f"{what} holds numbers that are not finite, {len(bad)} in all; the first is {array[place]} at {list(place)}"
        )
    return array


def check_lengths(inputs: Any, targets: Any) -> None:
    """Raise DataError if there are not as many targets as inputs."""
    if len(inputs) != len(targets):
        raise DataError(f"X and y have one row for each sample, got {len(inputs)} and {len(targets)} rows")
