"""Models in ONNX beside what they give here, run by onnxruntime; states beside PyTorch's own modules.

`make check-exported-layers`; it needs onnx, onnxruntime and PyTorch, which the extra `bench` has.
"""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from layers import (
    CausalSelfAttention,
    Dense,
    Dropout,
    Embedding,
    LayerNorm,
    Neuron,
    NeuronLayer,
    RMSNorm,
    Sequential,
    Tanh,
    load_torch_state,
    to_onnx,
    torch_state,
)
from tests.tables.onnx_models import MODELS, ROWS, TOKENS, layers_of_one_input, values


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


@pytest.mark.parametrize("kind", layers_of_one_input())
def test_every_layer_of_one_input_has_a_form(kind):
    check(layers_of_one_input()[kind], ROWS, "float")


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
