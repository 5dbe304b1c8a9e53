"""Every number of the layers lab: each layer alone, and the network of five."""

import math

import numpy as np
import pytest

from autograd import Variable, gradients, topological_order
from examples import lab_network
from layers import Affine, Plus, ReLU, Sigmoid, SigmoidNeuron, Square, SquaredLoss

# The lab's sigmoid numbers come from σ·(1 − σ) in double precision. With σ rounded to half an ulp, 1 − σ has
# a relative error of up to 2⁻⁵³·σ/(1 − σ) = 7.4·2⁻⁵³ at σ = 0.88; with the roundings of σ and of two products
# that makes less than 12·2⁻⁵³.
LAB_ROUNDING = 12 * 2.0**-53


def test_plus_then_square_alone():
    plus, square = Plus(), Square()
    c = plus.forward(3.0, 2.0)
    y = square.forward(c)
    of_square = square.backward(1.0)
    of_plus = plus.backward(of_square.dc)
    assert (c, y) == (5.0, 25.0)
    assert (of_square.dy, of_square.dc) == (1.0, 10.0)
    assert (of_plus.da, of_plus.db, of_plus.dc) == (10.0, 10.0, 10.0)


def test_plus_then_square_as_a_graph():
    a, b = Variable(3.0), Variable(2.0)
    c = Plus()(a, b)
    y = Square()(c)
    y.backward()
    assert (c.value, y.value, y.grad, c.grad, a.grad, b.grad) == (5.0, 25.0, 1.0, 10.0, 10.0, 10.0)


def test_affine():
    affine = Affine()
    assert affine.forward(1.0, 2.0, 5.0) == 7.0
    found = affine.backward(1.0)
    assert (found.dx, found.dw, found.dz, found.db, found.da) == (2.0, 1.0, 1.0, 1.0, 1.0)
    assert tuple(found) == (2.0, 1.0, 1.0)


def test_relu_is_zero_below_zero_and_passes_nothing_back():
    relu = ReLU()
    assert relu.forward(-1.0) == 0.0
    assert relu.backward(1.0).da == 0.0


@pytest.mark.parametrize("upstream", [1.0, -2.5])
@pytest.mark.parametrize("a", [-1.0, 0.0, 3.0])
def test_relu_passes_the_upstream_gradient_only_above_zero(a, upstream):
    relu = ReLU()
    relu.forward(a)
    found = relu.backward(upstream)
    assert (found.dh, found.da) == (upstream, upstream if a > 0 else 0.0)


def test_squared_loss_with_the_gradient_of_its_target():
    loss = SquaredLoss()
    assert loss.forward(1.0, 2.0) == 1.0
    found = loss.backward(1.0)
    assert (found.dl, found.dr, found.dy_hat, found.dy) == (1.0, -2.0, -2.0, 2.0)


def test_squared_loss_uses_the_upstream_gradient():
    loss = SquaredLoss()
    loss.forward(1.0, 2.0)
    assert tuple(loss.backward(10.0)) == (-20.0, 20.0)


NETWORK_VALUES = {
    "x": 2.0, "y": 1.0, "w1": -1.0, "b1": 1.0, "w2": -2.0, "b2": 1.5,
    "z1": -2.0, "a1": -1.0, "h": 0.0, "z2": 0.0, "y_hat": 1.5, "r": 0.5, "l": 0.25,
}  # fmt: skip
NETWORK_GRADIENTS = {
    "l": 1.0, "r": 1.0, "y_hat": 1.0, "y": -1.0, "b2": 1.0, "z2": 1.0, "w2": 0.0, "h": -2.0, "a1": 0.0,
    "z1": 0.0, "w1": 0.0, "b1": 0.0, "x": 0.0,
}  # fmt: skip


@pytest.fixture
def network():
    return {node.name: node for node in topological_order(lab_network.build()) if node.name}


def test_the_network_holds_the_labs_values_under_the_labs_names(network):
    assert {name: node.value for name, node in network.items()} == NETWORK_VALUES


def test_the_network_holds_the_labs_gradients(network):
    assert {name: node.grad for name, node in network.items()} == NETWORK_GRADIENTS


def test_the_network_is_made_of_four_boxes(network):
    boxes = {name: node.scope.label for name, node in network.items() if node.op is not None}
    assert boxes == {
        "z1": "Affine", "a1": "Affine", "h": "ReLU", "z2": "Affine", "y_hat": "Affine", "r": "SquaredLoss",
        "l": "SquaredLoss",
    }  # fmt: skip
    assert network["a1"].scope.serial != network["y_hat"].scope.serial


