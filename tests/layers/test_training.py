"""Training: steps that agree with the whole batch, data that are refused, an end that keeps the best parameters."""

import io
import logging
import math
import signal
import sys
import threading

import numpy as np
import pytest

from autograd import Constant, Variable, gradients, softplus
from layers import (
    LBFGS,
    SGD,
    Adam,
    AdamW,
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    DataError,
    Dense,
    DescriptionError,
    Dropout,
    EarlyStopping,
    Embedding,
    Identity,
    Layer,
    Linear,
    Loss,
    Model,
    MSELoss,
    Network,
    Neuron,
    NeuronLayer,
    Residual,
    Sequential,
    ShapeError,
    SizeError,
    TrainingError,
    fit,
    from_dict,
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
        ((X, Y, "mean_squared"), {}, DescriptionError, "no loss is called 'mean_squared'; there are binary_"),
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
        (
            lambda model: model.predict(X[0]),
            ShapeError,
            r"got a single number; give \[x\], in sample 0\. X has its samples first: of one sample x it is \[x\]",
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


# The loss


def test_a_network_is_trained_evaluated_and_asked_by_its_own_loss():
    labels = (Y > 0).astype(float)
    network = Network(Dense(3, 4, "tanh"), Dense(4, 1), loss="binary_cross_entropy", seed=0)
    history = network.fit(X, labels, optimizer=Adam(lr=0.05), epochs=20, progress=False)
    twin = Network(Dense(3, 4, "tanh"), Dense(4, 1), loss="mse", seed=0)
    expected = twin.fit(X, labels, "binary_cross_entropy", Adam(lr=0.05), epochs=20, progress=False)
    assert history.loss == expected.loss
    assert network.evaluate(X, labels) == network.evaluate(X, labels, BinaryCrossEntropyLoss())
    # Its own, not the one that it was trained with.
    assert twin.evaluate(X, labels) == twin.evaluate(X, labels, "mse")


def test_a_model_is_evaluated_by_the_loss_that_it_was_trained_with():
    labels = np.sign(Y)
    model = line()
    assert model.evaluate(X, labels) == model.evaluate(X, labels, "mse")
    quiet(model, X, labels, "hinge", epochs=1)
    assert model.evaluate(X, labels) == model.evaluate(X, labels, "hinge") != model.evaluate(X, labels, "mse")


class TwoInputs(Layer):
    def compute(self, y_hat, y):
        return {"l": elementwise(lambda y_hat, y: (y_hat - y) ** 2, y_hat, y)}


@pytest.mark.parametrize(
    "loss", [lambda y_hat, y: (y_hat - y) ** 2, lambda y_hat, y: ((y_hat - y) ** 2)[0], TwoInputs()]
)
def test_a_function_and_a_layer_of_two_inputs_are_losses(loss):
    assert quiet(line(), X, Y, loss, epochs=3, seed=0).loss == quiet(line(), X, Y, "mse", epochs=3, seed=0).loss
    assert line().evaluate(X, Y, loss) == line().evaluate(X, Y, "mse")
    with pytest.raises(DescriptionError, match=r"the loss .* is a function, which has no description"):
        Network(Dense(3, 1), loss=loss).to_dict()


@pytest.mark.parametrize("loss", [MSELoss(reduction="none"), "squared_loss"])
@pytest.mark.parametrize("call", [quiet, lambda model, *arguments: model.evaluate(*arguments)])
def test_a_loss_of_several_numbers_is_refused(loss, call):
    with pytest.raises(DescriptionError, match="Loss gives a loss for each element, and a training needs one number"):
        call(line(), X, Y, loss)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_fit_evaluate_and_the_loss_itself_take_the_same_mean(reduction):
    sequences = generator.normal(size=(6, 5, 2))
    classes = np.where(np.arange(5) < np.array([1, 2, 3, 4, 5, 5])[:, None], generator.integers(0, 3, (6, 5)), -1)
    model, loss = Sequential(Dense(2, 3), seed=0), CrossEntropyLoss(ignore=-1, reduction=reduction)
    whole = loss.forward(model.predict(sequences), classes)
    assert model.evaluate(sequences, classes, loss) == pytest.approx(whole, rel=1e-13)
    objective = Network(*model.layers, loss=loss)
    objective.forward(sequences, classes)
    objective.backward()
    before = model.state_dict()
    slopes = [gradient for _, _, gradient in objective.trainable]
    history = quiet(model, sequences, classes, loss, SGD(lr=0.01), epochs=1, batch_size=None)
    assert history.loss == [pytest.approx(whole, rel=1e-13)]
    for (name, after), slope in zip(model.state_dict().items(), slopes, strict=True):
        np.testing.assert_allclose(after, before[name] - 0.01 * slope, rtol=1e-12, atol=1e-15)


def test_scores_and_probabilities_are_told_apart_wherever_a_loss_is_given():
    softmax = Sequential(Dense(3, 2, "softmax"), Identity(), Sequential(Identity()), Dropout(), seed=0)
    labels = (Y > 0).astype(int)
    for call in (
        lambda: softmax.evaluate(X, labels, "cross_entropy"),
        lambda: quiet(softmax, X, labels, "cross_entropy"),
    ):
        with pytest.raises(DescriptionError, match="CrossEntropyLoss takes scores, and Sequential ends in Softmax"):
            call()
    with pytest.raises(DescriptionError, match="takes scores, and Network ends in Softmax"):
        Network(Dense(3, 2, "softmax"), loss="cross_entropy")
    late = Network(loss="cross_entropy").add_layers(Dense(3, 2, "softmax"))
    with pytest.raises(DescriptionError, match="takes scores, and Network ends in Softmax"):
        late.forward(X, labels)
    # What adds its input to probabilities gives none.
    quiet(Sequential(Residual(Dense(3, 3, "softmax")), seed=0), X, labels, "cross_entropy", epochs=1)


# Targets and data


@pytest.mark.parametrize("shape", [(4,), (4, 1), (1, 4), (2, 1, 2, 1)])
def test_axes_of_length_1_may_be_left_out_and_no_others_mixed(shape):
    model = Sequential(TwoByTwo(), seed=0)
    targets = np.arange(48.0).reshape(12, *shape)
    if shape == (2, 1, 2, 1):
        assert model.evaluate(X, targets) == model.evaluate(X, targets.reshape(12, 2, 2))
    else:
        with pytest.raises(ShapeError, match=r"each output has shape \(2, 2\), each target \("):
            model.evaluate(X, targets)


class TwoByTwo(Layer):
    def compute(self, x):
        return {"h": np.array([[x[0], x[1]], [x[2], x[0]]])}


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (X, np.ma.array(Y, mask=Y > 0), "y is a MaskedArray, and its mask would be ignored"),
        (X + 1j, Y, "X has real numbers, got an array of complex128; give"),
        (X, Y.astype("datetime64[s]"), r"y has real numbers, got an array of datetime64\[s\]"),
        (X, Y.astype("timedelta64[s]"), r"y has real numbers, got an array of timedelta64"),
        (X, ["a"] * 12, "y is an array of numbers .*; names of classes are for 'cross_entropy' and other losses"),
        (X, [[1, 2], [3]] * 6, "y is an array of numbers with samples first, got list"),
    ],
)
def test_data_that_are_no_real_numbers_are_refused(X, y, message):
    with pytest.raises(DataError, match=message):
        quiet(line(), X, y)


