"""Operations on any number of operands as LLVM IR: written out, and sums and inner products of many also as loops.

Written out, a thousand terms are several thousand instructions, which takes long to compile, and longer to fetch than
to execute. A loop over numbers in memory gives the same bits.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from autograd.program.llvm.exponential import exp_difference, exponent_and_mantissa, log, power_of_two
from autograd.program.llvm.expressions import (
    REAL,
    Function,
    Pair,
    Value,
    absolute,
    copysign,
    fma,
    larger,
    select,
    smaller,
    square_root,
    two_product,
    two_sum,
)
from autograd.program.llvm.special import maximum, minimum

__all__ = [
    "Factor",
    "Loop",
    "corrected",
    "factor_of",
    "inner_product",
    "largest",
    "length",
    "log_of_powers",
    "log_of_sum_of_exponentials",
    "multiplied",
    "power_applied",
    "product",
    "smallest",
    "total",
    "without_underflow",
]

# Terms in one turn of the loop: numbers carried from turn to turn go through memory.
TERMS = 16


def total(terms: Sequence[Value]) -> Value:
    """The sum, its rounding errors added at the end (Neumaier 1974) unless they are not finite."""
    result = terms[0]
    if len(terms) < 3:
        return not_negative_zero(result if len(terms) == 1 else result + terms[1])
    lost = result.like(0.0)
    for term in terms[1:]:
        result, error = two_sum(result, term)
        lost = lost + error
    return corrected(result, lost)


def corrected(result: Value, lost: Value) -> Value:
    """A sum with its rounding errors, which are nan where it is not finite."""
    total = result + lost
    return not_negative_zero(select(total == total, total, result))


def not_negative_zero(total: Value) -> Value:
    """A sum as it is if added to 0.0 one after the other: no sum of that kind is -0.0."""
    return total + 0.0


def inner_product(terms: Sequence[Value]) -> Value:
    """The inner product of the halves, roundings added as in `total` (Ogita, Rump and Oishi 2005)."""
    half = len(terms) // 2
    products = [two_product(a, b) for a, b in zip(terms[:half], terms[half:], strict=True)]
    if half == 1:
        return not_negative_zero(products[0].high)
    result = products[0].high
    lost = products[0].low
    for product in products[1:]:
        result, error = two_sum(result, product.high)
        lost = lost + (error + product.low)
    return corrected(result, lost)


class Factor(NamedTuple):
    """A product so far as (high + low) * 2**exponent; a mantissa and the exponent of a single number.

    Mantissas and exponents are multiplied apart, so that no partial product over- or underflows.
    """

    high: Value
    low: Value
    exponent: Value


def factor_of(number: Value) -> Factor:
    """A number, its mantissa below 0.71 and at least half of that; 0, infinity and nan are their own."""
    size = absolute(number)
    ordinary = (size > 0.0) & (size < math.inf)
    exponent, mantissa = exponent_and_mantissa(select(ordinary, size, 1.0))
    high = copysign(select(ordinary, 0.5 * mantissa, size), number)
    return Factor(high, number.like(0.0), select(ordinary, exponent + 1.0, 0.0))


def multiplied(one: Factor, other: Factor) -> Factor:
    """The product, roundings carried along (Graillat 2008)."""
    product = two_product(one.high, other.high)
    low = fma(one.high, other.low, fma(one.low, other.high, product.low))
    return Factor(product.high, low, one.exponent + other.exponent)


def without_underflow(product: Factor) -> Factor:
    """The same product with a mantissa that a thousand more factors can't bring to 0: they only make it smaller."""
    is_small = absolute(product.high) < 2.0**-300
    scale = select(is_small, 2.0**300, 1.0)
    exponent = product.exponent - select(is_small, 300.0, 0.0)
    return Factor(product.high * scale, product.low * scale, exponent)


def power_applied(product: Factor) -> Value:
    """The number that a product is."""
    result, exponent = product.high, product.exponent
    total = result + product.low
    # A zero keeps its sign.
    result = select((total == total) & (result != 0.0), total, result)
    # In steps: a power of two has a narrower range than the product of three.
    for _ in range(3):
        power = larger(smaller(exponent, 1000.0), -1000.0)
        result = result * power_of_two(power)
        exponent = exponent - power
    return result


