"""Solutions of equations: their derivatives of every order against closed forms, and what is refused."""

from __future__ import annotations

import copy
import functools
import gc
import itertools
import math
import pickle
import tracemalloc

import numpy as np
import pytest

import autograd
from autograd import (
    ArgumentError,
    Node,
    OperandError,
    OutputError,
    UnknownPrimitiveError,
    Variable,
    cos,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    implicit,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    log,
    no_grad,
    sin,
    sqrt,
    value_and_grad,
    vjp,
)  # fmt: skip

# A solver leaves some units in the last place, and a derivative of the fourth order is a sum of terms that cancel by
# up to a digit, of some 100 operations each.
close = functools.partial(pytest.approx, rel=1e-13, abs=0.0)


def newton(step, x):
    """The number at which Newton's step is as small as rounding lets it be."""
    for _ in range(100):
        x, before = x - step(x), x
        if abs(x - before) <= math.ulp(x):
            break
    return x


@implicit.root(lambda x, p: x**3 - p)
def cube_root(p):
    """The cube root."""
    assert type(p) in (int, float)
    return math.copysign(abs(p) ** (1 / 3), p)


@implicit.root(lambda E, M, e: E - e * sin(E) - M)
def eccentric_anomaly(M, e):
    assert type(M) is float and type(e) is float
    return newton(lambda E: (E - e * math.sin(E) - M) / (1.0 - e * math.cos(E)), M)


@implicit.root(lambda w, a: w * exp(w) - a)
def lambert_w(a):
    assert type(a) is float
    return newton(lambda w: (w - a * math.exp(-w)) / (1.0 + w), math.log1p(a))


@implicit.fixed_point(lambda x, a: 0.5 * (x + a / x))
def square_root(a):
    assert type(a) is float
    return math.sqrt(a)


@implicit.root(lambda x, matrix, right: matrix @ x - right)
def linear(matrix, right):
    assert matrix.dtype == right.dtype == np.float64
    return np.linalg.solve(matrix, right)


@implicit.root(lambda x, p: {"root": x["root"] ** 2 - p["of"][0], "rest": [x["rest"][0] - x["root"] * p["of"][1]]})
def in_a_dict(p):
    root = math.sqrt(p["of"][0])
    return {"root": root, "rest": [root * p["of"][1]]}


def nested_grad(fun, order):
    """The derivative of this order, by `grad` of `grad`."""
    return fun if order == 0 else grad(nested_grad(fun, order - 1))


def nested_forward(fun, order):
    """The derivative of this order, by `jacfwd` of `jacfwd`."""
    return fun if order == 0 else jacfwd(nested_forward(fun, order - 1))


# Scalar solutions against closed forms

ORDERS = pytest.mark.parametrize("order", range(5))
NESTED = pytest.mark.parametrize("nested", [nested_grad, nested_forward])


@ORDERS
@NESTED
def test_derivatives_of_a_cube_root(nested, order):
    for p in (8.0, 0.3, -5.0):
        # The root is odd, so that its derivatives are odd and even by turns.
        sign = math.copysign(1.0, p) ** (order + 1)
        expected = sign * math.prod([1 / 3 - k for k in range(order)]) * abs(p) ** (1 / 3 - order)
        assert nested(cube_root, order)(p) == close(expected)


@ORDERS
@NESTED
def test_derivatives_of_lamberts_function(nested, order):
    # R. M. Corless et al., "On the Lambert W function", Adv. Comput. Math. 5 (1996), equation 3.5:
    # the n-th derivative is e^(-nw) p_n(w) / (1 + w)^(2n - 1) with polynomials p_n.
    polynomials = [
        lambda w: w * (1.0 + w) ** -1,
        lambda w: 1.0,
        lambda w: -2.0 - w,
        lambda w: 9.0 + 8.0 * w + 2.0 * w * w,
        lambda w: -64.0 - 79.0 * w - 36.0 * w * w - 6.0 * w**3,
    ]
    for w in (1.0, 0.25):
        expected = math.exp(-order * w) * polynomials[order](w) / (1.0 + w) ** (2 * order - 1)
        assert nested(lambert_w, order)(w * math.exp(w)) == close(expected)


