"""Layers in several places and models keep names and parameters in each; descriptions keep ties."""

import json

import numpy as np
import pytest

from autograd import Constant, Variable, jit, value_and_grad
from layers import (
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    Dense,
    DescriptionError,
    HingeLoss,
    InputError,
    Layer,
    LeakyReLU,
    Model,
    MSELoss,
    Network,
    Parameter,
    Residual,
    Sequential,
    ShapeError,
    from_dict,
    registered,
)
from layers.base import LAYERS
from layers.elementary import ReLU

X = np.random.default_rng(0).normal(size=(20, 2))


def decoder_of(model):
    return Sequential(model[1])


def second_head(model):
    return Sequential(model[0], Dense(1, 3), seed=1)


def inside_another(model):
    return Network(model, Dense(2, 1), loss="mse", seed=1)


def appended(model):
    other = Sequential(Dense(2, 1), seed=1)
    other.layers.append(model[1])
    return other


@pytest.mark.parametrize("share", [decoder_of, second_head, inside_another, appended], ids=lambda one: one.__name__)
def test_a_layer_in_two_models_keeps_its_names_and_parameters_in_each(share):
    def made():
        return Sequential(Dense(2, 1, "tanh"), Dense(1, 2), seed=0)

    alone, model = made(), made()
    other = share(model)
    names = ["dense_0.weight", "dense_0.bias", "dense_1.weight", "dense_1.bias"]
    assert list(model.named_parameters()) == names
    assert len(set(model.parameters())) == 7
    assert len(other.named_parameters()) == len(set(other.named_parameters().values()))
    options = {"epochs": 5, "optimizer": {"type": "sgd", "lr": 0.1}, "seed": 0, "progress": False}
    assert model.fit(X, X, **options).loss == alone.fit(X, X, **options).loss
    assert {name: value.tolist() for name, value in model.state_dict().items()} == {
        name: value.tolist() for name, value in alone.state_dict().items()
    }
    variables = [variable.name.rpartition("[")[0] for variable in model.parameters()]
    assert len(set(variables)) == 4


def test_messages_and_boxes_name_a_shared_layer_as_the_model_does():
    model = Sequential(Dense(2, 1), Dense(1, 2), seed=0)
    decoder = Sequential(model[1], name="decoder")
    with pytest.raises(ShapeError, match=r"^decoder: dense_0: x has 1 features"):
        decoder.forward([1.0, 2.0])
    node = decoder(np.array([Variable(1.0)], dtype=object))[0]
    assert node.scope.label == "dense_0"
    assert model[1].name == "dense_1"


def test_names_given_twice_are_refused_however_the_layer_came_in():
    model = Sequential(Dense(2, 2, name="a"))
    model.layers.append(Dense(2, 2, name="a"))
    with pytest.raises(DescriptionError, match="names unlike each other, without a dot; got 'a' in place 1"):
        model.parameters()


def test_ties_survive_a_description():
    tied = Dense(4, 4, "tanh")
    model = Sequential(Dense(2, 4), tied, ReLU(), tied, Dense(4, 1), seed=0)
    description = json.loads(json.dumps(model.to_dict()))
    assert description["layers"][3] == {"tied": "dense_1"}
    again = from_dict(description)
    assert again[1] is again[3]
    assert again.to_dict() == description
    again.load_state_dict(model.state_dict())
    assert np.array_equal(again.forward(X), model.forward(X))
    named = Dense(4, 4, name="shared")
    twice = from_dict(Residual(named, named).to_dict())
    assert twice[0] is twice[1]


def test_ties_that_a_description_can_not_say_are_refused():
    tied = Dense(2, 2)
    with pytest.raises(DescriptionError, match=r"dense_0 and residual_0 share .*weight, and a description ties whole"):
        Sequential(tied, Residual(tied)).to_dict()
    with pytest.raises(
        DescriptionError, match=r"layers\[1\]: no layer before this one is called 'x'; there are relu_0"
    ):
        from_dict({"type": "sequential", "layers": ["relu", {"tied": "x"}]})


def test_the_repr_of_a_model_can_be_typed_back():
    model = Network(Dense(2, 3, "relu"), Residual(Dense(3, 3)), loss="mse", seed=4, name="net")
    again = eval(repr(model), {"Network": Network, "Dense": Dense, "Residual": Residual, "MSELoss": MSELoss})
    assert again.to_dict() == model.to_dict()


def test_layers_are_given_one_by_one_or_in_lists():
    first, second = Dense(2, 3, seed=0), Dense(3, 1, seed=1)
    expected = Sequential(first, second).forward(X)
    for model in (
        Sequential([first, second]),
        Network([first, second], loss="mse"),
        Sequential().add_layers([first], second),
    ):
        assert np.array_equal(model.forward(X), expected)
    with pytest.raises(
        InputError, match=r"MSELoss in place 1 has 2 \(y_hat, y\); a loss is given as Network\(..., loss"
    ):
        Network([first], MSELoss())
    with pytest.raises(InputError, match=r"got 'relu' in place 1; did you mean from_dict\('relu'\)"):
        Sequential(first, "relu")


