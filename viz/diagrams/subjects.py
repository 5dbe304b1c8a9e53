"""What a picture can be of: nodes, arrays of nodes, or the call of a function or a layer."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from autograd import Node, Variable
from autograd.numbers.operands import number_or_none
from viz.labels import pretty

__all__ = ["called", "layers_of", "leaves_of", "nodes_in", "parameters_of", "title_of"]


def nodes_in(what: str, given: Any) -> list[Node]:
    """The nodes that were given, each once."""
    if isinstance(given, Node):
        return [given]
    if isinstance(given, str | bytes | dict | set | frozenset) or not hasattr(given, "__iter__"):
        raise TypeError(f"{what} takes a node or a sequence of nodes, got {type(given).__name__}: {given!r:.60}")
    # An array of nodes, of any number of dimensions, has them in `flat`.
    nodes = list(getattr(given, "flat", given))
    for node in nodes:
        if not isinstance(node, Node):
            raise TypeError(f"{what} takes nodes, got {type(node).__name__} among them: {node!r:.60}")
    if not nodes:
        raise ValueError(f"{what} takes one node or more, got none")
    # By identity: nodes are equal if their values are.
    return list({id(node): node for node in nodes}.values())


def called(function: Callable[..., Any], arguments: Sequence[Any]) -> list[Node]:
    """The nodes that a function returns for these arguments, in which each number has become a variable.

    The variables are called as the function's parameters are, the elements of an array `x[0,1]`. Nodes and what
    holds no numbers are handed over as they are.

    >>> [node.name for node in called(lambda x, y: x, [1.0, 2.0])]
    ['x']
    """
    _check_arguments(function, arguments)
    names = parameters_of(function, len(arguments))
    given = [_with_variables(argument, name) for argument, name in zip(arguments, names, strict=True)]
    found: list[Node] = []
    _collect(function(*given), found)
    if not found:
        name = getattr(function, "__name__", type(function).__name__)
        raise TypeError(f"draw shows how the result of {name} is computed, but no node is in what it returned")
    return list({id(node): node for node in found}.values())


def _check_arguments(function: Callable[..., Any], arguments: Sequence[Any]) -> None:
    """Raise TypeError if a function can't be called like this; what can't be asked is left to the call."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*arguments)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise TypeError(
            f"draw({name}, ...) takes the arguments of {name}{signature}, by position; got {len(arguments)}: {error}"
        ) from None


def parameters_of(function: Callable[..., Any], count: int) -> list[str]:
    """The names of a function's first parameters; of a layer those of its inputs."""
    inputs = getattr(function, "inputs", None)
    if isinstance(inputs, tuple) and len(inputs) == count and all(isinstance(name, str) for name in inputs):
        return list(inputs)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [one.name for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)][:count]
    rest = next((one.name for one in parameters if one.kind == one.VAR_POSITIONAL), "x")
    return names + [f"{rest}[{number}]" for number in range(count - len(names))]


def _with_variables(given: Any, name: str) -> Any:
    """The argument with a named variable in place of each number."""
    if isinstance(given, Node | bool | str | bytes) or given is None:
        return given
    if isinstance(given, dict):
        return {key: _with_variables(value, f"{name}.{key}") for key, value in given.items()}
    if isinstance(given, list | tuple):
        parts = [_with_variables(value, f"{name}[{place}]") for place, value in enumerate(given)]
        if isinstance(given, tuple):
            return type(given)(*parts) if hasattr(given, "_fields") else tuple(parts)
        return parts
    if hasattr(given, "ndim") and hasattr(given, "flat") and given.ndim > 0:
        array = given.astype(object)
        if given.dtype.kind in "fiu":
            import numpy

            for index in numpy.ndindex(given.shape):
                array[index] = Variable(float(given[index]), name=f"{name}[{','.join(map(str, index))}]")
        return array
    number = number_or_none(given)
    return given if number is None else Variable(number, name=name)


def leaves_of(given: Any, name: str) -> Iterator[tuple[str, Any]]:
    """What is in nested lists, tuples, dicts and arrays, each with the name that says where.

    >>> list(leaves_of({"w": [1.0, (2.0, 3.0)]}, "p"))
    [('p.w[0]', 1.0), ('p.w[1][0]', 2.0), ('p.w[1][1]', 3.0)]
    """
    # Arguments are nested as deep as a person writes them.
    if isinstance(given, Mapping):
        for key, value in given.items():
            yield from leaves_of(value, f"{name}.{key}")
    elif isinstance(given, list | tuple):
        for place, value in enumerate(given):
            yield from leaves_of(value, f"{name}[{place}]")
    elif getattr(given, "ndim", 0) > 0:
        import numpy

        for index in numpy.ndindex(given.shape):
            yield f"{name}[{','.join(map(str, index))}]", given[index]
    else:
        yield name, given


def _collect(result: Any, found: list[Node]) -> None:
    """Put every node in a nested result into the list."""
    if isinstance(result, Node):
        found.append(result)
    elif isinstance(result, dict):
        for value in result.values():
            _collect(value, found)
    elif isinstance(result, list | tuple) or (hasattr(result, "flat") and hasattr(result, "ndim")):
        for value in getattr(result, "flat", result):
            _collect(value, found)


def title_of(outputs: Sequence[Node], function: Any = None) -> str:
    """What the picture is of: the names of the outputs, or else of the function or the layer that was called."""
    names = [pretty(node.name) for node in outputs if node.name is not None]
    if not names:
        name = getattr(function, "__name__", None) or getattr(function, "name", None)
        return name if isinstance(name, str) and name not in ("", "<lambda>") else "a computation"
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


def layers_of(graph: Sequence[Node]) -> tuple[Counter[str | None], Counter[str | None]]:
    """How many nodes were made in the outermost layers of each name, and how many calls of them there were."""
    made = Counter([None if (scope := node.scope) is None else scope.serial for node in graph if node.op is not None])
    scopes = {scope.serial: scope for node in graph if (scope := node.scope) is not None}
    layers: Counter[str | None] = Counter()
    calls: dict[int, str | None] = {}
    for serial, count in made.items():
        scope = None if serial is None else scopes[serial]
        while scope is not None and scope.parent is not None:
            scope = scope.parent
        layers[None if scope is None else scope.label] += count
        if scope is not None:
            calls[scope.serial] = scope.label
    return layers, Counter(calls.values())
