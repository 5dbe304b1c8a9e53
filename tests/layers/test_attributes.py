"""Attributes of layers: no assignment is silently nothing, and a text's word is told ours."""

import copy
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest

import autograd
import layers
from layers import (
    Affine,
    CrossEntropyLoss,
    Dense,
    DescriptionError,
    InputError,
    Layer,
    LayerNorm,
    LeakyReLU,
    Network,
    NeuronLayer,
    Parameter,
    Sequential,
    ShapeError,
)
from layers.hints import HINTS, did_you_mean
from layers.parameters.initialisers import Ones

X = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])


def test_an_inner_value_is_where_the_forward_pass_left_it():
    affine = Affine()
    with pytest.raises(AttributeError, match=r"here it is values\.a"):
        _ = affine.z
    affine.forward(1.0, 2.0, 5.0)
    with pytest.raises(AttributeError, match=r"Affine has no attribute 'z'; here it is values\.z: after"):
        _ = affine.z
    dense = Dense(2, 1)
    dense.forward([1.0, 2.0])
    with pytest.raises(AttributeError, match=r"here it is values\.a: after forward; a is x·W \+ b"):
        _ = dense.z
    with pytest.raises(AttributeError, match=r"here it is values\.a: after forward$"):
        _ = dense.a


def test_arrays_that_are_handed_out_can_not_be_changed_in_vain():
    dense = Dense(2, 3, seed=0)
    dense.forward([1.0, 2.0])
    dense.backward()
    before = dense.weight.values
    for _, parameter, gradient in dense.trainable:
        for array in (parameter, gradient):
            with pytest.raises(ValueError, match="read-only"):
                array -= 0.1
    with pytest.raises(ValueError, match="read-only"):
        dense.weight.values[:] = 0.0
    assert np.array_equal(dense.weight.values, before)
    # Those of a state are the caller's own.
    dense.state_dict()["weight"][:] = 0.0


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("weight", np.ones((2, 3)), r"Dense.weight is a Parameter; its numbers are set by weight.assign\(array\)"),
        (
            "W",
            np.ones((2, 3)),
            r"Dense has no attribute 'W'; here it is weight.values: given by weight.assign\(array\)",
        ),
        ("weights", 0, "here it is weight.values"),
        ("activation", "relu", r"Dense.activation is decided when the layer is made; make another Dense\(activation"),
        ("seed", 3, "Dense.seed is decided when the layer is made"),
    ],
)
def test_an_assignment_that_would_do_nothing_is_refused(name, value, message):
    dense = Dense(2, 3, "tanh", seed=0)
    described, before = dense.to_dict(), dense.forward([1.0, 2.0])
    with pytest.raises(InputError, match=message):
        setattr(dense, name, value)
    assert dense.to_dict() == described
    assert np.array_equal(dense.forward([1.0, 2.0]), before)


def test_settings_of_other_layers_too():
    for layer, name in ((LeakyReLU(0.1), "slope"), (CrossEntropyLoss(), "of"), (Sequential(), "layers")):
        with pytest.raises(InputError, match=f"{name} is decided when the layer is made"):
            setattr(layer, name, 0.5)
    mine = type("Mine", (layers.Layer,), {"settings": ("p",), "compute": lambda self, x: {"y": x}})()
    mine.p = 1.0
    mine.p = 2.0
    assert mine.p == 2.0


