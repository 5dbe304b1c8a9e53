"""SciPy's solvers take the transforms as they are written, on problems whose answers are known."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_bvp, solve_ivp
from scipy.optimize import (
    NonlinearConstraint,
    check_grad,
    curve_fit,
    fsolve,
    least_squares,
    leastsq,
    minimize,
    newton,
    root,
    root_scalar,
    rosen_der,
    rosen_hess,
)
from scipy.sparse import identity
from scipy.sparse.linalg import LinearOperator, cg, spsolve

from autograd import cos, dot, exp, grad, hessian, hvp, jacobian, value_and_grad

# Solvers are asked to stop at gradients, residuals or steps of 1e-9. The inverse of the curvature or slope multiplies
# those: by 2 for Rosenbrock's function, by 1/8 for the boundary value problem, by no more than 10 in any.
STOP = 1e-9
ACCURACY = 1e-7

STOP_OPTIONS = {
    "BFGS": {"gtol": STOP},
    "CG": {"gtol": STOP},
    "L-BFGS-B": {"gtol": STOP, "ftol": 0.0},
    "TNC": {"gtol": STOP, "ftol": STOP**3, "xtol": STOP**2, "maxfun": 1000},
    "SLSQP": {"ftol": STOP**2},
    "Newton-CG": {"xtol": STOP},
    "trust-ncg": {"gtol": STOP},
    "trust-krylov": {"gtol": STOP},
    "trust-exact": {"gtol": STOP},
    "dogleg": {"gtol": STOP},
    "trust-constr": {"gtol": STOP, "xtol": STOP**2},
}
FIRST_ORDER = ["BFGS", "CG", "L-BFGS-B", "TNC", "SLSQP"]
SECOND_ORDER = ["Newton-CG", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr"]
HESSIAN_TIMES_VECTOR = ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"]
START = np.array([-1.2, 1.0, -1.2, 1.0])


def valley(a, b):
    return 100 * (b - a**2) ** 2 + (1 - a) ** 2


def chained_rosenbrock(x):
    """Each variable with the next; P. L. Toint, Mathematics of Computation 32 (1978), 839-851."""
    total = 0.0
    for a, b in pairwise(x):
        total = total + valley(a, b)
    return total


def extended_rosenbrock(x):
    """Pairs of variables, each pair on its own."""
    total = 0.0
    for a, b in zip(x[::2], x[1::2], strict=True):
        total = total + valley(a, b)
    return total


def rosenbrock_on_arrays(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_by_dot(x):
    steps = [b - a**2 for a, b in pairwise(x)]
    rest = [1 - a for a in x[:-1]]
    return 100 * dot(steps, steps) + dot(rest, rest)


def solve(fun, **arguments):
    """The minimizer that SciPy finds from START."""
    return minimize(fun, START, options=STOP_OPTIONS[arguments["method"]], **arguments).x


def assert_is(found, exact):
    np.testing.assert_allclose(found, exact, rtol=ACCURACY, atol=ACCURACY)


@pytest.mark.parametrize("f", [chained_rosenbrock, rosenbrock_on_arrays, rosenbrock_by_dot])
def test_derivatives_are_those_that_scipy_has_for_rosenbrocks_function(f):
    value, gradient = value_and_grad(f)(START)
    assert type(value) is float
    # Sums of at most three products, of terms up to 1200 * 1.2² * 1.2.
    rounding = 8 * np.finfo(float).eps * 1200 * 1.2**3
    np.testing.assert_allclose(gradient, rosen_der(START), rtol=0, atol=rounding)
    np.testing.assert_allclose(hessian(f)(START), rosen_hess(START), rtol=0, atol=rounding)
    np.testing.assert_allclose(hessian(f, sparse=True)(START).toarray(), rosen_hess(START), rtol=0, atol=rounding)


def test_check_grad_finds_no_error():
    # Forward differences with step h: h/2 of second derivatives, and roundings of values divided by h.
    step = 1e-8
    curvature, value = np.linalg.norm(rosen_hess(START), 1), chained_rosenbrock(START)
    bound = len(START) * (step * curvature + 8 * np.finfo(float).eps * value / step)
    assert check_grad(chained_rosenbrock, grad(chained_rosenbrock), START, epsilon=step) <= bound


@pytest.mark.parametrize("method", FIRST_ORDER)
def test_minimize_takes_value_and_gradient(method):
    assert_is(solve(value_and_grad(rosenbrock_on_arrays), jac=True, method=method), np.ones(4))


@pytest.mark.parametrize("method", SECOND_ORDER)
def test_minimize_takes_the_hessian(method):
    f = chained_rosenbrock
    assert_is(solve(value_and_grad(f), jac=True, hess=hessian(f), method=method), np.ones(4))


@pytest.mark.parametrize("method", HESSIAN_TIMES_VECTOR)
def test_minimize_takes_the_hessian_times_a_vector(method):
    f = rosenbrock_by_dot
    found = solve(value_and_grad(f), jac=True, hessp=lambda x, p: hvp(f, (x,), (p,)), method=method)
    assert_is(found, np.ones(4))


@pytest.mark.parametrize("method", ["Newton-CG", "trust-constr"])
def test_minimize_takes_the_sparse_hessian(method):
    f = chained_rosenbrock
    assert_is(solve(value_and_grad(f), jac=True, hess=hessian(f, sparse=True), method=method), np.ones(4))


def test_minimize_takes_function_and_gradient_apart_and_passes_arguments_on():
    def shifted(x, shift, scale):
        return scale * chained_rosenbrock(x - shift)

    found = solve(shifted, jac=grad(shifted), hess=hessian(shifted), args=(0.25, 3.0), method="trust-exact")
    assert_is(found, np.full(4, 1.25))


def test_dogleg_takes_the_hessian_where_it_is_positive_definite():
    # S. Boyd, L. Vandenberghe, Convex Optimization (2004), equation 9.20: convex, and even in its second variable.
    def f(x):
        return exp(x[0] + 3 * x[1] - 0.1) + exp(x[0] - 3 * x[1] - 0.1) + exp(-x[0] - 0.1)

    found = minimize(value_and_grad(f), [-1.0, 0.7], jac=True, hess=hessian(f), method="dogleg", options={"gtol": STOP})
    assert_is(found.x, [-np.log(2) / 2, 0.0])


def test_conjugate_gradients_take_hvp_as_a_linear_operator():
    x = np.full(50, 1.2)
    hessian_at_x = LinearOperator((50, 50), matvec=lambda p: hvp(chained_rosenbrock, (x,), (p,)), dtype=float)
    step, failure = cg(hessian_at_x, -grad(chained_rosenbrock)(x), rtol=STOP, maxiter=500)
    assert not failure
    assert_is(step, np.linalg.solve(rosen_hess(x), -rosen_der(x)))


def test_trust_constr_minimizes_the_extended_function_of_2000_variables_from_the_standard_start():
    f = extended_rosenbrock
    found = minimize(
        value_and_grad(f),
        np.tile([-1.2, 1.0], 1000),
        jac=True,
        hess=hessian(f, sparse=True),
        method="trust-constr",
        options={"gtol": STOP},
    )
    assert_is(found.x, np.ones(2000))


def newtons_method(f, x):
    """The point after Newton's method, with Levenberg's damping wherever a full step doesn't go down."""
    derivatives, curvature = value_and_grad(f), hessian(f, sparse=True)
    damping = 0.0
    value, gradient = derivatives(x)
    for _ in range(500):
        if max(abs(gradient)) <= STOP:
            break
        step = spsolve(curvature(x) + damping * identity(len(x), format="csr"), -gradient)
        if gradient @ step < 0 and f(x + step) < value:
            x, damping = x + step, damping / 4 if damping > STOP else 0.0
            value, gradient = derivatives(x)
        else:
            damping = max(4 * damping, 1e-3)
    return x


