"""Planted faults: gradcheck finds each, and names the operation that is to blame."""

import subprocess
import sys

import pytest

from autograd import GradcheckError, Variable, cbrt, cos, exp, gradients, jit, maximum, sin, tanh
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Max, Multiply, Sin
from autograd.testing import check_gradients, gradcheck
from autograd.testing.checked_function import CheckedFunction
from autograd.testing.common_mistakes import mistake_in
from autograd.testing.faulty_operations import Alone, python_name
from autograd.testing.hidden_dependencies import changed_constant, first_wrong_tangent
from tests.tables.planted_faults import FAULTS


def test_there_are_fifty_faults_with_names_of_their_own():
    assert len(FAULTS) >= 50
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found_and_the_operation_named(fault):
    report = check_gradients(fault.function, fault.point, order=fault.order)
    assert not report
    assert (report.fault.operation if report.fault else "") == fault.blamed
    assert fault.words in str(report)
    if report.fault and report.fault.place:
        # The primitive itself may be the function: then the call of the check is where it is used.
        assert "planted_faults.py:" in report.fault.place or isinstance(fault.function, Primitive)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.order == 2], ids=lambda fault: fault.name)
def test_a_fault_of_second_order_passes_the_first(fault):
    assert gradcheck(fault.function, fault.point)


def test_faults_inside_a_compiled_function_are_named_too():
    broken = Primitive("a_sine_in_jit", Sin, lambda x, out: 2.0 * cos(x))
    with pytest.raises(
        GradcheckError, match=r"local gradient of a_sine_in_jit at \(0\.25\) \(.*test_gradcheck_faults\.py"
    ):
        gradcheck(jit(lambda x: tanh(broken(x * x))), [0.5])


def test_the_operand_is_counted_among_all_of_the_operation():
    broken = Primitive(
        "a_power_of_two_faults", lambda a, b: a**b, lambda a, b, out: (b * out / a, out), arity=2, registered=False
    )
    report = check_gradients(lambda x: broken(2.0, x), [3.0])
    assert "the local gradient of a_power_of_two_faults in operand 2 at (2.0, 3.0)" in report.fault.reason
    assert report.fault.example == "gradcheck(lambda a: a_power_of_two_faults(2.0, a), [3.0])"


def test_a_fault_among_thousands_of_operations_is_found():
    broken = Primitive("a_sine_at_the_end", Sin, lambda x, out: 2.0 * cos(x), registered=False)

    def function(x):
        total = x
        for step in range(3000):
            total = total + sin(step * 1e-3) * 1e-3
        return broken(total)

    assert check_gradients(function, [0.5]).fault.operation == "a_sine_at_the_end"


def test_the_first_of_several_faulty_operations_is_named():
    inner = Primitive("an_inner_fault", Sin, lambda x, out: 2.0 * cos(x))
    outer = Primitive("an_outer_fault", Sin, lambda x, out: 3.0 * cos(x))
    assert check_gradients(lambda x: outer(inner(x)), [0.5]).fault.operation == "an_inner_fault"


def test_the_example_runs_and_shows_the_fault_alone():
    Primitive("a_cube_for_an_example", lambda x: x * x * x, lambda x, out: 2 * x * x)
    program = (
        "from autograd import *\nfrom autograd.operations.primitive import find_primitive\n"
        "Cube = Primitive('a_cube_for_an_example', lambda x: x * x * x, lambda x, out: 2 * x * x)\n"
    )
    cube = Primitive("a_cube_for_an_example", lambda x: x * x * x, lambda x, out: 2 * x * x)
    report = check_gradients(lambda x: exp(cube(x) + 1.0), [0.5])
    assert report.fault.example == "gradcheck(find_primitive('a_cube_for_an_example'), [0.5])"
    assert f"alone: {report.fault.example}" in str(report)
    result = subprocess.run(
        [sys.executable, "-c", program + report.fault.example], capture_output=True, text=True, check=False
    )
    assert (
        "GradcheckError: gradcheck: the derivative of the output in input[0] = 0.5 is 0.5 by the graph" in result.stderr
    )


