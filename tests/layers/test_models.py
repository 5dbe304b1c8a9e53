"""Models: names, sizes found on first use, descriptions, tables, state; nothing half-changed by an error."""

import copy
import json
import pickle

import numpy as np
import pytest

from autograd import Variable
from layers import (
    Affine,
    Dense,
    DescriptionError,
    FullyConnected,
    InputError,
    Layer,
    LayerNorm,
    Model,
    Network,
    NeuronLayer,
    NoForwardError,
    ReLU,
    Residual,
    Sequential,
    ShapeError,
    SizeError,
    StateError,
    from_dict,
)
from tests.tables.networks import small


def test_the_same_seed_gives_the_same_model_whenever_its_sizes_are_known():
    lazy = Sequential(FullyConnected(3, "relu", "he_normal"), FullyConnected(1, None, "he_normal"), seed=0)
    assert np.array_equal(lazy.forward([1.0, 2.0]), small().forward([1.0, 2.0]))
    assert not np.array_equal(small(1).forward([1.0, 2.0]), small().forward([1.0, 2.0]))


def test_without_a_seed_models_differ():
    assert not np.array_equal(small(None).state_dict()["dense_0.weight"], small(None).state_dict()["dense_0.weight"])


def test_two_weights_of_one_model_differ():
    model = Sequential(Dense(3, 3), Dense(3, 3), seed=0)
    first, second = model.state_dict()["dense_0.weight"], model.state_dict()["dense_1.weight"]
    assert not np.array_equal(first, second)


def test_a_layer_with_a_seed_of_its_own_keeps_it():
    alone = Dense(2, 3, seed=9).state_dict()["weight"]
    assert np.array_equal(Sequential(Dense(2, 3, seed=9), seed=0).state_dict()["dense_0.weight"], alone)


def test_variables_carry_the_full_name():
    assert small().parameters()[0].name == "dense_0.weight[0,0]"
    nested = Sequential(Sequential(NeuronLayer(1, 1)), seed=0)
    nested.forward([1.0])
    assert [variable.name for variable in nested.parameters()] == [
        "sequential_0.neuron_layer_0.neuron_0.weight[0]", "sequential_0.neuron_layer_0.neuron_0.bias",
    ]  # fmt: skip


def test_a_shared_layer_is_learned_once():
    shared = Dense(2, 2, seed=0)
    model = Sequential(shared, ReLU(), shared)
    assert list(model.named_parameters()) == ["dense_0.weight", "dense_0.bias"]
    assert len(model) == 3
    assert model[0] is model[2]


