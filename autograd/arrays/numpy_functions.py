"""NumPy's functions that are no functions of elements, in the form that they have for arrays of nodes.

Those that are not here are NumPy's own, run on arrays of nodes, or refused: see `dispatch.apply_function`.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy

from autograd.arrays.array_elements import (
    REDUCTIONS,
    between,
    distinct,
    holds,
    median_of,
    quantile_of,
)
from autograd.arrays.discrete import selected
from autograd.arrays.discrete_arrays import DiscreteArray, as_discrete, in_this_run
from autograd.arrays.dispatch import may_vary, no_form, wrapped
from autograd.arrays.node_arrays import (
    NodeArray,
    as_array,
    as_nodes,
    as_truths,
    elementwise,
    into,
    list_of,
    node_array,
    reduced,
)
from autograd.graph.node import Node
from autograd.operations import functions
from autograd.operations.primitives import Abs, Divide, Norm, where

__all__ = ["FUNCTIONS"]

FUNCTIONS: dict[Any, Callable[..., Any]] = {}


def replaces(*numpys: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put a function in place of NumPy's where nodes are among the arguments."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS.update(dict.fromkeys(numpys, function))
        return function

    return decorate


@replaces(numpy.where)
def where_function(condition: Any, *sides: Any) -> Any:
    """`np.where`: of conditions, without deciding."""
    if len(sides) == 2 and isinstance(condition, DiscreteArray) and condition.dtype.kind == "b":
        if any([may_vary(side) for side in sides]):
            return elementwise(where, (condition, *sides))
        kind = numpy.where(condition.in_this_run(), *[in_this_run(side) for side in sides]).dtype
        if kind.kind in "iub":
            choose = functools.partial(selected, kind=kind.type)
            return elementwise(choose, (condition, *sides), functools.partial(as_discrete, dtype=kind))
        return elementwise(where, (condition, *sides))
    if isinstance(condition, NodeArray):
        condition = elementwise(holds, (condition,), as_truths)
        if isinstance(condition, DiscreteArray):
            return where_function(condition, *sides)
    condition = numpy.asarray(condition)
    return wrapped(numpy.where(condition, *[as_array(side) for side in sides]))


@replaces(numpy.any)
def any_function(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
    """`np.any`."""
    return into(out, reduced(REDUCTIONS["logical_or"], a, axis, keepdims, as_truths, where))


@replaces(numpy.all)
def all_function(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
    """`np.all`."""
    return into(out, reduced(REDUCTIONS["logical_and"], a, axis, keepdims, as_truths, where))


@replaces(numpy.searchsorted)
def searchsorted_function(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    """`np.searchsorted`."""
    return numpy.asarray(a, object).view(NodeArray).searchsorted(v, side, sorter)


@replaces(numpy.digitize)
def digitize_function(x: Any, bins: Any, right: Any = False) -> Any:
    """`np.digitize`."""
    row, side = list_of(as_array(bins)), "left" if right else "right"
    pairs = list(itertools.pairwise(row))
    first = next((pair for pair in pairs if pair[0] != pair[1]), None)
    ascending = first is None or first[0] < first[1]
    if any([low > high if ascending else low < high for low, high in pairs]):
        raise ValueError("bins must be monotonically increasing or decreasing")
    if ascending:
        return searchsorted_function(bins, x, side)
    return len(row) - searchsorted_function(row[::-1], x, side)


@replaces(numpy.nan_to_num)
def nan_to_num_function(x: Any, copy: Any = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """`np.nan_to_num`."""
    high = numpy.finfo(float).max if posinf is None else posinf
    low = numpy.finfo(float).min if neginf is None else neginf
    result = elementwise(lambda x: where(x == math.inf, high, where(x == -math.inf, low, where(x == x, x, nan))), (x,))
    return result if copy else into(x, result)


@replaces(numpy.isclose)
def isclose_function(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: Any = False) -> Any:
    """`np.isclose`."""

    def close(x: Any, y: Any, rtol: Any, atol: Any) -> Any:
        near = (abs(x - y) <= atol + rtol * abs(y)) & (abs(y) < math.inf) | (x == y)
        return near | (x != x) & (y != y) if equal_nan else near

    return elementwise(close, (a, b, rtol, atol), as_truths)


# Coefficients of sin(y) / y in y ** 2, from the highest: enough for y ** 2 < 1, with derivatives.
SINC = [(-1.0) ** n / math.factorial(2 * n + 1) for n in range(12, -1, -1)]


@replaces(numpy.sinc)
def sinc_function(x: Any) -> Any:
    """`np.sinc`, whose derivatives of all orders hold at 0, too."""

    def sinc(x: Any) -> Any:
        y = math.pi * x
        square = y * y
        series = functools.reduce(lambda total, coefficient: total * square + coefficient, SINC)
        return where(square < 1.0, series, Divide(functions.sin(y), y))

    return elementwise(sinc, (x,))


@replaces(numpy.interp)
def interp_function(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """`np.interp`."""
    if period is not None:
        raise no_form("interp", " with a period")
    places, values = list_of(as_array(xp)), list_of(as_array(fp))
    if not places or len(places) != len(values):
        raise ValueError(
            f"np.interp takes one value of fp for each place of xp, got {len(values)} for {len(places)} places"
        )
    low, high = values[0] if left is None else left, values[len(values) - 1] if right is None else right
    return elementwise(lambda at: between(at, places, values, low, high), (x,))


@replaces(numpy.unique)
def unique_function(
    ar: Any, return_index: Any = False, return_inverse: Any = False, return_counts: Any = False, axis: Any = None,
    *, equal_nan: Any = True, sorted: Any = True,  # noqa: A002 - NumPy's name
) -> Any:  # fmt: skip
    """`np.unique`."""
    if axis is not None or not equal_nan:
        raise no_form("unique", " with an axis, or with nans that differ")
    row = list_of(ar)
    groups = distinct(row)
    results = [node_array([row[places[0]] for places in groups])]
    if return_index:
        results.append(numpy.array([places[0] for places in groups], numpy.intp))
    if return_inverse:
        inverse = numpy.empty(len(row), numpy.intp)
        for number, places in enumerate(groups):
            inverse[places] = number
        results.append(inverse.reshape(numpy.shape(ar)))
    if return_counts:
        results.append(numpy.array([len(places) for places in groups], numpy.intp))
    return results[0] if len(results) == 1 else tuple(results)


def quantiles(
    name: str, a: Any, q: Any, axis: Any, out: Any, keepdims: Any, method: Any, ignoring_nan: bool = False
) -> Any:
    """Quantiles of the elements along axes; those of several shares along the first axis."""
    if method != "linear" or isinstance(q, Node | NodeArray):
        raise no_form(name, " by another method than 'linear', nor for a share that is a node")
    shares = numpy.asarray(q, float)
    found = [
        reduced(functools.partial(quantile_of, share=share, ignoring_nan=ignoring_nan), a, axis, keepdims)
        for share in shares.ravel().tolist()
    ]
    if shares.ndim == 0:
        return into(out, found[0])
    shape = shares.shape + numpy.shape(found[0]) if isinstance(found[0], numpy.ndarray) else shares.shape
    return into(out, as_nodes([x for part in found for x in list_of(as_array(part).ravel())], shape))


def replace_quantiles(prefix: str, ignoring_nan: bool) -> None:
    """Replace NumPy's median, quantile and percentile, or those that ignore nans."""

    def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: Any = False, keepdims: Any = False) -> Any:
        of_row = functools.partial(median_of, ignoring_nan=ignoring_nan)
        return into(out, reduced(of_row, a, axis, keepdims))

    def quantile(
        a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: Any = False, method: Any = "linear",
        keepdims: Any = False,
    ) -> Any:  # fmt: skip
        return quantiles("quantile", a, q, axis, out, keepdims, method, ignoring_nan)

    def percentile(a: Any, q: Any, *args: Any, **options: Any) -> Any:
        return quantile(a, numpy.asarray(q, float) / 100.0, *args, **options)

    for function in (median, quantile, percentile):
        FUNCTIONS[getattr(numpy, prefix + function.__name__)] = function


