"""Each layer and loss beside closed forms in NumPy and beside differences; what they refuse."""

import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd import Variable, gradcheck, topological_order
from layers import (
    GELU,
    BinaryCrossEntropyLoss,
    CausalSelfAttention,
    CrossEntropyLoss,
    DataError,
    Dense,
    DescriptionError,
    Embedding,
    FullyConnected,
    HingeLoss,
    HuberLoss,
    Identity,
    Layer,
    LayerNorm,
    LeakyReLU,
    LogSoftmax,
    Loss,
    MAELoss,
    Mean,
    MSELoss,
    Neuron,
    NeuronLayer,
    ReLU,
    RMSNorm,
    ShapeError,
    Sigmoid,
    Softmax,
    Softplus,
    SquaredLoss,
    Sum,
    Tanh,
    from_dict,
    registered,
)
from layers.base import LAYERS
from layers.losses import loss_of

scipy_special = pytest.importorskip("scipy.special")

CLOSED_FORMS = {
    "identity": lambda a: a,
    "relu": lambda a: np.maximum(a, 0.0),
    "leaky_relu": lambda a: np.where(a > 0, a, 0.01 * a),
    "sigmoid": scipy_special.expit,
    "tanh": np.tanh,
    "softplus": lambda a: np.logaddexp(0.0, a),
    "gelu": lambda a: a * scipy_special.ndtr(a),
    "silu": lambda a: a * scipy_special.expit(a),
    "elu": lambda a: np.where(a > 0, a, np.expm1(np.minimum(a, 0.0))),
    "dropout": lambda a: a,
    "softmax": lambda a: scipy_special.softmax(a, axis=-1),
    "log_softmax": lambda a: scipy_special.log_softmax(a, axis=-1),
    "square": np.square,
    "mean": np.mean,
    "sum": np.sum,
}
rows = st.lists(st.floats(-30, 30, allow_subnormal=False), min_size=3, max_size=3).map(np.array)


@pytest.mark.parametrize("kind", CLOSED_FORMS)
@settings(deadline=None)  # the machine may have other work
@given(row=rows)
def test_a_layer_is_its_closed_form(kind, row):
    expected = CLOSED_FORMS[kind](row)
    # The tail of Φ has a condition of up to 30² at -30; sums of three of the numbers may cancel.
    np.testing.assert_allclose(from_dict(kind).forward(row), expected, rtol=1e-12, atol=2e-14)


@pytest.mark.parametrize("kind", CLOSED_FORMS)
@settings(deadline=None)  # the machine may have other work
@given(row=rows)
# In a trace layers add one after the other, outside they carry the roundings along: of this sum nothing else is left.
@example(row=np.array([1.0, 8.8e-307, -1.0]))
def test_the_gradients_of_a_layer_agree_with_differences(kind, row):
    if "relu" in kind and (abs(row) < 0.01).any():
        return
    layer = from_dict(kind)
    weights = [1.0, -2.0, 0.5]

    def weighted(row):
        result = layer(row)
        return result if np.ndim(result) == 0 else np.dot(result, weights)

    assert gradcheck(weighted, [row])


LOSSES = [
    (SquaredLoss(), 0.7, 0.2),
    (MSELoss(), [0.7, -1.0], [0.2, 3.0]),
    (MAELoss(), [0.7, -1.0], [0.2, 3.0]),
    (HuberLoss(delta=0.5), [0.9, -1.0, 0.1], [0.2, 3.0, 0.3]),
    (HingeLoss(), [0.7, -1.0, 3.0], [1.0, 1.0, -1.0]),
    (BinaryCrossEntropyLoss(), [0.7, -1.0], [1.0, 0.0]),
    (BinaryCrossEntropyLoss(of="probabilities"), [0.7, 0.2], [1.0, 0.25]),
    (CrossEntropyLoss(), [0.7, -1.0, 0.1], [0.0, 0.5, 0.5]),
    (CrossEntropyLoss(of="probabilities"), [0.7, 0.1, 0.2], [0.2, 0.5, 0.3]),
]


