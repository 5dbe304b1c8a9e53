"""Symbols: values of a program being built, on which the value function of a user's primitive is run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.arrays.array_elements import function_of
from autograd.errors import TraceError
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import (
    Abs,
    Both,
    Divide,
    Either,
    Equal,
    FloorDivide,
    Less,
    LessEqual,
    Minus,
    Mod,
    Multiply,
    Negate,
    Not,
    NotEqual,
    Plus,
    Power,
    Select,
)

__all__ = ["Symbol", "number_of"]


class Symbol:
    """A value of a builder, for running the value function of a user's primitive."""

    def __init__(self, builder: Any, value: int) -> None:
        self.builder = builder
        self.value_number = value

    @staticmethod
    def apply_primitive(primitive: Primitive, operands: Sequence[Any]) -> Symbol:
        """The symbol of a primitive of symbols and numbers."""
        builder = next(operand.builder for operand in operands if isinstance(operand, Symbol))
        return Symbol(builder, builder.emit(primitive, tuple([number_of(builder, operand) for operand in operands])))

    def choose(self, yes: Any, no: Any) -> Symbol:
        """The symbol of `where` with this one as the condition."""
        return Symbol.apply_primitive(Select, (self, yes, no))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        function = function_of(ufunc.__name__)
        if function is None:
            raise TraceError(
                f"NumPy's {ufunc.__name__} has no primitive; write a primitive's value with autograd's functions"
            )
        return function(*inputs)

    __hash__ = object.__hash__

    def refuse(self) -> Any:
        """Raise TraceError: a value function asked for a number or a decision."""
        raise TraceError(
            "to be compiled, the value of a primitive must be written with operators and autograd's functions, without "
            "`if` (use where), math.exp and the like: it is run on symbols"
        )

    __bool__ = __float__ = __int__ = __index__ = __round__ = __floor__ = refuse


def _operator(primitive: Primitive, swapped: bool = False) -> Any:
    if swapped:
        return lambda self, other: Symbol.apply_primitive(primitive, (other, self))
    return lambda self, *others: Symbol.apply_primitive(primitive, (self, *others))


for _name, _primitive in {
    "add": Plus, "sub": Minus, "mul": Multiply, "truediv": Divide, "pow": Power, "mod": Mod,
    "floordiv": FloorDivide, "neg": Negate, "abs": Abs, "lt": Less, "le": LessEqual, "eq": Equal,
    "ne": NotEqual, "or": Either, "and": Both, "invert": Not,
}.items():  # fmt: skip
    setattr(Symbol, f"__{_name}__", _operator(_primitive))
    if _name in ("add", "sub", "mul", "truediv", "pow", "mod", "floordiv"):
        setattr(Symbol, f"__r{_name}__", _operator(_primitive, swapped=True))
for _name, _primitive in {"gt": Less, "ge": LessEqual}.items():
    setattr(Symbol, f"__{_name}__", _operator(_primitive, swapped=True))


def number_of(builder: Any, operand: Any) -> int:
    """The value that a symbol or a plain number is."""
    return operand.value_number if isinstance(operand, Symbol) else builder.constant(float(operand))
