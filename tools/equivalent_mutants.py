"""Mutants that are no faults: what they compute is right, too. Each stands here with the reason."""

from __future__ import annotations

__all__ = ["EQUIVALENT"]

COMMUTES = "the operation commutes, to the bit"
EITHER_FORM = "at this very point both forms give the derivative, to within the same rounding"
NAN_ANYWAY = "what is changed is nan before and after: nan is added or subtracted"
FORCED = "it matters only where an operand is nan, and then every local gradient is nan whatever the rule says"
ZERO_TIMES = "the other factor is 0 here: the product is 0 before and after, but for its sign"
WHICH_ZERO = "it matters only for 0 and -0, which tie: the extreme may be either"
SAME_SIDES = "both sides are the same where the comparisons differ"
ONLY_ITS_SIGN = "only the sign of this number is used"
UNCHANGED = "what is returned here is nan, infinite or 0, and so it is when doubled; a nan also when negated"
SAME_LARGEST = "of equal operands either is the largest"
ANY_SCALE = "the scale is any power of two that keeps the powers in range: the next one does, too"
OF_A_CONSTANT = "what is changed is the share of a constant, which is not used"
SIGN_OF_PROD = "direction * copysign(1.0, values[index])"
ZERO_OF_PROD = f"copysign(0.0, {SIGN_OF_PROD})"
POLE_OF_PROD = f"copysign(INFINITY, {SIGN_OF_PROD})"
ONE = "the divisor or factor is 1 or -1"
ANY_POWER = "a power of two that is nearly the product will do: it is divided by, and multiplied with at the end"
MORE_HALVINGS = "one more halving, of all factors and none, changes no product"

