"""The cost of clusters, and Newton's step for their centres: each point is a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import grad, jvp, vmap
from benchmarks.gradbench.function import Function


def share(centroids: Any, point: Any) -> Any:
    """The squared distance of a point to the centre that is nearest."""
    return np.min(np.sum((centroids - point) ** 2, axis=1))


def slopes_and_curvatures(centroids: Any, point: Any) -> Any:
    """Gradient and the diagonal of the Hessian, which has nothing else: so it is its product with ones."""
    return jvp(grad(lambda centroids: share(centroids, point)), (centroids,), (np.ones(centroids.shape),))


cost = vmap(share, in_axes=(None, 0), reduce="sum")
both = vmap(slopes_and_curvatures, in_axes=(None, 0), reduce="sum")


def step(centroids: Any, points: Any) -> Any:
    """Gradient over curvature."""
    slopes, curvatures = both(centroids, points)
    return slopes / curvatures


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    """Centres and points as arrays."""
    return np.array(given["centroids"], float), np.array(given["points"], float)


FUNCTIONS = {"cost": Function(prepare, cost), "dir": Function(prepare, step)}
