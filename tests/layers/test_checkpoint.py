"""Checkpoints: a training that was broken off goes on to the numbers of one that never was; files that are not."""

import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from layers import (
    LBFGS,
    SGD,
    Adam,
    AdamW,
    BinaryCrossEntropyLoss,
    Cosine,
    Dense,
    DescriptionError,
    Dropout,
    EarlyStopping,
    Layer,
    ReduceLROnPlateau,
    RMSProp,
    Sequential,
    StateError,
    load_model,
    load_optimizer,
)
from tests import PROJECT
from tests.tables.hostile_files import checkpoints_withstood
from tests.tables.networks import same

generator = np.random.default_rng(4)
X = generator.normal(size=(30, 2))
Y = (X[:, 0] * X[:, 1] > 0).astype(float)


@pytest.fixture(params=[".npz", ".safetensors"])
def path(request, tmp_path):
    if request.param == ".safetensors":
        pytest.importorskip("safetensors")
    return tmp_path / f"run{request.param}"


class Broken(Exception):
    pass


def breaking(number):
    def callback(epoch):
        if epoch.number == number:
            raise Broken

    return callback


def trained(optimizer, epochs=8, extra=lambda epoch: None, callbacks=(), **options):
    model = Sequential(Dense(2, 6, "tanh"), Dropout(0.3), Dense(6, 1), seed=0)
    options = {"batch_size": 7, "seed": 3, "validation": 0.2, "split": "stratified", "metrics": "accuracy"} | options
    history = model.fit(
        X, Y, "binary_cross_entropy", optimizer, epochs=epochs, progress=False, callbacks=[*callbacks, extra], **options
    )
    return model, history


OPTIMIZERS = {
    "momentum": lambda: SGD(lr=0.1, momentum=0.9),
    "plain": lambda: SGD(lr=0.1),
    "rmsprop": lambda: RMSProp(lr=0.02),
    "adam": lambda: Adam(lr=0.05),
    "schedule": lambda: AdamW(lr=Cosine(0.05)),
}


def numbers(history):
    return history.loss, history.validation_loss, history.metrics, history.ended, history.best


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("last", [1, 3])
def test_a_resumed_training_is_the_unbroken_one_to_the_last_bit(kind, last, path):
    make = OPTIMIZERS[kind]
    model, history = trained(make(), callbacks=[EarlyStopping(4)])
    with pytest.raises(Broken):
        trained(make(), callbacks=[EarlyStopping(4)], extra=breaking(last + 1), checkpoint=path)
    again, resumed = trained(make(), callbacks=[EarlyStopping(4)], checkpoint=path, resume=True)
    assert numbers(resumed) == numbers(history)
    assert same(model.state_dict(), again.state_dict())


@pytest.mark.parametrize("options", [{"seed": None}, {"accumulate": 2}, {"shuffle": False}, {"split": "last"}])
def test_other_ways_through_the_samples_are_resumed_too(options, path):
    with pytest.raises(Broken):
        trained(Adam(lr=0.05), extra=breaking(4), checkpoint=path, **options)
    first = path.read_bytes()
    found = []
    for _ in range(2):
        path.write_bytes(first)
        model, history = trained(Adam(lr=0.05), checkpoint=path, resume=True, **options)
        found.append((numbers(history), model.state_dict()))
    assert found[0][0] == found[1][0]
    assert same(found[0][1], found[1][1])


def test_a_rate_that_has_fallen_stays_low(path):
    callbacks = [ReduceLROnPlateau(factor=0.5, patience=1, least=10.0)]
    _, history = trained(SGD(lr=0.1), callbacks=callbacks)
    with pytest.raises(Broken):
        trained(SGD(lr=0.1), callbacks=callbacks, extra=breaking(5), checkpoint=path)
    _, resumed = trained(SGD(lr=0.1), callbacks=callbacks, checkpoint=path, resume=True)
    rates = [epoch.learning_rate for epoch in history.epochs]
    assert rates == [epoch.learning_rate for epoch in resumed.epochs]
    assert rates[-1] < 0.01


def test_a_training_that_is_done_is_not_done_again(path):
    model, history = trained(Adam(lr=0.05), checkpoint=path)
    seen = []
    again, resumed = trained(Adam(lr=0.05), checkpoint=path, resume=True, extra=seen.append)
    assert (numbers(resumed), seen) == (numbers(history), [])
    assert same(model.state_dict(), again.state_dict())
    assert len(trained(Adam(lr=0.05), epochs=10, checkpoint=path, resume=True)[1].epochs) == 10


