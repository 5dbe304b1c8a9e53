"""Every identity of the teaching texts on layers and networks, beside those of the lab in test_lab_network.py."""

import json
import logging

import numpy as np
import pytest

from layers import (
    SGD,
    CrossEntropyLoss,
    Dense,
    DescriptionError,
    FullyConnected,
    HeNormal,
    Identity,
    Layer,
    MSELoss,
    Network,
    Neuron,
    NeuronLayer,
    ReLU,
    Sequential,
    ShapeError,
    Softmax,
    from_dict,
)

# Sums of at most ten products of numbers below 10, each rounded once: a few units in the last place of 100.
ROUNDING = 1e-13
generator = np.random.default_rng(5)
X = generator.normal(size=(4, 5))
UPSTREAM = generator.normal(size=(4, 3))


# A dense layer with a base class


def test_the_base_class_wants_compute():
    with pytest.raises(NotImplementedError, match="Layer defines no compute"):
        Layer().forward()


def test_weights_are_made_on_the_first_forward_pass_and_biases_are_zero():
    layer = Dense(None, 3, "relu", name="hidden")
    assert layer.n_in is None
    layer.forward(X)
    assert (layer.n_in, layer.weight.shape, layer.name) == (5, (5, 3), "hidden")
    assert layer.bias.values.tolist() == [0.0, 0.0, 0.0]


def test_he_initialisation_is_normal_with_variance_two_over_the_inputs():
    weights = Dense(50, 4000, seed=1).weight.values
    # The mean and the variance of 200,000 numbers, within five standard errors.
    assert abs(weights.mean()) < 5 * np.sqrt(2 / 50 / weights.size)
    assert abs(weights.var() - 2 / 50) < 5 * (2 / 50) * np.sqrt(2 / weights.size)
    drawn = HeNormal()(np.random.default_rng([1, 0]), (50, 4000), 50, 4000)
    assert np.array_equal(weights, drawn)


def test_forward_is_f_of_x_w_plus_b():
    layer = Dense(5, 3, "tanh", seed=0)
    layer.bias.assign([0.1, -0.2, 0.3])
    expected = np.tanh(X @ layer.weight.values + layer.bias.values)
    np.testing.assert_allclose(layer.forward(X), expected, atol=ROUNDING)


def test_backward_of_an_average_over_the_batch_gives_averaged_gradients_of_weights_and_biases():
    layer = Dense(5, 3, seed=0)
    layer.forward(X)
    found = layer.backward(UPSTREAM / len(X))
    np.testing.assert_allclose(found.dweight, (X.T @ UPSTREAM) / len(X), atol=ROUNDING)
    np.testing.assert_allclose(found.dbias, UPSTREAM.mean(axis=0), atol=ROUNDING)


def test_a_model_can_be_written_in_a_json_file():
    text = """{"type": "sequential", "seed": 3, "layers": [
        {"type": "dense", "n_in": 5, "n_out": 4, "activation": "relu", "name": "hidden"},
        {"type": "dense", "n_out": 3}
    ]}"""
    model = from_dict(json.loads(text))
    by_hand = Sequential(Dense(5, 4, "relu", name="hidden"), Dense(None, 3), seed=3)
    assert np.array_equal(model.forward(X), by_hand.forward(X))
    assert list(model.named_parameters()) == ["hidden.weight", "hidden.bias", "dense_0.weight", "dense_0.bias"]


@pytest.mark.parametrize("name", ["os.system", "layers.dense.Dense", "builtins.eval", "__import__", "Model"])
def test_a_file_names_only_what_the_registry_holds(name):
    with pytest.raises(DescriptionError, match=f"no layer is called '{name}'; .*there are .*dense"):
        from_dict({"type": name})


def test_logging_is_by_module_and_training_prints_nothing_when_silent(caplog, capsys):
    with caplog.at_level(logging.DEBUG, logger="layers.training"):
        Sequential(Dense(5, 1), seed=0).fit(X, X[:, 0], epochs=2, progress=False)
    assert {record.name for record in caplog.records} == {"layers.training"}
    assert capsys.readouterr().out == ""


# A reference of layers


def test_trainable_gives_names_parameters_and_gradients_that_are_sums_over_the_batch():
    model = Sequential(Dense(5, 3, weight_init="uniform"), ReLU(), Dense(3, 2), seed=0)
    model.forward(X)
    model.backward(np.ones((4, 2)))
    names = [name for name, _, _ in model.trainable]
    assert names == ["dense_0.weight", "dense_0.bias", "dense_1.weight", "dense_1.bias"]
    for _, parameter, gradient in model.trainable:
        assert parameter.shape == gradient.shape
    hidden = np.maximum(X @ model.trainable[0].value, 0.0)
    np.testing.assert_allclose(model.trainable[2].gradient, hidden.T @ np.ones((4, 2)), atol=ROUNDING)
    assert model.trainable[3].gradient.tolist() == [4.0, 4.0]


