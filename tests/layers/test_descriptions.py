"""Networks written in JSON and YAML: every layer goes through both, and a file reaches nothing but the registry."""

import json

import numpy as np
import pytest
import yaml

from layers import DataError, Dense, DescriptionError, Network, from_dict
from layers.training.optimisers import OPTIMIZERS, optimizer_of
from tests.tables.torch_references import CASES

generator = np.random.default_rng(3)
X = generator.normal(size=(20, 2))
CLASSES = (X[:, 0] > X[:, 1]).astype(int)

NETWORK = """
type: network
name: sides
seed: 4
loss: cross_entropy
layers:
  - type: dense
    n_in: 2
    n_out: 8
    activation: {type: leaky_relu, slope: 0.1}
    weight_init: he_uniform
    name: hidden
  - type: residual
    layers:
      - layer_norm
      - {type: fully_connected, n_out: 8, activation: tanh}
  - {type: dense, n_out: 2}
"""

TRAINING = """
optimizer:
  type: adamw
  lr: {type: warm_up, then: {type: cosine, start: 0.1}, share: 0.2}
epochs: 60
batch_size: 10
seed: 0
clip_norm: 5.0
"""


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_every_layer_goes_through_a_file_and_comes_back(name, form):
    description = from_dict(CASES[name]["layer"]).to_dict()
    if form == "json":
        read = json.loads(json.dumps(description))
    else:
        read = yaml.safe_load(yaml.safe_dump(description, sort_keys=False))
    assert read == description
    again = from_dict(read)
    assert again.to_dict() == description
    assert repr(again) == repr(from_dict(CASES[name]["layer"]))


@pytest.mark.parametrize("kind", sorted(OPTIMIZERS.classes))
def test_every_optimiser_goes_through_yaml_and_comes_back(kind):
    description = optimizer_of(kind).to_dict()
    assert optimizer_of(yaml.safe_load(yaml.safe_dump(description))).to_dict() == description


def test_a_network_and_its_training_written_in_yaml():
    network = from_dict(yaml.safe_load(NETWORK))
    assert isinstance(network, Network)
    history = network.fit(X, CLASSES, network.loss, progress=False, **yaml.safe_load(TRAINING))
    assert history.loss[-1] < 0.2 < history.loss[0]
    assert list(network.named_parameters()) == [
        "hidden.weight", "hidden.bias", "residual_0.layer_norm_0.weight", "residual_0.layer_norm_0.bias",
        "residual_0.fully_connected_0.weight", "residual_0.fully_connected_0.bias", "dense_0.weight", "dense_0.bias",
    ]  # fmt: skip
    again = from_dict(yaml.safe_load(yaml.safe_dump(network.to_dict())))
    again.load_state_dict(network.state_dict())
    assert np.array_equal(again.predict(X), network.predict(X))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("type: network", "type: netwrok"), "no layer is called 'netwrok'; did you mean network"),
        (("slope: 0.1", "slope: 1e-1"), "slope of a leaky_relu is a finite number, got '1e-1'"),
        (("n_in: 2", "n_in: [2]"), r"layers\[0\]: hidden: n_in is a whole number, 1 or more, got \[2\]"),
        (("- layer_norm", "- os.system"), r"layers\[1\]: layers\[0\]: no layer is called 'os.system'"),
        (("loss: cross_entropy", "loss: crossentropy"), "'crossentropy'; did you mean cross_entropy"),
        (("loss: cross_entropy", "loss: relu"), "ReLU is no loss"),
        (("weight_init: he_uniform", "weight_init: he"), r"layers\[0\]: no initialiser is called 'he'"),
        (("seed: 4", "seed: -4"), "a seed is a whole number, 0 or more, or None, got -4"),
        (("seed: 4", "sed: 4"), "network has no option 'sed'; did you mean seed"),
    ],
)  # fmt: skip
def test_a_slip_in_the_file_is_told_with_its_place(change, message):
    with pytest.raises(DescriptionError, match=message):
        from_dict(yaml.safe_load(NETWORK.replace(*change)))


def test_data_that_do_not_fit_a_described_network_name_its_layers():
    network = from_dict(yaml.safe_load(NETWORK))
    with pytest.raises(DataError, match=r"^CrossEntropyLoss: each class is .* from 0 to 1, got 2 in sample 7$"):
        network.train(X, np.where(np.arange(20) == 7, 2, CLASSES), progress=False)
    with pytest.raises(ValueError, match=r"^sides: hidden: x has 2 features, .* got shape \(3,\)$"):
        network.train(np.ones((20, 3)), CLASSES, progress=False)


@pytest.mark.parametrize("name", ["relu", "ReLU", "RELU", "Relu", "LeakyReLU", "Leaky_ReLU"])
def test_names_are_taken_in_capitals_or_not_and_class_names_too(name):
    made = from_dict(name)
    assert type(made).__name__.casefold() == name.replace("_", "").casefold()
    assert from_dict(made.to_dict()).to_dict() == made.to_dict()
    model = Network(Dense(2, 2, name), loss="MSELoss", seed=0)
    model.fit(X[:5], X[:5], optimizer="Adam", metrics=["MAE"], epochs=1, progress=False)
    assert from_dict(model.to_dict())[0].to_dict() == model[0].to_dict()
    assert type(optimizer_of("AdamW")).__name__ == "AdamW"


def test_the_extent_of_a_description_does_not_depend_on_capitals():
    for name in ("neuron_layer", "Neuron_Layer", "NeuronLayer"):
        with pytest.raises(DescriptionError, match="more than 100000 parts"):
            from_dict({"type": "sequential", "layers": [{"type": name, "n_in": 2, "n_out": 99_000, "bias": True}]})
