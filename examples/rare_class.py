"""A rare class found by a network that trains with dropout, and goes on after a break: `python -m examples.rare_class`.

Of 600 points one in twenty lies in a ring around a cloud of the others. Without weights a network may say "cloud" for
all and be right nineteen times in twenty; with weights that make both classes count alike, it learns the ring. The
training is broken off after some epochs and resumed from its file, to the same numbers.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from layers import Adam, Dense, Dropout, EarlyStopping, History, Metric, Sequential, load_model

EPOCHS, BREAK = 60, 25


def points(seed: int = 0) -> tuple[Any, Any]:
    """Points of the plane, and the name of the class of each."""
    generator = np.random.default_rng(seed)
    names = np.where(np.arange(600) % 20 == 0, "ring", "cloud")
    angles = generator.uniform(0.0, 2.0 * np.pi, 600)
    radii = np.where(names == "ring", generator.normal(2.0, 0.1, 600), abs(generator.normal(0.0, 0.7, 600)))
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1), names


def found(right: Any, said: Any) -> float:
    """The share of the ring's points that are said to be of the ring, called recall."""
    return float(np.mean(said[right == "ring"] == "ring"))


def trained(X: Any, names: Any, path: Path, *, weights: Any, epochs: int) -> tuple[Sequential, History]:  # noqa: N803
    """A network trained for so many epochs, or from where its file says on."""
    model = Sequential(Dense(2, 16, "elu"), Dropout(0.1), Dense(16, 16, "elu"), Dense(16, 2), seed=1)
    history = model.fit(
        X, names, "cross_entropy", Adam(lr=0.01), epochs=epochs, seed=0, progress=False, class_weight=weights,
        validation=0.25, split="stratified", metrics=["accuracy", Metric(found, of="classes")],
        callbacks=EarlyStopping(patience=20), checkpoint=path, resume=True,
    )  # fmt: skip
    return model, history


def main() -> None:
    """Train without weights, with them, and with a break."""
    X, names = points()  # noqa: N806
    with tempfile.TemporaryDirectory() as folder:
        plain, weighted, broken = [Path(folder) / f"{name}.npz" for name in ("plain", "weighted", "broken")]
        for title, weights, path in (("all samples alike", None, plain), ("both classes alike", "balanced", weighted)):
            model, history = trained(X, names, path, weights=weights, epochs=EPOCHS)
            measures = model.evaluate(X, names, metrics=["accuracy", Metric(found, of="classes")])
            print(
                f"{title:18s}: {measures['accuracy']:.1%} right, {measures['found']:.0%} of the ring found, "
                f"best in epoch {history.best} of {len(history.epochs)}"
            )
        trained(X, names, broken, weights="balanced", epochs=BREAK)
        _, resumed = trained(X, names, broken, weights="balanced", epochs=EPOCHS)
        same = resumed.loss == history.loss
        print(f"resumed after epoch {BREAK}: {'the same losses to the last bit' if same else 'other losses'}")
        again = load_model(broken)
        print(f"from the file alone: {again.predict_classes([[2.0, 0.0], [0.1, 0.2]]).tolist()}")


if __name__ == "__main__":
    main()
