"""The functions of the public surface: primitives under the names of NumPy and `math`, and the n-ary ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol, overload

from autograd.errors import OperandError
from autograd.numbers.operands import not_a_number, numpy_if_imported
from autograd.operations.primitive import Primitive

# fmt: off
if TYPE_CHECKING:
    from autograd.graph.node import Node

    class Function(Protocol):
        """Of floats a float, with nodes among them a node; of arrays, and of what is not known, anything."""

        @overload
        def __call__(self, *operands: float) -> float: ...  # type: ignore[overload-overlap]
        @overload
        def __call__(self, *operands: Node | float) -> Node: ...
        @overload
        def __call__(self, *operands: Any) -> Any: ...

    class Choice(Protocol):
        """By any condition, of floats a float, with nodes among them a node."""

        @overload
        def __call__(self, condition: Any, yes: float, no: float) -> float: ...
        @overload
        def __call__(self, condition: Any, yes: Node | float, no: Node | float) -> Node: ...
        @overload
        def __call__(self, condition: Any, yes: Any, no: Any) -> Any: ...

    class Operation(Primitive, Function):
        """A primitive as type checkers see it."""

        __call__ = Function.__call__

        def __init__(self) -> None: ...

    class Reduction(Protocol):
        """Of sequences of floats a float, with nodes in them a node."""

        @overload
        def __call__(self, *operands: Iterable[float]) -> float: ...  # type: ignore[overload-overlap]
        @overload
        def __call__(self, *operands: Iterable[Node | float]) -> Node: ...
        @overload
        def __call__(self, *operands: Any, **options: Any) -> Any: ...

    where: Choice
    Abs = Acos = Acosh = Asin = Asinh = Atan = Atan2 = Atanh = Cbrt = Ceil = Copysign = Cos = Cosh = Digamma = \
        Dot = Erf = Erfc = Exp = Exp2 = Expm1 = Floor = Fma = Fmod = Gamma = Hypot = Lgamma = Log = Log1p = \
        Log2 = Log10 = Logaddexp = Logsumexp = Max = MaxOfMany = Min = MinOfMany = Mod = Norm = Polygamma = \
        Power = Prod = Reciprocal = Round = Sigmoid = Sign = Sin = Sinh = Softplus = Sqrt = Square = Sum = Tan = \
        Tanh = Trunc = Xlogy = Operation()
else:
    from autograd.operations.primitives import *  # noqa: F403
    from autograd.operations.primitives import where
# fmt: on


def function(function: Callable[..., Any]) -> Function:
    """Tell type checkers what a function gives for what it takes."""
    return function


def reduction(function: Callable[..., Any]) -> Reduction:
    """Tell type checkers what a function of sequences gives for what it takes."""
    return function


exp, exp2, expm1 = Exp, Exp2, Expm1
log, log2, log10, log1p = Log, Log2, Log10, Log1p
logaddexp, xlogy = Logaddexp, Xlogy
sqrt, cbrt, square, reciprocal, hypot = Sqrt, Cbrt, Square, Reciprocal, Hypot
power = pow = Power
sin, cos, tan = Sin, Cos, Tan
asin = arcsin = Asin
acos = arccos = Acos
atan = arctan = Atan
atan2 = arctan2 = Atan2
sinh, cosh, tanh = Sinh, Cosh, Tanh
asinh = arcsinh = Asinh
acosh = arccosh = Acosh
atanh = arctanh = Atanh
erf, erfc = Erf, Erfc
gamma = Gamma
lgamma = gammaln = Lgamma
digamma, polygamma = Digamma, Polygamma
sigmoid, softplus = Sigmoid, Softplus
abs = absolute = fabs = Abs
sign, copysign = Sign, Copysign
floor, ceil, trunc = Floor, Ceil, Trunc
round = rint = Round
mod = Mod
fmod = Fmod
fma = Fma


@function
def relu(x: Any) -> Any:
    """max(x, 0), with slope 0 at 0.

    >>> relu(-2.0), relu(3.0)
    (0.0, 3.0)
    """
    return Max(x, 0.0)


@reduction
def sum(operands: Iterable[Any]) -> Any:
    """The sum of numbers and nodes as one node; 0.0 of none.

    >>> sum([1.0, 2.5])
    3.5
    """
    return Sum(*_listed("sum", operands))


@reduction
def prod(operands: Iterable[Any], *, start: Any = 1.0) -> Any:
    """The product of `start` and numbers and nodes as one node; `start` of none.

    >>> prod([2.0, 3.0, 4.0]), prod([2.0, 3.0], start=10.0)
    (24.0, 60.0)
    """
    factors = _listed("prod", operands)
    return Prod(*factors) if type(start) in (int, float) and start == 1.0 else Prod(start, *factors)


@reduction
def dot(left: Iterable[Any], right: Iterable[Any]) -> Any:
    """The inner product of two sequences of equal length as one node.

    >>> dot([1.0, 2.0], [3.0, 4.0])
    11.0
    """
    first, second = _listed("dot", left), _listed("dot", right)
    if len(first) != len(second):
        raise ValueError(f"dot needs two sequences of equal length, got {len(first)} and {len(second)} operands")
    return Dot(*first, *second)


sumprod = dot


@reduction
def norm(operands: Iterable[Any]) -> Any:
    """The Euclidean length as one node, without overflow.

    >>> norm([3.0, 4.0])
    5.0
    """
    return Norm(*_listed("norm", operands))


@reduction
def logsumexp(operands: Iterable[Any]) -> Any:
    """The logarithm of the sum of the exponentials as one node, without overflow; -inf of none.

    >>> logsumexp([1000.0])
    1000.0
    """
    return Logsumexp(*_listed("logsumexp", operands))


@function
def maximum(*operands: Any) -> Any:
    """The largest of one or more operands as one node; k tied variables get 1/k of the gradient each.

    >>> maximum(1.0, 3.0, 2.0)
    3.0
    """
    return _extreme(Max, MaxOfMany, operands)


@function
def minimum(*operands: Any) -> Any:
    """The smallest of one or more operands as one node; k tied variables get 1/k of the gradient each.

    >>> minimum(1.0, 3.0, 2.0)
    1.0
    """
    return _extreme(Min, MinOfMany, operands)


def max(*operands: Any) -> Any:
    """`maximum` of the operands, or of one iterable of them, called like the builtin.

    >>> max(1.0, 3.0), max([1.0, 3.0])
    (3.0, 3.0)
    """
    return maximum(*_listed("max", operands[0])) if len(operands) == 1 else maximum(*operands)


def min(*operands: Any) -> Any:
    """`minimum` of the operands, or of one iterable of them, called like the builtin.

    >>> min(1.0, 3.0), min([1.0, 3.0])
    (1.0, 1.0)
    """
    return minimum(*_listed("min", operands[0])) if len(operands) == 1 else minimum(*operands)


@function
def clip(x: Any, low: Any, high: Any) -> Any:
    """`x` moved into [low, high]: min(max(x, low), high), with the slopes at the ends that follow from it.

    >>> clip(7.0, 0.0, 5.0)
    5.0
    """
    return Min(Max(x, low), high)


def _extreme(of_two: Primitive, of_many: Primitive, operands: tuple[Any, ...]) -> Any:
    """The extreme as one node; of two operands in a sixth of the time (0.1 µs)."""
    if not operands:
        raise OperandError(f"{of_two.name} needs at least one operand, got none")
    return of_two(*operands) if len(operands) == 2 else of_many(*operands)


def _listed(what: str, operands: Any) -> list[Any]:
    """The operands as a list of nodes and numbers."""
    axes = getattr(operands, "ndim", None)
    if not hasattr(operands, "__iter__") or isinstance(operands, str | bytes | dict) or (axes is not None and axes > 1):
        raise not_a_number(f"{what} takes a sequence of numbers and nodes, and it", operands)
    numpy = numpy_if_imported() if axes == 1 else None
    if numpy is not None and type(operands) is numpy.ndarray and operands.dtype.kind == "O":
        # To iterate over an array takes fifteen times as long.
        return operands.tolist()  # type: ignore[no-any-return]
    return list(operands)


__all__ = [
    "acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asin", "asinh", "atan",
    "atan2", "atanh", "cbrt", "ceil", "clip", "copysign", "cos", "cosh", "digamma", "dot", "erf", "erfc", "exp", "exp2",
    "expm1", "fabs", "floor", "fma", "fmod", "gamma", "gammaln", "hypot", "lgamma", "log", "log10", "log1p", "log2",
    "logaddexp", "logsumexp", "maximum", "minimum", "mod", "norm", "polygamma", "power", "prod", "reciprocal", "relu",
    "rint", "sigmoid", "sign", "sin", "sinh", "softplus", "sqrt", "square", "sumprod", "tan", "tanh", "trunc", "where",
    "xlogy",
]  # fmt: skip