def test_digits_as_texts_are_numbers_to_a_loss_of_numbers():
    texts = [str(number) for number in Y.tolist()]
    assert quiet(line(), X, texts, epochs=2, seed=0).loss == quiet(line(), X, Y, epochs=2, seed=0).loss


def test_numbers_of_numpy_are_options():
    history = quiet(
        line(), X, Y, optimizer=Adam(lr=np.float32(0.5)), epochs=np.int64(2), batch_size=np.int32(4), seed=np.int64(1),
        validation=np.float32(0.25), clip_norm=np.float32(2.0), clip_value=np.int64(1), shuffle=np.True_,
        callbacks=EarlyStopping(np.int64(5), np.float32(0.0)),
    )  # fmt: skip
    assert len(history.validation_loss) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": "a"}, "a seed is a whole number, 0 or more, or None, got 'a'"),
        ({"batch_size": "all"}, "batch_size is a whole number, 1 or more, None or 'auto', got 'all'"),
        ({"shuffle": 1}, "shuffle is True or False, got 1"),
        ({"accumulate": 0}, "accumulate is a whole number, 1 or more, got 0"),
        ({"optimizer": "lbfgs", "batch_size": 4}, "lbfgs takes all samples at once .*; leave batch_size out"),
        ({"optimizer": "lbfgs", "clip_norm": 4.0}, "leave clip_norm out"),
        ({"optimizer": "lbfgs", "accumulate": 2}, "leave accumulate out"),
        ({"split": "middle", "validation": 0.5}, "split is one of random, stratified, last, got 'middle'"),
        ({"loss": "relu"}, "ReLU is no loss; there are binary_cross_entropy"),
    ],
)
def test_options_that_would_do_nothing_are_refused(options, message):
    model = line()
    before = model.state_dict()
    with pytest.raises(DescriptionError, match=message):
        quiet(model, X, Y, **options)
    assert same(before, model.state_dict())


