"""The layers of a first lesson: a sum, a square, an affine function, activations.

Each is a few primitives and the names of their results. All take single numbers and nodes, and arrays of
them with samples in columns.
"""

from __future__ import annotations

from typing import Any

from autograd import maximum, sigmoid, square
from layers.arrays import checked_bias, elementwise, product, same_shape
from layers.base import Layer, registered, unchanged

__all__ = ["Affine", "Plus", "ReLU", "Sigmoid", "SigmoidNeuron", "Square"]


@registered("plus")
class Plus(Layer):
    """c = a + b. It is stateless: its gradients are known without a forward pass.

    >>> plus = Plus()
    >>> plus.forward(3.0, 2.0), plus.backward(10.0)
    (5.0, Gradients(da=10.0, db=10.0, dc=10.0))
    """

    stateless = True

    def compute(self, a: Any, b: Any) -> dict[str, Any]:
        same_shape(a, b, ("a", "b"))
        return {"c": elementwise(lambda a, b: a + b, a, b)}


@registered("square")
class Square(Layer):
    """y = c².

    >>> squared = Square()
    >>> squared.forward(5.0), squared.backward(1.0)
    (25.0, Gradients(dc=10.0, dy=1.0))
    """

    settle = unchanged

    def compute(self, c: Any) -> dict[str, Any]:
        return {"y": elementwise(square, c)}


@registered("affine")
class Affine(Layer):
    """a = w·x + b, by way of z = w·x.

    Of single numbers; of vectors w and x (features) with a single b; of a matrix w (outputs, features) with x
    (features) or (features, samples). `b` may have the shape of z, or 1 in place of any of its lengths; one
    bias for each output beside several samples is a column, (outputs, 1).

    >>> affine = Affine()
    >>> affine.forward([[1, 2, 5], [2, 4, 7], [4, 2, 4]], [[1, 2, -3]], [[5, -2, -20]])
    array([[ -2.,   2., -13.]])
    >>> affine.backward([[1, 1, 1]]).dw
    array([[ 8., 13., 10.]])
    """

    def compute(self, x: Any, w: Any, b: Any) -> dict[str, Any]:
        z = product(w, x)
        return {"z": z, "a": elementwise(lambda z, b: z + b, z, checked_bias(b, z))}


@registered("relu")
class ReLU(Layer):
    """h = max(a, 0), with slope 0 at 0.

    >>> relu = ReLU()
    >>> relu.forward([-1.0, 0.0, 2.0]), relu.backward([10.0, 20.0, 30.0]).da
    (array([0., 0., 2.]), array([ 0.,  0., 30.]))
    """

    settle = unchanged

    def compute(self, a: Any) -> dict[str, Any]:
        return {"h": elementwise(lambda a: maximum(a, 0.0), a)}


@registered("sigmoid")
class Sigmoid(Layer):
    """h = σ(a) = 1 ÷ (1 + e⁻ᵃ).

    >>> Sigmoid().forward(0.0)
    0.5
    """

    gives = "probabilities"

    settle = unchanged

    def compute(self, a: Any) -> dict[str, Any]:
        return {"h": elementwise(sigmoid, a)}


@registered("sigmoid_neuron")
class SigmoidNeuron(Layer):
    """h = σ(w·x − b): a neuron with a threshold `b`, by way of z = w·x − b.

    Shapes are those of `Affine`; note that `w` comes first.

    >>> neuron = SigmoidNeuron()
    >>> round(neuron.forward(1.0, -4.0, -6.0), 12), round(neuron.backward(1.0).db, 12)
    (0.880797077978, -0.104993585404)
    """

    gives = "probabilities"

    def compute(self, w: Any, x: Any, b: Any) -> dict[str, Any]:
        weighted = product(w, x)
        z = elementwise(lambda p, b: p - b, weighted, checked_bias(b, weighted))
        return {"z": z, "h": elementwise(sigmoid, z)}
