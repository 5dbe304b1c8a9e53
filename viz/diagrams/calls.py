"""Calls of functions and layers: the nodes that they return, computed from named variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd import Node, Variable
from autograd.numbers.operands import number_or_none
from autograd.signatures import check_arguments, known_signature
from autograd.transforms.containers import Attribute, is_mapping
from autograd.transforms.trees import bracketed, fixed, flatten

__all__ = ["dotted", "nodes_of_call", "parameter_names"]


def nodes_of_call(function: Callable[..., Any], arguments: Sequence[Any]) -> tuple[list[Node], list[Node]]:
    """The nodes that a function returns for these arguments, and those it was given: each number became a variable.

    The variables have the names of the function's parameters, the elements of an array names such as `x[0,1]`. Nodes
    and arguments without numbers are passed on as they are.

    >>> outputs, inputs = nodes_of_call(lambda x, y: x, [1.0, 2.0])
    >>> [node.name for node in outputs], [node.name for node in inputs]
    (['x'], ['x', 'y'])
    """
    name = getattr(function, "__name__", type(function).__name__)
    check_arguments(function, arguments, f"draw({name}, ...)")
    names = parameter_names(function, len(arguments))
    given = [with_variables(argument, name) for argument, name in zip(arguments, names, strict=True)]
    # A layer names the elements of its arrays, which takes time, only for pictures.
    call = function.with_names if hasattr(type(function), "with_names") else function  # type: ignore[attr-defined]
    found = [leaf for leaf in flatten(call(*given), "the result", number_leaf)[0] if isinstance(leaf, Node)]
    if not found:
        raise TypeError(
            f"draw shows how the result of {name} is computed, but it returned no node: the result does not depend on "
            f"the arguments, or their numbers were taken out (.value, no_grad)"
        )
    inputs = [leaf for one in given for leaf in flatten(one, "an input", number_leaf)[0] if isinstance(leaf, Node)]
    return list({id(node): node for node in found}.values()), inputs


def with_variables(argument: Any, name: str) -> Any:
    """The argument with a named variable in place of each number."""
    numbers, structure = flatten(argument, name, number_leaf)
    pairs = zip(numbers, structure.paths(name, dotted), strict=True)
    return structure.build(
        [number if isinstance(number, Node) else Variable(number, name=path) for number, path in pairs]
    )


def number_leaf(value: Any, what: str) -> Any:
    """Anything but numbers and arrays of them as a leaf of its own, for `flatten`."""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    is_number = kind in "fiuO" if kind else number_or_none(value) is not None and not isinstance(value, bool)
    return None if is_number else fixed(value)


def dotted(kind: Any, key: Any) -> str:
    """The index of a part of a container, as pictures write it behind a name: `.key`, `[0]`, of an array `[0,1]`."""
    named = is_mapping(kind) and not isinstance(key, Attribute)
    return f".{key}" if named else bracketed(kind, key).replace(", ", ",")


def parameter_names(function: Callable[..., Any], count: int) -> list[str]:
    """The names of a function's first parameters; of a layer those of its inputs."""
    inputs = getattr(function, "inputs", None)
    if isinstance(inputs, tuple) and len(inputs) == count and all(isinstance(name, str) for name in inputs):
        return list(inputs)
    known = known_signature(function)
    parameters = list(known.parameters.values()) if known else []
    names = [one.name for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)][:count]
    rest = next((one.name for one in parameters if one.kind == one.VAR_POSITIONAL), "x")
    return names + [f"{rest}[{number}]" for number in range(count - len(names))]
