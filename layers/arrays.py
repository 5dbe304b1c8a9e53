"""Inputs of layers, single numbers and arrays of them alike: their checks, and the operations that combine them.

A *single* is a node or a float. An array is a NumPy array of dtype object that holds singles. NumPy is
imported only where there is an array.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd import Node
from autograd.numbers.operands import number_or_none, way_to_plain
from layers.errors import InputError, LayerError, ShapeError
from layers.reductions import inner_product, total
from layers.results import Gradients

__all__ = [
    "FEW_ELEMENTS", "along_last_axis", "as_input", "check_real", "checked_bias", "element_names", "elementwise",
    "handed", "is_array", "name_elements", "of_each_row", "plain", "product", "reduced", "same_shape", "shape_of",
    "singles", "without_ones",
]  # fmt: skip


# Elements of arrays up to this size have names in each call of a layer, at 0.4 µs each: in a picture of larger ones
# nobody reads them.
FEW_ELEMENTS = 10
# A union that is written where it is used is made anew at each use.
SINGLES = (Node, float)


def is_array(value: Any) -> bool:
    """Whether an input that `as_input` prepared is an array."""
    return not isinstance(value, SINGLES)


def as_input(what: str, value: Any) -> Any:
    """The input as a single or an array of singles; `what` is its name in messages.

    Raises InputError for anything that is not made of real numbers and nodes, ShapeError for rows of
    different lengths.

    >>> as_input("x", 2)
    2.0
    >>> as_input("x", [[1, 2], [3, 4]]).shape
    (2, 2)
    """
    if isinstance(value, Gradients):
        value = value.single(what)
    if type(value) is not list:
        single = as_single(value)
        if single is not None:
            return single
        if not isinstance(value, tuple | list) and not hasattr(value, "__array__"):
            raise InputError(
                f"{what} is a number, a node or an array of them, got {type(value).__name__} {value!r:.60}"
            )
        check_real(what, value, InputError)
    import numpy

    try:
        # A copy: the caller may change its own array after the call.
        array = numpy.array(value, dtype=object)
    except ValueError:
        raise ShapeError(f"{what} has rows of different lengths: {value!r:.60}") from None
    for place, element in enumerate(array.flat):
        if type(element) is float or isinstance(element, Node):
            continue
        single = as_single(element)
        if single is None:
            if isinstance(element, list | tuple):
                raise ShapeError(f"{what} has rows of different lengths: {value!r:.60}")
            raise InputError(f"{what} holds {type(element).__name__} {element!r:.60}, which is no number and no node")
        if single is not element:
            array.flat[place] = single
    return array if array.ndim else array[()]


def check_real(what: str, value: Any, error: type[LayerError]) -> None:
    """Raise the error for an array whose numbers mean more than real numbers do: masked, complex, of dates.

    NumPy would turn it into an array of floats without a word.
    """
    way = way_to_plain(value)
    if way:
        raise error(f"{what} is a {type(value).__name__}, and {way}")
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind == "c":
        raise error(f"{what} has real numbers, got an array of {value.dtype}; give .real, .imag or abs() of it")
    if kind in ("M", "m"):
        raise error(
            f"{what} has real numbers, got an array of {value.dtype}; count in a unit, as (dates - dates[0]) / "
            f'numpy.timedelta64(1, "D")'
        )


def without_ones(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape without its axes of length 1, which may be left out."""
    return tuple([length for length in shape if length != 1])


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of a prepared value, () for a single."""
    shape: tuple[int, ...] = value.shape if is_array(value) else ()
    return shape


def element_names(name: str, shape: Sequence[int | None]) -> list[str]:
    """The names of all elements, in order.

    >>> element_names("weight", (2, 2))
    ['weight[0,0]', 'weight[0,1]', 'weight[1,0]', 'weight[1,1]']
    """
    if not shape:
        return [name]
    places = itertools.product(*[map(str, range(length or 0)) for length in shape])
    return [f"{name}[{','.join(place)}]" for place in places]


# Those of small arrays, which are asked for in each call of a layer.
_known_names = functools.lru_cache(maxsize=256)(element_names)


def name_elements(array: Any, name: str) -> None:
    """Give each node of an array the name with its place."""
    names = (_known_names if array.size <= FEW_ELEMENTS else element_names)(name, array.shape)
    for node, label in zip(array.ravel().tolist(), names, strict=True):
        if isinstance(node, Node):
            node.name = label


def as_single(value: Any) -> Any:
    """The value if it is a node, as a float if it is a real number, else None."""
    return value if isinstance(value, Node) else number_or_none(value)


# `NodeArray`, once an array was met: NumPy is imported on use, and to ask for it takes as long as the view.
_node_array_type: Any = None


def handed(value: Any) -> Any:
    """A single, or an array in the form in which a layer gets it: NumPy's functions are right on it, nans and all."""
    global _node_array_type
    if not is_array(value):
        return value
    if _node_array_type is None:
        from autograd.arrays.node_arrays import NodeArray

        _node_array_type = NodeArray
    return value.view(_node_array_type)


def singles(value: Any) -> Iterator[Any]:
    """The singles in a value, in the order of its memory."""
    if is_array(value):
        yield from value.flat
    else:
        yield value


