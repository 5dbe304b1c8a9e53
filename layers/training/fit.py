"""`fit`: find parameters that make a loss small, step by step, and record the loss of each epoch."""

from __future__ import annotations

import contextvars
import logging
import math
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd.numbers.operands import number_or_none
from layers.base import Layer
from layers.errors import DataError, DescriptionError, TrainingError
from layers.losses import Loss, loss_for
from layers.options import finite_number, seed_of, truth, whole_number
from layers.parameters.parameter import flat_values, put_flat, sizes_restored
from layers.randomness import in_training
from layers.training.callbacks import Callback, Training, callbacks_of, says_stop
from layers.training.checkpoint import Checkpoint, digest_of
from layers.training.data import Samples, class_names, prepared, without_weight
from layers.training.distributed import check_executor
from layers.training.history import Epoch, History
from layers.training.metrics import Metric, measured, metrics_of
from layers.training.optimisers import LBFGS, Optimizer, optimizer_of
from layers.training.progress import report_of
from layers.training.step import TrainingStep

__all__ = ["fit"]

logger = logging.getLogger("layers.training")

BATCH = 32
SPLITS = ("random", "stratified", "last")


class _Stop(Exception):
    """A callback asked to stop: the way out of an optimiser that runs its own loop."""


def fit(
    model: Layer,
    X: Any,  # noqa: N803 - the samples' name everywhere
    y: Any,
    loss: Any = None,
    optimizer: Any = "adam",
    *,
    epochs: int = 10,
    batch_size: int | str | None = "auto",
    accumulate: int = 1,
    shuffle: bool = True,
    validation: Any = None,
    split: str = "random",
    sample_weight: Any = None,
    class_weight: Any = None,
    metrics: Any = (),
    callbacks: Any = (),
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    seed: int | None = None,
    progress: bool = True,
    clip_value: float | None = None,
    clip_norm: float | None = None,
    executor: Any = None,
) -> History:
    """The record of a training, after which the model has the parameters that it found.

    X, y: inputs and targets, samples first; the loss says which targets it takes, and classes may be named by texts. A
    model of several inputs takes a tuple of arrays, or a dict by the inputs' names.
    loss: a name, a description, a layer or a function of output and target; without one the model's own, else mse.
    optimizer: by name, description or as an object, which goes on from where it was with this model.
    epochs: the number of passes over all samples.
    batch_size: the number of samples in a step, None for all at once; "auto" is 32, and all for lbfgs.
    accumulate: the number of batches whose gradient makes a step together, as if they were one batch.
    shuffle: whether samples come in a new order in each epoch.
    validation: a pair (X, y), or the share of the samples, from 0 to 1, that is kept out of the training for it.
    split: which share that is: "random", "stratified" (of each class alike), or the "last" rows.
    sample_weight: a number for each sample, 0 or more; losses are weighted means.
    class_weight: a dict of a number for each class, or "balanced", so that all classes weigh the same.
    metrics: names ("accuracy", "mae", "mse", "r2"), functions of targets and outputs, or `Metric` objects.
    callbacks: called with each `Epoch`, the model having its parameters; one that returns True stops the training.
    checkpoint: a file (.npz or .safetensors) to which the training is written after each epoch. Steps are then run by
    the interpreter alone, whose numbers are the same each time.
    resume: whether to go on from that file, if it is there, to the same numbers as without the break.
    seed: of the order of the samples, and of the random numbers of layers.
    progress: whether to show a bar, or lines where there is no terminal.
    clip_value, clip_norm: limits for each number of a step's gradient, and for its length.
    executor: runs the samples of each step in blocks of 1,024 or more; one of concurrent.futures, or a function that
    makes one. The numbers are the same for any executor and any number of workers.

    The model ends with its last parameters, or with its best (by validation loss, else by loss) if there is a
    validation, if a callback stopped or if Ctrl-C did, which ends the training and nothing else; interrupted in the
    first epoch, it has its last.

    Raises DataError, ShapeError, DescriptionError, StateError before anything is changed; TrainingError if the loss or
    the parameters are no longer finite, the model then having its best parameters so far.
    """
    loss, optimizer = loss_for(model, loss), optimizer_of(optimizer)
    epochs, accumulate = whole_number("epochs", epochs), whole_number("accumulate", accumulate)
    shuffle = truth("shuffle", shuffle)
    clip = _clipping(clip_value, clip_norm)
    callbacks, metrics = callbacks_of(callbacks), metrics_of(metrics)
    model.check_held()
    loss.check_single()
    loss.check_ending(model)
    if isinstance(optimizer, LBFGS):
        _check_lbfgs(batch_size, accumulate, clip_value, clip_norm, checkpoint)
    if resume and checkpoint is None:
        raise DescriptionError("resume goes on from a checkpoint, and none is given; fit(..., checkpoint=PATH)")
    import numpy

    generator = numpy.random.default_rng(seed_of(seed))
    names = class_names(y) if loss.of_classes else None
    weights = {"sample_weight": sample_weight, "class_weight": class_weight}
    with sizes_restored(model.named_parameters().values()):
        joined, samples, found = prepared(model, loss, X, y, names, **weights)
        whole = samples
        told = None
        if isinstance(batch_size, str) and batch_size != "auto":
            raise DescriptionError(f"batch_size is a whole number, 1 or more, None or 'auto', got {batch_size!r:.60}")
        size = BATCH if batch_size == "auto" and not isinstance(optimizer, LBFGS) else batch_size
        size = len(samples.inputs) if size in (None, "auto") else whole_number("batch_size", size)
        if executor is not None:
            check_executor(executor, min(size, len(samples.inputs)))
        saved = None
        if checkpoint is not None:
            settings = {
                "data": digest_of(whole), "batch_size": size, "accumulate": accumulate, "shuffle": shuffle,
                "seed": None if seed is None else int(seed), "split": split,
                "clipping": [None if one is None else float(one) for one in (clip_value, clip_norm)],
            }  # fmt: skip
            saved = Checkpoint(checkpoint, model, loss, optimizer, callbacks, settings)
            saved.classes = names
            if resume and saved.exists():
                told = saved.check()
                # What is kept out for validation is drawn as it was then.
                saved.set_generator(generator, told["beginning"])
            saved.beginning = generator.bit_generator.state
        validated = None
        share = number_or_none(validation)
        if share is not None and not isinstance(validation, bool):
            samples, validated = _split(samples, share, split, loss, found, generator)
        elif validation is not None:
            validated = _validation(validation, model, loss, names)
    samples = without_weight(samples)
    parameters = list(model.named_parameters().values())
    # Machine code comes when it is ready, and rounds otherwise: what is resumed does without.
    step = TrainingStep(joined, loss, found, generator, "auto" if saved is None else "vm", executor)
    if not step.trained and parameters:
        raise DescriptionError(f"{model.shown}: all parameters are frozen, there is nothing to train")
    run = _Run(model, step, samples, validated, callbacks, metrics, epochs, progress, saved)
    run.names = names
    if hasattr(model, "remember"):
        # Now, so that a callback may ask the model.
        model.remember(loss, names)
    trained = [variable for one in step.trained[:1] for variable in one.variables.flat[:1]]
    if trained:
        optimizer.begin(trained[0])
    for callback in callbacks:
        if hasattr(callback, "begin"):
            callback.begin(Training(model, optimizer, epochs))
    if saved is not None and told is not None:
        run.restore(*saved.restore(told, parameters, sum([one.size for one in step.trained]), generator))
    # In a context of its own: wherever Ctrl-C comes, no mode of the training stays.
    inside = contextvars.copy_context()
    try:
        if run.history.ended != "all epochs":
            pass
        elif isinstance(optimizer, LBFGS):
            inside.run(_run_lbfgs, run, optimizer)
        else:
            batch = min(size, len(samples.inputs))
            inside.run(_run_steps, run, optimizer, batch, accumulate, shuffle, generator, clip)
    except _Stop:
        run.history.ended = "stopped"
    except KeyboardInterrupt:
        run.history.ended = "interrupted"
        if run.history.best is None:
            # Better the steps of a long first epoch than none.
            run.best_values = run.values
        logger.warning("training was interrupted in epoch %d of %d", min(len(run.history.epochs) + 1, epochs), epochs)
    except TrainingError:
        run.completed = run.best_values
        raise
    finally:
        run.report.close()
        put_flat(parameters, run.completed)
    return run.ended()


