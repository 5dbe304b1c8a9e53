"""Training: steps that agree with the whole batch, data that are refused, an end that keeps the best parameters."""

import io
import logging
import signal
import sys
import threading

import numpy as np
import pytest

from autograd import gradients, softplus
from layers import (
    LBFGS,
    SGD,
    Adam,
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    DataError,
    Dense,
    DescriptionError,
    EarlyStopping,
    Layer,
    Linear,
    Loss,
    MSELoss,
    Neuron,
    NeuronLayer,
    Sequential,
    ShapeError,
    SizeError,
    TrainingError,
    fit,
)
from layers.arrays import along_last_axis, elementwise, reduced
from layers.errors import InputError
from layers.parameters.parameter import flat_values
from layers.reductions import inner_product
from layers.training.step import TrainingStep
from tests.tables.networks import same

generator = np.random.default_rng(2)
X = generator.normal(size=(12, 3))
SLOPES = np.array([1.0, -2.0, 0.5])
Y = X @ SLOPES + 0.25


def line(seed=0):
    return Sequential(Dense(3, 1), seed=seed)


def quiet(model, *args, **options):
    return fit(model, *args, **({"progress": False} | options))


# The step


@pytest.mark.parametrize("layer", [Dense, NeuronLayer])
def test_a_step_is_the_gradient_of_the_mean_loss_over_the_batch(layer):
    model, loss = Sequential(layer(3, 4, "tanh"), layer(4, 2), seed=1), MSELoss()
    targets = generator.normal(size=(12, 2))
    value, gradient = TrainingStep(model, loss)(flat_values(list(model.named_parameters().values())), X, targets)
    whole = loss(model(X), targets)
    # Twelve samples' sums in another order: each of the 24 terms is rounded to 2⁻⁵³ of at most ten.
    assert value == pytest.approx(whole.value, rel=1e-14)
    np.testing.assert_allclose(gradient, gradients(whole, model.parameters()), rtol=1e-12, atol=1e-14)


def test_a_step_leaves_the_model_alone():
    model = line()
    before = model.state_dict()
    TrainingStep(model, MSELoss())(np.ones(4), X, Y.reshape(-1, 1))
    assert same(before, model.state_dict())
    assert [variable.grad for variable in model.parameters()] == [0.0] * 4


def test_one_epoch_of_gradient_descent_by_hand():
    model = line()
    w, b = model.state_dict().values()
    history = quiet(model, X, Y, "mse", SGD(lr=0.1), epochs=1, batch_size=None)
    r = X @ w[:, 0] + b - Y
    found = model.state_dict()
    np.testing.assert_allclose(found["dense_0.weight"][:, 0], w[:, 0] - 0.1 * 2 * X.T @ r / 12, rtol=1e-13)
    np.testing.assert_allclose(found["dense_0.bias"], b - 0.1 * 2 * r.mean(), rtol=1e-13)
    assert history.loss == pytest.approx([(r**2).mean()], rel=1e-13)


# What is found


@pytest.mark.parametrize(
    ("optimizer", "epochs"),
    [
        (SGD(lr=0.1), 300),
        (SGD(lr=0.05, momentum=0.9, nesterov=True), 300),
        ({"type": "rmsprop", "lr": {"type": "exponential", "start": 0.1, "end": 1e-5}}, 300),
        (Adam(lr=Linear(0.3, 0.0)), 300),
        ("lbfgs", 50),
        (LBFGS(memory=3), 50),
    ],
    ids=repr,
)
def test_each_optimiser_finds_the_line(optimizer, epochs):
    model = line()
    history = quiet(model, X, Y, "mse", optimizer, epochs=epochs, batch_size=None)
    np.testing.assert_allclose(model.state_dict()["dense_0.weight"][:, 0], SLOPES, atol=2e-3)
    assert history.loss[-1] < 1e-5
    assert model.evaluate(X, Y) < 1e-5


