"""Implicit functions inside compiled ones: the solver is recorded, the derivatives are those of the equation."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

from autograd import (
    ArgumentError,
    OutputError,
    TraceError,
    Variable,
    cos,
    exp,
    grad,
    hessian,
    implicit,
    jacfwd,
    jacobian,
    jit,
    jvp,
    log,
    sin,
    sqrt,
    value_and_grad,
    vmap,
)
from tests.tables import comparison
from tests.tables.derivatives import nested_grad


@implicit.root(lambda E, M, e: E - e * sin(E) - M)
def eccentric_anomaly(M, e):
    E = M
    for _ in range(50):
        step = (E - e * sin(E) - M) / (1.0 - e * cos(E))
        E = E - step
        if abs(step) < 1e-15:
            break
    return E


@implicit.root(lambda w, a: w * exp(w) - a)
def lambert_w(a):
    w = log(1.0 + a)
    while abs(w * exp(w) - a) > 1e-14 * a:
        w = w - (w - a * exp(-w)) / (1.0 + w)
    return w


@implicit.fixed_point(lambda x, a: {"root": 0.5 * (x["root"] + a / x["root"])})
def square_root(a):
    return {"root": sqrt(a)}


@implicit.root(lambda x, p: [x[1] - p[0] ** 2, x[0] ** 2 - p[1]])
def pair(p):
    """Its first equation has no part of the first unknown: the pivot is in the second row."""
    return [sqrt(p[1]), p[0] ** 2]


@implicit.root(lambda x, p: x**3 - p)
def cube_root(p):
    return abs(p) ** (1.0 / 3.0) * (1.0 if p > 0.0 else -1.0)


near = functools.partial(comparison.near, roundings=2**12, scale=1.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda f, jit: jit(f),
        lambda f, jit: grad(jit(f)),
        lambda f, jit: jit(grad(f)),
        lambda f, jit: jit(grad(jit(f))),
        lambda f, jit: jit(grad(grad(f))),
        lambda f, jit: grad(grad(jit(f))),
        lambda f, jit: jit(grad(grad(grad(f)))),
        lambda f, jit: jit(jacfwd(f, (0, 1))),
        lambda f, jit: jit(hessian(f, (0, 1))),
        lambda f, jit: jit(lambda M, e: jvp(f, (M, e), (e, M))),
        lambda f, jit: jit(value_and_grad(f, (0, 1))),
    ],
)
def test_transforms_of_a_compiled_solution_are_the_eager_ones(make):
    compiled, eager = make(eccentric_anomaly, jit), make(eccentric_anomaly, lambda function: function)
    for point in ((1.0, 0.3), (2.5, 0.7), (0.1, 0.05)):
        assert near(compiled(*point), eager(*point)), point


@pytest.mark.parametrize("order", range(1, 4))
def test_derivatives_of_compiled_solutions_are_those_of_closed_forms(order):
    w = 0.5
    polynomial = [1.0, -2.0 - w, 9.0 + 8.0 * w + 2.0 * w * w][order - 1]
    expected = math.exp(-order * w) * polynomial / (1.0 + w) ** (2 * order - 1)
    assert jit(nested_grad(lambert_w, order))(w * math.exp(w)) == pytest.approx(expected, rel=1e-12)
    assert nested_grad(jit(lambert_w), order)(w * math.exp(w)) == pytest.approx(expected, rel=1e-12)
    root = jit(nested_grad(lambda a: square_root(a)["root"], order))
    assert root(3.0) == pytest.approx(math.prod([0.5 - k for k in range(order)]) * 3.0 ** (0.5 - order), rel=1e-12)


def test_a_compiled_solver_runs_no_more_python_and_takes_its_steps_by_its_decisions():
    runs = []

    @implicit.root(lambda x, a: x * x - a)
    def root(a):
        runs.append(1)
        x = 1.0 + a
        while abs(x * x - a) > 1e-15 * a:
            better = 0.5 * (x + a / x)
            if better == x:
                break
            x = better
        return x

    function = jit(value_and_grad(root))
    points = [0.5, 2.0, 100.0, 1e6, 2.5]
    first = [function(a) for a in points]
    assert near(first, [(math.sqrt(a), 0.5 / math.sqrt(a)) for a in points])
    recorded = len(runs)
    assert [function(a) for a in points] == first and len(runs) == recorded
    assert 1 < len(function.paths) < 6


def test_rows_of_solutions():
    M = np.linspace(0.0, 3.0, 301)
    E, slope = vmap(value_and_grad(eccentric_anomaly), in_axes=(0, None))(M, 0.4)
    assert np.abs(E - 0.4 * np.sin(E) - M).max() < 1e-15 * 4
    assert near(slope, 1.0 / (1.0 - 0.4 * np.cos(E)))


def test_systems_choose_their_pivots_when_they_run():
    function = jit(jacobian(pair))
    for p in ([3.0, 4.0], [1.0, 9.0]):
        assert near(function(p), [[0.0, 0.5 / math.sqrt(p[1])], [2.0 * p[0], 0.0]])

    @implicit.root(lambda x, p: [p[0] * x[0] + x[1] - 1.0, x[0] + p[1] * x[1]])
    def linear(p):
        determinant = p[0] * p[1] - 1.0
        return [p[1] / determinant, -1.0 / determinant]

    function, second = jit(jacobian(linear)), jit(hessian(lambda p: linear(p)[0]))
    # By turns the first and the second row has the larger entry.
    for p in ([2.0, 3.0], [0.25, 3.0], [0.0, 3.0], [1e-20, 3.0], [5.0, 0.0]):
        determinant = p[0] * p[1] - 1.0
        assert near(function(p), [[-(p[1] ** 2), -1.0], [p[1], p[0]]] / np.array(determinant**2)), p
        assert near(second(p), hessian(lambda p: p[1] / (p[0] * p[1] - 1.0))(p)), p


def test_a_singular_equation_has_no_derivative_when_compiled():
    slope = jit(grad(cube_root))
    assert near(slope(8.0), 1.0 / 12.0) and math.isnan(slope(0.0)) and near(slope(-8.0), 1.0 / 12.0)
    assert math.isnan(grad(jit(cube_root))(0.0))


def test_a_solution_of_plain_numbers_inside_a_compiled_function_is_plain():
    function = jit(lambda x: x * eccentric_anomaly(1.0, 0.3) + grad(eccentric_anomaly)(1.0, 0.3))
    assert near(function(2.0), 2.0 * eccentric_anomaly(1.0, 0.3) + grad(eccentric_anomaly)(1.0, 0.3))
    mixed = jit(grad(lambda x: eccentric_anomaly(x, 0.3) * eccentric_anomaly(2.0, 0.1)))
    assert near(mixed(1.0), grad(eccentric_anomaly)(1.0, 0.3) * eccentric_anomaly(2.0, 0.1))


def test_a_residual_may_have_branches():
    @implicit.root(lambda x, a: x * x - a if x > 1.0 else x - a)
    def solve(a):
        return sqrt(a) if a > 1.0 else a

    expected = [1.0, 0.25]
    for function in (jit(grad(solve)), grad(jit(solve)), jit(lambda a: grad(solve)(a) * 1.0)):
        assert near([function(a) for a in (0.5, 4.0)], expected)
    assert near(jit(lambda x: x * grad(solve)(4.0))(2.0), 0.5)


def test_derivatives_do_not_pass_through_the_solver():
    def started(at):
        @implicit.root(lambda x, p: x * x - p)
        def solve(p):
            # So few steps that the result depends on where they start.
            return 0.5 * (at + p / at)

        return solve

    for transform in (grad, lambda fun: jit(grad(fun))):
        assert transform(lambda at: started(at)(3.0))(1.5) == 0.0
        assert near(transform(started(1.5))(3.0), 0.5 / 1.75)


def test_a_solver_on_plain_numbers_says_what_to_do_when_it_is_compiled():
    @implicit.root(lambda E, M, e: E - e * sin(E) - M)
    def by_math(M, e):
        return M + e * math.sin(M)

    @implicit.root(lambda x, matrix, right: matrix @ x - right)
    def by_numpy(matrix, right):
        return np.linalg.tensorsolve(matrix, right)

    for function, point in ((by_math, (1.0, 0.3)), (by_numpy, (np.eye(2), np.ones(2)))):
        for call in (jit(function), jit(lambda *p, function=function: function(*p))):
            with pytest.raises(TraceError) as caught:
                call(*point)
            assert str(caught.value).startswith(
                f"the solver {function.__name__} can't be compiled. Write it with autograd's functions, such as "
                f"autograd.sin for math.sin, and without another library's solver; or call what uses it without jit. "
                f"It failed on nodes: "
            )


def test_a_residual_that_closes_over_variables_is_refused_when_compiled():
    def scaled(w):
        @implicit.root(lambda x, p: x - p * w)
        def solve(p):
            return p * w

        return solve

    w = Variable(2.0)
    for call in (
        lambda: jit(scaled(w))(3.0),
        lambda: jit(lambda a: scaled(a)(a))(3.0),
        lambda: jit(grad(scaled(w)))(3.0),
    ):
        with pytest.raises(ArgumentError, match="depends on variables that are not among its arguments: pass them as"):
            call()


def test_a_residual_of_another_size_is_refused_when_compiled():
    @implicit.root(lambda x, p: [x - p, x])
    def solve(p):
        return p

    with pytest.raises(OutputError, match="must give as many numbers as the solution has, 1; it gave 2"):
        jit(solve)(1.0)
