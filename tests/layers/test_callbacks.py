"""Callbacks: as people write them; what they say, change and remember."""

import numpy as np
import pytest

from layers import (
    SGD,
    Adam,
    Dense,
    DescriptionError,
    EarlyStopping,
    Epoch,
    Linear,
    ReduceLROnPlateau,
    Sequential,
    TrainingError,
    fit,
)
from layers.training.callbacks import says_stop

X = np.linspace(-1, 1, 12).reshape(-1, 1)
Y = 2 * X + 1


def line():
    return Sequential(Dense(1, 1), seed=0)


def quiet(model, optimizer, **options):
    return fit(model, X, Y, "mse", optimizer, **({"progress": False, "batch_size": None} | options))


@pytest.mark.parametrize(
    ("answer", "stops"),
    [
        (True, True),
        (np.True_, True),
        (np.array(True), True),
        (np.array([True]), True),
        (False, False),
        (np.False_, False),
        (None, False),
        (1, False),
        ("yes", False),
        (np.array([True, True]), False),
        ([1], False),
    ],
)
def test_true_stops_be_it_of_python_or_of_numpy(answer, stops):
    assert says_stop(answer) is stops
    history = quiet(line(), "sgd", epochs=3, callbacks=[lambda epoch: answer])
    assert (history.ended, len(history.epochs)) == (("stopped", 1) if stops else ("all epochs", 3))


def test_one_callback_needs_no_list():
    seen = []
    quiet(line(), "sgd", epochs=2, callbacks=lambda epoch: seen.append(epoch.number))
    assert seen == [1, 2]
    assert quiet(line(), SGD(lr=0.0), epochs=50, callbacks=EarlyStopping(3)).ended == "stopped"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "callbacks is a function of an Epoch, or a list of such, got 3"),
        ([EarlyStopping], r"a callback is a function of an Epoch, got <class .*did you mean EarlyStopping\(\)\?"),
        ([None], "a callback is a function of an Epoch, got None"),
    ],
)
def test_what_is_no_callback_is_refused_before_the_first_step(given, message):
    model = line()
    before = model.state_dict()
    with pytest.raises(DescriptionError, match=message):
        quiet(model, "sgd", callbacks=given)
    assert all([np.array_equal(before[name], values) for name, values in model.state_dict().items()])


def test_parameters_that_a_callback_sets_are_trained_on():
    model = line()

    def clamp(epoch):
        model[0].weight.assign(np.minimum(model[0].weight.values, 0.5))

    quiet(model, SGD(lr=0.3), epochs=30, callbacks=clamp)
    assert model[0].weight.values[0, 0] == 0.5
    # The best under that limit: what is left of the line is symmetric.
    assert model[0].bias.values[0] == pytest.approx(1.0, abs=1e-6)


def test_parameters_that_a_callback_makes_infinite_end_the_training():
    model = line()

    def spoil(epoch):
        if epoch.number == 2:
            model[0].bias.assign([np.inf])

    with pytest.raises(TrainingError, match="Sequential: in epoch 3 the parameters are no longer finite"):
        quiet(model, SGD(lr=0.1), epochs=5, callbacks=spoil)
    assert np.isfinite(model[0].bias.values).all()


def test_a_setting_that_a_callback_changes_holds_from_the_next_step_on():
    optimizer = SGD(lr=0.1)

    def halve(epoch):
        optimizer.lr = optimizer.lr / 2

    history = quiet(line(), optimizer, epochs=4, callbacks=halve)
    assert [epoch.learning_rate for epoch in history.epochs] == [0.1, 0.05, 0.025, 0.0125]
    assert optimizer.lr == 0.00625


def test_the_rate_falls_where_the_loss_stays():
    optimizer = SGD(lr=0.5)
    falling = ReduceLROnPlateau(factor=0.5, patience=2, lowest=0.2)
    history = quiet(line(), optimizer, epochs=9, callbacks=[falling, lambda epoch: None])
    assert [epoch.learning_rate for epoch in history.epochs][-1] == 0.5
    flat = ReduceLROnPlateau(factor=0.5, patience=2, least=1e9, lowest=0.2)
    history = quiet(line(), optimizer, epochs=9, callbacks=flat)
    # The first epoch is the best so far; after two more the rate is halved, after two more it is at its lowest.
    assert [epoch.learning_rate for epoch in history.epochs] == [0.5] * 3 + [0.25] * 2 + [0.2] * 4
    assert optimizer.lr == 0.2


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (Adam(lr=Linear(1.0, 0.0)), "lowers a learning rate that is a number, Adam has Linear"),
        ("lbfgs", "lowers a learning rate that is a number, LBFGS has 'none'"),
    ],
)
def test_a_rate_that_is_no_number_can_not_fall(optimizer, message):
    with pytest.raises(DescriptionError, match=message):
        quiet(line(), optimizer, callbacks=ReduceLROnPlateau())


def test_wrong_options_of_callbacks():
    with pytest.raises(DescriptionError, match="the factor of a reduction on a plateau is below 1, got 1"):
        ReduceLROnPlateau(factor=1)
    with pytest.raises(
        DescriptionError, match="the patience of a reduction on a plateau, in epochs, is a whole number"
    ):
        ReduceLROnPlateau(patience=0)
    with pytest.raises(DescriptionError, match=r"is given to fit\(callbacks=\.\.\.\)"):
        ReduceLROnPlateau()(Epoch(1, 1.0, None, 0.1, 1.0, 1.0))


def test_a_callback_begins_anew_in_each_training():
    stopping = EarlyStopping(patience=2)
    lengths = [len(quiet(line(), SGD(lr=0.0), epochs=9, callbacks=[stopping]).epochs) for _ in range(2)]
    assert lengths == [3, 3]
