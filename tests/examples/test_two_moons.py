"""Two moons: the network learns, and the same seed gives the same numbers."""

import io
import sys

import numpy as np
import pytest

import autograd
from autograd import gradcheck
from examples import two_moons
from layers.arrays import plain


def test_the_data_are_a_hundred_points_in_two_halves():
    points, labels = two_moons.load()
    assert points.shape == (100, 2)
    assert sorted(set(labels)) == [-1.0, 1.0]
    assert labels.sum() == 0


def test_the_network_has_337_parameters():
    assert len(two_moons.Network((2, 16, 16, 1), seed=0).parameters) == 337


def test_the_scores_are_those_of_the_same_network_in_numpy():
    network = two_moons.Network((2, 16, 16, 1), seed=3)
    points, _ = two_moons.load()
    h = points.T
    for place, (weights, biases) in enumerate(network.layers):
        h = np.maximum(h, 0.0) if place else h
        h = plain(weights) @ h + plain(biases)
    # 16 products of at most some tens in each sum.
    np.testing.assert_allclose(network.numbers(points), h[0], atol=1e-11)


def test_the_same_seed_gives_the_same_losses_and_another_seed_others():
    first, again, other = [two_moons.train(2, seed=seed, progress=False).losses for seed in (7, 7, 8)]
    assert first == again
    assert first != other


def test_the_objective_agrees_with_differences():
    points, labels = np.array([[0.3, -0.2], [-0.8, 0.5]]), np.array([1.0, -1.0])
    network = two_moons.Network((2, 3, 1), seed=1)

    def loss(*arrays):
        copied = two_moons.Network((2, 3, 1), seed=1)
        copied.layers = list(zip(arrays[::2], arrays[1::2], strict=True))
        copied.parameters = [node for array in arrays for node in array.flat]
        return two_moons.objective(copied, points, labels)[0]

    assert gradcheck(loss, [plain(array) for pair in network.layers for array in pair])


@pytest.mark.skipif(not autograd.compiled, reason="as plain Python the full training takes about 15 s")
def test_a_hundred_epochs_put_every_point_on_its_side():
    training = two_moons.train(progress=False)
    assert training.accuracy == 1.0
    assert training.losses[-1] < 0.05


def test_a_few_epochs_lower_the_loss():
    losses = two_moons.train(8, progress=False).losses
    assert losses[-1] < losses[0]


def test_a_terminal_sees_a_bar_with_loss_and_accuracy(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    two_moons.train(2)
    shown = terminal.getvalue()
    assert "two moons: 100%" in shown
    assert "loss 0." in shown or "loss 1." in shown
    assert "accuracy" in shown


def test_a_log_gets_about_ten_plain_lines(capsys):
    for _, report in two_moons.reported(100, progress=True):
        report(0.5, 0.75)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 11
    assert lines[0] == "epoch   1 of 100   loss 0.5000, accuracy  75%"
    assert lines[-1].startswith("epoch 100 of 100")


def test_no_epoch_at_all_is_refused():
    with pytest.raises(ValueError, match="1 epoch or more, got 0"):
        two_moons.train(0)
