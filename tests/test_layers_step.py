"""The compiled step beside the step by Python: the same numbers, and what it is made of."""

import numpy as np
import pytest

from layers import (
    CausalSelfAttention,
    CrossEntropyLoss,
    Dense,
    HingeLoss,
    LayerNorm,
    MSELoss,
    NeuronLayer,
    Sequential,
    Softmax,
)
from layers.parameters import flat_values
from layers.step import Step

generator = np.random.default_rng(8)
X = generator.normal(size=(70, 3))


def both(model, loss, inputs, targets):
    """Value and gradient of the compiled step and of the step by Python, and the compiled step."""
    step = Step(model, loss)
    values = flat_values(step.parameters)
    return step(values, inputs, targets), step.by_python(values, inputs, targets), step


def assert_same(compiled, by_python):
    # Sums of up to 70 samples in another order, of products of numbers below ten.
    np.testing.assert_allclose(compiled[0], by_python[0], rtol=1e-13)
    np.testing.assert_allclose(compiled[1], by_python[1], rtol=1e-12, atol=1e-12)


MODELS = {
    "scores": (Sequential(Dense(3, 8, "relu"), Dense(8, 1), seed=1), HingeLoss(), np.sign(X[:, :1])),
    "neurons": (Sequential(NeuronLayer(3, 4, "tanh"), NeuronLayer(4, 2), seed=1), MSELoss(), X[:, :2]),
    "shares": (Sequential(Dense(3, 4, "gelu"), LayerNorm(4), Dense(4, 3), seed=2), CrossEntropyLoss(), np.eye(3)[[1]]),
    "probabilities": (Sequential(Dense(3, 3), Softmax(), seed=3), MSELoss(), np.eye(3)[[0]]),
}


@pytest.mark.parametrize("kind", MODELS)
def test_a_compiled_step_gives_what_python_gives(kind):
    model, loss, targets = MODELS[kind]
    compiled, by_python, _ = both(model, loss, X, np.resize(targets, (70, targets.shape[1])))
    assert_same(compiled, by_python)


def test_a_compiled_step_has_no_operation_on_many_operands():
    attention = Sequential(CausalSelfAttention(4, heads=2), Dense(4, 4, "softmax"), seed=0)
    step = Step(attention, MSELoss())
    values = flat_values(step.parameters)
    step(values, generator.normal(size=(2, 3, 4)), generator.normal(size=(2, 3, 4)))
    (path,) = step.paths
    assert {operation.primitive.name for operation in path.program if len(operation.operands) > 3} == set()