@pytest.mark.parametrize(
    ("make", "name", "word"),
    [
        (Dense, "weights", "weight.values"), (Dense, "b", "bias.values"), (Dense, "dW", "weight.gradient"),
        (Dense, "last_input", "values.x"), (Dense, "last_z", "values.a"), (Dense, "cache", "values"),
        (Dense, "input_size", "n_in"), (Dense, "type", "kind"), (Dense, "wieght", "did you mean weight"),
        (NeuronLayer, "neurons", "here it is neuron: a list"), (Dense, "initialize_weights", r"initialize\(\)"),
    ],
)  # fmt: skip
def test_a_missing_attribute_is_told_its_word_here(make, name, word):
    with pytest.raises(AttributeError, match=f"{make.__name__} has no attribute '{name}'; .*{word}"):
        getattr(make(2, 3), name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(input_size=2, n_out=3), "Dense has no option 'input_size'; here it is n_in"),
        (lambda: Dense(2, 3, activation_function="relu"), "no option 'activation_function'; here it is activation"),
        (lambda: Dense(2, 3, wieght_init="ones"), "no option 'wieght_init'; did you mean weight_init"),
        (lambda: Network(layers=[Dense(2, 3)]), r"Network has no option 'layers'; here it is Network\(first"),
        (lambda: Sequential(Dense(2, 3), loss="mse"), r"no option 'loss'; here it is fit\(X, y, loss\)"),
        (
            lambda: Sequential(Dense(2, 3), optimizer="sgd"),
            r"no option 'optimizer'; here it is fit\(X, y, loss, optimizer\)",
        ),
        (lambda: Affine(q=1), "Affine has no option 'q'; there are frozen, index, name, output"),
        (lambda: layers.from_dict("ReLUU"), "no layer is called 'ReLUU'; did you mean relu"),
        (lambda: layers.from_dict("MSEE"), "no layer is called 'MSEE'; did you mean mse"),
        (lambda: layers.from_dict("DenseLayer"), "no layer is called 'DenseLayer'; here it is Dense"),
        (lambda: layers.from_dict({"type": "dense", "output_size": 3}), "here it is n_out: the number of output"),
        (lambda: Dense.from_dict({"type": "relu"}), "this is the description of a ReLU, not of a Dense"),
        (lambda: Dense(2, 3).parameters["W"], r"parameters\(\) is a list of Variables; .* weight, bias"),
    ],
)
def test_an_unknown_option_or_name_is_told_the_right_one(make, message):
    with pytest.raises((InputError, layers.DescriptionError), match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Adam(learning_rate=0.1), "Adam has no option 'learning_rate'; here it is lr; there are beta1"),
        (lambda: layers.SGD(Dense(2, 3).parameters()), r"SGD holds no parameters; .* SGD\(lr=...\).step\(model.param"),
        (lambda: layers.SGD(Dense(2, 3).parameters(), lr=0.1), "SGD holds no parameters"),
        (lambda: layers.Adam(iter(())), "Adam holds no parameters"),
        (
            lambda: Sequential(Dense(2, 1)).fit([[1.0, 2.0]], [[1.0]], verbose=0),
            "no option 'verbose'; here it is progress",
        ),
        (lambda: Sequential(Dense(2, 1)).fit([[1.0, 2.0]], [[1.0]], epoch=3), "no option 'epoch'; did you mean epochs"),
        (lambda: Sequential(Dense(2, 1)).fit([[1.0, 2.0]], [[1.0]], loss="bce"), "'bce'; here it is binary_cross_ent"),
        (lambda: Sequential(Dense(2, 1)).fit([[1.0, 2.0]], [[1.0]], "mean_squared_error"), "here it is mse; there are"),
        (lambda: Dense(16, 1, input_shape=(2,)), "no option 'input_shape'; here it is n_in"),
    ],
)
def test_an_option_of_another_package_is_told_the_one_here(make, message):
    with pytest.raises((InputError, layers.DescriptionError), match=message):
        make()


def test_names_that_are_not_in_the_package():
    with pytest.raises(
        ImportError,
        match=r"layers\.ReLu is not in scalar-autograd; here it is ReLU|layers has no ReLu; here it is ReLU",
    ):
        from layers import ReLu  # noqa: F401
    with pytest.raises(AttributeError, match="module 'layers' has no attribute 'Dens'; did you mean Dense"):
        _ = layers.Dens
    assert not hasattr(layers, "nothing_like_it")


def test_each_class_that_a_hint_names_is_there():
    for hint in HINTS:
        if hint.kind == "class":
            assert hint.here in layers.__all__, hint
            assert hint.word not in layers.__all__, hint


