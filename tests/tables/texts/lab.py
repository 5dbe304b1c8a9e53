"""Layers as Python classes on single numbers: Plus, Square, Affine, ReLU, SquaredLoss, and a network of them."""

import re

import numpy as np

from autograd import Variable, topological_order
from examples import lab_network
from layers import (
    Affine,
    HingeLoss,
    Layer,
    Network,
    Plus,
    ReLU,
    Sequential,
    Sigmoid,
    SigmoidNeuron,
    Softmax,
    Square,
    SquaredLoss,
)
from tests.tables.texts.items import Text, refused
from viz import draw

TEXT = Text("A lab on layers", 1)
item = TEXT.item
X, W, B = [[1, 2, 5], [2, 4, 7], [4, 2, 4]], [[1, 2, -3]], [[5, -2, -20]]


class Mine(Layer):
    """A layer as the lab types it."""

    def forward(self, x):
        self.cache = locals()
        return x**2

    def backward(self, dy):
        return 2 * self.cache["x"] * dy


class ByCompute(Layer):
    """The network of the lab, by `compute`."""

    def __init__(self, **names):
        super().__init__(**names)
        self.parts = [Affine(index=1), ReLU(), Affine(index=2, output="y_hat"), SquaredLoss()]

    def compute(self, x, y, w1, b1, w2, b2):
        first, relu, second, loss = self.parts
        h = relu.apply(first.apply(x, w1, b1))
        return {"h": h, "y_hat": (y_hat := second.apply(h, w2, b2)), "l": loss.apply(y_hat, y)}


class NN(Layer):
    """The network of the lab, by forward and backward of its layers."""

    def forward(self, x, y, w1, b1, w2, b2):
        self.affine1, self.relu, self.affine2, self.loss = Affine(index=1), ReLU(), Affine(index=2), SquaredLoss()
        a1 = self.affine1.forward(x=x, w=w1, b=b1)
        h = self.relu.forward(a=a1)
        y_hat = self.affine2.forward(x=h, w=w2, b=b2)
        return self.loss.forward(y_hat=y_hat, y=y)

    def backward(self, dl=1.0):
        of_loss = self.loss.backward(dl=dl)
        of_affine2 = self.affine2.backward(of_loss.dy_hat)
        of_relu = self.relu.backward(of_affine2.dx)
        of_affine1 = self.affine1.backward(of_relu)
        return of_affine1.dx, of_affine1.dw1, of_affine1.db1, of_affine2.dx, of_affine2.dw, of_affine2.db


POINT = (2.0, 1.0, -1.0, 1.0, -2.0, 1.5)


def names_in(drawing):
    return {value.name: value for value in drawing.diagram.values if value.name}


def boxes_in(drawing):
    return [block.label for block in drawing.view.blocks if block.kind == "box"]


@item("a layer: a unit with forward and backward", "Layer")
def _():
    assert callable(Layer.forward)
    assert callable(Layer.backward)


@item("the base's forward raises NotImplementedError", "compute")
def _():
    assert refused(lambda: Layer().forward(3), "Layer defines no compute")
    return refused(lambda: type("Empty", (Layer,), {})().forward(3), "Empty defines no compute(self, ...)")


@item("the base's backward raises NotImplementedError", "compute")
def _():
    return refused(lambda: Layer().backward(1.0), "Layer defines no compute")


@item("a class of one's own with forward and backward, self.cache = locals()", "Layer")
def _():
    mine = Mine()
    assert (mine.forward(3.0), mine.backward(10.0)) == (9.0, 60.0)


@item("the same class in a model", "compute")
def _():
    return refused(lambda: Sequential(Mine()), "Mine defines no compute(self, ...)")


@item("Plus.forward(3, 2) = 5", "Plus")
def _():
    assert Plus().forward(3, 2) == 5.0


@item("da, db = plus.backward(dc)", "backward")
def _():
    plus = Plus()
    plus.forward(3, 2)
    da, db = plus.backward(10.0)
    assert (da, db) == (10.0, 10.0)


@item("Plus is stateless: backward needs no forward; is locals() needed?", "stateless")
def _():
    da, db = Plus().backward(10)
    assert (da, db) == (10.0, 10.0)
    assert Plus.stateless
    assert not Square.stateless


@item("Square: y = x², dx = 2·x·dy", "Square, whose input is c")
def _():
    square = Square()
    assert (square.forward(5.0), square.backward(1.0).dc, square.backward(c := 1.0).dy) == (25.0, 10.0, c)


@item("dc = square.backward(dy) is a number", "Gradients of one input")
def _():
    square = Square()
    square.forward(5.0)
    dc = square.backward(1.0)
    assert (dc, 2 * dc, 0.1 * dc, dc + 1) == (10.0, 20.0, 1.0, 11.0)


@item("self.a, cache['x']: forward values of a layer used alone", "values")
def _():
    affine = Affine()
    affine.forward(1.0, 2.0, 5.0)
    assert (affine.values.x, affine.values["z"]) == (1.0, 2.0)
    return refused(lambda: affine.cache, "here it is values")