def test_newtons_method_with_spsolve_minimizes_the_chained_function_from_the_standard_start():
    # The valley bends once more at each link, so that the way takes some 3 solutions for each variable; from a start
    # on one side of the minimizer, as in the next test, 8 in all.
    assert_is(newtons_method(chained_rosenbrock, np.tile([-1.2, 1.0], 50)), np.ones(100))


def test_newtons_method_with_spsolve_minimizes_the_chained_function_of_2000_variables():
    assert_is(newtons_method(chained_rosenbrock, np.full(2000, 1.2)), np.ones(2000))


# Problem 71 of W. Hock, K. Schittkowski, Test Examples for Nonlinear Programming Codes (1981).


def hock_schittkowski_71(x):
    return x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]


def product_and_squares(x):
    return [x[0] * x[1] * x[2] * x[3], x[0] ** 2 + x[1] ** 2 + x[2] ** 2 + x[3] ** 2]


def curvature_of_constraints(x, weights):
    return hessian(lambda x: dot(weights, product_and_squares(x)))(x)


def sparse_curvature_of_constraints(x, weights):
    return hessian(lambda x: dot(weights, product_and_squares(x)), sparse=True)(x)


def assert_is_solution_71(found):
    """The Kuhn-Tucker equations with x1 = 1 and product 25, solved to 30 digits; nine of them are published."""
    assert_is(found.x, [1.0, 4.742999637264417, 3.821149984184874, 1.379408293172672])
    assert_is(found.fun, 17.014017289156302)


