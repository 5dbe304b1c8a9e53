"""The backward sweep, topological order, gradients of gradients, assigned variables."""

from __future__ import annotations

import itertools
import math

import pytest

import autograd
from autograd import (
    ArgumentError,
    Constant,
    OperandError,
    StaleGraphError,
    Variable,
    backward,
    exp,
    gradients,
    sin,
    stop_gradient,
    topological_order,
    zero_grad,
)


def test_gradient_of_a_shared_node_is_the_sum_over_its_uses():
    x = Variable(3.0)
    h = x * x
    y = h * h + h
    y.backward()
    assert h.grad == 2 * 9.0 + 1
    assert x.grad == 4 * 27.0 + 2 * 3.0


def test_backward_twice_adds_to_variables_and_sets_inner_nodes_anew():
    x = Variable(3.0)
    h = x * x
    y = 2 * h
    y.backward()
    y.backward()
    assert (x.grad, h.grad, y.grad) == (24.0, 2.0, 1.0)


def test_sweeping_two_outputs_that_share_nodes_accumulates_in_variables_only():
    x = Variable(2.0)
    h = x * x
    a, b = h * 3, h * 5
    a.backward()
    b.backward()
    assert (x.grad, h.grad) == (32.0, 5.0)


def test_the_gradient_argument_scales_the_sweep():
    x = Variable(2.0)
    (x * x).backward(gradient=-0.5)
    assert x.grad == -2.0


def test_a_variable_may_be_the_output():
    x = Variable(2.0)
    x.backward(3)
    assert (x.grad, x.reached) == (3.0, True)


def test_sweeping_a_constant_is_an_error_that_says_why():
    with pytest.raises(OperandError, match="no variable"):
        Constant(1.0).backward()


@pytest.mark.parametrize("bad", ["1", None, 1j])
def test_a_bad_gradient_changes_nothing(bad):
    x = Variable(2.0)
    y = x * x
    y.backward()
    with pytest.raises(OperandError):
        y.backward(bad)
    assert (x.grad, y.grad) == (4.0, 1.0)
    with pytest.raises(OperandError, match="starts from a node"):
        backward(1.0)


def test_nodes_know_whether_a_sweep_reached_them():
    x, unused = Variable(2.0), Variable(1.0)
    y = x * 0.0
    assert not y.reached
    y.backward()
    assert y.reached and x.reached and not unused.reached
    assert x.grad == 0.0
    zero_grad([x, y])
    assert not x.reached and not y.reached


def test_topological_order_has_parents_first_and_each_node_once():
    x = Variable(2.0)
    h = x * x
    y = h * h + x
    order = topological_order(y)
    assert len(order) == len(set(map(id, order))) == 4
    position = {id(node): place for place, node in enumerate(order)}
    for node in order:
        for parent in node.parents:
            assert position[id(parent)] < position[id(node)]
    assert topological_order(y) == order


def test_sweeps_are_plain_ieee():
    x = Variable(0.0)
    (0.0 * autograd.sqrt(x)).backward()
    assert math.isnan(x.grad)


def test_gradients_leave_every_grad_alone():
    x, w = Variable(2.0), Variable(3.0)
    y = x * x * w
    y.backward()
    before = (x.grad, w.grad, y.grad)
    assert gradients(y, [x, w]) == [12.0, 4.0]
    assert gradients(y, x) == 12.0
    assert gradients([y, x], [x]) == [13.0]
    assert (x.grad, w.grad, y.grad) == before


def test_gradients_in_an_unrelated_variable_are_zero():
    x, unused = Variable(2.0), Variable(1.0)
    assert gradients(x * x, unused) == 0.0


def test_gradients_in_an_inner_node():
    x = Variable(2.0)
    h = x * x
    assert gradients(h * h, h) == 8.0


def test_derivatives_of_derivatives_to_order_four():
    x = Variable(0.7)
    y = sin(x) * exp(x)
    expected = [
        math.exp(0.7) * (math.sin(0.7) + math.cos(0.7)),
        2 * math.exp(0.7) * math.cos(0.7),
        2 * math.exp(0.7) * (math.cos(0.7) - math.sin(0.7)),
        -4 * math.exp(0.7) * math.sin(0.7),
    ]
    for value in expected:
        y = gradients(y, x, create_graph=True)
        assert y.value == pytest.approx(value, rel=1e-14)