def test_each_attribute_that_a_hint_names_is_there():
    dense, network, neurons = Dense(2, 3, seed=0), Network(Dense(2, 3), loss="mse"), NeuronLayer(2, 3)
    for layer in (dense, network, neurons):
        layer.forward([1.0, 2.0])
    for hint in HINTS:
        if hint.kind == "attribute" and hint.here:
            path = hint.here.partition("(")[0].split(".")
            owners = [dense, network, neurons]
            assert any([_reached(owner, path) for owner in owners]), hint
            assert not hasattr(dense, hint.word), hint


@pytest.mark.parametrize(
    ("layer", "asked", "here"),
    [
        (Dense(2, 3), "weights", "weight.values"),
        (Sequential(Dense(2, 3)), "weights", r"state_dict\(\)"),
        (Sequential(Dense(2, 3)), "score", "evaluate"),
    ],
)
def test_a_word_is_told_as_its_owner_has_it(layer, asked, here):
    with pytest.raises(AttributeError, match=f"has no attribute '{asked}'; here it is {here}"):
        getattr(layer, asked)


def test_modules_with_needs_of_their_own_are_loaded_when_they_are_asked_for():
    program = "import layers, sys; assert 'layers.plots' not in sys.modules; layers.plots.learning_curve"
    subprocess.run([sys.executable, "-c", program], check=True)
    with pytest.raises(AttributeError, match="module 'layers' has no attribute 'nothing_like_it'"):
        _ = layers.nothing_like_it


def _reached(owner, path):
    for name in path:
        if not hasattr(owner, name):
            return False
        owner = getattr(owner, name)
    return True


def _history():
    return Sequential(Dense(2, 1), seed=0).fit([[1.0, 2.0]], [[1.0]], "mse", epochs=2, progress=False)


@pytest.mark.parametrize(
    ("kind", "make"),
    [("parameter", lambda: Dense(2, 3, seed=0).weight), ("optimizer", layers.Adam), ("history", _history)],
)
def test_an_attribute_of_what_goes_with_layers_is_told_its_word(kind, make):
    one = make()
    hints = [hint for hint in HINTS if hint.kind == kind]
    assert len(hints) > 10
    for hint in hints:
        with pytest.raises(AttributeError, match=f"has no attribute '{hint.word}'; here it is {re.escape(hint.here)}"):
            getattr(one, hint.word)
        owner = Dense(2, 3) if hint.here.startswith("layer.") else one
        assert hasattr(owner, re.split(r"\W", hint.here.removeprefix("layer."))[0]), hint
    with pytest.raises(AttributeError, match=r"has no attribute 'nothing_like_it'$"):
        _ = one.nothing_like_it
    assert not hasattr(one, "_nothing")
    assert vars(copy.deepcopy(one)).keys() == vars(one).keys()
    assert type(pickle.loads(pickle.dumps(one))) is type(one)


def test_an_assignment_to_a_parameter_that_would_do_nothing_is_refused():
    weight = Dense(2, 3, seed=0).weight
    before = weight.values
    for name in ("data", "grad", "requires_grad"):
        with pytest.raises(AttributeError, match=f"a Parameter has no attribute '{name}'; here it is "):
            setattr(weight, name, False)
    for name in ("values", "gradient", "variables"):
        with pytest.raises(InputError, match=r"the numbers of weight are set by assign\(array\)"):
            setattr(weight, name, before * 2.0)
    assert np.array_equal(weight.values, before)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("loss", r"did you mean loss\?"),
        ("val_loss", "here it is validation_loss"),
        (-1, r"history\.epochs\[-1\]\.loss"),
        ("nothing like it", "'nothing like it'$"),
    ],
)
def test_an_item_of_a_history_is_told_its_attribute(key, said):
    with pytest.raises(InputError, match=f"a History has no items, asked for .*{said}"):
        _history()[key]