def test_lbfgs_says_that_it_converged():
    history = quiet(line(), X, Y, optimizer="lbfgs", epochs=200)
    assert (history.ended, history.epochs[0].learning_rate) == ("converged", None)
    assert len(history.epochs) < 20


# Names of classes

NAMES = np.where(Y > 0, "up", "down")


@pytest.mark.parametrize(
    ("outputs", "loss"),
    [(2, "cross_entropy"), (1, "binary_cross_entropy"), (1, "hinge"), (2, CrossEntropyLoss(of="probabilities"))],
    ids=str,
)
def test_classes_may_have_names(outputs, loss):
    ending = "softmax" if isinstance(loss, CrossEntropyLoss) else None
    model, twin = [Sequential(Dense(3, outputs, ending), seed=0) for _ in range(2)]
    numbers = (NAMES == "up") * (2.0 if loss == "hinge" else 1.0) - (1.0 if loss == "hinge" else 0.0)
    options = {"epochs": 150, "seed": 0, "optimizer": {"type": "adam", "lr": 0.1}, "metrics": "accuracy"}
    named, numbered = quiet(model, X, NAMES, loss, **options), quiet(twin, X, numbers, loss, **options)
    assert named.loss == numbered.loss
    assert named.metrics == numbered.metrics
    assert model.classes_.tolist() == ["down", "up"]
    assert twin.classes_ is None
    assert (model.predict_classes(X) == NAMES).all()
    assert (twin.predict_classes(X) == numbers).all()
    assert model.evaluate(X, NAMES, metrics="accuracy")["accuracy"] == 1.0
    if loss == "hinge":
        with pytest.raises(DataError, match="HingeLoss knows no probabilities"):
            model.predict_proba(X)
    else:
        shares = model.predict_proba(X)
        assert shares.shape == (12, 2)
        np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)
        assert (model.classes_[shares.argmax(axis=1)] == NAMES).all()


def test_names_that_do_not_fit_are_told():
    model = Sequential(Dense(3, 1), seed=0)
    with pytest.raises(DataError, match="BinaryCrossEntropyLoss tells two classes apart, y has 3"):
        quiet(model, X, ["a", "b", "c"] * 4, "binary_cross_entropy")
    with pytest.raises(DataError, match="y names classes by texts, got int 3 among them"):
        quiet(model, X, ["a", 3] * 6, "binary_cross_entropy")
    with pytest.raises(DataError, match=r"predict\(X\) has the outputs"):
        model.predict_classes(X)
    quiet(model, X, NAMES, "binary_cross_entropy", epochs=1)
    with pytest.raises(DataError, match="y has the class 'left', the model has down, up"):
        model.evaluate(X, ["left"] * 12)
    quiet(model, X, Y, "mse", epochs=1)
    with pytest.raises(DataError, match="MSELoss knows no classes"):
        model.predict_classes(X)


# Weights


@pytest.mark.parametrize("batch_size", [None, 5])
def test_a_sample_of_weight_two_counts_like_two_samples(batch_size):
    counts = np.array([1, 2, 3, 1, 0, 2, 1, 1, 2, 0, 3, 1])
    model = line()
    whole = model.evaluate(X.repeat(counts, axis=0), Y.repeat(counts))
    assert model.evaluate(X, Y, sample_weight=counts) == pytest.approx(whole, rel=1e-14)
    weighted, repeated = line(), line()
    if batch_size is None:
        quiet(weighted, X, Y, optimizer=SGD(lr=0.1), epochs=5, batch_size=None, sample_weight=counts)
        quiet(repeated, X.repeat(counts, axis=0), Y.repeat(counts), optimizer=SGD(lr=0.1), epochs=5, batch_size=None)
        for one, other in zip(weighted.state_dict().values(), repeated.state_dict().values(), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)
    else:
        # Those of weight 0 have no part in any batch.
        history = quiet(weighted, X, Y, epochs=1, batch_size=batch_size, sample_weight=counts, seed=0)
        kept = quiet(repeated, X[counts > 0], Y[counts > 0], epochs=1, batch_size=batch_size,
                     sample_weight=counts[counts > 0], seed=0)  # fmt: skip
        assert history.loss == kept.loss