def test_a_class_registered_again_takes_the_place_of_the_first():
    known = dict(LAYERS.classes)
    try:
        for slope in (1.0, 2.0):
            # A cell of a notebook, run twice.
            @registered("mine")
            class Mine(Layer):
                factor = slope

                def compute(self, a):
                    return {"h": a}

        assert from_dict("mine").factor == 2.0
        with pytest.raises(DescriptionError, match="the layer name 'mine' is taken by Mine"):
            registered("mine")(type("Other", (Layer,), {}))
    finally:
        LAYERS.classes.clear()
        LAYERS.classes.update(known)


def test_a_description_that_would_lose_an_option_is_refused():
    class Scaled(Layer):
        kind = "scaled_by"

        def __init__(self, p=1.0, **names):
            super().__init__(**names)
            self.p = p

        def compute(self, a):
            return {"h": a}

    with pytest.raises(DescriptionError, match=r"Scaled has options that its description would lose: p; .*\('p',\)"):
        Scaled(5.0).to_dict()
    Scaled.settings = ("p",)
    assert Scaled(5.0).to_dict() == {"type": "scaled_by", "p": 5.0}


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, np.uint8])
def test_numbers_of_numpy_are_numbers(kind):
    layers = (LeakyReLU(kind(1)), Dense(2, 1, seed=np.int64(3)), ReLU(index=np.int64(2)))
    for layer in layers:
        assert from_dict(json.loads(json.dumps(layer.to_dict()))).to_dict() == layer.to_dict()
    with pytest.raises(DescriptionError, match="is a finite number"):
        LeakyReLU(np.True_)
    with pytest.raises(DescriptionError, match="n_in is a whole number"):
        Dense(np.True_, 1)


class Held(Layer):
    def __init__(self, make):
        super().__init__()
        self.W = make([Variable(0.1), Variable(0.2)])

    def compute(self, x):
        return {"y": np.array([x[0] * self.W[0] + x[1] * self.W[1]], dtype=object)}


@pytest.mark.parametrize("make", [list, tuple, np.array], ids=lambda make: make.__name__)
def test_variables_that_no_parameter_holds_are_refused_by_fit(make):
    model = Sequential(Dense(2, 2, weight_init={"type": "orthogonal"}, seed=0), Held(make))
    with pytest.raises(
        DescriptionError, match=r"Held holds 2 Variables in W that are in no Parameter .* self.W.nodes|held"
    ):
        model.fit(X, X[:, :1], epochs=1, progress=False)
    # They are as good as constants for what learns nothing.
    assert model.predict(X).shape == (20, 1)
    assert model.evaluate(X, X[:, :1]) > 0.0


def test_a_model_that_gives_constants_predicts():
    class OfConstant(Layer):
        def compute(self, x):
            return {"y": x * 2.0 + Constant(1.0)}

    model = Sequential(OfConstant())
    assert np.array_equal(model.predict(X[:3]), X[:3] * 2.0 + 1.0)
    assert model.evaluate(X[:3], X[:3] * 2.0) == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [(6, 3, 5), (6, 15), (6, 5, 3, 2)])
def test_targets_are_not_reshaped(shape):
    with pytest.raises(ShapeError, match=r"each output has shape \(5, 3\), each target"):
        MSELoss().encoded(np.zeros(shape), (5, 3))
    assert MSELoss().encoded(np.zeros((6, 1, 5, 3)), (5, 3)).shape == (6, 5, 3)


@pytest.mark.parametrize("dtype", ["complex128", "datetime64[s]", "timedelta64[s]"])
def test_numbers_that_are_more_than_real_numbers_are_refused(dtype):
    values = X.astype(int).astype(dtype)
    model = Sequential(Dense(2, 1), seed=0)
    for use in (
        lambda: model.forward(values), lambda: model.predict(values), lambda: model.evaluate(values, X[:, :1]),
        lambda: model.fit(X, values[:, :1], epochs=1, progress=False), lambda: model.predict(list(values)),
    ):  # fmt: skip
        with pytest.raises((InputError, ValueError), match="has real numbers, got an array of"):
            use()


LABELS, SOFT = np.eye(3)[[0, 1, 2, 0]], np.random.default_rng(2).dirichlet(np.ones(3), 4)


@pytest.mark.parametrize(
    ("loss", "outputs", "targets"),
    [
        (CrossEntropyLoss(of="probabilities"), SOFT, LABELS),
        (CrossEntropyLoss(), 3 * SOFT - 1, LABELS),
        (BinaryCrossEntropyLoss(of="probabilities"), SOFT, LABELS),
        (BinaryCrossEntropyLoss(), 3 * SOFT - 1, LABELS),
        (HingeLoss(), 3 * SOFT - 1, 2 * LABELS - 1),
    ],
    ids=lambda one: getattr(one, "name", None),
)
def test_targets_in_the_place_of_outputs_are_refused(loss, outputs, targets):
    nodes = np.vectorize(Variable, otypes=[object])(outputs)
    assert loss.forward(outputs, targets) == pytest.approx(loss(nodes, targets).value, rel=1e-12)
    for use in (lambda: loss.forward(targets, outputs), lambda: loss(targets, nodes), lambda: loss(targets, outputs)):
        with pytest.raises(
            InputError, match=r"takes the outputs first and then the targets, \(y_hat, y\); .* exchange"
        ):
            use()


