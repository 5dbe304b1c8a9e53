"""The logarithm of a sum of exponentials, of up to 1,280,000 numbers: each is a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import exp, grad, log, value_and_grad, vmap
from benchmarks.gradbench.function import Function


def term(x: Any, largest: Any) -> Any:
    """The share of a number in the sum, which doesn't overflow."""
    return exp(x - largest)


terms = vmap(term, in_axes=(0, None), reduce="sum")
terms_and_slopes = vmap(value_and_grad(term), in_axes=(0, None))


def primal(x: Any) -> Any:
    """The logarithm of the sum."""
    largest = np.max(x)
    return largest + log(terms(x, largest))


def gradient(x: Any) -> Any:
    """Its gradient: rows and logarithm differentiated, and put together here.

    `grad(primal)` gives the same, through a node for each number, which takes 50 times as long. By the largest number
    nothing changes: the slope of what is subtracted cancels that of what is added.
    """
    values, slopes = terms_and_slopes(x, np.max(x))
    return grad(log)(values.sum()) * slopes


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    """The numbers as an array."""
    return (np.array(given["x"], float),)


FUNCTIONS = {"primal": Function(prepare, primal), "gradient": Function(prepare, gradient)}