def elementwise(function: Callable[..., Any], *operands: Any) -> Any:
    """The function of each element, for a layer's `compute`; arrays are repeated along axes of length 1 as NumPy does.

    >>> import numpy as np
    >>> elementwise(lambda a, b: a + b, np.array([1.0, 2.0]), 10.0)
    array([11.0, 12.0], dtype=object)
    """
    if not any([is_array(operand) for operand in operands]):
        return function(*operands)
    import numpy

    # Results are IEEE, without a word: NumPy would warn of an infinity or a nan that the function met.
    with numpy.errstate(all="ignore"):
        return numpy.frompyfunc(function, len(operands), 1)(*[_boxed(operand) for operand in operands])


def _boxed(operand: Any) -> Any:
    """The operand as an array: given a bare node, NumPy would ask the node to do the work."""
    import numpy

    if is_array(operand):
        # Plain: the function of singles is all that is to be done.
        return operand.view(numpy.ndarray)
    box = numpy.empty((), dtype=object)
    box[()] = operand
    return box


def product(w: Any, x: Any) -> Any:
    """w·x: of numbers, vectors (features) and matrices, w (outputs, features) and x (features, samples).

    A single times an array multiplies each element.
    """
    if not (is_array(w) and is_array(x)):
        return elementwise(lambda a, b: a * b, w, x)
    if w.ndim not in (1, 2) or x.ndim not in (1, 2):
        raise ShapeError(f"w and x have one or two axes, got shapes {w.shape} and {x.shape}")
    if w.shape[-1] != x.shape[0]:
        raise ShapeError(
            f"w of shape {w.shape} is (outputs, features) and needs x of {w.shape[-1]} features, shape "
            f"({w.shape[-1]},) or ({w.shape[-1]}, samples), got x of shape {x.shape}"
        )
    rows = [w.tolist()] if w.ndim == 1 else w.tolist()
    columns = [x.tolist()] if x.ndim == 1 else x.T.tolist()
    if w.ndim == x.ndim == 1:
        return inner_product(rows[0], columns[0])
    import numpy

    result = numpy.empty((len(rows), len(columns)), dtype=object)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            result[i, j] = inner_product(row, column)
    return result.reshape(w.shape[:-1] + x.shape[1:])


def checked_bias(b: Any, z: Any) -> Any:
    """The bias `b`, if NumPy would repeat it to the shape of z = w·x without making that larger.

    A row beside several outputs is refused: NumPy would give one bias to each sample where one for each
    output is nearly always meant.
    """
    if not is_array(b):
        return b
    target: tuple[int, ...] = z.shape if is_array(z) else ()
    if len(target) == 2 and b.ndim == 1 and target[0] > 1 and b.shape[0] > 1:
        raise ShapeError(
            f"b of shape {b.shape} beside w·x of shape {target} could mean one bias for each output or for "
            f"each sample; give shape ({target[0]}, 1) or (1, {target[1]})"
        )
    padded = (1,) * (len(target) - b.ndim) + b.shape
    if len(padded) != len(target) or any(
        [length not in (1, wanted) for length, wanted in zip(padded, target, strict=True)]
    ):
        raise ShapeError(
            f"b of shape {b.shape} doesn't fit w·x of shape {target}: along each axis it has the same length or 1"
        )
    return b


def same_shape(first: Any, second: Any, names: tuple[str, str]) -> None:
    """Check that two inputs combine element by element without repetition, but for singles.

    Repeating a column against a row, as NumPy would, makes a matrix that nobody meant.
    """
    if is_array(first) and is_array(second) and first.shape != second.shape:
        raise ShapeError(f"{names[0]} and {names[1]} need the same shape, got {first.shape} and {second.shape}")


def plain(value: Any) -> Any:
    """The numbers without their graph: a float, or an array of float64."""
    numbers = elementwise(lambda single: single.value if isinstance(single, Node) else single, value)
    return numbers.astype(float) if is_array(numbers) else float(numbers)


def along_last_axis(function: Callable[[list[Any]], list[Any]], value: Any, name: str) -> Any:
    """The function of each row: of lists of singles along the last axis, whose results are as long as each other."""
    if not is_array(value) or not value.size:
        shape = value.shape if is_array(value) else ()
        raise ShapeError(
            f"{name} has rows of one element or more, shape (features,) or (samples, features), got {shape}"
        )
    import numpy

    rows = [function(row) for row in value.reshape(-1, value.shape[-1]).tolist()]
    result = numpy.empty((len(rows), len(rows[0])), dtype=object)
    for place, row in enumerate(rows):
        result[place] = row
    return result.reshape(value.shape[:-1] + result.shape[1:])


def of_each_row(function: Callable[[list[Any]], Any], value: Any, name: str) -> Any:
    """The function of each row, a single: of one row that single itself, else an array without the last axis."""
    found = along_last_axis(lambda row: [function(row)], value, name)
    return found[..., 0] if found.ndim > 1 else found[0]


def reduced(values: Any, reduction: str) -> Any:
    """The mean or the sum of all elements as one single; "none" leaves them as they are."""
    if reduction == "none" or not is_array(values):
        return values
    if not values.size:
        raise ShapeError(f"a mean is of one element or more, got an array of shape {values.shape}")
    whole = total(values.ravel().tolist())
    return whole * (1.0 / values.size) if reduction == "mean" else whole
