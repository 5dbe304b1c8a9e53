"""What a layer, a model or a function makes of inputs, as nodes to draw."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeGuard

from autograd import Node, Variable
from layers import Layer
from layers.arrays import as_input, is_array, singles

__all__ = ["applied", "is_applicable"]


def is_applicable(what: Any) -> TypeGuard[Callable[..., Any]]:
    """Whether inputs can be given to it: a layer, or a function that is written in Python."""
    return isinstance(what, Layer) or inspect.isfunction(what) or inspect.ismethod(what)


def applied(function: Callable[..., Any], inputs: tuple[Any, ...]) -> list[Node]:
    """The nodes of `function(*inputs)`, numbers among the inputs being variables that are named after their place.

    >>> [node.name for node in applied(lambda x, y: [x, y], (2.0, [3.0, 4.0]))]
    ['x', 'y[0]', 'y[1]']
    """
    names = _names(function, len(inputs))
    result = function(*[_named(name, as_input(name, value)) for name, value in zip(names, inputs, strict=True)])
    nodes = [single for single in _results(result) if isinstance(single, Node)]
    if not nodes:
        raise TypeError(f"draw shows nodes, and {_called(function)} gave none: {result!r:.60}")
    return nodes


def _called(function: Callable[..., Any]) -> str:
    return function.name if isinstance(function, Layer) else getattr(function, "__name__", repr(function))


def _names(function: Callable[..., Any], count: int) -> list[str]:
    """The names of the inputs, if the function takes as many."""
    parameters = inspect.signature(function).parameters.values()
    if isinstance(function, Layer):
        names = list(function.inputs)
    elif any([parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters]):
        names = [f"x{place}" for place in range(count)]
    else:
        names = [one.name for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    if len(names) < count or (isinstance(function, Layer) and len(names) != count):
        raise TypeError(f"{_called(function)} takes {len(names)} inputs ({', '.join(names)}), draw was given {count}")
    return names[:count]


def _named(name: str, value: Any) -> Any:
    """The input with a Variable in place of each number."""
    if not is_array(value):
        return value if isinstance(value, Node) else Variable(value, name=name)
    import numpy

    result: Any = numpy.empty(value.shape, dtype=object)
    for place, single in numpy.ndenumerate(value):
        here = f"{name}[{','.join(map(str, place))}]"
        result[place] = single if isinstance(single, Node) else Variable(single, name=here)
    return result


def _results(result: Any) -> list[Any]:
    """The singles of a result."""
    if isinstance(result, list | tuple):
        return [single for item in result for single in _results(item)]
    return list(singles(result)) if isinstance(result, Node) or hasattr(result, "flat") else [result]