def test_a_training_that_was_stopped_stays_stopped(path):
    _, history = trained(SGD(lr=0.0), callbacks=[EarlyStopping(2)], checkpoint=path)
    _, resumed = trained(SGD(lr=0.0), callbacks=[EarlyStopping(2)], checkpoint=path, resume=True)
    assert (history.ended, resumed.ended, len(resumed.epochs)) == ("stopped", "stopped", len(history.epochs))


def test_without_a_file_a_training_begins(path):
    assert len(trained(Adam(lr=0.05), epochs=2, checkpoint=path, resume=True)[1].epochs) == 2


def test_another_process_goes_on_to_the_same_bits(path):
    program = f"""
import numpy as np
from layers import Adam, Dense, Dropout, Sequential
X = np.random.default_rng(4).normal(size=(30, 2))
y = (X[:, 0] * X[:, 1] > 0).astype(float)
model = Sequential(Dense(2, 6, "tanh"), Dropout(0.3), Dense(6, 1), seed=0)
history = model.fit(X, y, "binary_cross_entropy", Adam(lr=0.05), epochs=6, batch_size=7, seed=3, progress=False,
                    checkpoint={str(path)!r}, resume=True)
print(repr(history.loss))
"""
    model = Sequential(Dense(2, 6, "tanh"), Dropout(0.3), Dense(6, 1), seed=0)
    options = {"epochs": 6, "batch_size": 7, "seed": 3, "progress": False}
    whole = model.fit(X, Y, "binary_cross_entropy", Adam(lr=0.05), **options)
    part = Sequential(Dense(2, 6, "tanh"), Dropout(0.3), Dense(6, 1), seed=0)
    with pytest.raises(Broken):
        part.fit(X, Y, "binary_cross_entropy", Adam(lr=0.05), checkpoint=path, callbacks=_broken_in_4, **options)
    # Callbacks are told apart by their number alone: the file counts one.
    edit(path, lambda about: about["training"].update(callbacks=[]))
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert run.stdout.strip() == repr(whole.loss)


def _broken_in_4(epoch):
    if epoch.number == 4:
        raise Broken


def edit(path, change):
    """Change what the file tells about itself."""
    if path.suffix == ".npz":
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        about = json.loads(members["about.json"])
        change(about)
        members["about.json"] = json.dumps(about).encode()
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return
    from safetensors import safe_open
    from safetensors.numpy import save_file

    with safe_open(str(path), framework="numpy") as file:
        about = json.loads(file.metadata()["about.json"])
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    change(about)
    save_file(arrays, str(path), {"about.json": json.dumps(about)})


# Files of models


def test_a_model_is_made_anew_from_its_file_with_loss_classes_and_optimiser(path):
    names = np.where(Y > 0, "same", "other")
    model, optimizer = Sequential(Dense(2, 6, "tanh"), Dense(6, 2), seed=0), Adam(lr=0.05)
    model.fit(X, names, "cross_entropy", optimizer, epochs=3, batch_size=None, progress=False)
    model.save(path, optimizer)
    again, resumed = load_model(path), load_optimizer(path)
    assert again.to_dict() == model.to_dict()
    assert again.classes_.tolist() == ["other", "same"]
    assert (again.predict_classes(X) == model.predict_classes(X)).all()
    assert again.evaluate(X, names) == model.evaluate(X, names)
    for one, its in ((model, optimizer), (again, resumed)):
        one.fit(X, names, "cross_entropy", its, epochs=2, batch_size=None, progress=False)
    assert same(model.state_dict(), again.state_dict())


def test_a_checkpoint_is_a_file_of_a_model(path):
    model, _ = trained(Adam(lr=0.05), checkpoint=path, validation=None)
    assert same(load_model(path).state_dict(), model.state_dict())
    assert load_optimizer(path).state()[0] == 8 * 5
    other = Sequential(Dense(2, 6, "tanh"), Dropout(0.3), Dense(6, 1))
    other.load(path)
    assert same(other.state_dict(), model.state_dict())


class Unnamed(Layer):
    def compute(self, a):
        return {"h": a}


