# cython: boundscheck=True, wraparound=True
"""What NumPy's functions give on arrays of nodes, and on those of ints and bools inside a trace.

NumPy asks for it by `__array_ufunc__`, for functions of elements, and `__array_function__`, for others, of which
`numpy_functions` has forms for nodes.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy

from autograd.arrays.array_elements import PAIRS, REDUCTIONS, TRUTHS, function_of, holds
from autograd.arrays.discrete import applied as operated
from autograd.arrays.discrete import as_kind
from autograd.arrays.discrete_arrays import (
    OBJECTS,
    DiscreteArray,
    as_discrete,
    as_operand,
    decided,
    in_this_run,
    typed,
)
from autograd.arrays.node_arrays import (
    NodeArray,
    as_array,
    as_nodes,
    as_truths,
    elementwise,
    inner_product,
    into,
    knows_better,
    list_of,
    node_array,
    reduced,
    refuse_other_numbers,
    rows_of,
)
from autograd.errors import AutogradError, OperandError
from autograd.graph.node import Node, hooks
from autograd.other_packages import FORMULAS

__all__ = ["apply_discrete", "apply_function", "apply_ufunc", "may_vary", "no_form", "node_array", "wrapped"]

# Products of matrices and vectors, for which NumPy's own loops over objects are right.
PRODUCTS = frozenset(["matmul", "vecdot", "matvec", "vecmat"])
# NumPy's functions that Python's operators are, on ints and bools.
OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "floor_divide": operator.floordiv, "remainder": operator.mod, "power": operator.pow, "negative": operator.neg,
    "positive": operator.pos, "absolute": operator.abs, "invert": operator.invert, "bitwise_and": operator.and_,
    "bitwise_or": operator.or_, "bitwise_xor": operator.xor, "less": operator.lt, "less_equal": operator.le,
    "greater": operator.gt, "greater_equal": operator.ge, "equal": operator.eq, "not_equal": operator.ne,
}  # fmt: skip
# Functions that give floats for ints, others that give ints for ints, those that leave truths undecided, and those that
# only call a method.
FLOATING = frozenset(
    [numpy.mean, numpy.average, numpy.std, numpy.var, numpy.median, numpy.quantile, numpy.percentile, numpy.linalg.norm]
)
PRODUCTS_OF_ARRAYS = frozenset(
    [numpy.dot, numpy.vdot, numpy.inner, numpy.outer, numpy.tensordot, numpy.cross, numpy.kron, numpy.convolve]
)
OF_TRUTHS = frozenset([numpy.where, numpy.any, numpy.all])
OF_METHODS = frozenset([numpy.sum, numpy.shape, numpy.ndim, numpy.size, numpy.reshape, numpy.transpose])
# Functions that compare the elements of a plain array.
REFUSED = frozenset(["gradient", "histogram", "histogram2d", "histogramdd", "lexsort", "sort_complex"])


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of `ufunc(*inputs)`, or of another method, where an input holds nodes or conditions."""
    name = ufunc.__name__
    if any([knows_better(operand) for operand in inputs]):
        return NotImplemented
    if method == "at":
        return apply_at_places(name, *inputs)
    if name not in TRUTHS:
        inputs = tuple([as_operand(operand) for operand in inputs])
    out = options.pop("out", None)
    out = out[0] if isinstance(out, tuple) and len(out) == 1 else out
    if name not in TRUTHS:
        refuse_other_numbers(options.pop("dtype", None))
    for of_numbers in ("dtype", "casting", "order", "subok"):
        # Results are nodes, or truths.
        options.pop(of_numbers, None)
    if method == "__call__" and name in PAIRS and out is None and not options:
        pairs = elementwise(PAIRS[name], inputs, lambda pairs, shape: (pairs, shape))
        return tuple([as_nodes([pair[place] for pair in pairs[0]], pairs[1]) for place in (0, 1)])
    if method in ("__call__", "reduce") and name in PRODUCTS:
        return into(out, product(ufunc, inputs, options))
    if ufunc.types and ufunc.types[0][0] == "O":
        # Somebody's own function of objects: `np.frompyfunc`, `np.vectorize`.
        own = getattr(ufunc, method)(*[as_array(operand) for operand in inputs], **options)
        return into(out, wrapped(own))
    function = function_of(name)
    if function is None or method not in ("__call__", "reduce", "accumulate", "outer", "reduceat"):
        raise no_form(name, "")
    make = as_truths if name in TRUTHS else as_nodes
    if method == "reduce":
        return into(out, reduction(name, function, *inputs, **options))
    if method == "__call__" and not options:
        return into(out, elementwise(function, inputs, make))
    if method == "__call__" and set(options) == {"where"}:
        if out is None:
            raise OperandError(f"np.{name} with where= needs out= beside nodes, for the elements left out")
        results = elementwise(function, inputs, as_nodes)
        numpy.copyto(as_array(out), results, where=numpy.asarray(options["where"], bool), casting="unsafe")
        return out
    loop = numpy.frompyfunc(function, ufunc.nin, 1)
    with numpy.errstate(all="ignore"):
        # Indices, in `reduceat`, stay whole numbers.
        plain = [as_array(inputs[0]), *inputs[1:]] if method != "outer" else [as_array(operand) for operand in inputs]
        plain[0] = plain[0].astype(object, copy=False)
        result = getattr(loop, method)(*plain, **options)
    elements = list_of(result)
    if name in TRUTHS:
        # The first element of a row has gone through no function: it is a number still.
        elements = [holds(x) for x in elements]
    return into(out, make(elements, result.shape))


