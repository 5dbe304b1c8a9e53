"""The transforms against each other on random expressions: two that mean the same give the same.

Bounds follow from rounding alone. A first derivative is a sum over paths through the graph of products of local
gradients; any order of multiplying and adding them up makes at most two roundings an edge, each at most EPSILON of
the sum of the absolute products (`absolute_jacobian`). Derivatives of higher order are measured beside the error
scale (`roundings.error_scale`), taken from the graph that a reference computation leaves behind: the terms are the
same in any order of differentiation, so that scale bounds the sum of their sizes.
"""

import itertools
import math
import sys

import numpy as np
import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from autograd import (
    Node,
    Variable,
    backward,
    grad,
    gradients,
    hessian,
    hessian_sparsity,
    hvp,
    jacfwd,
    jacobian,
    jacobian_sparsity,
    jacrev,
    jvp,
    linearize,
    topological_order,
    value_and_grad,
    vjp,
)
from autograd.operations.primitives import (
    Abs,
    Atan2,
    Copysign,
    Dot,
    Floor,
    Fma,
    Hypot,
    Max,
    MaxOfMany,
    Min,
    MinOfMany,
    Minus,
    Mod,
    Multiply,
    Negate,
    Norm,
    Plus,
    Sign,
    Square,
    Sum,
)
from autograd.testing import expressions
from tests.tables.comparison import same
from tests.tables.curvature import curved_pairs
from tests.tables.derivatives import nested, number
from tests.tables.roundings import EPSILON, ROUNDINGS, error_scale
from tests.tables.settings import CI

DIRECTIONS = st.sampled_from([1.0, -1.0, 0.5, 2.0, 0.0])
FEWER = settings(CI, max_examples=150)
FEW = settings(CI, max_examples=80)


def directions(count):
    return st.lists(DIRECTIONS, min_size=count, max_size=count)


def results_of(expression, chosen):
    """The expression as a function of a list with several outputs: the chosen ones of its leaves and steps."""

    def function(leaves):
        results = list(leaves)

        def apply(primitive, numbers):
            results.append(primitive(*numbers))
            return results[-1]

        expression.evaluate(leaves, apply)
        return [results[place % len(results)] for place in chosen]

    return function


@st.composite
def systems(draw, **options):
    """A function of a list to a list of one to six numbers, and a point; outputs may be leaves, or be given twice."""
    expression = draw(expressions(**options))
    chosen = draw(st.lists(st.integers(0, 20), min_size=1, max_size=6))
    return results_of(expression, chosen), list(expression.point)


def of_list(expression):
    """The expression as a function of one list."""
    return lambda leaves: expression(*leaves)


def graph(function, point):
    """The function's outputs as a list, on variables of one's own, and these."""
    variables = [Variable(x) for x in point]
    outputs = function(variables)
    return outputs if isinstance(outputs, list) else [outputs], variables


def operations(outputs):
    """Every node below the outputs, operands first, and those."""
    return topological_order(*[output for output in outputs if isinstance(output, Node)])


def edges(outputs):
    """The number of edges of the graph below the outputs, and the outputs themselves."""
    return len(outputs) + sum(len(node.parents) for node in operations(outputs))


def absolute_jacobian(outputs, variables):
    """The sum over all paths from a variable to an output of the absolute products of local gradients."""
    rows = []
    order = operations(outputs)
    for output in outputs:
        sums = {id(node): 0.0 for node in order} | {id(output): 1.0}
        for node in reversed(order):
            for operand, slope in zip(node.parents, node.local_gradients, strict=True):
                sums[id(operand)] = sums.get(id(operand), 0.0) + sums[id(node)] * abs(slope)
        rows.append([sums.get(id(variable), 0.0) for variable in variables])
    return np.array(rows, dtype=float).reshape(len(outputs), len(variables))


def first_order_bound(function, point):
    """The difference that two ways of computing the Jacobian may have, as a matrix: two roundings an edge each way."""
    outputs, variables = graph(function, point)
    return 4 * edges(outputs) * EPSILON * absolute_jacobian(outputs, variables)