class _Run:
    """The state of a training from epoch to epoch."""

    def __init__(
        self,
        model: Layer,
        step: TrainingStep,
        samples: Samples,
        validated: Samples | None,
        callbacks: Sequence[Callback],
        metrics: Sequence[Metric],
        epochs: int,
        progress: bool,
        checkpoint: Checkpoint | None,
    ) -> None:
        import numpy

        self.model = model
        self.step = step
        self.samples = samples
        self.validated = validated
        self.callbacks = callbacks
        self.metrics = metrics
        self.epochs = epochs
        self.checkpoint = checkpoint
        self.names: Any = None
        self.report = report_of(progress, epochs, model.name)
        self.history = History()
        # Now, after the last epoch that was completed, and after the best one.
        self.values = self.completed = self.best_values = flat_values(step.parameters)
        self._best = math.inf
        self._started = time.perf_counter()
        self._trained = _places(step)
        # NumPy's ways with errors, as they were outside.
        self._errors = numpy.geterr()
        # Decided once: a training that is resumed must compile what it compiled before.
        validating = 0 if validated is None else len(validated.inputs)
        if callbacks:
            step.renew()
        step.planned = epochs * (validating + (len(samples.inputs) if metrics else 0))

    def restore(self, history: History, best_values: Any, values: Any) -> None:
        """Go on after the epochs of this history."""
        self.history, self.best_values = history, best_values
        self.values = self.completed = values
        if history.best is not None:
            self._best = history.epochs[history.best - 1].monitored

    def loss_and_gradient(self, samples: Samples) -> tuple[float, Any]:
        """One step's. Raises TrainingError if they are not finite."""
        further = () if samples.weights is None else (samples.weights,)
        loss, gradient = self.step(self.values, samples.inputs, samples.targets, *further)
        if not (math.isfinite(loss) and all_finite(gradient)):
            raise TrainingError(
                f"{self.model.shown}: in epoch {len(self.history.epochs) + 1} the loss is {loss:g}"
                + ("" if not math.isfinite(loss) else " and its gradient is not finite")
                + "; a lower learning rate, clip_norm=1.0 or scaled inputs may help"
            )
        return loss, gradient

    def move(self, optimizer: Optimizer, gradient: Any, progress: float) -> None:
        """Take a step in the parameters that are trained."""
        if self._trained is None:
            self.values = optimizer.updated(self.values, gradient, progress)
        else:
            moved = self.values.copy()
            moved[self._trained] = optimizer.updated(self.values[self._trained], gradient[self._trained], progress)
            self.values = moved

    def check_values(self) -> None:
        """Raise TrainingError if the parameters are not finite."""
        if not all_finite(self.values):
            raise TrainingError(
                f"{self.model.shown}: in epoch {len(self.history.epochs) + 1} the parameters are no longer finite; a "
                f"lower learning rate, clip_norm=1.0 or scaled inputs may help"
            )

    def end_epoch(self, loss: float, rate: float | None, generator: Any = None) -> None:
        """Record the epoch, tell everyone; raises _Stop if a callback says so."""
        self.check_values()
        number = len(self.history.epochs) + 1
        validation_loss, measures = (None, ()) if self.validated is None and not self.metrics else self.judged()
        now = time.perf_counter()
        seconds, self._started = now - self._started, now
        speed = len(self.samples.inputs) / max(seconds, 1e-9)
        epoch = Epoch(number, loss, validation_loss, rate, seconds, speed, *measures)
        self.history.epochs.append(epoch)
        best = epoch.monitored < self._best
        if best:
            self._best, self.best_values, self.history.best = epoch.monitored, self.values, number
        self.completed = self.values
        logger.debug("epoch %d: %s", number, epoch)
        self.report.show(number, epoch)
        if self.callbacks and self.call_back(epoch, best):
            self.history.ended = "stopped"
        if self.checkpoint is not None:
            put_flat(self.step.parameters, self.values)
            size = len(self.values) if self._trained is None else len(self._trained)
            self.checkpoint.write(self.step.parameters, self.best_values, size, self.history, generator)
        if self.history.ended == "stopped":
            raise _Stop

    def call_back(self, epoch: Epoch, best: bool) -> bool:
        """Whether a callback says to stop; what they change in parameters and settings holds from here on."""
        put_flat(self.step.parameters, self.values)
        with self.outside():
            # Each is asked, whatever the others say.
            stop = any([says_stop(callback(epoch)) for callback in self.callbacks])
        self.values = flat_values(self.step.parameters)
        self.check_values()
        self.completed = self.values
        if best:
            self.best_values = self.values
        self.step.renew()
        return stop

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Inside this context, layers and NumPy are as they were before the training."""
        import numpy

        with in_training(False), numpy.errstate(**self._errors):
            yield

    def judged(self) -> tuple[float | None, tuple[dict[str, float], dict[str, float]]]:
        """The loss on the validation samples, and the metrics on both, outside the training."""
        validation_loss = None
        with self.outside():
            if self.validated is not None:
                samples = self.validated
                further = () if samples.weights is None else (samples.weights,)
                validation_loss = self.step.value(self.values, samples.inputs, samples.targets, *further)
            return validation_loss, (self.measures(self.samples), self.measures(self.validated))

    def measures(self, samples: Samples | None) -> dict[str, float]:
        """The metrics on samples, by name."""
        if samples is None or not self.metrics:
            return {}
        outputs = self.step.outputs(self.values, samples.inputs)
        loss: Any = self.step.loss
        return measured(self.metrics, samples, outputs, loss, self.names)

    def ended(self) -> History:
        """The history, once the model has the parameters that it ends with."""
        history = self.history
        if history.epochs and history.best is None and self.validated is not None:
            warnings.warn(
                f"{self.model.shown}: the validation loss was never finite; the model keeps its last parameters",
                RuntimeWarning,
                stacklevel=4,
            )
        elif self.validated is not None or history.ended != "all epochs":
            put_flat(self.step.parameters, self.best_values)
        logger.info("training of %s ended (%s) after %d epochs", self.model.shown, history.ended, len(history.epochs))
        return history


def all_finite(numbers: Any) -> bool:
    """Whether all numbers of an array are finite."""
    # Their squares' sum takes a third of the time; if it overflows, they are looked at one by one.
    if math.isfinite(numbers.dot(numbers)):
        return True
    import numpy

    return bool(numpy.isfinite(numbers).all())


def _places(step: TrainingStep) -> Any:
    """The places of the parameters that are trained among all; None if all are."""
    if len(step.trained) == len(step.parameters):
        return None
    import numpy

    trained = set(step.trained)
    kept = [numpy.full(parameter.size, parameter in trained) for parameter in step.parameters]
    return numpy.flatnonzero(numpy.concatenate(kept))


def _run_steps(
    run: _Run,
    optimizer: Optimizer,
    size: int,
    accumulate: int,
    shuffle: bool,
    generator: Any,
    clip: Callable[[Any], Any] | None,
) -> None:
    """Steps on batches; the samples come in a new order in each epoch if there are several batches."""
    import numpy

    samples, summed = run.samples, run.step.summed
    count = len(samples.inputs)
    starts = range(0, count, size)
    steps = math.ceil(len(starts) / accumulate)
    mass = 1.0 if summed else samples.mass
    # What overflows is found and told, once for all.
    with in_training(), numpy.errstate(all="ignore"):
        for epoch in range(len(run.history.epochs), run.epochs):
            ordered = samples.taken(generator.permutation(count)) if shuffle and size < count else samples
            total = 0.0
            gathered, weight = 0.0, 0.0
            for place, start in enumerate(starts):
                batch = ordered if size >= count else ordered.taken(slice(start, start + size))
                loss, gradient = run.loss_and_gradient(batch)
                part = 1.0 if summed else batch.mass
                total += loss * part
                if accumulate > 1:
                    gathered, weight = gathered + gradient * part, weight + part
                    if (place + 1) % accumulate and place + 1 < len(starts):
                        continue
                    gradient = gathered if summed else gathered / weight
                    gathered, weight = 0.0, 0.0
                gradient = gradient if clip is None else clip(gradient)
                run.move(optimizer, gradient, (epoch + place // accumulate / steps) / run.epochs)
            run.end_epoch(total / mass, optimizer.last_rate, generator)


def _run_lbfgs(run: _Run, optimizer: LBFGS) -> None:
    """SciPy's iterations, each an epoch."""
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise ImportError(
            "lbfgs is SciPy's, which is not installed; pip install 'scalar-autograd[scipy]' brings it"
        ) from error
    places = slice(None) if run._trained is None else run._trained

    def whole(trained: Any) -> Any:
        values = run.values.copy()
        values[places] = trained
        return values

    def objective(trained: Any) -> tuple[float, Any]:
        before, run.values = run.values, whole(trained)
        try:
            with in_training():
                loss, gradient = run.loss_and_gradient(run.samples)
        finally:
            run.values = before
        return loss, gradient[places]

    def end_iteration(intermediate_result: Any) -> None:
        run.values = whole(intermediate_result.x)
        run.end_epoch(float(intermediate_result.fun), None)

    options = {"maxiter": run.epochs, "maxcor": optimizer.memory}
    minimize(objective, run.values[places], jac=True, method="L-BFGS-B", callback=end_iteration, options=options)
    if len(run.history.epochs) < run.epochs:
        run.history.ended = "converged"


