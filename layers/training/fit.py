"""`fit`: find parameters that make a loss small, step by step, and record the loss of each epoch."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from layers.base import Layer
from layers.errors import DataError, TrainingError
from layers.losses import Loss, loss_of
from layers.options import finite_number, whole_number
from layers.parameters.parameter import flat_values, put_flat, sizes_restored
from layers.training.data import check_lengths, checked_samples
from layers.training.optimisers import LBFGS, Optimizer, optimizer_of
from layers.training.progress import report_of
from layers.training.step import TrainingStep
from layers.training.survey import survey_samples

__all__ = ["EarlyStopping", "Epoch", "History", "fit"]

logger = logging.getLogger("layers.training")


@dataclass(frozen=True)
class Epoch:
    """The result of one epoch: its number from 1, the mean loss over its steps, the loss on the validation samples."""

    number: int
    loss: float
    validation_loss: float | None
    learning_rate: float
    seconds: float
    samples_per_second: float

    @property
    def monitored(self) -> float:
        """The validation loss, or the loss if nothing is validated."""
        return self.loss if self.validation_loss is None else self.validation_loss

    def __str__(self) -> str:
        validated = "" if self.validation_loss is None else f", validation {self.validation_loss:.4g}"
        return f"loss {self.loss:.4g}{validated}, {self.samples_per_second:,.0f} samples/s"


@dataclass
class History:
    """The epochs of a training, its end ("all epochs", "stopped", "interrupted"), and the best epoch's number."""

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
    def seconds(self) -> float:
        """The duration of all epochs."""
        return sum([epoch.seconds for epoch in self.epochs])


Callback = Callable[[Epoch], Any]


class EarlyStopping:
    """A callback that stops when the monitored loss hasn't fallen by `least` for `patience` epochs.

    >>> stopping = EarlyStopping(patience=2)
    >>> [stopping(Epoch(number, loss, None, 0.1, 1.0, 1.0)) for number, loss in enumerate([3.0, 2.0, 2.0, 2.5], 1)]
    [False, False, False, True]
    """

    def __init__(self, patience: int = 10, least: float = 0.0) -> None:
        self.patience = whole_number("the patience of early stopping, in epochs,", patience)
        self.least = finite_number("the least improvement of early stopping", least, least=0)
        self._best, self._since = math.inf, 0

    def __call__(self, epoch: Epoch) -> bool:
        if epoch.number == 1:
            self._best, self._since = math.inf, 0
        if epoch.monitored < self._best - self.least:
            self._best, self._since = epoch.monitored, 0
        else:
            self._since += 1
        return self._since >= self.patience


class _Stop(Exception):
    """A callback asked to stop: the way out of an optimiser that runs its own loop."""