class SecondOrder:
    """The Hessian by nested `gradients`, and what another way of computing it may differ by."""

    def __init__(self, function, point):
        outputs, variables = graph(function, point)
        count = len(variables)
        self.matrix = np.zeros((count, count))
        self.scale = np.zeros((count, count))
        for i, j in itertools.product(range(count), repeat=2):
            second = nested(outputs[0], variables, (i, j))
            self.matrix[i, j] = number(second)
            self.scale[i, j] = error_scale(second)
        # Roundings inside of each local derivative, and two an edge of what multiplies and adds them up.
        self.bound = (ROUNDINGS + 4 * edges(outputs)) * EPSILON * self.scale
        assume_finite(self.scale)
        # Terms below the normal numbers have fewer digits than the bound counts on.
        assume(not np.any((self.scale > 0.0) & (self.scale < sys.float_info.min / EPSILON)))


def assume_finite(*arrays):
    """Leave out what overflows: where terms are infinite their sum depends on the order in which they are added."""
    assume(all(np.isfinite(array).all() for array in arrays))


def as_matrix(rows, count):
    return np.array(rows, dtype=float).reshape(-1, count)


def assert_within(bound, *arrays):
    """Each array differs from the first by no more than the bound."""
    for array in arrays[1:]:
        assert np.all(np.abs(np.asarray(array) - arrays[0]) <= bound), (arrays[0], array, bound)


# First order


@CI
@given(systems(), st.data())
def test_pushforward_and_pullback_are_adjoint(system, data):
    function, point = system
    value, pushforward = linearize(function, point)
    _, pullback = vjp(function, point)
    tangent = data.draw(directions(len(point)))
    cotangent = data.draw(directions(len(value)))
    one = math.fsum(u * v for u, v in zip(cotangent, pushforward(tangent), strict=True))
    other = math.fsum(u * v for u, v in zip(pullback(cotangent)[0], tangent, strict=True))
    bound = np.abs(cotangent) @ first_order_bound(function, point) @ np.abs(tangent)
    assert abs(one - other) <= bound


@CI
@given(systems())
def test_every_jacobian_is_the_same_and_its_rows_are_gradients(system):
    function, point = system
    count = len(point)
    bound = first_order_bound(function, point)
    ways = [as_matrix(way(function)(point), count) for way in (jacobian, jacfwd, jacrev)]
    ways.append(jacobian(function, sparse=True)(point).toarray())
    ways.append([grad(lambda x, row=row: function(x)[row])(point) for row in range(len(bound))])
    ways.append(np.array([jvp(function, (point,), (list(unit),))[1] for unit in np.eye(count)]).T)
    assert_within(bound, *ways)


@CI
@given(expressions())
def test_grad_is_what_backward_and_gradients_give(expression):
    point = list(expression.point)
    variables = [Variable(x) for x in point]
    output = expression(*variables)
    # Polygamma of a constant is a number, from which no sweep starts.
    assume(isinstance(output, Node))
    bound = first_order_bound(of_list(expression), point)[0]
    expected = gradients(output, variables)
    backward(output)
    places = tuple(range(len(point)))
    assert_within(
        bound,
        grad(of_list(expression))(point),
        expected,
        [variable.grad for variable in variables],
        grad(of_list(expression))(np.array(point)),
        grad(expression, argnums=places)(*point),
        [grad(expression, argnums=place)(*point) for place in places],
        value_and_grad(of_list(expression))(point)[1],
    )


@CI
@given(systems())
def test_values_are_exactly_those_of_plain_numbers(system):
    function, point = system
    expected = function(point)
    assert all(type(value) is float for value in expected)
    unit = [1.0] * len(point)
    assert jvp(function, (point,), (unit,))[0] == expected
    assert linearize(function, point)[0] == expected
    assert vjp(function, point)[0] == expected
    for row, value in enumerate(expected):
        assert value_and_grad(lambda x, row=row: function(x)[row])(point)[0] == value


@CI
@given(systems(), st.data())
def test_linearize_is_jvp_and_vjp_is_repeatable(system, data):
    function, point = system
    value, pushforward = linearize(function, point)
    _, pullback = vjp(function, point)
    cotangent = data.draw(directions(len(value)))
    before = pullback(cotangent)
    for _ in range(2):
        tangent = data.draw(directions(len(point)))
        assert (value, pushforward(tangent)) == jvp(function, (point,), (tangent,))
    assert pullback(cotangent) == before