def test_weights_of_classes_are_weights_of_their_samples():
    labels = (Y > 1.0).astype(int)
    share = labels.mean()
    by_hand = np.where(labels == 1, 0.5 / share, 0.5 / (1 - share))
    losses = [
        quiet(line(), X, target, "binary_cross_entropy", epochs=3, seed=0, **weights).loss
        for target, weights in (
            (labels, {"class_weight": "balanced"}),
            (labels, {"class_weight": {0: 0.5 / (1 - share), 1: 0.5 / share}}),
            (labels, {"sample_weight": by_hand}),
            (np.where(labels, "yes", "no"), {"class_weight": {"yes": 0.5 / share, "no": 0.5 / (1 - share)}}),
        )
    ]
    np.testing.assert_allclose(losses[1:], losses[:1] * 3, rtol=1e-12)


@pytest.mark.parametrize(
    ("loss", "weights", "message"),
    [
        ("mse", {"sample_weight": [1.0]}, r"sample_weight has a number for each of 12 samples, got shape \(1,\)"),
        ("mse", {"sample_weight": [-1.0] + [1.0] * 11}, "weights are 0 or more, got -1 for sample 0"),
        ("mse", {"sample_weight": [0.0] * 12}, "weights are above 0 for one sample or more, got 0 for all"),
        ("mse", {"sample_weight": [math.nan] * 12}, "sample_weight holds numbers that are not finite"),
        ("mse", {"class_weight": "balanced"}, "class_weight is for targets that are classes, one for each sample"),
        (
            "hinge",
            {"class_weight": "even"},
            "class_weight is 'balanced' or a dict of a number for each class, got 'even'",
        ),
        ("hinge", {"class_weight": {2: 1.0}}, "class_weight has the class 2, y has -1.0, 1.0"),
    ],
)
def test_weights_that_do_not_fit_are_told(loss, weights, message):
    with pytest.raises(DataError, match=message):
        quiet(line(), X, np.sign(Y), loss, **weights)


# Batches


@pytest.mark.parametrize("weights", [None, np.linspace(0.1, 3.0, 12)])
@pytest.mark.parametrize("loss", ["mse", MSELoss(reduction="sum")], ids=["mean", "sum"])
def test_accumulated_batches_make_the_step_of_one_batch(weights, loss):
    found = []
    for size, accumulate in ((8, 1), (4, 2), (2, 4)):
        model = line()
        history = quiet(
            model, X, Y, loss, SGD(lr=Linear(0.05, 0.0)), epochs=3, batch_size=size, accumulate=accumulate, seed=0,
            sample_weight=weights, clip_norm=1.0,
        )  # fmt: skip
        found.append((history.loss[0], history.epochs[-1].learning_rate, *model.state_dict().values()))
    for one in found[1:]:
        for ours, theirs in zip(one[2:], found[0][2:], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-11)
        assert one[1] == found[0][1]


def test_samples_keep_their_order_if_asked_to(monkeypatch):
    seen = []
    original = TrainingStep.__call__

    def watched(self, values, inputs, targets):
        seen.append(inputs)
        return original(self, values, inputs, targets)

    monkeypatch.setattr(TrainingStep, "__call__", watched)
    quiet(line(), X, Y, epochs=2, batch_size=5, shuffle=False)
    assert np.array_equal(np.concatenate(seen), np.concatenate([X, X]))


# Validation


def test_the_last_rows_validate():
    history = quiet(line(), X, Y, epochs=2, validation=0.25, split="last", shuffle=False)
    expected = quiet(line(), X[:9], Y[:9], epochs=2, validation=(X[9:], Y[9:]), shuffle=False)
    assert history.validation_loss == expected.validation_loss
    assert history.loss == expected.loss


