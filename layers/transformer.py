"""The layers of a small transformer: embeddings, normalisation, causal self-attention.

Inputs are one sequence: tokens (times,), features (times, features).
"""

from __future__ import annotations

import math
from typing import Any, Unpack

from layers.activations import softmax
from layers.arrays import along_last_axis, elementwise, is_array
from layers.base import Layer, Names, registered
from layers.dense import Dense, check_features
from layers.errors import DescriptionError, ShapeError
from layers.options import finite_number, seed_of, truth, whole_number
from layers.parameters.initialisers import initialiser_of
from layers.parameters.parameter import Parameter
from layers.parameters.row_lookup import looked_up
from layers.reductions import inner_product, total

__all__ = ["CausalSelfAttention", "Embedding", "LayerNorm", "RMSNorm"]


@registered("embedding")
class Embedding(Layer):
    """The vector of each token, plus that of its place if there are `positions`.

    n_tokens: the number of tokens, which are numbered from 0.
    n_out: the length of the vectors.
    positions: the length of the longest sequence; None for vectors that don't depend on the place.

    Tokens are whole numbers, without derivatives.

    >>> embedding = Embedding(3, 2, weight_init="ones")
    >>> embedding.forward([2, 0])
    array([[1., 1.],
           [1., 1.]])
    """

    settings = ("n_tokens", "n_out", "positions", "weight_init", "seed")

    def __init__(
        self,
        n_tokens: int,
        n_out: int,
        positions: int | None = None,
        *,
        weight_init: Any = "normal",
        seed: int | None = None,
        **names: Unpack[Names],
    ) -> None:
        super().__init__(**names)
        self.n_tokens = whole_number(f"{self.shown}: n_tokens", n_tokens)
        self.n_out = whole_number(f"{self.shown}: n_out", n_out)
        self.positions = None if positions is None else whole_number(f"{self.shown}: positions", positions)
        self.weight_init = weight_init
        self.seed = seed
        self.weight = Parameter((self.n_tokens, self.n_out), initialiser_of(weight_init))
        self.place = None
        if self.positions is not None:
            self.place = Parameter((self.positions, self.n_out), initialiser_of(weight_init))
        self._settle_parameters(seed_of(seed))

    def compute(self, t: Any) -> dict[str, Any]:
        shape: tuple[int, ...] = t.shape if is_array(t) else ()
        if self.place is not None and (len(shape) != 1 or shape[0] > (self.positions or 0)):
            raise ShapeError(f"t is one sequence of at most {self.positions} tokens, got shape {shape}")
        vectors = looked_up(self.weight, t, "token")
        if self.place is None:
            return {"x": vectors}
        return {"x": elementwise(lambda token, place: token + place, vectors, self.place.nodes[: shape[0]])}

    def settle(self, features: int | None) -> int | None:
        return self.n_out


class _Norm(Layer):
    """Base of the normalisations, which learn a gain for each feature."""

    settings: tuple[str, ...] = ("n_in", "epsilon", "gain")

    def __init__(
        self, n_in: int | None = None, *, epsilon: float = 1e-5, gain: bool = True, **names: Unpack[Names]
    ) -> None:
        super().__init__(**names)
        length = None if n_in is None else whole_number(f"{self.shown}: n_in", n_in)
        self.epsilon = finite_number(f"{self.shown}: epsilon", epsilon, above=0)
        self._given_n_in = length
        self.weight = Parameter((length,), initialiser_of("ones")) if truth(f"{self.shown}: gain", gain) else None

    @property
    def n_in(self) -> int | None:
        """The number of input features; None until that is known, or if nothing depends on it."""
        return self._given_n_in if self.weight is None else self.weight.shape[0]

    def setting(self, name: str) -> Any:
        return self.weight is not None if name == "gain" else super().setting(name)

    def scaled(self, x: Any, parameter: Parameter | None, combine: Any) -> Any:
        """The input combined with a parameter of one number for each feature, if there is one."""
        if parameter is None:
            return x
        parameter.fit_shape((x.shape[-1],))
        return elementwise(combine, x, parameter.nodes)

    def rooted(self, row: list[Any]) -> list[Any]:
        """The row divided by the root of its mean square."""
        scale = (inner_product(row, row) * (1.0 / len(row)) + self.epsilon) ** -0.5
        return [number * scale for number in row]

    def settled(self, features: int | None, *parameters: Parameter | None) -> int | None:
        """The number of features, which is that of all parameters."""
        there = [parameter for parameter in parameters if parameter is not None]
        known = [count for count in (features, self.n_in, *[one.shape[0] for one in there]) if count is not None]
        for parameter in there:
            if known:
                parameter.fit_shape((known[0],))
        return known[0] if known else None


