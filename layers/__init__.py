"""Layers: named pieces of computation made of primitives, each one box in a picture.

>>> from autograd import Variable
>>> from layers import Affine, ReLU
>>> x, w, b = Variable(2.0, name="x"), Variable(-1.0, name="w"), Variable(1.0, name="b")
>>> h = ReLU()(Affine()(x, w, b))
>>> h.value
0.0
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from autograd.other_packages import watch_imports
from layers.activations import (
    ELU,
    GELU,
    Elementwise,
    Identity,
    LeakyReLU,
    LogSoftmax,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from layers.arrays import elementwise
from layers.base import Layer, Trainable, from_dict, registered
from layers.dense import Dense, FullyConnected, Neuron, NeuronLayer
from layers.elementary import Affine, Plus, ReLU, Sigmoid, SigmoidNeuron, Square
from layers.errors import (
    DataError,
    DescriptionError,
    InputError,
    LayerError,
    NoForwardError,
    ShapeError,
    SizeError,
    StateError,
    TrainingError,
)
from layers.exports.onnx_model import to_onnx
from layers.exports.torch_state import load_torch_state, torch_state
from layers.hints import did_you_mean, said_of
from layers.losses import (
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    HingeLoss,
    HuberLoss,
    Loss,
    MAELoss,
    Mean,
    MSELoss,
    SquaredLoss,
    Sum,
)
from layers.model import Model, Network, Residual, Sequential
from layers.parameters.initialisers import (
    HeNormal,
    HeUniform,
    Initialiser,
    Normal,
    Ones,
    Orthogonal,
    Uniform,
    XavierNormal,
    XavierUniform,
    Zeros,
)
from layers.parameters.parameter import Parameter
from layers.randomness import is_training, random_numbers, training
from layers.regularising import Dropout
from layers.results import Gradients, Values
from layers.training.callbacks import EarlyStopping, ReduceLROnPlateau, Training
from layers.training.checkpoint import load_model, load_optimizer
from layers.training.fit import fit
from layers.training.history import Epoch, History
from layers.training.metrics import Metric
from layers.training.optimisers import LBFGS, SGD, Adam, AdamW, Optimizer, RMSProp
from layers.training.schedules import Cosine, Exponential, Linear, Steps, WarmUp
from layers.transformer import CausalSelfAttention, Embedding, LayerNorm, RMSNorm

__all__ = [
    "Adam", "AdamW", "Affine", "BinaryCrossEntropyLoss", "CausalSelfAttention", "Cosine", "CrossEntropyLoss",
    "DataError", "Dense", "DescriptionError", "Dropout", "ELU", "EarlyStopping", "Elementwise", "Embedding", "Epoch",
    "Exponential", "FullyConnected", "GELU", "Gradients", "HeNormal", "HeUniform", "HingeLoss", "History", "HuberLoss",
    "Identity", "Initialiser", "InputError", "LBFGS", "Layer", "LayerError", "LayerNorm", "LeakyReLU", "Linear",
    "LogSoftmax", "Loss", "MAELoss", "MSELoss", "Mean", "Metric", "Model", "Network", "Neuron", "NeuronLayer",
    "NoForwardError", "Normal", "Ones", "Optimizer", "Orthogonal", "Parameter", "Plus", "RMSNorm", "RMSProp", "ReLU",
    "ReduceLROnPlateau", "Residual", "SGD", "Sequential", "ShapeError", "SiLU", "Sigmoid", "SigmoidNeuron", "SizeError",
    "Softmax", "Softplus", "Square", "SquaredLoss", "StateError", "Steps", "Sum", "Tanh", "Trainable", "Training",
    "TrainingError", "Uniform", "Values", "WarmUp", "XavierNormal", "XavierUniform", "Zeros", "elementwise", "fit",
    "from_dict", "is_training", "load_model", "load_optimizer", "load_torch_state", "random_numbers", "registered",
    "to_onnx", "torch_state", "training",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """A module that is loaded when it is asked for; or the error for a name that is not here, with the one meant.

    An ImportError where a text's word is known: `from layers import ReLu` would replace the message of any other.
    """
    if name in ("estimators", "plots", "testing"):
        # Modules with needs of their own: scikit-learn, matplotlib, hypothesis.
        return import_module(f"layers.{name}")
    hint = said_of(name)
    if hint:
        raise ImportError(f"layers has no {name}{hint}")
    meant = did_you_mean(name, __all__, "class")
    raise AttributeError(f"module 'layers' has no attribute {name!r}" + (f"; {meant}" if meant else ""))


watch_imports("layers", said_of)