@ORDERS
@NESTED
def test_derivatives_of_keplers_equation_in_the_mean_anomaly(nested, order):
    M, e = 1.0, 0.3
    E = eccentric_anomaly(M, e)
    s, c, u = e * math.sin(E), e * math.cos(E), 1.0 / (1.0 - e * math.cos(E))
    # With E' = u, u' = -s u³, s' = c u, c' = -s u.
    expected = [
        E,
        u,
        -s * u**3,
        -c * u**4 + 3.0 * s**2 * u**5,
        s * u**5 + 10.0 * s * c * u**6 - 15.0 * s**3 * u**7,
    ]
    assert nested(lambda M: eccentric_anomaly(M, e), order)(M) == close(expected[order])


@ORDERS
@NESTED
def test_derivatives_of_a_fixed_point(nested, order):
    expected = math.prod([0.5 - k for k in range(order)]) * 3.0 ** (0.5 - order)
    assert nested(square_root, order)(3.0) == close(expected)


def test_second_derivatives_in_several_parameters():
    M, e = 1.0, 0.3
    E = eccentric_anomaly(M, e)
    s, c, u = math.sin(E), math.cos(E), 1.0 / (1.0 - e * math.cos(E))
    gradient = [u, s * u]
    second = [[-e * s * u**3, c * u**2 - e * s**2 * u**3], [0.0, 2.0 * s * c * u**2 - e * s**3 * u**3]]
    second[1][0] = second[0][1]
    assert grad(eccentric_anomaly, (0, 1))(M, e) == close(tuple(gradient))
    for got in (hessian(eccentric_anomaly, (0, 1))(M, e), jacfwd(jacrev(eccentric_anomaly, (0, 1)), (0, 1))(M, e)):
        assert [list(row) for row in got] == [close(row) for row in second]
    assert hvp(eccentric_anomaly, (M, e), (1.0, 2.0)) == close((second[0][0] + 2 * second[0][1],
                                                               second[1][0] + 2 * second[1][1]))  # fmt: skip
    sparse = hessian(lambda p: eccentric_anomaly(*p), sparse=True)([M, e])
    assert sparse.toarray().tolist() == [close(row) for row in second]


# Solutions of other forms


def test_the_result_is_a_float_where_nothing_is_differentiated():
    assert type(cube_root(8)) is float
    assert type(in_a_dict({"of": (4.0, 3.0)})["rest"][0]) is float
    solution = linear(np.eye(2), np.array([1, 2]))
    assert solution.dtype == np.float64
    with no_grad():
        assert cube_root(Variable(8.0)) == 2.0


def test_the_result_is_a_node_for_a_node():
    p = Variable(8.0)
    root = cube_root(p)
    assert isinstance(root, Node)
    assert (root.op.name, root.value) == ("cube_root", 2.0)
    root.backward()
    assert p.grad == close(1 / 12)
    slope = gradients(cube_root(p), p, create_graph=True)
    assert gradients(slope, p) == close(-2 / 9 * 8.0 ** (-5 / 3))


def test_a_linear_system_has_the_derivatives_of_linear_algebra():
    matrix, right = np.array([[2.0, 1.0, 0.0], [0.5, 3.0, 1.0], [0.0, -1.0, 4.0]]), np.array([1.0, 2.0, 3.0])
    solution, inverse = np.linalg.solve(matrix, right), np.linalg.inv(matrix)
    for transform in (jacobian, jacfwd, jacrev):
        # d(A⁻¹b) = A⁻¹ db - A⁻¹ dA A⁻¹b
        assert transform(linear, 1)(matrix, right) == pytest.approx(inverse, rel=1e-12)
        in_matrix = transform(linear, 0)(matrix, right)
        assert in_matrix.shape == (3, 3, 3)
        assert in_matrix == pytest.approx(-np.einsum("ij,k->ijk", inverse, solution), rel=1e-12)
    # ∂²x_i / ∂b_j ∂A_kl = -A⁻¹_ik A⁻¹_lj, and in A twice both ways round.
    mixed = jacobian(jacobian(linear, 1), 0)(matrix, right)
    assert mixed == pytest.approx(-np.einsum("ik,lj->ijkl", inverse, inverse), rel=1e-12)
    twice = jacfwd(jacrev(linear))(matrix, right)
    ways = np.einsum("ik,lm,n->iklmn", inverse, inverse, solution)
    assert twice == pytest.approx(ways + ways.transpose(0, 3, 4, 1, 2), rel=1e-11)
    assert np.abs(jacobian(jacobian(linear, 1), 1)(matrix, right)).max() == 0.0


