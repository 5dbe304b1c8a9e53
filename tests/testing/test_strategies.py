"""The strategies, and through them the sweep: random expressions by reverse mode, forward mode and differences."""

import itertools
import math
import subprocess
import sys

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from autograd import Node, Variable, gradients
from autograd.diagnosis.kinks import margin_of
from autograd.errors import OperandError
from autograd.operations.primitive import Interval, Primitive
from autograd.operations.primitives import Exp, Max, Multiply, Plus, Polygamma, Sum
from autograd.testing import (
    Expression,
    check_gradients,
    expressions,
    gradcheck,
    operands,
    points_near_kinks,
    primitives,
)
from autograd.testing.strategies import near_kink
from tests.tables.duals import Dual, apply_to_duals
from tests.tables.oracles import BUILT_IN, EVERY_PRIMITIVE, ORACLES, mp, mpf, without_a_derivative
from tests.tables.roundings import EPSILON
from tests.tables.settings import CI

SQUARE_OF_EXP = Expression((0.5,), [(Exp, ["x0"]), (Multiply, ["t0", "t0"])])


@CI
@given(expressions(), st.data())
def test_reverse_mode_and_forward_mode_agree(expression, data):
    direction = data.draw(st.lists(st.sampled_from([1.0, -1.0, 0.5, 2.0]), min_size=4, max_size=4))
    variables = [Variable(x) for x in expression.point]
    output = expression(*variables)
    slopes = gradients(output, variables) if isinstance(output, Node) else [0.0] * len(variables)
    backward = math.fsum(slope * part for slope, part in zip(slopes, direction, strict=False))
    duals = [Dual(x, part, abs(part)) for x, part in zip(expression.point, direction, strict=False)]
    forward = expression.evaluate(duals, apply_to_duals)
    # Either mode multiplies along each path and adds the paths up: at most two roundings an edge, and `size`
    # is the sum over paths of absolute products.
    edges = sum(len(arguments) for _, arguments in expression.steps) + len(expression.point)
    assert abs(backward - forward.tangent) <= 4 * edges * EPSILON * forward.size


@CI
@given(expressions())
def test_backward_gives_what_gradients_gives(expression):
    variables = [Variable(x) for x in expression.point]
    output = expression(*variables)
    expected = gradients(output, variables)
    output.backward()
    for variable, slope in zip(variables, expected, strict=True):
        assert variable.grad == pytest.approx(slope, rel=1e-12, abs=1e-300)


@CI
@given(expressions())
def test_gradcheck_passes_on_random_expressions(expression):
    assert gradcheck(expression, expression.point)


@settings(CI, max_examples=30)
@given(expressions(max_leaves=2, max_steps=6))
def test_gradcheck_of_the_second_order_passes_on_random_expressions(expression):
    assert gradcheck(expression, expression.point, order=2)


@CI
@given(expressions())
def test_an_expression_is_evaluated_alike_on_floats_nodes_and_mpmath(expression):
    on_floats = expression(*expression.point)
    on_nodes = expression(*[Variable(x) for x in expression.point])
    assert on_nodes.value == on_floats

    def of_mpmath(primitive, arguments):
        return mpf(ORACLES[primitive.name].value(*map(mpf, arguments)))

    with mp.workprec(200):
        exact = expression.evaluate(expression.point, of_mpmath)
    assert float(exact) == pytest.approx(on_floats, rel=1e-6, abs=1e-9)


# Shape and shrinking


def test_expressions_share_nodes_and_use_every_primitive():
    seen = set()
    shared = []

    @settings(CI, max_examples=800)
    @given(expressions())
    def collect(expression):
        seen.update(primitive.name for primitive, _ in expression.steps)
        arguments = [item for _, step in expression.steps for item in step if isinstance(item, str)]
        shared.append(any(arguments.count(name) > 1 for name in arguments))

    collect()
    assert seen >= {primitive.name for primitive in BUILT_IN}
    assert sum(shared) > len(shared) / 4


def test_an_expression_shrinks_to_the_step_that_matters():
    often = settings(CI, max_examples=2_000)
    smallest = find(expressions(), lambda found: any(p.name == "tanh" for p, _ in found.steps), settings=often)
    assert repr(smallest) == "tanh(x0) at x0 = 0.0"


def test_an_expression_shrinks_to_a_shared_node():
    def shares(expression):
        uses = [item for _, arguments in expression.steps for item in arguments if isinstance(item, str)]
        return any(uses.count(f"t{number}") > 1 for number in range(len(expression.steps)))

    smallest = find(expressions(), shares, settings=CI)
    # Which of these is found first depends on what was drawn; both are as short as can be.
    assert repr(smallest) in {f"t0 = {first}; plus(t0, t0) at x0 = 0.0" for first in ("plus(x0, x0)", "negate(x0)")}


def test_an_expression_reads_as_one_writes_it():
    assert repr(SQUARE_OF_EXP) == "t0 = exp(x0); multiply(t0, t0) at x0 = 0.5"
    two = Expression((1.0, 2.0), [(Plus, ["x0", 3.0]), (Sum, ["t0", "x1", "x1"])])
    assert repr(two) == "sum(plus(x0, 3.0), x1, x1) at x0 = 1.0, x1 = 2.0"