@FEWER
@given(systems())
def test_the_structure_of_the_argument_changes_no_number(system):
    function, point = system
    names = [f"p{place}" for place in range(len(point))]
    expected = jacrev(function)(point)
    as_dict = jacrev(lambda given: function(list(given.values())))(dict(zip(names, point, strict=True)))
    assert [list(row.values()) for row in as_dict] == expected
    as_array = jacrev(lambda given: function(list(given)))(np.array(point))
    assert [row.tolist() for row in as_array] == expected
    as_places = jacrev(lambda *given: function(list(given)), argnums=tuple(range(len(point))))(*point)
    assert [list(row) for row in as_places] == expected
    to_array = jacrev(lambda given: np.array([*function(list(given)), 0.0], dtype=object))(np.array(point))
    assert to_array.shape == (len(expected) + 1, len(point))
    assert to_array[:-1].tolist() == expected


@FEWER
@given(systems())
def test_transforms_on_variables_give_the_same_numbers_as_nodes(system):
    function, point = system
    bound = first_order_bound(function, point)
    plain = as_matrix(jacobian(function)(point), len(point))
    for way in (jacobian, jacfwd, jacrev):
        variables = [Variable(x) for x in point]
        found = way(function)(variables)
        assert_within(bound, plain, as_matrix([[number(entry) for entry in row] for row in found], len(point)))
        assert all(variable.grad == 0.0 and not variable.reached for variable in variables)


# Second order


@FEWER
@given(expressions(max_steps=8), st.data())
def test_every_hessian_is_the_same(expression, data):
    function, point = of_list(expression), list(expression.point)
    count = len(point)
    expected = SecondOrder(function, point)
    ways = {
        "hessian": hessian(function)(point),
        "jacobian of grad": jacobian(grad(function))(point),
        "forward over reverse": jacfwd(jacrev(function))(point),
        "reverse over forward": jacrev(jacfwd(function))(point),
        "reverse over reverse": jacrev(grad(function))(point),
        "forward over forward": jacfwd(jacfwd(function))(point),
        "hessian on nodes": [
            [number(entry) for entry in row] for row in hessian(function)([Variable(x) for x in point])
        ],
    }
    for name, way in ways.items():
        note(name)
        assert_within(expected.bound, expected.matrix, as_matrix(way, count))
    dense = as_matrix(ways["hessian"], count)
    assert_within(expected.bound, expected.matrix, dense.T)
    sparse = hessian(function, sparse=True)(point)
    assert_within(expected.bound, expected.matrix, sparse.toarray())
    assert (sparse != sparse.T).nnz == 0
    tangent = data.draw(directions(count))
    by_rows = (expected.matrix * tangent).sum(axis=1)
    slack = (2 + count) * expected.bound @ np.abs(tangent)
    assert_within(
        slack,
        by_rows,
        hvp(function, (point,), (tangent,)),
        jvp(grad(function), (point,), (tangent,))[1],
        grad(lambda x: jvp(function, (x,), (tangent,))[1])(point),
        vjp(grad(function), point)[1](tangent)[0],
        [number(entry) for entry in hvp(function, (point,), ([Variable(t) for t in tangent],))],
        [number(entry) for entry in hvp(function, ([Variable(x) for x in point],), (tangent,))],
    )


@FEWER
@given(expressions(max_leaves=3, max_steps=8))
def test_partial_derivatives_by_closing_over_variables_are_the_entries_of_the_hessian(expression):
    point = list(expression.point)
    expected = SecondOrder(of_list(expression), point)
    for i, j in itertools.product(range(len(point)), repeat=2):

        def slope(xi, i=i, j=j):
            # The inner derivative is in x_j alone, taken at x_i itself if that is the same place.
            def along(xj):
                return expression(*[xj if place == j else xi if place == i else x for place, x in enumerate(point)])

            return grad(along)(xi if i == j else point[j])

        assert_within(expected.bound[i, j], expected.matrix[i, j], grad(slope)(point[i]))