def test_a_model_of_ones_own_finds_its_layers_and_parameters():
    class Wide(Model):
        def __init__(self):
            super().__init__()
            self.branches = [Dense(2, 1, seed=0), Dense(2, 1, seed=1)]
            self.last = Dense(2, 1, seed=2)

        def compute(self, x):
            parts = [branch.apply(x)[0] for branch in self.branches]
            return {"y": self.last.apply(np.array(parts, dtype=object))}

    model = Wide()
    names = ["branches_0.weight", "branches_0.bias", "branches_1.weight", "branches_1.bias", "last.weight", "last.bias"]
    assert list(model.named_parameters()) == names
    model.fit([[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0], epochs=60, optimizer={"type": "adam", "lr": 0.1}, progress=False)
    assert model.evaluate([[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0]) < 0.05


def test_a_hand_written_loop_learns():
    model, y = small(), 3.0
    losses = []
    for _ in range(200):
        loss = (model([1.0, 2.0])[0] - y) ** 2
        for parameter in model.parameters():
            parameter.grad = 0.0
        loss.backward()
        for parameter in model.parameters():
            parameter.value -= 0.02 * parameter.grad
        losses.append(loss.value)
    assert losses[-1] < 0.01 * losses[0]


def test_residual_adds_its_input():
    inside = Dense(2, 2, seed=0)
    x = np.array([[1.0, -2.0]])
    assert np.array_equal(Residual(inside).forward(x), x + inside.forward(x))
    with pytest.raises(ShapeError, match=r"^Residual: x and the result of the layers need the same shape, got"):
        Residual(Dense(2, 3)).forward([1.0, 2.0])


def test_predict_is_forward_of_each_sample():
    model, inputs = small(), np.random.default_rng(0).normal(size=(5, 2))
    assert np.array_equal(model.predict(inputs), model.forward(inputs))
    assert model.predict(inputs).dtype == float


def test_the_summary_is_a_table_with_sums():
    model = Sequential(Dense(None, 16, "relu"), Dense(None, 16, "relu"), Dense(None, 1), seed=0)
    lines = model.summary(np.zeros(2)).splitlines()
    assert lines[0].split() == ["layer", "kind", "output", "shape", "parameters", "operations"]
    assert lines[1].split() == ["dense_0", "Dense", "(16,)", "48", "48"]
    assert lines[-1].split() == ["total", "337", "98"]
    assert Sequential(Residual(Dense(2, 2)), seed=0).summary() == Sequential(Residual(Dense(2, 2)), seed=0).summary(
        [0, 0]
    )
    with pytest.raises(
        SizeError, match=r"^Sequential.summary\(\) needs an input: dense_0 is not known to take features"
    ):
        Sequential(Dense(None, 2)).summary()
    assert Sequential(LayerNorm(2)).summary([[1.0, 2.0]]).splitlines()[1].split()[2:4] == ["(1,", "2)"]


def test_a_model_is_copied_and_stored_with_its_parameters():
    model = small()
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(again.forward([1.0, 2.0]), model.forward([1.0, 2.0]))
        again.parameters()[0].value += 1.0
        assert again.parameters()[0].value != model.parameters()[0].value


def test_a_description_makes_the_same_model():
    inner = Sequential(Dense(3, 3), name="inner")
    network = Network(Dense(2, 3, "relu"), Residual(Dense(3, 3)), inner, loss="huber", seed=4)
    description = json.loads(json.dumps(network.to_dict()))
    assert description["layers"][0] == {"type": "dense", "n_in": 2, "n_out": 3, "activation": "relu"}
    assert description["loss"] == "huber"
    again = from_dict(description)
    assert again.to_dict() == description
    assert np.array_equal(again.forward([1.0, 2.0]), network.forward([1.0, 2.0]))
    assert repr(again).startswith("Network(Dense(n_in=2")


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"type": "sequential"}, "sequential needs the option 'layers', a list of descriptions, got None"),
        ({"type": "sequential", "layers": "relu"}, "a list of descriptions, got 'relu'"),
        (
            {"type": "sequential", "layers": ["relu", "rely"]},
            r"^layers\[1\]: no layer is called 'rely'; did you mean relu",
        ),
        ({"type": "sequential", "layers": [], "sed": 3}, "sequential has no option 'sed'; did you mean seed"),
        (
            {"type": "sequential", "layers": [{"type": "relu", "name": "a"}, {"type": "tanh", "name": "a"}]},
            "got 'a' in place 1",
        ),
        ({"type": "relu", "name": "a.b"}, None),
    ],
)
def test_a_wrong_description_of_a_model_names_the_place(description, message):
    if message is None:
        description, message = {"type": "sequential", "layers": [description]}, "without a dot; got 'a.b' in place 0"
    with pytest.raises(DescriptionError, match=message):
        from_dict(description)


def test_what_is_no_layer_is_refused_and_nothing_is_added():
    model = small()
    with pytest.raises(InputError, match=r"made of layers, got <class .* in place 3; did you mean ReLU\(\.\.\.\)\?"):
        model.add_layers(ReLU(), ReLU)
    with pytest.raises(InputError, match=r"layers with one input, Affine in place 2 has 3 \(x, w, b\)"):
        model.add_layers(Affine())
    assert len(model) == 2


def test_layers_that_are_added_later_are_named_on():
    model = small()
    model.add_layers(ReLU(), Dense(1, 1))
    assert list(model.named_parameters())[-2:] == ["dense_2.weight", "dense_2.bias"]
    assert model.forward([1.0, 2.0]).shape == (1,)


def test_no_layers_and_no_loss_say_so():
    with pytest.raises(InputError, match=r"^Sequential: there are no layers; put some in with add_layers"):
        Sequential().forward([1.0])
    with pytest.raises(NoForwardError, match=r"^Network has no loss; give it one with add_loss"):
        Network(Dense(1, 1)).forward([1.0], [1.0])


