"""The rows of docs/reference/conventions.md: kinks, ties, poles, powers, nan, isolation, strict mode."""

import importlib.util
import itertools
import math

import pytest

import autograd
from autograd import (
    Constant,
    DomainError,
    Node,
    PowerBelow,
    StaleGraphError,
    Variable,
    acos,
    acosh,
    asin,
    atanh,
    exp,
    fmod,
    grad,
    gradients,
    hessian,
    jacfwd,
    jacobian,
    jit,
    jvp,
    log,
    logaddexp,
    logsumexp,
    maximum,
    minimum,
    polygamma,
    power,
    prod,
    sqrt,
    strict,
    value_and_grad,
    where,
    xlogy,
)  # fmt: skip
from tests.tables.comparison import same
from tests.tables.conventions import OURS
from tests.tables.derivatives import number
from tests.tables.oracles import BUILT_IN, EVERY_PRIMITIVE, without_a_derivative
from tools.conventions import SECTIONS, rows
from tools.measure_conventions import BEGIN, END, PAGE, our_cells

inf, nan = math.inf, math.nan


def derivatives(function, *point):
    """The value, and the derivative in each operand by a sweep."""
    variables = [Variable(x) for x in point]
    output = function(*variables)
    output.backward()
    return output.value, tuple(x.grad for x in variables)


def by_backward(function, point):
    """The value, and the derivative in each operand by a sweep."""
    return derivatives(function, *point)


def by_forward_mode(function, point):
    tangents = [tuple(float(place == other) for other in range(len(point))) for place in range(len(point))]
    found = [jvp(function, point, tangent) for tangent in tangents]
    return found[0][0], tuple(slope for _, slope in found)


def by_grad(function, point):
    return value_and_grad(function, argnums=tuple(range(len(point))))(*point)


def compiled_by(tier):
    def way(function, point):
        return jit(value_and_grad(function, argnums=tuple(range(len(point)))), tier=tier)(*point)

    return way


WAYS = {"backward": by_backward, "forward mode": by_forward_mode, "grad": by_grad, "vm": compiled_by("vm")}
if autograd.compiled and importlib.util.find_spec("llvmlite"):
    WAYS["llvm"] = compiled_by("llvm")
# Rows whose derivatives are numbers with digits that tiers may round differently.
ROUNDINGS = 4


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_value_and_derivatives_are_those_of_the_table(row, way):
    value, slopes = way(lambda *x: row.function(OURS, *x), row.point)
    assert same(value, row.value) or value == pytest.approx(row.value, rel=ROUNDINGS * 2.0**-53, abs=0.0)
    assert list(slopes) == pytest.approx(list(row.slopes), rel=ROUNDINGS * 2.0**-53, abs=0.0, nan_ok=True)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize(("factor", "slope"), [(2.0, inf), (-2.0, -inf)])
def test_the_pole_of_xlogy_has_the_sign_of_its_factor_at_both_zeros(way, zero, factor, slope):
    assert list(way(lambda y: xlogy(factor, y), (zero,))[1]) == [slope]
    assert list(way(xlogy, (factor, zero))[1]) == [-inf, slope]