def test_a_stratified_share_has_as_much_of_each_class(monkeypatch):
    labels = np.array([0] * 8 + [1] * 4)
    seen = []
    original = TrainingStep.value

    def watched(self, values, inputs, targets, *further):
        seen.append(targets.ravel().tolist())
        return original(self, values, inputs, targets, *further)

    monkeypatch.setattr(TrainingStep, "value", watched)
    for seed in range(5):
        quiet(line(), X, labels, "binary_cross_entropy", epochs=1, validation=0.25, split="stratified", seed=seed)
    assert [sorted(targets) for targets in seen] == [[0.0, 0.0, 1.0]] * 5
    with pytest.raises(
        DataError, match=r"a stratified split leaves samples of each class on both sides, got 0.1 of the 4"
    ):
        quiet(line(), X, labels, "binary_cross_entropy", validation=0.1, split="stratified")
    with pytest.raises(DataError, match="a stratified split needs one class for each sample, and MSELoss knows none"):
        quiet(line(), X, Y, validation=0.25, split="stratified")


@pytest.mark.parametrize("validation", [True, 1, 0, np.float32(1.5), "0.2", (X, Y, Y)])
def test_a_validation_that_is_no_share_and_no_pair(validation):
    with pytest.raises(DataError, match=r"a validation share leaves samples|validation is a pair \(X, y\) or a share"):
        quiet(line(), X, Y, validation=validation)


def test_a_validation_loss_that_is_never_finite_is_told_and_the_model_keeps_its_last_parameters():
    model = Sequential(Dense(1, 1, bias=False), seed=0)
    x = np.linspace(0.0, 1.0, 20)[:, None]
    with pytest.warns(
        RuntimeWarning, match="Sequential: the validation loss was never finite; the model keeps its last"
    ):
        history = quiet(
            model, x, 3 * x, optimizer=SGD(lr=0.1), epochs=200, validation=(np.full((5, 1), 1e200), np.zeros((5, 1)))
        )
    assert history.best is None
    assert model[0].weight.values[0, 0] == pytest.approx(3.0, rel=1e-3)


def test_parameters_that_overflow_in_the_last_step_are_an_error():
    model, before = line(), line().state_dict()
    with pytest.raises(TrainingError, match="in epoch 1 the parameters are no longer finite; a lower learning rate"):
        quiet(model, X, Y * 1e150, optimizer=SGD(lr=1e300), epochs=1, batch_size=None)
    assert same(model.state_dict(), before)


# Parameters that are not trained


class Holding(Layer):
    def __init__(self, held):
        super().__init__()
        self.W = held

    def compute(self, x):
        return {"h": x}


@pytest.mark.parametrize(
    ("held", "count"),
    [
        (Variable(0.1), "1 Variable"),
        ([[Variable(0.1)], [Variable(0.2)]], "2 Variables"),
        (np.array([Variable(0.1), Variable(0.2), Variable(0.3)]), "3 Variables"),
        ({"w": Variable(0.1)}, "1 Variable"),
    ],
    ids=["one", "lists", "array", "dict"],
)
def test_variables_that_are_no_parameter_are_refused(held, count):
    with pytest.raises(DescriptionError, match=f"holding_0 holds {count} in W that are in no Parameter"):
        quiet(Sequential(Holding(held), Dense(3, 1), seed=0), X, Y)


class Shifted(Layer):
    def compute(self, x):
        return {"h": x * 2.0 + Constant(1.0)}


@pytest.mark.parametrize("samples", [3, 70])
def test_a_layer_with_a_constant_predicts_and_evaluates(samples):
    model, inputs = Sequential(Shifted(), Dense(3, 1), seed=0), np.resize(X, (samples, 3))
    expected = (inputs * 2.0 + 1.0) @ model[1].weight.values + model[1].bias.values
    np.testing.assert_allclose(model.predict(inputs), expected, rtol=1e-12)
    assert model.evaluate(inputs, expected, "mse") == pytest.approx(0.0, abs=1e-28)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", AdamW(weight_decay=0.5), "lbfgs"], ids=str)
def test_a_frozen_layer_stays_as_it_is(optimizer):
    model = Sequential(Dense(3, 4, "tanh", frozen=True), Dense(4, 1), seed=0)
    before = model.state_dict()
    quiet(model, X, Y, optimizer=optimizer, epochs=3)
    changed = [name for name, values in model.state_dict().items() if not np.array_equal(values, before[name])]
    assert changed == ["dense_1.weight", "dense_1.bias"]
    kinds = [line.split()[1:3] for line in model.summary().splitlines()[1:3]]
    assert kinds == [["Dense", "(frozen)"], ["Dense", "(1,)"]]
    model[0].frozen = False
    quiet(model, X, Y, epochs=1)
    assert not np.array_equal(model.state_dict()["dense_0.weight"], before["dense_0.weight"])


