"""Compiled functions with several results at nodes: one compiled pullback, whatever their number."""

from __future__ import annotations

import numpy as np
import pytest

from autograd import (
    Variable,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    no_grad,
    sin,
    sqrt,
    strict,
    vmap,
)
from tests.tables.tiers import TIERS

AT = [0.3, 0.7, -1.1]


def step(x):
    return [x[0] * sin(x[1]), x[1] * x[2], exp(x[0]) * x[2]]


def through(step):
    def function(x):
        a, b, c = step(step(x))
        return a * b + c**2

    return function


TRANSFORMS = {
    "grad": grad,
    "jacobian": jacobian,
    "jacfwd": jacfwd,
    "jacrev": jacrev,
    "hessian": hessian,
    "sparse jacobian": lambda fun: lambda x: jacobian(fun, sparse=True)(x).toarray(),
    "sparse hessian": lambda fun: lambda x: hessian(fun, sparse=True)(x).toarray(),
    "jvp": lambda fun: lambda x: jvp(fun, (x,), ([1.0, 2.0, 3.0],)),
    "hvp": lambda fun: lambda x: hvp(fun, (x,), ([1.0, 2.0, 3.0],)),
    "grad of grad": lambda fun: grad(lambda x: np.sum(np.array(grad(fun)(x)))),
}


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_transforms_of_compiled_steps_agree_with_plain_ones(transform, tier):
    found = transform(through(jit(step, tier=tier)))(AT)
    assert np.allclose(np.array(found, float), np.array(transform(through(step))(AT), float), rtol=1e-12)


def test_backward_and_gradients_agree_with_plain_ones():
    found = []
    for function in (step, jit(step)):
        x = [Variable(number) for number in AT]
        end = through(function)(x)
        end.backward()
        found.append([node.grad for node in x] + [float(one) for one in gradients(end, x)])
    assert found[1] == pytest.approx(found[0], rel=1e-14)


def test_the_pullback_is_recorded_once_and_run_without_python():
    calls = []

    def noted(x):
        calls.append(1)
        return [x[0] * x[1], x[0] + x[1]]

    fast = jit(noted)
    slope = grad(lambda x: fast(x)[0] + fast(x)[1] ** 2)
    assert slope([1.0, 2.0]) == [8.0, 7.0]
    count = len(calls)
    assert slope([2.0, 3.0]) == [13.0, 12.0]
    assert len(calls) == count


def test_results_without_part_are_left_out_and_decisions_are_those_of_each_point():
    fast = jit(lambda x: [sqrt(x[0]), x[1] * 2.0, x[0] * x[1]])
    assert grad(lambda x: fast(x)[1])([0.0, 1.0]) == [0.0, 2.0]
    assert jvp(fast, ([0.0, 1.0],), ([0.0, 1.0],)) == ([0.0, 2.0, 0.0], [0.0, 2.0, 0.0])
    branches = jit(lambda x: [x[0] * 2.0, x[1]] if x[0] > 0.0 else [x[1] * x[0], x[0] ** 3])
    assert jacobian(branches)([1.0, 2.0]) == [[2.0, 0.0], [0.0, 1.0]]
    assert jacobian(branches)([-1.0, 2.0]) == [[2.0, -1.0], [3.0, 0.0]]


def test_modes_hold_for_compiled_results():
    fast = jit(step)
    x = [Variable(number) for number in AT]
    with no_grad():
        assert [type(one) for one in fast(x)] == [float] * 3
    with strict():
        assert grad(lambda x: fast(x)[2])(AT) == pytest.approx(grad(lambda x: step(x)[2])(AT))


def of_row(w, x, s):
    return [sin(w[0] * x[0]) * s, (w[1] * x[1] if s > 0 else x[2] * w[2]) + x * s]


def one_by_one(w, X, s):
    found = [of_row(w, *row) for row in zip(X, s, strict=True)]
    return [np.array([one[place] for one in found]) for place in range(2)]


REDUCTIONS = {
    "none": (None, lambda parts: parts),
    "mean and none": (("mean", None), lambda parts: [parts[0].mean(), parts[1]]),
    "mean and sum": (("mean", "sum"), lambda parts: [parts[0].mean(), parts[1].sum(0)]),
}


@pytest.mark.parametrize("argument", [0, 1, 2])
@pytest.mark.parametrize(("reduce", "reduced"), REDUCTIONS.values(), ids=REDUCTIONS)
def test_rows_are_differentiated_by_compiled_rows(reduce, reduced, argument):
    generator = np.random.default_rng(0)
    given = generator.normal(size=3), generator.normal(size=(5, 3)), generator.normal(size=5)
    mapped = vmap(of_row, in_axes=(None, 0, 0), reduce=reduce)

    def rows(*given):
        return reduced(one_by_one(*given))

    for transform in (jacfwd, jacrev):
        for mine, theirs in zip(transform(mapped, argument)(*given), transform(rows, argument)(*given), strict=True):
            assert np.allclose(np.array(mine, float), np.array(theirs, float), rtol=1e-13, atol=1e-14)
    losses = [lambda *given, f=f: sum([np.sum(part**2) for part in f(*given)]) for f in (mapped, rows)]
    found, expected = [hessian(loss, argument)(*given) for loss in losses]
    assert np.allclose(found, expected, rtol=1e-11, atol=1e-12)


def test_rows_that_take_no_part_are_left_out_and_python_runs_no_row():
    assert grad(lambda X: vmap(sqrt)(X)[1])(np.array([0.0, 4.0])).tolist() == [0.0, 0.25]
    calls = []

    def noted(w, x):
        calls.append(1)
        return w * x * x

    mapped = vmap(noted, in_axes=(None, 0))
    slope = grad(lambda w, X: np.sum(mapped(w, X) ** 2), argnums=(0, 1))
    X = np.linspace(1.0, 2.0, 50)
    slope(3.0, X)
    count = len(calls)
    assert count < 10
    of_w, of_X = slope(2.0, X)
    assert len(calls) == count
    assert of_w == pytest.approx(np.sum(4.0 * X**4)) and np.allclose(of_X, 16.0 * X**3)
