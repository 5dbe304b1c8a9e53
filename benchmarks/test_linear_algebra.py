"""Gradients and Hessians of `np.linalg` on nodes beside JAX's: `make check-jax`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from autograd import grad, hessian, jit, vmap

jax.config.update("jax_enable_x64", True)

# The function by NumPy or JAX, and the kind of its matrix. Signs of factors differ: squares are compared.
FUNCTIONS = {
    "solve": (lambda np, A, b: np.linalg.solve(A, b), "square"),
    "inv": (lambda np, A, b: np.linalg.inv(A), "square"),
    "det": (lambda np, A, b: np.linalg.det(A), "square"),
    "slogdet": (lambda np, A, b: np.linalg.slogdet(A)[1], "square"),
    "cholesky": (lambda np, A, b: np.linalg.cholesky((A + A.T) / 2.0), "positive"),
    "lstsq": (lambda np, A, b: np.linalg.lstsq(A, b, rcond=None)[0], "tall"),
    "pinv": (lambda np, A, b: np.linalg.pinv(A), "tall"),
    "qr": (lambda np, A, b: np.linalg.qr(A)[1] ** 2, "tall"),
    "eigvalsh": (lambda np, A, b: np.linalg.eigvalsh((A + A.T) / 2.0), "square"),
    "eigh": (lambda np, A, b: np.linalg.eigh((A + A.T) / 2.0)[1] ** 2, "square"),
    "svdvals": (lambda np, A, b: np.linalg.svd(A, compute_uv=False), "tall"),
    "norm": (lambda np, A, b: np.linalg.norm(A, ord=2), "tall"),
}
# JAX has no second derivative of these.
FIRST_ALONE = {"lstsq"}


def matrix(kind, size, draws):
    made = draws.normal(size=(size + (kind == "tall"), size))
    if kind == "positive":
        made = made @ made.T + np.eye(size)
    return made, draws.normal(size=len(made))


def both(name, size):
    """The function of a matrix as one number, by both, and the matrix."""
    function, kind = FUNCTIONS[name]
    draws = np.random.default_rng(size)
    A, b = matrix(kind, size, draws)
    weights = draws.normal(size=np.shape(function(np, A, b)))
    return lambda A: np.sum(weights * function(np, A, b)), lambda A: jnp.sum(weights * function(jnp, A, b)), A


@pytest.mark.parametrize("size", [2, 5, 14])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_are_jaxs(name, size):
    ours, theirs, A = both(name, size)
    expected = np.asarray(jax.grad(theirs)(A))
    limit = {"rtol": 1e-9, "atol": 1e-10 * max(1.0, abs(expected).max())}
    np.testing.assert_allclose(grad(ours)(A), expected, **limit)
    np.testing.assert_allclose(jit(grad(ours))(A), expected, **limit)
    rows = np.stack([A, A * 1.01])
    np.testing.assert_allclose(vmap(grad(ours))(rows)[0], expected, **limit)


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - FIRST_ALONE))
def test_hessians_are_jaxs(name):
    ours, theirs, A = both(name, 3)
    expected = np.asarray(jax.hessian(theirs)(A)).reshape(A.size, A.size)
    found = hessian(ours)(A).reshape(A.size, A.size)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9 * max(1.0, abs(expected).max()))