def fit(
    model: Layer,
    X: Any,  # noqa: N803 - the samples' name everywhere
    y: Any,
    loss: Any = "mse",
    optimizer: Any = "adam",
    *,
    epochs: int = 10,
    batch_size: int | None = 32,
    validation: Any = None,
    callbacks: Sequence[Callback] = (),
    seed: int | None = None,
    progress: bool = True,
    clip_value: float | None = None,
    clip_norm: float | None = None,
) -> History:
    """The record of a training, after which the model has the parameters that it found.

    X, y: inputs and targets, samples first; the loss says which targets it takes.
    loss, optimizer: by name, description or as an object. An optimiser goes on from where it was.
    epochs, batch_size: the number of passes over all samples, and of samples in a step; None is all at once.
    validation: a pair (X, y), or the share of the samples, from 0 to 1, that is kept out of the training for it.
    callbacks: called with each `Epoch`, the model having its parameters; one that returns True stops the training.
    seed: of the order of the samples.
    progress: whether to show a bar, or lines where there is no terminal.
    clip_value, clip_norm: limits for each number of a batch's gradient, and for its length.

    The model ends with its last parameters, or with its best (by validation loss, else by loss) if there is a
    validation, if a callback stopped or if Ctrl-C did, which ends the training and nothing else; interrupted in the
    first epoch, it has its last.

    Raises DataError, ShapeError, DescriptionError before anything is changed; TrainingError if the loss is no longer
    finite, the model then having its best parameters so far.
    """
    loss, optimizer = loss_of(loss), optimizer_of(optimizer)
    epochs = whole_number("epochs", epochs)
    clip = _clipping(clip_value, clip_norm)
    inputs, targets = checked_samples("X", X), checked_samples("y", y)
    check_lengths(inputs, targets)
    loss.check_ending(model)
    model.check_held()
    import numpy

    generator = numpy.random.default_rng(seed)
    validated = None
    with sizes_restored(model.named_parameters().values()):
        found = survey_samples(model, inputs)
        targets = loss.encoded(targets, found.output_shape)
        if isinstance(validation, float):
            inputs, targets, validated = _split(inputs, targets, validation, generator)
        elif validation is not None:
            validated = _validation(validation, model, loss)
    size = len(inputs) if batch_size is None else min(whole_number("batch_size", batch_size), len(inputs))
    run = _Run(model, TrainingStep(model, loss, found), validated, callbacks, epochs, progress)
    try:
        if isinstance(optimizer, LBFGS):
            _run_lbfgs(run, optimizer, inputs, targets, clip)
        else:
            _run_steps(run, optimizer, inputs, targets, size, generator, clip)
    except _Stop:
        run.history.ended = "stopped"
    except KeyboardInterrupt:
        run.history.ended = "interrupted"
        if run.history.best is None:
            # Better the steps of a long first epoch than none.
            run.best_values = run.values
        logger.warning("training was interrupted in epoch %d of %d", len(run.history.epochs) + 1, epochs)
    except TrainingError:
        run.completed = run.best_values
        raise
    finally:
        run.report.close()
        put_flat(run.step.parameters, run.completed)
    if validated is not None or run.history.ended != "all epochs":
        put_flat(run.step.parameters, run.best_values)
    logger.info("training of %s ended (%s) after %d epochs", model.shown, run.history.ended, len(run.history.epochs))
    return run.history


class _Run:
    """The state of a training from epoch to epoch."""

    def __init__(
        self,
        model: Layer,
        step: TrainingStep,
        validated: tuple[Any, Any] | None,
        callbacks: Sequence[Callback],
        epochs: int,
        progress: bool,
    ) -> None:
        self.model = model
        self.step = step
        self.validated = validated
        self.callbacks = callbacks
        self.epochs = epochs
        self.report = report_of(progress, epochs, model.name)
        self.history = History()
        # Now, after the last epoch that was completed, and after the best one.
        self.values = self.completed = self.best_values = flat_values(step.parameters)
        self._best = math.inf
        self._started = time.perf_counter()

    def loss_and_gradient(self, values: Any, inputs: Any, targets: Any) -> tuple[float, Any]:
        """One step's. Raises TrainingError if they are not finite."""
        import numpy

        loss, gradient = self.step(values, inputs, targets)
        if not (math.isfinite(loss) and numpy.isfinite(gradient).all()):
            raise TrainingError(
                f"{self.model.shown}: in epoch {len(self.history.epochs) + 1} the loss is {loss:g}"
                + ("" if not math.isfinite(loss) else " and its gradient is not finite")
                + "; a lower learning rate, clip_norm=1.0 or scaled inputs may help"
            )
        return loss, gradient

    def end_epoch(self, loss: float, rate: float, samples: int) -> None:
        """Record the epoch, tell everyone; raises _Stop if a callback says so."""
        number = len(self.history.epochs) + 1
        validation_loss = None if self.validated is None else self.step.value(self.values, *self.validated)
        now = time.perf_counter()
        seconds, self._started = now - self._started, now
        epoch = Epoch(number, loss, validation_loss, rate, seconds, samples / max(seconds, 1e-9))
        self.history.epochs.append(epoch)
        if epoch.monitored < self._best:
            self._best, self.best_values, self.history.best = epoch.monitored, self.values, number
        self.completed = self.values
        if self.callbacks:
            put_flat(self.step.parameters, self.values)
        logger.debug("epoch %d: %s", number, epoch)
        self.report.show(number, epoch)
        # Each is asked, whatever the others say.
        if any([callback(epoch) is True for callback in self.callbacks]):
            raise _Stop