@pytest.mark.parametrize(("loss", "outputs", "targets"), LOSSES, ids=repr)
def test_the_gradients_of_a_loss_agree_with_differences(loss, outputs, targets):
    assert gradcheck(loss, [np.array(outputs), np.array(targets)])
    assert gradcheck(lambda outputs: loss(outputs, targets), [np.array(outputs)], order=2)


def test_reductions():
    outputs, targets = [1.0, 2.0, 4.0], [0.0, 0.0, 0.0]
    assert MSELoss(reduction="none").forward(outputs, targets).tolist() == [1.0, 4.0, 16.0]
    assert MSELoss(reduction="sum").forward(outputs, targets) == 21.0
    assert MSELoss().forward(outputs, targets) == 7.0
    assert Mean().forward(3.0) == Sum().forward(3.0) == 3.0


def test_cross_entropy_takes_classes_and_shares_alike():
    scores = [[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]
    loss = CrossEntropyLoss()
    by_class, by_share = loss.forward(scores, [2, 0]), loss.forward(scores, [[0, 0, 1], [1, 0, 0]])
    assert by_class == by_share == pytest.approx(-scipy_special.log_softmax(scores, axis=1)[[0, 1], [2, 0]].mean())


def test_cross_entropy_of_scores_is_finite_where_probabilities_vanish():
    loss = CrossEntropyLoss()
    assert loss.forward([0.0, 2000.0], 0) == 2000.0
    assert loss.backward().dy_hat.tolist() == [-1.0, 1.0]
    # A share of 0 has no part, even beside a score of -inf.
    assert loss([0.0, -np.inf], [1.0, 0.0]) == 0.0


@pytest.mark.parametrize(("score", "y", "expected"), [(1000.0, 1, 0.0), (-1000.0, 1, 1000.0), (1000.0, 0, 1000.0)])
def test_binary_cross_entropy_of_scores_does_not_overflow(score, y, expected):
    assert BinaryCrossEntropyLoss().forward(score, y) == expected


@pytest.mark.parametrize(("p", "y"), [(0.0, 1.0), (1.0, 0.0)])
def test_binary_cross_entropy_of_probabilities_is_finite_at_the_ends(p, y):
    loss = BinaryCrossEntropyLoss(of="probabilities")
    assert loss.forward(p, y) == 1 - np.log(np.finfo(float).tiny)
    assert np.isfinite(loss.backward().dy_hat)
    assert loss.forward(1.0 - p, y) == 0.0


def test_leaky_relu_has_its_slope_at_zero():
    layer = LeakyReLU(0.2)
    layer.forward(0.0)
    assert layer.backward(1.0).da == pytest.approx(0.2, rel=2.0**-52)


def test_layers_are_boxes_with_their_names():
    x = [Variable(0.5), Variable(-0.5)]
    for layer in (Dense(2, 1, "tanh", seed=0), NeuronLayer(2, 1, seed=0), Softmax(name="shares"), Neuron(2, "relu")):
        result = np.ravel(layer(x))
        boxes = {node.scope.label for node in topological_order(*result) if node.scope is not None}
        inner = {None: set(), "tanh": {"Tanh"}, "relu": {"ReLU"}}[getattr(layer, "activation", None)]
        assert boxes | inner == {layer.name} | inner or "neuron 0" in boxes


def test_variables_are_named_after_their_place():
    assert [variable.name for variable in Dense(1, 2, seed=0).parameters()] == [
        "weight[0,0]", "weight[0,1]", "bias[0]", "bias[1]",
    ]  # fmt: skip
    assert Neuron(1, seed=0).parameters()[1].name == "bias"


# Descriptions

DESCRIBED = [
    Dense(2, 3, LeakyReLU(0.3), weight_init={"type": "normal", "deviation": 0.1}, bias=False, name="first"),
    Dense(2, 3, "relu", seed=7, index=1),
    FullyConnected(3, "tanh"),
    Neuron(2, "relu", bias=False),
    NeuronLayer(2, 3, "relu"),
    Embedding(5, 2, positions=3),
    RMSNorm(3, gain=False),
    LayerNorm(3, bias=False),
    CausalSelfAttention(4, heads=2, bias=True),
    HuberLoss(delta=2.0, reduction="sum"),
    CrossEntropyLoss(of="probabilities", ignore=-1),
    GELU(output="h"),
]


@pytest.mark.parametrize("layer", DESCRIBED, ids=repr)
def test_a_layer_is_described_in_json_and_made_again(layer):
    description = layer.to_dict()
    again = from_dict(json.loads(json.dumps(description)))
    assert type(again) is type(layer)
    assert again.to_dict() == description
    assert list(again.named_parameters()) == list(layer.named_parameters())


@pytest.mark.parametrize("kind", sorted(LAYERS.classes))
def test_each_registered_layer_tells_its_own_name(kind):
    assert LAYERS.classes[kind].kind == kind


def test_a_layer_of_ones_own_is_described_once_it_is_registered():
    class Twice(Layer):
        def compute(self, a):
            return {"h": a * 2}

    with pytest.raises(DescriptionError, match=r'^Twice is in no registry .*@registered\("\.\.\."\)$'):
        Twice().to_dict()
    try:
        assert from_dict(registered("twice")(Twice)().to_dict()).forward(3.0) == 6.0
        with pytest.raises(DescriptionError, match="the layer name 'twice' is taken by Twice"):
            registered("twice")(type("Twice", (Layer,), {"compute": Twice.compute}))
    finally:
        del LAYERS.classes["twice"]


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("rely", "no layer is called 'rely'; did you mean relu"),
        ({"type": ["dense"]}, r"no layer is called \['dense'\]"),
        ({"n_out": 3}, "has no 'type'"),
        (3, "described by its name or by a dict .*, got int 3"),
        ({"type": "dense", "n_uot": 3}, "dense has no option 'n_uot'; did you mean n_out"),
        ({"type": "dense", "n_out": 3, "__class__": "x"}, "no option '__class__'"),
        ({"type": "embedding", "n_out": 3}, "embedding needs the option 'n_tokens', got n_out"),
        ({"type": "dense", "n_out": 3, "activation": "os.system"}, "no layer is called 'os.system'"),
        ({"type": "dense", "n_out": 3, "weight_init": "he"}, "no initialiser is called 'he'; .*he_normal"),
        ({"type": "dense", "n_out": "3"}, "Dense: n_out is a whole number, 1 or more, got '3'"),
        ({"type": "dense", "n_out": True}, "n_out is a whole number, 1 or more, got True"),
        ({"type": "dense"}, "n_out is a whole number, 1 or more, got None"),
        ({"type": "dense", "n_in": 0, "n_out": 3}, "n_in is a whole number, 1 or more, got 0"),
        ({"type": "dense", "n_out": 3, "seed": -1}, "a seed is a whole number, 0 or more, or None, got -1"),
        ({"type": "dense", "n_out": 3, "activation": "affine"}, "an activation has one input, Affine has 3"),
        ({"type": "leaky_relu", "slope": "0.1"}, "slope of a leaky_relu is a finite number, got '0.1'"),
        ({"type": "huber", "delta": 0}, "HuberLoss: delta is a finite number above 0, got 0"),
        ({"type": "mse", "reduction": "avg"}, "MSELoss: a reduction is one of mean, sum, none, got 'avg'"),
        ({"type": "cross_entropy", "ignore": "-1"}, "the class to ignore is a whole number or None, got '-1'"),
        ({"type": "cross_entropy", "of": "logit"}, "of 'logits' or of 'probabilities', got 'logit'"),
        ({"type": "causal_self_attention", "n_in": 4, "heads": 3}, "multiple of heads, got 4 features and 3 heads"),
        ({"type": "rms_norm", "epsilon": 0}, "epsilon is a finite number above 0, got 0"),
    ],
)
def test_a_wrong_description_is_told_what_would_be_right(description, message):
    with pytest.raises(DescriptionError, match=message):
        from_dict(description)


