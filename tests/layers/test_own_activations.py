"""Activations of one's own: functions, functions with slopes; activations of whole rows in layers of neurons."""

import copy
import math
import pickle

import numpy as np
import pytest

import autograd
import layers
from autograd.testing import gradcheck
from layers import (
    Dense,
    DescriptionError,
    Elementwise,
    LayerNorm,
    Network,
    Neuron,
    NeuronLayer,
    Sequential,
    ShapeError,
    Softmax,
    Tanh,
)

X = np.random.default_rng(1).normal(size=(4, 3))


class OfTexts:
    """An activation as an object with function and derivative."""

    name = "tanh"
    function = staticmethod(np.tanh)
    derivative = staticmethod(lambda a: 1.0 - np.tanh(a) ** 2)


WAYS = {
    "function of autograd": autograd.tanh,
    "function of NumPy": np.tanh,
    "lambda": lambda a: (1.0 - autograd.exp(-2.0 * a)) / (1.0 + autograd.exp(-2.0 * a)),
    "function and slope": (math.tanh, lambda a: 1.0 - autograd.tanh(a) ** 2),
    "object": OfTexts(),
    "layer": Elementwise(autograd.tanh),
}


@pytest.mark.parametrize("layer", [Dense, NeuronLayer])
@pytest.mark.parametrize("way", WAYS)
def test_a_function_is_an_activation(way, layer):
    mine, known = layer(3, 2, WAYS[way], seed=0), layer(3, 2, "tanh", seed=0)
    np.testing.assert_allclose(mine.forward(X), known.forward(X), rtol=1e-14)
    np.testing.assert_allclose(mine.backward(1.0).dx, known.backward(1.0).dx, rtol=1e-12)
    options = {"epochs": 3, "seed": 0, "progress": False}
    losses = [Sequential(one).fit(X, X[:, :2], **options).loss for one in (mine, known)]
    np.testing.assert_allclose(*losses, rtol=1e-12)


def test_a_slope_of_ones_own_is_what_goes_backward():
    twice = Elementwise(lambda a: 2.0 * a, lambda a: 3.0, name="twice")
    assert (twice.forward(5.0), twice.backward(1.0).da, twice.name) == (10.0, 3.0, "twice")
    assert gradcheck(Elementwise(lambda a: a * a, lambda a: 2.0 * a), [1.5])


def test_what_is_no_function_is_refused():
    with pytest.raises(DescriptionError, match="Elementwise takes functions of one number, got 3"):
        Elementwise(3)
    with pytest.raises(DescriptionError, match="takes functions of one number"):
        Dense(2, 1, ("relu", "tanh"))
    for activation in (np.tanh, lambda a: a, Elementwise(np.tanh), (math.tanh, math.cos)):
        with pytest.raises(
            DescriptionError, match=r"a function has no description|Elementwise is in no registry and has"
        ):
            Dense(2, 1, activation).to_dict()


@pytest.mark.parametrize("activation", ["softmax", "log_softmax", "layer_norm", "rms_norm", "relu", Softmax(), Tanh()])
def test_a_layer_of_neurons_applies_its_activation_to_the_row_of_all_of_them(activation):
    neurons = NeuronLayer(3, 5, activation, seed=0)
    matrix = neurons.as_dense()
    for x in (X, X[0]):
        np.testing.assert_allclose(neurons.forward(x), matrix.forward(x), atol=1e-14)
        np.testing.assert_allclose(neurons.backward(1.0).dx, matrix.backward(1.0).dx, atol=1e-13)
    assert neurons.ending().gives == matrix.ending().gives
    if activation == "softmax":
        np.testing.assert_allclose(neurons.forward(X).sum(axis=1), 1.0, rtol=1e-15)


@pytest.mark.parametrize("x", [X, X[0], X[:1]], ids=["batch", "sample", "batch of one"])
def test_a_single_neuron_refuses_an_activation_of_whole_rows(x):
    with pytest.raises(ShapeError, match="Softmax: a has rows of one element or more"):
        Neuron(3, "softmax").forward(x)


@pytest.mark.parametrize("bias", [True, False])
def test_a_neuron_gives_a_node_whose_inner_values_have_names(bias):
    result = Neuron(2, "relu", bias=bias, weight_init="ones")([autograd.Variable(1.0), autograd.Variable(2.0)])
    assert isinstance(result, autograd.Node)
    named = {node.name for node in autograd.topological_order(result) if node.op is not None}
    assert named == ({"z", "a", "h"} if bias else {"a", "h"})
    result.backward()


def test_parameters_of_an_activation_learn_whether_it_is_given_by_name_or_not():
    by_name, by_layer = Dense(2, 3, "layer_norm", seed=0), Dense(2, 3, LayerNorm(), seed=0)
    for layer in (by_name, by_layer, NeuronLayer(2, 3, "layer_norm")):
        layer.forward(X[:, :2])
        assert [name for name in layer.named_parameters() if "activation" in name] == [
            "activation.weight", "activation.bias",
        ]  # fmt: skip
    assert len(by_name.parameters()) == 15


def squared(a):
    return a * a


def doubled(a):
    return 2.0 * a


def far(output, target):
    return (output - target) ** 2


def test_functions_at_the_top_of_a_module_are_pickled_by_name():
    models = [
        Sequential(Dense(3, 2, squared), NeuronLayer(2, 2, squared), Dense(2, 1, (squared, doubled)), seed=0),
        Network(Dense(3, 1), loss=far, seed=0),
    ]
    for model in models:
        for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            np.testing.assert_array_equal(again.predict(X), model.predict(X))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sequential(Dense(3, 2, lambda a: a * a), seed=0),
        lambda: Sequential(NeuronLayer(3, 2, lambda a: a * a), seed=0),
        lambda: Sequential(Dense(3, 2, (squared, lambda a: 2.0 * a)), seed=0),
        lambda: Network(Dense(3, 1), loss=lambda output, target: (output - target) ** 2, seed=0),
    ],
)
def test_a_lambda_in_a_layer_is_copied_and_no_pickle(make):
    model = make()
    np.testing.assert_array_equal(copy.deepcopy(model).predict(X), model.predict(X))
    with pytest.raises(DescriptionError, match=r"can't be pickled: its function .*<lambda> has no name in a module"):
        pickle.dumps(model)


def test_a_rate_of_ones_own_is_a_function_like_others():
    rate = layers.Adam(lr=lambda progress: 0.1)
    assert copy.deepcopy(rate).lr is rate.lr
    with pytest.raises(DescriptionError, match=r"Adam can't be pickled: its function .*<lambda> has no name"):
        pickle.dumps(rate)
    assert pickle.loads(pickle.dumps(layers.Adam(lr=doubled))).lr is doubled


@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid", "softplus"])
def test_functions_of_autograd_that_a_layer_has_are_described_by_its_name(name):
    dense, by_name = Dense(2, 3, getattr(autograd, name), seed=0), Dense(2, 3, name, seed=0)
    assert dense.to_dict() == by_name.to_dict()
    np.testing.assert_array_equal(dense.forward([0.5, -2.0]), by_name.forward([0.5, -2.0]))
