"""An implementation of networks: fully connected layers, softmax and cross-entropy, a classifier of two layers."""

import math

import numpy as np

from layers import (
    SGD,
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    Dense,
    FullyConnected,
    Network,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    from_dict,
)
from tests.tables.texts.items import Text, refused
from viz import draw

TEXT = Text("A network implementation", 131)
item = TEXT.item
generator = np.random.default_rng(5)
X, UPSTREAM = generator.normal(size=(4, 5)), generator.normal(size=(4, 3))
Y, P = np.eye(3)[[0, 2, 1, 1]], generator.dirichlet(np.ones(3), 4)


def layer(activation="tanh"):
    made = FullyConnected(3, activation, seed=2)
    made.forward(X)
    return made


@item('FullyConnected(n_out, activation, weight_init="xavier_uniform")', "FullyConnected")
def _():
    assert FullyConnected(3, "relu", weight_init="xavier_uniform").n_out == 3


@item("n_in is None until the first forward", "n_in")
def _():
    made = FullyConnected(3)
    assert made.n_in is None
    made.forward(X)
    assert made.n_in == 5


@item("activations by name", '"relu", "sigmoid", "tanh", "softmax", "identity"')
def _():
    for name in ("relu", "sigmoid", "tanh", "softmax", "identity", "ReLU", "SoftMax"):
        FullyConnected(3, name).forward(X)
    return refused(lambda: FullyConnected(3, "ReLUU"), "did you mean relu")


@item("initialize_activation, initialize_weights", "activation=, weight_init=; initialize()")
def _():
    made = layer()
    first = made.weight.values
    made.initialize(seed=9)
    assert not np.array_equal(made.weight.values, first)
    return refused(lambda: made.initialize_weights, "here it is initialize()")


@item("Xavier, uniform and gaussian", '"xavier_uniform", "xavier_normal"')
def _():
    for name in ("xavier_uniform", "xavier_normal"):
        weights = Dense(50, 4000, weight_init=name, seed=1).weight.values
        assert abs(weights.var() * 4050 / 2 - 1) < 0.02


@item("b of zeros (1, n_out)", "bias.values of shape (n_out,)")
def _():
    assert layer().bias.values.tolist() == [0.0, 0.0, 0.0]


@item('parameters["W"]', 'named_parameters()["weight"]')
def _():
    return refused(lambda: layer().parameters["W"], "named_parameters(): weight, bias")


@item('gradients["W"], zeros at first', "weight.gradient, trainable")
def _():
    assert not layer().weight.gradient.any()
    return refused(lambda: layer().gradients["W"], "here it is trainable")


@item('cache["Z"], cache["X"]', "values.a, values.x")
def _():
    made = layer()
    assert np.array_equal(made.values["x"], X)
    return refused(lambda: made.cache["Z"], "here it is values: after forward: values.x, values.a")


@item("forward f(X·W + b); backward returns dX, keeps dW, db", "dx; weight.gradient")
def _():
    made = layer()
    found = made.backward(UPSTREAM)
    assert np.array_equal(made.weight.gradient, found.dweight)
    np.testing.assert_allclose(made.values.h, np.tanh(X @ made.weight.values), atol=1e-15)


@item("ReLU with slope 1 at 0", "slope 0 at 0, a convention")
def _():
    assert ReLU().backward(0.0, 1.0) == 0.0


@item("derivatives of Sigmoid, Tanh; the Jacobian of Softmax", "backward(z, upstream)")
def _():
    z = generator.normal(size=(2, 3))
    h = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(Sigmoid().backward(z, np.ones((2, 3))).da, h * (1 - h), atol=1e-15)
    np.testing.assert_allclose(Tanh().backward(z, np.ones((2, 3))).da, 1 - np.tanh(z) ** 2, atol=1e-15)


@item("dX = dZ·Wᵀ, dW = Xᵀ·dZ, db = 1ᵀ·dZ", "dx, dweight, dbias")
def _():
    made = layer()
    found = made.backward(UPSTREAM)
    np.testing.assert_allclose(found.dx, found.da @ made.weight.values.T, atol=1e-14)
    np.testing.assert_allclose(found.dweight, X.T @ found.da, atol=1e-14)
    np.testing.assert_allclose(found.dbias, found.da.sum(axis=0), atol=1e-14)


@item("activation.backward(Z, dY) without a forward", "backward(z, upstream)")
def _():
    dz = Sigmoid().backward(X[:, :3], UPSTREAM)
    h = Sigmoid().forward(X[:, :3])
    np.testing.assert_allclose(dz, UPSTREAM * h * (1 - h), atol=1e-15)


