"""The compiled step beside the step by Python: the same numbers, and what it is made of."""

import logging

import numpy as np
import pytest

from layers import (
    SGD,
    CausalSelfAttention,
    CrossEntropyLoss,
    DataError,
    Dense,
    Embedding,
    HingeLoss,
    Layer,
    LayerNorm,
    LogSoftmax,
    MSELoss,
    NeuronLayer,
    Residual,
    RMSNorm,
    Sequential,
    ShapeError,
    Softmax,
)
from layers.arrays import along_last_axis, elementwise
from layers.parameters.parameter import flat_values
from layers.reductions import inner_product
from layers.training.step import TrainingStep

generator = np.random.default_rng(8)
X = generator.normal(size=(70, 3))


def both(model, loss, inputs, targets):
    """Value and gradient of the compiled step and of the step by Python, and the compiled step."""
    step = TrainingStep(model, loss)
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
    step = TrainingStep(attention, MSELoss())
    values = flat_values(step.parameters)
    step(values, generator.normal(size=(2, 3, 4)), generator.normal(size=(2, 3, 4)))
    (path,) = step.paths
    assert {operation.primitive.name for operation in path.program if len(operation.operands) > 3} == set()


def test_compiled_probabilities_do_not_overflow():
    scores = np.array([[0.0, 2000.0, -1000.0], [2000.0, 1999.0, 0.0]] * 20)
    for layer, expected in ((Softmax(), [0.0, 1.0, 0.0]), (LogSoftmax(), [-2000.0, 0.0, -3000.0])):
        step = TrainingStep(Sequential(layer))
        found = step.outputs(np.empty(0), scores)
        assert len(step.paths) == 1
        assert found[0].tolist() == expected
        np.testing.assert_allclose(found[1], layer.forward(scores[1]), rtol=1e-15)


# Rows that are looked up

TOKENS = generator.integers(0, 5, size=(70, 4)).astype(float)
FILLED_UP = np.arange(4) > generator.integers(0, 4, size=(70, 1))


def letters(**options):
    return Sequential(
        Embedding(5, 6, positions=4),
        Residual(RMSNorm(6), CausalSelfAttention(6, heads=2)),
        Dense(6, 5),
        seed=4,
        **options,
    )


class Tied(Layer):
    """The scores of tokens by the vectors that an embedding has for them."""

    def __init__(self, embedding):
        super().__init__()
        self.embedding = embedding

    def compute(self, x):
        vectors = self.embedding.weight.nodes.tolist()
        return {"h": along_last_axis(lambda row: [inner_product(row, vector) for vector in vectors], x, "x")}


class Flat(Layer):
    """All vectors of a sequence in one."""

    def compute(self, x):
        return {"h": x.reshape(-1)}


def tied():
    embedding = Embedding(5, 6)
    return Sequential(embedding, RMSNorm(6), Tied(embedding), seed=5)