def test_solutions_and_parameters_may_be_dicts():
    p = {"of": (4.0, 3.0)}
    # The root is √a, the rest is b√a.
    assert jacobian(in_a_dict)(p) == {"root": {"of": (0.25, 0.0)}, "rest": [{"of": (0.75, 2.0)}]}
    got = hessian(lambda p: in_a_dict(p)["rest"][0])(p)
    assert got == {"of": ({"of": (close(-3.0 / 32.0), close(0.25))}, {"of": (close(0.25), 0.0)})}
    value, pullback = vjp(in_a_dict, p)
    assert value == {"root": 2.0, "rest": [6.0]}
    assert pullback({"root": 1.0, "rest": [2.0]}) == ({"of": (1.75, 4.0)},)


def test_parameters_may_be_nested_with_arrays_and_plain_numbers():
    @implicit.root(lambda x, p, shift: x * p["scale"][0] * np.sum(p["weights"]) - shift)
    def solve(p, shift):
        assert type(p["scale"][0]) is float and type(shift) is int
        assert p["weights"].dtype == np.float64
        return shift / (p["scale"][0] * p["weights"].sum())

    gradient = grad(solve)({"scale": [2], "weights": np.array([1, 3])}, 16)
    # 16 / (2 · 4): in the scale -16 / (4 · 4), in each weight -16 / (2 · 16).
    assert gradient["scale"] == [-1.0]
    assert gradient["weights"].tolist() == [-0.5, -0.5]


def system(count):
    """A system in which every unknown depends on every parameter: x_i² + Σx / 10 = p_i."""

    @implicit.root(lambda x, p: [x[i] ** 2 + 0.1 * autograd.sum(x) - p[i] for i in range(count)])
    def solve(p):
        x = np.ones(count)
        for _ in range(50):
            x = x - np.linalg.solve(np.diag(2.0 * x) + 0.1, x**2 + 0.1 * x.sum() - np.array(p))
        return list(x)

    return solve


def test_a_nonlinear_system_has_the_derivatives_of_its_inverse():
    # p is a function of x whose derivatives are known: J = diag(2x) + 0.1, and p_i'' = 2 in x_i alone.
    x = np.array([1.0, 2.0, 0.5])
    p = list(x**2 + 0.1 * x.sum())
    inverse = np.linalg.inv(np.diag(2.0 * x) + 0.1)
    assert np.array(jacobian(system(3))(p)) == pytest.approx(inverse, rel=1e-12)
    # x_m'' = -Σ_i J⁻¹_mi 2 J⁻¹_ij J⁻¹_ik
    second = -2.0 * np.einsum("mi,ij,ik->mjk", inverse, inverse, inverse)
    for transform in (
        lambda fun: jacfwd(jacrev(fun)),
        lambda fun: jacrev(jacfwd(fun)),
        lambda fun: jacobian(jacobian(fun)),
    ):
        assert np.array(transform(system(3))(p)) == pytest.approx(second, rel=1e-11)
    assert np.array(hessian(lambda p: system(3)(p)[0])(p)) == pytest.approx(second[0], rel=1e-11)


def test_a_system_is_solved_whatever_the_order_of_its_equations():
    @implicit.root(lambda x, p: [x[1] - p[0] ** 2, x[0] ** 2 - p[1]])
    def solve(p):
        return [math.sqrt(p[1]), p[0] ** 2]

    # The first equation has no part of the first unknown.
    assert jacobian(solve)([3.0, 4.0]) == [[0.0, 0.25], [6.0, 0.0]]
    for second in (jacobian(jacobian(solve)), jacfwd(jacrev(solve))):
        assert second([3.0, 4.0]) == [[[0.0, 0.0], [0.0, -1.0 / 32.0]], [[2.0, 0.0], [0.0, 0.0]]]


