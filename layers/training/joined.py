"""A model of several inputs as a layer of one: the inputs of each sample are joined to a line of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from layers.base import Layer

__all__ = ["Joined"]


class Joined(Layer):
    """The model on one line of numbers for each sample, in which its inputs, of these shapes, stand one by one.

    >>> import numpy as np
    >>> from layers import Plus
    >>> joined = Joined(Plus(), [(), ()])
    >>> joined.lines([np.array([1.0, 2.0]), np.array([10.0, 20.0])])
    array([[ 1., 10.],
           [ 2., 20.]])
    >>> joined.forward([1.0, 10.0])
    11.0
    """

    def __init__(self, model: Layer, shapes: Sequence[tuple[int, ...]]) -> None:
        super().__init__(name=model.name)
        self.model = model
        self.shapes = list(shapes)

    def lines(self, arrays: Sequence[Any]) -> Any:
        """The samples' inputs, an array for each, side by side."""
        import numpy

        return numpy.concatenate([array.reshape(len(array), -1) for array in arrays], axis=1)

    def compute(self, x: Any) -> dict[str, Any]:
        return {"y": self.model.apply(*self.parts(x))}

    def parts(self, x: Any) -> list[Any]:
        """The inputs of one sample."""
        found, start = [], 0
        for shape in self.shapes:
            end = start + math.prod(shape)
            found.append(x[start:end].reshape(shape) if shape else x[start])
            start = end
        return found

    def named_layers(self) -> Iterator[tuple[str, Layer]]:
        return self.model.named_layers()

    def named_parameters(self) -> dict[str, Any]:
        return self.model.named_parameters()

    def frozen_parameters(self) -> set[Any]:
        return self.model.frozen_parameters()

    def ending(self) -> Layer:
        return self.model.ending()
