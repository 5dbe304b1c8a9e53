"""gradcheck: what it accepts, what it refuses and how it says so."""

import math
import subprocess
import sys
from collections import namedtuple

import pytest

from autograd import (
    GradcheckError,
    OperandError,
    Variable,
    cbrt,
    dot,
    exp,
    floor,
    gradients,
    log,
    maximum,
    relu,
    sin,
    sqrt,
    tanh,
    where,
)  # fmt: skip
from autograd.primitive import Primitive
from autograd.primitives import Cos, Exp, Sin
from autograd.testing import gradcheck
from autograd.testing.gradcheck import power_of_two, richardson

RIGHT = [
    ("a product", lambda x, y: x * y, [2.0, 3.0]),
    ("a deep chain", lambda x: tanh(tanh(tanh(tanh(x * 3)))), [0.3]),
    ("a huge operand", sin, [1e6]),
    ("a tiny operand of a function of its scale", log, [1e-300]),
    ("a tiny operand of a function of scale 1", exp, [1e-10]),
    ("a function that varies fast", lambda x: sin(1e6 * x), [1.0]),
    ("a large constant in the way", lambda x: (x + 1e8) - 1e8, [0.3]),
    ("a kink nearby", lambda x: relu(x - 1.05), [1.0]),
    ("steps that powers of two step over", floor, [8.5]),
    ("a derivative of zero", lambda x: x**3, [0.0]),
    ("a constant function", lambda x: 0.0 * x + 7.0, [1.0]),
    ("an underflow", lambda x: x * x, [1e-200]),
    ("a pole nearby", lambda x: 1 / x, [1e-3]),
    ("a branch", lambda x: x * x if x > 0 else -x, [-2.0]),
    ("a derivative inside", lambda x: gradients(sin(x) * x, x, create_graph=True), [0.7]),
    ("a result that depends on nothing", lambda x: 7.0, [1.0]),
    ("a wide range of inputs", lambda x, y, z: x * y + exp(z), [1e-8, 1e8, -3.0]),
]


@pytest.mark.parametrize(("function", "inputs"), [row[1:] for row in RIGHT], ids=[row[0] for row in RIGHT])
def test_a_right_derivative_passes(function, inputs):
    assert gradcheck(function, inputs) is True


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_derivatives_of_higher_order_pass(order):
    assert gradcheck(lambda x, y: x * exp(y) + sin(x * y) / y, [2.0, 0.5], order=order)


# A broken rule is found, whichever order it shows at.

WRONG = {
    "sign": lambda x, out: -Cos(x),
    "factor": lambda x, out: 2.0 * Cos(x),
    "a few parts in a million": lambda x, out: 1.000003 * Cos(x),
    "operand": lambda x, out: Cos(x + 0.001),
    "zero": lambda x, out: 0.0,
    "nan": lambda x, out: math.nan,
    "detached": lambda x, out: out,
}


@pytest.mark.parametrize("mutation", WRONG)
def test_a_wrong_rule_of_a_users_primitive_is_found(mutation):
    right = Primitive("a_right_sine", Sin, lambda x, out: Cos(x))
    broken = Primitive("a_broken_sine", Sin, WRONG[mutation])
    assert gradcheck(lambda x: right(x) * 3, [0.4])
    with pytest.raises(GradcheckError, match=r"input\[0\] = 0\.4 is .* by the graph"):
        gradcheck(lambda x: broken(x) * 3, [0.4])


def test_a_rule_that_is_wrong_from_the_second_order_on_passes_the_first_and_fails_the_second():
    def rule(x, out):
        return Exp(x) if isinstance(x, float) else Exp(x.detach())

    broken = Primitive("an_exponential_that_is_cut", Exp, rule)
    assert gradcheck(broken, [0.5], order=1)
    with pytest.raises(GradcheckError, match=r"the output's derivative in input\[0\] in input\[0\] = 0\.5 is 0\.0"):
        gradcheck(broken, [0.5], order=2)


# Messages


def test_the_message_names_input_derivatives_tolerance_and_step():
    x, y = Variable(2.0), Variable(3.0, name="rate")
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda x, y: x * y.detach(), [x, y])
    message = str(caught.value)
    assert "the derivative of the output in input[1] ('rate') = 3.0 is 0.0 by the graph, 2.0 by differences" in message
    assert "step 0." in message and "they differ by 2, the tolerance is" in message


def test_the_worst_of_several_mismatches_is_named():
    message = r"input\[0\]\[2\] = 3\.0 is 0\.0.*3 derivatives disagree; this is the worst"
    with pytest.raises(GradcheckError, match=message):
        gradcheck(lambda w: dot([1.0, 10.0, 100.0], [value.detach() for value in w]) + w[0] * 0.999, [[1.0, 2.0, 3.0]])


def test_one_wrong_input_among_many_is_named():
    def function(*x):
        return sum(value * value for value in x[:-1]) + x[-1].detach() * 2

    inputs = [0.1 * place for place in range(100)]
    with pytest.raises(GradcheckError, match=r"input\[99\]"):
        gradcheck(function, inputs)


@pytest.mark.parametrize(
    ("function", "point", "message"),
    [
        (relu, 0.0, r"a kink or a jump here: its slope is 0 from the left and 1 from the right"),
        (floor, 2.0, r"a kink or a jump here"),
        (lambda x: x + 2 * relu(x), 0.0, r"slope is 1 from the left and 3 from the right"),
        (lambda x: where(x >= 1.0, x + 1.0, x), 1.0, r"a kink or a jump here"),
        (sqrt, 0.0, r"is inf by the graph, .*below this point the function has no finite value: .* edge of the domain"),
        (cbrt, 0.0, r"is inf by the graph"),
    ],
)
def test_a_kink_is_said_to_be_one(function, point, message):
    with pytest.raises(GradcheckError, match=message):
        gradcheck(function, [point])