def structural_pattern(function, point):
    """The pairs of variables that meet in an operation with a second derivative in operands that depend on them.

    A computation with sets for each operation, quadratic in the variables: no elimination is in it.
    """
    outputs, variables = graph(function, point)
    reach = {}
    pairs = set()
    for node in operations(outputs):
        if node.op is None:
            reach[id(node)] = {place for place, variable in enumerate(variables) if variable is node}
            continue
        below = [reach.get(id(operand), set()) for operand in node.parents]
        reach[id(node)] = set().union(*below)
        for first, second in curved_pairs(node.op.name, len(below)):
            pairs |= {(i, j) for i in below[first] for j in below[second]}
    return pairs | {(j, i) for i, j in pairs}, [reach.get(id(output), set()) for output in outputs]


def entries(matrix):
    """The places at which a sparse matrix has entries, zeros too."""
    coordinates = matrix.tocoo()
    return set(zip(coordinates.row.tolist(), coordinates.col.tolist(), strict=True))


@CI
@given(expressions())
def test_the_pattern_of_the_hessian_is_that_of_reachability(expression):
    function, point = of_list(expression), list(expression.point)
    expected, _ = structural_pattern(function, point)
    sparse = hessian(function, sparse=True)(point)
    pattern = hessian_sparsity(function)(point)
    assert pattern.dtype == bool and pattern.data.all()
    assert entries(pattern) == entries(sparse) == expected


@CI
@given(expressions())
def test_the_pattern_of_the_hessian_has_every_entry_that_is_not_zero(expression):
    function, point = of_list(expression), list(expression.point)
    pattern = entries(hessian_sparsity(function)(point))
    dense = as_matrix(jacrev(grad(function))(point), len(point))
    # Reverse over reverse knows no pattern: what it gives outside is an exact zero, or nan times a zero of its own.
    assume_finite(dense)
    outputs, variables = graph(function, point)
    for i, j in set(itertools.product(range(len(point)), repeat=2)) - pattern:
        assert abs(dense[i, j]) <= ROUNDINGS * EPSILON * error_scale(nested(outputs[0], variables, (i, j)))


@CI
@given(systems())
def test_the_pattern_of_the_jacobian_is_that_of_reachability(system):
    function, point = system
    _, reach = structural_pattern(function, point)
    expected = {(row, column) for row, columns in enumerate(reach) for column in columns}
    sparse = jacobian(function, sparse=True)(point)
    pattern = jacobian_sparsity(function)(point)
    assert pattern.dtype == bool and pattern.data.all()
    assert entries(pattern) == entries(sparse) == expected
    assert sparse.shape == pattern.shape == (len(reach), len(point))


@FEWER
@given(expressions(max_steps=8))
def test_where_elimination_is_given_up_the_hessian_is_the_same(expression):
    function, point = of_list(expression), list(expression.point)
    count = len(point)
    expected = SecondOrder(function, point)
    pattern = hessian_sparsity(function)(point)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autograd.transforms.matrices.eliminate_for_hessian", lambda *_: None)
        sparse = hessian(function, sparse=True)(point)
        assert_within(expected.bound, expected.matrix, as_matrix(hessian(function)(point), count), sparse.toarray())
        assert entries(sparse) == entries(hessian_sparsity(function)(point)) == entries(pattern)
    assert (sparse != sparse.T).nnz == 0


# Special points

SPECIAL = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e308, 5e-324]


@st.composite
def systems_at_special_points(draw):
    """A function of a list to a list of numbers, and a point some of whose numbers are special."""
    function, point = draw(systems())
    replaced = [draw(st.one_of(st.just(x), st.sampled_from(SPECIAL))) for x in point]
    return function, replaced


def first_of(function):
    """The function's first output alone."""
    return lambda leaves: function(leaves)[0]


@CI
@given(systems_at_special_points())
def test_values_are_exactly_those_of_plain_numbers_at_special_points_too(system):
    function, point = system
    expected = repr(function(point))
    unit = [1.0] * len(point)
    assert repr(jvp(function, (point,), (unit,))[0]) == expected
    assert repr(vjp(function, point)[0]) == expected
    assert repr(value_and_grad(first_of(function))(point)[0]) == repr(function(point)[0])


