"""Operations with several results: one pullback for all of them, in every sweep and every transform."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

from autograd import (
    DomainError,
    StaleGraphError,
    UnknownPrimitiveError,
    Variable,
    cos,
    explain,
    grad,
    gradients,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    paths,
    replay,
    rounding,
    sin,
    strict,
    topological_order,
    vjp,
)
from autograd.graph.joint_operations import RESULT, JointOperation, record_results, result_at
from autograd.graph.node import Node, value_of, varies
from autograd.graph.sweep import backward
from autograd.numbers.arrays import doubles


class Polar(JointOperation):
    """The point at a radius and an angle; it counts how often its derivatives are asked for."""

    def __init__(self):
        super().__init__("polar")
        self.pulls = self.pushes = 0

    def pullback(self, operands, cotangents):
        self.pulls += 1
        r, t = operands
        a, b = [0.0 if cotangent is None else cotangent for cotangent in cotangents]
        return [a * cos(t) + b * sin(t), b * r * cos(t) - a * r * sin(t)]

    def pushforward(self, operands, tangents):
        self.pushes += 1
        r, t = operands
        dr, dt = [0.0 if tangent is None else tangent for tangent in tangents]
        return [dr * cos(t) - dt * r * sin(t), dr * sin(t) + dt * r * cos(t)]


def polar(r, t, operation=None):
    """The two results of the operation."""
    values = doubles(2)
    values[0] = value_of(r) * math.cos(value_of(t))
    values[1] = value_of(r) * math.sin(value_of(t))
    if not (varies(r) or varies(t)):
        return list(values)
    return record_results(operation or Polar(), (r, t), values)


def common(r, t):
    """The same by common operations."""
    return [r * cos(t), r * sin(t)]


def through(point):
    """A function that goes through the operation twice, and uses its operands besides."""

    def function(x):
        a, b = point(x[0] * x[1], x[1])
        c, d = point(a + b, x[0])
        return a * c + d * d + x[1]

    return function


AT = [1.25, 0.5]


@pytest.mark.parametrize(
    "transform", [grad, jacobian, jacfwd, jacrev, hessian, lambda fun: hessian(lambda x: fun(x) ** 2)]
)
def test_transforms_agree_with_common_operations(transform):
    assert np.allclose(transform(through(polar))(AT), transform(through(common))(AT), rtol=1e-14, atol=0.0)


@pytest.mark.parametrize("transform", [jacobian, hessian])
def test_sparse_derivatives_agree_with_dense_ones(transform):
    pytest.importorskip("scipy.sparse")
    found = transform(through(polar), sparse=True)(AT).todense()
    assert np.allclose(found, transform(through(common))(AT), rtol=1e-14, atol=0.0)


def test_third_derivatives_agree_with_common_operations():
    found, expected = [grad(lambda x, f=f: np.sum(hessian(f)(x)))(AT) for f in (through(polar), through(common))]
    assert np.allclose(found, expected, rtol=1e-13)


def test_products_with_directions_agree_with_common_operations():
    direction = ([0.3, -0.7],)
    for product in (jvp, hvp):
        found, expected = [product(through(point), (AT,), direction) for point in (polar, common)]
        assert np.allclose(found, expected, rtol=1e-14, atol=0.0)
    found, expected = [vjp(lambda x, f=f: f(x[0], x[1]), AT)[1]([2.0, -3.0]) for f in (polar, common)]
    assert np.allclose(found, expected, rtol=1e-14, atol=0.0)


def test_a_sweep_calls_the_pullback_once_for_all_results():
    operation = Polar()
    grad(lambda x: np.sum(polar(x[0], x[1], operation)))(AT)
    assert (operation.pulls, operation.pushes) == (1, 0)
    jvp(lambda x: polar(x[0], x[1], operation), (AT,), ([1.0, 0.0],))
    assert (operation.pulls, operation.pushes) == (1, 1)
    x = [Variable(number) for number in AT]
    point = polar(*x, operation)
    (point[0] + point[1]).backward()
    assert (operation.pulls, operation.pushes) == (2, 1)
    gradients(point[0] * point[1], x)
    assert operation.pulls == 3


def test_results_of_one_call_are_results_of_one_call_in_a_deep_copy():
    operation = Polar()
    x = [Variable(number) for number in AT]
    point = polar(*x, operation)
    again, (a, b) = copy.deepcopy((x, point))
    (a + b).backward()
    assert operation.pulls == 1 and [one.grad for one in again] == pytest.approx(grad(lambda x: sum(common(*x)))(AT))
    assert [one.grad for one in x] == [0.0, 0.0]


def test_backward_fills_in_the_gradient_of_every_node_and_adds_to_variables():
    found = []
    for point in (polar, common):
        x = [Variable(number) for number in AT]
        a, b = point(x[0] * x[1], x[1])
        c, d = point(a + b, x[0])
        end = a * c + d * d
        end.backward()
        end.backward()
        found.append([node.grad for node in (*x, a, b, c, d)])
        assert a.reached
    assert found[0] == pytest.approx(found[1], rel=1e-14)


def test_a_result_that_takes_no_part_has_no_cotangent():
    seen = []

    class Noted(Polar):
        def pullback(self, operands, cotangents):
            seen.append(list(cotangents))
            return super().pullback(operands, cotangents)

    assert grad(lambda x: polar(x[0], x[1], Noted())[1])(AT) == pytest.approx([math.sin(0.5), 1.25 * math.cos(0.5)])
    polar(Variable(1.0), Variable(2.0), Noted())[0].backward()
    assert seen == [[None, 1.0], [1.0, None]]


def test_derivatives_in_one_operand_alone_leave_the_other_a_constant():
    assert grad(lambda r: polar(r, 0.5)[1])(2.0) == pytest.approx(math.sin(0.5), rel=1e-15)
    assert jvp(lambda t: polar(2.0, t), (0.5,), (1.0,))[1] == pytest.approx([-2 * math.sin(0.5), 2 * math.cos(0.5)])


def test_each_result_shows_its_operands_and_local_gradients():
    r, t = Variable(2.0, name="r"), Variable(0.5)
    a, b = polar(r, t)
    assert a.parents == (r, t) and b.op.name == "polar"
    assert a.local_gradients == pytest.approx([math.cos(0.5), -2 * math.sin(0.5)])
    assert repr(b) == f"Node({2 * math.sin(0.5)!r}, polar)"
    assert [node for node in topological_order(a * b) if node is r or node is a] == [r, a]
    assert all(type(node).__name__ != "Call" for node in topological_order(a * b))
    assert "a finite number" in str(explain(a * b))
    assert rounding(a * b, inputs=0.5).digits > 14.0
    assert replay(a * b, float).value == (a * b).value
    assert replay(a * b, float).gradients[r] == pytest.approx(gradients(a * b, r))
    assert paths(a * b, r).gradient == pytest.approx(grad(lambda r: r * cos(0.5) * r * sin(0.5))(2.0))


def test_local_gradients_are_those_of_the_recorded_operands():
    r, t = Variable(2.0), Variable(0.5)
    a, b = polar(r, t)
    r.value = 100.0
    (a + b).backward()
    assert t.grad == pytest.approx(2.0 * (math.cos(0.5) - math.sin(0.5)))
    assert b.local_gradients[1] == pytest.approx(2.0 * math.cos(0.5))
    with pytest.raises(StaleGraphError):
        gradients(a, [t], create_graph=True)


def test_a_failing_pullback_leaves_all_gradients_as_they_were():
    class Failing(Polar):
        def pullback(self, operands, cotangents):
            raise RuntimeError("no derivative today")

    r, t = Variable(2.0), Variable(0.5)
    r.grad = 5.0
    a, b = polar(r, t, Failing())
    for sweep in (backward, lambda end: gradients(end, [r])):
        with pytest.raises(RuntimeError, match="no derivative today"):
            sweep(a * b + r)
        assert (r.grad, t.grad, a.grad, a.reached) == (5.0, 0.0, 0.0, False)
    end = r * 3.0
    end.backward()
    assert r.grad == 8.0


def test_a_pullback_may_sweep_by_itself():
    class Sweeping(Polar):
        def pullback(self, operands, cotangents):
            extra = Variable(3.0)
            (extra * r * extra).backward()
            return super().pullback(operands, cotangents)

    r, t = Variable(2.0), Variable(0.5)
    a, _ = polar(r, t, Sweeping())
    (a + r).backward()
    assert r.grad == pytest.approx(math.cos(0.5) + 1.0 + 9.0)


def test_copies_have_all_derivatives():
    r, t = Variable(2.0), Variable(0.5)
    end = polar(r, t)[1]
    end.backward()
    copied = copy.deepcopy(end)
    assert copied.grad == 1.0 and copied.reached
    inner = [node for node in topological_order(copied) if node.op is None]
    assert inner[0] is not r
    slope = gradients(copied, inner[1], create_graph=True)
    assert gradients(slope, inner) == pytest.approx([math.cos(0.5), -2.0 * math.sin(0.5)])
    assert copy.copy(end).parents == (r, t)
    with pytest.raises(UnknownPrimitiveError, match="polar"):
        pickle.dumps(end)


def test_deep_chains_are_swept_and_freed():
    x = Variable(1.0)
    point = [x, x * 0.0]
    for _ in range(20_000):
        point = polar(point[0], point[1])
    (point[0] + point[1]).backward()
    assert math.isfinite(x.grad)
    assert isinstance(point[0], Node)
    del point


def test_strict_names_the_operation_through_which_a_derivative_overflows():
    def fun(x):
        return polar(x[0] * 1e200, x[1])[1] * 1e200 * 1e-200

    with strict(), pytest.raises(DomainError, match="inf"):
        grad(lambda x: fun(x) * 1e200)(AT)
    with strict(), pytest.raises(DomainError, match="inf"):
        jvp(lambda x: fun(x) * 1e200, (AT,), ([1.0, 0.0],))


def test_a_result_has_every_fact_of_what_it_is_like():
    facts = {name for name in dir(RESULT) if not name.startswith("_") and not callable(getattr(RESULT, name))}
    assert {"arity", "domain", "hides_nan", "kernel", "mpmath"} <= facts
    for name in facts - {"name", "symbol", "origin"}:
        given, expected = getattr(result_at(3), name), getattr(RESULT, name)
        assert given is expected or given == expected, name