def test_freezing_is_described_and_reaches_inner_layers():
    body = Sequential(Dense(3, 4, "tanh"), Dense(4, 4), seed=0, frozen=True)
    model = Sequential(body, Dense(4, 1), seed=0)
    again = from_dict(model.to_dict())
    assert again.to_dict() == model.to_dict()
    for one in (model, again):
        names = [name for name, value in one.named_parameters().items() if value in one.frozen_parameters()]
        assert names == [f"sequential_0.dense_{place}.{kind}" for place in (0, 1) for kind in ("weight", "bias")]
    model.frozen = True
    with pytest.raises(DescriptionError, match="Sequential: all parameters are frozen, there is nothing to train"):
        quiet(model, X, Y)


def test_a_step_by_python_and_a_compiled_one_leave_frozen_parameters_out():
    tokens = np.arange(12.0) % 4
    model = Sequential(Embedding(4, 3, frozen=True), Dense(3, 4, "tanh"), Dense(4, 2, frozen=True), seed=0)
    step = TrainingStep(model, CrossEntropyLoss())
    values, classes = flat_values(step.parameters), tokens % 2
    found, expected = step(values, tokens, classes), step.by_python(values, tokens, classes)
    assert len(step.paths) == 1
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12, atol=1e-15)
    free = TrainingStep(from_dict(model.to_dict() | {"layers": [
        {name: value for name, value in one.items() if name != "frozen"} for one in model.to_dict()["layers"]
    ]}), CrossEntropyLoss())  # fmt: skip
    slopes = free(values, tokens, classes)[1]
    kept = [slice(12, 12 + 12 + 4)]
    assert np.array_equal(found[1] != 0.0, np.isin(np.arange(len(values)), np.r_[kept[0]]))
    np.testing.assert_allclose(found[1][kept[0]], slopes[kept[0]], rtol=1e-12)


# Several inputs


class Joint(Model):
    """The sum of what a vector and a token say."""

    def __init__(self):
        super().__init__()
        self.left, self.right, self.end = Dense(3, 4, "tanh", seed=0), Embedding(3, 4, seed=1), Dense(4, 1, seed=2)

    def compute(self, x, token):
        joined = elementwise(lambda left, right: left + right, self.left.apply(x), self.right.apply(token))
        return {"y": self.end.apply(joined)}


TOKENS = np.arange(12) % 3


def test_a_model_of_several_inputs_is_trained_on_an_array_for_each():
    model, again = Joint(), Joint()
    history = model.fit((X, TOKENS), Y, "mse", Adam(lr=0.05), epochs=60, progress=False, seed=0, validation=0.25)
    other = again.fit(
        {"token": TOKENS, "x": X}, Y, "mse", Adam(lr=0.05), epochs=60, progress=False, seed=0, validation=0.25
    )
    assert history.loss == other.loss
    assert history.loss[-1] < 0.2 * history.loss[0]
    found = model.predict((X, TOKENS))
    np.testing.assert_allclose(found, [model.forward(x, token) for x, token in zip(X, TOKENS, strict=True)], rtol=1e-12)
    assert model.evaluate([X, TOKENS], Y) == pytest.approx(np.mean((found[:, 0] - Y) ** 2), rel=1e-12)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (X, InputError, r"Joint takes 2 inputs: X is a tuple of arrays, \(x, token\), or a dict by .* got ndarray"),
        ((X,), InputError, r"Joint takes 2 inputs: .* got tuple of 1"),
        ({"x": X}, InputError, "Joint takes X of x, token, got x"),
        ((X, TOKENS[:3]), DataError, "X has one row for each sample in each input, got 12, 3 rows"),
        ((X, np.full(12, math.nan)), DataError, r"X\['token'\] holds numbers that are not finite"),
        ((X, TOKENS + 1), DataError, "Joint: Embedding: each token is a whole number from 0 to 2, got 3 in sample 2"),
    ],
)
def test_inputs_that_do_not_fit_are_told(given, error, message):
    with pytest.raises(error, match=message):
        Joint().fit(given, Y, progress=False)