def test_steps_without_parameters_and_settings_without_names():
    with pytest.raises(InputError, match=r"Adam holds no parameters; .* step\(model\.parameters\(\)\)"):
        layers.Adam().step()
    with pytest.raises(InputError, match=r"SGD takes lr alone without its name, got 2 values; there are .*momentum"):
        layers.SGD(0.1, 0.9)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: layers.Dropout(p=0.5), "Dropout has no option 'p'; here it is rate"),
        (lambda: layers.SGD(params=[]), r"SGD has no option 'params'; here it is step\(parameters\): none are held"),
        (lambda: Dense(8, "relu"), r"Dense: n_out is missing: Dense\(n_in, n_out\), or Dense\(None, 8\)"),
        (lambda: layers.LeakyReLU(alpha=0.1), "here it is slope: of a LeakyReLU"),
        (lambda: layers.Softmax(dim=1), "here it is the last axis"),
        (
            lambda: layers.EarlyStopping(monitor="val_loss"),
            r"here it is fit\(validation=...\): its loss is what counts",
        ),
        (lambda: layers.ReduceLROnPlateau(min_lr=1e-5), "ReduceLROnPlateau has no option 'min_lr'; here it is lowest"),
        (
            lambda: Sequential(Dense(2, 2)).fit(X, X, random_state=0),
            "fit has no option 'random_state'; here it is seed",
        ),
        (lambda: Sequential(Dense(2, 2)).fit(X, X, metrics="acc"), "no metric is called 'acc'; here it is accuracy"),
        (lambda: Sequential(layers.Linear(2, 3)), r"a schedule of learning rates, and the layer is Dense\(2, 3\)"),
        (
            lambda: layers.Linear(2, 3)(X),
            r"Linear is a schedule .* got ndarray; a linear layer is Dense\(n_in, n_out\)",
        ),
        (lambda: Sequential(Dense(2, 2)).fit(X, [0, 1, 1]), "numbers of classes are for the loss 'cross_entropy'"),
        (lambda: Sequential(Dense(2, 2)).predict(None), "X has samples first, got None"),
        (lambda: Dense(2, 2).fit, r"Dense has no attribute 'fit'; here write Sequential\(layer\)\.fit\(X, \.\.\.\)"),
        (lambda: Sequential(Dense(2, 2)).zero_grad(), r"here write autograd\.zero_grad\(model\.parameters\(\)\)"),
        (lambda: Dense(2, 2).eval(), r"has no attribute 'eval'; here a call predicts; inside `with layers\.training"),
        (lambda: layers.DataLoader, r"layers has no DataLoader; here it is fit \(fit\(X, y, batch_size=32\)"),
    ],
)
def test_first_lines_of_keras_pytorch_and_scikit_learn_are_told_the_word_here(call, said):
    with pytest.raises((layers.LayerError, ImportError, AttributeError), match=said):
        call()


@pytest.mark.parametrize("last", [Dense(2, 1), layers.Sigmoid(), layers.Softmax(), layers.Tanh()])
def test_a_result_of_any_layer_is_an_array_that_knows_the_words_of_others(last):
    result = Sequential(Dense(2, 2), last)([1.0, 2.0])
    with pytest.raises(AttributeError, match=r"NodeArray has no attribute 'backward'; here one number is swept from"):
        result.backward()


def test_what_is_probably_meant():
    assert did_you_mean("nothing like it", ["weight"], "option") == ""
    assert did_you_mean("RELU", ["relu", "gelu"], "class") == "did you mean relu?"


def test_a_parameter_takes_no_masked_or_complex_numbers():
    dense = Dense(2, 1, seed=0)
    before = dense.weight.values
    for values, message in (
        (np.ma.array([[1.0], [2.0]], mask=[[0], [1]]), "its mask would be ignored"),
        (np.array([[1.0], [2.0j]]), "weight has real numbers, got an array of complex128; give .real"),
    ):
        with pytest.raises(ShapeError, match=message):
            dense.weight.assign(values)
    assert np.array_equal(dense.weight.values, before)


