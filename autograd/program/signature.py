"""The arguments of a compiled function: which numbers in them may differ from call to call, and what is fixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd.errors import OperandError
from autograd.node import Node
from autograd.structures import Structure, as_array

__all__ = ["Signature", "sign"]


class Fixed:
    """A part of the arguments that is the same in every call of one signature."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Signature:
    """The form of the arguments of a call; `key` is the same for calls that one program may serve.

    Floats, arrays of numbers and nodes may differ from call to call. Anything else (ints, strings, flags, None) is
    fixed, and so are the lengths of lists, the keys of dicts and the shapes of arrays. `has_nodes` says whether there
    are nodes among the numbers of this call.
    """

    __slots__ = ("has_nodes", "key", "keywords", "template")

    def __init__(self, template: list[Any], keywords: dict[str, Any], key: Any, has_nodes: bool) -> None:
        self.template = template
        self.keywords = keywords
        self.key = key
        self.has_nodes = has_nodes

    def arguments(self, numbers: list[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments, by place and by name, with these numbers in them."""
        rest = iter(numbers)
        positional = [put_together(part, rest) for part in self.template]
        return positional, {name: put_together(part, rest) for name, part in self.keywords.items()}


def sign(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], Signature]:
    """The numbers in the arguments of a call, and its signature."""
    numbers: list[Any] = []
    keys: list[Any] = []
    template = [take(value, f"argument {place}", numbers, keys) for place, value in enumerate(args)]
    keywords = {name: take(kwargs[name], f"argument {name!r}", numbers, keys) for name in sorted(kwargs)}
    # What is taken from an array of numbers is known to be no node.
    has_nodes = "node" in keys
    return numbers, Signature(template, keywords, (len(args), tuple(keywords), tuple(without(keys))), has_nodes)


def without(keys: list[Any]) -> list[Any]:
    """The keys without the note that there are nodes."""
    return [key for key in keys if key != "node"] if "node" in keys else keys


def take(value: Any, what: str, numbers: list[Any], keys: list[Any]) -> Any:
    """The template of a value; its numbers and what is fixed in it are appended to the lists."""
    if type(value) is float:
        numbers.append(value)
        keys.append("number")
        return None
    if isinstance(value, Node):
        numbers.append(value)
        keys += ("node", "number")
        return None
    if isinstance(value, float):
        numbers.append(float(value))
        keys.append("number")
        return None
    if isinstance(value, list | tuple):
        keys.append((type(value), len(value)))
        parts = [take(item, f"{what}[{place}]", numbers, keys) for place, item in enumerate(value)]
        kind: Any = type(value)
        return (kind._make if hasattr(kind, "_make") else kind, parts)
    if isinstance(value, Mapping):
        keys.append((dict, tuple(value)))
        return (dict, {key: take(item, f"{what}[{key!r}]", numbers, keys) for key, item in value.items()})
    if hasattr(value, "dtype") and not isinstance(value, type):
        return take_array(value, what, numbers, keys)
    try:
        hash(value)
    except TypeError:
        raise OperandError(
            f"{what} of a compiled function must be numbers, arrays, lists, tuples or dicts of them, or something "
            f"that can be hashed and compared, got {type(value).__name__} {value!r:.60}"
        ) from None
    # 1 and True are equal, but not the same to a program.
    keys.append((type(value), value))
    return Fixed(value)


def take_array(value: Any, what: str, numbers: list[Any], keys: list[Any]) -> Any:
    """The template of an array or of a NumPy scalar."""
    import numpy

    if isinstance(value, numpy.generic):
        keys.append((type(value), value.item()))
        return Fixed(value)
    if value.dtype.kind in "fiu":
        numbers += value.ravel().astype(numpy.float64).tolist()
    elif value.dtype.kind == "O" and all([isinstance(item, Node | float | int) for item in value.flat]):
        numbers += [item if isinstance(item, Node) else float(item) for item in value.flat]
        keys.append("node")
    else:
        raise OperandError(f"{what} of a compiled function is an array of {value.dtype}; give one of numbers")
    keys.append(("array", value.shape))
    return Structure(None, [], shape=value.shape, is_array=True)


def put_together(part: Any, numbers: Any) -> Any:
    """The value of a template, with the next numbers in it."""
    if part is None:
        return next(numbers)
    if isinstance(part, Fixed):
        return part.value
    if isinstance(part, Structure):
        return as_array([next(numbers) for _ in range(part.size)], part.shape)
    kind, parts = part
    if kind is dict:
        return {key: put_together(item, numbers) for key, item in parts.items()}
    return kind([put_together(item, numbers) for item in parts])