@pytest.mark.parametrize("sparse", [False, True])
def test_trust_constr_takes_derivatives_of_constraints(sparse):
    constraint = NonlinearConstraint(
        product_and_squares,
        [25.0, 40.0],
        [np.inf, 40.0],
        jac=jacobian(product_and_squares, sparse=sparse),
        hess=sparse_curvature_of_constraints if sparse else curvature_of_constraints,
    )
    found = minimize(
        value_and_grad(hock_schittkowski_71),
        [1.0, 5.0, 5.0, 1.0],
        jac=True,
        hess=hessian(hock_schittkowski_71, sparse=sparse),
        bounds=[(1.0, 5.0)] * 4,
        constraints=constraint,
        method="trust-constr",
        # The rule on the gradient doesn't ask whether the barrier is still felt: it is low from the beginning.
        options={"gtol": STOP, "initial_barrier_parameter": STOP},
    )
    assert_is_solution_71(found)


def product(x):
    return x[0] * x[1] * x[2] * x[3]


def squares(x):
    return [x[0] ** 2 + x[1] ** 2 + x[2] ** 2 + x[3] ** 2]


@pytest.mark.parametrize(
    "constraints",
    [
        [
            NonlinearConstraint(product, 25.0, np.inf, jac=grad(product)),
            NonlinearConstraint(squares, 40.0, 40.0, jac=jacobian(squares)),
        ],
        [
            NonlinearConstraint(product, 25.0, np.inf, jac=jacobian(product, sparse=True)),
            NonlinearConstraint(squares, 40.0, 40.0, jac=jacobian(squares, sparse=True)),
        ],
        [
            {"type": "ineq", "fun": lambda x: product(x) - 25, "jac": grad(product)},
            {"type": "eq", "fun": lambda x: squares(x)[0] - 40, "jac": jacobian(squares)},
        ],
    ],
    ids=["objects", "sparse", "dictionaries"],
)
def test_slsqp_takes_jacobians_of_constraints(constraints):
    found = minimize(
        value_and_grad(hock_schittkowski_71),
        [1.0, 5.0, 5.0, 1.0],
        jac=True,
        bounds=[(1.0, 5.0)] * 4,
        constraints=constraints,
        method="SLSQP",
        options={"ftol": STOP**2},
    )
    assert_is_solution_71(found)


# Misra1a of the Statistical Reference Datasets (NIST): D. Misra, Dental Research Monomolecular Adsorption (1978).
VOLUME = np.array([
    10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78,
])  # fmt: skip
PRESSURE = np.array([
    77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0,
])  # fmt: skip
CERTIFIED = [238.94212918, 5.5015643181e-4]
CERTIFIED_DEVIATIONS = [2.7070075241, 7.2668688436e-6]
CERTIFIED_SUM_OF_SQUARES = 0.12455138894


def adsorption(pressure, capacity, rate):
    return capacity * (1 - np.exp(-rate * pressure))


def as_list(parameters):
    return [v - parameters[0] * (1 - exp(-parameters[1] * p)) for v, p in zip(VOLUME, PRESSURE, strict=True)]


def as_tuple(parameters):
    return tuple(as_list(parameters))


def as_array(parameters):
    return VOLUME - adsorption(PRESSURE, *parameters)


RESIDUALS = pytest.mark.parametrize("residuals", [as_list, as_tuple, as_array])
STOP_FIT = {"xtol": STOP, "ftol": STOP, "gtol": STOP}


