"""Optimisers and schedules beside their formulas written out; initialisers beside their distributions."""

import json
import math
import pickle

import numpy as np
import pytest

from autograd import Variable
from layers import (
    LBFGS,
    SGD,
    Adam,
    AdamW,
    Cosine,
    Dense,
    DescriptionError,
    EarlyStopping,
    Exponential,
    InputError,
    Linear,
    NeuronLayer,
    Normal,
    Optimizer,
    Orthogonal,
    RMSProp,
    Sequential,
    ShapeError,
    Steps,
    Uniform,
    WarmUp,
)
from layers.parameters.initialisers import INITIALISERS, initialiser_of
from layers.training.optimisers import optimizer_of
from layers.training.schedules import checked_rate

P, G = np.array([1.0, -2.0]), np.array([0.5, 4.0])


@pytest.mark.parametrize(
    ("optimizer", "first", "second"),
    [
        (SGD(lr=0.5), P - 0.5 * G, P - G),
        (SGD(lr=0.5, momentum=0.5), P - 0.5 * G, P - 0.5 * G - 0.75 * G),
        (SGD(lr=0.5, momentum=0.5, nesterov=True), P - 0.75 * G, P - 0.75 * G - 0.875 * G),
        # Of a gradient that stays the same, the corrected means are it and its square: each step is lr·sign.
        (Adam(lr=0.5), P - 0.5 * np.sign(G), P - np.sign(G)),
        (AdamW(lr=0.5, weight_decay=0.1), 0.95 * P - 0.5 * np.sign(G), 0.9025 * P - 0.975 * np.sign(G)),
        (RMSProp(lr=0.3, decay=0.75), P - 0.6 * np.sign(G), P - (0.6 + 0.3 / math.sqrt(7 / 16)) * np.sign(G)),
    ],
    ids=repr,
)  # fmt: skip
def test_two_steps_on_paper(optimizer, first, second):
    optimizer.reset()
    one = optimizer.updated(P, G)
    # An epsilon of 1e-8 beside a root of 0.25 shortens a step of 0.6 by 2.4e-8.
    np.testing.assert_allclose(one, first, rtol=0, atol=2.5e-8)
    np.testing.assert_allclose(optimizer.updated(one, G), second, rtol=0, atol=5e-8)


def test_weight_decay_adds_to_the_gradient():
    plain, decayed = SGD(lr=0.5), SGD(lr=0.5, weight_decay=0.1)
    assert np.array_equal(decayed.updated(P, G), plain.updated(P, G + 0.1 * P))


def test_reset_forgets():
    optimizer = Adam(lr=0.1)
    first = optimizer.updated(P, G)
    optimizer.updated(first, -G)
    optimizer.reset()
    assert np.array_equal(optimizer.updated(P, G), first)


def test_step_moves_variables_by_their_gradients():
    w = [Variable(1.0), Variable(-2.0)]
    (w[0] * w[1]).backward()
    SGD(lr=Linear(0.5, 0.0)).step(w, progress=0.5)
    assert [node.value for node in w] == [1.5, -2.25]


@pytest.mark.parametrize(
    ("schedule", "values"),
    [
        (Linear(1.0, 0.0), {0.0: 1.0, 0.25: 0.75, 1.0: 0.0}),
        (Cosine(1.0), {0.0: 1.0, 0.5: 0.5, 1.0: 0.0}),
        (Exponential(1.0, 0.25), {0.0: 1.0, 0.5: 0.5, 1.0: 0.25}),
        (Steps(8.0, at=[0.5, 0.75], factor=0.5), {0.0: 8.0, 0.5: 4.0, 0.75: 2.0, 1.0: 2.0}),
        (WarmUp({"type": "linear", "start": 1.0, "end": 0.0}, share=0.5), {0.0: 0.0, 0.25: 0.375, 0.5: 0.5}),
        (WarmUp(2.0, share=0.5), {0.25: 1.0, 0.75: 2.0}),
    ],
    ids=repr,
)
def test_schedules(schedule, values):
    for progress, rate in values.items():
        assert schedule(progress) == pytest.approx(rate, abs=1e-16)


