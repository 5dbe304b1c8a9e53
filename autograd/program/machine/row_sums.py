"""The order in which the results of rows are added up, which makes their sums the same bits whoever computes them.

Rows are taken in chunks of 1,024. In each, row k belongs to lane k mod 8; a lane adds its rows one after the other, and
the lanes are added in pairs, halves first. So are the chunks: each to its neighbour, then pair to pair, an odd one left
as it is. A block of 2**k chunks that begins at a multiple of its length is a subtree of these, and may be summed by any
thread or process; and the error of a sum grows with the logarithm of the number of chunks.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["CHUNK", "added_in_pairs", "sums_of_rows"]

# Rows that a thread takes at a time: so many that starting it costs nothing beside them, so few that both have work.
CHUNK = 1024
# Numbers in a vector register, as in machine.pxd.
LANES = 8


def added_in_pairs(parts: Sequence[Any], add: Callable[[Any, Any], Any] = operator.add) -> Any:
    """The sum of one array or more, each added to its neighbour, then pair to pair; `add` gives the sum of two.

    >>> import numpy as np
    >>> float(added_in_pairs([np.float64(1e16), np.float64(1.0), np.float64(1.0), np.float64(-1e16)]))
    0.0
    """
    while len(parts) > 1:
        pairs = [add(parts[place], parts[place + 1]) for place in range(0, len(parts) - 1, 2)]
        parts = [*pairs, parts[-1]] if len(parts) % 2 else pairs
    return parts[0]


def sums_of_rows(results: Any) -> Any:
    """The sums over the rows of an array of so many rows and columns, as a machine that adds them up gives them.

    >>> import numpy as np
    >>> sums_of_rows(np.arange(6.0).reshape(3, 2))
    array([6., 9.])
    """
    return added_in_pairs([sum_of_chunk(results[start : start + CHUNK]) for start in range(0, len(results), CHUNK)])


def sum_of_chunk(results: Any) -> Any:
    """The sums over the rows of one chunk."""
    import numpy

    count, columns = results.shape
    whole = count - count % LANES
    # Along the first of several axes, NumPy adds one after the other.
    lanes = numpy.add.reduce(results[:whole].reshape(-1, LANES * columns), axis=0, initial=0.0).reshape(LANES, columns)
    lanes[: count - whole] += results[whole:]
    half = LANES // 2
    while half:
        lanes[:half] += lanes[half : 2 * half]
        half //= 2
    return lanes[0]