def test_classes_are_learned_from_numbers_and_from_shares():
    labels = (X[:, 0] > 0).astype(int)
    for targets in (labels, np.eye(2)[labels]):
        model = Sequential(Dense(3, 2), seed=0)
        quiet(model, X, targets, CrossEntropyLoss(), Adam(lr=0.1), epochs=150)
        assert (model.predict(X).argmax(axis=1) == labels).all()
    scores = Sequential(Dense(3, 1), seed=0)
    quiet(scores, X, labels, "binary_cross_entropy", Adam(lr=0.1), epochs=150)
    assert ((scores.predict(X)[:, 0] > 0) == labels).all()
    probabilities = Sequential(Dense(3, 1, "sigmoid"), seed=0)
    quiet(probabilities, X, labels, BinaryCrossEntropyLoss(of="probabilities"), Adam(lr=0.1), epochs=150)
    np.testing.assert_allclose(probabilities.predict(X), 1 / (1 + np.exp(-scores.predict(X))), rtol=1e-9)


def test_the_same_seed_gives_the_same_numbers():
    first, again, other = [quiet(line(), X, Y, epochs=3, batch_size=5, seed=seed).loss for seed in (1, 1, 2)]
    assert first == again
    assert first != other


def test_samples_come_in_batches_and_each_once_an_epoch(monkeypatch):
    seen = []
    original = TrainingStep.__call__

    def watched(self, values, inputs, targets):
        seen.append(inputs)
        return original(self, values, inputs, targets)

    monkeypatch.setattr(TrainingStep, "__call__", watched)
    quiet(line(), X, Y, epochs=2, batch_size=5, seed=0)
    assert [len(batch) for batch in seen] == [5, 5, 2] * 2
    for epoch in (seen[:3], seen[3:]):
        assert sorted(map(tuple, np.concatenate(epoch))) == sorted(map(tuple, X))
    assert not np.array_equal(seen[0], seen[3])


def test_clipping_by_norm_keeps_the_direction():
    free, clipped = line(), line()
    start = free.state_dict()["dense_0.weight"]
    quiet(free, X, Y, "mse", SGD(lr=1e-3), epochs=1, batch_size=None)
    quiet(clipped, X, Y, "mse", SGD(lr=1.0), epochs=1, batch_size=None, clip_norm=1e-3)
    moved, shortened = [model.state_dict()["dense_0.weight"] - start for model in (free, clipped)]
    np.testing.assert_allclose(shortened / np.linalg.norm(shortened), moved / np.linalg.norm(moved), rtol=1e-9)
    assert np.linalg.norm(shortened) <= 1e-3


def test_an_optimiser_goes_on_where_it_was():
    one, two = line(), line()
    quiet(one, X, Y, optimizer=SGD(lr=0.01, momentum=0.9), epochs=4, batch_size=None)
    optimizer = SGD(lr=0.01, momentum=0.9)
    for _ in range(2):
        quiet(two, X, Y, optimizer=optimizer, epochs=2, batch_size=None)
    assert same(one.state_dict(), two.state_dict())


# How it ends


def test_the_history_tells_each_epoch():
    history = quiet(line(), X, Y, epochs=3, validation=(X[:4], Y[:4]))
    assert [epoch.number for epoch in history.epochs] == [1, 2, 3]
    assert len(history.loss) == len(history.validation_loss) == 3
    assert (history.ended, history.best) == ("all epochs", 3)
    assert history.seconds > 0
    assert "validation" in str(history.epochs[0])


def test_a_share_of_the_samples_validates():
    history = quiet(line(), X, Y, epochs=2, validation=0.25, seed=0)
    assert len(history.validation_loss) == 2


def test_early_stopping_keeps_the_best_parameters():
    model, states = line(), []
    history = quiet(
        model, X, Y, optimizer=SGD(lr=lambda progress: 0.05 if progress < 0.2 else 0.9), epochs=100, batch_size=None,
        callbacks=[lambda epoch: states.append(model.state_dict()), EarlyStopping(patience=3)],
    )  # fmt: skip
    assert history.ended == "stopped"
    assert len(history.epochs) == history.best + 3 < 100
    assert same(model.state_dict(), states[history.best - 1])


def test_a_callback_stops_lbfgs_too():
    history = quiet(line(), X, Y, optimizer="lbfgs", epochs=50, callbacks=[lambda epoch: epoch.number == 2])
    assert (history.ended, len(history.epochs)) == ("stopped", 2)


