"""Numbers at which floating-point functions are special, and points made of them."""

import itertools
import math

from hypothesis import strategies as st

inf, nan = math.inf, math.nan
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.0, 3.0, inf, -inf, nan, 1e308, -1e308, 5e-324]
FEW = [0.0, -0.0, 1.0, -2.0, inf, nan]
EVERYWHERE = st.one_of(st.sampled_from(SPECIAL), st.floats(-4.0, 4.0), st.floats())


def points_of(primitive, numbers=SPECIAL):
    """Combinations of the numbers as operands; two pairs of few for any number of operands."""
    if primitive.arity in (1, 2):
        return list(itertools.product(numbers, repeat=primitive.arity))
    return list(itertools.product(FEW, repeat=primitive.arity or 4))