def test_parameters_of_open_sizes_say_what_decides_them():
    model = Sequential(Dense(None, 3))
    with pytest.raises(SizeError, match=r"^dense_0.weight has shape \(\?, 3\): .* apply the layer once"):
        model.parameters()
    model([1.0, 2.0])
    assert len(model.parameters()) == 9


@pytest.mark.parametrize("call", [Layer.__call__, Layer.forward])
def test_a_failed_first_pass_leaves_sizes_open(call):
    model = Sequential(Dense(None, 3), Dense(4, 1), seed=0)
    with pytest.raises(ShapeError, match="dense_1: x has 4 features"):
        call(model, [1.0, 2.0])
    assert model[0].n_in is None


def test_backward_of_a_network_belongs_to_the_last_forward():
    network = Network(Dense(1, 1, weight_init="ones"), loss="mse")
    network.forward([[2.0]], [[0.0]])
    assert network.backward().dx.tolist() == [[4.0]]
    network.forward([[2.0]])
    assert network.backward([[1.0]]).dx.tolist() == [[1.0]]


# State


def test_state_is_the_callers_own():
    model = small()
    state = model.state_dict()
    state["dense_0.weight"][:] = 99.0
    assert not (model.state_dict()["dense_0.weight"] == 99.0).any()


def test_state_goes_from_model_to_model_also_where_sizes_are_open():
    model, lazy = small(), Sequential(Dense(None, 3, "relu"), Dense(None, 1))
    lazy.load_state_dict(model.state_dict())
    assert np.array_equal(lazy.forward([1.0, 2.0]), model.forward([1.0, 2.0]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("dense_1.bias"), "the state has no 'dense_1.bias'; did you mean"),
        (lambda state: state.update(extra=[1.0]), "Sequential has no parameter 'extra', which the state holds"),
        (
            lambda state: state.update({"dense_0.weight": np.zeros((3, 2))}),
            r"has shape \(2, 3\), the state has \(3, 2\)",
        ),
        (
            lambda state: state.update({"dense_1.bias": [np.nan]}),
            "dense_1.bias in the state holds numbers that are not",
        ),
        (lambda state: state.update({"dense_1.bias": ["a"]}), "dense_1.bias in the state is no array of numbers"),
        (lambda state: state.update({"dense_1.bias": Variable(1.0)}), "dense_1.bias"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, message):
    model = small()
    before, state = model.state_dict(), {name: array + 1.0 for name, array in model.state_dict().items()}
    change(state)
    with pytest.raises(StateError, match=message):
        model.load_state_dict(state)
    assert all([np.array_equal(before[name], after) for name, after in model.state_dict().items()])
    with pytest.raises(StateError, match="a state is a dict of arrays by name, got list"):
        model.load_state_dict([1.0])


def test_a_part_of_a_state_is_loaded_if_asked_for():
    model = small()
    model.load_state_dict({"dense_1.bias": [5.0], "other": [1.0]}, strict=False)
    assert model.state_dict()["dense_1.bias"].tolist() == [5.0]


def test_a_parameter_takes_values_of_its_shape():
    weight = Dense(2, 3, seed=0).weight
    with pytest.raises(ShapeError, match=r"^weight has shape \(2, 3\), got \(3, 2\)$"):
        weight.assign(np.zeros((3, 2)))
    assert repr(weight) == "<Parameter weight of shape (2, 3)>"


def test_a_normalisation_keeps_the_size_of_its_first_input():
    norm = LayerNorm()
    norm([1.0, 2.0])
    with pytest.raises(ShapeError, match=r"^LayerNorm: x has 2 features, .* got shape \(3,\)$"):
        norm([1.0, 2.0, 3.0])


def test_what_is_not_random_seeds_no_generator(monkeypatch):
    def refused(seed):
        raise AssertionError("a generator was seeded")

    monkeypatch.setattr(np.random, "default_rng", refused)
    assert Dense(2, 1, weight_init="ones").forward([1.0, 2.0]).tolist() == [3.0]
    with pytest.raises(AssertionError, match="a generator was seeded"):
        Dense(2, 1).forward([1.0, 2.0])
