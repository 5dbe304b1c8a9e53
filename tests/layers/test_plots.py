"""Plots: one call gives a figure that holds the numbers, and that can be saved."""

import builtins

import numpy as np
import pytest

from layers import DataError, Dense, History, Network, Sequential, ShapeError, plots

matplotlib_colours = pytest.importorskip("matplotlib.colors")
generator = np.random.default_rng(0)
X = generator.normal(size=(12, 2))
LABELS = (X[:, 0] > 0).astype(int)


def saved(figure, path):
    figure.savefig(path)
    return path.read_bytes().startswith(b"\x89PNG")


def test_the_learning_curve_shows_loss_validation_and_the_best_epoch(tmp_path):
    model = Sequential(Dense(2, 1), seed=0)
    history = model.fit(X, X[:, 0], epochs=5, validation=0.25, seed=0, progress=False)
    figure = plots.learning_curve(history)
    training, validation, best = figure.axes[0].lines
    assert training.get_ydata().tolist() == history.loss
    assert validation.get_ydata().tolist() == history.validation_loss
    assert best.get_xdata().tolist() == [history.best]
    assert saved(figure, tmp_path / "curve.png")
    with pytest.raises(DataError, match="a learning curve needs one epoch or more"):
        plots.learning_curve(History())


@pytest.mark.parametrize("outputs", [(1, None), (1, "sigmoid"), (2, None), (3, "softmax")])
def test_the_decision_boundary_has_a_colour_for_each_class(tmp_path, outputs):
    model = Sequential(Dense(2, *outputs), seed=0)
    figure = plots.decision_boundary(model, X, LABELS, resolution=8)
    assert len(figure.legends[0].get_texts()) == 2
    assert saved(figure, tmp_path / "boundary.png")


def test_classes_with_names_stand_in_the_legend():
    names = np.where(LABELS, "right", "left")
    model = Sequential(Dense(2, 1), seed=0)
    model.fit(X, names, "binary_cross_entropy", epochs=1, progress=False)
    figure = plots.decision_boundary(model, X, names, resolution=8)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["left", "right"]
    assert len(plots.gradient_flow(model, X, names).axes[0].lines) == 2


def test_gradient_flow_takes_the_networks_own_loss():
    network = Network(Dense(2, 2), loss="cross_entropy", seed=0)
    own, given = [plots.gradient_flow(network, X, LABELS, *loss).axes[0].lines[0] for loss in ((), ("cross_entropy",))]
    assert own.get_ydata().tolist() == given.get_ydata().tolist()


def test_a_decision_boundary_is_of_two_features():
    with pytest.raises(ShapeError, match=r"two features, X of shape \(samples, 2\), got \(12, 1\)"):
        plots.decision_boundary(Sequential(Dense(1, 1)), X[:, :1], LABELS)


def test_classes_of_scores_and_of_probabilities():
    for activation in (None, "sigmoid"):
        model = Sequential(Dense(2, 1, activation, weight_init="ones"))
        assert plots._leads(model, np.array([[-1.0, 0.0], [1.0, 0.0]])).argmax(axis=1).tolist() == [0, 1]
    several = Sequential(Dense(2, 3, weight_init="zeros"))
    several.layers[0].bias.assign([0.5, 2.0, 1.0])
    assert plots._leads(several, np.zeros((1, 2))).tolist() == [[-1.5, 1.0, -1.0]]


def test_a_class_has_the_colour_of_its_number_where_others_are_missing():
    model = Sequential(Dense(2, 3), seed=0)
    figure = plots.decision_boundary(model, X, LABELS * 2, resolution=8)
    last = figure.axes[0].collections[-1]
    assert tuple(last.get_facecolor()[0][:3]) == matplotlib_colours.to_rgb(plots.COLOURS[2])


def test_predictions_stand_against_data(tmp_path):
    model = Sequential(Dense(2, 2), seed=0)
    figure = plots.predictions(model, X, X)
    shown = figure.axes[0].collections[1].get_offsets()
    np.testing.assert_allclose(shown, np.stack([X[:, 1], model.predict(X)[:, 1]], axis=1))
    assert saved(figure, tmp_path / "predictions.png")


def test_gradient_flow_has_a_point_for_each_parameter(tmp_path):
    model = Sequential(Dense(2, 3, "tanh"), Dense(3, 2), seed=0)
    figure = plots.gradient_flow(model, X, LABELS, "cross_entropy")
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == list(model.named_parameters())
    weights, biases = figure.axes[0].lines
    assert (weights.get_xdata().tolist(), biases.get_xdata().tolist()) == ([0, 2], [1, 3])
    assert all([height > 0 for height in [*weights.get_ydata(), *biases.get_ydata()]])
    assert saved(figure, tmp_path / "flow.png")


def test_without_matplotlib_the_message_says_what_brings_it(monkeypatch):
    original = builtins.__import__

    def without(name, *args, **options):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return original(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'scalar-autograd\[plot\]' brings it"):
        plots.gradient_flow(Sequential(Dense(2, 1)), X, LABELS)
