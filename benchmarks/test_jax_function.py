"""Functions for JAX against the compiled functions of this package: values, derivatives, conventions, transforms."""

from __future__ import annotations

import math
import random

import jax
import numpy as np
import pytest

import autograd
from autograd import (
    callback,
    clip,
    cos,
    exp,
    fori_loop,
    grad,
    hessian,
    jacobian,
    jit,
    log,
    logsumexp,
    maximum,
    norm,
    prod,
    scan,
    sin,
    sqrt,
    tanh,
    where,
    while_loop,
)  # fmt: skip
from autograd.errors import ExportError
from autograd.exports.jax_function import to_jax
from autograd.operations.primitive import REAL
from tests.tables.conventions import OURS
from tests.tables.oracles import BUILT_IN, EVERY_PRIMITIVE
from tests.tables.rules import Straight
from tests.tables.smooth_points import points
from tools.conventions import rows

jax.config.update("jax_enable_x64", True)
inf, nan = math.inf, math.nan


def close(found, expected, most=1e-12):
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    assert found.shape == expected.shape
    with np.errstate(invalid="ignore"):
        same = (found == expected) | (np.isnan(found) & np.isnan(expected))
        same |= np.abs(found - expected) <= most * np.maximum(1.0, np.abs(expected))
    return bool(same.all())


@EVERY_PRIMITIVE
def test_every_primitive_and_its_derivatives_of_two_orders(primitive):
    arity = len(next(iter(points(primitive))))

    def function(x):
        return primitive(*[x[place] for place in range(arity)])

    places = [place for place in range(arity) if place not in primitive.orders]
    exported = to_jax(function, np.full(arity, 0.5))
    slopes, curves = jax.jit(jax.grad(exported)), jax.jit(jax.hessian(exported))
    forward = jax.jit(jax.jacfwd(exported))
    for point in points(primitive):
        x = np.array(point)
        if len(x) != arity:
            continue
        assert close(exported(x), function(x)), point
        expected = grad(function)(x)[places]
        assert close(slopes(x)[places,], expected), (point, slopes(x), expected)
        assert close(forward(x)[places,], expected), point
        assert close(curves(x)[np.ix_(places, places)], hessian(function)(x)[np.ix_(places, places)], 1e-11), point


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_every_row_of_the_conventions_holds(row):
    def function(*x):
        return row.function(OURS, *x)

    places = tuple(range(len(row.point)))
    exported = to_jax(function, *row.point)
    expected = [row.value, *row.slopes]
    small = any(0.0 < abs(number) < 1e-305 for number in expected)
    value, slopes = jax.value_and_grad(exported, argnums=places)(*row.point)
    if not small:
        assert close([value, *slopes], expected), (value, slopes, expected)
    if all(map(math.isfinite, row.slopes)):
        assert close(jax.jacfwd(exported, argnums=places)(*row.point), row.slopes)
    elif len(places) == 1:
        # Along several, JAX multiplies infinite slopes with tangents 0.
        assert small or close(jax.jacfwd(exported)(*row.point), row.slopes[0])


def model(p, x):
    hidden = [tanh(w @ x) for w in p["w"]]
    return where(x[0] > 0.0, log(x[0]) * hidden[0], sqrt(x[1]) + hidden[1]) + p["b"] * maximum(x[1], x[2])


P = {"w": np.array([[0.5, -1.0, 2.0], [0.25, 1.5, -0.5]]), "b": 3.0}
X = np.array([[0.5, 2.0, 1.0], [-1.0, 0.25, 0.25], [0.0, 4.0, 5.0], [2.0, 0.0, 0.0]])


def test_containers_jit_vmap_and_derivatives_of_both_directions():
    exported = to_jax(model, P, X[0])
    batched = jax.jit(jax.vmap(jax.value_and_grad(exported), in_axes=(None, 0)))
    values, slopes = batched(P, X)
    assert close(values, [model(P, x) for x in X])
    expected = [grad(model)(P, x) for x in X]
    assert close(slopes["b"], [one["b"] for one in expected])
    assert close(slopes["w"], [one["w"] for one in expected])
    curves = jax.jit(jax.vmap(jax.hessian(exported, argnums=1), in_axes=(None, 0)))(P, X[:1])
    assert close(curves[0], hessian(model, argnums=1)(P, X[0]))
    forward = jax.vmap(jax.jacrev(exported, argnums=1), in_axes=(None, 0))(P, X)
    assert close(forward, [grad(model, argnums=1)(P, x) for x in X])