def test_a_kink_whose_gradient_is_the_mean_of_both_sides_passes():
    # The convention there, the shortest subgradient, is what central differences give.
    assert gradcheck(abs, [0.0])
    assert gradcheck(maximum, [1.0, 1.0])


@pytest.mark.parametrize(("function", "point"), [(log, -1.0), (log, 0.0), (lambda x: 1 / x, 0.0), (exp, 1e4)])
def test_a_value_that_is_not_finite_is_refused(function, point):
    with pytest.raises(GradcheckError, match=r"needs a finite value, got (nan|-?inf) for the output at input"):
        gradcheck(function, [point])


def test_noise_is_not_taken_for_agreement():
    calls = iter(range(10**6))

    def noisy(x):
        return x.detach() * 0.0 + 1e-3 * math.sin(12.9898 * next(calls) ** 2)

    with pytest.raises(GradcheckError):
        gradcheck(noisy, [1.0])


def test_without_raise_exception_it_returns_false():
    assert gradcheck(relu, [0.0], raise_exception=False) is False
    assert gradcheck(relu, [1.0], raise_exception=False) is True


# Arguments


def test_arguments_come_in_the_structure_they_were_given_in():
    np = pytest.importorskip("numpy")
    Pair = namedtuple("Pair", "low high")
    seen = {}

    def function(matrix, options, pair, number):
        seen.update(matrix=matrix, options=options, pair=pair)
        return (matrix**2).sum() * options["scale"][0] + pair.low * pair.high * number

    inputs = [np.arange(6.0).reshape(2, 3), {"scale": [2.0, 7.0]}, Pair(0.5, 1.5), 3]
    assert gradcheck(function, inputs)
    assert seen["matrix"].shape == (2, 3) and seen["matrix"].dtype == object
    assert isinstance(seen["options"]["scale"][0], Variable)
    assert isinstance(seen["pair"], Pair)


def test_a_single_array_is_one_argument():
    np = pytest.importorskip("numpy")
    assert gradcheck(lambda x: dot(x, x), np.array([1.0, 2.0, 3.0]))
    assert gradcheck(lambda x: x * x, 3.0)


def test_every_output_of_several_is_checked():
    assert gradcheck(lambda x: [x * x, {"two": (exp(x), 7.0)}], [1.5], order=2)
    with pytest.raises(GradcheckError, match="the derivative of output 1 in input"):
        gradcheck(lambda x: [x * x, x.detach()], [1.5])


def test_no_grad_and_no_value_is_touched():
    x = Variable(2.0)
    (x * 5).backward()
    assert gradcheck(lambda y: y * y, [x])
    assert gradcheck(lambda y: y * x, [3.0])
    assert (x.value, x.grad) == (2.0, 5.0)


def test_eps_is_the_largest_step_that_is_taken():
    seen = []

    def function(x):
        seen.append(x.value)
        return x * x

    assert gradcheck(function, [1.0], eps=1e-4)
    assert max(abs(value - 1.0) for value in seen) == pytest.approx(1e-4)


def test_atol_and_rtol_loosen_the_check():
    def off(x):
        return x.detach() + 1.001 * (x - x.detach())

    with pytest.raises(GradcheckError):
        gradcheck(lambda x: x.detach() + 0.001 * x, [1.0])
    assert gradcheck(lambda x: x.detach() * 1e-3 + x, [1.0], rtol=2e-3)
    assert gradcheck(lambda x: x.detach() * 1e-3 + x, [1.0], atol=2e-3)
    assert off(Variable(1.0)).value == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [({"order": 0}, "needs order >= 1, got 0"), ({"eps": 0.0}, "eps > 0, got 0.0"), ({"eps": math.nan}, "got nan")],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        gradcheck(exp, [1.0], **options)


def test_inputs_and_outputs_that_are_not_numbers_are_refused():
    with pytest.raises(OperandError, match=r"needs numbers as inputs, got str 'two'"):
        gradcheck(exp, ["two"])
    with pytest.raises(OperandError, match=r"returns a node or a number, got NoneType None"):
        gradcheck(lambda x: None, [1.0])


def test_no_inputs_are_nothing_to_check():
    assert gradcheck(lambda: 1.0, [])


# The numerics


def test_extrapolation_is_exact_for_a_polynomial_of_low_degree():
    # The difference quotient of x + 2 x**3 + 3 x**5 at 0 is 1 + 2 h**2 + 3 h**4.
    row = []
    for step in (1.0, 0.5, 0.25):
        row = richardson(1.0 + 2.0 * step**2 + 3.0 * step**4, row)
    assert row[-1] == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize("size", [1.0, 1.5, 3.7e-300, 2.0**-1074, 1e308])
def test_the_scale_is_the_power_of_two_next_below(size):
    scale = power_of_two(size)
    assert scale <= size < 2 * scale
    assert math.frexp(scale)[0] == 0.5


def test_gradcheck_does_not_load_hypothesis():
    program = "import sys; from autograd.testing import gradcheck; sys.exit('hypothesis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_rounding_of_an_input_just_below_a_power_of_two_is_no_mismatch():
    assert gradcheck(lambda a, b: (a - b) ** 2, [0.99999, 0.99999])
    assert gradcheck(lambda x: (x - 0.99999) ** 2, [0.99999])
