"""Activations beside ReLU and Sigmoid: the functions behind the affine part of a layer, functions of one's own too."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any, Unpack

from autograd import (
    Node,
    Primitive,
    erfc,
    exp,
    expm1,
    log,
    logsumexp,
    maximum,
    relu,
    sigmoid,
    softplus,
    stop_gradient,
    tanh,
    where,
)
from autograd.graph.modes import is_traced
from layers.arrays import along_last_axis, elementwise
from layers.base import Layer, Names, from_dict, registered, unchanged
from layers.errors import DescriptionError
from layers.hints import answering
from layers.options import finite_number
from layers.own_functions import HoldsFunctions
from layers.reductions import largest, log_total_of_exponentials, total

__all__ = [
    "ELU", "Elementwise", "GELU", "Identity", "LeakyReLU", "LogSoftmax", "SiLU", "Softmax", "Softplus", "Tanh",
    "activation_of", "described",
]  # fmt: skip

# Keras has a module of this name.
__getattr__ = answering("layers.activations")


@registered("identity")
class Identity(Layer):
    """h = a, the very node that was given.

    >>> Identity().forward(3.0)
    3.0
    """

    passes_kind = True

    settle = unchanged
    stateless = True

    def compute(self, a: Any) -> dict[str, Any]:
        return {"h": a}


class Elementwise(HoldsFunctions, Layer):
    """h = f(a) of each number by itself, for a function of one's own, with f′(a) by `slope` if that is given.

    Without a slope the function is made of operations on nodes: arithmetic, functions of autograd or of NumPy.

    >>> swish = Elementwise(lambda a: a / (1.0 + exp(-a)))
    >>> swish.forward([0.0]), swish.backward(1.0).da
    (array([0.]), array([0.5]))
    >>> cube = Elementwise(lambda a: a**3, lambda a: 3 * a**2, name="cube")
    >>> cube.forward(2.0), cube.backward(1.0).da
    (8.0, 12.0)
    """

    def __init__(
        self, function: Callable[[Any], Any], slope: Callable[[Any], Any] | None = None, **names: Unpack[Names]
    ) -> None:
        super().__init__(**names)
        for one in (function, slope):
            if not callable(one) and one is not None:
                raise DescriptionError(f"{self.shown} takes functions of one number, got {one!r:.60}")
        self.function = function
        self.slope = slope
        if self.given_name is None:
            vars(self)["name"] = _word_of(function)
        self._settle_primitive()

    functions = ("function", "slope")

    def _settle_primitive(self) -> None:
        """Find what is applied to each number: the function, or a primitive of it with its slope."""
        function, slope = self.function, self.slope
        self._primitive: Any = function
        if slope is not None:
            self._primitive = Primitive(
                self.name, lambda a: float(function(a)), lambda a, out: slope(a), registered=False
            )

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_primitive": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._settle_primitive()

    settle = unchanged

    def compute(self, a: Any) -> dict[str, Any]:
        return {"h": elementwise(self._primitive, a)}


def _word_of(function: Any) -> str:
    """The name of a function; "Elementwise" for one without a name."""
    name = getattr(function, "__name__", getattr(function, "name", ""))
    return name if isinstance(name, str) and name.isidentifier() else "Elementwise"


@registered("leaky_relu")
class LeakyReLU(Layer):
    """h = a above 0 and slope·a below; at 0 the derivative is `slope`.

    >>> LeakyReLU(0.1).forward([-2.0, 3.0])
    array([-0.2,  3. ])
    """

    settings = ("slope",)

    def __init__(self, slope: float = 0.01, **names: Unpack[Names]) -> None:
        super().__init__(**names)
        self.slope = finite_number("the slope of a leaky_relu", slope)

    settle = unchanged

    def compute(self, a: Any) -> dict[str, Any]:
        slope = self.slope
        return {"h": elementwise(lambda a: slope * a + (1.0 - slope) * maximum(a, 0.0), a)}


@registered("tanh")
class Tanh(Layer):
    """h = tanh(a).

    >>> Tanh().forward(0.0)
    0.0
    """

    settle = unchanged

    def compute(self, a: Any) -> dict[str, Any]:
        return {"h": elementwise(tanh, a)}


@registered("softplus")
class Softplus(Layer):
    """h = log(1 + eᵃ), without overflow.

    >>> Softplus().forward(1000.0)
    1000.0
    """

    settle = unchanged

    def compute(self, a: Any) -> dict[str, Any]:
        return {"h": elementwise(softplus, a)}


@registered("gelu")
class GELU(Layer):
    """h = a·Φ(a), Φ being the distribution function of the normal distribution (Hendrycks, Gimpel 2016).

    >>> round(GELU().forward(1.0), 12)
    0.841344746069
    """

    settle = unchanged

    def compute(self, a: Any) -> dict[str, Any]:
        # erfc keeps its digits where Φ is small.
        return {"h": elementwise(lambda a: 0.5 * a * erfc(a * -math.sqrt(0.5)), a)}


@registered("silu")
class SiLU(Layer):
    """h = a·σ(a), also called swish (Elfwing, Uchibe, Doya 2018).

    >>> round(SiLU().forward(1.0), 12)
    0.73105857863
    """

    settle = unchanged

    def compute(self, a: Any) -> dict[str, Any]:
        return {"h": elementwise(lambda a: a * sigmoid(a), a)}


@registered("elu")
class ELU(Layer):
    """h = a above 0 and alpha·(eᵃ − 1) below (Clevert, Unterthiner, Hochreiter 2016); at 0 the derivative is `alpha`.

    >>> ELU().forward([2.0, 0.0, -1000.0])
    array([ 2.,  0., -1.])
    """

    settings = ("alpha",)

    def __init__(self, alpha: float = 1.0, **names: Unpack[Names]) -> None:
        super().__init__(**names)
        self.alpha = finite_number("the alpha of an elu", alpha, above=0)

    settle = unchanged

    def compute(self, a: Any) -> dict[str, Any]:
        alpha = self.alpha
        return {"h": elementwise(lambda a: where(a > 0.0, a, alpha * expm1(a)), a)}


@registered("softmax")
class Softmax(Layer):
    """h = eᵃ ÷ Σ eᵃ along the last axis, without overflow: probabilities from scores.

    >>> Softmax().forward([1000.0, 1000.0])
    array([0.5, 0.5])
    """

    gives = "probabilities"

    settle = unchanged

    def compute(self, a: Any) -> dict[str, Any]:
        return {"h": along_last_axis(softmax, a, "a")}


@registered("log_softmax")
class LogSoftmax(Layer):
    """h = a − log Σ eᵃ along the last axis, without overflow: the logarithms of probabilities.

    >>> LogSoftmax().forward([0.0, 1000.0])
    array([-1000.,     0.])
    """

    settle = unchanged

    def compute(self, a: Any) -> dict[str, Any]:
        return {"h": along_last_axis(log_softmax, a, "a")}


def softmax(scores: list[Any]) -> list[Any]:
    """The softmax of a list of numbers and nodes."""
    return [exp(score) for score in log_softmax(scores)]


def log_softmax(scores: list[Any]) -> list[Any]:
    """The logarithm of the softmax of a list of numbers and nodes."""
    # Beside a score of 1000, the logarithm of a sum has lost three digits; beside a largest score of 0, none. The
    # number subtracted changes no derivative, and counts as a constant.
    peak = _peak(scores)
    shifted = [score - peak for score in scores]
    rest = log_total_of_exponentials(shifted)
    return [score - rest for score in shifted]


def _peak(scores: list[Any]) -> Any:
    """The largest score, as a constant with a name in pictures."""
    peak = stop_gradient(largest(scores))
    if isinstance(peak, Node):
        peak.name = "max"
    return peak


def surprise(scores: list[Any], label: int) -> Any:
    """−log p of one class, where p is the softmax of the scores.

    Where p is more than ½, it is written in what is missing to 1, whose digits the derivative 1 − p would lose.
    """
    peak = _peak(scores)
    own, others = scores[label] - peak, [score - peak for place, score in enumerate(scores) if place != label]
    if not is_traced():
        return softplus(logsumexp(others) - own)
    # What is less than the smallest normal number counts as that: its logarithm has a slope.
    missing = maximum(total([exp(score) for score in others]), sys.float_info.min) if others else 0.0
    return softplus(log(missing) - own)


def described(given: Any) -> Any:
    """An activation in the form that descriptions keep: the name of one of autograd's functions that a layer is of."""
    same = {tanh: "tanh", relu: "relu", sigmoid: "sigmoid", softplus: "softplus"}
    return same.get(given, given) if callable(given) else given


def activation_of(given: Any) -> Layer:
    """The activation of this name or description, or the layer that was given; None is the identity.

    A function, a pair of a function and its slope, or an object that has them as `function` and `derivative`, is
    applied to each number.
    """
    if given is None:
        return Identity()
    if isinstance(given, type):
        raise DescriptionError(
            f"an activation is a name, a function or a layer such as ReLU(), got {given!r:.60}; did you mean "
            f"{given.__name__}()?"
        )
    if isinstance(given, tuple) and len(given) == 2:
        return Elementwise(*given)
    function, derivative = getattr(given, "function", None), getattr(given, "derivative", None)
    if callable(function) and callable(derivative):
        return Elementwise(function, derivative, name=_word_of(function))
    if callable(given) and not isinstance(given, Layer):
        return Elementwise(given)
    made: Layer = given if isinstance(given, Layer) else from_dict(given)
    if len(made.inputs) != 1:
        raise DescriptionError(f"an activation has one input, {made.shown} has {len(made.inputs)}")
    return made