@item("Sigmoid of any shape, no overflow", "Sigmoid")
def _():
    assert Sigmoid().forward(np.zeros((2, 3, 4))).shape == (2, 3, 4)
    assert Sigmoid().forward(-800.0) == 0.0


@item("SoftMax(name), stable, for each sample", "Softmax")
def _():
    assert Softmax(name="s").forward([1000.0, 1000.0]).tolist() == [0.5, 0.5]
    return refused(lambda: __import__("layers").SoftMax, "Softmax")


@item("CrossEntropy(name)", 'CrossEntropyLoss(of="probabilities", name=)')
def _():
    assert CrossEntropyLoss(of="probabilities", name="c").name == "c"
    return refused(lambda: __import__("layers").CrossEntropy, "CrossEntropyLoss")


@item("forward(Y, Y_hat): labels first", "forward(y_hat, y)")
def _():
    return refused(
        lambda: CrossEntropyLoss(of="probabilities").forward(Y, P), "takes the outputs first", "exchange them"
    )


@item("__call__; one float, the mean over the batch", "CrossEntropyLoss")
def _():
    loss = CrossEntropyLoss(of="probabilities")
    assert abs(loss(P, Y) + np.log((P * Y).sum(axis=1)).mean()) < 1e-15


@item("finite where a probability is 0", "finite")
def _():
    assert math.isfinite(CrossEntropyLoss(of="probabilities").forward([0.0, 1.0], [1, 0]))


@item("the gradient there", "steep and finite; of scores 1 and −1")
def _():
    loss, of_scores = CrossEntropyLoss(of="probabilities"), CrossEntropyLoss()
    loss.forward([0.0, 1.0], [1, 0])
    assert -math.inf < loss.backward().dy_hat[0] < -1e300
    of_scores.forward([-800.0, 0.0], [1, 0])
    assert of_scores.backward().dy_hat.tolist() == [-1.0, 1.0]


@item("backward −Y/Ŷ/n; with softmax (p − y)/n", "dy_hat")
def _():
    loss, of_scores = CrossEntropyLoss(of="probabilities"), CrossEntropyLoss()
    loss.forward(P, Y)
    np.testing.assert_allclose(loss.backward().dy_hat, -Y / P / 4, atol=1e-14)
    of_scores.forward(UPSTREAM, Y)
    np.testing.assert_allclose(of_scores.backward().dy_hat, (Softmax().forward(UPSTREAM) - Y) / 4, atol=1e-15)


@item('"correct only after softmax": a wrong pairing', "takes and gives")
def _():
    model = Sequential(Dense(5, 3, "softmax"))
    return refused(lambda: model.fit(X, Y, "cross_entropy", progress=False), "takes scores", "gives probabilities")


@item("assert A.shape[1] == layer.n_in", "ShapeError")
def _():
    return refused(lambda: Network(layer(), Dense(4, 2)).forward(X), "dense_0: x has 4 features")


@item("backward(target, out) gives the loss", "forward(X, y), then backward()")
def _():
    network = Network(layer("softmax"), loss=CrossEntropyLoss(of="probabilities"))
    loss = network.forward(X, Y)
    assert loss == network.values.l
    assert network.backward().dx.shape == X.shape
    return refused(lambda: network.backward(Y, P), "takes the gradient of the result, got 2 values")


@item("a classifier of two layers", "Network")
def _():
    network = Network(FullyConnected(8, "relu"), FullyConnected(3, "softmax"), seed=0)
    network.add_loss(CrossEntropyLoss(of="probabilities"))
    losses = []
    for _ in range(50):
        losses.append(network.forward(X, Y))
        network.backward()
        SGD(lr=0.5).step(network.parameters())
    assert losses[-1] < 0.2 * losses[0]
    assert from_dict(network.to_dict()).loss.of == "probabilities"


@item("a learning curve", "plots.learning_curve(history)")
def _():
    from layers.plots import learning_curve

    model = Sequential(Dense(5, 1, "sigmoid"), seed=0)
    history = model.fit(X, Y[:, :1], BinaryCrossEntropyLoss(of="probabilities"), epochs=3, progress=False)
    assert learning_curve(history).axes[0].get_xlabel() == "epoch"


@item("the picture of a network with its loss", "draw(network, x, y)")
def _():
    network = Network(Dense(5, 3, "tanh", seed=0), loss="mse")
    named = {value.name for value in draw(network, X[0], Y[0]).diagram.values}
    assert {"l", "x[0]", "y[2]", "y_hat[1]"} <= named
    network.forward(X[0], Y[0])
    assert {value.name for value in draw(network).diagram.values} >= {"l", "x[0]", "y[2]"}