@item("the pipeline in four steps prints 10 10 10 1", "forward, backward")
def _():
    plus, square = Plus(), Square()
    square.forward(plus.forward(3, 2))
    dc = square.backward(1)
    da, db = plus.backward(dc)
    assert (da, db, dc) == (10.0, 10.0, 10.0)


@item("the pipeline as an expression", "layers called on nodes")
def _():
    a, b = Variable(3.0), Variable(2.0)
    Square()(Plus()(a, b)).backward()
    assert (a.grad, b.grad) == (10.0, 10.0)


@item("Affine(x, w, b) = w·x + b, in that order", "Affine")
def _():
    assert Affine.inputs == ("x", "w", "b")


@item("affine.forward(1, 2, 5) = 7", "Affine")
def _():
    assert Affine().forward(1, 2, 5) == 7.0


@item("affine.backward(1) gives dx, dw, dz, db, da = 2 1 1 1 1", "names of Gradients")
def _():
    affine = Affine()
    affine.forward(1, 2, 5)
    found = affine.backward(1)
    assert (found.dx, found.dw, found.dz, found.db, found.da) == (2.0, 1.0, 1.0, 1.0, 1.0)
    assert tuple(found) == (2.0, 1.0, 1.0)


@item("the gradient of r is called dr", "names of Gradients")
def _():
    loss = SquaredLoss()
    loss.forward(1.0, 2.0)
    assert loss.backward().dr == -2.0


@item("Affine, ReLU, SquaredLoss of operations with simple local gradients", "primitives")
def _():
    operations = [node.op.name for node in topological_order(lab_network.build()) if node.op is not None]
    assert operations == ["multiply", "plus", "max", "multiply", "plus", "minus", "square"]


@item("∇x is handed to the layer before", "dx")
def _():
    relu, affine = ReLU(), Affine()
    affine.forward(relu.forward(3.0), 2.0, 5.0)
    assert relu.backward(affine.backward(1.0).dx).da == 2.0


@item("ReLU(a): forward(−1) = 0, slope 0 at 0", "ReLU")
def _():
    relu = ReLU()
    assert (relu.forward(-1.0), relu.forward(0.0), relu.backward(1.0).da) == (0.0, 0.0, 0.0)


@item("class ReLu", "ReLU")
def _():
    def typed():
        from layers import ReLu

        return ReLu

    return refused(typed, "ReLu", "ReLU")


@item("backward() without an argument: ∇ℓ = 1 gets you started", "upstream, 1 if not given")
def _():
    loss = SquaredLoss()
    loss.forward(1.0, 2.0)
    assert loss.backward().dl == 1.0


@item("relu.backward(dh) ignores dh (a fault of the text)", "upstream")
def _():
    relu = ReLU()
    relu.forward(3.0)
    assert relu.backward(10.0) == 10.0


@item("SquaredLoss.forward(1, 2) = 1", "SquaredLoss")
def _():
    assert SquaredLoss().forward(1, 2) == 1.0


@item("backward(1) = (d_yhat, dr, dl) = (−2, −2, 1)", "dy_hat, dr, dl")
def _():
    loss = SquaredLoss()
    loss.forward(1, 2)
    found = loss.backward(1)
    assert (found.dy_hat, found.dr, found.dl) == (-2.0, -2.0, 1.0)
    return refused(lambda: found.d_yhat, "dy_hat")


@item("SquaredLoss.backward ignores dl and gives no dy (faults of the text)", "upstream, dy")
def _():
    loss = SquaredLoss()
    loss.forward(1, 2)
    assert tuple(loss.backward(10)) == (-20.0, 20.0)


@item("L(2, 1, −1, 1, −2, 1.5) = 0.25", "layers called on nodes")
def _():
    assert lab_network.build().value == 0.25


@item("class NN of layers, forward by keyword", "forward(x=..., w=..., b=...)")
def _():
    assert NN().forward(*POINT) == 0.25


@item("NN.backward: zeros are 0", "backward(dl=1)")
def _():
    network = NN()
    network.forward(*POINT)
    found = network.backward(dl=1.0)
    assert repr(found) == "(0.0, 0.0, 0.0, -2.0, 0.0, 1.0)"


@item("NN by composition: all gradients for free", "compute")
def _():
    network = ByCompute()
    assert network.forward(*POINT) == 0.25
    found = network.backward()
    assert (found.dw1, found.db1, found.dh, found.dw2, found.db2, found.dy_hat, found.dl) == (0, 0, -2, 0, 1, 1, 1)


@item("forward(x=1, ...), backward(dl=1)", "keywords")
def _():
    loss = SquaredLoss()
    assert loss.forward(y=2, y_hat=1) == 1.0
    assert loss.backward(dl=1).dr == -2.0