def _check_lbfgs(batch_size: Any, accumulate: int, clip_value: Any, clip_norm: Any, checkpoint: Any) -> None:
    """Raise DescriptionError for options that mean single steps, which lbfgs doesn't take."""
    given = {
        "batch_size": batch_size not in (None, "auto"), "accumulate": accumulate != 1,
        "clip_value": clip_value is not None, "clip_norm": clip_norm is not None, "checkpoint": checkpoint is not None,
    }  # fmt: skip
    for name, there in given.items():
        if there:
            raise DescriptionError(f"lbfgs takes all samples at once and finds its steps itself; leave {name} out")


def _clipping(value: float | None, norm: float | None) -> Callable[[Any], Any] | None:
    """The function that limits a gradient; None if nothing is limited."""
    if value is None and norm is None:
        return None
    limit = math.inf if value is None else finite_number("clip_value", value, above=0)
    longest = math.inf if norm is None else finite_number("clip_norm", norm, above=0)

    def clip(gradient: Any) -> Any:
        import numpy

        # numpy.clip takes three times as long for a short gradient.
        clipped = gradient if limit == math.inf else numpy.minimum(numpy.maximum(gradient, -limit), limit)
        length = float(numpy.linalg.norm(clipped)) if longest < math.inf else 0.0
        return clipped * (longest / length) if length > longest else clipped

    return clip