@pytest.mark.parametrize(
    "made", [SGD(momentum=0.5, nesterov=True), RMSProp(), Adam(lr=Linear(1.0, 0.5)), AdamW(lr=Steps(1.0)), LBFGS(5)]
)
def test_an_optimiser_is_described_in_json_and_made_again(made):
    description = json.loads(json.dumps(made.to_dict()))
    again = optimizer_of(description)
    assert type(again) is type(made)
    assert again.to_dict() == description
    if not isinstance(made, LBFGS):
        assert np.array_equal(again.updated(P, G), optimizer_of(made.to_dict()).updated(P, G))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(lr="0.1"), "no schedule is called '0.1'"),
        (lambda: SGD(lr=-1.0), "a learning rate is a finite number, 0 or more, got -1.0"),
        (
            lambda: SGD(lr=lambda progress: math.nan).updated(P, G),
            "a learning rate is a finite number, 0 or more, got nan",
        ),
        (lambda: SGD(momentum=1.0), "a momentum is below 1, got 1.0"),
        (lambda: SGD(nesterov=True), "Nesterov's step needs a momentum above 0, got 0"),
        (lambda: Adam(epsilon=0.0), "an epsilon is a finite number above 0, got 0.0"),
        (lambda: LBFGS(memory=0), "the memory of lbfgs, in steps, is a whole number, 1 or more, got 0"),
        (lambda: LBFGS().updated(P, G), r"takes no single steps; give it to fit\(optimizer=\.\.\.\)"),
        (lambda: optimizer_of({"type": "sgd", "rate": 1}), "sgd has no option 'rate'"),
        (lambda: checked_rate(None), "a learning rate is a finite number, 0 or more, got None"),
        (lambda: Exponential(0.0, 1.0), "at the start of an exponential schedule is a finite number above 0, got 0.0"),
        (
            lambda: EarlyStopping(patience=0),
            "early stopping, in epochs, is a whole number, 1 or more, got 0",
        ),
        (lambda: Normal(-1.0), "deviation of a normal initialiser is a finite number, 0 or more, got -1.0"),
        (lambda: Uniform(1.0, 0.0), "a uniform initialiser needs low <= high, got 1.0 and 0.0"),
        (lambda: initialiser_of("he"), "no initialiser is called 'he'"),
    ],
)
def test_wrong_options_say_what_would_be_right(make, message):
    with pytest.raises(DescriptionError, match=message):
        make()


def test_another_number_of_parameters_is_refused():
    optimizer = Adam()
    optimizer.updated(P, G)
    with pytest.raises(ShapeError, match=r"Adam has made steps for 2 parameters, got 3; .* reset\(\)"):
        optimizer.updated(np.zeros(3), np.zeros(3))
    with pytest.raises(ShapeError, match=r"2 parameters have as many gradients, got shape \(3,\)"):
        optimizer.updated(P, np.zeros(3))
    with pytest.raises(InputError, match=r"got Parameter among them; it has its own in parameter\.variables\.flat"):
        SGD().step([Dense(2, 3).weight])
    with pytest.raises(InputError, match=r"got Dense among them; those of a model are model\.parameters\(\)"):
        SGD().step(Sequential(Dense(2, 3)))
    with pytest.raises(InputError, match=r"SGD\.step takes Variables, got float among them"):
        SGD().step([1.0])


# Settings, memory, files


@pytest.mark.parametrize("make", [SGD, Adam, AdamW, RMSProp, LBFGS, lambda: Adam(lr=Cosine(0.1))])
def test_an_optimiser_is_pickled_with_what_it_remembers(make):
    optimizer = make()
    if not isinstance(optimizer, LBFGS):
        optimizer.updated(P, G)
    again = pickle.loads(pickle.dumps(optimizer))
    assert again.to_dict() == optimizer.to_dict()
    if not isinstance(optimizer, LBFGS):
        assert np.array_equal(again.updated(P, G), optimizer.updated(P, G))