def test_an_expression_is_evaluated_step_by_step():
    assert SQUARE_OF_EXP(1.0) == math.exp(1.0) ** 2
    assert SQUARE_OF_EXP.evaluate([7], lambda primitive, numbers: (primitive.name, *numbers)) == (
        "multiply",
        ("exp", 7),
        ("exp", 7),
    )
    with pytest.raises(TypeError, match="has 1 leaves, got 2"):
        SQUARE_OF_EXP(1.0, 2.0)


# Operands


@EVERY_PRIMITIVE
@settings(CI, max_examples=25)
@given(data=st.data())
def test_operands_are_in_the_domain_with_finite_value_and_gradients(primitive, data):
    point = data.draw(operands(primitive, largest=20.0))
    assert len(point) == primitive.arity or (primitive.arity is None and len(point) % 2 == 0)
    for interval, x in zip(itertools.cycle(primitive.domain), point, strict=False):
        assert x in interval and abs(x) <= 20.0
    assert not near_kink(primitive, point)
    node = primitive(*[Variable(x) for x in point])
    assert math.isfinite(node.value)
    missing = without_a_derivative(primitive, point)
    assert all(math.isfinite(slope) or place in missing for place, slope in enumerate(node.local_gradients))


def test_operands_near_kinks_are_drawn_when_asked_for():
    absolute = next(primitive for primitive in BUILT_IN if primitive.name == "abs")
    assert find(operands(absolute, away_from_kinks=False), lambda point: point[0] == 0.0, settings=CI) == (0.0,)


def test_operands_serve_a_users_primitive_too():
    logit = Primitive(
        "a_logit",
        lambda x: math.log(x / (1.0 - x)),
        lambda x, out: 1.0 / (x * (1.0 - x)),
        domain=(Interval(0.0, 1.0, closed=False),),
        kinks=lambda x: x - 0.5,
    )

    @CI
    @given(operands(logit))
    def check(point):
        assert 0.0 < point[0] < 1.0 and abs(point[0] - 0.5) > 0.005
        assert gradcheck(logit, point)

    check()


@CI
@given(primitives())
def test_primitives_are_declared_ones(primitive):
    assert isinstance(primitive, Primitive)


def test_without_hypothesis_the_message_says_how_to_install_it():
    program = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from autograd.testing import expressions, gradcheck\n"
        "from autograd import exp\n"
        "assert gradcheck(exp, [1.0])\n"
        "try: expressions()\n"
        "except ImportError as error: print(error)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "which is not installed: pip install hypothesis" in result.stdout


def test_an_unknown_name_is_an_attribute_error():
    import autograd.testing

    with pytest.raises(AttributeError, match="has no attribute 'gradchek'"):
        autograd.testing.gradchek


# Points near kinks, and expressions there


@pytest.mark.parametrize(
    "primitive", [p for p in BUILT_IN if p.kinks is not None], ids=lambda primitive: primitive.name
)
@settings(CI, max_examples=30)
@given(data=st.data())
def test_points_near_kinks_are_at_one_or_a_little_off(primitive, data):
    point = data.draw(points_near_kinks(primitive))
    assert near_kink(primitive, point) or not math.isfinite(margin_of(primitive, point))
    assert math.isfinite(primitive(*point))


def test_points_near_kinks_shrink_to_a_kink():
    assert find(points_near_kinks(Max), lambda point: True, settings=CI) == (0.0, 0.0)
    assert find(points_near_kinks(Max), lambda point: point[0] != point[1], settings=CI) == (0.001, 0.0)


def test_a_primitive_without_kinks_at_known_places_has_no_points_near_them():
    with pytest.raises(ValueError, match="points near kinks need a primitive that declares them, exp has none"):
        points_near_kinks(Exp)
    far = Primitive("a_kink_at_pi", abs, lambda x, out: 1.0, kinks=lambda x: x - math.pi, registered=False)
    with pytest.raises(ValueError, match="a_kink_at_pi has no kink at small whole or half numbers"):
        points_near_kinks(far)


def test_expressions_near_kinks_meet_them():
    at, near = [], []

    @settings(CI, max_examples=200)
    @given(expressions(near_kinks=True))
    def collect(expression):
        kinks = check_gradients(expression, expression.point).kinks
        at.append(any(kink.margin == 0.0 for kink in kinks))
        near.append(any(kink.margin != 0.0 for kink in kinks))

    collect()
    assert sum(at) > 10 and sum(near) > 10


@pytest.mark.parametrize(
    "of", [[math.sin], "sin", [Plus, Primitive], [lambda x: x]], ids=["math", "text", "class", "lambda"]
)
def test_what_is_no_primitive_is_refused_before_anything_is_drawn(of):
    with pytest.raises(
        OperandError, match=r"expressions\(of=\.\.\.\) takes primitives, such as \[Plus, Multiply\]; got "
    ):
        expressions(of=of)


@CI
@given(expressions(of=st.sampled_from([Polygamma])))
def test_no_expression_is_a_constant(expression):
    node = expression(*[Variable(x) for x in expression.point])
    assert len(expression.steps) == 0 or node.parents


def test_a_planted_fault_shrinks_to_the_primitive_alone():
    broken = Primitive("a_broken_product", lambda a, b: a * b, lambda a, b, out: (b, -a), arity=2, registered=False)
    smallest = find(
        expressions(of=st.sampled_from([Plus, Exp, Multiply, broken])),
        lambda found: not check_gradients(found, found.point),
        settings=CI,
    )
    assert repr(smallest) in ("a_broken_product(x0, x0) at x0 = 0.01", "a_broken_product(1.0, x0) at x0 = 0.0")
