"""Derivatives and SciPy's solvers on the problems of Moré, Garbow and Hillstrom.

Rounding errors are measured beside the sum of the sizes of all terms (`error_scale`), for which each derivative is
taken once more on variables, so that the steps of its own calculation are nodes.
"""

import math
import random
from contextlib import contextmanager
from operator import attrgetter

import mpmath
import numpy as np
import pytest
from scipy.optimize import least_squares, minimize

from autograd import Variable, hessian, hvp, jacobian, value_and_grad
from tests.tables import more_garbow_hillstrom
from tests.tables.more_garbow_hillstrom import ELEMENTARY, PROBLEMS
from tests.tables.roundings import EPSILON, error_scale

# The error that one step adds, in half units of its last place: a local gradient is within 4 units
# (docs/reference/conventions.md), and is multiplied and added.
ROUNDINGS = 10.0

each_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=attrgetter("name"))


def sum_of_squares(problem):
    """The function to be minimized."""
    return lambda x: sum(residual**2 for residual in problem.residuals(x))


def start(problem):
    """The standard start, as SciPy hands it over."""
    return np.array(problem.start)


def near_start(problem):
    """A point drawn near the standard start, where no coordinate is round."""
    draw = random.Random(problem.name)
    return np.array([x * draw.uniform(0.9, 1.1) + draw.uniform(-0.01, 0.01) for x in problem.start])


def with_error(derivative, point):
    """The values of a derivative at a point, and bounds on the errors that roundings leave in them."""
    steps = np.array(derivative(np.array([Variable(x) for x in point])))
    numbers = np.array(derivative(point), dtype=float)
    assert numbers.shape == steps.shape
    return numbers, ROUNDINGS * EPSILON * np.vectorize(error_scale, otypes=[float])(steps)


def each_hessian(problem):
    """The function that gives the Hessians of all residuals."""
    count = len(problem.residuals(problem.start))
    hessians = [hessian(lambda x, place=place: problem.residuals(x)[place]) for place in range(count)]
    return lambda x: [function(x) for function in hessians]


def products_by_pairs(left, right):
    """The matrices left[i, j] * right[i, k], one for each row i."""
    return left[:, :, None] * right[:, None, :]


def assembled_hessian(problem, point):
    """The Hessian of the sum of squares, 2 (JᵀJ + Σ rᵢ ∇²rᵢ), and a bound on its error."""
    (r, error_of_r), (j, error_of_j), (h, error_of_h) = (
        with_error(derivative, point)
        for derivative in (problem.residuals, jacobian(problem.residuals), each_hessian(problem))
    )
    r, error_of_r = r[:, None, None], error_of_r[:, None, None]
    errors = (
        products_by_pairs(error_of_j, abs(j))
        + products_by_pairs(abs(j), error_of_j)
        + error_of_r * abs(h)
        + abs(r) * error_of_h
        # Two products and their sum, and one addition for each residual.
        + (3 + len(r)) * EPSILON * (products_by_pairs(abs(j), abs(j)) + abs(r * h))
    )
    return 2 * (j.T @ j + (r * h).sum(axis=0)), 2 * errors.sum(axis=0)


@contextmanager
def exact_arithmetic():
    """Within it, residuals are functions of mpmath's numbers, of 400 digits.

    Central differences with a step h of 1e-100 then have errors of 1e-200 of higher derivatives by truncation and of
    1e-300 (1e-200 if divided by h²) of values by rounding: nothing beside the smallest derivatives, tails of Gaussian
    peaks of 1e-110.
    """
    with pytest.MonkeyPatch.context() as patch, mpmath.workdps(400):
        for name in ELEMENTARY:
            patch.setattr(more_garbow_hillstrom, name, getattr(mpmath, {"arctan": "atan"}.get(name, name)))
        yield mpmath.mpf(10) ** -100


def moved(point, place, step):
    """The point with one coordinate moved, in exact arithmetic."""
    return [x + step if k == place else x for k, x in enumerate(map(mpmath.mpf, point))]


def exact_jacobian(problem, point):
    """The Jacobian by central differences, rounded once."""
    columns = []
    with exact_arithmetic() as step:
        for place in range(len(point)):
            above, below = (problem.residuals(moved(point, place, move)) for move in (step, -step))
            columns.append([float((a - b) / (2 * step)) for a, b in zip(above, below, strict=True)])
    return np.array(columns).T


