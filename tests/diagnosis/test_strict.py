"""Inside `strict` nothing that is not finite gets away: in operations, in sweeps, in transforms, nested."""

import math

import pytest

import autograd
from autograd import (
    DomainError,
    Primitive,
    Variable,
    grad,
    gradients,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    maximum,
    no_grad,
    scope,
    source_lines,
    strict,
    value_and_grad,
    vjp,
    where,
)
from autograd.operations.primitive import all_primitives

TINY, HUGE = 1e-310, 1e300


def overflowing(w):
    """1e290 at 1e-310; each local gradient is 1e300, so that the derivative overflows."""
    return w * HUGE * HUGE


def curved(w):
    """Finite with its gradient, but not its second derivative."""
    return w * w * 1e200 * 1e200


@pytest.mark.parametrize(
    "primitive", [primitive for primitive in all_primitives() if primitive.arity in (1, 2, 3)], ids=lambda p: p.name
)
def test_every_primitive_refuses_nan(primitive):
    operands = [Variable(math.nan, name="x")] * primitive.arity
    with strict(), pytest.raises(DomainError) as caught:
        primitive(*operands)
    assert str(caught.value).startswith(f"{primitive.name} needs ")
    assert "nan" in str(caught.value)


@pytest.mark.parametrize("function", ["sum", "prod", "norm", "logsumexp", "maximum", "minimum", "dot"])
@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_every_operation_on_many_refuses_what_is_not_finite(function, number):
    operands = [Variable(1.0), Variable(number), Variable(2.0)]
    apply = getattr(autograd, function)
    if function == "minimum" and number > 0.0:
        operands[1:] = [Variable(-math.inf)]
    with strict(), pytest.raises(DomainError, match=r"test_strict\.py:\d+\)"):
        apply(*operands) if function in ("maximum", "minimum") else apply(*[operands] * (1 + (function == "dot")))


def test_an_operator_of_every_kind_refuses_an_overflow():
    x = Variable(1e300, name="x")
    zero = Variable(0.0, name="zero")
    for operation in (
        lambda: x * x, lambda: x * 1e300, lambda: 1e300 * x, lambda: x / 1e-300, lambda: 1.0 / zero, lambda: x**2,
        lambda: 2.0**x, lambda: (x * 1e8) + 1e308 * x, lambda: -1e308 - x * 1e8, lambda: x % 0.0, lambda: x // 0.0,
        x.exp, zero.sqrt, zero.log, x.square, lambda: maximum(x, math.inf),
        lambda: where(x > 0.0, x * x, x),
    ):  # fmt: skip
        with strict(), pytest.raises(DomainError, match=r"test_strict\.py"):
            operation()


def test_a_primitive_of_the_user_is_checked_in_value_and_local_gradient():
    curve = Primitive("curve", lambda x: x * x, lambda x, out: 1.0 / (x - 2.0), registered=False)
    with strict():
        with pytest.raises(DomainError, match=r"curve needs operands with a finite result, got x = 1e\+200"):
            curve(Variable(1e200))
        with pytest.raises(DomainError, match=r"got x = 2\.0 \(variable 'v'\): local gradient nan"):
            curve(Variable(2.0, name="v"))


def test_a_sweep_in_which_a_gradient_overflows_changes_nothing():
    w, b = Variable(TINY, name="w"), Variable(1.0, name="b")
    b.grad = 5.0
    loss = overflowing(w) + b
    with strict(), pytest.raises(DomainError) as caught:
        loss.backward()
    text = str(caught.value)
    assert text.startswith(
        "backward gives variable 'w' the gradient inf: multiply of w = 1e-310 and 1e+300 passes on "
        "1e+300 · 1e+300 = inf ("
    )
    assert "test_strict.py:" in text
    assert (w.grad, w.reached, b.grad, b.reached) == (0.0, False, 5.0, False)
    loss.backward()
    assert w.grad == math.inf


def test_the_line_of_the_operation_is_named_if_it_was_recorded():
    with source_lines():
        product = overflowing(Variable(TINY))
    with strict(), pytest.raises(DomainError) as caught:
        product.backward()
    assert str(caught.value).endswith(f"({__file__}:{product.source.number})")


