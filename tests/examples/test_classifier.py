"""The classifier of two layers: by hand and by fit, and its learning curve."""

from examples import classifier


def test_the_loop_lowers_the_loss():
    x, y = classifier.points()
    losses = classifier.by_hand(classifier.classifier(), x, y)
    assert losses[-1] < 0.8 * losses[0]


def test_fit_tells_the_classes_apart():
    x, y = classifier.points()
    network = classifier.classifier()
    history = classifier.by_fit(network, x, y)
    assert history.loss[-1] < 0.3 * history.loss[0]
    assert classifier.accuracy(network, x, y) > 0.93


def test_the_example_saves_its_curve(tmp_path, capsys):
    classifier.main([str(tmp_path / "curve.png")])
    assert (tmp_path / "curve.png").read_bytes()[:4] == b"\x89PNG"
    assert "accuracy" in capsys.readouterr().out
