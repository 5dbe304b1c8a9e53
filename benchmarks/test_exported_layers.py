"""Models in ONNX beside what they give here, run by onnxruntime; states beside PyTorch's own modules.

`make check-exported-layers`; it needs onnx, onnxruntime and PyTorch, which the extra `bench` has.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from autograd import abs, erfc, exp, sin, where
from autograd.errors import ExportError
from layers import (
    CausalSelfAttention,
    Dense,
    DescriptionError,
    Dropout,
    Elementwise,
    Embedding,
    FullyConnected,
    Layer,
    LayerNorm,
    Network,
    Neuron,
    NeuronLayer,
    ReLU,
    Residual,
    RMSNorm,
    Sequential,
    Tanh,
    from_dict,
    load_torch_state,
    to_onnx,
    torch_state,
)
from layers.base import LAYERS

ROWS = np.random.default_rng(0).normal(size=(5, 4)) * 2.0
TOKENS = [3, 1, 4, 1]
TWICE = Dense(4, 4, seed=3)
LONG = Sequential(
    Embedding(6, 8, positions=10),
    Residual(LayerNorm(8), CausalSelfAttention(8, heads=2)),
    Residual(RMSNorm(8), Dense(8, 16, "gelu"), Dense(16, 8)),
    Dense(8, 6),
    seed=0,
)
MODELS = {
    "dense": (Sequential(Dense(4, 8, "relu"), Dense(8, 3, "softmax"), seed=0), ROWS),
    "open sizes": (Sequential(FullyConnected(8, "tanh"), Dropout(0.3), FullyConnected(3), seed=0), ROWS),
    "one sample": (Sequential(Dense(4, 8, "gelu"), Dense(8, 1), seed=0), ROWS[0]),
    "network": (Network(Dense(4, 8, "sigmoid"), Dense(8, 3), loss="cross_entropy", seed=0), ROWS),
    "neuron": (Neuron(4, "tanh", seed=1), ROWS),
    "neurons": (NeuronLayer(4, 3, "elu", seed=1), ROWS),
    "residual": (Sequential(Residual(Dense(4, 4, "silu")), Residual(LayerNorm(4), Dense(4, 4)), seed=0), ROWS),
    "norms": (Sequential(LayerNorm(4, gain=False), RMSNorm(4), LayerNorm(4, bias=False), RMSNorm(4, gain=False)), ROWS),
    "own function": (Dense(4, 3, lambda a: where(a > 0.3, sin(a) * a**2, exp(-a * a) / (1.0 + abs(a)))), ROWS),
    "declared function": (Elementwise(erfc), ROWS),
    "constant": (Elementwise(lambda a: 3.0), ROWS),
    "shared": (Sequential(TWICE, ReLU(), TWICE), ROWS),
    "transformer": (LONG, TOKENS),
}
# Losses and layers of several inputs have none.
WITHOUT_FORM = {"affine", "plus", "sigmoid_neuron"}


def values(outputs):
    return np.vectorize(lambda one: getattr(one, "value", one))(np.asarray(outputs, object)).astype(float)


def run(made, x):
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    kind = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}[given.type]
    return session.run(None, {given.name: np.asarray(x, kind)})[0]


def check(model, x, precision):
    made = to_onnx(model, x, precision=precision)
    found, expected = run(made, x), values(model(x))
    assert found.dtype == (np.float32 if precision == "float" else np.float64)
    assert found.shape == expected.shape
    # Attributes, as the slope of LeakyRelu, are single in models of double precision, too.
    limit = {"rtol": 1e-5, "atol": 2e-6} if precision == "float" else {"rtol": 2e-9, "atol": 1e-9}
    np.testing.assert_allclose(found, expected, **limit)
    return made


@pytest.mark.parametrize("name", MODELS)
def test_onnxruntime_gives_what_the_model_gives(name):
    check(*MODELS[name], "float")


@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"one sample", "declared function", "transformer"}))
def test_so_it_does_in_double_precision(name):
    check(*MODELS[name], "double")


def layer_called(kind):
    """The layer of this name, None for one that needs options: that is part of a model above."""
    try:
        return from_dict(kind)
    except DescriptionError:
        return None


@pytest.mark.parametrize("kind", sorted(kind for kind in LAYERS.classes if layer_called(kind) is not None))
def test_every_layer_has_a_form_or_several_inputs(kind):
    layer = layer_called(kind)
    if kind in ("network", "residual", "sequential"):
        layer.add_layers(Dense(4, 4))
    if len(layer.inputs) == 1:
        check(layer, ROWS, "float")
        return
    assert kind in WITHOUT_FORM or layer.inputs == ("y_hat", "y")
    with pytest.raises(ExportError, match="models and layers of one input have a form"):
        to_onnx(layer, ROWS)


def test_rows_are_any_number():
    model, x = MODELS["dense"]
    made = to_onnx(model, x[:2])
    for count in (1, 5):
        np.testing.assert_allclose(run(made, x[:count]), values(model(x[:count])), rtol=2e-6)
    tokens = [0, 5, 2, 3, 1, 1, 4]
    np.testing.assert_allclose(run(to_onnx(LONG, TOKENS), tokens), values(LONG(tokens)), rtol=1e-5, atol=1e-5)


def test_names_may_be_any():
    model = Sequential(Dense(4, 2, name="a 'b'\n/x"), name="")
    np.testing.assert_allclose(run(to_onnx(model, ROWS), ROWS), values(model(ROWS)), rtol=1e-5, atol=1e-6)
    made = to_onnx(Dense(4, 2, output="score"), ROWS)
    assert [made.graph.input[0].name, made.graph.output[0].name] == ["x", "score"]


def test_shared_parameters_are_there_once():
    made = to_onnx(*MODELS["shared"])
    assert [one.name for one in made.graph.initializer] == ["Sequential.dense_0.weight", "Sequential.dense_0.bias"]


def test_a_layer_of_ones_own_is_refused_until_it_has_a_form(tmp_path):
    class Doubled(Layer):
        def compute(self, a):
            return {"h": a * 2.0}

    class Shifted(Dense):
        def compute(self, x):
            return {"h": super().compute(x)["h"] + 1.0}

    for layer in (Doubled(), Shifted(4, 2)):
        with pytest.raises(ExportError, match=f"give forms={{{type(layer).__name__}: lambda graph, layer, x"):
            to_onnx(Sequential(layer), ROWS)
    made = to_onnx(Doubled(), ROWS, forms={Doubled: lambda graph, layer, a: graph.apply("Add", a, a)})
    onnx.save(made, tmp_path / "model.onnx")
    assert np.array_equal(run(onnx.load(tmp_path / "model.onnx"), ROWS), 2.0 * ROWS.astype(np.float32))


def test_what_has_no_form_is_refused():
    with pytest.raises(ExportError, match=r"write it with where\(\.\.\.\)"):
        to_onnx(Elementwise(lambda a: a if a > 0.0 else -a), ROWS)
    large = Dense(1, 1, weight_init="ones")
    large.weight.assign([[1e300]])
    with pytest.raises(ExportError, match=r"Dense\.weight holds numbers beyond the range of float32; give precision"):
        to_onnx(large, [[1.0]])
    assert run(to_onnx(large, [[1.0]], precision="double"), [[1.0]]) == [[1e300]]


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, 8), nn.Linear(8, 2)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, bias=True, batch_first=True)

    def forward(self, x):
        hidden = torch.triu(torch.ones(len(x), len(x), dtype=torch.bool), 1)
        return self.attention(x, x, x, attn_mask=hidden)[0]


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.out = nn.Embedding(6, 4), nn.Linear(4, 6)

    def forward(self, x):
        return self.out(self.embedding(x))


PAIRS = {
    "sequential": (
        lambda: Sequential(Dense(None, 8, "relu"), Dense(None, 3)),
        lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)),
    ),
    "nested": (
        lambda: Sequential(
            Dense(4, 8), Tanh(), Dropout(), LayerNorm(8), Sequential(Dense(8, 8, "gelu"), RMSNorm(8)),
            Dense(8, 3, bias=False),
        ),
        lambda: nn.Sequential(
            nn.Linear(4, 8), nn.Tanh(), nn.Dropout(), nn.LayerNorm(8),
            nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.RMSNorm(8, eps=1e-5)), nn.Linear(8, 3, bias=False),
        ),
    ),
    "neurons": (
        lambda: Sequential(NeuronLayer(4, 3, "tanh"), Neuron(3)),
        lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1), nn.Flatten(0)),
    ),
    "named": (lambda: Sequential(Dense(4, 8, "relu", name="fc1"), Dense(8, 2, name="fc2")), Named),
    "attention": (lambda: Sequential(CausalSelfAttention(4, heads=2, bias=True, name="attention")), Attention),
    "tokens": (lambda: Sequential(Embedding(6, 4, name="embedding"), Dense(4, 6, name="out")), Tokens),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_a_state_of_pytorch_gives_the_same_outputs_and_goes_back(name):
    ours, theirs = (make() for make in PAIRS[name])
    theirs = theirs.double().eval()
    for parameter in theirs.parameters():
        nn.init.normal_(parameter)
    load_torch_state(ours, theirs.state_dict())
    x = TOKENS if name == "tokens" else ROWS
    np.testing.assert_allclose(values(ours(x)), theirs(torch.tensor(x)).detach().numpy(), rtol=1e-12, atol=1e-12)
    state = torch_state(ours)
    assert list(state) == list(theirs.state_dict())
    for own, array in zip(theirs.state_dict().values(), state.values(), strict=True):
        assert np.array_equal(own.numpy(), array)
    theirs.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    # Learned tensors of a type that NumPy doesn't have.
    load_torch_state(ours, dict(theirs.bfloat16().named_parameters()))
