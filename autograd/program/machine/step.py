"""One operation of a machine's plan: as the program has it, or as two of its operations done in one go."""

from __future__ import annotations

from typing import Any

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["ADD", "ADD_PRODUCT", "MINUS_PRODUCT", "PRODUCT_MINUS", "PRODUCT_PLUS", "Fused", "Step"]


class Fused:
    """Two operations done in one go over a block, each rounded as by itself: no value of its own passes memory."""

    def __init__(self, name: str, arity: int) -> None:
        self.name = name
        self.arity = arity


PRODUCT_PLUS, PRODUCT_MINUS, MINUS_PRODUCT = [
    Fused(name, 3) for name in ("product_plus", "product_minus", "minus_product")
]
# Added to a sum over rows: a value, and the product of two.
ADD, ADD_PRODUCT = Fused("add", 1), Fused("add_product", 2)


@cython.final
@cython.no_gc
@cython.cclass
class Step:
    """One operation: the number of its result, its primitive (or `Fused`), and the numbers of its operands.

    Where it adds to a sum, `output` is that sum's number, and it has no result; else `output` is -1.
    """

    def __init__(self, result: int, primitive: Any, operands: tuple[int, ...], output: int = -1) -> None:
        self.result = result
        self.primitive = primitive
        self.operands = operands
        self.output = output


def new_step(result: int, primitive: Any, operands: tuple[int, ...], output: int = -1) -> Step:
    """`Step(result, primitive, operands, output)`, without a call by Python: a plan makes one for each operation."""
    step: Step = Step.__new__(Step)
    step.result = result
    step.primitive = primitive
    step.operands = operands
    step.output = output
    return step
