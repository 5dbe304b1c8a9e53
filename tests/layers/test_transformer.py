"""A small transformer made of layers: the numbers of the same model written out by hand, and training of it."""

import importlib.util
import random

import numpy as np
import pytest

from autograd import gradcheck
from layers import (
    Adam,
    CausalSelfAttention,
    CrossEntropyLoss,
    Dense,
    Embedding,
    Linear,
    Residual,
    RMSNorm,
    Sequential,
    from_dict,
)
from tests import PROJECT


def transformer(tokens, width, heads, length, seed=0):
    plain = {"bias": False, "weight_init": {"type": "normal", "deviation": 0.08}}
    return Sequential(
        Embedding(tokens, width, positions=length, weight_init=plain["weight_init"]),
        RMSNorm(width, gain=False),
        Residual(RMSNorm(width, gain=False), CausalSelfAttention(width, heads=heads, weight_init=plain["weight_init"])),
        Residual(RMSNorm(width, gain=False), Dense(width, 2 * width, "relu", **plain), Dense(None, width, **plain)),
        Dense(width, tokens, **plain),
        seed=seed,
    )


# The matrix of the program, (outputs, inputs), that each parameter is.
NAMES = {
    "embedding_0.weight": "letters", "embedding_0.place": "places",
    "residual_0.causal_self_attention_0.query.weight": "query",
    "residual_0.causal_self_attention_0.key.weight": "key",
    "residual_0.causal_self_attention_0.value.weight": "value",
    "residual_0.causal_self_attention_0.projection.weight": "mix",
    "residual_1.dense_0.weight": "up", "residual_1.dense_1.weight": "down", "dense_0.weight": "out",
}  # fmt: skip


@pytest.fixture
def program(monkeypatch):
    """The transformer that is written out by hand, on an engine of its own."""
    folder = PROJECT / "tests" / "tables" / "programs"
    monkeypatch.syspath_prepend(folder)
    spec = importlib.util.spec_from_file_location("names_by_hand", folder / "names.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_layers_and_the_program_by_hand_have_the_same_losses_step_by_step(program):
    random.seed(5)
    by_hand = program.new_model()
    model = transformer(program.END + 1, program.WIDTH, program.HEADS, program.LENGTH)
    values = {role: np.array([[node.data for node in row] for row in rows]) for role, rows in by_hand.items()}
    model([0])
    model.load_state_dict(
        {name: values[role] if "embedding" in name else values[role].T for name, role in NAMES.items()}
    )
    steps = 4
    optimizer, losses = Adam(lr=Linear(0.01, 0.0), beta1=0.85, beta2=0.99), []
    for step in range(steps):
        word = program.WORDS[step % len(program.WORDS)]
        letters = [program.END, *[program.LETTERS.index(c) for c in word], program.END]
        loss = CrossEntropyLoss()(model(letters[:-1]), letters[1:])
        for parameter in model.parameters():
            parameter.grad = 0.0
        loss.backward()
        optimizer.step(model.parameters(), progress=step / steps)
        losses.append(loss.value)
    np.testing.assert_allclose(losses, program.run(steps)["losses"], rtol=1e-12)


def test_what_comes_later_does_not_change_what_came_before():
    model = transformer(5, 4, 2, 6)
    whole = model.forward([1, 2, 3, 4])
    np.testing.assert_allclose(model.forward([1, 2, 0])[:2], whole[:2], rtol=0, atol=0)


def test_its_gradients_agree_with_differences():
    attention = CausalSelfAttention(2, heads=2, bias=True, seed=0)
    assert gradcheck(lambda x: attention(x).sum() ** 2, [np.array([[0.5, -1.0], [0.2, 0.3], [1.5, 0.1]])])


def test_fit_learns_a_cycle_of_letters_and_a_description_makes_it_again():
    sequences = np.array([[(start + time) % 4 for time in range(5)] for start in range(4)])
    model = transformer(4, 8, 2, 4)
    history = model.fit(
        sequences[:, :-1], sequences[:, 1:], "cross_entropy", Adam(lr=0.03), epochs=40, batch_size=None, progress=False
    )
    assert history.loss[0] == pytest.approx(np.log(4), rel=0.05)
    assert history.loss[-1] < 0.05
    again = from_dict(model.to_dict())
    again([0])
    again.load_state_dict(model.state_dict())
    assert np.array_equal(again.predict(sequences[:, :-1]), model.predict(sequences[:, :-1]))
    assert [int(place) for place in model.predict([[2, 3]])[0].argmax(axis=1)] == [3, 0]
