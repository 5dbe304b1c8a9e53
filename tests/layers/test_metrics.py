"""Metrics beside their formulas, in the history, in `evaluate`, and of classes with names."""

import math

import numpy as np
import pytest

from layers import Adam, CrossEntropyLoss, DataError, Dense, DescriptionError, HingeLoss, Metric, MSELoss, Sequential
from layers.losses import loss_of
from layers.training.data import Samples
from layers.training.metrics import METRICS, measured, metrics_of

generator = np.random.default_rng(3)
X = generator.normal(size=(40, 2))
LABELS = (X[:, 0] > 0).astype(float)


def of(metric, targets, outputs, loss="mse", names=None):
    targets, outputs = np.array(targets, dtype=float), np.array(outputs, dtype=float)
    return measured(metrics_of(metric), Samples(outputs, targets), outputs, loss_of(loss), names)


@pytest.mark.parametrize(
    ("loss", "targets", "outputs", "right"),
    [
        ("cross_entropy", [0, 1, 2], [[3, 1, 0], [0, 1, 2], [0, 1, 2]], 2 / 3),
        ("cross_entropy", [[1, 0], [0.2, 0.8]], [[3, 1], [3, 1]], 1 / 2),
        (CrossEntropyLoss(ignore=-1), [[0, -1], [1, 1]], [[[1, 0], [1, 0]], [[0, 1], [1, 0]]], 2 / 3),
        ("binary_cross_entropy", [[0], [1], [1]], [[-1], [2], [-3]], 2 / 3),
        ({"type": "binary_cross_entropy", "of": "probabilities"}, [[0], [1]], [[0.4], [0.6]], 1),
        ("hinge", [-1, 1, 1], [-0.5, 0.5, -0.5], 2 / 3),
    ],
)
def test_accuracy_is_the_share_of_classes_that_are_right(loss, targets, outputs, right):
    assert of("accuracy", targets, outputs, loss) == {"accuracy": pytest.approx(right)}


def test_metrics_of_numbers():
    y, found = [[1.0], [2.0], [4.0]], [[1.0], [3.0], [2.0]]
    measures = of(["mae", "mse", "r2"], y, found)
    assert measures == {"mae": 1.0, "mse": pytest.approx(5 / 3), "r2": pytest.approx(1 - 5 / (14 / 3))}
    assert of("r2", [[2.0], [2.0]], [[2.0], [2.0]]) == {"r2": 1.0}


def test_a_function_is_given_targets_and_outputs():
    assert of(lambda y, found: np.max(found - y), [1.0, 2.0], [5.0, 3.0]) == {"<lambda>": 4.0}


def test_a_metric_of_classes_is_given_names_and_one_of_probabilities_rows():
    names = np.array(["cat", "dog"], dtype=object)
    seen = []

    def note(right, said):
        seen.append((right.tolist(), said.tolist()))
        return 0.0

    for loss, targets in (("binary_cross_entropy", [[0], [1]]), ("hinge", [[-1], [1]])):
        of(Metric(note, "named", of="classes"), targets, [[1], [2]], loss, names)
    of(Metric(note, "rows", of="probabilities"), [[0], [1]], [[0], [0]], "binary_cross_entropy")
    assert seen == [(["cat", "dog"], ["dog", "dog"])] * 2 + [([0.0, 1.0], [[0.5, 0.5], [0.5, 0.5]])]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("acuracy", "no metric is called 'acuracy'; did you mean accuracy"),
        (3, "metrics is a name, a function or a list of these, got 3"),
        ([3], "a metric is a name or a function of targets and outputs, got 3"),
        (["mae", "mae"], "metrics need names unlike each other and unlike 'loss', got 'mae'"),
        (Metric(max, name="loss"), "got 'loss'"),
    ],
)
def test_what_is_no_metric_is_refused(given, message):
    with pytest.raises(DescriptionError, match=message):
        metrics_of(given)


def test_a_metric_that_does_not_fit_says_why():
    with pytest.raises(DataError, match="the metric accuracy is of classes, and MSELoss knows none"):
        of("accuracy", [1.0], [1.0])
    with pytest.raises(DataError, match="HingeLoss knows no probabilities"):
        of(Metric(lambda right, said: 0.0, of="probabilities"), [1.0], [1.0], HingeLoss())
    with pytest.raises(DataError, match="the metric odd gives a number, got list"):
        of(Metric(lambda y, found: [1, 2], "odd"), [1.0], [1.0])
    with pytest.raises(DescriptionError, match="a metric is of one of outputs, classes, probabilities, got 'labels'"):
        Metric(max, of="labels")


@pytest.mark.parametrize("validation", [None, 0.25])
def test_the_history_and_the_line_tell_metrics_of_the_parameters_at_the_end_of_each_epoch(validation):
    model = Sequential(Dense(2, 4, "tanh"), Dense(4, 1), seed=0)
    found = []
    history = model.fit(
        X, LABELS, "binary_cross_entropy", Adam(lr=0.1), epochs=6, metrics=["accuracy", "mae"], seed=0, progress=False,
        validation=validation, callbacks=lambda epoch: found.append(model.evaluate(X, LABELS, metrics="accuracy")),
    )  # fmt: skip
    names = ["accuracy", "mae"]
    assert list(history.metrics) == names + ([f"validation {name}" for name in names] if validation else [])
    assert all([len(values) == 6 for values in history.metrics.values()])
    assert f"accuracy {history.metrics['accuracy'][-1]:.4g}, mae" in str(history.epochs[-1])
    if validation is None:
        assert history.metrics["accuracy"] == [one["accuracy"] for one in found]
    else:
        assert f"validation accuracy {history.metrics['validation accuracy'][-1]:.4g}" in str(history.epochs[-1])


def test_evaluate_gives_the_loss_and_the_metrics():
    model = Sequential(Dense(2, 1), seed=0)
    found = model.evaluate(X, LABELS, metrics=["mae", lambda y, outputs: 7])
    assert found == {"loss": model.evaluate(X, LABELS, MSELoss()), "mae": pytest.approx(
        np.mean(abs(model.predict(X)[:, 0] - LABELS))
    ), "<lambda>": 7.0}  # fmt: skip
    assert math.isfinite(found["loss"])


def test_every_metric_has_its_name():
    assert {name: metric.name for name, metric in METRICS.items()} == {name: name for name in METRICS}
