"""`fit(executor=)`: the weights of any executor are the same to the bit."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest

from autograd import exp
from autograd.program.tiers import settled
from layers import Dense, Dropout, Embedding, Layer, MSELoss, Sequential, Tanh, fit
from layers.errors import DescriptionError, TrainingError
from layers.parameters.parameter import flat_values
from layers.training.step import TrainingStep

RANDOM = np.random.default_rng(0)
COUNT = 2_500
X = RANDOM.normal(size=(COUNT, 3))
Y = np.sin(X[:, :1] * X[:, 1:2]) + X[:, 2:]
LABELS = (Y[:, 0] > 0.0).astype(int)
WORDS = RANDOM.integers(0, 7, size=(COUNT, 2))
WEIGHTS = RANDOM.random(COUNT)


class Bump(Layer):
    """A layer of one's own, which other processes find in this module."""

    def compute(self, a):
        return {"y": exp(-(a**2))}


class Joined(Layer):
    """The rows of a matrix, one after the other."""

    def compute(self, a):
        return {"y": a.reshape(-1)}


def network():
    return Sequential(Dense(3, 5, seed=1), Tanh(), Dense(5, 1, seed=2))


def own_layer():
    return Sequential(Dense(3, 4, seed=1), Bump(), Dense(4, 1, seed=2))


def with_dropout():
    return Sequential(Dense(3, 6, seed=1), Tanh(), Dropout(0.3), Dense(6, 2, seed=2))


def of_words():
    return Sequential(Embedding(7, 3, seed=3), Joined(), Dense(6, 1, seed=2))


def half_frozen():
    model = network()
    model[0].frozen = True
    return model


TRAININGS = {
    "a network": (network, X, Y, {}),
    "batches in a new order": (network, X, Y, {"batch_size": 1_100, "accumulate": 2, "clip_norm": 0.5}),
    "weights": (network, X, Y, {"sample_weight": WEIGHTS}),
    "a layer of one's own": (own_layer, X, Y, {}),
    "random numbers": (with_dropout, X, LABELS, {"loss": "cross_entropy", "class_weight": "balanced"}),
    "rows that are looked up": (of_words, WORDS, Y, {}),
    "frozen parameters": (half_frozen, X, Y, {}),
    "validation and metrics": (network, X, Y, {"validation": 0.25, "metrics": ["mae"]}),
    "lbfgs": (network, X, Y, {"optimizer": "lbfgs"}),
}


def values_of(model):
    return flat_values(list(model.named_parameters().values()))


def trained(name, executor, **more):
    make, inputs, targets, options = TRAININGS[name]
    model = make()
    options = {"batch_size": None, "epochs": 2, "seed": 5, "progress": False} | options | more
    history = fit(model, inputs, targets, executor=executor, **options)
    return values_of(model), history


@pytest.fixture(scope="module")
def spawned():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("name", TRAININGS)
def test_threads_and_processes_give_the_same_bits(name, spawned):
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(4) as four:
        expected, history = trained(name, one)
        assert np.isfinite(expected).all() and not np.array_equal(expected, trained(name, one, epochs=1)[0])
        for executor in (four, spawned):
            found, again = trained(name, executor)
            assert found.tobytes() == expected.tobytes()
            assert [str(a.loss) for a in again.epochs] == [str(a.loss) for a in history.epochs]
            assert [a.validation_loss for a in again.epochs] == [a.validation_loss for a in history.epochs]


@pytest.mark.parametrize("name", ["a network", "weights", "rows that are looked up"])
def test_a_step_is_that_of_one_process_to_the_bit(name):
    make, inputs, targets, options = TRAININGS[name]
    model, loss, inputs = make(), MSELoss(), inputs.astype(float)
    weights = (options["sample_weight"],) if options else ()
    model(inputs[:1])
    values = values_of(model)
    alone = TrainingStep(model, loss, tier=settled("auto"))(values, inputs, targets, *weights)
    with ThreadPoolExecutor(3) as threads:
        step = TrainingStep(model, loss, executor=threads)
        shared = step(values, inputs, targets, *weights)
        few = step(values, inputs[:1_000], targets[:1_000], *[one[:1_000] for one in weights])
    assert shared[0] == alone[0]
    assert shared[1].tobytes() == alone[1].tobytes()
    again = TrainingStep(model, loss, tier=settled("auto"))(
        values, inputs[:1_000], targets[:1_000], *[one[:1_000] for one in weights]
    )
    assert few[0] == again[0]
    assert few[1].tobytes() == again[1].tobytes()


