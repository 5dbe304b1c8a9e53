"""The state of a model's layers besides its parameters: whether a run changes it, and whether someone else has.

A program is recorded once. A layer that draws its numbers itself, or counts its calls, would be frozen in it: such a
model is run by Python. A setting that was changed after the recording, as by a callback, is recorded anew.
"""

from __future__ import annotations

import random
import types
from collections.abc import Iterator
from typing import Any

from autograd.numbers.operands import numpy_if_imported
from autograd.program.recording.fixed_parts import key_of_fixed
from autograd.program.recording.outside import is_ours, variables_of
from layers.base import Layer
from layers.parameters.parameter import Parameter

__all__ = ["all_layers", "foreign", "state_of"]

# What a layer holds for itself, and what changes in each forward pass.
OWN = ("_given", "_values", "_upstream", "name", "given_name")


def all_layers(*roots: Layer | None) -> list[Layer]:
    """The layers and those that they hold, each once."""
    found: dict[int, Layer] = {}
    pending: list[Any] = [root for root in roots if root is not None][::-1]
    while pending:
        part = pending.pop()
        if isinstance(part, Layer):
            if id(part) not in found:
                found[id(part)] = part
                pending += list(vars(part).values())[::-1]
        elif isinstance(part, list | tuple):
            pending += list(part)[::-1]
        elif isinstance(part, dict):
            pending += list(part.values())[::-1]
    return list(found.values())


def foreign(layers: list[Layer]) -> list[Layer]:
    """The layers that are not of this package, or hold functions that are not."""
    return [
        layer
        for layer in layers
        if not is_ours(type(layer).__module__)
        or any(
            [isinstance(value, types.FunctionType) and not is_ours(value.__module__) for value in vars(layer).values()]
        )
    ]


def state_of(layers: list[Layer], strangers: list[Layer]) -> tuple[Any, ...]:
    """A key of the settings of all layers, and of all that the strangers among them can reach and change."""
    found: list[Any] = [settings_of(layer) for layer in layers]
    if strangers:
        found += [random.getstate(), *[reached(layer) for layer in strangers]]
        numpy = numpy_if_imported()
        if numpy is not None:
            found.append(state_of_generator(numpy.random.mtrand._rand))
    return tuple(found)


def settings_of(layer: Layer) -> Any:
    """A key of the attributes of a layer but for parameters and other layers."""
    return tuple(
        [(name, key_of(value)) for name, value in vars(layer).items() if name not in OWN and not is_part(value)]
    )


def is_part(value: Any) -> bool:
    """Whether an attribute is a parameter or a layer, or a list or dict of such."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return bool(value) and all([is_part(item) for item in value])
    return isinstance(value, Parameter | Layer)


def key_of(value: Any) -> Any:
    """A key of a value: that of its state if it is a generator of random numbers, else of what it holds."""
    state = state_of_generator(value)
    return key_of_fixed(value) if state is None else state


def state_of_generator(value: Any) -> Any:
    """The state of a generator of random numbers, Python's or NumPy's, as a text; None for other values."""
    if isinstance(value, random.Random):
        return value.getstate()
    numpy = numpy_if_imported()
    if numpy is None or not isinstance(value, numpy.random.Generator | numpy.random.RandomState):
        return None
    state = value.bit_generator.state if isinstance(value, numpy.random.Generator) else value.get_state(legacy=False)
    with numpy.printoptions(threshold=10**6):
        return repr(state)


def reached(layer: Layer) -> Any:
    """A key of the variables that the methods of a layer, and the functions that it holds, use from outside."""
    functions = [
        value for kind in type(layer).__mro__ if not is_ours(kind.__module__) for value in vars(kind).values()
    ] + list(vars(layer).values())
    met: set[int] = set()
    return tuple([key for function in functions for key in outside(function, met)])


def outside(function: Any, met: set[int]) -> Iterator[Any]:
    """Keys of the variables that a function, and the functions it calls, use from outside."""
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType) or id(function) in met or is_ours(function.__module__):
        return
    met.add(id(function))
    for variable in variables_of(function, []):
        value = variable.old
        if isinstance(value, types.FunctionType | types.MethodType):
            yield from outside(value, met)
        elif not isinstance(value, type | Layer) and not is_ours(type(value).__module__):
            yield variable.names, key_of(value)
