"""A dense layer in NumPy with a base class, described in files."""

import json
import logging
import pickle

import numpy as np

from layers import SGD, Dense, Layer, MSELoss, Network, ReLU, Sequential, from_dict
from tests.tables.texts.items import Text, refused

TEXT = Text("A dense layer with a base class", 49)
item = TEXT.item
generator = np.random.default_rng(5)
X, UPSTREAM = generator.normal(size=(4, 5)), generator.normal(size=(4, 3))


class OfTexts:
    """An activation as the text has it."""

    function = staticmethod(np.tanh)
    derivative = staticmethod(lambda a: 1 - np.tanh(a) ** 2)


def made(**options):
    return Dense(5, 3, "relu", seed=0, **options)


def passed():
    layer = made()
    layer.forward(X)
    return layer, layer.backward(UPSTREAM)


@item("the base's attribute name, None", "name, given_name")
def _():
    assert (made().given_name, made().name, made(name="hidden").name) == (None, "Dense", "hidden")


@item("type", "kind")
def _():
    assert made().kind == "dense"
    return refused(lambda: made().type, "here it is kind")


@item("weights, biases", "weight.values, bias.values")
def _():
    assert refused(lambda: made().biases, "here it is bias.values")
    return refused(lambda: made().weights, "here it is weight.values")


@item("last_input", "values.x")
def _():
    layer, _ = passed()
    assert np.array_equal(layer.values.x, X)
    return refused(lambda: layer.last_input, "here it is values.x")


@item("last_z", "values.a")
def _():
    layer, _ = passed()
    np.testing.assert_allclose(layer.values.a, X @ layer.weight.values, atol=1e-14)
    return refused(lambda: layer.last_z, "here it is values.a")


@item("weights_initialized", "weight.sized")
def _():
    assert not Dense(None, 3).weight.sized
    return refused(lambda: made().weights_initialized, "here it is weight.sized")


@item("abstract methods: an incomplete subclass is an error", "compute")
def _():
    return refused(lambda: type("Incomplete", (Layer,), {})()(1.0), "Incomplete defines no compute(self, ...)")


@item("weights are made on the first forward and kept", "n_in=None")
def _():
    layer = Dense(None, 3, seed=0)
    layer.forward(X)
    first = layer.weight.values
    layer.forward(X)
    assert layer.n_in == 5
    assert np.array_equal(layer.weight.values, first)


@item("initialize_weights()", "initialize()")
def _():
    layer = Dense(5, 3)
    first = layer.weight.values
    layer.initialize()
    assert not np.array_equal(layer.weight.values, first)
    return refused(lambda: layer.initialize_weights, "here it is initialize()")


@item("DenseLayer(input_size=, output_size=, activation_function=, name=)", "Dense(n_in, n_out, activation, name=)")
def _():
    assert refused(lambda: Dense(2, 3, activation_function="relu"), "Dense", "here it is activation")
    return refused(lambda: Dense(input_size=5, output_size=3), "Dense", "here it is n_in")


@item("activation_function with .function and .derivative", "activation=, a function and its slope")
def _():
    layer, known = Dense(5, 3, OfTexts(), seed=0), Dense(5, 3, "tanh", seed=0)
    np.testing.assert_allclose(layer.forward(X), known.forward(X))
    np.testing.assert_allclose(layer.backward(UPSTREAM).dx, known.backward(UPSTREAM).dx)


@item("an activation of one's own", "Layer with compute, or a function")
def _():
    np.testing.assert_allclose(Dense(5, 3, np.tanh, seed=0).forward(X), Dense(5, 3, "tanh", seed=0).forward(X))


@item("He: randn·√(2/n_in), biases 0", '"he_normal", the default')
def _():
    weights = Dense(50, 4000, seed=1).weight.values
    assert abs(weights.var() * 25 - 1) < 0.02
    assert not made().bias.values.any()


@item("forward (batch, n_in) → (batch, n_out); shapes of gradients", "forward, backward")
def _():
    layer, found = passed()
    assert layer.values.h.shape == (4, 3)
    assert (found.dweight.shape, found.dbias.shape, found.dx.shape) == ((5, 3), (3,), (4, 5))


