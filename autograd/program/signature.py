"""The arguments of a compiled function: which numbers in them may differ from call to call, and what is fixed."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd.errors import OperandError
from autograd.graph.node import Node, Variable, value_of
from autograd.transforms.structures import Structure, as_array, flatten

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["Signature", "on_variables", "sign", "with_nodes"]


class Fixed:
    """A part of the arguments that is the same in every call of one signature."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Unsuitable(Exception):
    """Something among the arguments is neither a number nor can it be fixed."""


class Signature:
    """The form of the arguments of some calls, which one program may serve.

    Floats, arrays of numbers and nodes may differ from call to call. Anything else (ints, strings, flags, None) is
    fixed, and so are the lengths of lists, the keys of dicts and the shapes of arrays.
    """

    __slots__ = ("keywords", "template")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.template = [template_of(value, f"argument {place}") for place, value in enumerate(args)]
        self.keywords = {name: template_of(kwargs[name], f"argument {name!r}") for name in sorted(kwargs)}

    def arguments(self, numbers: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments, by place and by name, with these numbers in them."""
        rest = iter(numbers)
        positional = [put_together(part, rest) for part in self.template]
        return positional, {name: put_together(part, rest) for name, part in self.keywords.items()}


def sign(
    args: tuple[Any, ...], kwargs: dict[str, Any], stops: list[int] | None = None
) -> tuple[array[float], dict[int, Node], Any]:
    """The numbers in the arguments of a call, the nodes among them by their place, and a key.

    The key is the same for calls of the same signature. `stops` gets, for each argument by place, how many numbers
    there are up to its end. This runs in every call: it takes apart, and makes nothing.
    """
    numbers = array("d")
    nodes: dict[int, Node] = {}
    keys: list[Any] = [len(args)]
    try:
        for value in args:
            take(value, numbers, nodes, keys)
            if stops is not None:
                stops.append(len(numbers))
        if kwargs:
            for name in sorted(kwargs):
                keys.append(name)
                take(kwargs[name], numbers, nodes, keys)
    except Unsuitable:
        # The template's maker knows where it is, and raises.
        Signature(args, kwargs)
        raise
    return numbers, nodes, tuple(keys)


def with_nodes(numbers: Sequence[float], nodes: dict[int, Node]) -> list[Any]:
    """The numbers, with the nodes at their places."""
    merged: list[Any] = list(numbers)
    for place, node in nodes.items():
        merged[place] = node
    return merged


def on_variables(fun: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], what: str) -> Any:
    """What a function returns for these arguments, run by Python on variables of their values, as plain numbers.

    So that `strict` looks at every operation. Where there are nodes among the arguments, nodes are returned.
    """
    numbers, nodes, _ = sign(args, kwargs)
    operands: list[Any] = [nodes[place] if place in nodes else Variable(number) for place, number in enumerate(numbers)]
    positional, keywords = Signature(args, kwargs).arguments(operands)
    returned = fun(*positional, **keywords)
    if nodes:
        return returned
    results, structure = flatten(returned, what)
    return structure.build([value_of(result) for result in results])


def take(value: Any, numbers: array[float], nodes: dict[int, Node], keys: list[Any]) -> None:
    """Append the numbers of a value, the nodes among them and what is fixed in it."""
    if type(value) is float or isinstance(value, float):
        append(numbers, value)
        keys.append(float)
    elif isinstance(value, Node):
        nodes[len(numbers)] = value
        append(numbers, value_of(value))
        keys.append(float)
    elif isinstance(value, list | tuple):
        keys.append((type(value), len(value)))
        for item in value:
            take(item, numbers, nodes, keys)
    elif is_array(value):
        take_array(value, numbers, nodes)
        keys.append(value.shape)
    elif isinstance(value, Mapping):
        keys.append((dict, tuple(value)))
        for item in value.values():
            take(item, numbers, nodes, keys)
    elif is_floating(value):
        numbers.append(float(value))
        keys.append(float)
    else:
        try:
            hash(value)
        except TypeError:
            raise Unsuitable from None
        # 1 and True are equal, but not the same to a program.
        keys.append((type(value), value))


def take_array(value: Any, numbers: array[float], nodes: dict[int, Node]) -> None:
    """Append the numbers of an array, and the nodes among them."""
    if cython.compiled and take_doubles(value, numbers):
        return
    kind = value.dtype
    if kind.char == "d" and kind.isnative:
        numbers.frombytes(value.tobytes())
    elif kind.kind in "fiu":
        numbers.frombytes(value.astype("d").tobytes())
    elif kind.kind == "O" and all([isinstance(item, Node | float | int) for item in value.flat]):
        for item in value.flat:
            if isinstance(item, Node):
                nodes[len(numbers)] = item
            numbers.append(value_of(item))
    else:
        raise Unsuitable


def take_doubles(value: Any, numbers: array[float]) -> bool:
    """Append the numbers of an array of float64 in their order in memory, if it is one; only compiled."""
    if type(value) is not _array_type:
        return False
    try:
        PyObject_GetBuffer(value, cython.address(view), PyBUF_RECORDS_RO)  # type: ignore[name-defined]  # noqa: F821
    except (ValueError, BufferError):
        # Of dates and the like.
        return False
    try:
        is_plain = view.format[0] == 100 and view.format[1] == 0  # type: ignore[name-defined]  # noqa: F821 - "d"
        is_plain = is_plain and PyBuffer_IsContiguous(cython.address(view), 67)  # type: ignore[name-defined]  # noqa: F821 - "C"
        if is_plain:
            extend_buffer(numbers, cython.cast("char*", view.buf), view.len // 8)  # type: ignore[name-defined]  # noqa: F821
    finally:
        PyBuffer_Release(cython.address(view))  # type: ignore[name-defined]  # noqa: F821
    return bool(is_plain)


def append(numbers: array[float], number: float) -> None:
    """Append a number to an array of doubles."""
    if cython.compiled:
        count = len(numbers)
        resize_smart(numbers, count + 1)  # type: ignore[name-defined]  # noqa: F821
        numbers.data.as_doubles[count] = number  # type: ignore[attr-defined]
    else:
        numbers.append(number)


# NumPy's type of arrays, once one was met: an import takes as long as all else that is asked of an argument.
_array_type: Any = None


def is_array(value: Any) -> bool:
    """Whether it is a NumPy array; its scalars are none."""
    global _array_type
    if type(value) is _array_type:
        return True
    if not hasattr(value, "dtype"):
        return False
    import numpy

    _array_type = numpy.ndarray
    return isinstance(value, numpy.ndarray)


def is_floating(value: Any) -> bool:
    """Whether it is a floating-point scalar of NumPy's."""
    if not hasattr(value, "dtype"):
        return False
    import numpy

    return isinstance(value, numpy.floating)


def template_of(value: Any, what: str) -> Any:
    """The template of a value: None for a number, and what the rest is made of."""
    if isinstance(value, float | Node) or is_floating(value):
        return None
    if is_array(value):
        if value.dtype.kind not in "fiu" and not (
            value.dtype.kind == "O" and all([isinstance(item, Node | float | int) for item in value.flat])
        ):
            raise OperandError(f"{what} of a compiled function is an array of {value.dtype}; give one of numbers")
        return Structure(None, [], shape=value.shape, is_array=True)
    if isinstance(value, list | tuple):
        kind: Any = type(value)
        parts = [template_of(item, f"{what}[{place}]") for place, item in enumerate(value)]
        return (kind._make if hasattr(kind, "_make") else kind, parts)
    if isinstance(value, Mapping):
        return (dict, {key: template_of(item, f"{what}[{key!r}]") for key, item in value.items()})
    try:
        hash(value)
    except TypeError:
        raise OperandError(
            f"{what} of a compiled function must be numbers, arrays, lists, tuples or dicts of them, or something "
            f"that can be hashed and compared, got {type(value).__name__} {value!r:.60}"
        ) from None
    return Fixed(value)


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