def interrupting(epoch):
    if epoch.number == 3:
        raise KeyboardInterrupt


@pytest.mark.parametrize("optimizer", ["sgd", "lbfgs"])
def test_an_interruption_ends_training_cleanly_with_the_best_parameters(optimizer, caplog):
    model, states = line(), []
    with caplog.at_level(logging.WARNING, logger="layers.training"):
        history = quiet(
            model, X, Y, optimizer=optimizer, epochs=20,
            callbacks=[lambda epoch: states.append(model.state_dict()), interrupting],
        )  # fmt: skip
    assert (history.ended, len(history.epochs)) == ("interrupted", 3)
    assert same(model.state_dict(), states[history.best - 1])
    assert "training was interrupted in epoch 4 of 20" in caplog.text


def test_an_interruption_in_the_first_epoch_keeps_its_steps(monkeypatch):
    original, calls = TrainingStep.__call__, []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, *arguments)

    monkeypatch.setattr(TrainingStep, "__call__", interrupted)
    model, before = line(), line().evaluate(X, Y)
    history = quiet(model, X, Y, optimizer=SGD(lr=0.02), batch_size=5, seed=0)
    assert (history.ended, history.epochs) == ("interrupted", [])
    assert model.evaluate(X, Y) < before


def test_control_c_in_the_middle_of_a_step(ctrl_c):
    model, targets = line(), Y + 0.1 * np.cos(np.arange(len(Y)))
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    history = quiet(
        model, X, targets, epochs=10**6, callbacks=[lambda epoch: timer.start() if epoch.number == 2 else None]
    )
    timer.join()
    assert history.ended == "interrupted"
    assert model.evaluate(X, targets) <= min(history.loss) * 1.001


def test_a_loss_that_is_not_finite_ends_with_the_best_parameters():
    model, states = line(), []
    with pytest.raises(
        TrainingError, match=r"^Sequential: in epoch \d+ the (loss is|.*gradient).*learning rate, clip_norm"
    ):
        quiet(
            model, X, Y, optimizer=SGD(lr=1e3), epochs=500, callbacks=[lambda epoch: states.append(model.state_dict())]
        )
    assert same(model.state_dict(), states[0])


def test_an_error_in_a_callback_comes_through():
    def broken(epoch):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        quiet(line(), X, Y, callbacks=[broken])


# What is shown


def test_a_terminal_sees_a_bar_with_loss_and_speed(monkeypatch):
    pytest.importorskip("tqdm")

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    line().fit(X, Y, epochs=2)
    shown = terminal.getvalue()
    assert "Sequential: 100%" in shown
    assert "loss " in shown
    assert "samples/s" in shown


def test_a_log_gets_about_ten_plain_lines(capsys):
    line().fit(X, Y, epochs=100)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 11
    assert "samples/s" in lines[0]


# What is refused


