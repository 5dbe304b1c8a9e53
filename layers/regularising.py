"""Layers that act in a training alone: `Dropout`."""

from __future__ import annotations

from functools import partial
from typing import Any, Unpack

from autograd import where
from layers.arrays import elementwise, is_array
from layers.base import Layer, Names, registered, unchanged
from layers.options import share
from layers.randomness import is_training, random_numbers
from layers.saving.registry import Adjustable

__all__ = ["Dropout"]


@registered("dropout")
class Dropout(Adjustable, Layer):
    """h = 0 with probability `rate`, else a ÷ (1 − rate), for each element anew; outside a training h = a.

    Source: Srivastava et al. 2014, in the form that leaves predictions as they are. `fit` trains by itself, and draws
    by its seed; a layer alone, or a loop of one's own, trains inside `training()`. The rate may be changed at any time.

    >>> from layers import training
    >>> dropout = Dropout(0.5)
    >>> dropout.forward([1.0, 2.0, 3.0])
    array([1., 2., 3.])
    >>> with training(seed=0):
    ...     dropout.forward([1.0, 2.0, 3.0]), dropout.backward(1.0).da
    (array([2., 0., 0.]), array([2., 0., 0.]))
    """

    settings = ("rate",)
    checks = {"rate": partial(share, "the rate of a dropout")}
    closed = False  # a layer has attributes of its own
    passes_kind = True

    def __init__(self, rate: float = 0.5, **names: Unpack[Names]) -> None:
        super().__init__(**names)
        self.rate = rate

    settle = unchanged

    def compute(self, a: Any) -> dict[str, Any]:
        if not is_training() or not self.rate:
            return {"h": a}
        scale, chance = 1.0 / (1.0 - self.rate), random_numbers(a.shape if is_array(a) else ())
        return {"h": elementwise(lambda a, chance: where(chance < self.rate, 0.0, a * scale), a, chance)}