@item("delta = output_gradient · f′(last_z)", "da")
def _():
    layer, found = passed()
    assert np.array_equal(found.da, UPSTREAM * (layer.values.a > 0))


@item("gradients as a dict: inputs, weights, biases", "dx, dweight, dbias")
def _():
    _, found = passed()
    assert found["dx"] is found.dx
    return refused(lambda: found["inputs"], "here it is dx")


@item("gradients of weights averaged over the batch", "sums; hand in upstream / n")
def _():
    layer, _ = passed()
    np.testing.assert_allclose(layer.backward(UPSTREAM / 4).dbias, layer.backward(UPSTREAM).dbias / 4)


@item("no update in forward or backward: an optimizer does it", "SGD(lr=...).step(parameters)")
def _():
    layer, found = passed()
    before = layer.weight.values
    SGD(lr=0.1).step(layer.parameters())
    np.testing.assert_allclose(layer.weight.values, before - 0.1 * found.dweight)


@item("to_dict: name, type, input_size, output_size, activation_function", "to_dict: n_in, n_out, activation")
def _():
    described = made(name="hidden").to_dict()
    assert described == {"type": "dense", "n_in": 5, "n_out": 3, "activation": "relu", "seed": 0, "name": "hidden"}


@item("DenseLayer.from_dict(data)", "Dense.from_dict")
def _():
    assert Dense.from_dict(made().to_dict()).to_dict() == made().to_dict()


@item("the text's own dict", "n_in, n_out, activation")
def _():
    described = {"type": "dense", "input_size": 5, "n_out": 3}
    assert from_dict({"type": "Dense", "n_in": 5, "n_out": 3}).n_in == 5
    np.testing.assert_array_equal(Dense(5, 3, "ReLU", seed=0).forward(X), Dense(5, 3, "relu", seed=0).forward(X))
    return refused(lambda: from_dict(described), "here it is n_in")


@item("a network in a JSON or YAML file", "from_dict")
def _():
    text = json.dumps(Sequential(made(), Dense(3, 1)).to_dict())
    assert from_dict(json.loads(text)).to_dict() == json.loads(text)


@item("any class by its name in a file (a fault of the text)", "the registry")
def _():
    return refused(lambda: from_dict("os.system"), "no layer is called 'os.system'")


@item("weights saved and loaded", "save, load, state_dict")
def _():
    model, other = Sequential(made()), Sequential(Dense(5, 3, "relu"))
    other.load_state_dict(model.state_dict())
    assert np.array_equal(other.forward(X), model.forward(X))


class Told(logging.Handler):
    """Keeps what is logged."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        self.lines.append((record.name, record.getMessage()))


@item("log lines of initialisation and shapes", "loggers layers.parameters and layers.shapes, at DEBUG")
def _():
    told, logger = Told(), logging.getLogger("layers")
    level = logger.level
    logger.addHandler(told)
    logger.setLevel(logging.DEBUG)
    try:
        made().forward(X)
    finally:
        logger.removeHandler(told)
        logger.setLevel(level)
    assert [name for name, _ in told.lines][-1] == "layers.shapes"
    assert "layers.parameters" in dict(told.lines)


@item("logging by module instead of print", 'getLogger("layers.training")')
def _():
    from layers.training import fit

    assert fit.logger.name == "layers.training"


@item("crank forward, then backward; linear layers collapse to one", "Network.forward(X, y), backward()")
def _():
    first, second = Dense(5, 4, seed=1), Dense(4, 3, seed=2)
    whole = first.weight.values @ second.weight.values
    network = Network(first, second, loss=MSELoss())
    np.testing.assert_allclose(network.forward(X), X @ whole, atol=1e-14)
    network.forward(X, UPSTREAM)
    assert network.backward().dx.shape == X.shape


@item("backward before forward; an upstream of a wrong shape", "NoForwardError, ShapeError")
def _():
    layer, _ = passed()
    assert refused(lambda: made().backward(UPSTREAM), "call Dense.forward(x) first")
    assert pickle.loads(pickle.dumps(ReLU())).name == "ReLU"
    return refused(lambda: layer.backward(UPSTREAM.T), "like the output, shape (4, 3), got shape (3, 4)")
