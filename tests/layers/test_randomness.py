"""Random layers: drawn anew for every sample and step, alike in compiled steps and by Python; the law of `Dropout`."""

import logging
import random

import numpy as np
import pytest

from autograd import TraceError, gradcheck, jit, vmap
from layers import (
    SGD,
    Adam,
    Dense,
    DescriptionError,
    Dropout,
    Layer,
    MSELoss,
    Sequential,
    from_dict,
    is_training,
    random_numbers,
    training,
)
from layers.arrays import elementwise
from layers.parameters.parameter import flat_values
from layers.randomness import drawn, in_training
from layers.training.step import TrainingStep

X = np.random.default_rng(0).normal(size=(60, 2))
Y = (X.sum(axis=1) > 0).astype(float)


class Noise(Layer):
    """Normal noise, and a factor from 0 to 1 for the whole sample."""

    def compute(self, a):
        factor = random_numbers()
        return {"h": elementwise(lambda a, noise: a * factor + noise, a, random_numbers(a.shape, "normal"))}


@pytest.mark.parametrize("layer", [Dropout(0.4), Noise()], ids=repr)
@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 2.0, 60)], ids=["alike", "weighted"])
def test_a_compiled_step_draws_what_python_draws(layer, weights):
    model = Sequential(Dense(2, 8, "tanh"), layer, Dense(8, 1), seed=0)
    found = []
    for run in (TrainingStep.__call__, TrainingStep.by_python):
        step = TrainingStep(model, MSELoss(), generator=np.random.default_rng(5))
        values = flat_values(step.parameters)
        with in_training():
            found.append([run(step, values, X, Y.reshape(-1, 1), weights) for _ in range(2)])
        assert len(step.paths) == (run is TrainingStep.__call__)
    for (value, gradient), (expected, slopes) in zip(*found, strict=True):
        assert value == pytest.approx(expected, rel=1e-13)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-13)
    assert found[0][0][0] != found[0][1][0]


def test_all_samples_draw_one_after_the_other():
    requests = [(2, "uniform"), (1, "normal"), (3, "uniform")]
    whole, alone = np.random.default_rng(1), np.random.default_rng(1)
    lines = [np.concatenate([alone.random(2), alone.standard_normal(1), alone.random(3)]) for _ in range(4)]
    assert np.array_equal(drawn(whole, 4, requests), lines)
    assert np.array_equal(drawn(whole, 4, [(2, "normal")] * 2), alone.standard_normal((4, 4)))


def test_every_epoch_and_every_sample_has_masks_of_its_own():
    model = Sequential(Dense(2, 8, "tanh"), Dropout(0.5), Dense(8, 1), seed=0)
    losses = model.fit(X, Y, "mse", SGD(lr=0.0), epochs=5, seed=0, progress=False).loss
    assert len(set(losses)) == 5
    again = Sequential(Dense(2, 8, "tanh"), Dropout(0.5), Dense(8, 1), seed=0)
    assert again.fit(X, Y, "mse", SGD(lr=0.0), epochs=5, seed=0, progress=False).loss == losses
    with training(seed=0):
        assert len(set(model.predict(np.ones((50, 2)))[:, 0].tolist())) > 20
    assert len(set(model.predict(np.ones((50, 2)))[:, 0].tolist())) == 1


@pytest.mark.parametrize("samples", [5, 50])
def test_noise_outside_a_training_is_drawn_anew_too(samples):
    model = Sequential(Noise(), seed=0)
    assert len(set(model.predict(np.ones((samples, 1)))[:, 0].tolist())) == samples
    assert not np.array_equal(model.predict(X), model.predict(X))


def test_dropout_keeps_the_mean_and_drops_the_share():
    ones, rate = np.ones(20_000), 0.3
    with training(seed=1):
        kept = Dropout(rate).forward(ones)
    assert set(kept.tolist()) == {0.0, 1.0 / (1.0 - rate)}
    # Five standard errors.
    assert abs((kept == 0).mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / len(ones))
    assert abs(kept.mean() - 1.0) < 5 * np.sqrt(rate / (1 - rate) / len(ones))


def test_dropout_is_nothing_outside_a_training_and_at_rate_0():
    assert np.array_equal(Dropout(0.5).forward(X), X)
    with training(seed=0):
        assert np.array_equal(Dropout(0.0).forward(X), X)


def test_the_gradient_of_a_dropout_is_its_mask():
    layer = Dropout(0.5)
    with training(seed=2):
        result = layer.forward(np.arange(1.0, 9.0))
        assert np.array_equal(layer.backward(1.0).da, result / np.arange(1.0, 9.0))

    def function(row):
        with training(seed=2):
            return np.dot(layer(row), np.arange(8.0))

    assert gradcheck(function, [np.linspace(-1.0, 1.0, 8)])


def test_an_infinite_number_that_is_dropped_is_0():
    with training(seed=0):
        assert set(Dropout(0.5).forward([np.inf] * 20).tolist()) == {0.0, np.inf}


def test_a_dropout_is_described_and_settles_sizes():
    model = Sequential(Dense(None, 3), Dropout(0.25), Dense(None, 1))
    assert from_dict(model.to_dict()).to_dict() == model.to_dict()
    assert from_dict({"type": "dropout", "rate": 0.25}).rate == 0.25
    model.load_state_dict(Sequential(Dense(2, 3), Dropout(), Dense(3, 1)).state_dict())


