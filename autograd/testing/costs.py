"""The time that a check takes, told before it begins where nobody would wait for it unasked.

Derivatives are as many as inputs times outputs, and to compare each of them takes runs of the whole function.
"""

from __future__ import annotations

import math

from autograd.errors import ArgumentError

__all__ = ["is_long", "refuse_long", "time_of"]

# Seconds, compiled. Beyond this one is asked.
LONG = 30.0
# Seconds for one derivative to be compared, and for one operation to be run again; measured on sums of squares of 1,000
# inputs and on arrays of 900 sines. The runs are those for one input.
COMPARED = 40e-6
OPERATION = 0.2e-6
RUNS = 9
# Orders beyond which, and seconds beyond which, nobody need know it better.
MOST_ORDERS = 64
ENDLESS = 1e15


def time_of(inputs: int, outputs: int, operations: int, order: int) -> float:
    """The seconds that a check of each input alone takes, about."""
    seconds = 0.0
    # Each run makes as many variables as there are inputs.
    operations = max(operations, inputs)
    if not inputs:
        return seconds
    for below in range(min(order, MOST_ORDERS)):
        derivatives = outputs * math.comb(inputs + below - 1, below)
        graph = operations * math.comb(inputs + below, below)
        seconds += inputs * (COMPARED * derivatives + RUNS * OPERATION * graph)
        if seconds > ENDLESS:
            break
    # Those above take longer than these, but are hardly meant.
    return seconds * max(1.0, min(order, 2**62) / MOST_ORDERS)


def is_long(seconds: float) -> bool:
    """Whether a check takes so long that it has to be asked for."""
    return seconds > LONG


def refuse_long(check: str, seconds: float, what: str, otherwise: str = "") -> None:
    """Raise ArgumentError where the check, of a function with so many inputs as `what` says, takes long."""
    if is_long(seconds):
        raise ArgumentError(
            f"{check} of {what} takes about {told(seconds)}, each input being changed alone: take fast_mode=True for "
            f"one direction through all inputs, {otherwise}or fast_mode=False to have it nevertheless"
        )


def told(seconds: float) -> str:
    """A time in words.

    >>> told(50.0), told(300.0), told(1e6)
    ('50 seconds', '5 minutes', '278 hours')
    """
    if seconds < 120.0:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60.0:.0f} minutes" if seconds < 7200.0 else f"{seconds / 3600.0:.3g} hours"
