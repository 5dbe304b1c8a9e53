"""NumPy's functions on the elements of arrays that hold nodes: of single elements, and of rows of them in lists.

Elements are nodes and plain numbers; a truth is a bool, or inside a trace a condition, which `|` and `&` combine
without deciding. To sort and to search decides, as `if` does.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd.arrays.discrete import is_discrete, is_truth, selected
from autograd.operations import functions
from autograd.operations.primitive import primitive_of_numpy
from autograd.operations.primitives import (
    Abs,
    Copysign,
    Digamma,
    Exp2,
    FloorDivide,
    Hypot,
    Logaddexp,
    Logsumexp,
    Max,
    Min,
    Mod,
    Multiply,
    Plus,
    Sigmoid,
    Trunc,
    where,
)

__all__ = [
    "PAIRS", "REDUCTIONS", "TRUTHS", "any_nan", "between", "distinct", "function_of", "holds",
    "median_of", "order_of", "place_of_largest", "place_of_smallest", "place_to_insert", "quantile_of",
]  # fmt: skip


def is_nan(x: Any) -> Any:
    """The truth that x is nan, which alone differs from itself."""
    return x != x


def holds(x: Any) -> Any:
    """The truth of an element: whether it is not 0."""
    return x if (is_discrete(x) and is_truth(x.number)) or type(x) is bool else x != 0


def negated(truth: Any) -> Any:
    """The truth that another does not hold."""
    return truth.negated() if is_discrete(truth) else not truth


def differ(first: Any, second: Any) -> Any:
    """The truth that one of two holds and the other does not."""
    return (first & negated(second)) | (negated(first) & second)


# Functions whose results are truths.
TRUTHS: dict[str, Callable[..., Any]] = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "isnan": is_nan,
    "isinf": lambda x: Abs(x) == math.inf,
    "isfinite": lambda x: Abs(x) < math.inf,
    "signbit": lambda x: Copysign(1.0, x) < 0.0,
    "logical_and": lambda a, b: holds(a) & holds(b),
    "logical_or": lambda a, b: holds(a) | holds(b),
    "logical_xor": lambda a, b: differ(holds(a), holds(b)),
    "logical_not": lambda x: negated(holds(x)),
}

# Functions under other names, and those that are several of the package's operations.
COMPOSED: dict[str, Callable[..., Any]] = {
    "maximum": Max,
    "minimum": Min,
    "fmax": lambda a, b: where(is_nan(a), b, where(is_nan(b), a, Max(a, b))),
    "fmin": lambda a, b: where(is_nan(a), b, where(is_nan(b), a, Min(a, b))),
    "deg2rad": lambda x: x * (math.pi / 180.0),
    "radians": lambda x: x * (math.pi / 180.0),
    "rad2deg": lambda x: x * (180.0 / math.pi),
    "degrees": lambda x: x * (180.0 / math.pi),
    "logaddexp2": lambda a, b: Logaddexp(a * math.log(2.0), b * math.log(2.0)) / math.log(2.0),
    "heaviside": lambda x, half: where(x < 0.0, 0.0, where(x > 0.0, 1.0, where(x == 0.0, half, math.nan))),
    "positive": lambda x: x,
    "conjugate": lambda x: x,
    "real": lambda x: x,
    "imag": lambda x: 0.0,
    "expit": Sigmoid,
    "psi": Digamma,
    "ldexp": lambda x, exponent: x * Exp2(exponent),
}

# Functions with two results.
PAIRS: dict[str, Callable[..., Any]] = {
    "divmod": lambda a, b: (FloorDivide(a, b), Mod(a, b)),
    "modf": lambda x: (Copysign(where(Abs(x) == math.inf, 0.0, x - Trunc(x)), x), Trunc(x)),
}


def function_of(name: str) -> Callable[..., Any] | None:
    """The function of elements that is NumPy's of this name; None if there is none."""
    return (
        primitive_of_numpy(name) or TRUTHS.get(name) or COMPOSED.get(name) or getattr(functions, name, None)
        if not name.startswith("_")
        else None
    )


def without_nan(row: Sequence[Any]) -> list[Any]:
    """The elements that are not nan."""
    return [x for x in row if not is_nan(x)]


# What NumPy's `ufunc.reduce` makes of a row. To add from left to right is what a loop does, and what programs do best;
# a largest element is one operation, so that ties are shared alike.
REDUCTIONS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "add": lambda row: functools.reduce(Plus, row, *() if row else (0.0,)),
    "multiply": lambda row: functools.reduce(Multiply, row, *() if row else (1.0,)),
    "maximum": lambda row: row[0] if len(row) == 1 else functions.maximum(*row),
    "minimum": lambda row: row[0] if len(row) == 1 else functions.minimum(*row),
    "fmax": lambda row: functions.maximum(*without_nan(row)) if without_nan(row) else math.nan,
    "fmin": lambda row: functions.minimum(*without_nan(row)) if without_nan(row) else math.nan,
    "logaddexp": lambda row: Logsumexp(*row),
    "hypot": lambda row: functools.reduce(Hypot, row if len(row) > 1 else [0.0, *row]),
    "logical_or": lambda row: functools.reduce(operator.or_, [holds(x) for x in row], False),
    "logical_and": lambda row: functools.reduce(operator.and_, [holds(x) for x in row], True),
    "logical_xor": lambda row: functools.reduce(differ, [holds(x) for x in row], False),
}


