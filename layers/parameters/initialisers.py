"""Initialisers: the values of parameters before training, from a seeded generator.

`fan_in` is the number of inputs of each output of the layer, `fan_out` the number of outputs of each input.
Sources: He et al. 2015 (arXiv:1502.01852) for the layers before a ReLU; Glorot and Bengio 2010 for "Xavier"; Saxe et
al. 2013 (arXiv:1312.6120) for orthogonal matrices.
"""

from __future__ import annotations

import math
from typing import Any

from layers.errors import DescriptionError, ShapeError
from layers.options import finite_number
from layers.saving.registry import Described, Registry

__all__ = [
    "HeNormal", "HeUniform", "Initialiser", "Normal", "Ones", "Orthogonal", "Uniform", "XavierNormal",
    "XavierUniform", "Zeros", "initialiser_of",
]  # fmt: skip

INITIALISERS = Registry("initialiser")


class Initialiser(Described):
    """Base of the initialisers: called with a generator, a shape and the fans, it gives a parameter's first values.

    One that isn't `random` doesn't use the generator, and is given None.
    """

    random = True

    def __call__(self, generator: Any, shape: tuple[Any, ...], fan_in: int, fan_out: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no __call__")


def initialiser_of(given: Any) -> Initialiser:
    """The initialiser of this name or description, or the one that was given."""
    if isinstance(given, Initialiser):
        return given
    made: Initialiser = INITIALISERS.make(given)
    return made


@INITIALISERS.register("zeros")
class Zeros(Initialiser):
    """Zeros."""

    random = False

    def __call__(self, generator: Any, shape: tuple[Any, ...], fan_in: int, fan_out: int) -> Any:
        import numpy

        return numpy.zeros(shape)


@INITIALISERS.register("ones")
class Ones(Initialiser):
    """Ones."""

    random = False

    def __call__(self, generator: Any, shape: tuple[Any, ...], fan_in: int, fan_out: int) -> Any:
        import numpy

        return numpy.ones(shape)


@INITIALISERS.register("normal")
class Normal(Initialiser):
    """Normal numbers around 0 with this standard deviation.

    >>> import numpy as np
    >>> Normal(0.1)(np.random.default_rng(0), (2,), 1, 1).round(4)
    array([ 0.0126, -0.0132])
    """

    settings = ("deviation",)

    def __init__(self, deviation: float = 1.0) -> None:
        # NumPy refuses -0.0.
        self.deviation = abs(finite_number("the deviation of a normal initialiser", deviation, least=0))

    def __call__(self, generator: Any, shape: tuple[Any, ...], fan_in: int, fan_out: int) -> Any:
        return generator.normal(0.0, self.deviation, shape)


@INITIALISERS.register("uniform")
class Uniform(Initialiser):
    """Uniform numbers between `low` and `high`."""

    settings = ("low", "high")

    def __init__(self, low: float = -1.0, high: float = 1.0) -> None:
        self.low = finite_number("the lower end of a uniform initialiser", low)
        self.high = finite_number("the upper end of a uniform initialiser", high)
        if self.low > self.high:
            raise DescriptionError(f"a uniform initialiser needs low <= high, got {self.low} and {self.high}")

    def __call__(self, generator: Any, shape: tuple[Any, ...], fan_in: int, fan_out: int) -> Any:
        return generator.uniform(self.low, self.high, shape)


@INITIALISERS.register("he_normal")
class HeNormal(Initialiser):
    """Normal numbers of variance 2 ÷ fan_in, which a ReLU halves again."""

    def __call__(self, generator: Any, shape: tuple[Any, ...], fan_in: int, fan_out: int) -> Any:
        return generator.normal(0.0, math.sqrt(2 / fan_in), shape)


@INITIALISERS.register("he_uniform")
class HeUniform(Initialiser):
    """Uniform numbers of variance 2 ÷ fan_in, which a ReLU halves again."""

    def __call__(self, generator: Any, shape: tuple[Any, ...], fan_in: int, fan_out: int) -> Any:
        limit = math.sqrt(6 / fan_in)
        return generator.uniform(-limit, limit, shape)


@INITIALISERS.register("xavier_normal")
class XavierNormal(Initialiser):
    """Normal numbers of variance 2 ÷ (fan_in + fan_out)."""

    def __call__(self, generator: Any, shape: tuple[Any, ...], fan_in: int, fan_out: int) -> Any:
        return generator.normal(0.0, math.sqrt(2 / (fan_in + fan_out)), shape)


@INITIALISERS.register("xavier_uniform")
class XavierUniform(Initialiser):
    """Uniform numbers of variance 2 ÷ (fan_in + fan_out)."""

    def __call__(self, generator: Any, shape: tuple[Any, ...], fan_in: int, fan_out: int) -> Any:
        limit = math.sqrt(6 / (fan_in + fan_out))
        return generator.uniform(-limit, limit, shape)


@INITIALISERS.register("orthogonal")
class Orthogonal(Initialiser):
    """A matrix with orthonormal columns (or rows, if it has fewer), uniform among all such; times `gain`."""

    settings = ("gain",)

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = finite_number("the gain of an orthogonal initialiser", gain)

    def __call__(self, generator: Any, shape: tuple[Any, ...], fan_in: int, fan_out: int) -> Any:
        import numpy

        if len(shape) != 2:
            raise ShapeError(f"an orthogonal initialiser fills matrices, got a parameter of shape {shape}")
        tall = generator.normal(0.0, 1.0, (max(shape), min(shape)))
        q, r = numpy.linalg.qr(tall)
        # With the signs of R's diagonal the factor is unique, and Q uniform (Mezzadri 2007, arXiv:math-ph/0609050).
        q *= numpy.sign(numpy.diagonal(r))
        return self.gain * (q if shape[0] >= shape[1] else q.T)
