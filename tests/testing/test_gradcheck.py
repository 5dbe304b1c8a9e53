"""gradcheck: what it accepts, what it refuses and how it says so."""

import doctest
import math
import subprocess
import sys
from collections import namedtuple

import numpy as np
import pytest

from autograd import (
    ArgumentError,
    GradcheckError,
    OperandError,
    Variable,
    cbrt,
    dot,
    exp,
    floor,
    grad,
    gradients,
    jit,
    log,
    no_grad,
    relu,
    sin,
    sqrt,
    strict,
    tanh,
    vmap,
)  # fmt: skip
from autograd.graph.modes import watching
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Cos, Exp, Sin
from autograd.testing import Comparison, assert_gradients, check_gradients, check_grads, gradcheck
from autograd.testing.differences import Slope, power_of_two, richardson
from tests import PROJECT

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


def test_an_infinite_derivative_at_the_edge_of_the_domain_is_said_to_be_one():
    message = r"is inf by the graph, .* by differences above this point .* below it the function has no finite value"
    with pytest.raises(GradcheckError, match=message):
        gradcheck(sqrt, [0.0])
    with pytest.raises(GradcheckError, match=r"is inf by the graph"):
        gradcheck(cbrt, [0.0])


@pytest.mark.parametrize(("function", "point"), [(log, -1.0), (log, 0.0), (lambda x: 1 / x, 0.0), (exp, 1e4)])
def test_a_value_that_is_not_finite_is_refused(function, point):
    with pytest.raises(GradcheckError, match=r"needs a finite value, got (nan|-?inf) for the output at input"):
        gradcheck(function, [point])


def test_noise_is_not_taken_for_agreement():
    calls = iter(range(10**6))

    def noisy(x):
        return x.detach() * 0.0 + 1e-3 * math.sin(12.9898 * next(calls) ** 2)

    with pytest.raises(
        GradcheckError, match=r"gives the same for the same inputs, got .*: does it draw random numbers"
    ):
        gradcheck(noisy, [1.0])
    with pytest.raises(GradcheckError, match="noisy"):
        gradcheck(noisy, [1.0], nondet_tol=1.0)


def test_a_small_difference_between_two_runs_passes_if_it_is_allowed():
    calls = iter(range(10**6))

    def drifting(x):
        return x * x + 1e-15 * next(calls)

    with pytest.raises(GradcheckError, match="the same for the same inputs"):
        gradcheck(drifting, [1.0])
    assert gradcheck(drifting, [1.0], nondet_tol=1e-12, rtol=1e-6)