def test_checkpointed_training_is_that_without_an_executor(tmp_path):
    """Both are run by the interpreter, so that they can be gone on with elsewhere."""
    alone, _ = trained("a network", None, checkpoint=tmp_path / "alone.npz")
    with ThreadPoolExecutor(2) as threads:
        shared, _ = trained("a network", threads, checkpoint=tmp_path / "shared.npz", epochs=1)
        resumed, _ = trained("a network", threads, checkpoint=tmp_path / "shared.npz", resume=True)
    assert resumed.tobytes() == alone.tobytes()
    assert shared.tobytes() != alone.tobytes()


def end_worker(path):
    """Kill the process that is asked first."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_lost_worker_changes_nothing(tmp_path):
    def pool():
        # Each process of the first pool is ended as it begins.
        return ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"), initializer=end_worker, initargs=(str(tmp_path / "ended"),)
        )

    with ThreadPoolExecutor(1) as one:
        expected, _ = trained("a network", one, epochs=1)
    found, _ = trained("a network", pool, epochs=1)
    assert (tmp_path / "ended").exists()
    assert found.tobytes() == expected.tobytes()


def test_bytes_for_other_processes_have_no_values_and_do_not_change():
    model, loss = network(), MSELoss()
    with ThreadPoolExecutor(1) as threads:
        step = TrainingStep(model, loss, executor=threads)
        values = values_of(model)
        step(values, X, Y)
        (compiled,) = step._programs.values()
        before = compiled.portable
        assert len(before) < 5_000
        step(values + 1.0, X, Y)
        assert compiled.portable is before
    assert model[0].weight.values.shape == (3, 5)


def test_callbacks_that_change_a_setting_reach_the_workers(spawned):
    def soften(epoch):
        models[-1][2].rate = 0.05 * epoch.number

    models = []

    def run(executor):
        models.append(with_dropout())
        fit(
            models[-1], X, LABELS, "cross_entropy", epochs=3, batch_size=None, seed=1, callbacks=[soften],
            progress=False, executor=executor,
        )  # fmt: skip
        return values_of(models[-1])

    with ThreadPoolExecutor(2) as threads:
        assert run(threads).tobytes() == run(spawned).tobytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"executor": 4}, "executor is one of concurrent.futures, or a function that makes one, got int 4"),
        ({"batch_size": 1_024}, "a step has 1,024 here: give batch_size=, some thousands or None"),
        ({"batch_size": "auto"}, "a step has 32 here"),
    ],
)
def test_what_an_executor_has_no_use_for_is_refused(options, message):
    model = network()
    before = model[0].weight.values.copy()
    with ThreadPoolExecutor(1) as threads, pytest.raises(DescriptionError, match=message):
        fit(model, X, Y, **{"executor": threads, "batch_size": None, "epochs": 1, "progress": False} | options)
    assert (model[0].weight.values == before).all()


class Peeking(Layer):
    """A layer that reads a value, which no program can."""

    def compute(self, a):
        return {"y": a if float(getattr(a[0], "value", 0.0)) > 0.0 else 2.0 * a}


def test_a_model_that_can_not_be_compiled_is_refused():
    with (
        ThreadPoolExecutor(1) as threads,
        pytest.raises(TrainingError, match="can't be compiled, and so not be run on"),
    ):
        model = Sequential(Dense(3, 1, seed=1), Peeking())
        fit(model, X, Y, batch_size=None, epochs=1, progress=False, executor=threads)


def test_layers_that_other_processes_can_not_find_are_named(spawned):
    class Hidden(Layer):
        def compute(self, a):
            return {"y": 1.0 * a}

    model = Sequential(Dense(3, 1, seed=1), Hidden())
    if find_spec("cloudpickle") is None:
        with pytest.raises(TypeError, match="can't be sent to another process"):
            fit(model, X, Y, batch_size=None, epochs=1, progress=False, executor=spawned)
    else:
        fit(model, X, Y, batch_size=None, epochs=1, progress=False, executor=spawned)