def exact_hessian_times(problem, point, direction):
    """The product of the Hessian of the sum of squares with a vector, by central differences, rounded once."""
    f = sum_of_squares(problem)
    with exact_arithmetic() as step:
        ends = [
            [x + move * p for x, p in zip(map(mpmath.mpf, point), direction, strict=True)] for move in (step, -step)
        ]
        return np.array(
            [
                float(
                    sum(
                        sign * other * f(moved(end, place, other * step))
                        for sign, end in zip((1, -1), ends, strict=True)
                        for other in (1, -1)
                    )
                    / (4 * step**2)
                )
                for place in range(len(point))
            ]
        )


def assert_is_the_minimum(found, problem):
    """A sum of squares is the published minimum in all digits given, of which the last may be cut off.

    A minimum of zero is reached when residuals have fallen, in the mean, by half of a double's digits.
    """
    minimum = problem.minima[problem.reached]
    unit = (
        10.0 ** (math.floor(math.log10(minimum)) - 5) if minimum else EPSILON * sum_of_squares(problem)(problem.start)
    )
    assert abs(found - minimum) <= unit, (found, minimum)


def test_the_table_holds_all_35_problems():
    assert len({problem.name for problem in PROBLEMS}) == len(PROBLEMS) == 35


@pytest.mark.parametrize("problem", [each for each in PROBLEMS if each.minimizer], ids=attrgetter("name"))
def test_the_first_minimum_is_that_at_the_published_minimizer(problem):
    r, error = with_error(problem.residuals, np.array(problem.minimizer))
    bound = sum((2 * abs(r) + error) * error) + len(r) * EPSILON * sum(r**2)
    assert abs(sum(r**2) - problem.minima[0]) <= bound


@each_problem
def test_least_squares_with_our_jacobian_reaches_a_published_minimum(problem):
    found = least_squares(
        problem.residuals,
        problem.start,
        jac=jacobian(problem.residuals),
        x_scale="jac",
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
    )
    assert_is_the_minimum(2 * found.cost, problem)


@each_problem
def test_minimize_with_our_derivatives_reaches_a_published_minimum(problem):
    f = sum_of_squares(problem)
    second = {} if problem.method == "BFGS" else {"hess": hessian(f)}
    options = {"gtol": 1e-12}
    found = minimize(value_and_grad(f), problem.start, jac=True, method=problem.method, options=options, **second)
    assert_is_the_minimum(found.fun, problem)


@each_problem
@pytest.mark.parametrize("point", [start, near_start])
def test_jacobian_is_the_exact_one_to_rounding(problem, point):
    x = point(problem)
    found, bound = with_error(jacobian(problem.residuals), x)
    exact = exact_jacobian(problem, x)
    assert found.shape == exact.shape
    assert np.all(abs(found - exact) <= bound + EPSILON * abs(exact))


@each_problem
def test_sparse_jacobian_is_the_dense_one(problem):
    x = near_start(problem)
    dense, bound = with_error(jacobian(problem.residuals), x)
    sparse = jacobian(problem.residuals, sparse=True)(x)
    assert sparse.shape == dense.shape
    assert np.all(abs(sparse.toarray() - dense) <= 2 * bound)


@each_problem
@pytest.mark.parametrize("point", [start, near_start])
def test_hessian_of_a_sum_of_squares_is_made_of_those_of_its_residuals(problem, point):
    x = point(problem)
    f = sum_of_squares(problem)
    assembled, bound = assembled_hessian(problem, x)
    for found in (hessian(f)(x), hessian(f, sparse=True)(x).toarray()):
        assert found.shape == (len(x), len(x))
        assert np.all(abs(found - assembled) <= 2 * bound)


@each_problem
def test_hessian_times_a_vector_is_the_exact_one_to_rounding(problem):
    x = near_start(problem)
    f = sum_of_squares(problem)
    direction = np.array([1.0, -2.0, 3.0] * len(x))[: len(x)]
    bound = assembled_hessian(problem, x)[1] @ abs(direction)
    exact = exact_hessian_times(problem, x, direction)
    bound += len(x) * EPSILON * abs(hessian(f)(x)) @ abs(direction) + EPSILON * abs(exact)
    for found in (hvp(f, (x,), (direction,)), hessian(f)(x) @ direction, hessian(f, sparse=True)(x) @ direction):
        assert np.all(abs(found - exact) <= bound)