def _run_steps(
    run: _Run, optimizer: Optimizer, inputs: Any, targets: Any, size: int, generator: Any, clip: Callable[[Any], Any]
) -> None:
    """Steps on batches; the samples come in a new order in each epoch if there are several batches."""
    count = len(inputs)
    starts = range(0, count, size)
    for epoch in range(run.epochs):
        order = generator.permutation(count) if size < count else None
        total = rate = 0.0
        for place, start in enumerate(starts):
            progress = (epoch + place / len(starts)) / run.epochs
            if order is None:
                x, y = inputs, targets
            else:
                batch = order[start : start + size]
                x, y = inputs[batch], targets[batch]
            loss, gradient = run.loss_and_gradient(run.values, x, y)
            rate = optimizer.rate(progress)
            run.values = optimizer.updated(run.values, clip(gradient), progress)
            total += loss * len(x)
        run.end_epoch(total / count, rate, count)


def _run_lbfgs(run: _Run, optimizer: LBFGS, inputs: Any, targets: Any, clip: Callable[[Any], Any]) -> None:
    """SciPy's iterations, each an epoch."""
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise ImportError(
            "lbfgs is SciPy's, which is not installed; pip install 'scalar-autograd[scipy]' brings it"
        ) from error

    def objective(values: Any) -> tuple[float, Any]:
        return run.loss_and_gradient(values, inputs, targets)

    def end_iteration(intermediate_result: Any) -> None:
        run.values = intermediate_result.x.copy()
        run.end_epoch(float(intermediate_result.fun), 0.0, len(inputs))

    options = {"maxiter": run.epochs, "maxcor": optimizer.memory}
    minimize(objective, run.values, jac=True, method="L-BFGS-B", callback=end_iteration, options=options)


def _clipping(value: float | None, norm: float | None) -> Callable[[Any], Any]:
    """The function that limits a gradient."""
    limit = math.inf if value is None else finite_number("clip_value", value, above=0)
    longest = math.inf if norm is None else finite_number("clip_norm", norm, above=0)

    def clip(gradient: Any) -> Any:
        import numpy

        clipped = gradient if limit == math.inf else numpy.clip(gradient, -limit, limit)
        length = float(numpy.linalg.norm(clipped)) if longest < math.inf else 0.0
        return clipped * (longest / length) if length > longest else clipped

    return clip


def _split(inputs: Any, targets: Any, share: float, generator: Any) -> tuple[Any, Any, tuple[Any, Any]]:
    """The samples to train on, and those to validate on, which are drawn at random."""
    kept_out = round(share * len(inputs))
    if not 0 < kept_out < len(inputs):
        raise DataError(
            f"a validation share leaves samples on both sides, got {share} of {len(inputs)}, which is {kept_out}"
        )
    order = generator.permutation(len(inputs))
    away, rest = order[:kept_out], order[kept_out:]
    return inputs[rest], targets[rest], (inputs[away], targets[away])


def _validation(given: Any, model: Layer, loss: Loss) -> tuple[Any, Any]:
    """The samples to validate on, checked like the others."""
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise DataError(f"validation is a pair (X, y) or a share of the samples from 0 to 1, got {given!r:.60}")
    inputs, targets = checked_samples("validation X", given[0]), checked_samples("validation y", given[1])
    check_lengths(inputs, targets)
    return inputs, loss.encoded(targets, survey_samples(model, inputs).output_shape)
