"""NumPy's functions on nodes: the same operation, element by element."""

from __future__ import annotations

import functools
from typing import Any

from autograd.arrays.array_elements import TRUTHS, function_of
from autograd.arrays.discrete import as_kind
from autograd.graph.node import Node, hooks
from autograd.operations.primitive import set_array_function


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of `ufunc(*inputs)` where an input is a node: a node, or an array of nodes."""
    import numpy

    scalars = all([isinstance(operand, Node) or numpy.ndim(operand) == 0 for operand in inputs])
    if scalars and method == "__call__" and not options:
        function = function_of(ufunc.__name__)
        if function is not None:
            result = function(*[unboxed(operand) for operand in inputs])
            return as_kind(result, numpy.bool_) if ufunc.__name__ in TRUTHS else result
    return loaded_dispatch().apply_ufunc(ufunc, method, inputs, options)


def apply_function(function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """The result of another function of NumPy that is given a node, which is an array without axes there."""
    args = tuple([boxed(operand) for operand in args])
    kwargs = {name: boxed(operand) for name, operand in kwargs.items()}
    kinds = [kind for kind in types if not issubclass(kind, Node)]
    return loaded_dispatch().apply_function(function, kinds, args, kwargs)


def boxed(operand: Any) -> Any:
    """An array without axes that holds a node; anything else as it is."""
    from autograd.arrays import node_arrays

    return node_arrays.node_array([operand], ()) if isinstance(operand, Node) else operand


@functools.cache
def loaded_dispatch() -> Any:
    """The module that runs NumPy's functions on arrays."""
    from autograd.arrays import dispatch

    return dispatch


def unboxed(operand: Any) -> Any:
    """What an array without axes holds, and a number of NumPy's as one of Python's."""
    import numpy

    if not isinstance(operand, numpy.ndarray | numpy.generic):
        return operand
    held = operand.item()
    # A long double stays one, and would hand a node back to the function that asked it.
    return float(held) if isinstance(held, numpy.generic) else held


def apply_to_arrays(primitive: Any, operands: tuple[Any, ...]) -> Any:
    """The primitive of elements at the same places: an array of floats if all are numbers, else of nodes."""
    from autograd.arrays import node_arrays

    return node_arrays.elementwise(primitive, operands, node_arrays.as_floats_or_nodes)


def numpy_function(function: Any) -> Any:
    """The form that a function of NumPy has for arrays of nodes; None if it is NumPy's own."""
    from autograd.arrays.numpy_functions import FUNCTIONS

    found = FUNCTIONS.get(function)
    if found is None and function.__module__ == "numpy.linalg":
        # Imported on use: these are two thirds of what the first of NumPy's functions would wait for.
        from autograd.arrays.linear_algebra import FUNCTIONS as OF_MATRICES

        found = OF_MATRICES.get(function)
    return found


hooks.apply_ufunc = apply_ufunc
hooks.apply_function = apply_function
hooks.numpy_function = numpy_function
hooks.dispatch = loaded_dispatch
set_array_function(apply_to_arrays)
