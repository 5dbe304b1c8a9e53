"""The form in which the engine calls a primitive on numbers: C functions when compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.numbers.arrays import doubles

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from array import array
    from math import nan as NAN

    from autograd.numbers.arrays import doubles_in

__all__ = ["Kernel", "binary_kernel", "nary_kernel", "unary_kernel", "with_slopes"]


# True if the engine runs as C code, False if as plain Python.
COMPILED: bool = cython.compiled

# The second derivatives that a kernel may have: in the first operand, in both, in the second.
LEFT = 1
MIXED = 2
RIGHT = 4


@cython.final
@cython.cclass
class Kernel:
    """The value, local gradients and local second derivatives of one primitive as functions on doubles.

    Which functions are set depends on `arity`: 1, 2, or 0 for any number of operands. `curved` says by its
    bits which second derivatives are not zero everywhere; only those have a function.
    """

    def __cinit__(self, *_: Any) -> None:
        # Only compiled: a function that is not set gives nan, and a call of it is no jump to nowhere.
        self.unary_value = no_unary_value
        self.unary_gradient = self.unary_curvature = self.binary_value = no_binary_value
        self.left_gradient = self.right_gradient = self.gradient_beside_constant = no_binary_gradient
        self.left_curvature = self.mixed_curvature = self.right_curvature = no_binary_gradient
        self.nary_value = no_nary_value
        self.nary_gradients = no_nary_gradients
        self.nary_slopes = no_nary_slopes

    def __init__(self, arity: int) -> None:
        self.arity = arity
        self.kinked_beside_constant = False
        self.curved = 0
        self.has_slopes = False

    def value_of(self, operands: list[float]) -> float:
        """The value on a list of floats."""
        if self.arity == 1:
            return self.unary_value(operands[0])
        if self.arity == 2:
            return self.binary_value(operands[0], operands[1])
        return nary_value_of(self, operands)

    def gradients_beside_constants(self, operands: list[float], out: float, uses: list[float]) -> tuple[float, ...]:
        """The local gradients on a list of floats, of a primitive for which it matters which operands are constant.

        The kernel's form of `Primitive.local_gradients`, which explains `uses`.
        """
        if self.arity == 0:
            return nary_gradients_of(self, operands, out, uses)
        a, b = operands
        if uses[0] and uses[1]:
            return (self.left_gradient(a, b, out), self.right_gradient(a, b, out))
        return (
            self.gradient_beside_constant(a, b, out) if uses[0] else 0.0,
            self.gradient_beside_constant(b, a, out) if uses[1] else 0.0,
        )

    def shares_of(self, given: Any, result: Any) -> None:
        """Fill `result` with an adjoint times the slope in each operand; `given`: the adjoint, output and operands."""
        memory = doubles_in(given)
        operands = memory + 2 if cython.compiled else given[2:]
        shares_into(self.nary_slopes, memory[0], memory[1], operands, len(given) - 2, doubles_in(result))


def no_unary_value(a: float) -> float:
    """What a kernel without this function gives."""
    return NAN


def no_binary_value(a: float, b: float) -> float:
    """What a kernel without this function gives."""
    return NAN


def no_binary_gradient(a: float, b: float, out: float) -> float:
    """What a kernel without this function gives."""
    return NAN


def no_nary_value(operands: Any, count: int) -> float:
    """What a kernel without this function gives."""
    return NAN


def no_nary_gradients(operands: Any, count: int, out: float, uses: Any, result: Any) -> None:
    """What a kernel without this function gives."""
    for place in range(count):
        result[place] = NAN


def nary_value_of(kernel: Kernel, operands: list[float]) -> float:
    """The value on any number of floats."""
    values = array("d", operands)
    return kernel.nary_value(doubles_in(values), len(operands))


def nary_gradients_of(kernel: Kernel, operands: list[float], out: float, uses: list[float]) -> tuple[float, ...]:
    """The local gradients on any number of floats."""
    values, places, gradients = array("d", operands), array("d", uses), doubles(len(operands))
    kernel.nary_gradients(doubles_in(values), len(operands), out, doubles_in(places), doubles_in(gradients))
    return tuple(gradients)


def no_nary_slopes(operands: Any, count: int, out: float, result: Any) -> None:
    """What a kernel without this function gives."""
    for place in range(count):
        result[place] = NAN


def shares_into(slopes: Any, adjoint: float, out: float, operands: Any, count: int, result: Any) -> None:
    """Fill `result` with the slopes times an adjoint."""
    slopes(operands, count, out, result)
    for place in range(count):
        result[place] *= adjoint


def unary_kernel(value: Callable[..., Any], gradient: Callable[..., Any]) -> Kernel:
    """The kernel of one operand: `value(x)` and `gradient(x, out)`."""
    kernel = Kernel(1)
    kernel.unary_value = value
    kernel.unary_gradient = gradient
    return kernel


def binary_kernel(
    value: Callable[..., Any], left_gradient: Callable[..., Any], right_gradient: Callable[..., Any]
) -> Kernel:
    """The kernel of two operands: `value(a, b)`, and a gradient in each of the form `gradient(a, b, out)`."""
    kernel = Kernel(2)
    kernel.binary_value = value
    kernel.left_gradient = left_gradient
    kernel.right_gradient = right_gradient
    return kernel


def with_constant(kernel: Kernel, gradient: Callable[..., Any]) -> Kernel:
    """The kernel with the local gradient `gradient(x, c, out)` of an operand beside a constant."""
    kernel.kinked_beside_constant = True
    kernel.gradient_beside_constant = gradient
    return kernel


def with_curvature(kernel: Kernel, curvature: Callable[..., Any]) -> Kernel:
    """The kernel of one operand with its second derivative, `curvature(x, out)`."""
    kernel.curved = LEFT
    kernel.unary_curvature = curvature
    return kernel


def with_left_curvature(kernel: Kernel, curvature: Callable[..., Any]) -> Kernel:
    """The kernel of two operands with its second derivative in the first, `curvature(a, b, out)`."""
    kernel.curved |= LEFT
    kernel.left_curvature = curvature
    return kernel


def with_mixed_curvature(kernel: Kernel, curvature: Callable[..., Any]) -> Kernel:
    """The kernel of two operands with its second derivative in both, `curvature(a, b, out)`."""
    kernel.curved |= MIXED
    kernel.mixed_curvature = curvature
    return kernel


def with_right_curvature(kernel: Kernel, curvature: Callable[..., Any]) -> Kernel:
    """The kernel of two operands with its second derivative in the second, `curvature(a, b, out)`."""
    kernel.curved |= RIGHT
    kernel.right_curvature = curvature
    return kernel


def nary_kernel(value: Callable[..., Any], gradients: Callable[..., Any]) -> Kernel:
    """The kernel of any number of operands.

    `value(operands, count)`, and `gradients(operands, count, out, uses, result)`, which fills `result`; `uses` as in
    `Primitive.local_gradients`.
    """
    kernel = Kernel(0)
    kernel.nary_value = value
    kernel.nary_gradients = gradients
    return kernel


def with_slopes(kernel: Kernel, slopes: Callable[..., Any]) -> Kernel:
    """The kernel of any number of operands with local gradients to the bit as the primitive's rule gives them.

    `slopes(operands, count, out, result)` fills `result`. All operands vary, and each stands in one place.
    """
    kernel.has_slopes = True
    kernel.nary_slopes = slopes
    return kernel