LOOKING_UP = {
    "sequences": (letters(), CrossEntropyLoss(), TOKENS, generator.integers(0, 5, size=(70, 4)).astype(float)),
    "tied": (tied(), CrossEntropyLoss(ignore=-1), TOKENS, np.where(FILLED_UP, -1.0, TOKENS)),
    "single tokens": (Sequential(Embedding(5, 3), seed=6), MSELoss(), TOKENS[:, 0], generator.normal(size=(70, 3))),
    "vectors side by side": (
        Sequential(Embedding(5, 2), Flat(), Dense(8, 5), seed=7), CrossEntropyLoss(), TOKENS, TOKENS[:, 1],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", LOOKING_UP)
def test_a_model_that_looks_rows_up_is_compiled_and_gives_what_python_gives(kind, caplog):
    model, loss, inputs, targets = LOOKING_UP[kind]
    compiled, by_python, step = both(model, loss, inputs, targets)
    assert len(step.paths) == 1
    assert_same(compiled, by_python)
    values = flat_values(step.parameters)
    assert step.value(values, inputs, targets) == pytest.approx(by_python[0], rel=1e-13)
    by_layer = np.array([model.forward(x) for x in inputs])
    np.testing.assert_allclose(step.outputs(values, inputs), by_layer, rtol=1e-12, atol=1e-12)
    assert len(step.paths) == 3
    assert caplog.records == []


def test_rows_that_nobody_asked_for_have_gradient_zero():
    step = TrainingStep(Sequential(Embedding(5, 2), seed=0), MSELoss())
    _, gradient = step(flat_values(step.parameters), np.array([3.0, 1.0, 3.0]), np.zeros((3, 2)))
    table = gradient.reshape(5, 2)
    assert (table[[0, 2, 4]] == 0.0).all()
    assert (table[[1, 3]] != 0.0).all()


def test_a_program_does_not_grow_with_the_table():
    sizes = []
    for tokens in (5, 5000):
        step = TrainingStep(Sequential(Embedding(tokens, 4), Dense(4, 2), seed=0), MSELoss())
        step(flat_values(step.parameters), np.array([3.0, 1.0]), np.zeros((2, 2)))
        (path,) = step.paths
        sizes.append(len(path.program))
    assert sizes[0] == sizes[1]


def test_sequences_of_another_length_have_a_program_of_their_own():
    model = letters()
    step = TrainingStep(model, CrossEntropyLoss())
    values = flat_values(step.parameters)
    for length in (4, 2):
        inputs, targets = TOKENS[:, :length], TOKENS[::-1, :length]
        assert_same(step(values, inputs, targets), step.by_python(values, inputs, targets))
    assert len(step.paths) == 2


class Next(Layer):
    """Each token's successor: rows are then looked up by numbers that were computed."""

    def compute(self, t):
        return {"t": elementwise(lambda token: token + 1.0, t)}


def test_a_model_that_can_not_be_compiled_is_run_by_python_and_says_so(caplog):
    model = Sequential(Next(), Embedding(6, 2), seed=0)
    with caplog.at_level(logging.WARNING, logger="layers.step"):
        compiled, by_python, step = both(model, MSELoss(), TOKENS, np.zeros((70, 4, 2)))
    assert step.paths == []
    assert_same(compiled, by_python)
    (record,) = caplog.records
    assert "Sequential is run by Python, which is slower" in record.message
    assert "a row is looked up by a number that was computed" in record.message


def test_forward_alone_is_compiled_for_many_samples_only():
    step = TrainingStep(MODELS["scores"][0])
    values = flat_values(step.parameters)
    alone = step.outputs(values, X[:20])
    assert step.paths == []
    together = step.outputs(values, X)
    assert len(step.paths) == 1
    np.testing.assert_allclose(together[:20], alone, rtol=1e-13, atol=1e-15)


# Errors in later samples

BAD_TOKENS, BAD_LABELS = TOKENS.copy(), TOKENS.copy()
BAD_TOKENS[63, 2], BAD_LABELS[40, 1] = 5, 2.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: model.fit(BAD_TOKENS, TOKENS, "cross_entropy", progress=False), "embedding"),
        (lambda model: model.fit(TOKENS, TOKENS, "cross_entropy", validation=(BAD_TOKENS, TOKENS)), "embedding"),
        (lambda model: model.evaluate(BAD_TOKENS, TOKENS, "cross_entropy"), "embedding"),
        (lambda model: model.predict(BAD_TOKENS), "embedding"),
        (lambda model: model.fit(TOKENS, BAD_LABELS, "cross_entropy", progress=False), "classes"),
        (lambda model: model.evaluate(TOKENS, BAD_LABELS, "cross_entropy"), "classes"),
    ],
)
def test_a_bad_token_or_label_names_layer_sample_expected_and_given(call, message):
    texts = {
        "embedding": "Sequential: embedding_0: each token is a whole number from 0 to 4, got 5 in sample 63, place 2",
        "classes": "CrossEntropyLoss: each class is a whole number from 0 to 4, got 2.5 in sample 40, place 1",
    }
    model = letters()
    before = model.state_dict()
    with pytest.raises(DataError) as caught:
        call(model)
    assert str(caught.value) == texts[message]
    assert all([np.array_equal(before[name], values) for name, values in model.state_dict().items()])


class Picky(Layer):
    """The vectors, none of which may begin with a number above 4: only running it tells."""

    def compute(self, t):
        if any([number > 4.0 for number in t]):
            raise ShapeError("numbers are at most 4")
        return {"h": t}