@pytest.mark.parametrize(
    "make, name, value, message",
    [
        (lambda: Dense(2, 2), "name", "other", r"Dense\.name is decided when the layer is made; .*Dense\(name=...\)"),
        (lambda: Dense(2, 2), "n_in", 3, r"Dense\.n_in is decided when the layer is made"),
        (lambda: Dense(2, 2), "trainable", False, r"Dense\.trainable is computed by the layer; frozen = True"),
        (lambda: Dense(2, 2), "use_bias", False, r"no attribute 'use_bias'; here it is bias: None in a layer"),
        (lambda: LayerNorm(2), "gain", 0.5, r"no attribute 'gain'; here it is weight\.values: given by"),
        (lambda: LayerNorm(2), "n_in", 3, r"LayerNorm\.n_in is decided"),
        (lambda: Sequential(Dense(2, 2)), "name", "other", r"Sequential\.name is decided"),
    ],
)
def test_what_a_layer_was_made_of_is_not_set_later(make, name, value, message):
    with pytest.raises(InputError, match=message):
        setattr(make(), name, value)


def test_a_layer_of_ones_own_takes_its_name():
    class Twice(Layer):
        def __init__(self):
            super().__init__()
            self.name = "twice"

        def compute(self, x):
            return {"y": 2.0 * x}

    twice = Twice()
    assert twice.given_name == "twice" and dict(Sequential(twice, seed=0).named_layers()) == {"twice": twice}


@pytest.mark.parametrize("name", ["betas", "learning_rate", "decay"])
def test_an_optimiser_takes_its_settings_alone(name):
    adam = layers.Adam()
    with pytest.raises(DescriptionError, match=f"Adam has no setting '{name}'.*there are beta1, beta2"):
        setattr(adam, name, 0.5)
    with pytest.raises(DescriptionError, match="Cosine has no setting 'begin'"):
        layers.Cosine(0.1).begin = 0.2

    class Mine(layers.SGD):
        """An optimiser of one's own."""

    mine = Mine()
    mine.note = "kept"
    assert mine.note == "kept"


def test_a_parameter_in_arithmetic_is_the_array_to_compute_with():
    class Scale(Layer):
        def __init__(self):
            super().__init__()
            self.w = Parameter((2,), Ones())

        def compute(self, x):
            return {
                "y": self.w * x + np.array([1.0, 2.0]) * self.w - np.exp(self.w) / np.e + autograd.tanh(0.0 * self.w)
            }

    scale = Scale()
    assert scale.forward([3.0, 4.0]).tolist() == [3.0, 5.0]
    assert scale.backward([1.0, 10.0]).dx.tolist() == [1.0, 10.0]
    assert scale.w.gradient.tolist() == pytest.approx([3.0, 50.0])
    model = Sequential(scale, Dense(2, 1), seed=0)
    model.fit(np.eye(2), [1.0, 2.0], "mse", layers.SGD(lr=0.1), epochs=1, progress=False)
    assert (scale.w.values != 1.0).all()
    assert len(scale.w) == 2 and [node.value for node in scale.w] == scale.w.values.tolist()
    assert (scale.w @ [1.0, 1.0]).value == sum(scale.w.values) and bool(scale.w) and scale.w.T.shape == (2,)
    with pytest.raises(InputError, match=r"set by assign\(array\)"):
        scale.w += 1.0
    with pytest.raises(InputError, match=r"set by assign\(array\)"):
        scale.w[0] = 1.0
    with pytest.raises(AttributeError, match=r"has it: \.nodes\.sum, and \.values\.sum"):
        scale.w.sum()


@pytest.mark.parametrize(
    ("module", "name", "said"),
    [("losses", "MeanSquaredError", "here it is MSELoss$"), ("activations", "Swish", "here it is SiLU$")],
)
def test_modules_with_a_name_of_keras_answer_its_classes(module, name, said):
    with pytest.raises(AttributeError, match=f"module 'layers.{module}' has no attribute '{name}'; {said}"):
        getattr(getattr(layers, module), name)
    with pytest.raises(AttributeError, match=f"module 'layers.{module}' has no attribute 'xyz'$"):
        getattr(getattr(layers, module), "xyz")
