"""Callbacks: functions that are called with each `Epoch` of a training, and may end or steer it.

Any function of an `Epoch` is one; if it returns True, the training stops. One that has a method `begin` is given the
`Training` before the first epoch; one that has `state` and `restore` goes on where it was when a training is resumed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from autograd.signatures import signature_of
from layers.base import Layer
from layers.errors import DescriptionError
from layers.options import finite_number, share, whole_number
from layers.saving.registry import check_options
from layers.training.history import Epoch
from layers.training.optimisers import Optimizer

__all__ = ["Callback", "EarlyStopping", "ReduceLROnPlateau", "Training", "callbacks_of", "says_stop"]

Callback = Callable[[Epoch], Any]


@dataclass(frozen=True)
class Training:
    """A training, as callbacks see it: the model, the optimiser, and the number of epochs that are meant."""

    model: Layer
    optimizer: Optimizer
    epochs: int


def callbacks_of(given: Any) -> list[Callback]:
    """The callbacks that were given, one or several. Raises DescriptionError for what can't be called."""
    if given is None:
        return []
    listed = [given] if callable(given) else given
    if not isinstance(listed, Sequence):
        raise DescriptionError(f"callbacks is a function of an Epoch, or a list of such, got {given!r:.60}")
    for callback in listed:
        if not callable(callback) or isinstance(callback, type):
            remedy = f"; did you mean {callback.__name__}()?" if isinstance(callback, type) else ""
            raise DescriptionError(f"a callback is a function of an Epoch, got {callback!r:.60}{remedy}")
    return list(listed)


def says_stop(answer: Any) -> bool:
    """Whether a callback's answer is True, Python's or NumPy's; any other answer goes on.

    >>> import numpy as np
    >>> says_stop(np.array(0.5) < 1), says_stop(None), says_stop("yes")
    (True, False, False)
    """
    if getattr(answer, "shape", None) in ((), (1,)) and hasattr(answer, "item"):
        answer = answer.item()
    return answer is True


class _Plateau:
    """Base of callbacks that count the epochs since the monitored loss fell by `least`."""

    def __new__(cls, *given: Any, **options: Any) -> Self:
        check_options(cls.__name__, options, list(signature_of(cls).parameters))
        return super().__new__(cls)

    def __init__(self, what: str, patience: int, least: float) -> None:
        self.patience = whole_number(f"the patience of {what}, in epochs,", patience)
        self.least = finite_number(f"the least improvement of {what}", least, least=0)
        self._best, self._since = math.inf, 0

    def begin(self, training: Training) -> None:
        """Forget all epochs."""
        self._best, self._since = math.inf, 0

    def state(self) -> dict[str, Any]:
        """The numbers that a resumed training goes on from."""
        return {"best": self._best, "since": self._since}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from numbers that `state` gave."""
        self._best, self._since = float(state["best"]), int(state["since"])

    def waited(self, epoch: Epoch) -> bool:
        """Whether the loss hasn't fallen for as many epochs as there is patience."""
        if epoch.number == 1:
            self._best, self._since = math.inf, 0
        if epoch.monitored < self._best - self.least:
            self._best, self._since = epoch.monitored, 0
        else:
            self._since += 1
        return self._since >= self.patience


class EarlyStopping(_Plateau):
    """A callback that stops when the monitored loss hasn't fallen by `least` for `patience` epochs.

    >>> stopping = EarlyStopping(patience=2)
    >>> [stopping(Epoch(number, loss, None, 0.1, 1.0, 1.0)) for number, loss in enumerate([3.0, 2.0, 2.0, 2.5], 1)]
    [False, False, False, True]
    """

    def __init__(self, patience: int = 10, least: float = 0.0) -> None:
        super().__init__("early stopping", patience, least)

    def __call__(self, epoch: Epoch) -> bool:
        return self.waited(epoch)


class ReduceLROnPlateau(_Plateau):
    """A callback that multiplies the learning rate by `factor`, down to `lowest`, where the loss stays as it is.

    That is when the monitored loss hasn't fallen by `least` for `patience` epochs. The optimiser's rate is a number, no
    schedule.

    >>> import numpy as np
    >>> from layers import SGD, Dense, Sequential
    >>> model, optimizer = Sequential(Dense(1, 1), seed=0), SGD(lr=0.125)
    >>> x = np.array([[1.0], [2.0]])
    >>> history = model.fit(x, 2 * x, optimizer=optimizer, epochs=200, progress=False,
    ...                     callbacks=ReduceLROnPlateau(factor=0.5, patience=20, least=1e-3))
    >>> optimizer.lr < 0.125
    True
    """

    def __init__(self, factor: float = 0.1, patience: int = 5, least: float = 0.0, lowest: float = 0.0) -> None:
        super().__init__("a reduction on a plateau", patience, least)
        self.factor = share("the factor of a reduction on a plateau", factor)
        self.lowest = finite_number("the lowest rate of a reduction on a plateau", lowest, least=0)
        self._optimizer: Optimizer | None = None

    def begin(self, training: Training) -> None:
        super().begin(training)
        if not isinstance(getattr(training.optimizer, "lr", None), float):
            raise DescriptionError(
                f"ReduceLROnPlateau lowers a learning rate that is a number, {type(training.optimizer).__name__} has "
                f"{getattr(training.optimizer, 'lr', 'none')!r:.60}"
            )
        self._optimizer = training.optimizer

    def __call__(self, epoch: Epoch) -> None:
        if self._optimizer is None:
            raise DescriptionError("ReduceLROnPlateau is given to fit(callbacks=...), which tells it the optimiser")
        if self.waited(epoch):
            self._optimizer.lr = min(self._optimizer.lr, max(self._optimizer.lr * self.factor, self.lowest))
            self._since = 0