@RESIDUALS
@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares_takes_the_jacobian(residuals, method):
    found = least_squares(residuals, [250.0, 5e-4], jac=jacobian(residuals), method=method, x_scale="jac", **STOP_FIT)
    np.testing.assert_allclose(found.x, CERTIFIED, rtol=ACCURACY)
    assert 2 * found.cost == pytest.approx(CERTIFIED_SUM_OF_SQUARES, rel=ACCURACY)


@RESIDUALS
def test_leastsq_takes_the_jacobian(residuals):
    found, _ = leastsq(residuals, [250.0, 5e-4], Dfun=jacobian(residuals), **STOP_FIT)
    np.testing.assert_allclose(found, CERTIFIED, rtol=ACCURACY)


def test_curve_fit_takes_the_jacobian_as_columns():
    found, covariance = curve_fit(
        adsorption,
        PRESSURE,
        VOLUME,
        p0=[250.0, 5e-4],
        jac=lambda t, *parameters: np.column_stack(jacobian(adsorption, argnums=(1, 2))(t, *parameters)),
        **STOP_FIT,
    )
    np.testing.assert_allclose(found, CERTIFIED, rtol=ACCURACY)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), CERTIFIED_DEVIATIONS, rtol=ACCURACY)


def test_curve_fit_finds_the_parameters_of_exact_data():
    def decay(t, a, b, c):
        return a * np.exp(-b * t) + c

    t = np.linspace(0.0, 4.0, 25)
    found, _ = curve_fit(
        decay,
        t,
        decay(t, 2.5, 1.3, 0.5),
        p0=[1.0, 1.0, 1.0],
        jac=lambda t, *parameters: np.column_stack(jacobian(decay, argnums=(1, 2, 3))(t, *parameters)),
        **STOP_FIT,
    )
    assert_is(found, [2.5, 1.3, 0.5])


def boundary_value_problem(u):
    """Differences of u'' = u³ - s³ - 2 on (0, 1), whose solution s = t (1 - t) they give without truncation."""
    h = 1 / (len(u) + 1)
    padded = [0.0, *u, 0.0]
    residuals = []
    for i in range(1, len(u) + 1):
        s = i * h * (1 - i * h)
        residuals.append((padded[i - 1] - 2 * padded[i] + padded[i + 1]) / h**2 + 2 + s**3 - padded[i] ** 3)
    return residuals


def solution_of_boundary_value_problem(count):
    t = np.arange(1, count + 1) / (count + 1)
    return t * (1 - t)


def test_least_squares_takes_the_sparse_jacobian():
    found = least_squares(
        boundary_value_problem,
        np.zeros(60),
        jac=jacobian(boundary_value_problem, sparse=True),
        tr_solver="lsmr",
        tr_options={"atol": STOP**2, "btol": STOP**2, "maxiter": 1000},
        **STOP_FIT,
    )
    assert_is(found.x, solution_of_boundary_value_problem(60))


def test_newtons_method_with_spsolve_takes_the_sparse_jacobian():
    u = np.zeros(500)
    for _ in range(6):
        u = u - spsolve(jacobian(boundary_value_problem, sparse=True)(u), boundary_value_problem(u))
    assert_is(u, solution_of_boundary_value_problem(500))


def circle_and_hyperbola_as_list(x):
    return [x[0] ** 2 + x[1] ** 2 - 5, x[0] * x[1] - 2]


def circle_and_hyperbola_as_tuple(x):
    return x[0] ** 2 + x[1] ** 2 - 5, x[0] * x[1] - 2


def circle_and_hyperbola_as_array(x):
    return np.array(circle_and_hyperbola_as_list(x))


SYSTEMS = pytest.mark.parametrize(
    "system", [circle_and_hyperbola_as_list, circle_and_hyperbola_as_tuple, circle_and_hyperbola_as_array]
)


@SYSTEMS
@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_root_takes_the_jacobian(system, method):
    found = root(system, [0.5, 2.5], jac=jacobian(system), method=method, tol=STOP)
    assert found.success
    assert_is(found.x, [1.0, 2.0])


@SYSTEMS
def test_fsolve_takes_the_jacobian(system):
    assert_is(fsolve(system, [2.5, 0.5], fprime=jacobian(system), xtol=STOP), [2.0, 1.0])


def wallis(x):
    """J. Wallis's example of Newton's method: its root is 2.09455148154232659..."""
    return x**3 - 2 * x - 5


def dottie(x):
    """The number that is its own cosine: 0.73908513321516064..."""
    return cos(x) - x