def test_second_derivatives_of_n_ary_primitives():
    x, y = Variable(0.3), Variable(0.8)
    for function in (autograd.sum, autograd.prod, autograd.norm, autograd.logsumexp):
        f = function([x, y, 2.0])
        first = gradients(f, x, create_graph=True)
        assert (first if isinstance(first, float) else first.value) == pytest.approx(gradients(f, x), rel=1e-14)
    f = autograd.dot([x, y], [y, 3.0])
    assert gradients(gradients(f, x, create_graph=True), y) == 1.0


def test_where_isolates_the_side_not_taken_in_every_order():
    x = Variable(0.0)
    y = autograd.where(x > 0, autograd.sqrt(x), x * x)
    first = gradients(y, x, create_graph=True)
    assert (y.value, first.value, gradients(first, x)) == (0.0, 0.0, 2.0)


def test_assigning_a_variable_leaves_the_first_derivatives_of_a_recorded_graph():
    x = Variable(3.0)
    y = x * x
    x.value = 5.0
    y.backward()
    assert (y.value, x.grad) == (9.0, 6.0)
    assert gradients(y, x) == 6.0


def test_second_derivatives_after_assigning_a_variable_are_refused():
    x = Variable(3.0, name="x")
    y = x**3
    x.value = 5.0
    with pytest.raises(StaleGraphError, match="variable 'x' was assigned"):
        gradients(y, x, create_graph=True)
    y = x**3
    assert gradients(gradients(y, x, create_graph=True), x) == 30.0


def test_zero_grad_refuses_what_is_no_node():
    x = Variable(2.0)
    x.grad = 3.0
    for given in ([1.0], [x, 1.0], iter([x, None])):
        with pytest.raises(OperandError, match="zero_grad clears nodes"):
            zero_grad(given)
    # All or none.
    assert x.grad == 3.0


def test_inputs_without_end_are_left_at_the_first_that_is_no_node():
    with pytest.raises(OperandError, match="derivatives are taken in nodes, got int"):
        gradients(Variable(1.0), itertools.count())


def test_stop_gradient_passes_numbers_and_stops_nodes():
    x = Variable(2.0)
    assert stop_gradient(3) == 3.0
    (stop_gradient(x * x) * x).backward()
    assert x.grad == 4.0


def test_deep_chains_are_swept_walked_and_freed_without_recursion():
    x = Variable(1.0)
    y = x
    for _ in range(200_000):
        y = y + x
    y.backward()
    assert x.grad == 200_001.0
    assert len(topological_order(y)) == 200_001
    del y


def test_a_wide_node_passes_its_gradient_to_every_operand():
    xs = [Variable(float(i)) for i in range(1000)]
    autograd.dot(xs, xs).backward()
    assert [x.grad for x in xs] == [2.0 * i for i in range(1000)]


def test_an_interrupted_sweep_leaves_no_mark_behind(monkeypatch):
    if autograd.compiled:
        pytest.skip("a compiled sweep is not interrupted")

    def interrupted(*_):
        raise KeyboardInterrupt

    x = Variable(3.0)
    y = x * x * x
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("autograd.graph.sweep.propagate", interrupted)
        y.backward()
    y.backward()
    assert x.grad == 27.0


def test_outputs_and_inputs_in_the_wrong_order_are_told_from_a_gradient_of_0():
    x, z = Variable(2.0, name="x"), Variable(3.0)
    y = x * x
    for outputs, inputs in ((x, y), ([x, z], y), (x, [y])):
        with pytest.raises(
            ArgumentError, match="multiply node was computed from variable 'x': give the two in the other"
        ):
            gradients(outputs, inputs)
    # What an output does not depend on has 0, and so has what comes behind it beside what it depends on.
    assert gradients(y, z) == 0.0 and gradients(y, [x, y * z]) == [4.0, 0.0] and gradients(x, x) == 1.0


def test_one_node_is_cleared_without_a_list():
    x = Variable(2.0)
    (x * x).backward()
    zero_grad(x)
    assert x.grad == 0.0 and not x.reached