def apply_at_places(name: str, target: Any, places: Any, *others: Any) -> None:
    """`ufunc.at`: change the elements of an array at places; OperandError if it has numbers that would become nodes."""
    function = function_of(name)
    if function is None:
        raise no_form(name, "")
    if not isinstance(target, numpy.ndarray):
        raise TypeError("first operand must be array")
    elements = as_array(target).astype(object, copy=False)
    operands = [as_array(as_operand(operand)) for operand in others]
    numpy.frompyfunc(function, 1 + len(operands), 1).at(elements, decided(places), *operands)
    if target.dtype != OBJECTS:
        target[...] = elements


def reduction(
    name: str, function: Any, given: Any, axis: Any = 0, keepdims: Any = False,
    initial: Any = numpy._NoValue, where: Any = True,
) -> Any:  # fmt: skip
    """The result of `ufunc.reduce`."""
    make = as_truths if name in TRUTHS else as_nodes
    of_row = REDUCTIONS.get(name, functools.partial(functools.reduce, function))
    if name not in ("add", "multiply", "logical_or", "logical_and", "logical_xor", "logaddexp"):
        missing = initial is numpy._NoValue or initial is None
        identity = getattr(getattr(numpy, name, None), "identity", None)
        if identity is not None:
            of_row = functools.partial(or_identity, of_row, float(identity))
        elif missing and 0 in [len(row) for row in rows_of(given, axis if numpy.ndim(given) else None)[0]]:
            raise ValueError(f"zero-size array to reduction operation {name} which has no identity")
    return reduced(of_row, given, axis, keepdims, make, where, initial)


def or_identity(of_row: Callable[[list[Any]], Any], identity: float, row: list[Any]) -> Any:
    """The function of a row; of none, its identity."""
    return of_row(row) if row else identity


