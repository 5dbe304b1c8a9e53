"""Forecast a wave from a window of it, of neurons and of matrices: `python -m examples.forecast`.

Two networks of a first course: 5-10-10-2 with a softmax tells rising from falling windows, and window-forecast-forecast
continues the wave. Each is trained sample by sample with a fixed rate, and in batches by Adam.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from layers import Dense, History, Network, NeuronLayer

WINDOW, AHEAD = 5, 2
ADAM = {"optimizer": {"type": "adam", "lr": 0.03}, "batch_size": 16}


def windows(length: int = 120) -> tuple[Any, Any]:
    """All windows of a sine, and the numbers that follow each."""
    wave = np.sin(np.arange(length) * 0.5)
    rows = np.array([wave[start : start + WINDOW + AHEAD] for start in range(length - WINDOW - AHEAD + 1)])
    return rows[:, :WINDOW], rows[:, WINDOW:]


def classifier(*, neurons: bool) -> Network:
    """5-10-10-2: of neurons as objects, or of matrices; the same numbers."""
    sizes = [(WINDOW, 10, "relu"), (10, 10, "relu"), (10, 2, "softmax")]
    layers = [NeuronLayer(n_in, n_out, activation, seed=n_in) for n_in, n_out, activation in sizes]
    return Network(layers if neurons else [layer.as_dense() for layer in layers], loss="mse")


def forecaster() -> Network:
    """Window, forecast, forecast."""
    return Network(Dense(WINDOW, AHEAD, "relu"), Dense(AHEAD, AHEAD), loss="mse", seed=1)


def train(network: Network, data: Any, labels: Any, epochs: int, **options: Any) -> History:
    """A training that prints nothing."""
    return network.train(data, labels, epochs=epochs, seed=0, progress=False, **options)


def main() -> None:
    """Train both, and print how the errors fell."""
    data, targets = windows()
    rising = np.eye(2)[(targets[:, 0] > data[:, -1]).astype(int)]
    for name, neurons in (("22 neurons", True), ("3 matrices", False)):
        history = train(classifier(neurons=neurons), data, rising, 20, learning_rate=0.05, batch_size=1)
        print(f"5-10-10-2 of {name}, sample by sample: {history.loss[0]:.4f} → {history.loss[-1]:.4f}")
    naive = ((data[:, -1:] - targets) ** 2).mean()
    for name, options in (("sample by sample", {"learning_rate": 0.01, "batch_size": 1}), ("Adam, batches", ADAM)):
        network = forecaster()
        history = train(network, data, targets, 100, **options)
        print(
            f"forecast, {name}: {history.loss[0]:.4f} → {history.loss[-1]:.1e}; the last number repeated: {naive:.4f}"
        )


if __name__ == "__main__":
    main()
