"""Pictures of layers, models and functions, given their inputs."""

import pytest

from autograd import Variable, jit
from layers import CrossEntropyLoss, Dense, Network, NeuronLayer, Sequential
from viz import draw


def names(drawing):
    return {value.name for value in drawing.diagram.values}


def boxes(drawing):
    return [block.label for block in drawing.view.blocks if block.kind == "box"]


def test_a_model_is_black_boxes_or_white_ones():
    model = Sequential(Dense(2, 2, "relu"), Dense(2, 1), seed=0)
    black = draw(model, [1.0, 2.0], expand="none")
    assert boxes(black) == ["Sequential"]
    assert boxes(draw(model, [1.0, 2.0], expand=1)) == ["dense_0", "dense_1"]
    white = draw(model, [1.0, 2.0], expand="all")
    assert boxes(white) == []
    assert {"x[0]", "x[1]", "dense_0.weight[0,0]", "dense_1.bias[0]"} <= names(white)
    assert "dense_1" in black.dot or "Sequential" in black.dot


def test_neurons_are_boxes_of_their_own():
    drawing = draw(NeuronLayer(2, 3, seed=0), [1.0, 2.0], expand=1)
    assert boxes(drawing) == ["neuron 0", "neuron 1", "neuron 2"]


def test_a_loss_and_a_network():
    assert "y_hat[0]" in names(draw(CrossEntropyLoss(), [1.0, 2.0], 0))
    assert "x[1]" in names(draw(Network(Dense(2, 2), loss="mse"), [1.0, 2.0]))


def test_a_function_of_numbers_and_nodes():
    x = Variable(2.0, name="mine")
    assert {"mine", "b"} <= names(draw(lambda a, b: a * b, x, 3.0))
    assert {"xs[0]", "xs[1]"} <= names(draw(lambda *xs: xs[0] * xs[1], 2.0, 3.0))


def test_what_can_not_be_drawn_says_why():
    with pytest.raises(TypeError, match=r"Sequential takes 1 input \(x\), got 2"):
        draw(Sequential(Dense(1, 1)), [1.0], [2.0])
    with pytest.raises(
        TypeError, match="draw takes arguments after a function or a layer, several nodes as a list; got Variable"
    ):
        draw(Variable(1.0), 2.0)
    with pytest.raises(TypeError, match=r"draw shows how the result of <lambda> is computed, but it returned no node"):
        draw(lambda: "text")


def test_a_picture_is_called_after_its_result_or_else_after_what_was_called():
    def product(x, y):
        return x * y

    def named(x):
        y = x * x
        y.name = "y_hat"
        return y

    assert draw(product, 1.0, 2.0).title == "product"
    assert draw(named, 1.0).title == "ŷ"
    assert draw(Sequential(Dense(2, 1), name="tower"), [1.0, 2.0]).title == "tower"
    assert draw(lambda x: x * x, 1.0).title == draw(jit(lambda x: x * x), 1.0).title == "a computation"
    assert draw(Variable(1.0) * 2.0).title == "a computation"