@registered("rms_norm")
class RMSNorm(_Norm):
    """h = x ÷ √(mean of x² + epsilon), times a learned gain, along the last axis (Zhang, Sennrich 2019).

    >>> RMSNorm(2).forward([3.0, 4.0]).round(4)
    array([0.8485, 1.1314])
    """

    def compute(self, x: Any) -> dict[str, Any]:
        check_features(x, self.n_in)
        return {"h": self.scaled(along_last_axis(self.rooted, x, "x"), self.weight, lambda x, gain: x * gain)}

    def settle(self, features: int | None) -> int | None:
        return self.settled(features, self.weight)


@registered("layer_norm")
class LayerNorm(_Norm):
    """h = (x − mean) ÷ √(variance + epsilon), times a gain, plus a bias, along the last axis (Ba et al. 2016).

    >>> LayerNorm(2).forward([3.0, 5.0]).round(4)
    array([-1.,  1.])
    """

    settings = ("n_in", "epsilon", "gain", "bias")

    def __init__(
        self,
        n_in: int | None = None,
        *,
        epsilon: float = 1e-5,
        gain: bool = True,
        bias: bool = True,
        **names: Unpack[Names],
    ) -> None:
        super().__init__(n_in, epsilon=epsilon, gain=gain, **names)
        has_bias = truth(f"{self.shown}: bias", bias)
        self.bias = Parameter((self.n_in,), initialiser_of("zeros"), name="bias") if has_bias else None

    def setting(self, name: str) -> Any:
        return self.bias is not None if name == "bias" else super().setting(name)

    def compute(self, x: Any) -> dict[str, Any]:
        check_features(x, self.n_in)
        normal = along_last_axis(lambda row: self.rooted(_centred(row)), x, "x")
        gained = self.scaled(normal, self.weight, lambda x, gain: x * gain)
        return {"h": self.scaled(gained, self.bias, lambda x, bias: x + bias)}

    def settle(self, features: int | None) -> int | None:
        return self.settled(features, self.weight, self.bias)


def _centred(row: list[Any]) -> list[Any]:
    mean = total(row) * (1.0 / len(row))
    return [number - mean for number in row]


@registered("causal_self_attention")
class CausalSelfAttention(Layer):
    """Each time of a sequence (times, features) as a mean over itself and the times before it, in several heads.

    The weights of the mean are the softmax of query·key ÷ √(features of a head); values are mixed and projected
    (Vaswani et al. 2017, arXiv:1706.03762).

    n_in: the number of features; heads: the number of equal parts of them; bias: of the four projections.

    >>> CausalSelfAttention(4, heads=2, seed=0).forward([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]).shape
    (2, 4)
    """

    settings = ("n_in", "heads", "bias", "weight_init", "seed")

    def __init__(
        self,
        n_in: int,
        heads: int = 1,
        *,
        bias: bool = False,
        weight_init: Any = "xavier_uniform",
        seed: int | None = None,
        **names: Unpack[Names],
    ) -> None:
        super().__init__(**names)
        self.n_in = whole_number(f"{self.shown}: n_in", n_in)
        self.heads = whole_number(f"{self.shown}: heads", heads)
        if self.n_in % self.heads:
            raise DescriptionError(f"{self.shown}: n_in is a multiple of heads, got {n_in} features and {heads} heads")
        self.bias = truth(f"{self.shown}: bias", bias)
        self.weight_init = weight_init
        self.seed = seed

        def projection(label: str) -> Dense:
            return Dense(self.n_in, self.n_in, weight_init=weight_init, bias=bias, name=label)

        self.query, self.key = projection("query"), projection("key")
        self.value, self.projection = projection("value"), projection("projection")
        self._settle_parameters(seed_of(seed))

    def compute(self, x: Any) -> dict[str, Any]:
        import numpy

        check_features(x, self.n_in)
        if x.ndim != 2:
            raise ShapeError(f"x is one sequence, shape (times, {self.n_in}), got shape {x.shape}")
        queries, keys, values = [layer.apply(x) for layer in (self.query, self.key, self.value)]
        mixed = numpy.empty(x.shape, dtype=object)
        width = self.n_in // self.heads
        for head in range(self.heads):
            part = slice(head * width, (head + 1) * width)
            rows = _attended(queries[:, part].tolist(), keys[:, part].tolist(), values[:, part].T.tolist())
            for time, row in enumerate(rows):
                mixed[time, part] = row
        return {"m": mixed, "h": self.projection.apply(mixed)}

    def settle(self, features: int | None) -> int | None:
        for layer in (self.query, self.key, self.value, self.projection):
            layer.settle(self.n_in if features is None else features)
        return self.n_in


def _attended(queries: list[Any], keys: list[Any], columns: list[Any]) -> list[list[Any]]:
    """For each query the mean of the values up to its time; values are given by columns."""
    scale = 1.0 / math.sqrt(len(queries[0]))
    rows = []
    for time, query in enumerate(queries):
        weights = softmax([inner_product(query, key) * scale for key in keys[: time + 1]])
        rows.append([inner_product(weights, column[: time + 1]) for column in columns])
    return rows
