"""Models of all kinds, and inputs for them, whose forms in ONNX are compared with what they give here."""

from __future__ import annotations

import numpy as np

from autograd import abs, erfc, exp, sin, where
from layers import (
    CausalSelfAttention,
    Dense,
    DescriptionError,
    Dropout,
    Elementwise,
    Embedding,
    FullyConnected,
    LayerNorm,
    Network,
    Neuron,
    NeuronLayer,
    ReLU,
    Residual,
    RMSNorm,
    Sequential,
    from_dict,
)
from layers.base import LAYERS

ROWS = np.random.default_rng(0).normal(size=(5, 4)) * 2.0
TOKENS = [3, 1, 4, 1]
TWICE = Dense(4, 4, seed=3)
LONG = Sequential(
    Embedding(6, 8, positions=10),
    Residual(LayerNorm(8), CausalSelfAttention(8, heads=2)),
    Residual(RMSNorm(8), Dense(8, 16, "gelu"), Dense(16, 8)),
    Dense(8, 6),
    seed=0,
)
MODELS = {
    "dense": (Sequential(Dense(4, 8, "relu"), Dense(8, 3, "softmax"), seed=0), ROWS),
    "open sizes": (Sequential(FullyConnected(8, "tanh"), Dropout(0.3), FullyConnected(3), seed=0), ROWS),
    "one sample": (Sequential(Dense(4, 8, "gelu"), Dense(8, 1), seed=0), ROWS[0]),
    "network": (Network(Dense(4, 8, "sigmoid"), Dense(8, 3), loss="cross_entropy", seed=0), ROWS),
    "neuron": (Neuron(4, "tanh", seed=1), ROWS),
    "neurons": (NeuronLayer(4, 3, "elu", seed=1), ROWS),
    "residual": (Sequential(Residual(Dense(4, 4, "silu")), Residual(LayerNorm(4), Dense(4, 4)), seed=0), ROWS),
    "norms": (Sequential(LayerNorm(4, gain=False), RMSNorm(4), LayerNorm(4, bias=False), RMSNorm(4, gain=False)), ROWS),
    "own function": (Dense(4, 3, lambda a: where(a > 0.3, sin(a) * a**2, exp(-a * a) / (1.0 + abs(a)))), ROWS),
    "declared function": (Elementwise(erfc), ROWS),
    "constant": (Elementwise(lambda a: 3.0), ROWS),
    "shared": (Sequential(TWICE, ReLU(), TWICE), ROWS),
    "transformer": (LONG, TOKENS),
}


def values(outputs):
    return np.vectorize(lambda one: getattr(one, "value", one))(np.asarray(outputs, object)).astype(float)


def layer_called(kind):
    """The layer of this name, None for one that needs options: that is part of a model above."""
    try:
        return from_dict(kind)
    except DescriptionError:
        return None


def layers_of_one_input():
    """Each layer that can be made without options and takes one input, by its name in descriptions."""
    made = {kind: layer_called(kind) for kind in sorted(LAYERS.classes)}
    for kind in ("network", "residual", "sequential"):
        if made[kind] is not None:
            made[kind].add_layers(Dense(4, 4))
    return {kind: layer for kind, layer in made.items() if layer is not None and len(layer.inputs) == 1}
