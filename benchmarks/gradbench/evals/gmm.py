"""The logarithm of the posterior of a mixture of Gaussians with a Wishart prior."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import exp, grad, logsumexp, value_and_grad, vmap
from benchmarks.gradbench.function import Function, plain

# A program of all components for one point is as long as the numbers in their covariances are many.
LONGEST = 30_000
PARAMETERS = (0, 1, 2, 3)


def log_density(alpha: Any, mu: Any, q: Any, lower: Any, point: Any) -> Any:
    """β of one component at one point."""
    size = len(mu)
    centred = point - mu
    product = list(exp(q) * centred)
    place = 0
    for column in range(size):
        for row in range(column + 1, size):
            product[row] = product[row] + lower[place] * centred[column]
            place += 1
    return alpha + np.sum(q) - 0.5 * sum([element * element for element in product])


def log_likelihood(alpha: Any, mu: Any, q: Any, lower: Any, point: Any) -> Any:
    """Of one point, up to the constant and the sum of weights."""
    return logsumexp([log_density(*component, point) for component in zip(alpha, mu, q, lower, strict=True)])


def log_prior(alpha: Any, q: Any, lower: Any, points: int, m: int, gamma: float) -> Any:
    """The rest of the posterior, which depends on no point."""
    components, size = len(alpha), q.shape[1]
    freedom = size + m + 1
    log_gamma = 0.25 * size * (size - 1) * math.log(math.pi)
    log_gamma += sum([math.lgamma(0.5 * (freedom - place)) for place in range(size)])
    constant = components * (freedom * size * math.log(gamma / math.sqrt(2.0)) - log_gamma)
    constant -= 0.5 * points * size * math.log(2.0 * math.pi)
    squares = np.sum(exp(q) ** 2) + np.sum(lower**2)
    return constant - points * logsumexp(alpha) - 0.5 * gamma**2 * squares + m * np.sum(q)


BY_POINT = (None, None, None, None, 0)
likelihood = vmap(log_likelihood, in_axes=BY_POINT, reduce="sum")
likelihood_slopes = vmap(grad(log_likelihood, PARAMETERS), in_axes=BY_POINT, reduce="sum")
densities = vmap(log_density, in_axes=BY_POINT)
# Of the densities of all components at a point, along the second axis of their array.
mixed = vmap(value_and_grad(logsumexp), in_axes=1, out_axes=(0, 1))
density_slopes = vmap(
    grad(lambda alpha, mu, q, lower, point, cotangent: cotangent * log_density(alpha, mu, q, lower, point), PARAMETERS),
    in_axes=(*BY_POINT, 0), reduce="sum",
)  # fmt: skip


def is_short(lower: Any, q: Any) -> bool:
    """Whether all components fit into one program."""
    return bool(lower.size + q.size <= LONGEST)


def of_components(components: Any, points: Any) -> Any:
    """The densities of each component at each point: one program, called for one component after the other."""
    return np.array([densities(*component, points) for component in zip(*components, strict=True)])


def objective(alpha: Any, mu: Any, q: Any, lower: Any, points: Any, m: int, gamma: float) -> Any:
    """The logarithm of the posterior."""
    prior = log_prior(alpha, q, lower, len(points), m, gamma)
    if is_short(lower, q):
        return prior + likelihood(alpha, mu, q, lower, points)
    return prior + mixed(of_components((alpha, mu, q, lower), points))[0].sum()


def jacobian(alpha: Any, mu: Any, q: Any, lower: Any, points: Any, m: int, gamma: float) -> Any:
    """Its gradient; for long programs backward through the mixture, and then through one component after the other."""
    components = (alpha, mu, q, lower)
    if is_short(lower, q):
        slopes = likelihood_slopes(*components, points)
    else:
        cotangents = mixed(of_components(components, points))[1]
        each = [
            density_slopes(*component, points, row)
            for *component, row in zip(*components, cotangents, strict=True)
        ]  # fmt: skip
        slopes = [np.array(part) for part in zip(*each, strict=True)]
    of_alpha, of_q, of_lower = grad(log_prior, (0, 1, 2))(alpha, q, lower, len(points), m, gamma)
    return slopes[0] + of_alpha, slopes[1], slopes[2] + of_q, slopes[3] + of_lower


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    """Parameters and points as arrays, and the two numbers of the prior."""
    size = given["d"]
    lower = np.array(given["l"], float).reshape(given["k"], size * (size - 1) // 2)
    alpha, mu, q, points = [np.array(given[name], float) for name in ("alpha", "mu", "q", "x")]
    return alpha, mu, q, lower, points, given["m"], float(given["gamma"])


FUNCTIONS = {
    "objective": Function(prepare, objective),
    "jacobian": Function(
        prepare, jacobian, lambda slopes: dict(zip(("alpha", "mu", "q", "l"), plain(slopes), strict=True))
    ),
}