def test_a_solution_used_twice_and_within_others():
    # √a · cbrt(√a) = a^(2/3)
    def fun(a):
        root = square_root(a)
        return root * cube_root(root)

    for order in range(1, 4):
        expected = math.prod([2 / 3 - k for k in range(order)]) * 5.0 ** (2 / 3 - order)
        assert nested_grad(fun, order)(5.0) == close(expected)
        assert nested_forward(fun, order)(5.0) == close(expected)
    assert hessian(fun)(5.0) == close(-2 / 9 * 5.0 ** (-4 / 3))
    assert grad(lambda a: square_root(a) * square_root(a))(5.0) == close(1.0)
    assert nested_grad(lambda a: square_root(a) ** 2, 2)(5.0) == pytest.approx(0.0, abs=1e-15)


def test_solutions_in_closures_of_nested_transforms():
    def fun(a):
        # d/db cbrt(a b) at b = a: a/3 · a^(-4/3) = a^(-1/3) / 3.
        return grad(lambda b: cube_root(a * b))(a)

    assert fun(2.0) == close(2.0 ** (-1 / 3) / 3)
    assert grad(fun)(2.0) == close(-(2.0 ** (-4 / 3)) / 9)
    value, slope = value_and_grad(lambda a: jvp(cube_root, (a,), (a,))[1])(2.0)
    assert (value, slope) == (close(2.0 ** (1 / 3) / 3), close(2.0 ** (-2 / 3) / 9))


def test_a_residual_may_hold_another_solution():
    @implicit.root(lambda x, p: cube_root(x) - p)
    def cubed(p):
        return p**3

    for order, expected in enumerate([8.0, 12.0, 12.0, 6.0, 0.0]):
        assert nested_grad(cubed, order)(2.0) == pytest.approx(expected, rel=1e-12, abs=1e-11)


def test_a_solver_may_use_the_engine():
    @implicit.root(lambda x, a: exp(x) - a)
    def logarithm(a):
        return newton(lambda x: (exp(x) - a) / grad(exp)(x), 1.0)

    @implicit.fixed_point(lambda x, a: cos(a * x))
    def dottie(a):
        x = Variable(1.0)
        for _ in range(200):
            x = cos(a * x)
        return x

    assert [nested_grad(logarithm, order)(3.0) for order in (1, 2, 3)] == close([1 / 3, -1 / 9, 2 / 27])
    x = dottie(1.0)
    assert type(x) is float
    # x = cos(ax): x' (1 + a sin(ax)) = -x sin(ax)
    assert grad(dottie)(1.0) == close(-x * math.sin(x) / (1.0 + math.sin(x)))


def test_a_parameter_that_does_not_matter_has_derivative_zero():
    @implicit.root(lambda x, p, unused: x - 2.0 * p)
    def twice(p, unused):
        return 2.0 * p

    assert grad(twice, (0, 1))(3.0, 5.0) == (2.0, 0.0)
    assert hessian(twice, (0, 1))(3.0, 5.0) == ((0.0, 0.0), (0.0, 0.0))


def test_a_solver_keeps_its_name_and_text():
    assert (cube_root.__name__, cube_root.__doc__) == ("cube_root", "The cube root.")


# Where there is no derivative


def test_a_singular_equation_has_no_derivative():
    assert math.isnan(grad(cube_root)(0.0))
    assert math.isnan(hessian(cube_root)(0.0))
    assert math.isnan(nested_grad(cube_root, 2)(0.0))

    @implicit.root(lambda x, p: 3.0)
    def anything(p):
        return 1.0

    assert math.isnan(grad(anything)(1.0))


def test_a_singular_system_has_no_derivative():
    @implicit.root(lambda x, matrix, right: matrix @ x - right)
    def one_of_many(matrix, right):
        return np.array([right[0], 0.0])

    singular, right = np.ones((2, 2)), np.ones(2)
    assert one_of_many(singular, right).tolist() == [1.0, 0.0]
    for transform in (jacobian, jacfwd, jacrev):
        assert np.isnan(transform(one_of_many, 1)(singular, right)).all()
    assert np.isnan(hessian(lambda right: np.sum(one_of_many(singular, right)))(right)).all()