def _split(
    samples: Samples, share: float, split: str, loss: Loss, found: Any, generator: Any
) -> tuple[Samples, Samples]:
    """The samples to train on, and those to validate on."""
    import numpy

    if split not in SPLITS:
        raise DescriptionError(f"split is one of {', '.join(SPLITS)}, got {split!r:.60}")
    count = len(samples.inputs)
    kept_out = round(share * count) if 0 < share < 1 else 0
    if not 0 < kept_out < count:
        raise DataError(
            f"a validation share leaves samples on both sides, got {share:g} of {count}, which is {kept_out}"
        )
    if split == "last":
        order = numpy.arange(count)[::-1]
        away, rest = order[:kept_out][::-1], order[kept_out:][::-1]
    elif split == "random":
        order = generator.permutation(count)
        away, rest = order[:kept_out], order[kept_out:]
    else:
        classes = loss.classes_of_samples(samples.targets, found.output_shape)
        if classes is None:
            raise DataError(f"a stratified split needs one class for each sample, and {loss.shown} knows none")
        away = _of_each_class(classes, share, generator)
        rest = generator.permutation(numpy.setdiff1d(numpy.arange(count), away))
    return samples.taken(rest), samples.taken(away)


def _of_each_class(classes: Any, share: float, generator: Any) -> Any:
    """The places of a share of each class, drawn at random. Raises DataError for a class that leaves none on a side."""
    import numpy

    away = []
    for label in numpy.unique(classes).tolist():
        places = generator.permutation(numpy.flatnonzero(classes == label))
        kept_out = round(share * len(places))
        if not 0 < kept_out < len(places):
            raise DataError(
                f"a stratified split leaves samples of each class on both sides, got {share:g} of the {len(places)} of "
                f"class {label:g}"
            )
        away.append(places[:kept_out])
    return numpy.concatenate(away)


def _validation(given: Any, model: Layer, loss: Loss, names: Any) -> Samples:
    """The samples to validate on, checked like the others."""
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise DataError(f"validation is a pair (X, y) or a share of the samples from 0 to 1, got {given!r:.60}")
    inputs, targets = given
    return prepared(model, loss, inputs, targets, names, what="validation ")[1]