@CI
@given(systems_at_special_points())
def test_patterns_are_those_of_reachability_at_special_points_too(system):
    function, point = system
    pairs, _ = structural_pattern(first_of(function), point)
    _, reach = structural_pattern(function, point)
    assert entries(hessian(first_of(function), sparse=True)(point)) == pairs
    expected = {(row, column) for row, columns in enumerate(reach) for column in columns}
    assert entries(jacobian(function, sparse=True)(point)) == expected


@CI
@given(systems_at_special_points())
def test_jacobians_are_the_same_at_special_points_where_all_terms_are_finite(system):
    function, point = system
    bound = first_order_bound(function, point)
    # Infinite terms may be added before or after they are multiplied: inf - inf in one order is inf in another.
    assume_finite(bound)
    count = len(point)
    assert_within(
        bound,
        *[as_matrix(way(function)(point), count) for way in (jacobian, jacfwd, jacrev)],
        jacobian(function, sparse=True)(point).toarray(),
    )


@CI
@given(systems_at_special_points(), st.sampled_from([jacobian, jacfwd, jacrev]))
def test_where_a_value_is_nan_so_is_its_derivative_in_all_that_it_depends_on(system, way):
    function, point = system
    values = function(point)
    _, reach = structural_pattern(function, point)
    matrix = as_matrix(way(function)(point), len(point))
    outputs, variables = graph(function, point)
    for row, (value, columns) in enumerate(zip(values, reach, strict=True)):
        if math.isnan(value):
            # A variable that is an output itself has the derivative 1 in itself.
            itself = any(outputs[row] is variable for variable in variables)
            assert all(matrix[row, column] == 1.0 if itself else math.isnan(matrix[row, column]) for column in columns)
        assert all(matrix[row, column] == 0.0 for column in set(range(len(point))) - columns)


@CI
@given(expressions(), st.integers(0, 2))
def test_where_a_value_is_nan_so_is_every_second_derivative_in_the_pattern(expression, poisoned):
    function, point = of_list(expression), list(expression.point)
    point[poisoned % len(point)] = math.nan
    assume(math.isnan(function(point)))
    assert np.isnan(hessian(function, sparse=True)(point).data).all()
    pairs, _ = structural_pattern(function, point)
    dense = as_matrix(hessian(function)(point), len(point))
    for i, j in itertools.product(range(len(point)), repeat=2):
        assert math.isnan(dense[i, j]) if (i, j) in pairs else dense[i, j] == 0.0


KINKED = st.sampled_from(
    [
        *[Max, Min, MaxOfMany, MinOfMany, Abs, Sign, Floor, Mod, Hypot, Norm, Atan2, Copysign],
        *[Plus, Minus, Multiply, Negate, Square, Sum, Dot, Fma],
    ]
)


@settings(CI, max_examples=200)
@given(expressions(of=KINKED), st.data())
def test_at_kinks_and_ties_every_way_takes_the_same_subgradient(expression, data):
    function = of_list(expression)
    point = [data.draw(st.sampled_from([0.0, 1.0, -1.0])) for _ in expression.point]
    variables = [Variable(x) for x in point]
    output = expression(*variables)
    assume(isinstance(output, Node))
    bound = first_order_bound(function, point)[0]
    assume_finite(bound)
    backward(output)
    assert_within(
        bound,
        [variable.grad for variable in variables],
        grad(function)(point),
        jacfwd(function)(point),
        jacobian(function, sparse=True)(point).toarray()[0],
        [number(slope) for slope in gradients(output, variables, create_graph=True)],
    )


@settings(CI, max_examples=200)
@given(expressions(of=KINKED, max_steps=8), st.data())
def test_at_kinks_and_ties_every_hessian_is_the_same(expression, data):
    point = [data.draw(st.sampled_from([0.0, 1.0, -1.0])) for _ in expression.point]
    function = of_list(expression)
    expected = SecondOrder(function, point)
    assert_within(
        expected.bound,
        expected.matrix,
        *[as_matrix(way(point), len(point)) for way in (hessian(function), jacfwd(grad(function)))],
        hessian(function, sparse=True)(point).toarray(),
    )