def test_the_page_has_every_row_of_the_table():
    page = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    found = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| `")]
    assert [cells[:4] for cells in found] == [our_cells(row) for row in rows()]
    assert {len(cells) for cells in found} == {7}
    assert [line[4:] for line in page.splitlines() if line.startswith("### ")] == list(SECTIONS)


POWERS = [(row.point, row.value, row.slopes) for row in SECTIONS["Powers"] if row.text == "x ** y"]


@pytest.mark.parametrize(("point", "value", "slopes"), POWERS)
def test_power_with_a_constant_is_that_of_two_variables(point, value, slopes):
    base, exponent = point
    found, gradient = derivatives(lambda x: x**exponent, base)
    assert same(found, value) and same(gradient[0], slopes[0])
    found, gradient = derivatives(lambda y: base**y, exponent)
    assert same(found, value)
    assert gradient[0] == pytest.approx(slopes[1], nan_ok=True)


@pytest.mark.parametrize(
    ("exponent", "lowered", "slopes"),
    [(2.0, 3.0, (-inf, -inf, inf)), (3.0, 3.0, (0.0, 0.0, 0.0)), (3.0, 2.0, (1.0, 0.0, 0.0))],
)
def test_a_lowered_power_of_zero_has_the_limits_of_the_power_itself(exponent, lowered, slopes):
    value, gradient = derivatives(PowerBelow, 0.0, exponent, lowered)
    assert (value, gradient) == (0.0 ** (exponent - lowered) if exponent >= lowered else inf, slopes)


def test_kinks_are_the_same_on_methods_and_constant_nodes():
    assert derivatives(lambda x: x.relu(), 0.0) == (0.0, (0.0,))
    assert derivatives(lambda x: maximum(x, Constant(1.0)), 1.0) == (1.0, (0.0,))
    assert derivatives(lambda x, y: minimum(x, y, Constant(1.0)), 1.0, 2.0) == (1.0, (0.0, 0.0))


@pytest.mark.parametrize("base", [0.0, -0.0, 1.0, -1.0, 3.5, -3.5, 1e308, 5e-324, inf, -inf])
def test_the_zeroth_power_is_one_with_slope_zero_to_every_order(base):
    x = Variable(base)
    node = x**0
    assert node.value == 1.0
    first = gradients(node, x, create_graph=True)
    assert number(first) == 0.0
    assert number(gradients(first, x, create_graph=True) if isinstance(first, Node) else 0.0) == 0.0


@pytest.mark.parametrize(("base", "exponent"), [(0.0, 2), (0.0, 3), (-2.0, 3), (-1.5, 4), (0.0, 1), (-2.0, -2)])
def test_derivatives_of_an_integer_power_of_a_base_that_is_not_positive(base, exponent):
    x = Variable(base)
    node = x**exponent
    factor = 1.0
    for order in range(1, 4):
        node = gradients(node, x, create_graph=True) if isinstance(node, Node) else 0.0
        factor *= exponent - order + 1
        expected = factor * base ** (exponent - order) if factor else 0.0
        assert number(node) == expected, order


def test_mod_has_the_sign_of_the_divisor_and_fmod_that_of_the_dividend():
    assert derivatives(lambda a, b: a % b, -5.0, 3.0) == (1.0, (1.0, 2.0))
    assert derivatives(lambda a, b: a % b, 5.0, -3.0) == (-1.0, (1.0, 2.0))
    assert derivatives(fmod, -5.0, 3.0) == (-2.0, (1.0, 1.0))


@pytest.mark.parametrize(("a", "b"), [(1.0, 0.1), (7.5, 2.0), (-7.5, 2.0), (1.0, inf), (5e-324, 2.0), (1e300, 1e-10)])
def test_floor_division_is_pythons(a, b):
    assert (Variable(a) // b).value == a // b


@pytest.mark.parametrize("infinity", [inf, -inf])
def test_second_derivatives_of_logsumexp_at_equal_infinities_are_those_at_equal_numbers(infinity):
    def of_list(x):
        return logsumexp(x)

    expected = [[0.25, -0.25], [-0.25, 0.25]]
    for way in (hessian(of_list), jacfwd(grad(of_list)), hessian(lambda x: logaddexp(x[0], x[1]))):
        assert way([infinity, infinity]) == expected == way([1.0, 1.0])
        assert jit(way, tier="vm")([infinity, infinity]) == expected


@pytest.mark.parametrize(
    ("function", "end", "second"), [(asin, 1.0, inf), (acos, -1.0, inf), (atanh, -1.0, -inf), (acosh, 1.0, -inf)]
)
def test_second_derivatives_at_an_end_of_the_domain_are_infinite_in_every_way(function, end, second):
    ways = [hessian(function), grad(grad(function)), jacfwd(jacfwd(function)), jacfwd(grad(function))]
    assert [way(end) for way in ways] == [second] * 4
    assert [jit(way, tier="vm")(end) for way in ways] == [second] * 4


# where


def test_the_side_not_taken_of_where_is_no_parent():
    x = Variable(-1.0)
    node = where(x > 0.0, log(x), 2.0 * x)
    assert node.parents[0].op.name == "multiply"
    node.backward()
    assert x.grad == 2.0


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "broken", [log, sqrt, lambda x: 1 / (x - x), lambda x: exp(1000.0 - x), lambda x: nan * x, lambda x: inf * x]
)
def test_where_isolates_derivatives_of_every_order_from_the_side_not_taken(order, broken):
    x = Variable(-0.5)
    node = where(x < 0.0, x**4, broken(x))
    for _ in range(order):
        node = gradients(node, x, create_graph=True)
    assert number(node) == math.perm(4, order) * (-0.5) ** (4 - order)


def test_elsewhere_a_product_with_zero_is_ieee():
    _, (slope,) = derivatives(lambda x: 0.0 * sqrt(x), 0.0)
    assert math.isnan(slope)


def test_where_keeps_the_derivative_of_the_side_taken_if_that_is_infinite():
    _, (slope,) = derivatives(lambda x: where(x >= 0.0, sqrt(x), x), 0.0)
    assert slope == inf


# Every primitive on special values

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, inf, -inf, nan, 1e308, -1e308, 5e-324, -5e-324, 3.0]
FEW = [0.0, -0.0, 1.0, -2.0, inf, nan, 1e308]


def grid(primitive, numbers):
    """Every combination of the numbers as operands; two and four of them for any number of operands."""
    if primitive.arity is not None:
        return itertools.product(numbers, repeat=primitive.arity)
    return itertools.chain(itertools.product(numbers, repeat=2), itertools.product(FEW, repeat=4))


@EVERY_PRIMITIVE
def test_no_exception_and_the_same_value_on_numbers_and_nodes_of_any_kind(primitive):
    for point in grid(primitive, SPECIAL):
        value = primitive(*point)
        assert type(value) is float
        node = primitive(*[Variable(x) for x in point])
        assert repr(node.value) == repr(value), point
        assert len(node.local_gradients) == len(point)
        mixed = primitive(Variable(point[0]), *point[1:])
        assert repr(mixed.value) == repr(node.value), point


@EVERY_PRIMITIVE
def test_a_nan_operand_or_value_makes_every_local_gradient_nan(primitive):
    for point in grid(primitive, SPECIAL):
        node = primitive(*[Variable(x) for x in point])
        if any(map(math.isnan, point)) or math.isnan(node.value):
            assert all(map(math.isnan, node.local_gradients)), point


@EVERY_PRIMITIVE
def test_no_exception_in_a_second_derivative_of_any_kind(primitive):
    numbers = SPECIAL if primitive.arity in (1, 2) else FEW[:5]
    for point in itertools.product(numbers, repeat=primitive.arity or 2):
        variables = [Variable(x) for x in point]
        for slope in gradients(primitive(*variables), variables, create_graph=True):
            if isinstance(slope, Node):
                assert all(isinstance(number(second), float) for second in gradients(slope, variables))


@EVERY_PRIMITIVE
def test_first_derivatives_are_the_same_with_and_without_a_graph(primitive):
    for point in itertools.product(SPECIAL if primitive.arity in (1, 2) else FEW[:5], repeat=primitive.arity or 2):
        variables = [Variable(x) for x in point]
        node = primitive(*variables)
        plain = gradients(node, variables)
        graph = [number(slope) for slope in gradients(node, variables, create_graph=True)]
        for one, other in zip(plain, graph, strict=True):
            assert other == pytest.approx(one, rel=1e-14, abs=1e-300, nan_ok=True), (point, plain, graph)


# Strict mode


@pytest.mark.parametrize(
    ("function", "point", "message"),
    [
        (log, (-1.5,), r"log needs 0 < x, got x = -1\.5 \(variable 'v0'\): value nan"),
        (sqrt, (0.0,), r"sqrt needs 0 ≤ x, got x = 0\.0 \(variable 'v0'\): local gradient inf"),
        (lambda x: 1 / x, (0.0,), r"divide needs operands with a finite result, got a = 1\.0, b = 0\.0 .*: value inf"),
        (exp, (1000.0,), r"exp needs operands with a finite result, got x = 1000\.0 .*: value inf"),
        (asin, (2.0,), r"asin needs -1 ≤ x ≤ 1, got x = 2\.0"),
        (power, (-2.0, 0.5), r"power needs 0 < a, got a = -2\.0 \(variable 'v0'\), b = 0\.5 \(variable 'v1'\)"),
        (maximum, (1.0, nan, 2.0), r"max_of_many needs operands with a finite result"),
    ],
)
def test_strict_names_operation_operands_and_line(function, point, message):
    variables = [Variable(x, name=f"v{place}") for place, x in enumerate(point)]
    with strict(), pytest.raises(DomainError, match=message + r".*test_conventions\.py:\d+\)"):
        function(*variables)


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (lambda: Variable(-2.0) ** 3, -8.0),
        (lambda: Variable(-2.0) ** 2.0, 4.0),
        (lambda: polygamma(1.0, Variable(1.0)), math.pi**2 / 6),
        (lambda: Variable(2.0) % 3.0, 2.0),
        (lambda: maximum(Variable(1.0), 1.0), 1.0),
        (lambda: xlogy(0.0, Variable(0.0)), 0.0),
    ],
)
def test_strict_asks_nothing_of_the_gradient_in_a_constant(function, value):
    with strict():
        assert function().value == pytest.approx(value)


def test_outside_strict_nothing_raises_again():
    with strict():
        pass
    assert math.isnan(log(Variable(-1.0)).value)


# Leaves assigned after use


def test_a_leaf_assigned_later_leaves_first_derivatives_and_stops_second_ones():
    x = Variable(3.0)
    node = x * x
    x.value = 100.0
    assert gradients(node, x) == 6.0
    with pytest.raises(StaleGraphError, match="assigned after"):
        gradients(node, x, create_graph=True)


SECOND_DERIVATIVES = {"hessian": hessian, "nested grad": lambda function: jacobian(grad(function))} | {
    f"compiled, {tier}": lambda function, tier=tier: jit(hessian(function), tier=tier)
    for tier in ("vm", "llvm")
    if tier == "vm" or tier in WAYS
}


@pytest.mark.parametrize("name", [primitive.name for primitive in BUILT_IN])
def test_second_derivatives_are_the_same_by_every_way_where_value_and_slopes_are_finite(name):
    primitive = next(primitive for primitive in BUILT_IN if primitive.name == name)
    ways = [way(lambda x: primitive(*x)) for way in SECOND_DERIVATIVES.values()]
    compared = 0
    for point in itertools.product((0.0, 1.0, -1.0, -2.0, 0.5, 3.0), repeat=primitive.arity or 2):
        node = primitive(*[Variable(x) for x in point])
        finite = all(map(math.isfinite, (node.value, *node.local_gradients)))
        if not finite or (name in ("power", "power_below") and point[0] == 0.0):
            continue
        expected, *others = [[entry for row in way(list(point)) for entry in row] for way in ways]
        for found in others:
            for one, other in zip(found, expected, strict=True):
                # Each is a sum of a few products.
                assert one == other or abs(one - other) <= 2.0**-46 * max(abs(one), abs(other)), (point, found)
        compared += 1
    # An order may have no derivative anywhere.
    assert compared or without_a_derivative(primitive, [1.0] * primitive.arity)


def test_products_with_zeros_have_the_products_of_the_others_as_gradient():
    assert derivatives(lambda *x: prod(x), 2.0, 0.0, -5.0) == (0.0, (0.0, -10.0, 0.0))


def test_the_package_says_whether_it_is_compiled():
    assert isinstance(autograd.compiled, bool)


LENGTHS = {"hypot": lambda v: autograd.hypot(v[0], v[1]), "norm": autograd.norm}
HESSIANS = {
    "hessian": hessian,
    "sparse": lambda function: lambda point: hessian(function, sparse=True)(point).toarray(),
    "grad of grad": lambda function: jacobian(grad(function)),
    "vm": lambda function: jit(hessian(function), tier="vm"),
}
if "llvm" in WAYS:
    HESSIANS["llvm"] = lambda function: jit(hessian(function), tier="llvm")


@pytest.mark.parametrize("way", HESSIANS)
@pytest.mark.parametrize("name", LENGTHS)
def test_the_second_derivatives_of_a_length_have_a_pole_at_the_origin_in_every_way(name, way):
    length, hessian_of = LENGTHS[name], HESSIANS[way]

    def entries(function, point):
        return [float(entry) for row in hessian_of(function)(point) for entry in row]

    assert entries(length, [0.0, 0.0]) == [inf, 0.0, 0.0, inf]
    of_the_square = entries(lambda v: 0.5 * length(v) ** 2, [0.0, 0.0])
    assert math.isnan(of_the_square[0]) and math.isnan(of_the_square[3])
    assert of_the_square[1] == of_the_square[2] == 0.0
    assert entries(lambda v: 0.5 * length(v) ** 2, [0.0, -2.0]) == [1.0, 0.0, 0.0, 1.0]
    assert entries(length, [5e-324, 0.0])[3] == inf
