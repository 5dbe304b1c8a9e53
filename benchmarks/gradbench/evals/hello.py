"""A square, and its slope."""

from __future__ import annotations

from typing import Any

from autograd import grad
from benchmarks.gradbench.function import Function


def square(x: Any) -> Any:
    """x²."""
    return x * x


FUNCTIONS = {
    "square": Function(lambda x: (float(x),), square),
    "double": Function(lambda x: (float(x),), grad(square)),
}
