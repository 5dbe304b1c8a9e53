"""Looking up values by an index that need not be decided."""

from __future__ import annotations

import operator
from typing import Any

from autograd.arrays.discrete import Condition, is_discrete, is_number, selected
from autograd.errors import OperandError
from autograd.graph.node import Node
from autograd.operations.primitives import Both, Equal, Less, LessEqual, Plus, Select, where

__all__ = ["take"]

# As many levels as an array may have dimensions.
MOST_LEVELS = 64


def take(values: Any, index: Any) -> Any:
    """`values[index]`, which in a compiled function is no decision: `values` is a list, tuple or array of numbers.

    Derivatives flow to the value that is taken; of an array with several axes, it is a row. An index that is a list or
    array takes one value for each of its ints, into an array. Ints and bools of one type stay such; of several types
    among the values, the result is a float. Negative indices count from the end.

    Raises IndexError for an index out of range. In a compiled function, that it is in range is a decision, where its
    type leaves it open. The cost grows with the number of values: it computes a selection for each.

    >>> from autograd import vmap
    >>> import numpy as np
    >>> pick = vmap(lambda w, y: take(w, y), in_axes=(None, 0))
    >>> pick(np.array([10.0, 20.0, 30.0]), np.array([2, 0, 1, 2])), len(pick.paths)
    (array([30., 10., 20., 30.]), 1)
    """
    if isinstance(index, Node):
        raise OperandError(f"take needs an int as the index, got a node: {index!r:.60}; give ints in rows and arrays")
    if is_several(index):
        return taken_by_each(values, index, MOST_LEVELS)
    if not (isinstance(values, list | tuple) or getattr(values, "shape", ()) != ()):
        raise OperandError(f"take needs a list, tuple or array of values, got {type(values).__name__} {values!r:.60}")
    count = len(values)
    if not is_discrete(index):
        try:
            place = operator.index(index.item() if hasattr(type(index), "dtype") else index)
        except TypeError:
            raise OperandError(f"take needs an int as the index, got {type(index).__name__} {index!r:.60}") from None
        if not -count <= place < count:
            raise out_of_range(place, count)
        return values[place]
    node = index.node
    if index.low < -count or index.high >= count:
        inside = Both(LessEqual(float(-count), node), Less(node, float(count)))
        if not index.trace.decide(inside):
            raise out_of_range(index.decided(), count)
    if index.low < 0:
        node = Select(Less(node, 0.0), Plus(node, float(count)), node)
    number = int(index.number) + (count if index.number < 0 else 0)
    is_place = [Condition(index.trace, Equal(node, float(place)), number == place) for place in range(count)]
    if getattr(values, "ndim", 1) == 1:
        return chosen(is_place, list(values))
    from autograd.arrays.node_arrays import as_elements, elements_of

    shape = values.shape[1:]
    columns = zip(*[elements_of(row) for row in values], strict=True)
    return as_elements([chosen(is_place, list(column)) for column in columns], shape)


def chosen(is_place: list[Condition], values: list[Any]) -> Any:
    """The value whose condition holds, of conditions of which one does."""
    if not all([isinstance(value, Node) or is_number(value) for value in values]):
        odd = next(value for value in values if not (isinstance(value, Node) or is_number(value)))
        raise OperandError(f"take needs numbers and nodes, got {type(odd).__name__} {odd!r:.60} among the values")
    kinds = {type(value.number if is_discrete(value) else value) for value in values}
    kind = kinds.pop() if len(kinds) == 1 else float
    is_float = issubclass(kind, Node | float) or getattr(getattr(kind(0), "dtype", None), "kind", "i") == "f"
    last = len(values) - 1
    result = values[last]
    for place in range(last - 1, -1, -1):
        condition = is_place[place]
        if is_float:
            result = where(condition, values[place], result)
        else:
            result = selected(condition, values[place], result, kind)
    return result


def is_several(index: Any) -> bool:
    """Whether it is a list, tuple or array of indices."""
    return not is_discrete(index) and (isinstance(index, list | tuple) or getattr(index, "shape", ()) != ())


def taken_by_each(values: Any, index: Any, levels: int) -> Any:
    """The values at each of several indices, which are in lists of so many levels at most, in an array."""
    if levels == 0:
        raise OperandError(f"the index of take nests lists more than {MOST_LEVELS} deep, or holds itself")
    import numpy

    from autograd.arrays.node_arrays import as_elements, elements_of

    if isinstance(index, list | tuple):
        given = numpy.fromiter(index, object, len(index))
        places, shape = list(index), given.shape
    else:
        places, shape = elements_of(index), index.shape
    found = [taken_by_each(values, place, levels - 1) if is_several(place) else take(values, place) for place in places]
    inner = values.shape[1:] if getattr(values, "ndim", 1) > 1 else ()
    return as_elements([element for one in found for element in (elements_of(one) if inner else [one])], shape + inner)


def out_of_range(index: int, count: int) -> IndexError:
    """The error for an index beyond the values."""
    return IndexError(f"take was asked for the value at {index} of {count}; an index is from {-count} to {count - 1}")
