"""One operation of a machine's plan: as the program has it, or as two of its operations done in one go."""

from __future__ import annotations

from typing import Any

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["ADD", "ADD_PRODUCT", "FUSED", "MINUS_PRODUCT", "PRODUCT_MINUS", "PRODUCT_PLUS", "Fused", "Step"]


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
FUSED = (PRODUCT_PLUS, PRODUCT_MINUS, MINUS_PRODUCT, ADD, ADD_PRODUCT)


@cython.final
@cython.no_gc
@cython.cclass
class Step:
    """One operation: the number of its result, its primitive (or `Fused`), and the numbers of its operands.

    Up to three operands are the `first` ones, without a tuple: a plan has a step for each operation. Of more, they are
    all in `many`. Where it adds to a sum, `output` is that sum's number, and it has no result; else `output` is -1.
    """

    def __init__(self, result: int, primitive: Any, operands: tuple[int, ...], output: int = -1) -> None:
        self.result = result
        self.primitive = primitive
        self.output = output
        self.count = len(operands)
        self.first, self.second, self.third = (*operands[:3], -1, -1, -1)[:3]
        self.many = operands if self.count > 3 else None

    @property
    def operands(self) -> tuple[int, ...]:
        """The numbers of all operands."""
        return tuple([operand_in(self, place) for place in range(self.count)]) if self.many is None else self.many


# Compiled, it is in step.pxd.
if not cython.compiled:

    def operand_in(step: Step, place: int) -> int:
        """The operand at a place."""
        return step.many[place] if step.many is not None else (step.first, step.second, step.third)[place]


def new_step(result: int, primitive: Any, count: int, first: int, second: int = -1, third: int = -1) -> Step:
    """A step on up to three operands, without a call by Python: a plan makes one for each operation."""
    step: Step = Step.__new__(Step)
    step.result = result
    step.primitive = primitive
    step.output = -1
    step.count = count
    step.first, step.second, step.third = first, second, third
    step.many = None
    return step
