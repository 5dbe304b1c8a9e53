"""Nested lists, tuples, dicts and arrays: the numbers and the nodes in them, and where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autograd import Node, Variable
from autograd.numbers.operands import number_or_none

__all__ = ["collect_nodes", "leaves_of", "with_variables"]


def with_variables(given: Any, name: str) -> Any:
    """The argument with a named variable in place of each number."""
    if isinstance(given, Node | bool | str | bytes) or given is None:
        return given
    if isinstance(given, dict):
        return {key: with_variables(value, f"{name}.{key}") for key, value in given.items()}
    if isinstance(given, list | tuple):
        parts = [with_variables(value, f"{name}[{place}]") for place, value in enumerate(given)]
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


def collect_nodes(result: Any, found: list[Node]) -> None:
    """Put every node in a nested result into the list."""
    if isinstance(result, Node):
        found.append(result)
    elif isinstance(result, dict):
        for value in result.values():
            collect_nodes(value, found)
    elif isinstance(result, list | tuple) or (hasattr(result, "flat") and hasattr(result, "ndim")):
        for value in getattr(result, "flat", result):
            collect_nodes(value, found)