def test_uniform_weights_and_zero_biases():
    weights = Dense(5, 3, weight_init={"type": "uniform", "low": -0.5, "high": 0.5}, seed=0).weight.values
    assert (abs(weights) <= 0.5).all()
    assert len(set(weights.ravel())) == 15


def test_names_are_unique_within_a_model_and_serve_a_momentum():
    model = Sequential(Dense(2, 2), Dense(2, 2), ReLU(), ReLU(), seed=0)
    assert [layer.name for layer in model.layers] == ["dense_0", "dense_1", "relu_0", "relu_1"]
    optimizer = SGD(lr=0.1, momentum=0.9)
    before = model.state_dict()
    for _ in range(2):
        model.forward([1.0, 2.0])
        model.backward([1.0, 1.0])
        optimizer.step(model.parameters())
    assert list(before) == list(model.state_dict())


# Networks from scratch


def test_neurons_and_their_matrix_twin_give_the_same_numbers_in_both_directions():
    neurons = NeuronLayer(5, 3, "relu", seed=0)
    for one, bias in zip(neurons.neuron, (0.5, -0.5, 0.0), strict=True):
        one.bias.assign(bias)
    for matrix, row in ((neurons.as_dense(), neurons), (neurons.as_dense(), NeuronLayer.of_dense(neurons.as_dense()))):
        assert np.array_equal(matrix.forward(X), row.forward(X))
        of_matrix, of_row = matrix.backward(UPSTREAM), row.backward(UPSTREAM)
        np.testing.assert_allclose(of_matrix.dx, of_row.dx, atol=ROUNDING)
        for place, one in enumerate(row.neuron):
            np.testing.assert_allclose(one.weight.gradient, of_matrix.dweight[:, place], atol=ROUNDING)
            np.testing.assert_allclose(one.bias.gradient, of_matrix.dbias[place], atol=ROUNDING)


def test_a_neuron_is_a_weighted_sum_and_a_bias():
    neuron = Neuron(3, seed=0)
    neuron.weight.assign([1.0, 2.0, -1.0])
    neuron.bias.assign(0.5)
    assert neuron.forward([1.0, 1.0, 1.0]) == 2.5
    found = neuron.backward(2.0)
    assert (found.dx.tolist(), found.dweight.tolist(), found.dbias) == ([2.0, 4.0, -2.0], [2.0, 2.0, 2.0], 2.0)


def test_shapes_are_checked_at_every_step_with_a_message():
    network = Network(Dense(5, 10, "relu"), Dense(9, 2))
    with pytest.raises(ShapeError, match=r"^Network: dense_1: x has 9 features, .* got shape \(10,\)$"):
        network.forward([1.0] * 5)
    with pytest.raises(ShapeError, match=r"^Network: dense_0: x has 5 features, .* got shape \(4, 6\)$"):
        network.forward(np.ones((4, 6)))


def test_gradients_are_clipped_to_one():
    network = Network(Dense(1, 1, weight_init="zeros"), loss="mse")
    network.train([[1000.0]], [[1000.0]], learning_rate=0.5, epochs=1, progress=False)
    assert network.state_dict()["dense_0.weight"].tolist() == [[0.5]]
    assert network.state_dict()["dense_0.bias"].tolist() == [0.5]


def test_the_network_of_three_layers_with_softmax_and_squared_error():
    network = Network(seed=0)
    assert network.add_layers(Dense(5, 10, ReLU()), Dense(10, 10, ReLU()), Dense(10, 2, Softmax())) is network
    network.add_loss(MSELoss())
    labels = np.eye(2)[(X[:, 0] > 0).astype(int)]
    outputs = network.forward(X)
    assert outputs.shape == (4, 2)
    np.testing.assert_allclose(outputs.sum(axis=1), 1.0, atol=ROUNDING)
    assert network.forward(X, labels) == pytest.approx(((outputs - labels) ** 2).mean(), rel=ROUNDING)
    assert network.backward().dx.shape == X.shape
    history = network.train(X, labels, learning_rate=0.5, epochs=200, progress=False)
    assert history.loss[-1] < 0.05 < history.loss[0]


def test_training_prints_the_mean_error_at_intervals(capsys):
    network = Network(Dense(5, 1), loss="mse", seed=0)
    network.train(X, X[:, :1], learning_rate=0.1, epochs=20)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 11
    assert lines[0].startswith("epoch  1 of 20   loss ")
    assert lines[-1].startswith("epoch 20 of 20   loss ")