EQUIVALENT: dict[str, str] = {
    "primitives.py plus: value 0 with a and b swapped": COMMUTES,
    "primitives.py multiply: value 0 with a and b swapped": COMMUTES,
    "primitives.py asinh: gradient Hypot(1.0, x) with its operands swapped": COMMUTES,
    "primitives.py power, power_below: where(Abs(power) == math.inf, 0.0, factor * power) as 0.0, "
    "in at_zero = where(Abs(power) == math.inf, 0.0, factor * power)": FORCED,
    "primitives.py power, power_below: factor * power as factor, "
    "in at_zero = where(Abs(power) == math.inf, 0.0, factor * power)": ZERO_TIMES,
    "primitives.py atan: gradient Abs(x) <= 100000000.0 as Abs(x) < 100000000.0": EITHER_FORM,
    "primitives.py atan: gradient 100000000.0 as 100000001.0": EITHER_FORM,
    "primitives.py acosh: gradient x <= 100000000.0 as x < 100000000.0": EITHER_FORM,
    "primitives.py acosh: gradient 100000000.0 as 100000001.0": EITHER_FORM,
    "primitives.py atan2: Abs(a) > Abs(b) as Abs(a) >= Abs(b), in steep = Abs(a) > Abs(b)": EITHER_FORM,
    "primitives.py hypot: gradient Max(out, LEAST) with its operands swapped": COMMUTES,
    "primitives.py norm: gradient Max(out, LEAST) with its operands swapped": COMMUTES,
    "primitives.py prod: Prod(*operands[:place], *operands[place + 1:]) with its operands swapped, "
    "in return [Prod(*operands[:place], *operands[place + 1:]) for place in range(count)]": COMMUTES,
    "primitives.py prod: count <= _FEW_FACTORS as count < _FEW_FACTORS, in if count <= _FEW_FACTORS:": EITHER_FORM,
    "primitives.py prod: Ceil for Floor, in part = Floor(exponent / _PARTS)": ANY_POWER,
    "primitives.py prod: Ceil for Floor, in rounded = Floor(reached)": ANY_POWER,
    "primitives.py prod: 0.0 as 1.0, in reached = reached + "
    "Sum(*[where(Abs(size) < math.inf, size, 0.0) for size in logarithms])": ANY_POWER,
    "primitives.py prod: 0.0 as 1.0, in before: Any = 0.0": ANY_POWER,
    "primitives.py prod: 0.0 as 1.0, in reached: Any = 0.0": ANY_POWER,
    "primitives.py prod: Max(Min(exponent, _MOST_BITS), -_MOST_BITS) with its operands swapped, "
    "in exponent = Max(Min(exponent, _MOST_BITS), -_MOST_BITS)": COMMUTES,
    "primitives.py prod: Min(exponent, _MOST_BITS) with its operands swapped, "
    "in exponent = Max(Min(exponent, _MOST_BITS), -_MOST_BITS)": COMMUTES,
    "primitives.py prod: Prod(*chunk, *_powers_of_two(-size)) with its operands swapped, "
    "in shares = [Prod(*chunk, *_powers_of_two(-size)) for chunk, size in zip(chunks, sizes, strict=True)]": COMMUTES,
    "primitives.py prod: len(shares) > 2 as len(shares) >= 2, in while len(shares) > 2:": MORE_HALVINGS,
    "primitives.py trunc: value x < 0.0 as x <= 0.0": SAME_SIDES,
    "primitives.py copysign: gradient Sign(a) * Copysign(1.0, b) as Sign(a) / Copysign(1.0, b)": ONE,
    "primitives.py max: value 0 with a and b swapped": WHICH_ZERO,
    "primitives.py max: value a > b as a >= b": WHICH_ZERO,
    "primitives.py max: value a + b as a - b": NAN_ANYWAY,
    "primitives.py max_of_many, min_of_many: 0.0 as 1.0, in return [where(x == out, 1.0 / (tied * use), 0.0) "
    "if use else 0.0 for x, use in zip(operands, uses, strict=True)]": OF_A_CONSTANT,
    "primitives.py min: value 0 with a and b swapped": WHICH_ZERO,
    "primitives.py min: value a < b as a <= b": WHICH_ZERO,
    "primitives.py min: value a + b as a - b": NAN_ANYWAY,
    "nary.py max_of_many: operands[place] > largest as operands[place] >= largest, in if operands[place] > largest:":
        WHICH_ZERO,
    "nary.py min_of_many: operands[place] < smallest as operands[place] <= smallest, in if operands[place] < smallest:":
        WHICH_ZERO,
    f"accumulate.py prod: result {ZERO_OF_PROD} doubled, in result[index] = {ZERO_OF_PROD}": UNCHANGED,
    f"accumulate.py prod: {SIGN_OF_PROD} as {SIGN_OF_PROD.replace('*', '/')}, in result[index] = {ZERO_OF_PROD}": ONE,
    f"accumulate.py prod: 1.0 as 2.0, in result[index] = {ZERO_OF_PROD}": ONLY_ITS_SIGN,
    f"accumulate.py prod: result {POLE_OF_PROD} doubled, in result[index] = {POLE_OF_PROD}": UNCHANGED,
    f"accumulate.py prod: {SIGN_OF_PROD} as {SIGN_OF_PROD.replace('*', '/')}, in result[index] = {POLE_OF_PROD}": ONE,
    f"accumulate.py prod: 1.0 as 2.0, in result[index] = {POLE_OF_PROD}": ONLY_ITS_SIGN,
    "accumulate.py prod: 1.0 as 2.0, in direction = 1.0": ONLY_ITS_SIGN,
    "accumulate.py prod: 1.0 as 2.0, in direction *= copysign(1.0, values[index])": ONLY_ITS_SIGN,
    "accumulate.py logsumexp: values[index] > largest as values[index] >= largest, "
    "in if values[index] > largest or isnan(values[index]):": SAME_LARGEST,
    "special.py cbrt: result x doubled, in return x": UNCHANGED,
    "special.py lgamma: result INFINITY doubled, in return INFINITY": UNCHANGED,
    "special.py lgamma: result x negated, in return x": UNCHANGED,
    "special.py lgamma: result x doubled, in return x": UNCHANGED,
    "special.py digamma: result x doubled, in return x": UNCHANGED,
    "special.py polygamma: mantissa < 0.7071067811865476 as mantissa >= 0.7071067811865476, "
    "in if mantissa < 0.7071067811865476:": ANY_SCALE,
    "special.py polygamma: result INFINITY if odd else NAN doubled, in return INFINITY if odd else NAN": UNCHANGED,
    "special.py polygamma: result 0.0 if odd else -0.0 doubled, in return 0.0 if odd else -0.0": UNCHANGED,
    "special.py mod: result copysign(0.0, b) doubled, in return copysign(0.0, b)": UNCHANGED,
    "special.py sign: result x + 0.0 doubled, in return x + 0.0": UNCHANGED,
}  # fmt: skip
