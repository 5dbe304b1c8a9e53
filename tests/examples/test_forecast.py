"""The networks from scratch: neurons and matrices are the same network, and the forecast is better than none."""

import numpy as np

from examples import forecast


def test_neurons_and_matrices_learn_the_same():
    data, targets = forecast.windows()
    rising = np.eye(2)[(targets[:, 0] > data[:, -1]).astype(int)]
    options = {"learning_rate": 0.05, "batch_size": 1}
    first, second = [
        forecast.train(forecast.classifier(neurons=neurons), data, rising, 5, **options).loss
        for neurons in (True, False)
    ]
    np.testing.assert_allclose(first, second, rtol=1e-10)
    assert first[-1] < first[0]


def test_the_forecast_learns_the_wave():
    data, targets = forecast.windows()
    network = forecast.forecaster()
    forecast.train(network, data, targets, 200, **forecast.ADAM)
    error = ((network.predict(data) - targets) ** 2).mean()
    assert error < 0.1 * ((data[:, -1:] - targets) ** 2).mean()


def test_the_example_prints_how_errors_fall(capsys):
    forecast.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    for line in lines:
        before, after = line.partition("; ")[0].rpartition(": ")[2].split(" → ")
        assert float(after) < float(before)
