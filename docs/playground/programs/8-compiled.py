# Compiled, with its decisions
from autograd import jit
from viz import draw


@jit
def payoff(price, strike):
    if price > strike:
        return price - strike
    return 0.1 * price


draw(payoff, 3.0, 2.0)
