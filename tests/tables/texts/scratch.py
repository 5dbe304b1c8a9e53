"""Networks from scratch: neurons, layers of them, the same as matrices, and forecasts."""

import contextlib
import io
import logging
import warnings

import numpy as np

from autograd import Variable
from layers import (
    SGD,
    CrossEntropyLoss,
    Dense,
    Identity,
    MSELoss,
    Network,
    Neuron,
    NeuronLayer,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
)
from tests.tables.texts.items import Text, refused

TEXT = Text("Networks from scratch", 96)
item = TEXT.item
generator = np.random.default_rng(5)
X, LABELS = generator.normal(size=(12, 5)), np.eye(2)[generator.integers(0, 2, 12)]
SMALL = {"type": "normal", "deviation": 0.01}


def windows():
    wave = np.sin(np.arange(60) * 0.5)
    rows = np.array([wave[start : start + 7] for start in range(52)])
    return rows[:, :5], rows[:, 5:]


@item("asserts with messages in every function", "ShapeError, DescriptionError")
def _():
    return refused(lambda: Dense(5, 3).forward(np.ones((4, 6))), "Dense: x has 5 features", "got shape (4, 6)")


@item('Neuron(5); "Input size should be a number"', "Neuron(n_in)")
def _():
    assert Neuron(5).n_in == 5
    return refused(lambda: Neuron("5"), "n_in is a whole number, 1 or more, got '5'")


@item("w = randn(1, n)·0.01", 'weight_init={"type": "normal", "deviation": 0.01}')
def _():
    assert 0 < abs(Neuron(5, weight_init=SMALL).weight.values).max() < 0.06


@item("b = randn(1, 1)·0.01", 'bias_init={"type": "normal", "deviation": 0.01}')
def _():
    assert 0 < abs(float(Neuron(5, bias_init=SMALL).bias.values)) < 0.06


@item("input a column (n, 1)", "rows: (n,) or (samples, n)")
def _():
    return refused(lambda: Neuron(5).forward(X[:1].T), "shape (5,) or (samples, 5), got shape (5, 1)")


@item("the column to a layer whose size is open", "a line in the log, layers.shapes")
def _():
    lines, logger = io.StringIO(), logging.getLogger("layers.shapes")
    handler = logging.StreamHandler(lines)
    logger.addHandler(handler)
    try:
        Dense(None, 3).forward(X[:1].T)
    finally:
        logger.removeHandler(handler)
    assert "is taken as 5 samples of one feature" in lines.getvalue()


@item("attributes input, z of a neuron", "values.x, values.a")
def _():
    neuron = Neuron(5, seed=0)
    neuron.forward(X[0])
    assert neuron.values.a == neuron.values.z
    assert refused(lambda: neuron.input, "here it is values.x")
    return refused(lambda: neuron.z, "here it is values.a")


@item("z = w·x + b", "z, then a")
def _():
    node = Neuron(2, weight_init="ones")([Variable(3.0), Variable(4.0)])
    assert (node.value, node.parents[0].name) == (7.0, "z")


@item("backward(error, learning_rate), which updates", "backward(upstream), then SGD(lr=...).step")
def _():
    neuron = Neuron(5, seed=0)
    neuron.forward(X[0])
    return refused(lambda: neuron.backward(1.0, 0.01), "it changes no parameter, a step does: SGD(lr=0.1).step")


@item("dLdw, dLdb, dzdprev, the last without the error (a fault of the text)", "dweight, dbias, dx")
def _():
    neuron = Neuron(5, seed=0)
    neuron.forward(X[0])
    found = neuron.backward(2.0)
    np.testing.assert_allclose(found.dweight, 2.0 * X[0])
    np.testing.assert_allclose(found.dx, 2.0 * neuron.weight.values)


@item("clipping to [−1, 1]", "train; clip_value= in fit")
def _():
    network = Network(Dense(1, 1, weight_init="zeros"), loss="mse")
    network.train([[1000.0]], [[1000.0]], learning_rate=0.5, epochs=1, progress=False)
    assert network.state_dict()["dense_0.weight"].tolist() == [[0.5]]


@item("Layer(input_size, layer_size, activation): .neurons", "NeuronLayer(n_in, n_out, activation), .neuron")
def _():
    layer = NeuronLayer(5, 10, "relu")
    assert len(layer.neuron) == 10
    return refused(lambda: layer.neurons, "here it is neuron")