@settings(CI, max_examples=200)
@given(expressions(of=KINKED, max_steps=8), st.data())
def test_at_kinks_and_ties_a_variable_outside_counts_as_a_constant(expression, data):
    point = [data.draw(st.sampled_from([0.0, 1.0, -1.0])) for _ in expression.point]
    place = data.draw(st.integers(0, len(point) - 1))
    variables, numbers = [held(expression, place, [kind(x) for x in point]) for kind in (Variable, float)]
    assume_finite(first_order_bound(of_list(expression), point))
    for way in (grad, jacfwd, jacrev, lambda function: lambda x: jvp(function, (x,), (1.0,))[1]):
        assert same(number(way(variables)(point[place])), way(numbers)(point[place]))
    second = SecondOrder(lambda x: numbers(x[0]), [point[place]])
    assert_within(second.bound, second.matrix, [[number(hessian(variables)(point[place]))]])


# Any order

ONE_MORE = {
    "grad": lambda function, place: grad(function, argnums=place),
    "jacfwd": lambda function, place: jacfwd(function, argnums=place),
    "jacrev": lambda function, place: jacrev(function, argnums=place),
    "jacobian": lambda function, place: jacobian(function, argnums=place),
    "value_and_grad": lambda function, place: lambda *x: value_and_grad(function, argnums=place)(*x)[1],
    "jvp": lambda function, place: lambda *x: jvp(function, x, unit_tangents(x, place))[1],
    "linearize": lambda function, place: lambda *x: linearize(function, *x)[1](*unit_tangents(x, place)),
    "vjp": lambda function, place: lambda *x: vjp(function, *x)[1](1.0)[place],
    "partial jvp": lambda function, place: lambda *x: jvp(held(function, place, x), (x[place],), (1.0,))[1],
}
TWO_MORE = {
    "hessian": lambda function, place: hessian(function, argnums=place),
    "hvp": lambda function, place: lambda *x: hvp(held(function, place, x), (x[place],), (1.0,)),
    "hvp of all": lambda function, place: lambda *x: part(hvp(function, x, unit_tangents(x, place)), place),
}


def unit_tangents(operands, place):
    return tuple(float(other == place) for other in range(len(operands)))


def held(function, place, operands):
    """The function of the operand at one place, the others being those given."""
    return lambda x: function(*operands[:place], x, *operands[place + 1 :])


def part(products, place):
    """One of the products, which stands alone for a function of one argument."""
    return products[place] if isinstance(products, tuple) else products


@st.composite
def nestings(draw, count, highest):
    """A list of transforms, each with the place it differentiates in, and the places of each single derivative."""
    steps, places = [], []
    while len(places) < highest and (len(places) < 2 or draw(st.booleans())):
        place = draw(st.integers(0, count - 1))
        orders = 2 if len(places) + 2 <= highest and draw(st.integers(0, 3)) == 3 else 1
        steps.append((draw(st.sampled_from(sorted(TWO_MORE if orders == 2 else ONE_MORE))), place))
        places += [place] * orders
    return steps, places


@settings(CI, max_examples=250)
@given(expressions(max_leaves=2, max_steps=4), st.data())
def test_a_derivative_of_order_up_to_four_is_the_same_by_any_nesting_of_transforms(expression, data):
    steps, places = data.draw(nestings(len(expression.point), 4))
    function = expression
    for name, place in steps:
        function = (TWO_MORE | ONE_MORE)[name](function, place)
    outputs, variables = graph(of_list(expression), expression.point)
    # The derivative along the first step's place is taken first.
    reference = nested(outputs[0], variables, places)
    on_nodes = function(*[Variable(x) for x in expression.point])
    scale = error_scale(reference) + error_scale(on_nodes)
    assume_finite(scale)
    bound = (ROUNDINGS + 4 * edges(outputs)) * EPSILON * scale
    found = function(*expression.point)
    assert type(found) is float
    assert_within(bound, number(reference), found, number(on_nodes))


@FEW
@given(expressions(max_leaves=2, max_steps=4), st.sampled_from(sorted(ONE_MORE)), st.data())
def test_the_gradient_of_a_hessian_is_the_third_derivative(expression, name, data):
    count = len(expression.point)
    i, j, k = data.draw(st.tuples(*[st.integers(0, count - 1)] * 3))

    def entry(*leaves):
        return hessian(expression, argnums=tuple(range(count)))(*leaves)[i][j]

    outputs, variables = graph(of_list(expression), expression.point)
    reference = nested(outputs[0], variables, (i, j, k))
    scale = error_scale(reference)
    assume_finite(scale)
    bound = (ROUNDINGS + 4 * edges(outputs)) * EPSILON * scale
    assert_within(bound, number(reference), ONE_MORE[name](entry, k)(*expression.point))


