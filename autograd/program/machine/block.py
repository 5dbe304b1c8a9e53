"""The form in which the machine calls a primitive on blocks of rows: C functions when compiled."""

from __future__ import annotations

from collections.abc import Callable

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["Block", "binary_block", "ternary_block", "unary_block", "vector_bits"]


@cython.final
@cython.cclass
class Block:
    """The value of one primitive for each row of a block, as `function(out, operands..., count)`.

    Operands that are the same for all rows are blocks of one number; there is a function for each choice of them. The
    functions of three operands are numbered by bits: 1, 2 and 4 are set if the first, second and third is the same for
    all rows.
    """

    def __init__(self, arity: int) -> None:
        self.arity = arity


def vector_bits() -> int:
    """The number of bits that the vector unit of this processor takes at once."""
    return int(instruction_set()) if cython.compiled else 128  # type: ignore[name-defined]  # noqa: F821 - in block.pxd


def unary_block(function: Callable[..., None]) -> Block:
    """The block function of one operand."""
    block = Block(1)
    block.unary = function
    return block


def binary_block(both: Callable[..., None], left: Callable[..., None], right: Callable[..., None]) -> Block:
    """The block functions of two operands: both differ from row to row, the left one alone, the right one alone."""
    block = Block(2)
    block.both_vary = both
    block.left_varies = left
    block.right_varies = right
    return block


def ternary_block(
    none: Callable[..., None],
    third: Callable[..., None],
    second: Callable[..., None],
    second_and_third: Callable[..., None],
    first: Callable[..., None],
    first_and_third: Callable[..., None],
    first_and_second: Callable[..., None],
) -> Block:
    """The block functions of three operands, by those that are the same for all rows."""
    block = Block(3)
    if not cython.compiled:
        block.ternary = [none] * 8
    block.ternary[0] = block.ternary[7] = none
    block.ternary[1] = first
    block.ternary[2] = second
    block.ternary[3] = first_and_second
    block.ternary[4] = third
    block.ternary[5] = first_and_third
    block.ternary[6] = second_and_third
    return block