def test_an_infinite_slope_in_the_unknown_makes_the_solution_stand_still():
    @implicit.root(lambda x, p: sqrt(x) - p)
    def squared(p):
        return p * p

    assert grad(squared)(0.0) == 0.0
    assert grad(squared)(3.0) == close(6.0)


def test_a_solution_of_nan_has_derivatives_of_nan():
    @implicit.root(lambda x, p: log(x) - p)
    def lost(p):
        return math.nan

    assert math.isnan(grad(lost)(1.0))
    assert math.isnan(nested_grad(lost, 2)(1.0))


# Errors


def test_a_residual_that_closes_over_a_variable_is_refused():
    w = Variable(2.0)

    @implicit.root(lambda x, p: x - p * w)
    def scaled(p):
        return p * w.value

    for run in (lambda: grad(scaled)(3.0), lambda: scaled(Variable(3.0)), lambda: jacfwd(scaled)(3.0)):
        with pytest.raises(ArgumentError, match=r"the residual <lambda> depends on variables that are not among its "
                           r"arguments: pass them as parameters, else the derivatives"):  # fmt: skip
            run()


def closing_over(a):
    @implicit.root(lambda x, p: x - p * a)
    def scaled(p):
        return p * a.value

    return scaled


def test_a_residual_that_closes_over_an_enclosing_variable_is_refused():
    with pytest.raises(ArgumentError, match="pass them as parameters"):
        grad(lambda a: grad(closing_over(a))(3.0))(2.0)
    with pytest.raises(ArgumentError, match="pass them as parameters"):
        grad(lambda a: closing_over(a)(a))(2.0)


def test_a_residual_that_closes_over_a_variable_is_refused_for_plain_parameters_too():
    # Else the solution would be a plain number, and its derivative 0 instead of 3.
    with pytest.raises(ArgumentError, match="pass them as parameters"):
        grad(lambda a: closing_over(a)(3.0))(2.0)
    with pytest.raises(ArgumentError, match="pass them as parameters"):
        closing_over(Variable(2.0))(3.0)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_residual_of_another_size_is_refused(count):
    @implicit.root(lambda x, p: [x[0] - p] * count)
    def pair(p):
        return [p, p]

    message = f"the residual <lambda> must give as many numbers as the solution has, 2; it gave {count}"
    with pytest.raises(OutputError, match=message):
        jacobian(pair)(1.0)


@pytest.mark.parametrize("image", [lambda x: x[:1], lambda x: [*x, 0.0]], ids=["fewer", "more"])
def test_a_map_to_another_size_has_no_fixed_point(image):
    def shorter(x, p):
        return image([x[0] * p, x[1]])

    @implicit.fixed_point(shorter)
    def pair(p):
        return [0.0, p]

    with pytest.raises(OutputError, match=r"shorter must map \[number, number\] to as many numbers, got \[number"):
        jacobian(pair)(1.0)


def test_the_keys_of_a_fixed_point_say_what_belongs_together():
    @implicit.fixed_point(lambda x, p: {"b": 3.0 * p, "a": x["a"] - x["a"] ** 2 + p})
    def solve(p):
        return {"a": math.sqrt(p), "b": 3.0 * p}

    # The map gives its entries in another order than the solver.
    assert jacobian(solve)(4.0) == {"a": close(0.25), "b": close(3.0)}


def test_a_solution_that_is_no_number_is_named():
    @implicit.root(lambda x, p: x - p)
    def forgetful(p):
        pass

    with pytest.raises(OperandError, match=r"the solution of forgetful must be a number.*, got NoneType None"):
        forgetful(1.0)


def test_a_parameter_that_is_no_number_is_named():
    @implicit.root(lambda x, p, method: x - p)
    def solve(p, method):
        return p

    with pytest.raises(OperandError, match=r"the parameters of solve\[1\] must be a number.*, got set {'fast'}"):
        solve(1.0, {"fast"})


def test_a_residual_that_is_no_number_is_named():
    def nothing(x, p):
        return None

    @implicit.root(nothing)
    def solve(p):
        return p

    with pytest.raises(OperandError, match=r"the output of nothing must be a number.*, got NoneType None"):
        grad(solve)(1.0)