@pytest.mark.parametrize(("f", "exact"), [(wallis, 2.094551481542327), (dottie, 0.7390851332151607)])
def test_root_scalar_takes_two_derivatives(f, exact):
    by_newton = root_scalar(f, x0=1.5, fprime=grad(f), method="newton", xtol=STOP)
    by_halley = root_scalar(f, x0=1.5, fprime=grad(f), fprime2=grad(grad(f)), method="halley", xtol=STOP)
    from_one_run = root_scalar(value_and_grad(f), x0=1.5, fprime=True, method="newton", xtol=STOP)
    assert by_newton.converged and by_halley.converged
    assert from_one_run.root == by_newton.root
    assert by_halley.iterations < by_newton.iterations
    # The step that is below 1e-9 leaves its square, times f'' / (2 f').
    assert by_newton.root == pytest.approx(exact, rel=4 * np.finfo(float).eps)
    assert by_halley.root == pytest.approx(exact, rel=4 * np.finfo(float).eps)


def test_newton_finds_roots_from_many_starts_by_a_sweep_over_the_array():
    def polynomials(x):
        return x**3 - np.array([1.0, 8.0, 27.0])

    def slopes(x):
        return jacobian(polynomials)(x).diagonal()

    assert_is(newton(polynomials, np.array([2.0, 3.0, 4.0]), fprime=slopes, tol=STOP), [1.0, 2.0, 3.0])


# H. H. Robertson, The solution of a set of reaction rate equations (1966); y(10¹¹) as in F. Mazzia, C. Magherini,
# Test Set for Initial Value Problem Solvers (2008), problem ROBER.


def robertson(t, y):
    slow, fast, mixed = 0.04 * y[0], 3e7 * y[1] ** 2, 1e4 * y[1] * y[2]
    return [-slow + mixed, slow - mixed - fast, fast]


def robertson_as_array(t, y):
    return np.array(robertson(t, y))


ROBERTSON_AT_1E11 = [2.083340149701255e-08, 8.333360770334713e-14, 0.9999999791665050]


@pytest.mark.parametrize(
    ("method", "rhs", "sparse"),
    [
        ("Radau", robertson, False),
        ("Radau", robertson_as_array, False),
        ("Radau", robertson, True),
        ("BDF", robertson, False),
        ("BDF", robertson_as_array, False),
        ("BDF", robertson, True),
        ("LSODA", robertson, False),
        ("LSODA", robertson_as_array, False),
    ],
)
def test_solve_ivp_takes_the_jacobian_in_the_state(method, rhs, sparse):
    relative = 1e-6
    found = solve_ivp(
        rhs,
        (0.0, 1e11),
        [1.0, 0.0, 0.0],
        method=method,
        jac=jacobian(rhs, argnums=1, sparse=sparse),
        rtol=relative,
        atol=[1e-14, 1e-18, 1e-14],
        t_eval=[1e11],
    )
    assert found.success
    # Each of a few hundred steps may leave an error of the tolerance; the stiff system forgets most of them.
    np.testing.assert_allclose(found.y[:, 0], ROBERTSON_AT_1E11, rtol=100 * relative)


def bratu(t, y):
    return [y[1], -exp(y[0])]


def test_solve_bvp_takes_a_stack_of_jacobians():
    def many(t, y):
        return np.array([bratu(*point) for point in zip(t, y.T, strict=True)]).T

    def jacobians(t, y):
        return np.stack([jacobian(bratu, argnums=1)(*point) for point in zip(t, y.T, strict=True)], axis=-1)

    def ends(left, right):
        return [left[0], right[0]]

    def slopes_of_ends(left, right):
        return jacobian(ends, argnums=0)(left, right), jacobian(ends, argnums=1)(left, right)

    mesh = np.linspace(0.0, 1.0, 11)
    found = solve_bvp(many, ends, mesh, np.zeros((2, 11)), fun_jac=jacobians, bc_jac=slopes_of_ends, tol=STOP)
    assert found.success
    # -2 log(cosh(a (t - 1/2)) / cosh(a / 2)) with a = cosh(a / 2) / sqrt(2), at its top.
    a = root_scalar(lambda a: a - np.cosh(a / 2) / np.sqrt(2), x0=0.7, x1=0.8, xtol=STOP**2).root
    assert_is(found.sol(0.5)[0], 2 * np.log(np.cosh(a / 2)))