def product(ufunc: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The product of matrices and vectors."""
    if ufunc is numpy.matmul and not options:
        left, right = [as_array(operand) for operand in inputs]
        if left.ndim in (1, 2) and right.ndim in (1, 2) and left.shape[left.ndim - 1] == right.shape[0]:
            if left.ndim == right.ndim == 1:
                return inner_product(list_of(left), list_of(right))
            rows = [list_of(row) for row in numpy.atleast_2d(left)]
            columns = [list_of(column) for column in numpy.atleast_2d(right.T)]
            products = [inner_product(row, column) for row in rows for column in columns]
            return as_nodes(products, left.shape[:-1] + right.shape[1:])
    arrays = [as_array(operand).astype(object, copy=False) for operand in inputs]
    with numpy.errstate(all="ignore"):
        return wrapped(ufunc(*arrays, **options))


# What takes the place of a discrete Fourier transform.
FOURIER = (
    "its real and imaginary part as numpy.cos(a) @ x and -numpy.sin(a) @ x, for a = 2.0 * pi * numpy.outer(k, k) / n "
    "and k = numpy.arange(n)"
)


def no_form(name: str, why: str) -> OperandError:
    """The error for a function of NumPy that can't take nodes."""
    prefix = "np." if hasattr(numpy, name.partition(".")[0]) else ""
    form = FOURIER if name.startswith("fft.") else FORMULAS.get(name, "it with operators and autograd's functions")
    return OperandError(
        f"{prefix}{name} can't take nodes or arrays of them{why}; write {form}, or use the numbers (.value) if no "
        f"derivative is meant"
    )


def may_vary(operand: Any) -> bool:
    """Whether an operand makes ints and bools beside it numbers: it is a node or an array of nodes or floats."""
    return isinstance(operand, Node | float) or (
        isinstance(operand, numpy.ndarray | numpy.generic) and operand.dtype.kind in "fO"
    )


def apply_discrete(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of a function of NumPy where an input is an int or bool of a trace, or an array of them."""
    name = ufunc.__name__
    if any([knows_better(operand) for operand in inputs]):
        return NotImplemented
    out = options.pop("out", None)
    if out is not None:
        # Of an operator in place; where the target is no array of a trace, NumPy's arrays of numbers can't hold it.
        out = out[0] if isinstance(out, tuple) else out
        return written(ufunc, out, getattr(ufunc, method)(*inputs, **options))
    if name.startswith("logical_"):
        return apply_ufunc(ufunc, method, inputs, options)
    if any([may_vary(operand) for operand in inputs]) and (name in PRODUCTS or function_of(name) is not None):
        # Beside numbers that vary, ints are numbers, and bools 1 and 0.
        return apply_ufunc(ufunc, method, tuple([as_operand(operand) for operand in inputs]), options)
    if not set(options) - {"axis", "keepdims"}:
        known = tuple([in_this_run(operand) for operand in inputs])
        try:
            with numpy.errstate(all="ignore"):
                found = getattr(ufunc, method)(*known, **options)
        except Exception:
            # It is raised where they are decided.
            return getattr(ufunc, method)(*decided(inputs), **options)
        result = undecided(name, method, inputs, options, found)
        if result is not None:
            return result
    return getattr(ufunc, method)(*decided(inputs), **{name: decided(value) for name, value in options.items()})


def written(ufunc: Any, out: Any, result: Any) -> Any:
    """The result of a function, written into an array as NumPy does: ints into floats, but no floats into ints."""
    kind = numpy.asarray(in_this_run(result)).dtype
    kind = numpy.dtype(float) if kind == OBJECTS else kind
    if isinstance(out, DiscreteArray) and not numpy.can_cast(kind, out.dtype, "same_kind"):
        raise TypeError(f"cannot cast the output of {ufunc.__name__} from {kind} to {out.dtype}, an array of ints")
    out[...] = as_operand(result) if isinstance(out, NodeArray) else decided(result) if kind != OBJECTS else result
    return out


def undecided(name: str, method: str, inputs: tuple[Any, ...], options: dict[str, Any], found: Any) -> Any:
    """The result of a function of ints and bools that is `found` in this run; None if they must be decided."""
    if not hasattr(found, "dtype"):
        return None
    kind = found.dtype
    if method == "reduce" and name == "add" and kind.kind in "iu":

        def total(row: list[Any]) -> Any:
            return functools.reduce(add, [as_kind(x, kind.type) for x in row], kind.type(0))

        add = functools.partial(operated, operator.add)
        with numpy.errstate(over="ignore"):
            made = functools.partial(as_discrete, dtype=kind)
            return reduced(total, inputs[0], options.get("axis", 0), options.get("keepdims", False), made)
    if method != "__call__" or options:
        return None
    if name in OPERATORS and kind.kind in "iub":
        shape = found.shape
        lists = [numpy.broadcast_to(typed(one), shape).ravel().tolist() for one in inputs]
        with numpy.errstate(over="ignore"):
            # Of elements of arrays, NumPy says nothing when they wrap around.
            elements = [operated(OPERATORS[name], *elements) for elements in zip(*lists, strict=True)]
        return as_discrete(elements, shape, kind)
    if kind.kind == "f" and function_of(name) is not None:
        return apply_ufunc(getattr(numpy, name), method, tuple([as_operand(operand) for operand in inputs]), {})
    return None


def apply_function(function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """The result of a function of NumPy whose arguments hold nodes or conditions."""
    own = hooks.numpy_function(function)
    if any([kind is DiscreteArray for kind in types]) and function not in OF_TRUTHS:
        varying = any([may_vary(operand) for operand in args])
        if function in FLOATING or (varying and (function in PRODUCTS_OF_ARRAYS or own is not None)):
            args = tuple([as_operand(operand) for operand in args])
            kwargs = {name: decided(x) if name == "where" else as_operand(x) for name, x in kwargs.items()}
        elif function in OF_METHODS and isinstance(args[0] if args else None, DiscreteArray):
            return function._implementation(*args, **kwargs)
        else:
            args, kwargs = decided(args), {name: decided(value) for name, value in kwargs.items()}
        return function(*args, **kwargs)
    if own is not None:
        return own(*args, **kwargs)
    if not all([kind is NodeArray or issubclass(kind, (numpy.ndarray, DiscreteArray)) for kind in types]):
        return NotImplemented
    name = f"{function.__module__}.{function.__name__}".removeprefix("numpy.")
    if name in REFUSED:
        raise no_form(name, "")
    try:
        return wrapped(function._implementation(*args, **kwargs))
    except AutogradError:
        raise
    except (AttributeError, TypeError) as error:
        why = ", for its results are complex" if name.startswith("fft.") else f" ({error})"
        raise no_form(name, why) from error


def wrapped(result: Any) -> Any:
    """The result of NumPy's own code with `NodeArray` for plain arrays of objects."""
    if type(result) is numpy.ndarray and result.dtype == OBJECTS:
        return result.view(NodeArray)
    if type(result) in (list, tuple):
        return type(result)([wrapped(part) for part in result])
    return result
