"""The table of operations in LLVM IR, one line for each that is more than arithmetic.

An operation without a line follows from its declaration: arithmetic runs on the values of LLVM IR as on numbers, and
for anything else the primitive's C function is called row by row.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import NamedTuple

from autograd.errors import UnknownPrimitiveError
from autograd.operations.primitive import Primitive, find_primitive
from autograd.program.llvm import exponential, hyperbolic, reductions, special, sweeps, trigonometry
from autograd.program.llvm.expressions import (
    REAL,
    Function,
    Pair,
    Value,
    absolute,
    fma,
    square_root,
    two_product,
)

__all__ = ["LOWERED", "SLOPES", "Lowered", "arity_of", "family_of", "lowered", "members_of"]


class Lowered(NamedTuple):
    """The LLVM IR of one operation: `write` emits it and returns the result, given the operands.

    It becomes a function, which is called; `inline` writes it out at each use, where a call would cost more than the
    operation. Operations of one `family` take the same operands and share so much work that one function for all takes
    little longer than one. An operation on `many` takes its operands as one sequence, is always inline, and may have a
    `loop` for long sequences in memory, which gives the same bits, or a `sweep`, which does not and is used for all
    long ones. Without `write`, the primitive's C function is called for each row.
    """

    write: Callable[..., Value] | None
    inline: bool = False
    family: str = ""
    many: bool = False
    loop: reductions.Loop | None = None
    sweep: sweeps.Sweep | None = None


# Members of a family stand in the order in which their function returns them.
LOWERED: dict[str, Lowered] = {
    "fma": Lowered(fma, inline=True),
    "product_plus": Lowered(fma, inline=True),
    "product_minus": Lowered(lambda a, b, c: fma(a, b, -c), inline=True),
    "minus_product": Lowered(lambda a, b, c: fma(-a, b, c), inline=True),
    "sqrt": Lowered(square_root, inline=True),
    "cbrt": Lowered(special.cbrt),
    "hypot": Lowered(special.hypot),
    "power": Lowered(exponential.power),
    "power_beside": Lowered(exponential.power_beside, family="power"),
    "power_below": Lowered(exponential.power_below, family="power"),
    "exp": Lowered(exponential.exp),
    "exp_difference": Lowered(exponential.exp_difference),
    "exp2": Lowered(exponential.exp2),
    "expm1": Lowered(exponential.expm1),
    "log": Lowered(exponential.log),
    "log2": Lowered(exponential.log2),
    "log10": Lowered(exponential.log10),
    "log1p": Lowered(exponential.log1p),
    "xlogy": Lowered(exponential.xlogy),
    "logaddexp": Lowered(exponential.logaddexp, family="logaddexp"),
    "softplus": Lowered(exponential.softplus, family="sigmoid"),
    "sigmoid": Lowered(exponential.sigmoid, family="sigmoid"),
    "sigmoid_of_negated": Lowered(exponential.sigmoid_of_negated, family="sigmoid"),
    "sigmoid_difference": Lowered(exponential.sigmoid_difference, family="logaddexp"),
    "sigmoid_difference_swapped": Lowered(exponential.sigmoid_difference_swapped, family="logaddexp"),
    "sin": Lowered(trigonometry.sin, family="sin"),
    "cos": Lowered(trigonometry.cos, family="sin"),
    "tan": Lowered(trigonometry.tan),
    "asin": Lowered(trigonometry.asin),
    "acos": Lowered(trigonometry.acos),
    "atan": Lowered(trigonometry.atan),
    "atan2": Lowered(trigonometry.atan2),
    "sinh": Lowered(hyperbolic.sinh, family="sinh"),
    "cosh": Lowered(hyperbolic.cosh, family="sinh"),
    "tanh": Lowered(hyperbolic.tanh, family="tanh"),
    "sech_squared": Lowered(hyperbolic.sech_squared, family="tanh"),
    "asinh": Lowered(hyperbolic.asinh),
    "acosh": Lowered(hyperbolic.acosh),
    "atanh": Lowered(hyperbolic.atanh),
    "erf": Lowered(special.erf, family="erf"),
    "erfc": Lowered(special.erfc, family="erf"),
    "gaussian": Lowered(exponential.gaussian, family="erf"),
    "abs": Lowered(absolute, inline=True),
    "sign": Lowered(special.sign, inline=True),
    "floor": Lowered(special.floor, inline=True),
    "ceil": Lowered(special.ceil, inline=True),
    "round": Lowered(special.nearest, inline=True),
    "trunc": Lowered(special.trunc, inline=True),
    "copysign": Lowered(special.signed_size, inline=True),
    "max": Lowered(special.maximum, inline=True),
    "min": Lowered(special.minimum, inline=True),
    "fmod": Lowered(special.fmod),
    "mod": Lowered(special.mod),
    "floor_divide": Lowered(special.floor_divide),
    "sum": Lowered(reductions.total, many=True, loop=reductions.Loop(1, lambda term: Pair(term, term.like(0.0)))),
    "dot": Lowered(reductions.inner_product, many=True, loop=reductions.Loop(2, two_product)),
    "prod": Lowered(reductions.product, many=True, sweep=sweeps.Sweep(sweeps.product_of_many)),
    "norm": Lowered(reductions.length, many=True, sweep=sweeps.Sweep(sweeps.length_of_many)),
    "log_of_powers": Lowered(reductions.log_of_powers),
    "logsumexp": Lowered(
        reductions.log_of_sum_of_exponentials, many=True, sweep=sweeps.Sweep(sweeps.log_of_sum_of_many)
    ),
    "max_of_many": Lowered(reductions.largest, many=True),
    "min_of_many": Lowered(reductions.smallest, many=True),
}

# The operations that give the slopes of others in each of many operands.
SLOPES: dict[str, sweeps.Slopes] = {
    "slopes of logsumexp": sweeps.Slopes(sweeps.slopes_of_log_of_sum),
    "slopes of norm": sweeps.Slopes(sweeps.slopes_of_length),
}


def lowered(name: str) -> Lowered:
    """The LLVM IR of an operation: its line in the table, or one that follows from the primitive of this name."""
    line = LOWERED.get(name)
    if line is not None:
        return line
    try:
        primitive = find_primitive(name)
    except UnknownPrimitiveError:
        raise ValueError(f"there is no LLVM function {name}; there are {', '.join(sorted(LOWERED))}") from None
    if is_arithmetic(primitive):
        return Lowered(primitive.value, inline=True)
    if primitive.kernel is None:
        raise NotImplementedError(
            f"{name} can't be compiled: it is more than arithmetic, has no C function, and no line in LOWERED"
        )
    return Lowered(None, many=primitive.arity is None)


@functools.cache
def is_arithmetic(primitive: Primitive) -> bool:
    """Whether the value of a primitive consists of operators and `where` alone, which run on values of LLVM IR."""
    if primitive.value is None or primitive.arity is None:
        return False
    function = Function(1)
    try:
        primitive.value(*[Value(function, REAL, f"%x{place}") for place in range(primitive.arity)])
    except TypeError:
        # A function of numbers refuses anything else.
        return False
    return True


def arity_of(name: str) -> int:
    """The number of operands of an operation that takes no sequence of them."""
    write = lowered(name).write
    return find_primitive(name).arity or 0 if write is None else len(inspect.signature(write).parameters)


def family_of(name: str) -> str:
    """The family of an operation; empty if it has none."""
    line = LOWERED.get(name)
    return "" if line is None else line.family


def members_of(family: str) -> list[str]:
    """The operations of a family, in its order."""
    return [name for name, line in LOWERED.items() if line.family == family]