def test_without_raise_exception_it_returns_false():
    assert gradcheck(floor, [2.0], raise_exception=False) is False
    assert gradcheck(floor, [2.5], raise_exception=False) is True


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
    [
        ({"order": 0}, "needs order >= 1, got 0"),
        ({"eps": 0.0}, "eps > 0, got 0.0"),
        ({"eps": math.nan}, "got nan"),
        ({"rtol": -1.0}, "needs rtol >= 0, got -1.0"),
        ({"nondet_tol": math.nan}, "needs nondet_tol >= 0, got nan"),
        ({"check_forward_ad": False, "check_backward_ad": False}, "nothing would be checked"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        gradcheck(exp, [1.0], **options)


def test_inputs_and_outputs_that_are_not_numbers_are_refused():
    with pytest.raises(OperandError, match=r"input\[0\] must be a number, .* got complex 2j"):
        gradcheck(exp, [2j])
    with pytest.raises(OperandError, match="exp needs a number or a node, got str 'two'"):
        gradcheck(exp, ["two"])
    with pytest.raises(OperandError, match=r"the output of .*<lambda> must be a number, .* got NoneType None"):
        gradcheck(lambda x: None, [1.0])


def test_no_inputs_are_nothing_to_check():
    assert gradcheck(lambda: 1.0, [])


def test_a_watch_is_told_of_each_node_that_is_recorded():
    made = []
    x = Variable(0.5)
    with watching(made.append):
        y = sin(x) * x
        with no_grad():
            exp(x)
        with strict():
            z = y + Variable(1.0).detach()
    exp(x)
    assert [node.op.name for node in made] == ["sin", "multiply", "plus"]
    assert made[1] is y and made[2] is z


# Other spellings and modes


def test_assert_gradients_takes_the_arguments_as_the_function_does():
    assert_gradients(lambda x, y: x * exp(y), 2.0, 0.5, order=2)
    with pytest.raises(GradcheckError, match=r"input\[1\]"):
        assert_gradients(lambda x, y: x * exp(y.detach()), 2.0, 0.5)


def test_check_grads_takes_jax_arguments():
    assert check_grads(lambda x, y: x * exp(y), (2.0, 0.5), 2, modes=["fwd"], atol=1e-6, rtol=1e-6, eps=1e-3) is None
    assert check_grads(lambda x: x**3, [2.0], order=2, modes="rev") is None
    with pytest.raises(ValueError, match=r"modes are 'fwd' and 'rev', got \['backwards'\]"):
        check_grads(exp, [1.0], 1, modes=["backwards"])


@pytest.mark.parametrize("modes", [(True, False), (False, True)])
def test_a_wrong_rule_is_found_by_either_mode_alone(modes):
    broken = Primitive("a_sine_of_one_mode", Sin, lambda x, out: 2.0 * Cos(x))
    forward, backward = modes
    with pytest.raises(GradcheckError, match=r"by a factor of 2"):
        gradcheck(broken, [0.4], check_forward_ad=forward, check_backward_ad=backward)


def test_fast_mode_takes_one_direction_and_still_names_the_input():
    def function(x, wrong=0.0):
        return sum(value * value for value in x[:-1]) + x[-1] * 2 + wrong * x[7].detach()

    inputs = [[0.1 * place for place in range(50)]]
    fast, slow = check_gradients(function, inputs, fast_mode=True), check_gradients(function, inputs)
    assert fast and slow and fast.compared == 1 and slow.compared == 50
    assert fast.runs < slow.runs / 10
    with pytest.raises(GradcheckError, match=r"input\[0\]\[7\]"):
        gradcheck(lambda x: function(x, 1.0), inputs, fast_mode=True)


def test_a_check_that_takes_long_is_refused_before_it_begins_unless_it_is_asked_for():
    """Six million derivatives took minutes and gigabytes."""
    calls = []

    def function(x):
        calls.append(len(x))
        return x * x

    inputs = [np.linspace(-1.0, 1.0, 2_500)]
    with pytest.raises(ArgumentError, match=r"2,500 inputs and 2,500 outputs takes about 5 minutes.*fast_mode=True"):
        gradcheck(function, inputs)
    assert len(calls) <= 3
    with pytest.raises(ArgumentError, match=r"2,500 inputs and 1 output takes about [\d.]+ hours"):
        check_gradients(lambda x: (x * x * x).sum(), inputs, order=2)
    assert check_gradients(lambda x: (x * x * x).sum(), inputs, fast_mode=True).compared == 1


def test_an_order_without_end_is_refused_or_has_nothing_to_be_checked():
    for order in (10**6, 2**63, 10**400):
        with pytest.raises(ArgumentError, match=r"1 input .* takes about .* (minutes|hours)"):
            gradcheck(exp, [0.5], order=order)
        with pytest.raises(ArgumentError, match=r"takes about .* hours"):
            gradcheck(lambda x: x, [[0.5] * 1_000], order=order)
        assert gradcheck(lambda: 1.0, [], order=order)


def test_what_is_asked_for_nevertheless_is_checked_in_each_input(monkeypatch):
    monkeypatch.setattr("autograd.testing.costs.LONG", 1e-9)
    with pytest.raises(ArgumentError, match="takes about 0 seconds"):
        gradcheck(exp, [0.5])
    assert check_gradients(lambda x, y: exp(x) * y, [0.5, 2.0], fast_mode=False).compared == 2
    # The direction alone says that it is wrong: to go through the inputs then would take long too.
    with pytest.raises(GradcheckError, match="along all inputs together"):
        gradcheck(lambda x, y: exp(x) * y.detach(), [0.5, 2.0], fast_mode=True)


def test_fast_mode_names_the_operation_where_infinite_derivatives_meet_with_both_signs():
    report = check_gradients(lambda x, y: sqrt(x) + sqrt(y), [0.0, 0.0], fast_mode=True)
    assert not report and report.fault.operation == "sqrt"


def test_a_difference_between_the_modes_is_said_to_be_one():
    comparison = Comparison(False, "modes", 2.0, Slope(3.0, 0.0, 0.0), 1e-7)
    assert comparison.describe() == "3.0 by forward mode; they differ by 1, the tolerance is 1e-07"


def test_compiled_and_mapped_functions_pass():
    assert gradcheck(jit(lambda x, y: sin(x) * y if x > y else exp(x - y)), (1.0, 2.0), order=2)
    assert gradcheck(lambda x: sum(vmap(lambda v: sin(v) * v)(x)), [[0.5, 1.5, -2.0]])
    assert gradcheck(grad(lambda x: x**3 * exp(x)), [0.5], order=2)


def test_the_report_counts_what_was_compared():
    report = check_gradients(lambda x, y: [x * y, x + y], [2.0, 3.0], order=2)
    assert report and report.compared == 2 * 2 + 4 * 2
    assert report.runs < 120 and report.kinks == [] and report.mismatches == [] and report.fault is None
    assert str(report).startswith("12 derivatives agree with differences (")
    assert repr(report).startswith("<report: 12 derivatives agree")


def test_the_error_has_the_report():
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda x: x * x.detach(), [2.0])
    assert not caught.value.report and caught.value.report.mismatches[0].place == 0


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


def test_products_that_underflow_are_no_difference_between_the_modes():
    assert gradcheck(lambda x, y, z: x**2 - 2.0 * y**2 + 0.5 * z**2, (0.0, 0.0, 4.210665754669885e-161))


def test_the_examples_of_the_page_on_testing_run():
    pytest.importorskip("numpy")
    page = PROJECT / "docs" / "how-to" / "testing.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert tried > 20 and failed == 0
