"""The example that spells names: its data, its model beside the same one by Python, its training in small."""

import numpy as np
import pytest

from examples import names_transformer
from examples.names_transformer import END, NOTHING, encoded, load, loss, new_model, spell, train
from layers.parameters.parameter import flat_values
from layers.training.step import TrainingStep

SMALL = {"length": 4, "width": 4, "heads": 2}


def test_the_names_are_in_an_order_that_is_always_the_same():
    names = load()
    assert (len(names), names[:3]) == (27232, load()[:3])
    assert max(map(len, names)) == 7
    assert sorted(load(4)) == sorted([name for name in names if len(name) < 4])


def test_a_name_is_its_letters_and_what_follows_them():
    inputs, targets = encoded(["ab", "c"], length=4)
    assert inputs.tolist() == [[END, 0, 1, END], [END, 2, END, END]]
    assert targets.tolist() == [[0, 1, END, NOTHING], [2, END, NOTHING, NOTHING]]


def test_the_model_has_4064_parameters():
    assert len(new_model().parameters()) == 4064


def test_what_is_filled_up_has_no_part_in_the_loss():
    model = new_model(**SMALL)
    inputs, targets = encoded(["ab", "cde"], length=4)
    before = model.evaluate(inputs, targets, loss())
    inputs[0, 3] = 7
    assert model.evaluate(inputs, targets, loss()) == before


def test_the_compiled_step_gives_what_python_gives():
    step = TrainingStep(new_model(**SMALL), loss())
    values = flat_values(step.parameters)
    inputs, targets = [array.astype(float) for array in encoded(load(4)[:30], 4)]
    value, gradient = step(values, inputs, targets)
    of_python = step.by_python(values, inputs, targets)
    assert len(step.paths) == 1
    assert value == pytest.approx(of_python[0], rel=1e-13)
    np.testing.assert_allclose(gradient, of_python[1], rtol=1e-10, atol=1e-14)


def test_training_lowers_the_loss_and_spells_words():
    result = train(15, names=120, **SMALL)
    assert result.history.loss[-1] < 0.9 * result.history.loss[0]
    assert len(result.spelled) == 20
    assert all([len(name) < 4 and name.isalpha() for name in result.spelled if name])
    assert spell(result.model, 20, 4) == result.spelled
    assert spell(result.model, 20, 4, seed=1) != result.spelled


def test_weights_and_a_picture_are_saved(tmp_path, capsys):
    paths = names_transformer.main(tmp_path, epochs=2, names=60, **SMALL)
    assert [path.name for path in paths] == ["names-transformer.npz", "names-learning.png"]
    again = new_model(**SMALL)
    again.load(paths[0])
    untrained = new_model(**SMALL)
    assert not np.array_equal(*[flat_values(list(model.named_parameters().values())) for model in (again, untrained)])
    shown = capsys.readouterr().out
    assert "loss on names that were held out" in shown
    assert paths[1].stat().st_size > 10_000
