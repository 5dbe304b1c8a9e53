"""A sum and its gradient in one loop: the bits of two loops, which are those of the line written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograd import exp, grad, hessian, jit, log, sin, sqrt, value_and_grad, vmap, where
from autograd.program import paths
from autograd.program.loops.at_once import LoopAtOnce, with_loops_at_once
from autograd.program.loops.operation import Loop
from autograd.program.machine.machine import Machine
from autograd.program.program import Program
from tests.tables.tiers import TIERS

X = np.linspace(0.0, 3.0, 300)
Y = np.exp(-1.3 * X) + 0.01 * np.cos(40.0 * X)
POINT = np.array([0.9, 0.7, 0.2])
POINTS = [POINT, -POINT, 400.0 * POINT, np.array([math.inf, 1.0, 0.0]), np.array([math.nan, 1.0, 2.0]), 0.0 * POINT]


def residuals(p):
    return sum([(p[0] * exp(-p[1] * x) + p[2] - y) ** 2 for x, y in zip(X.tolist(), Y.tolist(), strict=True)])


def mean(p):
    return residuals(p) / X.size


def scaled(p):
    return -0.5 * residuals(p) * 3.0


def differences(p):
    total = p[2]
    for x in X.tolist():
        total = total - log(p[0] * x + 1.5) * sin(p[1])
    return total


def isolated(p):
    total = 0.0
    for x in X.tolist():
        total = total + where(p[0] * x < 2.0, sqrt(2.0 - p[0] * x), p[1]) * exp(p[2] * x)
    return total


def by_rows(p):
    return vmap(lambda x, y: (p[0] * exp(-p[1] * x) + p[2] - y) ** 2, reduce="sum")(X, Y)


def rows_that_vary(p):
    return vmap(lambda x: exp(x * p[0]) * sin(x), reduce="sum")(np.array([p[1] * x for x in X.tolist()]))


def term_by_term(p):
    total = 0.0
    for x, y in zip(X.tolist(), Y.tolist(), strict=True):
        total = total + (p[0] * exp(-p[1] * x) + p[2] - y) ** 2
    return total


def waves(p):
    total = 0.0
    for x in X.tolist():
        total = total + sin(p[0] * x) * p[1]
    return total


def two_sums(p):
    return term_by_term(p) + 2.0 * waves(p)


def regularised(p):
    return mean(p) + 0.01 * (p[0] * p[0] + log(p[1] * p[1]))


def singular(p):
    return residuals(p) + (p[0] - 0.9) / (p[0] - 0.9)


def three_sums(p):
    return term_by_term(p) / X.size + 2.0 * waves(p) - by_rows(p) + 0.1 * exp(p[2])


def product(p):
    return term_by_term(p) * waves(p)


def root(p):
    return sqrt(residuals(p))


FUNCTIONS = [residuals, mean, scaled, differences, isolated, by_rows, rows_that_vary, two_sums, root]
FUNCTIONS += [regularised, singular, three_sums, product]


def loops_at_once(program):
    return [one for one in program.externals.values() if isinstance(one, LoopAtOnce)]


def same(one, other):
    np.testing.assert_array_equal(np.array(one), np.array(other))


@pytest.mark.parametrize("transform", [value_and_grad, grad, hessian])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_loops_run_at_once_give_the_bits_of_two(function, transform, monkeypatch):
    monkeypatch.setattr(paths, "SHORTEST_LINE", 1000)
    compiled = jit(transform(function), tier="vm")
    for point in POINTS:
        compiled(point)
    for path in compiled.paths:
        joined, apart = Machine(with_loops_at_once(path.program)), Machine(path.program)
        for point in POINTS:
            same(joined.call(point.tolist()), apart.call(point.tolist()))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_calls_are_those_of_plain_python(function, monkeypatch):
    monkeypatch.setattr(paths, "SHORTEST_LINE", 1000)
    compiled, line = jit(value_and_grad(function), tier="vm"), jit(value_and_grad(function), tier="vm")
    monkeypatch.setattr(paths, "SHORTEST_LINE", 10**9)
    line(POINT)
    monkeypatch.setattr(paths, "SHORTEST_LINE", 1000)
    for point in POINTS[:3]:
        (value, gradient), (expected, slopes) = compiled(point), line(point)
        same([value], [expected])
        same(gradient, slopes)


@pytest.mark.parametrize(
    ("function", "count"),
    [
        (residuals, 1),
        (mean, 1),
        (scaled, 1),
        (by_rows, 1),
        (regularised, 1),
        (singular, 1),
        (two_sums, 2),
        (product, 1),
    ],
)
def test_a_sum_and_its_gradient_are_one_loop(function, count, monkeypatch):
    monkeypatch.setattr(paths, "SHORTEST_LINE", 1000)
    compiled = jit(value_and_grad(function), tier="vm")
    compiled(POINT)
    program = compiled.paths[0].program
    assert len(program.externals) > 0 and loops_at_once(program) == []
    joined = with_loops_at_once(program)
    assert len(loops_at_once(joined)) == count
    runs = []
    monkeypatch.setattr(Loop, "run", lambda loop, *given, run=Loop.run: runs.append(loop) or run(loop, *given))
    machine = Machine(joined)
    machine.call((POINT + 0.1).tolist())
    alone = len([one for one in program.externals.values() if isinstance(one, Loop)]) - 2 * count
    assert len(runs) == count + alone
    # The rule for nan looks at the value, whatever is nan in it: the way back is run again. What a
    # product is given is nan by itself.
    runs.clear()
    machine.call([math.nan, 1.0, 2.0])
    assert len(runs) == (count if function is product else 2 * count) + alone


def test_what_needs_the_value_first_is_two_loops(monkeypatch):
    monkeypatch.setattr(paths, "SHORTEST_LINE", 1000)
    compiled = jit(value_and_grad(root), tier="vm")
    compiled(POINT)
    program = compiled.paths[0].program
    assert program.externals and with_loops_at_once(program) is program


def test_a_program_whose_loops_go_on_from_none_is_not_looked_through(monkeypatch):
    monkeypatch.setattr(paths, "SHORTEST_LINE", 1000)
    compiled = jit(next(iter(FUNCTIONS)), tier="vm")
    compiled(POINT)
    program = compiled.paths[0].program
    assert program.externals
    monkeypatch.setattr(Program, "__iter__", None)
    assert with_loops_at_once(program) is program


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_tiers_agree(function, tier, monkeypatch):
    monkeypatch.setattr(paths, "SHORTEST_LINE", 1000)
    fast, exact = jit(value_and_grad(function), tier=tier), jit(value_and_grad(function), tier="vm")
    for point in (POINT, 1.5 * POINT, np.array([math.nan, 1.0, 2.0])):
        (value, gradient), (expected, slopes) = fast(point), exact(point)
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-11)