@pytest.mark.parametrize(
    ("made", "name", "value", "message"),
    [
        (SGD(), "lr", -1.0, "a learning rate is a finite number, 0 or more, got -1.0"),
        (SGD(), "momentum", 1.0, "a momentum is below 1, got 1.0"),
        (SGD(), "nesterov", "yes", "nesterov is True or False, got 'yes'"),
        (Adam(), "beta1", -0.1, "beta1 is a finite number, 0 or more, got -0.1"),
        (AdamW(), "epsilon", 0, "an epsilon is a finite number above 0, got 0"),
        (RMSProp(), "weight_decay", -1, "a weight decay is a finite number, 0 or more, got -1"),
        (LBFGS(), "memory", 0, "the memory of lbfgs, in steps, is a whole number, 1 or more, got 0"),
        (LBFGS(), "lr", 0.1, "lbfgs finds the lengths of its steps itself and takes no learning rate, got 0.1"),
        (Linear(1.0, 0.5), "start", -1, "the rate at the start of a schedule is a finite number, 0 or more, got -1"),
        (Exponential(1.0, 0.5), "end", 0, "at the end of an exponential schedule is a finite number above 0, got 0"),
        (Steps(1.0), "at", [-1], "the progress at which a schedule steps is a finite number, 0 or more, got -1"),
        (WarmUp(1.0), "then", "flat", "no schedule is called 'flat'"),
        (WarmUp(1.0), "share", 0, "the share of a warm-up is a finite number above 0, got 0"),
    ],
)
def test_a_setting_that_is_changed_is_checked(made, name, value, message):
    before = getattr(made, name, None)
    with pytest.raises(DescriptionError, match=message):
        setattr(made, name, value)
    assert getattr(made, name, None) == before


def test_a_setting_that_is_changed_holds():
    optimizer, warm = SGD(lr=0.1), WarmUp(1.0, share=0.5)
    optimizer.lr = {"type": "linear", "start": 1.0, "end": 0.0}
    warm.then = Linear(2.0, 0.0)
    assert optimizer.updated(P, G, 0.75).tolist() == (P - 0.25 * G).tolist()
    assert (warm(0.25), warm(0.75)) == (0.75, 0.5)
    assert warm.to_dict()["then"] == {"type": "linear", "start": 2.0, "end": 0.0}


class Momentum(SGD):
    """A subclass with a check of its own keeps those of its base."""

    checks = {"extra": abs}

    def __init__(self, extra):
        super().__init__()
        self.extra = extra


def test_checks_are_inherited():
    made = Momentum(-2)
    assert made.extra == 2
    with pytest.raises(DescriptionError, match="a momentum is below 1"):
        made.momentum = 1.0


def test_an_optimiser_begins_anew_with_another_model():
    x, y = np.linspace(-1, 1, 8).reshape(-1, 1), np.linspace(0, 1, 8)
    optimizer, losses = Adam(lr=0.1), []
    for _ in range(3):
        model = Sequential(Dense(1, 1), seed=0)
        losses.append(model.fit(x, y, optimizer=optimizer, epochs=3, progress=False, seed=0).loss)
    assert losses[0] == losses[1] == losses[2]
    wider = Sequential(Dense(1, 3), Dense(3, 1), seed=0)
    assert len(wider.fit(x, y, optimizer=optimizer, epochs=1, progress=False).loss) == 1
    moved = []
    for _ in range(2):
        w = Variable(1.0)
        for _ in range(2):
            w.grad = 0.0
            (w * w).backward()
            optimizer.step([w])
        moved.append(w.value)
    assert moved[0] == moved[1]


def test_an_optimiser_goes_on_with_the_same_model_between_fit_and_a_loop_of_ones_own():
    x, y = np.linspace(-1, 1, 8).reshape(-1, 1), np.linspace(0, 1, 8)
    optimizer, model = SGD(lr=0.1, momentum=0.9), Sequential(Dense(1, 1), seed=0)
    model.fit(x, y, optimizer=optimizer, epochs=2, batch_size=None, progress=False)
    optimizer.step(model.parameters())
    assert optimizer.state()[0] == 3


def test_a_rate_that_is_a_function_has_no_description():
    with pytest.raises(DescriptionError, match="a function has no description: <function"):
        Adam(lr=lambda progress: 0.1).to_dict()