@pytest.mark.parametrize(
    ("loss", "outputs", "targets"),
    [
        (CrossEntropyLoss(of="probabilities"), LABELS, LABELS),
        (CrossEntropyLoss(of="probabilities"), LABELS, [0, 1, 2, 0]),
        (CrossEntropyLoss(), LABELS, SOFT),
        (BinaryCrossEntropyLoss(), 1.0, 0.3),
        (BinaryCrossEntropyLoss(), [0.0, 0.0], [0.3, 0.2]),
        (HingeLoss(), [1.0, -1.0], [-1.0, -1.0]),
        (MSELoss(), [1.0, 0.0], [0.3, 0.2]),
    ],
)
def test_outputs_that_look_like_labels_are_taken_where_the_targets_are_targets(loss, outputs, targets):
    assert np.isfinite(loss.forward(outputs, targets))


@pytest.mark.parametrize("loss", [CrossEntropyLoss(of="probabilities"), BinaryCrossEntropyLoss(of="probabilities")])
@pytest.mark.parametrize("p", [0.0, 5e-324, 1e-310, 2.2250738585072014e-308, 1e-300, 0.25])
def test_the_loss_of_a_probability_near_0_is_steep_and_finite(loss, p):
    outputs, targets = ([p, 1.0], [1.0, 0.0]) if isinstance(loss, CrossEntropyLoss) else (p, 1.0)
    tiny = np.finfo(float).tiny
    expected = 1 - p / tiny - np.log(tiny) if p < tiny else -np.log(p)
    assert loss.forward(outputs, targets) == pytest.approx(expected, rel=1e-15)
    slope = np.ravel(loss.backward().dy_hat)[0]
    assert slope == pytest.approx(-1 / max(p, tiny), rel=1e-15)
    program = jit(value_and_grad(lambda q: loss([q, 1.0 - q] if np.ndim(outputs) else q, targets)))
    assert program(p)[0] == pytest.approx(expected, rel=1e-12)


class Branches(Model):
    """A model whose parts are in a dict, in lists of lists, and in a list of parameters."""

    def __init__(self, **names):
        super().__init__(**names)
        self.branches = {"a": Dense(2, 3, "relu"), "b": [Dense(2, 3, "tanh"), [Dense(3, 3)]]}
        self.gains = [Parameter((3,), "ones"), {"shift": Parameter([1])}]

    def compute(self, x):
        first, (second,) = self.branches["b"]
        h = self.branches["a"].apply(x) + second.apply(first.apply(x))
        return {"h": h, "y": h @ self.gains[0].nodes.reshape(3, 1) + self.gains[1]["shift"].nodes}


def test_layers_and_parameters_in_dicts_and_nested_lists_are_trained_saved_and_frozen(tmp_path):
    model = Branches()
    model.branches["b"][0].frozen = True
    before = model.state_dict()
    assert sorted(before) == sorted(
        ["gains_0", "gains_1_shift"]
        + [f"branches_{place}.{name}" for place in ("a", "b_0", "b_1_0") for name in ("weight", "bias")]
    )
    model.fit(X, X[:, :1], "mse", epochs=3, progress=False, seed=0)
    moved = {name for name, values in model.state_dict().items() if not np.array_equal(values, before[name])}
    assert moved == {name for name in before if not name.startswith("branches_b_0")}
    model.save(tmp_path / "branches.npz")
    again = Branches()
    again.load(tmp_path / "branches.npz")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_subclass_of_a_sequence_trains_the_layers_that_it_holds_besides():
    class WithHead(Sequential):
        def __init__(self):
            super().__init__(Dense(2, 3, "tanh"), seed=0)
            self.head = Dense(3, 1)
            self.first = self.layers[0]

        def compute(self, x):
            return {"y": self.head.apply(super().compute(x)["y"])}

    assert sorted(WithHead().state_dict()) == ["dense_0.bias", "dense_0.weight", "head.bias", "head.weight"]


def test_two_parameters_of_one_name_are_refused():
    class Clash(Model):
        def __init__(self):
            super().__init__()
            self.a_0, self.a = Dense(2, 2), [Dense(2, 1)]

    with pytest.raises(DescriptionError, match=r"Clash has two parameters a_0\.weight: rename an attribute"):
        Clash().named_parameters()


def test_a_parameter_says_what_it_is_given():
    assert Parameter((2,), "ones").values.tolist() == [1.0, 1.0]
    for wrong in (np.zeros((2, 3)), 3, [[1.0, 2.0]]):
        with pytest.raises(InputError, match=r"is given its shape, a tuple of lengths, and an initialiser.*assign"):
            Parameter(wrong)
    with pytest.raises(DescriptionError, match="a length is a whole number"):
        Parameter((2.5,))
