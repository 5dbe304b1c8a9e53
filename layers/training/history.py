"""The record of a training: its epochs, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograd.text import counted
from layers.errors import InputError
from layers.hints import did_you_mean

__all__ = ["Epoch", "History"]


@dataclass(frozen=True)
class Epoch:
    """The result of one epoch: its number from 1, the mean loss over its steps, the loss on the validation samples.

    `metrics` and `validation_metrics` have the metrics that were asked for, by name, of the parameters at its end;
    `learning_rate` is that of its last step, None for an optimiser without one.
    """

    number: int
    loss: float
    validation_loss: float | None
    learning_rate: float | None
    seconds: float
    samples_per_second: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    validation_metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def monitored(self) -> float:
        """The validation loss, or the loss if nothing is validated."""
        return self.loss if self.validation_loss is None else self.validation_loss

    def __str__(self) -> str:
        told = [f"loss {self.loss:.4g}", *_told("", self.metrics)]
        if self.validation_loss is not None:
            told += [f"validation {self.validation_loss:.4g}", *_told("validation ", self.validation_metrics)]
        return ", ".join([*told, f"{self.samples_per_second:,.0f} samples/s"])


def _told(which: str, metrics: Mapping[str, float]) -> list[str]:
    return [f"{which}{name} {value:.4g}" for name, value in metrics.items()]


@dataclass(repr=False)
class History:
    """The epochs of a training, its end, and the best epoch's number.

    `ended` is "all epochs", "converged" (an optimiser found no better point), "stopped" (by a callback) or
    "interrupted".
    """

    epochs: list[Epoch] = field(default_factory=list)
    ended: str = "all epochs"
    best: int | None = None

    @property
    def loss(self) -> list[float]:
        """The loss of each epoch."""
        return [epoch.loss for epoch in self.epochs]

    @property
    def validation_loss(self) -> list[float]:
        """The validation loss of each epoch; empty if nothing was validated."""
        return [epoch.validation_loss for epoch in self.epochs if epoch.validation_loss is not None]

    @property
    def metrics(self) -> dict[str, list[float]]:
        """Each metric over the epochs, by name; those on the validation samples by "validation " and the name."""
        found: dict[str, list[float]] = {}
        for epoch in self.epochs:
            for which, metrics in (("", epoch.metrics), ("validation ", epoch.validation_metrics)):
                for name, value in metrics.items():
                    found.setdefault(f"{which}{name}", []).append(value)
        return found

    @property
    def seconds(self) -> float:
        """The duration of all epochs."""
        return sum([epoch.seconds for epoch in self.epochs])

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(f"History has no attribute {name!r}{_meant(name)}")

        def __getitem__(self, key: Any) -> Any:
            meant = _meant(key) if isinstance(key, str) else "; its epochs are a list: history.epochs[-1].loss"
            raise InputError(f"a History has no items, asked for {key!r:.60}{meant}")

    def __repr__(self) -> str:
        best = "" if self.best is None else f", best in epoch {self.best}"
        last = f"; {self.epochs[-1]}" if self.epochs else ""
        return f"<History of {counted(len(self.epochs), 'epoch')}, ended: {self.ended}{best}{last}>"


def _meant(name: str) -> str:
    meant = "" if name.startswith("_") else did_you_mean(name, _KNOWN, "history")
    return f"; {meant}" if meant else ""


_KNOWN = [name for name in (*History.__dataclass_fields__, *vars(History)) if not name.startswith("_")]