replace_quantiles("", False)
replace_quantiles("nan", True)


@replaces(numpy.linalg.norm)
def norm_function(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:  # noqa: A002 - NumPy's name
    """`np.linalg.norm`."""
    axes = range(x.ndim) if axis is None else numpy.atleast_1d(axis)
    if ord is None or (ord == 2 and len(axes) == 1) or (ord == "fro" and len(axes) == 2):
        return reduced(lambda row: Norm(*row), x, axis, keepdims)
    if len(axes) == 2 and ord in (1, -1, math.inf, -math.inf):
        first, second = [int(place) % x.ndim for place in axes]
        inner, outer = (first, second) if abs(ord) == 1 else (second, first)
        sums = numpy.sum(abs(x), axis=inner, keepdims=True)
        extreme = (numpy.max if ord > 0 else numpy.min)(sums, axis=outer, keepdims=True)
        return extreme if keepdims else wrapped(numpy.squeeze(extreme, axis=(first, second)))[()]
    if len(axes) == 2 and ord in (2, -2, "nuc"):
        from autograd.arrays.linear_algebra import svdvals

        values = svdvals(numpy.moveaxis(x, [int(place) for place in axes], (-2, -1)))
        found = numpy.sum(values, axis=-1) if ord == "nuc" else values[..., 0 if ord == 2 else -1]
        return numpy.expand_dims(found, tuple(axes)) if keepdims else found
    if len(axes) != 1 or isinstance(ord, str):
        raise no_form("linalg.norm", f" for ord={ord!r} of a matrix")
    if ord in (math.inf, -math.inf):
        name = "maximum" if ord > 0 else "minimum"
        return reduced(lambda row: REDUCTIONS[name]([Abs(element) for element in row]), x, axis, keepdims)
    if ord == 0:
        return reduced(lambda row: functions.sum([where(e != 0.0, 1.0, 0.0) for e in row]), x, axis, keepdims)
    return reduced(lambda row: functions.sum([Abs(e) ** ord for e in row]) ** (1.0 / ord), x, axis, keepdims)