def test_an_operation_alone_has_its_constants_and_shared_operands():
    x = Variable(3.0)
    alone = Alone(maximum(x, 2.0))
    assert (alone.point, alone(5.0), alone(1.0)) == ([3.0], 5.0, 2.0)
    assert alone.example(2) == "gradcheck(lambda a: Max(a, 2.0), [3.0], order=2)"
    assert Alone(Multiply(x, x)).point == [3.0]
    assert Alone(Multiply(x, x), separate=True).point == [3.0, 3.09375]
    assert python_name(Max) == "Max"
    assert python_name(Primitive("nowhere", Sin, Sin, registered=False)) == "nowhere"


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        ([2.0, 3.0], [3.0, 2.0], "those of its two operands are swapped"),
        ([2.0, 3.0], [-2.0, -3.0], "the sign is wrong"),
        ([2.0, 3.0], [2.0, -3.0], "the sign is wrong"),
        ([2.0, 3.0], [2.0, 0.0], "it is missing"),
        ([2.0, 3.0, 1.0], [4.0, 6.0, 2.0], "by a factor of 2"),
        ([2.0, 3.0, 1.0], [2.0, 1.5, 1.0], "by a factor of 0.5"),
        ([0.1, -0.3, 0.2], [0.1, 0.7, 0.2], "1 too large"),
        ([0.1, -0.3, 0.2], [-1.9, -2.3, -1.8], "2 too small"),
        ([0.1, 0.3, 0.2], [0.1, 0.7, 0.2], ""),
        ([2.0, 0.0, 1.0], [4.0, 5.0, 1.0], ""),
        ([2.0, 3.0], [7.0, 1.0], ""),
        ([2.0], [float("nan")], ""),
        ([0.0], [1.0], ""),
    ],
)
def test_wrong_derivatives_are_told_by_what_they_look_like(expected, got, words):
    assert mistake_in(expected, got) == words


@pytest.mark.parametrize(
    ("function", "derivative"), [(lambda x: cbrt(x) + sin(x), "inf"), (lambda x: exp(cbrt(x - x) * x), "nan")]
)
def test_where_a_derivative_becomes_infinite_at_a_pole_is_said_and_called_right(function, derivative):
    report = check_gradients(function, [0.0])
    assert not report and f"is {derivative} by the graph" in str(report)
    assert report.fault.operation == "cbrt"
    assert "the local gradient of cbrt = 0.0 (" in str(report) and "is inf, as it should be" in str(report)


def test_where_the_values_stop_following_the_graph_is_found_without_a_constant_too():
    function = CheckedFunction(lambda x: exp(x) * sin(x), [0.5])
    here, up, down = [function.recorded([x], traced=False, places=True) for x in (0.5, 0.5001, 0.4999)]
    assert first_wrong_tangent(here, up, down, 0, "x") is None
    shifted = function.recorded([0.5101], traced=False)
    shifted.variables[0].value = 0.5001
    fault = first_wrong_tangent(here, shifted, down, 0, "x")
    assert fault.operation == "exp" and "its operands' derivatives are right" in fault.reason
    assert "test_gradcheck_faults.py" in fault.place


def test_the_operand_that_is_constant_in_each_run_and_not_in_all_is_found():
    x = Variable(1.0)
    here, high, low = x * 2.0, x * 3.0, x * 1.0
    assert changed_constant(here, high, low) == (1, 2.0)
    assert changed_constant(here, here, here) is None


def test_what_a_function_closes_over_is_not_taken_for_a_node_of_an_earlier_call():
    weight = Variable(2.0)
    prepared = exp(weight)
    assert gradcheck(lambda x: prepared * x * weight, [1.5], order=2)
    assert gradients(prepared, weight) == prepared.value


def test_an_input_that_a_compiled_function_closes_over_is_found():
    with pytest.raises(GradcheckError, match=r"by a compiled function that closes over a variable \(pass it as an arg"):
        gradcheck(lambda x: jit(lambda y: x * y)(3.0), (2.0,))


def test_an_input_kept_from_an_earlier_call_is_found():
    kept = []

    def function(x):
        kept.append(x)
        return kept[0] * x

    with pytest.raises(GradcheckError, match=r"starts anew at each call: an input of an earlier call is used again"):
        gradcheck(function, [2.0])


def test_a_function_whose_compiled_value_differs_is_refused():
    class Pretending:
        """A function that behaves differently when it is not traced."""

        def __init__(self):
            self.calls = 0

        def __call__(self, x):
            self.calls += 1
            return x * (1.0 if self.calls == 1 else 2.0)

    with pytest.raises(GradcheckError, match=r"the same for the same inputs, got 3\.0 and then 6\.0 for the output"):
        gradcheck(Pretending(), [3.0])