# Composed functions


def halves(expression, middle):
    """The expression as two functions of lists: the first gives all leaves and the first steps' results."""

    def run(names, steps, given):
        known = dict(zip(names, given, strict=True))
        for position, (primitive, arguments) in steps:
            known[f"t{position}"] = primitive(*[known[item] if isinstance(item, str) else item for item in arguments])
        return known

    leaves = [f"x{place}" for place in range(len(expression.point))]
    steps = list(enumerate(expression.steps))
    between = leaves + [f"t{position}" for position in range(middle)]

    def first(given):
        known = run(leaves, steps[:middle], given)
        return [known[name] for name in between]

    def second(given):
        known = run(between, steps[middle:], given)
        return known[f"t{len(steps) - 1}"]

    return first, second


@FEWER
@given(expressions(max_steps=8), st.data())
def test_composed_functions_obey_the_chain_rule_in_both_orders(expression, data):
    assume(expression.steps)
    function, point = of_list(expression), list(expression.point)
    first, second = halves(expression, data.draw(st.integers(0, len(expression.steps))))
    expected = SecondOrder(function, point)
    middle = first(point)
    inner = as_matrix(jacobian(first)(point), len(point))
    outer = np.array(grad(second)(middle))
    assert_within(first_order_bound(function, point)[0], np.array(grad(function)(point)), outer @ inner)
    # (f ∘ g)'' = g'ᵀ f'' g' + Σ ∂f/∂z · z''
    curved = inner.T @ as_matrix(hessian(second)(middle), len(middle)) @ inner
    for place, slope in enumerate(outer):
        curved += slope * as_matrix(hessian(lambda x, place=place: first(x)[place])(point), len(point))
    # Sums over as many middle results as there are leaves and steps are rounded besides.
    assert_within(2 * expected.bound, expected.matrix, curved)


@FEWER
@given(systems(max_leaves=2), st.data())
def test_pullbacks_of_composed_functions_compose_in_reverse(system, data):
    function, point = system
    weights = data.draw(directions(len(function(point))))

    def weighted(x):
        total = 0.0
        for weight, value in zip(weights, function(x), strict=True):
            total = total + weight * value
        return total

    bound = np.abs(weights) @ first_order_bound(function, point)
    one = vjp(function, point)[1](weights)[0]
    assert_within(bound, np.array(one), grad(weighted)(point))


# Perturbations that must not be confused: by hand


@pytest.mark.parametrize("inner", sorted(ONE_MORE))
@pytest.mark.parametrize("outer", sorted(ONE_MORE))
def test_an_inner_derivative_does_not_see_the_outer_variable(outer, inner):
    # d/dx (x · d/dy (x + y)) = 1, and d/dx (x · d/dy (x · y)) = 2 x.
    assert ONE_MORE[outer](lambda x: x * ONE_MORE[inner](lambda y: x + y, 0)(1.0), 0)(1.0) == 1.0
    assert ONE_MORE[outer](lambda x: x * ONE_MORE[inner](lambda y: x * y, 0)(2.0), 0)(3.0) == 6.0
    # The inner one is taken at the outer variable itself: d/dx [d/dy (x · y³)](y = x) = d/dx 3 x³.
    assert ONE_MORE[outer](lambda x: ONE_MORE[inner](lambda y: x * y**3, 0)(x), 0)(2.0) == 36.0


@pytest.mark.parametrize("inner", sorted(TWO_MORE))
@pytest.mark.parametrize("outer", sorted(ONE_MORE))
def test_an_inner_second_derivative_does_not_see_the_outer_variable(outer, inner):
    # d/dx d²/dy² (x² · y³) at y = x: d/dx 6 x³.
    assert ONE_MORE[outer](lambda x: TWO_MORE[inner](lambda y: x**2 * y**3, 0)(x), 0)(2.0) == 72.0
    assert ONE_MORE[outer](lambda x: TWO_MORE[inner](lambda y: x**2 * y**3, 0)(1.0), 0)(2.0) == 24.0