def any_nan(row: Sequence[Any]) -> bool:
    """Whether an element is nan: one decision."""
    return bool(functools.reduce(operator.or_, [is_nan(x) for x in row], False))


def order_of(row: Sequence[Any]) -> list[int]:
    """The places of the elements from the smallest to the largest, ties as they stand, nans last."""
    known, unknown = list(range(len(row))), []
    if any_nan(row):
        unknown = [place for place in known if is_nan(row[place])]
        known = [place for place in known if place not in set(unknown)]
    return sorted(known, key=row.__getitem__) + unknown


def place_of_largest(row: Sequence[Any]) -> Any:
    """The place of the first element that is largest, of the first nan if there is one; undecided inside a trace."""
    return _place_of_extreme(operator.gt, row)


def place_of_smallest(row: Sequence[Any]) -> Any:
    """The place of the first element that is smallest, of the first nan if there is one; undecided inside a trace."""
    return _place_of_extreme(operator.lt, row)


def _place_of_extreme(beats: Callable[[Any, Any], Any], row: Sequence[Any]) -> Any:
    best, found = row[0], 0
    for place in range(1, len(row)):
        x = row[place]
        wins = (beats(x, best) | is_nan(x)) & negated(is_nan(best))
        if is_discrete(wins):
            best, found = where(wins, x, best), selected(wins, place, found, int)
        elif wins:
            best, found = x, place
    return found


def place_to_insert(row: Sequence[Any], x: Any, right: bool) -> int:
    """The place before which x keeps a sorted row sorted: behind equal elements if `right`, else before them."""
    low, high = 0, len(row)
    while low < high:
        middle = (low + high) // 2
        if not comes_before(x, row[middle]) if right else comes_before(row[middle], x):
            low = middle + 1
        else:
            high = middle
    return low


def comes_before(a: Any, b: Any) -> bool:
    """Whether a is sorted before b: nan comes last."""
    return bool(a < b or (is_nan(b) and not is_nan(a)))


def distinct(row: Sequence[Any]) -> list[list[int]]:
    """The places of equal elements together, from the smallest to the largest; nans count as equal."""
    groups: list[list[int]] = []
    for place in order_of(row):
        last = groups[-1][0] if groups else None
        if last is not None and (row[last] == row[place] or (is_nan(row[last]) and is_nan(row[place]))):
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def ordered(row: Sequence[Any], ignoring_nan: bool) -> list[Any]:
    """The elements in order; none if one is nan, or nans left out."""
    if any_nan(row):
        row = without_nan(row) if ignoring_nan else []
    return [row[place] for place in order_of(row)]


def median_of(row: Sequence[Any], ignoring_nan: bool = False) -> Any:
    """The median of a row; nan if an element is, or nans left out."""
    known = ordered(row, ignoring_nan)
    middle = len(known) // 2
    if not known:
        return math.nan
    return known[middle] if len(known) % 2 else (known[middle - 1] + known[middle]) / 2.0


def quantile_of(row: Sequence[Any], share: float, ignoring_nan: bool = False) -> Any:
    """The quantile of a row by linear interpolation; nan if an element is, or nans left out."""
    known = ordered(row, ignoring_nan)
    if not known:
        return math.nan
    position = share * (len(known) - 1)
    below = min(math.floor(position), len(known) - 1)
    low, high, part = known[below], known[min(below + 1, len(known) - 1)], position - below
    # As NumPy rounds it: exact at both ends.
    return high - (high - low) * (1.0 - part) if part >= 0.5 else low + (high - low) * part


def between(x: Any, places: Sequence[Any], values: Sequence[Any], left: Any, right: Any) -> Any:
    """The value at x of the polygon through points (places, values); `left` and `right` beyond its ends."""
    if is_nan(x):
        return x
    if x < places[0]:
        return left
    if x > places[-1]:
        return right
    at = place_to_insert(places, x, True) - 1
    if at == len(places) - 1 or places[at] == x:
        return values[at]
    slope = (values[at + 1] - values[at]) / (places[at + 1] - places[at])
    result = slope * (x - places[at]) + values[at]
    # As NumPy: from the other end, beside an infinity.
    return where(is_nan(result), slope * (x - places[at + 1]) + values[at + 1], result)
