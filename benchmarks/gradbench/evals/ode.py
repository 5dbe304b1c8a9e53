"""A chain of up to 100,000 states, each of which feeds the next, by up to 100 steps of Runge and Kutta's method."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import grad, jit, scan
from benchmarks.gradbench.function import Function

END = 2.0


def solve(rates: Any, steps: int) -> Any:
    """All states at the end.

    A state depends on the one before alone, so the loop goes over states, and a turn takes one through all steps: it
    carries what the next state needs, the four intermediate values of each step. The arithmetic is that of a loop over
    steps; but a turn, and what is kept of it for the way back, is small however many states there are.
    """
    width = END / steps

    def state(feeding: Any, rate: Any) -> Any:
        value, fed = 0.0, []
        for at_start, second, third, fourth in feeding:
            k1, k2, k3, k4 = rate * at_start, rate * second, rate * third, rate * fourth
            fed.append((value, value + width * k1 / 2.0, value + width * k2 / 2.0, value + width * k3))
            value = value + width * (k1 + 2.0 * k2 + 2.0 * k3 + k4) / 6.0
        return fed, value

    # The first state grows by its rate alone, as if a constant 1 fed it.
    feeding, first = state([(1.0, 1.0, 1.0, 1.0)] * steps, rates[0])
    if len(rates) == 1:
        return np.array([first])
    return np.concatenate([[first], scan(state, feeding, rates[1:])[1]])


primal = jit(solve)
gradient = jit(grad(lambda rates, steps: solve(rates, steps)[-1]))


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    """The rates, and the number of steps."""
    return np.array(given["x"], float), given["s"]


FUNCTIONS = {"primal": Function(prepare, primal), "gradient": Function(prepare, gradient)}
