"""A layer alone: keywords, forward values, stateless layers, inputs given to backward, initialisation, logs."""

import logging

import numpy as np
import pytest

from autograd import Variable, no_grad
from layers import (
    Affine,
    CrossEntropyLoss,
    Dense,
    Identity,
    InputError,
    Layer,
    Network,
    Neuron,
    NeuronLayer,
    NoForwardError,
    Plus,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
    Square,
    SquaredLoss,
)

X = np.random.default_rng(3).normal(size=(4, 5))


def test_inputs_are_given_in_their_order_or_by_name():
    affine = Affine()
    assert affine.forward(x=1.0, w=2.0, b=5.0) == affine.forward(1.0, b=5.0, w=2.0) == affine(1.0, w=2.0, b=5.0) == 7.0
    assert Affine()(Variable(1.0), b=5.0, w=2.0).value == 7.0
    network = Network(Dense(5, 2, seed=0), loss="mse")
    assert network.forward(x=X, y=np.zeros((4, 2))) == network.forward(X, np.zeros((4, 2)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Sigmoid().forward(1.0, 2.0, 3.0), r"Sigmoid takes 1 input \(a\), got 3; SigmoidNeuron takes w, x, b"),
        (lambda: Affine().forward(1.0, w=2.0), r"Affine takes 3 inputs \(x, w, b\), got 2"),
        (lambda: Affine().forward(1.0, 2.0, 3.0, x=1.0), r"Affine takes 3 inputs \(x, w, b\), got x twice"),
        (lambda: Dense(5, 1).forward(inputs=X), r"Dense takes 1 input \(x\), got 'inputs'; here it is x"),
        (lambda: CrossEntropyLoss().forward(y_pred=[1.0, 2.0], y=0), "got 'y_pred'; here it is y_hat"),
    ],
)
def test_inputs_that_do_not_fit_are_named(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_the_upstream_gradient_is_given_by_name():
    loss = SquaredLoss()
    loss.forward(y_hat=1.0, y=2.0)
    assert loss.backward(dl=10.0) == loss.backward(upstream=10.0) == loss.backward(10.0)
    relu = ReLU(output="out")
    relu.forward(2.0)
    assert relu.backward(dout=3.0).da == relu.backward(dh=3.0).da == 3.0
    for named in ({"grad_next": 1.0}, {"dl": 1.0, "upstream": 2.0}):
        with pytest.raises(
            InputError, match=r"SquaredLoss.backward takes the gradient of the result once, as upstream="
        ):
            loss.backward(**named)
    with pytest.raises(InputError, match="here it is upstream"):
        loss.backward(grad_next=1.0)
    with pytest.raises(InputError, match="once"):
        loss.backward(1.0, dl=1.0)


def test_values_are_those_of_the_last_forward_pass():
    dense = Dense(5, 3, "tanh", seed=0)
    with pytest.raises(NoForwardError, match=r"Dense.values are those of the last forward pass, and there is none"):
        _ = dense.values
    h = dense.forward(X)
    a = X @ dense.weight.values
    np.testing.assert_allclose(dense.values.a, a, atol=1e-13)
    assert np.array_equal(dense.values.h, h)
    assert np.array_equal(dense.values.x, X)
    network = Network(Dense(5, 1, seed=0), loss="mse")
    loss = network.forward(X, np.zeros((4, 1)))
    assert network.values.l == loss
    assert network.values.y_hat.shape == (4, 1)
    network.forward(X)
    assert list(network.values) == ["x", "y"]
    with no_grad():
        dense.forward(X)
    with pytest.raises(NoForwardError):
        _ = dense.values


@pytest.mark.parametrize("upstream", [10.0, [1.0, 2.0], [[1.0, 2.0]]], ids=str)
def test_a_stateless_layer_goes_back_without_a_forward_pass(upstream):
    for found in (Plus().backward(upstream), Plus().backward(dc=upstream)):
        assert np.array_equal(found.da, upstream)
        assert np.array_equal(found.db, upstream)
    assert np.array_equal(Identity().backward(upstream).da, upstream)
    plus = Plus()
    plus.backward(upstream)
    with pytest.raises(NoForwardError):
        _ = plus.values
    with pytest.raises(NoForwardError, match=r"call Square.forward\(c\) first"):
        Square().backward(upstream)


@pytest.mark.parametrize("make", [ReLU, Sigmoid, Softmax, Square], ids=lambda make: make.__name__)
def test_a_layer_without_parameters_takes_its_inputs_before_the_upstream_gradient(make):
    upstream = np.linspace(-1.0, 1.0, X.size).reshape(X.shape)
    layer, other = make(), make()
    other.forward(X)
    layer.forward([1.0, 2.0])
    assert np.array_equal(layer.backward(X, upstream), other.backward(upstream))
    # The last forward pass is still the one that is remembered.
    assert next(iter(layer.values.values())).tolist() == [1.0, 2.0]
    with pytest.raises(ShapeError):
        layer.backward(X, [1.0, 2.0])


def test_a_learning_rate_in_backward_is_refused():
    neuron = Neuron(5, seed=0)
    neuron.forward(X[0])
    with pytest.raises(InputError, match=r"got 2 values; it changes no parameter, a step does: SGD\(lr=0.1\).step"):
        neuron.backward(1.0, 0.01)
    with pytest.raises(InputError, match=r"SquaredLoss.backward takes .*, got 2 values; or else y_hat, y and then"):
        SquaredLoss().backward(1.0, 2.0)


def test_gradients_have_the_names_of_an_indexed_layer():
    affine = Affine(index=1)
    affine.forward(2.0, -1.0, 1.0)
    found = affine.backward(3.0)
    assert (found.dw1, found.dz1, found.db1, found.dx1) == (found.dw, found.dz, found.db, found.dx) == (6, 3, 3, -3)
    named = Affine(output="y_hat")
    named.forward(2.0, -1.0, 1.0)
    assert named.backward(3.0).dy_hat == 3.0


def test_parameters_are_initialised_again():
    dense = Dense(5, 3, bias_init="normal", seed=7)
    first = dense.state_dict()
    variables = dense.parameters()
    dense.weight.assign(np.zeros((5, 3)))
    dense.initialize()
    assert all([np.array_equal(dense.state_dict()[name], value) for name, value in first.items()])
    dense.initialize(seed=8)
    twin = Dense(5, 3, bias_init="normal", seed=8)
    assert all([np.array_equal(dense.state_dict()[name], value) for name, value in twin.state_dict().items()])
    assert all([one is other for one, other in zip(dense.parameters(), variables, strict=True)])
    unseeded = Dense(5, 3)
    before = unseeded.weight.values
    unseeded.initialize()
    assert not np.array_equal(unseeded.weight.values, before)
    model = Sequential(Dense(None, 2), Dense(2, 1))
    model.initialize(seed=1)
    other = Sequential(Dense(None, 2), Dense(2, 1), seed=1)
    assert np.array_equal(model.forward(X), other.forward(X))


@pytest.mark.parametrize("make", [Dense, NeuronLayer], ids=lambda make: make.__name__)
def test_biases_may_be_random(make):
    layer = make(5, 400, bias_init={"type": "normal", "deviation": 0.01}, seed=0)
    a = layer.forward(np.zeros(5))
    assert 0.005 < a.std() < 0.02
    twin = layer.as_dense() if make is NeuronLayer else NeuronLayer.of_dense(layer)
    assert np.array_equal(twin.forward(np.zeros(5)), a)
    assert twin.bias_init == layer.bias_init
    assert Neuron(5, bias_init="ones").forward(np.zeros(5)) == 1.0


def test_initialisation_and_shapes_are_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        Dense(5, 3, name="hidden", seed=0).forward(X)
    told = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    assert ("layers.parameters", "DEBUG", "weight of shape (5, 3) is filled by HeNormal()") in told
    assert told[-1][2] == "hidden forward: x (4, 5), z (4, 3), a (4, 3), h (4, 3)"
    assert told[-1][:2] == ("layers.shapes", "DEBUG")


@pytest.mark.parametrize("make", [Dense, NeuronLayer], ids=lambda make: make.__name__)
def test_a_column_that_decides_a_size_is_told_in_the_log(make, caplog):
    make(None, 2).forward(X[:, :1])
    assert "x of shape (4, 1) is taken as 4 samples of one feature" in caplog.text
    caplog.clear()
    make(1, 2).forward(X[:, :1])
    make(None, 2).forward(X)
    make(None, 2).forward(X[:1, :1])
    assert not caplog.records


class Bare(Layer):
    pass


class OfNode(Layer):
    def compute(self, x):
        return x * 2.0


class WithoutInit(Layer):
    def __init__(self):
        self.factor = 2.0

    def compute(self, x):
        return {"y": x * self.factor}


def test_a_layer_of_ones_own_that_is_not_one_is_told_what_a_layer_is():
    for use in (lambda: Bare().forward(1.0), lambda: Bare()(Variable(1.0)), lambda: Bare().backward(), Layer().forward):
        with pytest.raises(NotImplementedError, match=r"defines no compute\(self, ...\), the method of a layer"):
            use()
    with pytest.raises(NotImplementedError, match="Bare defines no compute"):
        Sequential(Bare())
    with pytest.raises(InputError, match=r"OfNode: compute returns its values by name in a dict, .* got Variable|Node"):
        OfNode().forward(1.0)
    with pytest.raises(AttributeError, match=r"WithoutInit has no attribute 'name'; does its __init__ call super"):
        WithoutInit().forward(1.0)


def test_a_texts_own_layer_still_runs_as_it_is_typed():
    class Mine(Layer):
        def forward(self, x):
            self.cache = locals()
            self.W = 3.0
            return x**2

        def backward(self, dy):
            return 2 * self.cache["x"] * dy

    mine = Mine()
    assert (mine.forward(3.0), mine.backward(10.0)) == (9.0, 60.0)