def test_the_forecaster_of_a_window_learns_a_wave():
    wave = np.sin(np.arange(60) * 0.5)
    windows = np.array([wave[start : start + 7] for start in range(52)])
    inputs, targets = windows[:, :5], windows[:, 5:]
    network = Network(Dense(5, 2, "relu"), Dense(2, 2, Identity()), loss="mse", seed=1)
    network.train(inputs, targets, epochs=150, optimizer={"type": "adam", "lr": 0.03}, seed=0, progress=False)
    naive = ((inputs[:, -1:] - targets) ** 2).mean()
    assert network.evaluate(inputs, targets) < 0.2 * naive


# A network implementation


@pytest.mark.parametrize("activation", [None, "relu", "sigmoid", "tanh", "softmax"])
def test_fully_connected_finds_its_size_and_obeys_the_matrix_identities(activation):
    layer = FullyConnected(3, activation, weight_init="xavier_uniform", seed=2)
    output = layer.forward(X)
    found = layer.backward(UPSTREAM)
    slopes = {
        None: lambda h: UPSTREAM,
        "relu": lambda h: UPSTREAM * (h > 0),
        "sigmoid": lambda h: UPSTREAM * h * (1 - h),
        "tanh": lambda h: UPSTREAM * (1 - h**2),
        "softmax": lambda h: h * (UPSTREAM - (UPSTREAM * h).sum(axis=1, keepdims=True)),
    }
    dz = slopes[activation](output)
    np.testing.assert_allclose(found.da, dz, atol=ROUNDING)
    np.testing.assert_allclose(found.dx, dz @ layer.weight.values.T, atol=ROUNDING)
    np.testing.assert_allclose(found.dweight, X.T @ dz, atol=ROUNDING)
    np.testing.assert_allclose(found.dbias, np.ones(4) @ dz, atol=ROUNDING)
    assert (abs(layer.weight.values) <= np.sqrt(6 / (5 + 3))).all()


def test_the_jacobian_of_softmax():
    softmax = Softmax()
    h = softmax.forward([0.5, -1.0, 2.0])
    for i in range(3):
        expected = h[i] * ((np.arange(3) == i) - h)
        np.testing.assert_allclose(softmax.backward(np.eye(3)[i]).da, expected, rtol=0, atol=1e-15)


def test_softmax_is_stable_and_does_not_see_a_shift():
    assert Softmax().forward([1000.0, 1000.0, -1000.0]).tolist() == [0.5, 0.5, 0.0]
    assert np.isfinite(Softmax().forward([1e308, -1e308])).all()
    # Sums of 1024 and multiples of 1/4 are exact.
    scores = np.array([0.25, -0.5, 1.5])
    np.testing.assert_allclose(Softmax().forward(scores + 1024), Softmax().forward(scores), rtol=1e-15)


def test_relu_has_slope_zero_at_zero():
    relu = ReLU()
    relu.forward(0.0)
    assert relu.backward(1.0).da == 0.0


def test_cross_entropy_on_one_hot_labels_is_finite_at_zero_and_unbiased():
    loss = CrossEntropyLoss(of="probabilities")
    found = loss.forward([[0.0, 1.0], [0.25, 0.75]], [[1, 0], [0, 1]])
    assert found == (1 - np.log(np.finfo(float).tiny) - np.log(0.75)) / 2
    assert np.isfinite(loss.backward().dy_hat).all()
    # An epsilon in the logarithm would show: log(1 + 2e-16) is not 0.
    assert loss.forward([[1.0, 0.0]], [[1, 0]]) == 0.0


def test_cross_entropy_of_scores_is_the_gradient_of_softmax_minus_labels():
    scores, labels = generator.normal(size=(4, 3)), np.eye(3)[[0, 2, 1, 1]]
    loss = CrossEntropyLoss()
    loss.forward(scores, labels)
    expected = (Softmax().forward(scores) - labels) / 4
    np.testing.assert_allclose(loss.backward().dy_hat, expected, atol=1e-15)


def test_forward_and_backward_of_a_two_layer_classifier_return_the_loss_and_lower_it():
    labels = np.eye(2)[(X[:, 1] > 0).astype(int)]
    network = Network(FullyConnected(8, "relu"), FullyConnected(2, "softmax"), seed=0)
    network.add_loss(CrossEntropyLoss(of="probabilities"))
    losses = []
    for _ in range(50):
        losses.append(network.forward(X, labels))
        network.backward()
        SGD(lr=0.5).step(network.parameters())
    assert losses[-1] < 0.2 * losses[0]