def test_a_class_in_place_of_a_layer():
    with pytest.raises(
        DescriptionError, match=r"an activation is a name, a function or a layer such as ReLU\(\), got <class"
    ):
        Dense(2, 3, ReLU)
    with pytest.raises(
        DescriptionError, match=r"a loss is a name or a layer such as MSELoss\(\), got <class .*; write \w+\(\)$"
    ):
        loss_of(MSELoss)
    with pytest.raises(DescriptionError, match="ReLU is no loss; there are binary_cross_entropy, cross_"):
        loss_of("relu")
    with pytest.raises(DescriptionError, match="ReLU is no loss: a loss takes an output and a target, ReLU takes a"):
        loss_of(ReLU())
    assert isinstance(loss_of("huber"), Loss)
    assert isinstance(loss_of({"type": "squared_loss"}), SquaredLoss)


# Inputs that don't fit


@pytest.mark.parametrize(
    ("layer", "inputs", "error", "message"),
    [
        (Dense(2, 3), ([1.0, 2.0, 3.0],), ShapeError, r"^Dense: x has 2 features, .* got shape \(3,\)$"),
        (Dense(2, 3), (1.0,), ShapeError, r"^Dense: x has shape \(features,\) .* got a single number; give \[x\]$"),
        (NeuronLayer(2, 3), ([1.0],), ShapeError, r"^NeuronLayer: x has 2 features"),
        (Neuron(2), ([1.0],), ShapeError, r"^Neuron: x has 2 features"),
        (Softmax(), (1.0,), ShapeError, r"^Softmax: a has rows of one element or more, .* got \(\)$"),
        (LogSoftmax(), (np.zeros((2, 0)),), ShapeError, r"a has rows of one element or more, .* got \(2, 0\)$"),
        (Mean(), ([],), ShapeError, r"a mean is of one element or more"),
        (
            MSELoss(),
            ([1.0, 2.0], [1.0]),
            ShapeError,
            r"^MSELoss: y_hat and y need the same shape, got \(2,\) and \(1,\)",
        ),
        (CrossEntropyLoss(), (1.0, 0), ShapeError, r"y_hat has one number for each class, .*; got a single number"),
        (CrossEntropyLoss(), ([1.0, 2.0], [0, 1, 0]), ShapeError, r"y has a class .* shape \(\), .* got shape \(3,\)"),
        (CrossEntropyLoss(), ([1.0, 2.0], 2), DataError, r"^CrossEntropyLoss: each class is a whole .* 0 to 1, got 2$"),
        (CrossEntropyLoss(), ([[1.0, 2.0]] * 2, [0, 0.5]), DataError, r"got 0.5 in place 1$"),
        (CrossEntropyLoss(), ([1.0, 2.0], np.nan), DataError, r"got nan$"),
        (
            Embedding(3, 2),
            ([0, 3],),
            DataError,
            r"^Embedding: each token is a whole number from 0 to 2, got 3 in place 1",
        ),
        (Embedding(3, 2, positions=2), ([0, 1, 2],), ShapeError, r"one sequence of at most 2 tokens, got shape \(3,\)"),
        (CausalSelfAttention(2), ([1.0, 2.0],), ShapeError, r"x is one sequence, shape \(times, 2\), got shape \(2,\)"),
        (RMSNorm(2), ([1.0],), ShapeError, r"^RMSNorm: x has 2 features"),
        (Identity(), ("a",), TypeError, r"^Identity: a is a number"),
    ],
    ids=str,
)
def test_inputs_that_do_not_fit_name_layer_expected_and_given(layer, inputs, error, message):
    with pytest.raises(error, match=message):
        layer(*inputs)
    with pytest.raises(error, match=message):
        layer.forward(*inputs)


@pytest.mark.parametrize("kind", ["relu", "sigmoid", "tanh", "softplus", "gelu", "identity", "leaky_relu"])
def test_activations_take_single_numbers(kind):
    assert from_dict(kind).forward(0.5) == from_dict(kind).forward([0.5])[0]


def test_activations_are_the_classes_of_their_names():
    kinds = {"relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh, "softplus": Softplus, "gelu": GELU, "softmax": Softmax}
    for kind, made in kinds.items():
        assert type(from_dict(kind)) is made