@item("the activation acts on the whole z: Softmax of a layer of neurons", 'NeuronLayer(n_in, n_out, "softmax")')
def _():
    layer = NeuronLayer(5, 2, "softmax", seed=0)
    np.testing.assert_allclose(layer.forward(X).sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(layer.forward(X), layer.as_dense().forward(X), rtol=1e-14)
    np.testing.assert_allclose(layer.forward(X[0]), layer.forward(X)[0], rtol=1e-14)
    return refused(lambda: Neuron(5, "softmax").forward(X), "Softmax: a has rows")


@item("activation.forward(z), .backward(z)", "backward(z, upstream)")
def _():
    assert Sigmoid().backward(0.0, 2.0) == 0.5


@item("a message if dLdA has a wrong shape", "ShapeError")
def _():
    layer = Dense(5, 3, seed=0)
    layer.forward(X)
    return refused(lambda: layer.backward(np.ones((3, 12))), "shape (12, 3), got shape (3, 12)")


@item("dLdZ = dLdA ⊙ f′ (element by element, a fault of the text for softmax)", "da")
def _():
    softmax = Softmax()
    h = softmax.forward([0.5, -1.0, 2.0])
    np.testing.assert_allclose(softmax.backward([1.0, 0.0, 0.0]).da, h[0] * (np.eye(3)[0] - h), atol=1e-15)


@item("the forward pass of a layer is that of its neurons, and of its matrix twin", "as_dense, of_dense")
def _():
    layer = NeuronLayer(5, 3, "relu", seed=0)
    assert np.array_equal(layer.forward(X), layer.as_dense().forward(X))
    assert np.array_equal(layer.forward(X)[:, 1], np.maximum(layer.neuron[1].forward(X), 0.0))


@item("a neuron without bias on nodes", "bias=False")
def _():
    node = Neuron(2, bias=False)([Variable(1.0), Variable(2.0)])
    node.backward()
    assert node.reached


@item("Network([…], MSE())", "Network([...], loss=...)")
def _():
    assert len(Network([Dense(5, 3), Dense(3, 2)], loss=MSELoss())) == 2
    return refused(lambda: Network([Dense(5, 2)], MSELoss()), "loss=")


@item("Network.forward(a); backward in reverse order", "forward, backward")
def _():
    network = Network(Dense(5, 3, seed=0), Dense(3, 2, seed=1), loss="mse")
    network.forward(X, LABELS)
    first, second = [layer.weight.values for layer in network.layers]
    np.testing.assert_allclose(
        network.backward().dx, (X @ first @ second - LABELS) / 12 @ second.T @ first.T, atol=1e-14
    )


@item("train(data, labels, learning_rate, epochs), sample by sample", "train(..., batch_size=1)")
def _():
    network = Network(Dense(5, 2, seed=0), loss="mse")
    assert len(network.train(X, LABELS, 0.01, 3, batch_size=1, progress=False).loss) == 3


@item("samples in their order", "shuffle=False")
def _():
    network, own = [Network(Dense(5, 2, seed=0), loss="mse") for _ in range(2)]
    network.train(X, LABELS, 0.1, 3, batch_size=1, shuffle=False, progress=False)
    optimizer = SGD(lr=0.1)
    for _ in range(3):
        for x, y in zip(X, LABELS, strict=True):
            own.forward(x, y)
            own.backward()
            for variable in own.parameters():
                variable.grad = min(max(variable.grad, -1.0), 1.0)
            optimizer.step(own.parameters())
    np.testing.assert_allclose(network.forward(X), own.forward(X), rtol=1e-12)


@item("the error is printed at each tenth of the epochs", "progress")
def _():
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        Network(Dense(5, 2), loss="mse").train(X, LABELS, 0.01, 20)
    assert len(printed.getvalue().splitlines()) == 11


@item("MSE, forward(pred, label), backward", "MSELoss")
def _():
    loss = MSELoss()
    assert loss.forward([1.0, 2.0], [0.0, 4.0]) == 2.5
    assert loss.backward().dy_hat.tolist() == [1.0, -2.0]
    assert type(Network(loss="MSE").loss) is MSELoss
    return refused(lambda: __import__("layers").MSE, "MSELoss")


@item("a network 5-10-10-2", "Network")
def _():
    network = Network(Dense(5, 10, "relu"), Dense(10, 10, "relu"), Dense(10, 2, "softmax"), loss="mse", seed=0)
    losses = network.train(X, LABELS, 0.1, 50, progress=False).loss
    assert losses[-1] < losses[0]


@item("the same of 22 objects of neurons", "NeuronLayer")
def _():
    sizes = [(5, 10, "relu"), (10, 10, "relu"), (10, 2, "softmax")]
    neurons = [NeuronLayer(*size, seed=place) for place, size in enumerate(sizes)]
    twin = Network([layer.as_dense() for layer in neurons], loss="mse")
    options = {"progress": False, "batch_size": 1, "seed": 0}
    history = Network(neurons, loss="mse").train(X, LABELS, 0.1, 5, **options)
    np.testing.assert_allclose(history.loss, twin.train(X, LABELS, 0.1, 5, **options).loss, rtol=1e-12)


@item("too large a rate: the errors grow", "TrainingError")
def _():
    network = Network(Dense(5, 2, seed=0), loss="mse")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return refused(
            lambda: network.train(X, LABELS, 1e200, 50, clip_value=None, progress=False), "a lower learning rate"
        )


@item("a combined layer, W of shape (layer_size, n_in)", "Dense, whose weight is (n_in, n_out)")
def _():
    assert Dense(5, 3).weight.shape == (5, 3)
    return refused(lambda: Dense(5, layer_size=3), "here it is n_out")


@item("shape, loss_function", "n_in, n_out; loss")
def _():
    network = Network(Dense(5, 2), loss="mse")
    assert refused(lambda: network.loss_function, "here it is loss")
    return refused(lambda: network[0].shape, "here it is weight.shape")


@item("np.multiply against np.dot, on nodes too", "NumPy's functions")
def _():
    a, b = [np.array([Variable(one) for one in numbers], dtype=object) for numbers in ((1.0, 2.0), (3.0, 4.0))]
    assert [node.value for node in np.multiply(a, b)] == [3.0, 8.0]
    assert np.dot(a, b).value == 11.0


@item("the error before is the sum over the neurons; dLdW = (X·dLdZᵀ)ᵀ, dLdB, Wᵀ·dLdZ", "dx, dweight, dbias")
def _():
    layer, upstream = Dense(5, 3, seed=0), generator.normal(size=(12, 3))
    layer.forward(X)
    found = layer.backward(upstream)
    np.testing.assert_allclose(found.dx, upstream @ layer.weight.values.T, atol=1e-13)
    np.testing.assert_allclose(found.dweight.T, (X.T @ upstream).T, atol=1e-13)


@item("Network(), add_layers([…]), add_loss(MSE())", "add_layers, add_loss")
def _():
    network = Network().add_layers([Dense(5, 3), Dense(3, 2)]).add_loss(MSELoss())
    assert len(network) == 2


@item("training on shape[1] samples (a fault of the text)", "all samples")
def _():
    network = Network(Dense(5, 2, seed=0), loss="mse")
    expected = float(np.mean([network.forward(x, y) for x, y in zip(X, LABELS, strict=True)]))
    history = network.train(X, LABELS, 0.0, 1, batch_size=1, progress=False)
    assert abs(history.loss[0] - expected) < 1e-14


@item("window, forecast, forecast; wished for: better descent, batches", 'optimizer="adam", batch_size=')
def _():
    inputs, targets = windows()
    network = Network(Dense(5, 2, ReLU()), Dense(2, 2, Identity()), loss=MSELoss(), seed=1)
    network.train(inputs, targets, epochs=150, optimizer={"type": "adam", "lr": 0.03}, seed=0, progress=False)
    assert network.evaluate(inputs, targets, "mse") < 0.2 * ((inputs[:, -1:] - targets) ** 2).mean()


@item("the repr of a model typed back", "Network(Dense(...), loss=...)")
def _():
    network = Network(Dense(5, 3, "relu"), Dense(3, 2), loss=CrossEntropyLoss(), seed=1)
    names = {"Network": Network, "Dense": Dense, "CrossEntropyLoss": CrossEntropyLoss, "Sequential": Sequential}
    assert eval(repr(network), names).to_dict() == network.to_dict()
    return refused(lambda: Network(layers=[Dense(5, 3)]), "layers are given one after the other")
