"""Pictures of functions that `vmap` maps over rows: one row, and which it is."""

import re

import numpy as np
import pytest

from autograd import Variable, exp, jit, value_and_grad, vmap
from tests.tables.pictures import ENGINES
from viz import draw

ROWS = np.array([1.0, 2.0, 3.0])


def loss(w, x, y):
    if x > 1.5:
        return (w[0] * x + w[1] - y) ** 2
    return w[0] * x - y


def named(drawing):
    return {value.name: (value.number, value.gradient) for value in drawing.diagram.values if value.name}


def test_of_rows_the_first_is_drawn_with_its_path_and_its_gradients():
    mapped = vmap(loss, in_axes=(None, 0, 0))
    drawing = draw(mapped, np.array([4.0, 5.0]), ROWS, 10.0 * ROWS)
    assert drawing.title == "loss"
    # 4 · 1 − 10: the derivatives are x, w₀ and −1; w[1] is not on this path.
    assert named(drawing) == {"w[0]": (4.0, 1.0), "x": (1.0, 4.0), "y": (10.0, -1.0)}
    assert [guard.outcome for guard in drawing.diagram.guards] == [False]
    # Another row, as the function of one row.
    assert named(draw(jit(loss), np.array([4.0, 5.0]), 2.0, 20.0))["w[1]"] == (5.0, 2.0 * (8.0 + 5.0 - 20.0))


@pytest.mark.parametrize("make", [vmap, lambda fun: jit(vmap(fun)), lambda fun: vmap(jit(fun))])
def test_however_rows_are_compiled_one_is_drawn(make):
    def product(a, b):
        return a * exp(b)

    drawing = draw(make(product), ROWS, np.zeros(3))
    assert named(drawing) == {"a": (1.0, 1.0), "b": (0.0, 1.0)}
    assert len(drawing.diagram.operations) == 2
    assert drawing.diagram.note == "row 0 of 3"


def test_rows_of_a_matrix_are_drawn_with_their_places_and_a_mean_over_rows_is_said():
    mapped = vmap(value_and_grad(lambda row: row[0] * row[1]), reduce="mean")
    drawing = draw(mapped, np.arange(6.0).reshape(3, 2) + 1.0)
    assert {name: number for name, (number, _) in named(drawing).items()} == {"row[0]": 1.0, "row[1]": 2.0}
    assert drawing.diagram.note == "row 0 of 3, before the mean over rows"


@pytest.mark.parametrize("engine", ENGINES)
def test_every_form_says_which_row_it_shows(engine):
    drawing = draw(vmap(lambda x: x * x), ROWS, engine=engine)
    assert ">row 0 of 3</text>" in drawing.svg()
    assert ">row 0 of 3</text>" in drawing.html()
    assert ">row 0 of 3</text>" in drawing.animation()
    assert "It shows row 0 of 3." in drawing.description
    assert drawing.text().startswith("(row 0 of 3)\n1  ∂ 1   ×\n")
    assert 'n["row 0 of 3"]' in drawing.mermaid()
    assert "{row 0 of 3};" in drawing.tikz()
    assert "row 0 of" not in draw(lambda x: x * x, 1.0, engine=engine).svg()


def test_a_mapped_method_is_drawn_with_its_object():
    class Model:
        weight = 3.0

        @vmap
        def apply(self, x):
            return self.weight * x

    Model.apply.in_axes = (None, 0)
    assert named(draw(Model().apply, ROWS)) == {"x": (1.0, 3.0)}


def test_without_arguments_a_mapped_function_is_drawn_as_it_was_recorded():
    mapped = vmap(lambda x: x * x)
    with pytest.raises(ValueError, match=r"has not recorded anything yet: draw\(.*, \.\.\.\) with arguments"):
        draw(mapped)
    mapped(ROWS)
    drawing = draw(mapped)
    assert [value.known for value in drawing.diagram.values] == [False, False]
    assert drawing.diagram.note == ""


def test_rows_that_do_not_fit_are_refused_as_the_call_refuses_them():
    mapped = vmap(lambda a, b: a * b)
    with pytest.raises(ValueError, match=r"differ in their number of rows \(argument 0: 3, argument 1: 2\)"):
        draw(mapped, ROWS, ROWS[:2])
    with pytest.raises(ValueError, match="needs at least one row"):
        draw(mapped, ROWS[:0], ROWS[:0])


def test_a_row_closes_over_variables():
    w = Variable(2.0, name="w")
    drawing = draw(vmap(lambda x: w * x), ROWS)
    assert named(drawing) == {"w": (2.0, 1.0), "x": (1.0, 2.0)}
    assert w.grad is None or w.grad == 0.0
    assert re.search(r"<g [^>]*data-id=\"v0\"", drawing.svg())
