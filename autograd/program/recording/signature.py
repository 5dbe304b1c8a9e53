"""The arguments of a compiled function: numbers, which may differ from call to call, and fixed parts."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import OperandError
from autograd.graph.node import Node, Variable, value_of
from autograd.numbers.operands import way_to_plain
from autograd.program.recording.fixed_parts import key_of_fixed
from autograd.transforms.containers import Attribute, Kind, parts_of
from autograd.transforms.kinds import Whole, result_leaf, whole_of
from autograd.transforms.trees import Structure, fixed, flatten

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.transforms.trees import LEVELS

__all__ = ["Moving", "Signature", "merged", "on_variables", "sign", "sign_rows"]

# In a container of so many, numbers have one key for all, which is hashed and compared in each call.
MANY_NUMBERS = 64


class Unsuitable(Exception):
    """Something among the arguments is neither a number nor can it be fixed."""


class Moving:
    """An int, bool or array of them among the arguments which may differ from call to call, within `whole`.

    Rows of `vmap` are such. A plain int is fixed, and a plain array has bounds of its own.
    """

    __slots__ = ("value", "whole")

    def __init__(self, value: Any, whole: Whole) -> None:
        self.value = value
        self.whole = whole

    @property
    def shape(self) -> Any:
        """The shape of an array, None for a number."""
        return self.value.shape if is_array(self.value) else None

    def leaf(self) -> tuple[list[Any], Structure]:
        """Its numbers and structure, for `flatten`."""
        numbers = self.value.ravel().tolist() if is_array(self.value) else [self.value]
        shape = self.shape
        return [float(number) for number in numbers], Structure(
            None, [], shape=shape or (), is_array=shape is not None, whole=self.whole
        )


class Signature:
    """The form of the arguments of some calls, which one program may serve.

    Floats, arrays of numbers or bools and nodes may differ from call to call. Anything else (ints, strings, flags,
    None) is fixed, and so are the lengths of lists, the keys of dicts and the shapes of arrays.
    """

    __slots__ = ("keys", "structure")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        positional = [flatten(value, f"argument {place}", argument_leaf)[1] for place, value in enumerate(args)]
        named = [flatten(value, f"argument {name!r}", argument_leaf)[1] for name, value in kwargs.items()]
        self.structure = Structure(tuple, [Structure(tuple, positional), Structure(dict, named, list(kwargs))])
        # The key of each argument as it is now, by its place or name.
        self.keys = {place: sign((value,), {})[2] for place, value in (dict(enumerate(args)) | kwargs).items()}

    def arguments(self, numbers: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments, by place and by name, with these numbers in them."""
        return self.structure.build(numbers)  # type: ignore[no-any-return]

    def call(self, fun: Callable[..., Any], numbers: Sequence[Any], *rest: Any) -> Any:
        """Call a function with these numbers in its arguments, and with the `rest` behind them."""
        positional, keywords = self.arguments(numbers)
        return fun(*positional, *rest, **keywords)


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
            take(value, numbers, nodes, keys, 0)
            if stops is not None:
                stops.append(len(numbers))
        if kwargs:
            # In the order of the call, which a function sees that takes any: `**kwargs` is a dict.
            for name, value in kwargs.items():
                keys.append(name)
                take(value, numbers, nodes, keys, 0)
    except Unsuitable:
        # The signature knows where it is, and raises.
        Signature(args, kwargs)
        raise
    return numbers, nodes, tuple(keys)


def merged(numbers: Sequence[Any], nodes: dict[int, Node]) -> list[Any]:
    """The numbers, with the nodes at their places."""
    operands: list[Any] = list(numbers)
    for place, node in nodes.items():
        operands[place] = node
    return operands


def on_variables(fun: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], what: str) -> Any:
    """Run a function by Python on variables in place of plain numbers, so that `strict` looks at every operation.

    Results are plain numbers; nodes where there are nodes among the arguments.
    """
    numbers, nodes, _ = sign(args, kwargs)
    returned = Signature(args, kwargs).call(fun, merged([Variable(number) for number in numbers], nodes))
    if nodes:
        return returned
    results, structure = flatten(returned, what, result_leaf)
    return structure.build([value_of(result) for result in results])


