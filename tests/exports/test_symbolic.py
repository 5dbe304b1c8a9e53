"""Functions as SymPy's expressions: their values, derivatives by SymPy, paths, names, LaTeX."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import sympy

from autograd import cos, exp, fori_loop, grad, jit, log, maximum, relu, sigmoid, sin, tanh, where
from autograd.errors import ExportError
from autograd.exports.symbolic import latex, to_sympy
from autograd.operations.primitive import all_primitives
from tests.tables.smooth_points import points

PRIMITIVES = [primitive for primitive in all_primitives() if primitive.built_in]


def at(expression, values):
    """The value of an expression, by SymPy's own arithmetic of 30 digits."""
    found = expression.subs({symbol: sympy.Float(values[symbol.name], 30) for symbol in expression.free_symbols})
    return float(sympy.re(sympy.N(found, 30)))


@pytest.mark.parametrize("primitive", PRIMITIVES, ids=lambda primitive: primitive.name)
def test_every_primitive_has_its_value(primitive):
    chosen = list(points(primitive))
    expression = to_sympy(lambda *x: primitive(*x), *chosen[0])  # noqa: PLW0108 - named by its operands
    for point in chosen:
        if len(point) != len(chosen[0]):
            continue
        expected = primitive(*point)
        values = {f"x{place}": x for place, x in enumerate(point)}
        assert at(expression, values) == pytest.approx(expected, rel=1e-12, abs=1e-14), (expression, point)


def test_expressions_are_those_one_would_write():
    x, y = sympy.symbols("x y", real=True)
    assert to_sympy(lambda x, y: exp(2.0 * x) / (1.0 + y**2), 1.0, 1.0) == sympy.exp(2 * x) / (1 + y**2)
    assert to_sympy(sigmoid, 1.0) == 1 / (1 + sympy.exp(-x))
    assert to_sympy(lambda x: x**0.5 + 0.1, 1.0).has(sympy.Float(0.1, 17))
    assert to_sympy(relu, 1.0) == sympy.Max(0, x)
    assert to_sympy(lambda x: [math.inf * x, math.nan], 1.0)[1] is sympy.nan


def test_sympy_differentiates_it_as_this_package_does():
    def function(x, y):
        return sin(x * y) * exp(-x) + tanh(y) / (1.0 + x**2) + log(y) ** 3

    expression = to_sympy(function, 1.0, 2.0)
    draw = random.Random(4)
    for _ in range(10):
        point = draw.uniform(0.2, 2.0), draw.uniform(0.2, 2.0)
        values = dict(zip("xy", point, strict=True))
        found = [at(expression.diff(sympy.Symbol(name, real=True)), values) for name in "xy"]
        assert found == pytest.approx(grad(function, argnums=(0, 1))(*point), rel=1e-12)


def test_paths_are_pieces():
    @jit
    def pieces(x):
        return cos(x) if x < -1.0 else x * x if x < 1.0 else 2.0 * x

    pieces(-2.0), pieces(0.5)
    expression = to_sympy(pieces, 0.5)
    for x in (-3.0, -1.0, 0.9):
        assert at(expression, {"x": x}) == pytest.approx(pieces(x), rel=1e-14)
    assert expression.subs({sympy.Symbol("x", real=True): 5}) is sympy.nan
    pieces(3.0)
    assert at(to_sympy(pieces, 0.5), {"x": 5.0}) == 10.0


def test_conditions_and_choices():
    def chosen(x, y):
        both = (x > 0.0) & (y > 0.0)
        return where(both, x * y, where(x > y, x, y)) + maximum(x, 0.5)

    expression = to_sympy(chosen, 1.0, 1.0)
    for x in (-1.0, 0.0, 2.0):
        for y in (-1.5, 0.0, 3.0):
            assert at(expression, {"x": x, "y": y}) == pytest.approx(chosen(x, y))


def test_containers_have_names_and_come_back():
    found = to_sympy(lambda p, x: {"y": p["w"] @ x, "n": (x[0], "text")}, {"w": np.ones((2, 2))}, np.ones(2))
    w, x = (
        [[sympy.Symbol(f"p_w[{i}, {j}]", real=True) for j in range(2)] for i in range(2)],
        sympy.symbols("x[0] x[1]", real=True),
    )
    assert found["y"] == [w[0][0] * x[0] + w[0][1] * x[1], w[1][0] * x[0] + w[1][1] * x[1]]
    assert found["n"] == (x[0], "text")


def test_latex_is_one_line_or_a_block():
    assert latex(lambda x, y: exp(2.0 * x) / (1.0 + y**2), 1.0, 1.0) == r"\frac{e^{2 x}}{y^{2} + 1}"
    block = latex(lambda alpha, x: (alpha * x, sin(x)), 1.0, 1.0)
    assert block.splitlines()[0] == r"\begin{aligned}"
    assert r"\alpha x \\" in block
    assert block.count("&=") == 2


def test_what_has_no_form_is_refused():
    with pytest.raises(ExportError, match="has no form in SymPy"):
        to_sympy(lambda x: fori_loop(0, 100, lambda k, y: sin(y) * x + exp(-y), x), 1.0)