def product(factors: Sequence[Value]) -> Value:
    """The product, rounded about once."""
    if len(factors) < 3:
        return factors[0] if len(factors) == 1 else factors[0] * factors[1]
    return power_applied(functools.reduce(multiplied, [factor_of(factor) for factor in factors]))


def largest(operands: Sequence[Value]) -> Value:
    """The largest operand, the first of zeros; nan if any is."""
    return functools.reduce(lambda so_far, operand: maximum(operand, so_far), operands)


def smallest(operands: Sequence[Value]) -> Value:
    """The smallest operand, the first of zeros; nan if any is."""
    return functools.reduce(lambda so_far, operand: minimum(operand, so_far), operands)


def length(terms: Sequence[Value]) -> Value:
    """The Euclidean length, without overflow."""
    scale = largest([absolute(term) for term in terms])
    shares = [term / scale for term in terms]
    result = scale * square_root(inner_product([*shares, *shares]))
    return select((scale == 0.0) | (scale == math.inf), scale, result)


def log_of_sum_of_exponentials(terms: Sequence[Value]) -> Value:
    """The logarithm of the sum of the exponentials, without overflow."""
    highest = largest(terms)
    return log_of_powers(highest, total([exp_difference(term, highest) for term in terms]))


def log_of_powers(highest: Value, powers: Value) -> Value:
    """The logarithm of a sum of exponentials that were computed as `powers`, each less the `highest` exponent."""
    return select(absolute(highest) == math.inf, highest, highest + log(powers))


class Loop(NamedTuple):
    """A sum as a loop over numbers in memory; `summand` makes one of a number from each of `operands` arrays."""

    operands: int
    summand: Callable[..., Pair]

    def definition(self, name: str) -> tuple[str, set[str]]:
        """The text of `double @<name>(ptr, ..., i64 count)`, and the declarations that it needs."""
        function = Function(1)
        addresses = [f"%terms{place}" for place in range(self.operands)]
        function.lines = [
            f"define internal double @{name}({', '.join([f'ptr {address}' for address in addresses])}, i64 %count)"
            " noinline nounwind {",
            "entry:",
        ]
        start = self.summand_at(function, addresses, "0")
        carried = "entry", "1", start
        for label, terms in (("many", TERMS), ("one", 1)):
            carried = self.turns(function, addresses, label, terms, carried)
        result = corrected(*carried[2])
        function.lines += [f"  ret double {result.text}", "}"]
        return "\n".join(function.lines), function.intrinsics

    def turns(
        self, function: Function, addresses: list[str], label: str, terms: int, carried: tuple[str, str, Pair]
    ) -> tuple[str, str, Pair]:
        """Emit a loop that adds `terms` summands a turn while as many are left, and return its `carried`.

        `carried` has the block before the next one, the number of the next term, and the sum so far.
        """
        before, first, start = carried
        place = f"%{label}_place"
        sums = Pair(Value(function, REAL, f"%{label}_high"), Value(function, REAL, f"%{label}_low"))
        at = len(function.lines)
        total = sums
        for term in range(terms):
            index = f"%{function.new_name()}"
            function.lines.append(f"  {index} = add i64 {place}, {term}")
            summand = self.summand_at(function, addresses, index)
            high, error = two_sum(total.high, summand.high)
            total = Pair(high, total.low + self.lost(error, summand))
        kept = [(value, given.text, found.text) for value, given, found in zip(sums, start, total, strict=True)]
        function.loop(at, label, before, first, terms, "%count", kept)
        return f"{label}_end", place, sums

    def summand_at(self, function: Function, addresses: list[str], index: str) -> Pair:
        """The summand of this number, with its rounding error."""
        terms = []
        for address in addresses:
            place = f"%{function.new_name()}"
            function.lines.append(f"  {place} = getelementptr double, ptr {address}, i64 {index}")
            terms.append(function.emit(REAL, f"load double, ptr {place}, align 8"))
        return self.summand(*terms)

    def lost(self, error: Value, summand: Pair) -> Value:
        """The rounding errors of a summand and of its addition."""
        return error if self.operands == 1 else error + summand.low