def take(value: Any, numbers: array[float], nodes: dict[int, Node], keys: list[Any], level: int) -> None:
    """Append the numbers of a value, the nodes among them and its fixed parts, as `flatten` finds them.

    `keys` gets the types and sizes of containers as well, so that equal keys mean equal structures.
    """
    if type(value) is float or isinstance(value, float):
        append(numbers, value)
        keys.append(float)
    elif isinstance(value, Node):
        nodes[len(numbers)] = value
        append(numbers, value_of(value))
        keys.append(float)
    elif type(value) is list or type(value) is tuple:
        if level >= LEVELS:
            raise Unsuitable
        keys.append((type(value), len(value)))
        take_parts(value, numbers, nodes, keys, level)
    elif type(value) is int or type(value) is str or type(value) is bool or value is None:
        # The commonest of what is fixed; equal ones of one type are the same.
        keys.append((type(value), value))
    elif type(value) is dict:
        if level >= LEVELS:
            raise Unsuitable
        keys.append((dict, names_in(tuple(value))))
        take_parts(value.values(), numbers, nodes, keys, level)
    elif is_array(value):
        keys.append(take_array(value, numbers, nodes))
    elif (container := parts_of(value)) is not None:
        take_container(value, container, numbers, nodes, keys, level)
    elif is_floating(value):
        numbers.append(float(value))
        keys.append(float)
    elif isinstance(value, Moving):
        numbers.extend(value.leaf()[0])
        keys.append((value.whole, value.shape))
    else:
        try:
            hash(value)
        except (TypeError, ValueError):
            raise Unsuitable from None
        keys.append(key_of_fixed(value))


def take_parts(parts: Any, numbers: array[float], nodes: dict[int, Node], keys: list[Any], level: int) -> None:
    """Append what the parts of a container hold, as `take` does."""
    start = len(keys)
    for part in parts:
        if type(part) is float:
            # Without a call for each.
            append(numbers, part)
            keys.append(float)
        else:
            take(part, numbers, nodes, keys, level + 1)
    count = len(keys) - start
    if count >= MANY_NUMBERS:
        for place in range(start, start + count):
            if keys[place] is not float:
                return
        keys[start:] = [(float, count)]


def names_in(names: tuple[Any, ...]) -> tuple[Any, ...]:
    """The keys of the parts of a container, as they stand in a key."""
    for name in names:
        if type(name) is not str:
            # 1 and True are equal as keys, but not the same to a function.
            return tuple([name if type(name) in (str, Attribute) else key_of_fixed(name) for name in names])
    return names


def take_container(
    value: Any, container: Any, numbers: array[float], nodes: dict[int, Node], keys: list[Any], level: int
) -> None:
    """Append what a container holds that is no plain list, tuple or dict, as `take` does."""
    kind, names, parts = container
    if level >= LEVELS:
        raise Unsuitable
    if not isinstance(kind, Kind):
        keys.append((kind, len(parts)))
        take_parts(parts, numbers, nodes, keys, level)
        return
    if kind.is_unmade:
        raise Unsuitable
    count, known = len(numbers), len(keys)
    # The keys of items in a row follow from their number.
    named = names if kind.is_mapping else names[kind.count :]
    keys.append((kind.cls, len(parts), names_in(tuple(named))))
    if kind.rest is not None:
        keys.append(key_of_fixed(kind.rest))
    take_parts(parts, numbers, nodes, keys, level)
    if kind.has_fields and len(numbers) == count:
        # `flatten` lets it stay itself.
        del keys[known:]
        keys.append(key_of_fixed(value))


def take_array(value: Any, numbers: array[float], nodes: dict[int, Node]) -> Any:
    """Append the numbers of an array, and the nodes among them; its key: the shape, with the type of ints and bools."""
    if cython.compiled and take_doubles(value, numbers):
        return value.shape
    if type(value) is not _array_type and way_to_plain(value):
        raise Unsuitable
    kind = value.dtype
    if kind.char == "d" and kind.isnative:
        numbers.frombytes(value.tobytes())
    elif kind.kind == "f":
        numbers.frombytes(value.astype("d").tobytes())
    elif kind.kind in "iub":
        whole = whole_of(value)
        if whole is None:
            raise Unsuitable
        numbers.frombytes(value.astype("d").tobytes())
        return whole, value.shape
    elif holds_nodes_and_numbers(value):
        for item in value.flat:
            if isinstance(item, Node):
                nodes[len(numbers)] = item
            numbers.append(value_of(item))
    else:
        raise Unsuitable
    return value.shape


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