def test_what_a_file_does_not_hold_is_told(path):
    Sequential(Dense(2, 1), Unnamed(), seed=0).save(path)
    with pytest.raises(StateError, match=r"load_model: .* has no model in it; .* holds what has no description"):
        load_model(path)
    with pytest.raises(StateError, match="has no optimizer in it; it was saved without one"):
        load_optimizer(path)
    with pytest.raises(DescriptionError, match="a function has no description: <function"):
        Sequential(Dense(2, 1)).save(path, Adam(lr=lambda progress: 0.1))
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load_model(path.with_name(f"none{path.suffix}"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimizer": SGD(lr=0.05)}, "another optimizer: {'type': 'adam'"),
        ({"batch_size": 6}, "another batch_size: 7, not 6"),
        ({"seed": 4}, "another seed: 3, not 4"),
        ({"clip_norm": 1.0}, r"another clipping: \[None, None\], not \[None, 1.0\]"),
        ({"sample_weight": np.arange(1.0, 31.0)}, "another data"),
        ({"callbacks": [EarlyStopping()]}, "a training with 1 callbacks"),
    ],
)
def test_another_training_is_not_resumed(change, message, path):
    trained(Adam(lr=0.05), epochs=2, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(StateError, match=message):
        trained(**({"optimizer": Adam(lr=0.05), "checkpoint": path, "resume": True} | change))
    assert path.read_bytes() == before


def test_a_checkpoint_needs_steps_and_resume_a_checkpoint():
    with pytest.raises(
        DescriptionError, match=r"lbfgs takes all samples at once and finds its .* leave checkpoint out"
    ):
        trained(LBFGS(), batch_size=None, checkpoint="run.npz")
    with pytest.raises(DescriptionError, match=r"resume goes on from a checkpoint, and none is given"):
        trained(Adam(), resume=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda about: about["training"].update(generator={"state": 1}), "it has no state of a generator"),
        (lambda about: about["training"].update(beginning=7), "it has no state of a generator"),
        (lambda about: about["training"].update(epochs=[{"number": 1}]), "is damaged"),
        (lambda about: about["training"].pop("settings"), "tells no settings"),
        (lambda about: about["optimizer"].update(memory=["means", "more"]), "has no array 'optimizer more'"),
        (lambda about: about["optimizer"].update(memory={"means": 1}), "no list of names"),
        (lambda about: about.update(format=2), "has the format 2, this version reads 1"),
        (lambda about: about.update(training=None), "has no training in it"),
    ],
)
def test_a_damaged_checkpoint_changes_no_parameter(change, message, path):
    trained(Adam(lr=0.05), epochs=2, checkpoint=path)
    edit(path, change)
    model = Sequential(Dense(2, 6, "tanh"), Dropout(0.3), Dense(6, 1), seed=0)
    before = model.state_dict()
    with pytest.raises(StateError, match=message):
        model.fit(
            X, Y, "binary_cross_entropy", Adam(lr=0.05), epochs=8, batch_size=7, seed=3, validation=0.2,
            split="stratified", callbacks=lambda epoch: None, progress=False, checkpoint=path, resume=True,
        )  # fmt: skip
    assert same(before, model.state_dict())


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_whatever_a_checkpoint_tells_is_refused_or_taken_and_changes_nothing_by_half(tmp_path):
    refused, taken = checkpoints_withstood(tmp_path / "run.npz", seed=0, share=0.03)
    assert refused > 50 and taken > 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda about: about.update(model={"type": "relu"}), "describes ReLU, which is no model"),
        (lambda about: about.update(classes="ab"), "its classes are no list of names"),
        (lambda about: about.update(further=[1]), "what it tells about itself is no dict|damaged"),
    ],
)
def test_a_damaged_description_is_refused(change, message, path):
    Sequential(Dense(2, 1), seed=0).save(path)
    edit(path, change)
    with pytest.raises(StateError, match=message):
        load_model(path)


def test_an_arrays_name_gives_way_to_a_parameters(path):
    model, optimizer = Sequential(Dense(2, 1, name="+optimizer means"), seed=0), Adam(lr=0.05)
    model.fit(X, Y, BinaryCrossEntropyLoss(), optimizer, epochs=1, progress=False)
    model.save(path, optimizer)
    assert same(load_model(path).state_dict(), model.state_dict())
    assert same(load_optimizer(path).state()[1], optimizer.state()[1])