def halved(x, y):
    total = x * y
    while total > 1.0:
        total = total / 2.0
    return (total, [sin(total) if y > 0.0 else exp(total)])


def test_all_recorded_paths_are_taken_and_others_are_nan():
    function = jit(halved)
    for x in (0.5, 1.5, 3.0, 7.0):
        function(x, 1.0)
    function(0.5, -1.0)
    exported = to_jax(function, 0.5, 1.0)
    fast = jax.jit(exported)
    draw = random.Random(1)
    points = [(draw.uniform(0.1, 7.9), 1.0) for _ in range(20)] + [(0.5, -2.0)]
    for x, y in points:
        assert close(fast(x, y)[0], halved(x, y)[0])
        assert close(fast(x, y)[1][0], halved(x, y)[1][0])
        slopes = jax.grad(lambda x, y: exported(x, y)[1][0], argnums=(0, 1))(x, y)
        assert close(slopes, grad(lambda x, y: halved(x, y)[1][0], argnums=(0, 1))(x, y))
    assert math.isnan(fast(100.0, 1.0)[0])
    rows = np.array([*points, (100.0, 1.0)])
    slopes = jax.vmap(jax.grad(lambda x, y: exported(x, y)[0]))(rows[:, 0], rows[:, 1])
    assert close(slopes[:-1], [grad(lambda x, y: halved(x, y)[0])(x, y) for x, y in points])


def oscillator(x0, forces, k):
    def step(state, force):
        position, speed = state
        speed = speed + 0.01 * (force - k * sin(position))
        position = position + 0.01 * speed
        return (position, speed), position * speed

    (position, speed), products = scan(step, (x0, 1.0), forces)
    return position * speed + norm(products)


def test_loops_are_scans():
    forces = np.linspace(-1.0, 1.0, 200)
    exported = to_jax(oscillator, 0.5, forces, 2.0)
    text = str(jax.make_jaxpr(exported)(0.5, forces, 2.0))
    assert text.count("scan[") == 1
    assert close(jax.jit(exported)(0.5, forces, 2.0), oscillator(0.5, forces, 2.0))
    slopes = jax.jit(jax.grad(exported, argnums=(0, 1, 2)))(0.5, forces, 2.0)
    for one, other in zip(slopes, grad(oscillator, argnums=(0, 1, 2))(0.5, forces, 2.0), strict=True):
        assert close(one, other)

    def nested(x, a):
        return fori_loop(0, 30, lambda k, y: fori_loop(0, 20, lambda j, z: z + 0.01 * cos(z * a) * k, y), x)

    exported = to_jax(nested, 0.5, 1.5)
    assert close(jax.grad(exported, argnums=(0, 1))(0.5, 1.5), grad(nested, argnums=(0, 1))(0.5, 1.5))


def kinked(x, rows):
    def step(c, row):
        c = 0.5 * c + row if c * row > 0.3 else sin(c) + x * row
        return c, c * x

    last, ys = scan(step, x, rows, reverse=True, checkpoint=True)
    return last + norm(ys)


def test_loops_that_decide_and_their_derivatives():
    rows = np.sin(np.arange(60.0))
    slopes = grad(kinked, argnums=(0, 1))
    expected = slopes(0.5, rows)
    exported = to_jax(kinked, 0.5, rows)
    assert close(jax.jit(exported)(0.5, rows), kinked(0.5, rows))
    for found in (jax.jit(jax.grad(exported, argnums=(0, 1))), jax.jit(to_jax(slopes, 0.5, rows))):
        for one, other in zip(found(0.5, rows), expected, strict=True):
            assert close(one, other)


