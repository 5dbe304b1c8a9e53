"""`draw` refuses wrong arguments at once, and says what would be right."""

import pytest

import viz
from autograd import Variable
from layers import Affine


@pytest.fixture
def y():
    x = Variable(2.0, name="x")
    return x * x


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"title": 3}, TypeError, "title is a text, got int: 3"),
        ({"timeout": "soon"}, ValueError, "timeout is a number of seconds, above 0; got 'soon'"),
        ({"timeout": -1.0}, ValueError, "timeout is a number of seconds, above 0; got -1.0"),
        ({"timeout": float("nan")}, ValueError, "timeout is a number of seconds, above 0; got nan"),
        ({"engine": 3}, TypeError, "engine is the name or the path of a layout program, got int: 3"),
        ({"radius": -1}, ValueError, "radius is a number of operations, 0 or more; got -1"),
        ({"focus": 3}, TypeError, "focus takes a node or a sequence of nodes, got int: 3"),
        ({"max_nodes": 0}, ValueError, "max_nodes is a number of values, 1 or more; got 0"),
    ],
)
def test_a_wrong_option_is_refused(y, options, kind, message):
    with pytest.raises(kind, match=message):
        viz.draw(y, **options)


def test_a_focus_that_is_not_in_the_picture_is_refused(y):
    with pytest.raises(
        ValueError, match=r"focus takes nodes of the graph that is drawn; Variable\(1\.0.*\) is not among them"
    ):
        viz.draw(y, focus=Variable(1.0, name="elsewhere"))


def test_arguments_that_a_function_does_not_take_are_refused_with_its_parameters():
    def product(x, y):
        return x * y

    with pytest.raises(
        TypeError,
        match=r"draw\(product, \.\.\.\) takes the arguments of product\(x, y\), by position; got 1: missing .*'y'",
    ):
        viz.draw(product, 1.0)
    with pytest.raises(TypeError, match=r"got 3: too many positional arguments"):
        viz.draw(product, 1.0, 2.0, 3.0)
    with pytest.raises(TypeError, match=r"takes the arguments of Affine\("):
        viz.draw(Affine, 1.0)


def test_an_error_inside_the_function_is_its_own():
    def broken(x):
        return x.nothing

    with pytest.raises(AttributeError, match="nothing"):
        viz.draw(broken, 1.0)


@pytest.mark.parametrize("seconds", ["x", True, None])
def test_a_time_that_is_no_number_is_refused(y, seconds):
    for play in (viz.draw(y).animation, viz.draw(y).gif):
        with pytest.raises(ValueError, match="seconds is the time of a step, above 0; got"):
            play(seconds)