def test_an_error_inside_a_layer_that_python_runs_names_the_sample():
    model = Sequential(Picky(), Dense(4, 1), seed=0)
    before = model.state_dict()
    step = TrainingStep(model, MSELoss())
    with pytest.raises(ShapeError, match=r"^Sequential: picky_0: numbers are at most 4, in sample 63$"):
        step.by_python(flat_values(step.parameters), BAD_TOKENS, TOKENS[:, :1])
    with pytest.raises(ShapeError, match="picky_0: numbers are at most 4"):
        model.fit(BAD_TOKENS, TOKENS[:, :1], "mse", SGD(), batch_size=None, progress=False)
    assert all([np.array_equal(before[name], values) for name, values in model.state_dict().items()])


def test_ignored_classes_do_not_count():
    scores = generator.normal(size=(4, 3))
    loss, counted = CrossEntropyLoss(ignore=-1), CrossEntropyLoss()
    assert loss.forward(scores, [0, -1, 2, -1]) == pytest.approx(counted.forward(scores[[0, 2]], [0, 2]), rel=1e-15)
    found = loss.backward().dy_hat
    counted.backward()
    np.testing.assert_allclose(found[[0, 2]], counted.backward().dy_hat, rtol=1e-15)
    assert (found[[1, 3]] == 0.0).all()
    assert CrossEntropyLoss(ignore=-1, reduction="none").forward(scores, [0, -1, 2, -1])[1] == 0.0
    with pytest.raises(DataError, match="CrossEntropyLoss: a mean is of one class or more, all are the ignored -1"):
        loss.forward(scores, [-1] * 4)
    with pytest.raises(DataError, match=r"each class is a whole number from 0 to 2, got -2 in place 3"):
        loss.forward(scores, [0, 1, -1, -2])
    with pytest.raises(DataError, match="sample 1 has only the ignored -1"):
        letters().fit(TOKENS, np.where(np.arange(70)[:, None] == 1, -1, TOKENS), loss, progress=False)


def test_neurons_are_compiled_to_as_many_operations_as_their_matrix():
    counts = []
    for layer in (Dense, NeuronLayer):
        step = TrainingStep(Sequential(layer(3, 6, "relu"), layer(6, 6, "tanh"), layer(6, 2), seed=0), MSELoss())
        step(flat_values(step.parameters), X, X[:, :2])
        (path,) = step.paths
        counts.append(sorted([operation.primitive.name for operation in path.program]))
    assert counts[0] == counts[1]


class Wavering(Layer):
    """Looks a row up for small numbers, and takes the whole table for others."""

    def __init__(self, otherwise):
        super().__init__()
        self.embedding = Embedding(5, 2)
        self.otherwise = otherwise

    def compute(self, t):
        return {"x": self.embedding.apply(t) if t < 2.0 else self.otherwise(self.embedding, t)}


@pytest.mark.parametrize(
    ("otherwise", "message"),
    [
        (lambda embedding, t: embedding.weight.nodes[0], "weight is used otherwise than in another sample"),
        (
            lambda embedding, t: embedding.apply(np.array([t, t]))[0],
            "weight is looked up otherwise than in another sample",
        ),
    ],
)
def test_samples_that_look_up_differently_are_run_by_python(otherwise, message, caplog):
    model = Sequential(Wavering(otherwise), seed=0)
    compiled, by_python, _ = both(model, MSELoss(), np.array([0.0, 1.0, 3.0]), np.zeros((3, 2)))
    assert_same(compiled, by_python)
    assert message in caplog.text


class Deciding(Layer):
    """A ReLU by Python's `if`."""

    def compute(self, a):
        return {"h": elementwise(lambda a: a if a > 0.0 else 0.0 * a, a)}


def test_few_decisions_are_compiled_and_many_are_left_to_python(caplog):
    few = Sequential(Dense(3, 2), Deciding(), seed=0)
    compiled, by_python, step = both(few, MSELoss(), X, X[:, :2])
    assert_same(compiled, by_python)
    assert len(step.paths) == 4
    assert caplog.records == []
    many = Sequential(Dense(3, 12), Deciding(), Dense(12, 1), seed=0)
    compiled, by_python, step = both(many, MSELoss(), X, X[:, :1])
    assert_same(compiled, by_python)
    assert "Sequential is run by Python" in caplog.text
    assert "took more than 32 ways through its branches" in caplog.text