def test_validation_and_metrics_of_a_training_drop_nothing():
    model = Sequential(Dense(2, 8, "tanh"), Dropout(0.5), Dense(8, 1), seed=0)
    history = model.fit(
        X, Y, "mse", SGD(lr=0.0), epochs=2, seed=0, validation=(X, Y), metrics="mse", progress=False
    )  # fmt: skip
    assert history.validation_loss == [model.evaluate(X, Y, "mse")] * 2
    assert history.metrics["mse"] == pytest.approx(history.validation_loss, rel=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Dropout(1.0), "the rate of a dropout is below 1, got 1.0"),
        (lambda: Dropout(-0.1), "the rate of a dropout is a finite number, 0 or more, got -0.1"),
        (lambda: random_numbers((2,), "poisson"), "a distribution is one of uniform, normal, got 'poisson'"),
        (lambda: training(seed="a").__enter__(), "a seed is a whole number, 0 or more, or None, got 'a'"),
    ],
)
def test_wrong_options_are_refused(call, message):
    with pytest.raises(DescriptionError, match=message):
        call()
    assert not is_training()


# Layers that draw by themselves, or keep a state

GENERATOR = np.random.default_rng(0)
COUNT = [0]


def chance():
    return GENERATOR.random()


class OwnGenerator(Layer):
    def __init__(self):
        super().__init__()
        self.generator = np.random.default_rng(0)

    def compute(self, x):
        return {"h": elementwise(lambda v: v * (self.generator.random() < 0.5), x)}


class GlobalGenerator(Layer):
    def compute(self, x):
        return {"h": elementwise(lambda v: v * (chance() < 0.5), x)}


class PythonsRandom(Layer):
    def compute(self, x):
        return {"h": elementwise(lambda v: v * (random.random() < 0.5), x)}


class NumpysRandom(Layer):
    def compute(self, x):
        return {"h": elementwise(lambda v: v * (np.random.random() < 0.5), x)}


class UnseededEachTime(Layer):
    def compute(self, x):
        return {"h": elementwise(lambda v: v * np.random.default_rng().random(), x)}


class Counting(Layer):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def compute(self, x):
        self.calls += 1
        return {"h": x}


class CountingOutside(Layer):
    def compute(self, x):
        COUNT[0] += 1
        return {"h": x}


@pytest.mark.parametrize(
    "kind",
    [OwnGenerator, GlobalGenerator, PythonsRandom, NumpysRandom, UnseededEachTime, Counting, CountingOutside],
)
def test_a_layer_with_a_state_of_its_own_is_run_by_python_for_every_sample(kind, caplog):
    random.seed(0)
    np.random.seed(0)
    layer = kind()
    model = Sequential(Dense(2, 8, "tanh"), layer, Dense(8, 1), seed=0)
    before = COUNT[0]
    with caplog.at_level(logging.WARNING, logger="layers.step"):
        losses = model.fit(X, Y, "mse", SGD(lr=0.0), epochs=3, seed=0, progress=False).loss
    assert f"{layer.name} keeps a state that changes in each run, or draws random numbers by itself" in caplog.text
    if kind in (Counting, CountingOutside):
        assert (layer.calls if kind is Counting else COUNT[0] - before) >= 180
    else:
        assert len(set(losses)) == 3
        assert len({tuple(row) for row in model.predict(np.ones((50, 2))).tolist()}) > 10


def test_a_layer_without_a_state_is_compiled(caplog):
    class Scaled(Layer):
        def __init__(self):
            super().__init__()
            self.factor = 2.0

        def compute(self, x):
            return {"h": elementwise(lambda v: v * self.factor, x)}

    step = TrainingStep(Sequential(Scaled(), Dense(2, 1), seed=0), MSELoss())
    step(flat_values(step.parameters), X, Y.reshape(-1, 1))
    assert len(step.paths) == 1
    assert caplog.records == []


class Factor(Layer):
    """A factor that is no parameter."""

    def __init__(self):
        super().__init__()
        self.factor = 1.0

    def compute(self, x):
        return {"h": elementwise(lambda v: v * self.factor, x)}


def test_a_setting_that_a_callback_changes_is_recorded_anew():
    factor, dropout = Factor(), Dropout(0.0)

    def change(epoch):
        factor.factor *= 2.0
        dropout.rate = 0.5 if epoch.number == 2 else 0.0

    model = Sequential(Dense(2, 1, bias=False, weight_init="ones"), factor, dropout, seed=0)
    losses = model.fit(X, 0 * Y, "mse", SGD(lr=0.0), epochs=4, seed=0, progress=False, callbacks=change).loss
    square = np.mean(X.sum(axis=1) ** 2)
    np.testing.assert_allclose([losses[0], losses[1], losses[3]], [square, 4 * square, 64 * square], rtol=1e-12)
    assert losses[2] != pytest.approx(16 * square, rel=1e-3)


def test_adam_learns_through_dropout():
    model = Sequential(Dense(2, 16, "relu"), Dropout(0.2), Dense(16, 1), seed=0)
    model.fit(X, Y, "binary_cross_entropy", Adam(lr=0.05), epochs=40, seed=0, progress=False)
    assert model.evaluate(X, Y, metrics="accuracy")["accuracy"] > 0.95


@pytest.mark.parametrize("compiled", [jit, vmap])
def test_random_numbers_are_not_frozen_in_a_function_of_ones_own_that_is_compiled(compiled):
    dropout = Dropout(0.5)
    rows = np.ones((4, 3))
    np.testing.assert_array_equal(compiled(dropout)(rows), rows)
    with training(seed=0), pytest.raises(TraceError, match="would be frozen in the function that is being compiled"):
        compiled(dropout)(rows)