def bad(place, value):
    changed = X.copy()
    changed[place] = value
    return changed


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (
            (bad((3, 1), np.nan), Y),
            {},
            DataError,
            r"X holds numbers that are not finite, 1 in all; the first is nan at \[3, 1\]",
        ),
        (
            (X, np.full(12, np.inf)),
            {},
            DataError,
            r"y holds numbers that are not finite, 12 in all; the first is inf at \[0\]",
        ),
        ((X[:0], Y[:0]), {}, DataError, r"X has no samples: its shape is \(0, 3\)"),
        ((X, Y[:5]), {}, DataError, "X and y have one row for each sample, got 12 and 5 rows"),
        ((3.0, Y), {}, DataError, "X has samples first, got the single number 3"),
        (([["a"]], Y), {}, DataError, "X is an array of numbers with samples first, got"),
        ((X[:, :2], Y), {}, ShapeError, r"dense_0: x has 3 features, .* got shape \(2,\)"),
        ((X, np.ones((12, 2))), {}, ShapeError, r"each output has shape \(1,\), each target \(2,\)"),
        ((X, Y, "hinge"), {}, DataError, "HingeLoss takes labels -1 and 1, got .* in sample 0"),
        ((X, Y, "binary_cross_entropy"), {}, DataError, "takes targets from 0 to 1, got"),
        ((X, Y, "cross_entropy"), {}, DataError, "each class is a whole number from 0 to 0, got"),
        (
            (X, np.full((12, 1), 0.5), "cross_entropy"),
            {},
            DataError,
            r"takes probabilities that add up to 1, got \[0.5\] in sample 0",
        ),
        ((X, Y, "mean_squared"), {}, DescriptionError, "no layer is called 'mean_squared'"),
        ((X, Y, "mse", "adamm"), {}, DescriptionError, "no optimizer is called 'adamm'; did you mean adam"),
        ((X, Y), {"epochs": 0}, DescriptionError, "epochs is a whole number, 1 or more, got 0"),
        ((X, Y), {"batch_size": 2.5}, DescriptionError, "batch_size is a whole number, 1 or more, got 2.5"),
        ((X, Y), {"clip_norm": 0}, DescriptionError, "clip_norm is a finite number above 0, got 0"),
        ((X, Y), {"clip_value": "1"}, DescriptionError, "clip_value is a finite number above 0, got '1'"),
        ((X, Y), {"validation": 0.01}, DataError, "a validation share leaves samples on both sides, got 0.01 of 12"),
        ((X, Y), {"validation": X}, DataError, r"validation is a pair \(X, y\) or a share"),
        ((X, Y), {"validation": (X, Y[:3])}, DataError, "got 12 and 3 rows"),
        (
            (X, Y),
            {"optimizer": {"type": "sgd", "lr": -1}},
            DescriptionError,
            "a learning rate is a finite number, 0 or more",
        ),
    ],
)
def test_data_and_options_that_do_not_fit_change_nothing(arguments, options, error, message):
    model = line()
    before = model.state_dict()
    with pytest.raises(error, match=message):
        quiet(model, *arguments, **options)
    assert same(before, model.state_dict())


class Share(Layer):
    """Each number's share of the sum of squares."""

    gives = "probabilities"

    def compute(self, a):
        return {"h": along_last_axis(lambda row: [number * number / inner_product(row, row) for number in row], a, "a")}


class Margin(Layer):
    gives = "scores"

    def compute(self, a):
        return {"h": a}


class LogisticLoss(Loss):
    takes = "scores"

    def compute(self, y_hat, y):
        return {"l": reduced(elementwise(lambda score, label: softplus(-label * score), y_hat, y), self.reduction)}


class GeneralizedCrossEntropyLoss(Loss):
    """1 minus the probability of the right class, for targets that are one-hot (Zhang, Sabuncu 2018)."""

    takes = "probabilities"

    def compute(self, y_hat, y):
        return {"l": 1.0 - inner_product(y_hat.ravel().tolist(), y.ravel().tolist())}


@pytest.mark.parametrize(
    ("ending", "loss", "message"),
    [
        ("softmax", "cross_entropy", r"takes scores, and Sequential ends in Softmax, .*of=\"probabilities\""),
        ("sigmoid", "binary_cross_entropy", "takes scores, and Sequential ends in Sigmoid, which gives probabilities"),
        ("sigmoid", "hinge", "HingeLoss takes scores, and Sequential ends in Sigmoid, which .*; leave that out$"),
        (
            "relu",
            CrossEntropyLoss(of="probabilities"),
            "takes probabilities, and Sequential ends in ReLU, which gives numbers; end it in Softmax",
        ),
        (
            None,
            BinaryCrossEntropyLoss(of="probabilities"),
            r"takes probabilities, and .* ends in Identity, .*; end it in Sigmoid, .*BinaryCrossEntropyLoss\(\)",
        ),
        ("softmax", LogisticLoss(), "LogisticLoss takes scores, and Sequential ends in Softmax, .*; leave that out$"),
        ("sigmoid", LogisticLoss(), "LogisticLoss takes scores, and Sequential ends in Sigmoid"),
        (Share(), LogisticLoss(), "LogisticLoss takes scores, and Sequential ends in Share, which gives probabilities"),
        (Share(), "cross_entropy", "CrossEntropyLoss takes scores, and Sequential ends in Share"),
        (Margin(), CrossEntropyLoss(of="probabilities"), "ends in Margin, which gives scores; end it in Softmax"),
        ("tanh", GeneralizedCrossEntropyLoss(), "ends in Tanh, which gives numbers; end it in a layer that declares"),
    ],
)
def test_a_loss_that_does_not_fit_the_last_layer(ending, loss, message):
    model = Sequential(Dense(3, 2, ending), seed=0)
    before = model.state_dict()
    with pytest.raises(DescriptionError, match=message):
        quiet(model, X, np.zeros(12), loss)
    assert same(before, model.state_dict())


