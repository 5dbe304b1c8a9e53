"""Layers: named pieces of computation made of primitives, each one box in a picture.

>>> from autograd import Variable
>>> from layers import Affine, ReLU
>>> x, w, b = Variable(2.0, name="x"), Variable(-1.0, name="w"), Variable(1.0, name="b")
>>> h = ReLU()(Affine()(x, w, b))
>>> h.value
0.0
"""

from __future__ import annotations

from layers.base import Gradients, Layer
from layers.elementary import Affine, Plus, ReLU, Sigmoid, SigmoidNeuron, Square, SquaredLoss
from layers.errors import InputError, LayerError, NoForwardError, ShapeError

__all__ = [
    "Affine", "Gradients", "InputError", "Layer", "LayerError", "NoForwardError", "Plus", "ReLU",
    "ShapeError", "Sigmoid", "SigmoidNeuron", "Square", "SquaredLoss",
]  # fmt: skip
