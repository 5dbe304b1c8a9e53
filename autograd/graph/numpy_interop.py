"""NumPy's functions on nodes: the same operation, element by element."""

from __future__ import annotations

from typing import Any

from autograd.graph.node import Node, hooks
from autograd.operations import functions
from autograd.operations.primitive import primitive_of_numpy


def primitive_of(ufunc: Any) -> Any:
    """The primitive, or function of this package, that is the same operation; None if there is none."""
    return primitive_of_numpy(ufunc.__name__) or getattr(functions, ufunc.__name__, None)


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of `ufunc(*inputs)` where an input is a node: a node, or an object array of nodes."""
    import numpy

    scalars = all([isinstance(operand, Node) or numpy.ndim(operand) == 0 for operand in inputs])
    if scalars and method == "__call__" and not options:
        primitive = primitive_of(ufunc)
        if primitive is not None:
            # An array without axes holds one node, or one number.
            return primitive(*[operand.item() if isinstance(operand, numpy.ndarray) else operand for operand in inputs])
    arrays = []
    for operand in inputs:
        if isinstance(operand, Node):
            holder = numpy.empty((), dtype=object)
            holder[()] = operand
            operand = holder
        elif isinstance(operand, numpy.ndarray | numpy.generic) and operand.dtype.kind in "biuf":
            # Python's numbers: a long double would hand a node back to the function that asked it.
            numbers = numpy.asarray(operand)
            operand = (numbers.astype(float) if numbers.dtype.kind == "f" else numbers).astype(object)
        arrays.append(operand)
    # Results on nodes are IEEE's without a word, as everywhere in the engine.
    with numpy.errstate(all="ignore"):
        return getattr(ufunc, method)(*arrays, **options)


hooks.apply_ufunc = apply_ufunc
