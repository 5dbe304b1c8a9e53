"""A reference of layers for a small framework: a base class, a dense layer, what is trainable."""

import numpy as np

import layers
from layers import SGD, Dense, Layer, MSELoss, ReLU, Sequential, Uniform
from tests.tables.texts.items import Text, refused

TEXT = Text("A reference of layers", 77)
item = TEXT.item
X = np.random.default_rng(5).normal(size=(4, 5))
GRADIENT = np.random.default_rng(6).normal(size=(4, 3))


def passed():
    layer = Dense(5, 3, seed=0)
    layer.forward(X)
    return layer, layer.backward(GRADIENT)


class Doubled(Layer):
    """A layer of one's own as the text types it."""

    def forward(self, X):
        return 2 * X

    def backward(self, grad_next):
        return 2 * grad_next


@item("BaseLayer", "Layer")
def _():
    return refused(lambda: layers.BaseLayer, "here it is Layer")


@item("a subclass with forward and backward, used alone", "Layer")
def _():
    assert (Doubled().forward(3.0), Doubled().backward(1.0), Doubled().trainable) == (6.0, 2.0, [])


@item("layer_name", "kind, name")
def _():
    return refused(lambda: Dense(5, 3).layer_name, "here it is kind")


@item("index: the place in the model", "the number in its name, dense_0")
def _():
    assert [layer.name for layer in Sequential(Dense(5, 3), ReLU(), Dense(3, 1)).layers] == [
        "dense_0",
        "relu_0",
        "dense_1",
    ]


@item('name = f"{layer_name}_{index}", unique', "names in a model")
def _():
    return refused(lambda: Sequential(Dense(5, 5, name="a"), Dense(5, 5, name="a")), "names unlike each other")


@item("a summary by name", "summary()")
def _():
    assert "dense_0" in Sequential(Dense(5, 3)).summary()


@item("Dense(input_size, output_size) by position", "Dense(n_in, n_out)")
def _():
    assert (Dense(5, 3).n_in, Dense(5, 3).n_out) == (5, 3)


@item("W (n_in, n_out), dW", "weight.values, weight.gradient")
def _():
    layer, _ = passed()
    assert layer.weight.values.shape == layer.weight.gradient.shape == (5, 3)
    assert refused(lambda: layer.dW, "here it is weight.gradient")
    return refused(lambda: layer.W, "here it is weight.values")


@item("b, db of shape (1, n_out)", "bias.values, bias.gradient of shape (n_out,)")
def _():
    layer, _ = passed()
    assert layer.bias.gradient.shape == (3,)
    return refused(lambda: layer.db, "here it is bias.gradient")


@item("X_input", "values.x")
def _():
    layer, _ = passed()
    return refused(lambda: layer.X_input, "here it is values.x")


@item("W uniform in [0, 1)", "weight_init=Uniform(0.0, 1.0)")
def _():
    weights = Dense(50, 50, weight_init=Uniform(0.0, 1.0)).weight.values
    assert weights.min() >= 0.0
    assert abs(weights.mean() - 0.5) < 0.05


@item("b, dW, db are zero at first", "bias.values, weight.gradient")
def _():
    layer = Dense(5, 3)
    assert not layer.bias.values.any()
    assert not layer.weight.gradient.any()


@item("forward X·W + b, dW = Xᵀ·g, db = Σ g", "sums over the samples")
def _():
    layer, found = passed()
    np.testing.assert_allclose(layer.values.h, X @ layer.weight.values, atol=1e-14)
    np.testing.assert_allclose(found.dweight, X.T @ GRADIENT, atol=1e-14)
    np.testing.assert_allclose(found.dbias, GRADIENT.sum(axis=0), atol=1e-14)


@item("d_input = backward(grad_next) is an array", "Gradients of one input")
def _():
    _, found = passed()
    assert found.shape == np.shape(found) == (4, 5)
    assert np.array_equal(2 * found, 2 * found.dx)
    return refused(lambda: found[0], ".dx")


@item("for layer in reversed(layers): grad = layer.backward(grad)", "backward")
def _():
    chain = [Dense(5, 4, seed=0), ReLU(), Dense(4, 3, seed=1)]
    out = X
    for layer in chain:
        out = layer.forward(out)
    grad = GRADIENT
    for layer in reversed(chain):
        grad = layer.backward(grad)
    whole = Sequential(chain)
    whole.forward(X)
    np.testing.assert_allclose(grad, whole.backward(GRADIENT).dx, atol=1e-14)


@item("trainable: (name, parameter, gradient)", "trainable")
def _():
    layer, _ = passed()
    assert [name for name, _, _ in layer.trainable] == ["weight", "bias"]
    assert ReLU().trainable == []


@item('names "W" and "b" in it', '"weight", "bias"')
def _():
    return refused(lambda: Dense(5, 3).W, "weight")


@item("the optimizer updates what trainable gives: param -= lr * grad", "SGD(lr=...).step(parameters)")
def _():
    layer, _ = passed()

    def typed():
        for _, param, grad in layer.trainable:
            param -= 0.1 * grad

    return refused(typed, "read-only")


@item("momentum by layer", "SGD(momentum=0.9)")
def _():
    layer, optimizer, loss = Dense(5, 3, seed=0), SGD(lr=0.05, momentum=0.9), MSELoss()
    losses = []
    for _ in range(20):
        losses.append(loss.forward(layer.forward(X), GRADIENT))
        layer.backward(loss.backward().dy_hat)
        optimizer.step(layer.parameters())
    assert losses[-1] < losses[0]