def test_the_network_layer_by_layer_gives_the_same_numbers():
    affine1, relu, affine2, loss = Affine(), ReLU(), Affine(), SquaredLoss()
    a1 = affine1.forward(2.0, -1.0, 1.0)
    h = relu.forward(a1)
    y_hat = affine2.forward(h, -2.0, 1.5)
    assert (a1, h, y_hat, loss.forward(y_hat, 1.0)) == (-1.0, 0.0, 1.5, 0.25)
    of_loss = loss.backward(1.0)
    of_affine2 = affine2.backward(of_loss.dy_hat)
    of_relu = relu.backward(of_affine2.dx)
    of_affine1 = affine1.backward(of_relu.da)
    assert (of_loss.dl, of_loss.dr, of_loss.dy_hat, of_loss.dy) == (1.0, 1.0, 1.0, -1.0)
    assert (of_affine2.db, of_affine2.dz, of_affine2.dw, of_affine2.dx) == (1.0, 1.0, 0.0, -2.0)
    assert of_relu.da == 0.0
    assert (of_affine1.dz, of_affine1.dw, of_affine1.db, of_affine1.dx) == (0.0, 0.0, 0.0, 0.0)


def test_sigmoid_neuron_with_the_right_sign_of_db():
    neuron = SigmoidNeuron()
    assert neuron.forward(1.0, -4.0, -6.0) == pytest.approx(0.8807970779778823, rel=4 * 2.0**-53)
    found = neuron.backward(1.0)
    expected = {
        "dz": 0.10499358540350662, "dw": -0.4199743416140265,
        "dx": 0.10499358540350662, "db": -0.10499358540350662,
    }  # fmt: skip
    for name, gradient in expected.items():
        assert getattr(found, name) == pytest.approx(gradient, rel=LAB_ROUNDING), name


def test_sigmoid_alone_and_on_a_node():
    layer, a = Sigmoid(), Variable(2.0)
    h = Sigmoid()(a)
    h.backward()
    assert layer.forward(2.0) == h.value == pytest.approx(1 / (1 + math.exp(-2.0)), rel=4 * 2.0**-53)
    assert layer.backward(1.0).da == a.grad == pytest.approx(0.10499358540350662, rel=LAB_ROUNDING)


X = [[1, 2, 5], [2, 4, 7], [4, 2, 4]]
W = [[1, 2, -3]]
B = [[5, -2, -20]]


@pytest.mark.parametrize("wrap", [list, np.array], ids=["lists", "arrays"])
@pytest.mark.parametrize("upstream", [[[1, 1, 1]], [1, 1, 1], 1.0, np.ones((1, 3))], ids=str)
def test_matrix_affine(wrap, upstream):
    affine = Affine()
    assert np.array_equal(affine.forward(wrap(X), wrap(W), wrap(B)), [[-2, 2, -13]])
    found = affine.backward(upstream)
    assert np.array_equal(found.dw, [[8, 13, 10]])
    assert np.array_equal(found.db, [[1, 1, 1]])
    assert np.array_equal(found.dx, [[1, 1, 1], [2, 2, 2], [-3, -3, -3]])
    assert [gradient.shape for gradient in found] == [(3, 3), (1, 3), (1, 3)]


def test_matrix_affine_uses_the_upstream_gradient():
    affine = Affine()
    affine.forward(X, W, B)
    found = affine.backward([[1, 0, -2]])
    # dw = g·Xᵀ, dX = wᵀ·g, db = g.
    assert np.array_equal(found.dw, [[1 - 10, 2 - 14, 4 - 8]])
    assert np.array_equal(found.dx, [[1, 0, -2], [2, 0, -4], [-3, 0, 6]])
    assert np.array_equal(found.db, [[1, 0, -2]])


def test_matrix_affine_as_a_graph():
    x, w, b = [np.vectorize(Variable, otypes=[object])(rows) for rows in (X, W, B)]
    a = Affine()(x, w, b)
    assert [node.value for node in a.flat] == [-2, 2, -13]
    assert gradients(list(a.flat), list(w.flat)) == [8, 13, 10]
    assert gradients(list(a.flat), list(b.flat)) == [1, 1, 1]
    assert gradients(list(a.flat), list(x.flat)) == [1, 1, 1, 2, 2, 2, -3, -3, -3]


def test_vectorised_relu():
    relu = ReLU()
    assert np.array_equal(relu.forward([[-1.0, 0.0], [2.0, 3.0]]), [[0.0, 0.0], [2.0, 3.0]])
    assert np.array_equal(relu.backward([[1.0, 2.0], [3.0, 4.0]]).da, [[0.0, 0.0], [3.0, 4.0]])
