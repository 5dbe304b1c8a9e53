"""A forecast of sunspots: five years in, the next two out, by a small network; beside the guess that nothing changes.

    python -m examples.sunspots

The last sixty years are kept out of the training. The picture shows the forecasts for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from layers import Adam, Cosine, Dense, History, Network

DATA = Path(__file__).with_name("data") / "sunspots.csv"
WINDOW, AHEAD, KEPT_OUT = 5, 2, 60
# Numbers of about one train best: in units of 100 spots.
SCALE = 100.0
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#767676"


@dataclass
class Forecast:
    """A trained network, the years to which its forecasts are compared, and root mean square errors in spots."""

    network: Network
    history: History
    years: Any
    wanted: Any
    found: Any
    error: float
    naive_error: float


def load() -> tuple[Any, Any]:
    """Years and numbers of sunspots."""
    years, spots = np.loadtxt(DATA, delimiter=",", skiprows=1).T
    return years.astype(int), spots


def windows(series: Any) -> tuple[Any, Any]:
    """Each stretch of five numbers, and the two that follow it."""
    stretches = np.lib.stride_tricks.sliding_window_view(series, WINDOW + AHEAD)
    return stretches[:, :WINDOW].copy(), stretches[:, WINDOW:].copy()


def new_network(seed: int) -> Network:
    """The network: 5 → 10 → 10 → 2."""
    network = Network(name="forecaster", seed=seed)
    network.add_layers(Dense(WINDOW, 10, "relu"), Dense(10, 10, "relu"), Dense(10, AHEAD))
    return network.add_loss("mse")


def root_mean_square(errors: Any) -> float:
    """The root of the mean square."""
    return float(np.sqrt(np.mean(np.square(errors))))


def forecast(epochs: int = 200, seed: int = 1, progress: bool = False) -> Forecast:
    """A network trained on all but the last sixty years, and its forecasts for these."""
    years, spots = load()
    inputs, targets = windows(spots / SCALE)
    # No year that is kept out is seen in training, neither in a window nor as a target.
    split = len(spots) - KEPT_OUT - WINDOW - AHEAD + 1
    network = new_network(seed)
    history = network.train(
        inputs[:split], targets[:split], epochs=epochs, batch_size=32, seed=seed, progress=progress,
        optimizer=Adam(lr=Cosine(0.01)),
    )  # fmt: skip
    first = len(spots) - KEPT_OUT - WINDOW
    inputs, wanted = inputs[first:], targets[first:] * SCALE
    found = network.predict(inputs) * SCALE
    naive = inputs[:, -1:] * SCALE
    return Forecast(
        network, history, years[first + WINDOW : len(years) - AHEAD + 1], wanted, found,
        root_mean_square(found - wanted), root_mean_square(naive - wanted),
    )  # fmt: skip


def draw(result: Forecast, path: Path) -> Path:
    """Save the forecasts beside the sunspots that were counted; the path is returned."""
    from layers.plots import new_axes

    figure, axes = new_axes("Sunspots: forecasts for years that were kept out of the training", "year", "sunspots")
    years, spots = load()
    shown = years >= result.years[0]
    axes.plot(years[shown], spots[shown], color=GREY, linewidth=1.2, label="counted")
    for ahead, (colour, marker) in enumerate(((BLUE, "o"), (ORANGE, "^"))):
        axes.plot(
            result.years + ahead, result.found[:, ahead], marker, color=colour, markersize=4,
            label=f"forecast {ahead + 1} year{'s' * ahead} ahead",
        )  # fmt: skip
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path)
    return path


def main(directory: Path = Path("demo-output"), epochs: int = 200) -> list[Path]:
    """Train, print the errors of the forecasts, and save two pictures; their paths are returned."""
    from layers.plots import learning_curve

    directory.mkdir(parents=True, exist_ok=True)
    result = forecast(epochs, progress=True)
    print(result.network.summary(np.zeros(WINDOW)))
    print(
        f"{epochs} epochs in {result.history.seconds:.1f} s; error for the last {KEPT_OUT} years "
        f"{result.error:.1f} spots, {result.naive_error:.1f} if nothing changed"
    )
    curve = directory / "sunspots-learning.png"
    learning_curve(result.history).savefig(curve)
    return [draw(result, directory / "sunspots-forecast.png"), curve]


if __name__ == "__main__":
    for saved in main():
        print(saved)