def test_terms_that_overflow_in_their_sum_are_told():
    x = Variable(0.5, name="x")
    y = x * 1e308 + x * 1e308
    with strict(), pytest.raises(DomainError, match=r"its terms 1e\+308 and 1e\+308 add up to that"):
        y.backward()


def test_a_sweep_that_starts_with_infinity_or_adds_up_to_it_is_told():
    x = Variable(1.0, name="x")
    y = x * 1.5
    with strict():
        with pytest.raises(DomainError, match="multiply node the gradient inf: the sweep was started with it"):
            y.backward(math.inf)
        x.grad = 1.7e308
        with pytest.raises(DomainError) as caught:
            y.backward(1e308)
    assert "backward adds 1.5e+308 to the gradient of variable 'x', which was 1.7e+308" in str(caught.value)
    assert str(caught.value).endswith("clear it with zero_grad")
    assert x.grad == 1.7e308


SWEEPS = {
    "gradients": lambda: gradients(overflowing(w := Variable(TINY)), w),
    "gradients of gradients": lambda: gradients(overflowing(w := Variable(TINY)), w, create_graph=True),
    "grad": lambda: grad(overflowing)(TINY),
    "value_and_grad": lambda: value_and_grad(overflowing)(TINY),
    "jacfwd": lambda: jacfwd(overflowing)(TINY),
    "jacrev": lambda: jacrev(overflowing)(TINY),
    "sparse jacobian": lambda: jacobian(overflowing, sparse=True)(TINY),
    "jvp": lambda: jvp(overflowing, (TINY,), (1.0,)),
    "vjp": lambda: vjp(overflowing, TINY)[1](1.0),
    "hvp": lambda: hvp(curved, (TINY,), (1.0,)),
    "hessian": lambda: hessian(curved)(TINY),
    "sparse hessian": lambda: hessian(curved, sparse=True)(TINY),
    "grad of grad": lambda: grad(grad(curved))(TINY),
    "jacfwd of grad": lambda: jacfwd(grad(curved))(TINY),
    "jacrev of grad": lambda: jacrev(grad(curved))(TINY),
    "grad of jvp": lambda: grad(lambda x: jvp(curved, (x,), (1.0,))[1])(TINY),
    "a pole of the second derivative": lambda: hessian(lambda x: x**1.5)(0.0),
    "a third derivative": lambda: grad(grad(grad(lambda x: x**2.5)))(0.0),
    "inside no_grad": lambda: no_grad_around(lambda: grad(overflowing)(TINY)),
    "inside a scope": lambda: scope_around(lambda: grad(overflowing)(TINY)),
}


def no_grad_around(run):
    with no_grad():
        return run()


def scope_around(run):
    with scope("S"):
        return run()


@pytest.mark.parametrize("name", SWEEPS)
def test_a_derivative_that_is_not_finite_is_refused_in_every_transform(name):
    with strict(), pytest.raises(DomainError, match=r"test_strict\.py:\d+\)"):
        SWEEPS[name]()


@pytest.mark.parametrize("name", SWEEPS)
def test_outside_of_strict_it_is_what_ieee_says(name):
    SWEEPS[name]()


def test_second_derivatives_say_which_function():
    with strict(), pytest.raises(DomainError) as caught:
        hessian(curved)(TINY)
    assert str(caught.value).startswith("a derivative of curved is inf, although all values and local gradients are ")


def test_a_forward_sweep_names_the_operation():
    with strict(), pytest.raises(DomainError) as caught:
        jvp(overflowing, (TINY,), (1.0,))
    assert str(caught.value).startswith("the derivative of multiply node is inf: multiply of ")
    with strict(), pytest.raises(DomainError, match="the derivative of variable is inf: the direction has it"):
        jvp(overflowing, (TINY,), (math.inf,))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_strict_inside_the_function_of_nested_transforms_checks_what_that_computes(depth):
    def careful(w):
        with strict():
            return overflowing(w) * HUGE

    transformed = careful
    for _ in range(depth):
        transformed = grad(transformed)
    with pytest.raises(DomainError, match="multiply needs operands with a finite result"):
        transformed(TINY)


def test_a_function_inside_the_domain_passes_at_every_order():
    with strict():
        assert grad(grad(lambda x: x**3 + x.sqrt() * where(x > 1.0, x, x.log())))(2.0) > 12.0
        x = Variable(3.0)
        (x * x).backward()
    assert x.grad == 6.0