def test_numbers_of_numpy_are_described_as_numbers():
    described = SGD(lr=np.float32(0.5), momentum=np.float64(0.5), nesterov=np.True_).to_dict()
    assert json.loads(json.dumps(described)) == {"type": "sgd", "lr": 0.5, "momentum": 0.5, "nesterov": True}
    layer = Dense(2, 1, seed=np.int64(3), index=np.int64(1)).to_dict()
    assert json.loads(json.dumps(layer)) == {"type": "dense", "n_in": 2, "n_out": 1, "seed": 3, "index": 1}


def test_a_base_optimiser_has_no_step():
    with pytest.raises(NotImplementedError, match="Optimizer defines no step"):
        Optimizer(0.1).updated(P, G)


# Initialisers: fan_in 40, fan_out 60

VARIANCES = {
    "he_normal": 2 / 40, "he_uniform": 2 / 40, "xavier_normal": 2 / 100, "xavier_uniform": 2 / 100, "normal": 1.0,
    "uniform": 1 / 3, "zeros": 0.0, "orthogonal": 1 / 60,
}  # fmt: skip


@pytest.mark.parametrize("kind", VARIANCES)
def test_mean_and_variance(kind):
    draw = INITIALISERS.make(kind)
    # 100 matrices of 2,400 numbers: five standard errors, those of the variance for normal numbers.
    drawn = np.array([draw(np.random.default_rng(seed), (40, 60), 40, 60) for seed in range(100)])
    variance = VARIANCES[kind]
    assert abs(drawn.mean()) <= 5 * math.sqrt(variance / drawn.size)
    assert abs(drawn.var() - variance) <= 5 * variance * math.sqrt(2 / drawn.size)


@pytest.mark.parametrize(("kind", "limit"), [("he_uniform", 6 / 40), ("xavier_uniform", 6 / 100), ("uniform", 1.0)])
def test_uniform_numbers_fill_their_limits(kind, limit):
    drawn = INITIALISERS.make(kind)(np.random.default_rng(0), (40, 60), 40, 60)
    assert 0.99 * math.sqrt(limit) < abs(drawn).max() <= math.sqrt(limit)


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7)])
def test_orthogonal_matrices(shape):
    q = Orthogonal(gain=2.0)(np.random.default_rng(0), shape, *shape) / 2.0
    product = q.T @ q if shape[0] >= shape[1] else q @ q.T
    np.testing.assert_allclose(product, np.eye(min(shape)), atol=1e-14)
    with pytest.raises(ShapeError, match=r"fills matrices, got a parameter of shape \(3,\)"):
        Orthogonal()(np.random.default_rng(0), (3,), 3, 3)


@pytest.mark.parametrize("kind", sorted(INITIALISERS.classes))
def test_the_same_generator_gives_the_same_numbers(kind):
    draw = initialiser_of({"type": kind})
    first, again = [draw(np.random.default_rng(7), (3, 4), 3, 4) for _ in range(2)]
    assert first.shape == (3, 4)
    assert np.array_equal(first, again)
    assert initialiser_of(draw.to_dict()).to_dict() == draw.to_dict()


def test_orthogonal_matrices_have_no_preferred_sign():
    corners = [Orthogonal()(np.random.default_rng(seed), (3, 3), 3, 3)[0, 0] > 0 for seed in range(400)]
    # Five standard errors of a share of one half.
    assert abs(np.mean(corners) - 0.5) < 5 * 0.5 / math.sqrt(400)


@pytest.mark.parametrize("n_in", [2, None])
def test_neurons_start_like_the_matrix_of_their_layer(n_in):
    layer = NeuronLayer(n_in, 400, weight_init="xavier_uniform", seed=0)
    layer.forward([0.0, 0.0])
    largest = max([abs(neuron.weight.values).max() for neuron in layer.neuron])
    assert 0.98 * math.sqrt(6 / 402) < largest <= math.sqrt(6 / 402)


def test_one_variable_is_stepped_without_a_list():
    w = Variable(1.0)
    (w * w).backward()
    SGD(lr=0.25).step(w)
    assert w.value == 0.5


def test_an_optimiser_that_was_not_made_is_told_how_it_is_made():
    with pytest.raises(DescriptionError, match=r"^an optimizer is described by its name .*; write Adam\(\)$"):
        Sequential(Dense(1, 1)).fit([[1.0]], [[1.0]], "mse", Adam, epochs=1)