def take_rows(value: Any, numbers: array[float], keys: list[Any]) -> int:
    """The number of rows of an array of float64 in C order, whose first one is appended as `take` does; else 0."""
    if type(value) is not _array_type and not (is_array(value) and type(value) is _array_type):
        return 0
    count = 0
    if not cython.compiled:
        if value.dtype.char != "d" or not value.dtype.isnative or not value.flags.c_contiguous or value.ndim == 0:
            return 0
        if len(value):
            numbers.frombytes(value[:1].tobytes())
            count, axes = len(value), value.ndim
    else:
        try:
            PyObject_GetBuffer(value, cython.address(view), PyBUF_RECORDS_RO)  # type: ignore[name-defined]  # noqa: F821
        except (ValueError, BufferError):
            return 0
        axes = view.ndim  # type: ignore[name-defined]  # noqa: F821
        try:
            is_plain = view.format[0] == 100 and view.format[1] == 0 and axes > 0  # type: ignore[name-defined]  # noqa: F821
            if is_plain and PyBuffer_IsContiguous(cython.address(view), 67) and view.shape[0] > 0:  # type: ignore[name-defined]  # noqa: F821
                count = view.shape[0]  # type: ignore[name-defined]  # noqa: F821
                extend_buffer(numbers, cython.cast("char*", view.buf), view.len // 8 // count)  # type: ignore[name-defined]  # noqa: F821
        finally:
            PyBuffer_Release(cython.address(view))  # type: ignore[name-defined]  # noqa: F821
    if count:
        keys.append(float if axes == 1 else value.shape[1:])
    return count


def sign_rows(args: tuple[Any, ...], mapped: Any, numbers: array[float], keys: list[Any]) -> int:
    """The number of rows, if the arguments that have rows are arrays that `take_rows` takes, without nodes; else 0.

    `numbers` gets those of the first row, and `keys` what `sign` would make of it. `mapped` says which arguments have
    rows, None stands for all.
    """
    count = 0
    nodes: dict[int, Node] = {}
    keys.append(len(args))
    for place, value in enumerate(args):
        if mapped is None or mapped[place]:
            rows = take_rows(value, numbers, keys)
            if rows == 0 or (count and rows != count):
                return 0
            count = rows
        else:
            try:
                take(value, numbers, nodes, keys, 0)
            except Unsuitable:
                return 0
    return 0 if nodes else count


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
    # Asked of the class: an object may answer for attributes that it has not, or raise.
    if not hasattr(type(value), "dtype"):
        return False
    import numpy

    _array_type = numpy.ndarray
    return isinstance(value, numpy.ndarray)


def holds_nodes_and_numbers(value: Any) -> bool:
    """Whether an array is of objects that are all nodes and numbers."""
    return value.dtype.kind == "O" and all([isinstance(item, Node | float | int) for item in value.flat])


def is_floating(value: Any) -> bool:
    """Whether it is a floating-point scalar of NumPy's."""
    if not hasattr(type(value), "dtype"):
        return False
    import numpy

    return isinstance(value, numpy.floating)


def argument_leaf(value: Any, what: str) -> tuple[list[Any], Structure] | None:
    """A fixed part of the arguments as a leaf without numbers, arrays of ints and bools as such; None for the rest."""
    if isinstance(value, float) or is_floating(value):
        return None
    if isinstance(value, Moving):
        return value.leaf()
    if is_array(value):
        way = way_to_plain(value)
        if way:
            raise OperandError(f"{what} of a compiled function is a {type(value).__name__}, and {way}")
        if value.dtype.kind in "iub":
            whole = whole_of(value)
            if whole is None:
                raise OperandError(
                    f"{what} of a compiled function has ints beyond 2**53, which its doubles can't hold; give floats, "
                    f"or close over the array"
                )
            return Moving(value, whole).leaf()
        if value.dtype.kind == "f" or holds_nodes_and_numbers(value):
            return None
        raise OperandError(f"{what} of a compiled function is an array of {value.dtype}; give one of numbers")
    try:
        hash(value)
    except (TypeError, ValueError):
        raise OperandError(
            f"{what} of a compiled function must be numbers, arrays, lists, tuples or dicts of them, or something "
            f"that can be hashed and compared, got {type(value).__name__} {value!r:.60}"
        ) from None
    return fixed(value)
