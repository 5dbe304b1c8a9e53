"""Nonlinear programs for solvers: derivatives against dense ones, structures, optima known from closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import Bounds, minimize

from autograd import exp, hessian, jacobian, log, nlp, sum, where
from autograd.errors import ArgumentError, StructureError

inf = np.inf


def product_sum(x):
    return x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]


def product_and_squares(x):
    return [x[0] * x[1] * x[2] * x[3], x @ x]


def entropy(x):
    return sum([one * log(one) for one in x])


def chain(x):
    return sum([(x[k + 1] - x[k] ** 2) ** 2 + (1.0 - x[k]) ** 2 for k in range(len(x) - 1)])


# Objective, constraints, their bounds, the bounds of x, the start, the optimum.
PROBLEMS = {
    "4 variables, an inequality and an equation": (
        product_sum, product_and_squares, ([25.0, 40.0], [inf, 40.0]), (1.0, 5.0), [1.0, 5.0, 5.0, 1.0],
        [1.0, 4.7429996, 3.8211499, 1.3794083],
    ),
    "the largest entropy of shares is that of equal ones": (
        entropy, lambda x: [x[0] + x[1] + x[2] + x[3]], ([1.0], [1.0]), (1e-6, 1.0), [0.7, 0.1, 0.1, 0.1], [0.25] * 4,
    ),
    "the point of a circle next to a corner": (
        lambda x: (x[0] - 3.0) ** 2 + (x[1] - 4.0) ** 2, lambda x: {"radius": x[0] ** 2 + x[1] ** 2},
        ([-inf], [1.0]), (-2.0, 2.0), [0.1, 0.1], [0.6, 0.8],
    ),
    "a chain in a valley, without constraints": (chain, None, None, (-2.0, 2.0), [-0.5, 0.5, 0.2, 0.8, 0.1], [1.0] * 5),
    "the box of largest volume in a sphere": (
        lambda x: -x[0] * x[1] * x[2], lambda x: x @ x, ([3.0], [3.0]), (0.1, 3.0), [0.5, 1.0, 1.2], [1.0] * 3,
    ),
    "a hanging rope of equal links": (
        lambda x: x[1] + x[3] + x[5],
        lambda x: [x[0] ** 2 + x[1] ** 2, (x[2] - x[0]) ** 2 + (x[3] - x[1]) ** 2,
                   (x[4] - x[2]) ** 2 + (x[5] - x[3]) ** 2, (2.0 - x[4]) ** 2 + x[5] ** 2],
        ([1.0] * 4, [1.0] * 4), (-3.0, 3.0), [0.3, -0.9, 1.0, -1.6, 1.7, -0.9],
        # By the symmetry, the lower links are at the angle whose tangent is a third of the upper ones'.
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROBLEMS)
def test_derivatives_are_those_of_the_functions(name):
    objective, constraints, _, (low, high), start, _ = PROBLEMS[name]
    start = np.array(start)
    problem = nlp(objective, constraints, points=start, tier="vm")
    draw = np.random.default_rng(1)
    for _ in range(10):
        x = draw.uniform(max(low, 0.1), high, len(start))
        multipliers = draw.normal(size=problem.multipliers)

        def flat(x, constraints=constraints):
            found = [] if constraints is None else constraints(x)
            found = list(found.values()) if isinstance(found, dict) else found
            return list(found) if isinstance(found, list) else [found]

        def lagrangian(x, multipliers=multipliers, flat=flat, objective=objective):
            return 0.5 * objective(x) + sum([m * c for m, c in zip(multipliers, flat(x), strict=True)])

        assert problem.objective(x) == objective(x)
        assert problem.gradient(x) == pytest.approx(jacobian(objective)(x), rel=1e-13)
        assert problem.constraints(x) == pytest.approx(np.array(flat(x), float), rel=1e-14)
        dense = np.zeros((problem.multipliers, len(x)))
        dense[problem.jacobianstructure()] = problem.jacobian(x)
        if flat(x):
            assert dense == pytest.approx(np.array(jacobian(flat)(x)), rel=1e-13)
            assert problem.jacobian_matrix(x).toarray().tolist() == dense.tolist()
        dense = np.zeros((len(x), len(x)))
        dense[problem.hessianstructure()] = problem.hessian(x, multipliers, 0.5)
        expected = hessian(lagrangian)(x)
        assert dense == pytest.approx(np.tril(expected), rel=1e-12, abs=1e-12)
        assert problem.hessian_matrix(x, multipliers, 0.5).toarray() == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", PROBLEMS)
def test_scipy_finds_the_optimum(name):
    objective, constraints, limits, (low, high), start, optimum = PROBLEMS[name]
    problem = nlp(objective, constraints, points=start)
    arguments = problem.scipy(*limits) if limits else problem.scipy()
    found = minimize(
        x0=start, bounds=Bounds(low, high), method="trust-constr", options={"gtol": 1e-9, "xtol": 1e-11}, **arguments
    )
    if optimum is None:
        x = found.x
        assert x[0] == pytest.approx(2.0 - x[4], abs=1e-5)
        upper, lower = x[1] / x[0], (x[3] - x[1]) / (x[2] - x[0])
        assert upper == pytest.approx(3.0 * lower, rel=1e-4)
        return
    assert found.x == pytest.approx(optimum, abs=2e-5)


def test_structures_are_those_of_all_points_and_entries_that_are_missing_are_0():
    def switched(x):
        return x[0] * x[1] if x[0] > 0.0 else x[2] * x[2] * x[1] + exp(x[0])

    def bounded(x):
        return [x[0] + x[1] if x[1] > 0.0 else x[2] ** 2, x[2]]

    points = [[1.0, 1.0, 1.0], [-1.0, -1.0, 1.0]]
    problem = nlp(switched, bounded, points=points)
    rows, columns = problem.hessianstructure()
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0), (1, 0), (2, 1), (2, 2)]
    assert problem.hessian(points[0], [1.0, 1.0], 2.0).tolist() == [0.0, 2.0, 0.0, 0.0]
    assert problem.hessian(points[1], [3.0, 1.0], 1.0).tolist() == pytest.approx([np.exp(-1.0), 0.0, 2.0, -2.0 + 6.0])
    rows, columns = problem.jacobianstructure()
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0), (0, 1), (0, 2), (1, 2)]
    assert problem.jacobian([0.0, 1.0, 5.0]).tolist() == [1.0, 1.0, 0.0, 1.0]
    assert problem.jacobian([0.0, -1.0, 5.0]).tolist() == [0.0, 0.0, 10.0, 1.0]


def test_a_branch_that_no_point_takes_is_told_and_known_from_then_on():
    problem = nlp(lambda x: x[0] * x[1] if x[0] > 0.0 else x[1] ** 4, points=[1.0, 1.0])
    assert problem.hessian([2.0, 1.0], []).tolist() == [1.0]
    with pytest.raises(StructureError, match=r"has 1 entries here, the first at \(1, 1\).*Give a point that takes it"):
        problem.hessian([-2.0, 1.0], [])
    assert problem.hessianstructure()[0].tolist() == [1, 1]
    assert problem.hessian([-2.0, 1.0], []).tolist() == [0.0, 12.0]
    assert problem.hessian([2.0, 1.0], []).tolist() == [1.0, 0.0]


def test_a_side_that_is_not_taken_adds_nothing():
    problem = nlp(lambda x: where(x[0] > 0.0, log(x[0]) * x[1], x[1] ** 2), points=[1.0, 1.0])
    assert problem.hessian([-1.0, 3.0], []).tolist() == [0.0, 0.0, 2.0]
    assert problem.gradient([-1.0, 3.0]).tolist() == [0.0, 6.0]


class Checked:
    """What an interior point solver does with a `problem_obj` of cyipopt: every form is as its documentation asks."""

    def __init__(self, n, m, problem):
        x = np.linspace(1.1, 1.9, n)
        assert isinstance(problem.objective(x), float)
        assert problem.gradient(x).shape == (n,)
        assert problem.constraints(x).shape == (m,)
        for structure, entries, rows, columns in (
            (problem.jacobianstructure(), problem.jacobian(x), m, n),
            (problem.hessianstructure(), problem.hessian(x, np.ones(m), 0.0), n, n),
        ):
            assert len(structure[0]) == len(structure[1]) == len(entries)
            assert all(0 <= row < rows for row in structure[0])
            assert all(0 <= column < columns for column in structure[1])
        assert all(structure[0] >= structure[1])


@pytest.mark.parametrize("name", PROBLEMS)
def test_forms_are_those_of_cyipopt(name):
    objective, constraints, _, _, start, _ = PROBLEMS[name]
    problem = nlp(objective, constraints, points=start)
    Checked(problem.variables, problem.multipliers, problem)
    assert repr(problem).startswith(f"<nonlinear problem of {len(start)} variables")


def test_what_does_not_fit_is_refused():
    with pytest.raises(ArgumentError, match="points are an array of numbers or several of one length"):
        nlp(chain, points=[])
    with pytest.raises(ArgumentError, match=r"the objective .* must give one number"):
        nlp(lambda x: x, points=[1.0, 2.0])
    problem = nlp(chain, lambda x: [x[0]], points=[1.0, 2.0])
    with pytest.raises(ArgumentError, match="the problem has 2 variables, got 3 numbers"):
        problem.objective([1.0, 2.0, 3.0])
    with pytest.raises(ArgumentError, match="the problem has 1 constraints, got 2 multipliers"):
        problem.hessian([1.0, 2.0], [1.0, 2.0], 1.0)
    with pytest.raises(ArgumentError, match="the 1 constraints need bounds"):
        problem.scipy()