@item("gradients of the first Affine are dw1, dz1", "index=1")
def _():
    affine = Affine(index=1)
    affine.forward(2.0, -1.0, 1.0)
    found = affine.backward(1.0)
    assert (found.dw1, found.dz1) == (found.dw, found.dz) == (2.0, 1.0)


@item("bonus: Sigmoid(w, x, b) = σ(w·x − b)", "SigmoidNeuron")
def _():
    return refused(lambda: Sigmoid().forward(1, -4, -6), "SigmoidNeuron")


@item("0.8808; dw = −0.42; db = +0.105 (the sign of db is a fault of the text)", "SigmoidNeuron")
def _():
    neuron = SigmoidNeuron()
    assert abs(neuron.forward(1, -4, -6) - 0.88079707797788231) < 1e-15
    found = neuron.backward(1)
    assert abs(found.dw + 0.41997434161402603) < 1e-14
    assert abs(found.db + 0.10499358540350662) < 1e-14


@item("bonus: Softmax", "Softmax")
def _():
    assert Softmax().forward([0.0, 0.0]).tolist() == [0.5, 0.5]


@item("bonus: hinge loss", "HingeLoss")
def _():
    assert HingeLoss().forward(0.5, 1) == 0.5


@item("bonus: vectorised Affine, [−2, 2, −13]", "Affine of matrices")
def _():
    assert Affine().forward(X, W, B).tolist() == [[-2.0, 2.0, -13.0]]
    return refused(lambda: __import__("layers").Affine_Matrix, "Affine")


@item("its backward with ones, which it ignores (a fault of the text)", "Affine of matrices")
def _():
    affine = Affine()
    affine.forward(X, W, B)
    found = affine.backward(np.ones((1, 3)))
    assert (found.dw.tolist(), found.db.tolist()) == ([[8, 13, 10]], [[1, 1, 1]])
    assert affine.backward([[1, 0, -2]]).dw.tolist() == [[-9, -12, -4]]


@item("a row of weights for each node, and shapes of biases", "(outputs, 1)")
def _():
    return refused(lambda: Affine().forward(X, [[1, 2, 3], [4, 5, 6]], [1, 2, 3]), "(2, 1) or (1, 3)")


@item("bonus: vectorised ReLU", "ReLU")
def _():
    assert ReLU().forward([[-1.0, 2.0]]).tolist() == [[0.0, 2.0]]


@item("a wrong number or kind of inputs", "InputError, ShapeError")
def _():
    assert refused(lambda: Affine().forward(1, 2), "Affine takes 3 inputs (x, w, b), got 2")
    return refused(lambda: Affine().forward("1", 2, 3), "Affine: x is a number, a node or an array of them")


@item("pictures of Plus, Square, Affine, ReLU, SquaredLoss, black and white", "draw(layer, inputs, expand=)")
def _():
    for layer, count in ((Plus(), 2), (Square(), 1), (Affine(), 3), (ReLU(), 1), (SquaredLoss(), 2)):
        assert boxes_in(draw(layer, *[3.0] * count, expand="none")) == [layer.name]
        assert not boxes_in(draw(layer, *[3.0] * count, expand="all"))


@item("pictures with names and no numbers", 'draw(..., show="names")')
def _():
    shown = draw(lab_network.build(), show="names", expand="none").text()
    assert "ŷ" in shown
    assert not re.search(r"\d", shown.replace("0", "", 1))


@item("the network forward: one box a layer, no gradients", 'draw(..., show="values")')
def _():
    drawing = draw(lab_network.build(), show="values", expand="none")
    assert boxes_in(drawing) == ["Affine₁", "ReLU", "Affine₂", "SquaredLoss"]
    assert "∂" not in drawing.dot


@item("the network backward: one box a layer", 'draw(..., expand="none")')
def _():
    found = names_in(draw(lab_network.build(), expand="none"))
    assert {name: found[name].gradient for name in ("h", "w1", "b2", "y")} == {"h": -2, "w1": 0, "b2": 1, "y": -1}


@item("gradients named ∇w1 or dw1 in the picture", 'draw(..., sign="d") or "∇"')
def _():
    assert "dw₁ = 0" in draw(lab_network.build(), sign="d").text()
    assert "∇⃗w₁ 0" in draw(lab_network.build(), sign="∇").text()


@item("the picture of a layer after its own backward", "draw(layer)")
def _():
    affine = Affine()
    affine.forward(1.0, 2.0, 5.0)
    affine.backward(10.0)
    assert names_in(draw(affine))["x"].gradient == 20.0


@item("the whole network as a box that opens, inputs outside", "expand=")
def _():
    network = ByCompute()
    for expand, boxes in (("none", ["ByCompute"]), (1, ["Affine₁", "ReLU", "Affine₂", "SquaredLoss"]), ("all", [])):
        drawing = draw(network, *POINT, expand=expand)
        assert boxes_in(drawing) == boxes
        assert {names_in(drawing)[name].home for name in ("x", "y", "w1")} == {None}
    assert Network.inputs == ("x",)