def test_an_exception_in_the_solver_or_the_residual_leaves_clean_state_behind():
    class Diverged(Exception):
        pass

    def fails(*_):
        raise Diverged

    for solve in (implicit.root(lambda x, p: x - p)(fails), implicit.root(fails)(lambda p: p)):
        with pytest.raises(Diverged):
            grad(solve)(1.0)
    x = Variable(2.0)
    assert (x * x).parents == (x, x)
    assert nested_grad(cube_root, 2)(8.0) == close(-2 / 9 * 8.0 ** (-5 / 3))


# Graphs with solutions in them


def test_a_graph_with_a_solution_cannot_be_stored():
    for root in (cube_root(Variable(8.0)), 1.0 + eccentric_anomaly(Variable(1.0), 0.3)):
        with pytest.raises(
            UnknownPrimitiveError, match=r"a graph with the operation '.*' can't be stored: it belongs to"
        ):
            pickle.dumps(root)


def test_a_graph_with_a_solution_can_be_copied():
    p = Variable(8.0, name="p")
    other = copy.deepcopy(cube_root(p) * 3.0)
    other.backward()
    assert p.grad == 0.0
    (leaf,) = [node for node in autograd.topological_order(other) if node.name == "p"]
    assert leaf.grad == close(0.25)
    assert gradients(gradients(other, leaf, create_graph=True), leaf) == close(-2 / 3 * 8.0 ** (-5 / 3))


def test_solutions_of_the_same_equation_do_not_disturb_each_other():
    p, q = Variable(8.0), Variable(27.0)
    one, other = cube_root(p), cube_root(q)
    slopes = gradients(one * other, [p, q], create_graph=True)
    assert [slope.value for slope in slopes] == close([3.0 / 12.0, 2.0 / 27.0])
    assert gradients(slopes[0], q) == close(1.0 / 12.0 / 27.0)


@pytest.mark.parametrize("order", [1, 2])
def test_repeated_calls_leave_nothing_behind(order):
    derivative = nested_grad(cube_root, order)
    for _ in range(50):
        derivative(8.0)
    tracemalloc.start()
    try:
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(1_000):
            derivative(8.0)
        # A primitive and its origin refer to each other: those of a solution are freed by the cycle collector.
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    # Python and the engine keep up to 15 KB of freed objects to use them again, however many the rounds.
    assert after - before < 20_000


def test_all_mixed_third_derivatives_of_a_system_commute():
    third = np.array(jacobian(hessian(lambda p: system(2)(p)[0]))([1.5, 2.5]))
    for places in itertools.product(range(2), repeat=3):
        assert third[places] == pytest.approx(third[tuple(sorted(places))], rel=1e-12)


# Keywords, settings and what else a solver returns


@implicit.root(lambda x, p, n: x**n - p)
def nth_root(p, n, *, start=1.0, tol=1e-14, method="newton", report=None):
    """A root by Newton's method, or by halving an interval, after a number of steps that `report` gets."""
    assert type(n) is int and method in ("newton", "bisection")
    x, steps = start, 0
    low, high = 0.0, 1.0 + p
    for steps in range(200):
        last = x
        if method == "newton":
            x = x - (x**n - p) / (n * x ** (n - 1))
        else:
            x = (low + high) / 2.0
            low, high = (x, high) if x**n < p else (low, x)
        if abs(x - last) < tol * abs(x):
            break
    if report is not None:
        report.append(steps)
    return x


@pytest.mark.parametrize("keywords", [{}, {"tol": 1e-10}, {"method": "bisection"}, {"start": 3.0, "tol": 1e-12}])
@pytest.mark.parametrize("wrap", [lambda f: f, jit], ids=["eager", "jit"])
def test_keywords_and_settings_reach_the_solver_as_they_are(keywords, wrap):
    expected = 1.0 / (3.0 * 8.0 ** (2.0 / 3.0))
    assert wrap(lambda p: nth_root(p, 3, **keywords))(8.0) == pytest.approx(2.0, rel=1e-9)
    assert wrap(grad(lambda p: nth_root(p, 3, **keywords)))(8.0) == pytest.approx(expected, rel=1e-9)
    assert wrap(grad(lambda p: nth_root(p=p, n=3, **keywords)))(8.0) == pytest.approx(expected, rel=1e-9)
    assert wrap(grad(lambda p: nth_root(n=3, p=p, **keywords)))(8.0) == pytest.approx(expected, rel=1e-9)
    assert wrap(grad(grad(lambda p: nth_root(p, n=3, **keywords))))(8.0) == pytest.approx(-expected / 12.0, rel=1e-7)


