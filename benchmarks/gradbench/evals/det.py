"""The determinant by expansion by minors, of up to 11 rows."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from autograd import grad, jit
from benchmarks.gradbench.function import Function


@jit
def primal(matrix: Any) -> Any:
    """The determinant, expanded by the first row, and so on.

    The same minor is met in many expansions: it is computed once, as `jit` would compute it once if it was written down
    each time. So there are n 2ⁿ⁻¹ products, not n!.
    """
    size = len(matrix)

    @cache
    def minor(columns: tuple[int, ...]) -> Any:
        """The determinant of the last rows in these columns."""
        row = matrix[size - len(columns)]
        if len(columns) == 1:
            return row[columns[0]]
        total = 0.0
        for place, column in enumerate(columns):
            part = row[column] * minor(columns[:place] + columns[place + 1 :])
            total = total + part if place % 2 == 0 else total - part
        return total

    return minor(tuple(range(size)))


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    """The matrix, which comes row by row."""
    return (np.array(given["A"], float).reshape(given["ell"], given["ell"]),)


FUNCTIONS = {
    "primal": Function(prepare, primal),
    "gradient": Function(prepare, jit(grad(primal)), lambda slopes: slopes.ravel().tolist()),
}
