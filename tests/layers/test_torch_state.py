"""Parameters under PyTorch's names: numbers at places that one can verify by hand, and what is refused.

`benchmarks/test_exported_layers.py` compares with PyTorch itself.
"""

import numpy as np
import pytest

from layers import (
    CausalSelfAttention,
    Dense,
    Dropout,
    Embedding,
    FullyConnected,
    InputError,
    LayerNorm,
    Neuron,
    NeuronLayer,
    Residual,
    RMSNorm,
    Sequential,
    SizeError,
    StateError,
    load_torch_state,
    torch_state,
)
from layers.saving.weights import write_state
from tests.tables.networks import same

MODELS = {
    "dense": lambda seed: Dense(2, 3, "relu", seed=seed),
    "neurons": lambda seed: NeuronLayer(2, 3, "tanh", seed=seed),
    "neuron": lambda seed: Neuron(2, seed=seed),
    "without bias": lambda seed: Sequential(NeuronLayer(2, 3, bias=False), Dense(3, 2, bias=False), seed=seed),
    "norms": lambda seed: Sequential(Dense(2, 3), LayerNorm(3), RMSNorm(3), LayerNorm(3, gain=False), seed=seed),
    "nested": lambda seed: Sequential(Dense(2, 3, "relu"), Sequential(Residual(Dense(3, 3))), Dense(3, 1), seed=seed),
    "attention": lambda seed: Sequential(
        CausalSelfAttention(4, heads=2, bias=True), Dense(4, 2, name="out"), seed=seed
    ),
    "tokens": lambda seed: Sequential(Embedding(5, 4, positions=7), CausalSelfAttention(4), seed=seed),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_state_comes_back_in_another_model(name):
    model, other = MODELS[name](0), MODELS[name](1)
    for place, parameter in enumerate(model.named_parameters().values()):
        parameter.assign(np.random.default_rng(place).normal(size=parameter.shape))
    state = torch_state(model)
    load_torch_state(other, state)
    assert same(model.state_dict(), other.state_dict())
    assert same(torch_state(other), state)
    assert sum(array.size for array in state.values()) == len(model.parameters())


def test_names_are_places_of_modules_or_own_names():
    model = Sequential(Dense(2, 3, "relu"), Dropout(), LayerNorm(3), Dense(3, 1, name="head"))
    assert list(torch_state(model)) == ["0.weight", "0.bias", "3.weight", "3.bias", "head.weight", "head.bias"]
    assert list(torch_state(MODELS["nested"](0))) == [
        "0.weight", "0.bias", "2.0.0.weight", "2.0.0.bias", "3.weight", "3.bias",
    ]  # fmt: skip


def test_a_linear_weight_has_a_row_for_each_output():
    dense = Dense(2, 3)
    weight = np.arange(6.0).reshape(3, 2)
    load_torch_state(dense, {"weight": weight, "bias": [7.0, 8.0, 9.0]})
    assert np.array_equal(dense.forward([1.0, 10.0]), [10.0 + 7.0, 32.0 + 8.0, 54.0 + 9.0])
    neurons = NeuronLayer(None, 3)
    load_torch_state(neurons, {"weight": weight, "bias": [7.0, 8.0, 9.0]})
    assert np.array_equal(neurons.forward([1.0, 10.0]), dense.forward([1.0, 10.0]))


def test_attention_has_queries_keys_and_values_one_below_the_other():
    layer = CausalSelfAttention(2, bias=True)
    rows = np.arange(12.0).reshape(6, 2)
    state = torch_state(layer) | {"in_proj_weight": rows, "in_proj_bias": np.arange(6.0)}
    load_torch_state(layer, state)
    for place, inner in enumerate((layer.query, layer.key, layer.value)):
        assert np.array_equal(inner.weight.values, rows[2 * place : 2 * place + 2].T)
        assert np.array_equal(inner.bias.values, [2.0 * place, 2.0 * place + 1.0])
    assert list(state) == ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]


def test_a_layer_at_two_places_is_there_twice_and_must_be_the_same():
    inner = Dense(2, 2)
    model = Sequential(inner, inner)
    state = torch_state(model)
    assert list(state) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    load_torch_state(model, state)
    before = model.state_dict()
    state["1.bias"] = state["1.bias"] + 1.0
    with pytest.raises(StateError, match=r"1\.bias and an array before it are one parameter here, dense_0\.bias"):
        load_torch_state(model, state)
    assert same(model.state_dict(), before)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_files_are_read_and_settle_open_sizes(tmp_path, suffix):
    if suffix == ".safetensors":
        pytest.importorskip("safetensors")
    model = MODELS["nested"](0)
    path = write_state(tmp_path / f"weights{suffix}", torch_state(model))
    lazy = Sequential(FullyConnected(3, "relu"), Sequential(Residual(FullyConnected(3))), FullyConnected(1))
    load_torch_state(lazy, path)
    assert same(torch_state(lazy), torch_state(model))


class Tensor:
    """What is asked of a tensor of PyTorch's that is learned, on some device, in bfloat16."""

    def __init__(self, numbers):
        self.numbers = numbers

    def detach(self):
        return self

    cpu = double = detach

    def numpy(self):
        return np.array(self.numbers)


def test_tensors_are_taken_as_they_are():
    dense = Dense(2, 1)
    load_torch_state(dense, {"weight": Tensor([[1.0, 2.0]]), "bias": Tensor([3.0])})
    assert dense.forward([1.0, 1.0]) == [6.0]


def refused(change, model=None):
    model = model or Sequential(Dense(2, 3, "relu"), Dense(3, 1), seed=0)
    before, state = model.state_dict(), torch_state(model)
    state = change(state) or state
    with pytest.raises(StateError) as caught:
        load_torch_state(model, state)
    assert same(model.state_dict(), before)
    return str(caught.value)


def test_what_does_not_fit_is_refused_in_pytorchs_names():
    assert "the state has no '2.bias'" in refused(lambda state: state.pop("2.bias") is None)
    message = refused(lambda state: {f"module.{name}": array for name, array in state.items()})
    assert "the state has no '0.weight'; did you mean module.0.weight?" in message
    assert "0.weight has shape (3, 2), the state has (2, 3)" in refused(lambda s: s | {"0.weight": s["0.weight"].T})
    assert "not finite" in refused(lambda state: state | {"0.bias": [0.0, np.nan, 0.0]})
    assert "a dict of arrays by name, got list" in refused(lambda state: [1.0])
    assert "holds complex numbers" in refused(lambda state: state | {"0.bias": np.ones(3) * 1j})
    assert "no array of numbers" in refused(lambda state: state | {"0.bias": "abc"})


@pytest.mark.parametrize("name", ["model.pt", "weights.PTH", "pytorch_model.bin"])
def test_pickles_are_not_read(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"cos\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")
    assert "safetensors.torch.save_file(" in refused(lambda state: path)
    assert not (tmp_path / "ran").exists()


def test_what_is_no_layer_has_no_state():
    with pytest.raises(InputError, match=r"models and layers have a state, got list \[1\]"):
        torch_state([1])
    with pytest.raises(InputError, match="models and layers have a state, got str 'x'"):
        load_torch_state("x", {})


def test_a_model_of_open_sizes_has_no_state_yet():
    with pytest.raises(SizeError):
        torch_state(Sequential(FullyConnected(3)))
