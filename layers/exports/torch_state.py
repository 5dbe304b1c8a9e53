"""Parameters as PyTorch's modules name and shape them in a `state_dict`: arrays, without PyTorch.

Each array of PyTorch's is described once, by the parts of it that are our parameters; it is written and read by them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from layers.base import Layer
from layers.dense import Dense, Neuron, NeuronLayer
from layers.errors import InputError, StateError
from layers.model import Sequential
from layers.parameters.parameter import Parameter
from layers.saving.weights import check_state, read_state
from layers.transformer import CausalSelfAttention

__all__ = ["load_torch_state", "torch_state"]

PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl")

Part = tuple[Parameter, Callable[[Any], Any]]


class Stored(NamedTuple):
    """An array of a `state_dict`: its name, its shape, and the views of it that have the shapes of parameters."""

    name: str
    shape: tuple[int | None, ...]
    parts: Sequence[Part]


def torch_state(layer: Layer) -> dict[str, Any]:
    """The parameters as arrays of float64, with the names and shapes of PyTorch's `state_dict()`.

    layer: a model or a layer, whose sizes are known.

    A `Dense` or `NeuronLayer` is a `torch.nn.Linear`, whose weight is (outputs, inputs), a `Sequential` a
    `torch.nn.Sequential`, in which an activation of a `Dense` has a place of its own: so its layers are "0", "2", ....
    A layer with a name of its own goes by that, as an attribute of a module does. `CausalSelfAttention` is a
    `torch.nn.MultiheadAttention`; all others keep their names and shapes, which are PyTorch's.

    Raises SizeError while a size is open.

    >>> from layers import Dense, Sequential
    >>> model = Sequential(Dense(2, 16, "relu"), Dense(16, 1))
    >>> {name: array.shape for name, array in torch_state(model).items()}
    {'0.weight': (16, 2), '0.bias': (16,), '2.weight': (1, 16), '2.bias': (1,)}
    """
    import numpy

    state = {}
    for stored in stored_in(layer):
        values = [parameter.values for parameter, _ in stored.parts]
        state[stored.name] = array = numpy.empty([length or 0 for length in stored.shape])
        for (_, part), one in zip(stored.parts, values, strict=True):
            part(array)[...] = one
    return state


def load_torch_state(layer: Layer, state: Mapping[str, Any] | str | os.PathLike[str]) -> None:
    """Give the parameters the values of a `state_dict` of PyTorch's.

    state: arrays or tensors by PyTorch's names, as `torch_state` has them, or a file of them: .safetensors or .npz.
        Files of `torch.save` are pickles, which can run anything, and are not read.

    Raises StateError for other names and shapes, for values that are not finite, and for a parameter that the state has
    twice with different values; nothing is then changed.

    >>> import numpy as np
    >>> from layers import Dense
    >>> dense = Dense(None, 1)
    >>> load_torch_state(dense, {"weight": np.array([[1.0, 2.0]]), "bias": np.array([3.0])})
    >>> dense.weight.values.tolist(), dense.bias.values.tolist()
    ([[1.0], [2.0]], [3.0])
    """
    import numpy

    described = list(stored_in(layer))
    shapes = {stored.name: stored.shape for stored in described}
    if isinstance(state, str | os.PathLike):
        path = os.fspath(state)
        if path.lower().endswith(PICKLES):
            raise StateError(
                f"{layer.shown}: {path!r:.80} is a pickle of PyTorch's, which can run anything and is not read; write "
                f'safetensors.torch.save_file(model.state_dict(), "weights.safetensors") there and load that'
            )
        arrays = read_state(path, shapes, what=layer.shown, strict=True)
    else:
        given: Any = state
        if isinstance(state, Mapping):
            given = {name: plain_array(value) for name, value in state.items()}
        arrays = check_state(layer.shown, given, shapes, strict=True)
    own = {parameter: name for name, parameter in layer.named_parameters().items()}
    found: dict[str, Any] = {}
    for stored in described:
        for parameter, part in stored.parts:
            values: Any = part(arrays[stored.name])
            known = found.setdefault(own[parameter], values)
            if not numpy.array_equal(known, values):
                raise StateError(
                    f"{layer.shown}: {stored.name} and an array before it are one parameter here, {own[parameter]}, "
                    f"but the state has different values for them"
                )
    layer.load_state_dict(found)


def plain_array(value: Any) -> Any:
    """A tensor as an array: from any device, of any type of numbers, whether it is learned or not."""
    return value.detach().cpu().double().numpy() if hasattr(value, "detach") else value


def stored_in(layer: Layer, prefix: str = "") -> Iterator[Stored]:
    """The arrays of a layer, in PyTorch's order. Raises InputError for what is no layer."""
    if not isinstance(layer, Layer):
        raise InputError(f"models and layers have a state, got {type(layer).__name__} {layer!r:.60}")
    if isinstance(layer, Sequential):
        yield from stored_in_sequence(layer, prefix)
    elif isinstance(layer, Dense):
        n_in, n_out = layer.weight.shape
        yield Stored(f"{prefix}weight", (n_out, n_in), [(layer.weight, lambda array: array.T)])
        if layer.bias is not None:
            yield Stored(f"{prefix}bias", (n_out,), [(layer.bias, lambda array: array)])
    elif isinstance(layer, NeuronLayer | Neuron):
        neurons = layer.neuron if isinstance(layer, NeuronLayer) else [layer]
        weights = [(one.weight, lambda array, row=row: array[row]) for row, one in enumerate(neurons)]
        yield Stored(f"{prefix}weight", (len(neurons), layer.n_in), weights)
        biases = [
            (one.bias, lambda array, row=row: array[row, ...])
            for row, one in enumerate(neurons)
            if one.bias is not None
        ]
        if biases:
            yield Stored(f"{prefix}bias", (len(neurons),), biases)
    elif isinstance(layer, CausalSelfAttention):
        yield from stored_in_attention(layer, prefix)
    else:
        for name, value in vars(layer).items():
            if isinstance(value, Parameter):
                yield Stored(f"{prefix}{name}", value.shape, [(value, lambda array: array)])
        for name, inner in layer.named_layers():
            yield from stored_in(inner, f"{prefix}{name}.")


