"""Loops by their definitions, in plain Python."""

from __future__ import annotations

import numpy as np

__all__ = ["written_out"]


def written_out(step, carry, xs, reverse=False):
    """What `scan` is by definition, for turns whose results are numbers or lists of numbers."""
    ys = [None] * len(xs)
    for turn in reversed(range(len(xs))) if reverse else range(len(xs)):
        carry, ys[turn] = step(carry, xs[turn])
    several = bool(ys) and isinstance(ys[0], list)
    return carry, [np.array(column) for column in zip(*ys, strict=True)] if several else np.array(ys)
