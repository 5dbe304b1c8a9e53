"""Random stacks of layers: their gradients are right, and a fault in a layer shrinks to that layer alone."""

import pytest
from hypothesis import find, given, settings

from autograd import grad, jit
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Tanh
from autograd.testing import check_gradients, gradcheck
from layers.activations import Identity
from layers.arrays import elementwise
from layers.testing import ACTIVATIONS, LOSSES, Stack, stacks
from tests.tables.settings import CI


@settings(CI, max_examples=40)
@given(stacks())
def test_the_gradient_of_a_random_stack_is_right(stack):
    assert gradcheck(stack, stack.point, fast_mode=True)


@settings(CI, max_examples=5)
@given(stacks(max_layers=2, max_width=2))
def test_every_single_derivative_of_a_small_stack_is_right_in_both_orders(stack):
    assert gradcheck(stack, stack.point, order=2)


@settings(CI, max_examples=10)
@given(stacks(max_layers=2))
def test_a_compiled_stack_has_the_same_gradient(stack):
    plain, compiled = grad(stack)(*stack.point), grad(jit(stack))(*stack.point)
    assert compiled == pytest.approx(plain, rel=1e-12, abs=1e-12)


def test_all_activations_and_losses_are_drawn():
    seen = set()

    @settings(CI, max_examples=150)
    @given(stacks())
    def collect(stack):
        seen.update(stack.activations)
        seen.add(stack.loss)

    collect()
    assert seen == {*ACTIVATIONS, *LOSSES}


class Broken(Identity):
    """tanh with a rule that is off by 1 in 100."""

    rule = Primitive("a_tanh_that_is_off", Tanh, lambda x, out: 1.01 * (1.0 - out * out))

    def compute(self, a):
        return {"h": elementwise(self.rule, a)}

    def __repr__(self):
        return "Broken()"


def test_a_fault_in_a_layer_shrinks_to_that_layer_alone():
    broken = Broken()

    def fails(stack):
        report = check_gradients(stack, stack.point, fast_mode=True)
        return report.fault is not None and report.fault.operation == "a_tanh_that_is_off"

    drawn = stacks(activations=["identity", "tanh", broken], losses=["mse", "huber"], max_layers=2, max_width=2)
    smallest = find(drawn, fails, settings=settings(CI, max_examples=200))
    assert smallest.sizes == (1, 1) and smallest.activations == (broken,)
    assert repr(smallest).startswith("Sequential(Dense(1, 1, Broken())) with 'mse' on (1.0,), seed=")


def test_a_stack_is_a_function_of_its_parameters_and_its_sample():
    stack = Stack((2, 3, 1), ("relu", "identity"), "mse", (0.5, -1.0), seed=1)
    report = check_gradients(stack, stack.point)
    assert report and report.compared == 13 + 2