def test_a_parameter_by_name_alone_is_one_of_the_residual_if_it_takes_it():
    @implicit.root(lambda x, p, *, shift: x - p * shift)
    def solve(p, *, shift=2.0, tol=None):
        return p * shift

    assert grad(solve)(3.0) == 2.0
    assert grad(lambda shift: solve(3.0, shift=shift, tol="none"))(5.0) == 3.0
    assert jit(grad(lambda shift: solve(3.0, shift=shift)))(5.0) == 3.0

    @implicit.fixed_point(lambda x, p, *, shift: 0.5 * x + p * shift)
    def halve(p, *, shift):
        return 2.0 * p * shift

    assert grad(lambda shift: halve(3.0, shift=shift))(5.0) == 6.0


def test_a_default_of_the_solver_is_a_parameter_of_the_residual():
    @implicit.root(lambda x, p, q: x - p * q)
    def solve(p, q=4.0):
        return p * q

    assert (grad(solve)(3.0), grad(lambda q: solve(3.0, q=q))(5.0), grad(lambda p: solve(p=p))(2.0)) == (4.0, 3.0, 4.0)


def test_what_the_solver_alone_takes_can_not_be_differentiated_in():
    for way in (
        grad(lambda start: nth_root(8.0, 3, start=start)),
        jit(grad(lambda start: nth_root(8.0, 3, start=start))),
    ):
        with pytest.raises(
            ArgumentError, match=r"does not take all parameters of nth_root.*would be lost.*stop_gradient"
        ):
            way(1.5)
    assert jit(lambda p, start: nth_root(p, 3, start=start))(8.0, 1.5) == pytest.approx(2.0)
    assert grad(lambda start: nth_root(8.0, 3, start=autograd.stop_gradient(start)))(1.5) == 0.0
    with no_grad():
        assert nth_root(8.0, 3, start=Variable(1.5)) == pytest.approx(2.0)


def test_what_else_a_solver_returns_is_handed_on_with_plain_numbers():
    @implicit.root(lambda x, p: x * x - p, has_aux=True)
    def solve(p):
        x, steps = 1.0, 0
        while abs(x * x - p) > 1e-12 and steps < 50:
            x, steps = 0.5 * (x + p / x), steps + 1
        return x, {"steps": steps, "rest": x * x - p, "how": "heron"}

    value, aux = solve(4.0)
    assert (value, aux["steps"], aux["how"], type(aux["rest"])) == (pytest.approx(2.0), 5, "heron", float)
    slope, aux = grad(solve, has_aux=True)(4.0)
    assert (slope, aux["steps"], type(aux["rest"])) == (pytest.approx(0.25), 5, float)
    found, aux = jit(solve)(4.0)
    assert (found, aux["how"]) == (pytest.approx(2.0), "heron")
    slope, aux = jit(grad(solve, has_aux=True))(4.0)
    assert slope == pytest.approx(0.25) and abs(aux["rest"]) < 1e-12
    assert grad(lambda p: solve(p)[0] + 5.0 * solve(p)[1]["rest"])(4.0) == pytest.approx(0.25)

    @implicit.root(lambda x, p: x - p, has_aux=True)
    def alone(p):
        return p

    with pytest.raises(OutputError, match=r"with has_aux, alone must return a pair \(solution, aux\), got float"):
        alone(1.0)


def test_none_texts_flags_and_whole_numbers_are_no_parameters_to_differentiate_in():
    def residual(x, p, where, flag, name, nothing):
        return x - p[where] * (2.0 if flag is True else 1.0) * len(name)

    @implicit.root(residual)
    def solve(p, where, flag, name, nothing):
        assert nothing is None
        return p[where] * (2.0 if flag is True else 1.0) * len(name)

    for where in (1, np.int64(1)):
        assert grad(solve)(np.array([1.0, 2.0]), where, True, "abc", None).tolist() == [0.0, 6.0]