def test_loops_without_a_fixed_length():
    def doubled(x, a):
        return while_loop(lambda y: y < 100.0, lambda y: y * y if y > a else y + a, x)

    exported = to_jax(doubled, 1.5, 2.0)
    assert close(jax.jit(exported)(1.25, 2.5), doubled(1.25, 2.5))
    assert close(jax.jacfwd(exported)(1.25, 2.5), grad(doubled)(1.25, 2.5))
    with pytest.raises(ExportError, match="a derivative that goes back through a while_loop has no form in JAX"):
        to_jax(grad(doubled), 1.5, 2.0)


def test_random_expressions_of_all_primitives():
    draw = random.Random(5)
    # Nowhere nan, whose sign is nobody's.
    smooth = [p for p in BUILT_IN if p.arity in (1, 2) and not p.orders and all([d == REAL for d in p.domain])]
    smooth = [p for p in smooth if p.kinks is None]
    for _ in range(12):
        chosen = [draw.choice(smooth) for _ in range(8)]
        picks = [(draw.randrange(3), draw.randrange(3)) for _ in chosen]

        def function(x, chosen=chosen, picks=picks):
            values = [x[0], x[1], x[2]]
            for primitive, (one, other) in zip(chosen, picks, strict=True):
                operands = [values[-1 - one], values[-1 - other]][: primitive.arity]
                values.append(tanh(primitive(*operands)) + 0.5)
            return values[-1] * values[-2]

        exported = to_jax(function, np.ones(3))
        fast = jax.jit(jax.value_and_grad(exported))
        for _ in range(5):
            x = np.array([draw.uniform(0.2, 2.0) for _ in range(3)])
            value, slopes = fast(x)
            assert close(value, function(x), 1e-11)
            assert close(slopes, grad(function)(x), 1e-10)


def test_single_precision_stays():
    exported = to_jax(lambda x: exp(x) * prod([x, 2.0, x]) + logsumexp([x, 1.0]), 1.0)
    assert exported(np.float32(0.5)).dtype == np.float32


def test_users_primitives_have_their_rules_and_equations_are_refused():
    @autograd.implicit.root(lambda x, a: x * x * x - a)
    def root(a):
        x = a
        for _ in range(60):
            x = x - (x * x * x - a) / (3.0 * x * x)
        return x

    for turns in (1, 400):

        def loop(fun, x, turns=turns):
            return fori_loop(0, turns, lambda _, c: 0.5 * fun(c) + 0.1 * x, x)

        exported = to_jax(lambda x: loop(Straight, x), 0.75)
        assert float(jax.grad(exported)(0.75)) == pytest.approx(grad(lambda x: loop(Straight, x))(0.75), rel=1e-13)
        with pytest.raises(ExportError, match="root has no form in JAX"):
            to_jax(lambda x: loop(root, x), 0.75)


def test_what_does_not_fit_is_refused():
    exported = to_jax(lambda p: clip(p["a"], 0.0, 1.0), {"a": 0.5})
    with pytest.raises(ExportError, match=r"argument 0 of <lambda> was \{'a': number\} when it was recorded"):
        exported({"b": 1.0})
    fixed = to_jax(lambda x, n: x**n, 2.0, 3)
    assert fixed(3.0, 3) == jax.jit(fixed, static_argnums=1)(3.0, 3) == 27.0
    with pytest.raises(ExportError, match=r"was 3 when it was recorded, and is fixed; got .*static_argnums"):
        jax.jit(fixed)(3.0, 3)
    with pytest.raises(ExportError, match="takes 1 arguments, got 2"):
        exported({"a": 1.0}, 2.0)
    with pytest.raises(ExportError, match="got an array of shape"):
        exported({"a": np.ones(3)})
    called = callback(lambda x: x + 1.0, vjp=lambda primals, cotangent: (cotangent,))
    with pytest.raises(ExportError, match="has no form in JAX"):
        to_jax(called, 1.0)
    assert close(
        jax.jacobian(to_jax(lambda x: [x[0] * x[1]], np.ones(2)))(np.ones(2))[0],
        jacobian(lambda x: x[0] * x[1])(np.ones(2)),
    )
    assert autograd.compiled in (True, False)