@pytest.mark.parametrize(
    ("ending", "loss"),
    [
        (None, LogisticLoss()),
        (Margin(), LogisticLoss()),
        (Margin(), "cross_entropy"),
        ("log_softmax", "cross_entropy"),
        ("softmax", "mse"),
        ("softmax", GeneralizedCrossEntropyLoss()),
        (Share(), GeneralizedCrossEntropyLoss()),
        (Share(), CrossEntropyLoss(of="probabilities")),
    ],
)
def test_a_loss_and_a_last_layer_of_ones_own_that_fit_are_trained(ending, loss):
    targets = np.stack([Y > 0, Y <= 0], axis=-1).astype(float)
    assert len(quiet(Sequential(Dense(3, 2, ending), seed=0), X, targets, loss, epochs=1).loss) == 1


@pytest.mark.parametrize("layer", [Neuron, lambda *args: NeuronLayer(3, 1, *args[1:])], ids=["neuron", "layer"])
def test_single_neurons_end_in_their_activation(layer):
    quiet(Sequential(layer(3, "sigmoid"), seed=0), X, np.ones(12), BinaryCrossEntropyLoss(of="probabilities"), epochs=1)
    with pytest.raises(DescriptionError, match="takes scores, and Sequential ends in Sigmoid"):
        quiet(Sequential(layer(3, "sigmoid"), seed=0), X, np.ones(12), "binary_cross_entropy", epochs=1)


@pytest.mark.parametrize(("base", "attribute"), [(Layer, "gives"), (Loss, "takes")])
def test_a_kind_of_numbers_that_there_is_not_is_refused_where_the_class_is_made(base, attribute):
    with pytest.raises(DescriptionError, match=rf"Own\.{attribute} is one of numbers, scores, .*, got 'probability'"):
        type("Own", (base,), {attribute: "probability"})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda model: model.predict(bad((3, 1), np.nan)), DataError, r"X holds numbers that are not finite, 1 in all"),
        (lambda model: model.predict(X[:0]), DataError, r"X has no samples: its shape is \(0, 3\)"),
        (
            lambda model: model.predict(X[:, :2]),
            ShapeError,
            r"^Sequential: dense_0: x has 3 features, .* shape \(2,\), in sample 0$",
        ),
        (lambda model: model.evaluate(X, Y[:3]), DataError, "got 12 and 3 rows"),
        (lambda model: model.evaluate(X, np.full(12, np.nan)), DataError, "y holds numbers that are not finite, 12"),
        (
            lambda model: model.predict(np.ma.array(X, mask=X > 0.0)),
            DataError,
            "X is a MaskedArray, and its mask would",
        ),
        (lambda model: model(X[:1].view(np.matrix)), InputError, r"x is a matrix, .* numpy\.asarray"),
        (lambda model: model.evaluate(X, Y, "hinge"), DataError, "HingeLoss takes labels -1 and 1, got .* in sample 0"),
        (lambda model: model.evaluate(X, Y, "relu"), DescriptionError, "ReLU is no loss"),
        (lambda model: model.forward(np.zeros((0, 3))), ShapeError, r"dense_0: x has rows of one element or more"),
        (lambda model: model.forward(X[:, :1]), ShapeError, r"^Sequential: dense_0: x has 3 features, .* \(12, 1\)$"),
    ],
)
def test_what_a_model_is_asked_with_is_checked_and_changes_nothing(call, error, message):
    model = line()
    before = model.state_dict()
    with pytest.raises(error, match=message):
        call(model)
    assert same(before, model.state_dict())


def test_refused_data_leave_sizes_open():
    model = Sequential(Dense(None, 1))
    with pytest.raises(ShapeError):
        quiet(model, X, np.ones((12, 2)))
    with pytest.raises(SizeError):
        model.parameters()
    quiet(model, X, Y, epochs=1)
