"""Half the sum of squared residuals of a polynomial's fit to the sign: each place is a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import grad, vmap
from benchmarks.gradbench.function import Function


def share(coefficients: Any, place: Any, sign: Any) -> Any:
    """Half the square of one residual, the polynomial by Horner's scheme."""
    value = 0.0
    for coefficient in coefficients[::-1]:
        value = value * place + coefficient
    return 0.5 * (sign - value) ** 2


primal = vmap(share, in_axes=(None, 0, 0), reduce="sum")


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    """The coefficients, and n places from -1 to 1 with their signs."""
    places = -1.0 + np.arange(given["n"]) * 2.0 / (given["n"] - 1)
    return np.array(given["x"], float), places, np.sign(places)


FUNCTIONS = {
    "primal": Function(prepare, primal),
    "gradient": Function(prepare, vmap(grad(share), in_axes=(None, 0, 0), reduce="sum")),
}
