"""Results of a layer alone: values and gradients by name; the gradient of one input acts as itself."""

import operator
import pickle

import numpy as np
import pytest

from layers import Affine, Dense, Gradients, InputError, ReLU, Square, SquaredLoss

OPERATORS = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
]  # fmt: skip


def of_one(gradient):
    return Gradients({"dx": gradient}, {"dz": 7.0})


@pytest.mark.parametrize("operate", OPERATORS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("gradient", [3.0, np.array([3.0, -2.0])], ids=["number", "array"])
def test_the_gradient_of_one_input_is_computed_with_like_that_gradient(operate, gradient):
    assert np.array_equal(operate(of_one(gradient), 2.0), operate(gradient, 2.0))
    assert np.array_equal(operate(2.0, of_one(gradient)), operate(2.0, gradient))
    assert np.array_equal(operate(of_one(gradient), of_one(2.0)), operate(gradient, 2.0))


def test_the_gradient_of_one_input_is_an_array_and_still_unpacks_and_has_names():
    found = of_one(np.arange(6.0).reshape(2, 3))
    assert (found.shape, np.shape(found), found.T.shape, found[:, 1].tolist()) == ((2, 3), (2, 3), (3, 2), [1.0, 4.0])
    assert np.array_equal(np.ones((2, 2)) @ found, np.ones((2, 2)) @ found.dx)
    (dx,) = found
    assert dx is found.dx is found["dx"]
    assert found.dz == 7.0
    assert f"{of_one(0.125):.2f}" == "0.12"
    assert (float(of_one(2.0)), -of_one(2.0), abs(of_one(-2.0))) == (2.0, -2.0, 2.0)
    again = pickle.loads(pickle.dumps(found))
    assert np.array_equal(again.dx, found.dx)
    assert again.dz == 7.0


def test_an_index_that_could_mean_a_gradient_or_a_row_is_refused():
    with pytest.raises(InputError, match=r"a gradient or a row of the only one; take \.dx, and \.dx\[\.\.\.\] of it"):
        of_one(np.ones((2, 3)))[0]
    assert of_one(2.0)[0] == 2.0


@pytest.mark.parametrize("use", [lambda g: 2 * g, lambda g: g + g, lambda g: g > 0, float, np.asarray, lambda g: -g])
def test_several_gradients_are_not_taken_for_one(use):
    affine = Affine()
    affine.forward(1.0, 2.0, 5.0)
    with pytest.raises(
        InputError, match=r"takes one gradient, and these are 3 \(dx, dw, db\); take one by name, as .dx"
    ):
        use(affine.backward())


def test_several_gradients_are_no_upstream_gradient_and_no_input():
    affine, relu = Affine(), ReLU()
    affine.forward(1.0, 2.0, 5.0)
    relu.forward([1.0, 2.0, 3.0])
    with pytest.raises(InputError, match=r"ReLU.backward: the upstream gradient takes one gradient, and these are 3"):
        relu.backward(affine.backward())
    with pytest.raises(InputError, match=r"ReLU: a takes one gradient"):
        relu.forward(affine.backward())


def test_gradients_are_handed_from_layer_to_layer():
    first, second = Dense(2, 3, "tanh", seed=0), Dense(3, 1, seed=1)
    second.forward(first.forward([[1.0, 2.0]]))
    whole = first.backward(second.backward([[1.0]]))
    second.backward([[1.0]])
    assert np.array_equal(whole.dx, first.backward(second.backward([[1.0]]).dx).dx)


def test_a_zero_has_no_sign_where_a_person_reads_it():
    loss = SquaredLoss()
    loss.forward(1.0, 1.0)
    assert repr(loss.backward(-1.0)) == "Gradients(dy_hat=0.0, dy=0.0, dr=0.0, dl=-1.0)"
    square = Square()
    square.forward(-0.0)
    assert repr(square.values) == "Values(c=0.0, y=0.0)"
    assert np.copysign(1.0, square.backward(-1.0).dc) == 1.0


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda g: g.dX, "no gradient is called 'dX'; did you mean dx"),
        (lambda g: g["inputs"], "no gradient is called 'inputs'; here it is dx"),
        (lambda g: g.weights, "no gradient is called 'weights'; here it is dweight"),
        (lambda g: g.qqq, "no gradient is called 'qqq'; there are dx"),
    ],
)
def test_a_wrong_name_is_told_the_right_one(ask, message):
    dense = Dense(2, 1, seed=0)
    dense.forward([1.0, 2.0])
    with pytest.raises((AttributeError, KeyError), match=message):
        ask(dense.backward())


def test_values_by_name():
    affine = Affine(index=1, output="y_hat")
    affine.forward(1.0, 2.0, 5.0)
    values = affine.values
    assert dict(values) == {"x": 1.0, "w": 2.0, "b": 5.0, "z": 2.0, "a": 7.0}
    assert (values.z1, values.y_hat, values["a"]) == (2.0, 7.0, 7.0)
    with pytest.raises(AttributeError, match="no value is called 'q'; there are x, w, b, z, a"):
        _ = values.q
    with pytest.raises(KeyError, match="no value is called 'q'"):
        values["q"]