def stored_in_sequence(model: Sequential, prefix: str) -> Iterator[Stored]:
    """The arrays of layers one after the other, each named by its place among PyTorch's modules, or by its name."""
    place = 0
    for layer in model.layers:
        yield from stored_in(layer, f"{prefix}{layer.given_name or place}.")
        place += 1
        activation = dict(layer.named_layers()).get("activation") if isinstance(layer, WEIGHTED) else None
        if activation is not None and activation.kind != "identity":
            yield from stored_in(activation, f"{prefix}{place}.")
            place += 1


WEIGHTED = (Dense, Neuron, NeuronLayer)


def stored_in_attention(layer: CausalSelfAttention, prefix: str) -> Iterator[Stored]:
    """The arrays of a `torch.nn.MultiheadAttention`, which has queries, keys and values in one."""
    count = layer.n_in
    inner = (layer.query, layer.key, layer.value)
    rows = [slice(place * count, (place + 1) * count) for place in range(3)]
    weights = [(one.weight, lambda array, own=own: array[own].T) for one, own in zip(inner, rows, strict=True)]
    biases = [
        (one.bias, lambda array, own=own: array[own])
        for one, own in zip(inner, rows, strict=True)
        if one.bias is not None
    ]
    yield Stored(f"{prefix}in_proj_weight", (3 * count, count), weights)
    if biases:
        yield Stored(f"{prefix}in_proj_bias", (3 * count,), biases)
    yield from stored_in(layer.projection, f"{prefix}out_proj.")
