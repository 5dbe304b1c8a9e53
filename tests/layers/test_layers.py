"""Layers: one answer in all forms, gradients that agree with differences, errors that say what is meant."""

import copy
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Constant, Variable, gradcheck, gradients, no_grad, strict, topological_order
from layers import (
    Affine,
    Dense,
    Gradients,
    InputError,
    Layer,
    LayerError,
    NoForwardError,
    Parameter,
    Plus,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    SigmoidNeuron,
    Square,
    SquaredLoss,
)
from layers.parameters.initialisers import Ones

LAYERS = [Plus, Square, Affine, ReLU, Sigmoid, SigmoidNeuron, SquaredLoss]
numbers = st.floats(-10, 10, allow_subnormal=False)
POINTS = st.tuples(numbers, numbers, numbers)


def matrices(rows, columns):
    row = st.lists(numbers, min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows).map(np.array)


@pytest.mark.parametrize("kind", LAYERS)
@settings(deadline=None)  # the machine may have other work
@given(point=POINTS, upstream=numbers)
def test_alone_and_as_a_graph_a_layer_gives_the_same_numbers(kind, point, upstream):
    layer = kind()
    point = point[: len(layer.inputs)]
    variables = [Variable(number) for number in point]
    node = layer(*variables)
    node.backward(upstream)
    assert layer.forward(*point) == node.value == layer(*point)
    assert list(layer.backward(upstream)) == [variable.grad for variable in variables]


@pytest.mark.parametrize("kind", LAYERS)
@settings(deadline=None)  # the machine may have other work
@given(point=POINTS)
def test_the_gradients_of_a_layer_agree_with_differences(kind, point):
    layer = kind()
    point = point[: len(layer.inputs)]
    if kind is ReLU and abs(point[0]) < 0.01:
        return
    assert gradcheck(layer, list(point))


@settings(deadline=None)  # the machine may have other work
@given(x=matrices(2, 3), w=matrices(2, 2), b=matrices(2, 1))
def test_the_gradients_of_a_matrix_affine_agree_with_differences(x, w, b):
    assert gradcheck(lambda x, w, b: Affine()(x, w, b).sum(), [x, w, b])


@settings(deadline=None)  # the machine may have other work
@given(x=matrices(2, 3), w=matrices(2, 2), b=matrices(2, 1), upstream=matrices(2, 3))
def test_a_matrix_affine_is_numpys_and_its_gradients_are_the_matrix_identities(x, w, b, upstream):
    affine = Affine()
    # Products up to 100, sums of up to three: an error of a few units in the last place of 300.
    tolerance = 1e-12
    np.testing.assert_allclose(affine.forward(x, w, b), w @ x + b, atol=tolerance)
    dx, dw, db = affine.backward(upstream)
    np.testing.assert_allclose(dx, w.T @ upstream, atol=tolerance)
    np.testing.assert_allclose(dw, upstream @ x.T, atol=tolerance)
    np.testing.assert_allclose(db, upstream.sum(axis=1, keepdims=True), atol=tolerance)


@settings(deadline=None)  # the machine may have other work
@given(x=matrices(2, 3), w=matrices(2, 2), b=matrices(2, 1))
def test_a_matrix_layer_is_its_scalar_layers_side_by_side(x, w, b):
    together = ReLU().forward(Affine().forward(x, w, b))
    for i in range(2):
        for j in range(3):
            assert together[i, j] == ReLU().forward(Affine().forward(x[:, j], w[i], b[i, 0]))


def test_affine_of_two_vectors_is_one_number():
    affine = Affine()
    assert affine.forward([1.0, 2.0], [3.0, 4.0], 5.0) == 16.0
    dx, dw, db = affine.backward(2.0)
    assert (dx.tolist(), dw.tolist(), db) == ([6.0, 8.0], [2.0, 4.0], 2.0)


def test_affine_of_a_matrix_and_a_vector_is_a_vector():
    affine = Affine()
    assert affine.forward([1.0, 2.0], [[3.0, 4.0], [5.0, 6.0]], [1.0, -1.0]).tolist() == [12.0, 16.0]
    assert affine.backward([1.0, 0.0]).dw.tolist() == [[1.0, 2.0], [0.0, 0.0]]


def test_nodes_and_numbers_mix_and_numbers_alone_give_numbers():
    w = Variable(3.0, name="w")
    a = Affine()([[1.0, 2.0]], [[w]], 1)
    assert [node.value for node in a.flat] == [4.0, 7.0]
    alone = Affine()([[1.0, 2.0]], [[3.0]], 1)
    assert alone.dtype == float
    assert type(Affine()(1, 2, np.float64(3))) is float


def test_values_are_named_after_the_index_and_the_output():
    x, w, b = Variable(1.0), Variable(2.0), Variable(3.0)
    y_hat = Affine(index=2, output="y_hat")(x, w, b)
    assert (y_hat.name, y_hat.parents[0].name, y_hat.scope.label) == ("y_hat", "z2", "Affine")
    assert Affine(name="hidden")(x, w, b).scope.label == "hidden"


def test_elements_of_an_array_are_named_with_the_index_of_the_layer():
    x = [[Variable(1.0), Variable(2.0)]]
    assert [node.name for node in ReLU()(x).flat] == ["h[0,0]", "h[0,1]"]
    assert [node.name for node in ReLU(index=1)(x).flat] == ["h1[0,0]", "h1[0,1]"]


def test_an_input_that_is_passed_on_keeps_its_name():
    class Identity(Layer):
        def compute(self, a):
            return {"h": a}

    a = Variable(1.0, name="mine")
    assert Identity()(a) is a
    assert a.name == "mine"
    identity = Identity()
    identity.forward(3.0)
    assert tuple(identity.backward(2.0)) == (2.0,)


def test_a_layer_made_of_layers_is_a_box_of_boxes():
    class Twice(Layer):
        def compute(self, x, w, b):
            a = Affine(index=1)(x, w, b)
            return {"a": a, "y": Affine(index=2)(a, w, b)}

    y = Twice(output="end")(Variable(1.0), Variable(2.0), Variable(3.0))
    assert (y.name, y.scope.label, y.scope.parent.label, y.value) == ("end", "Affine", "Twice", 13.0)
    twice = Twice()
    assert twice.forward(1.0, 2.0, 3.0) == 13.0
    found = twice.backward(1.0)
    assert (found.dx, found.da, found.dy) == (4.0, 2.0, 1.0)
    with pytest.raises(ShapeError, match=r"^Twice: Affine: w of shape \(1, 2\)"):
        twice.forward([1.0, 2.0, 3.0], [[1.0, 2.0]], 0.0)


def test_backward_twice_gives_the_same_gradients_twice():
    square = Square()
    square.forward(3.0)
    assert square.backward(1.0) == square.backward(1.0) == (6.0,)


def test_backward_belongs_to_the_last_forward():
    square = Square()
    square.forward(3.0)
    square.forward(5.0)
    assert square.backward(1.0).dc == 10.0


def test_applying_a_layer_to_nodes_leaves_its_own_forward_pass_alone():
    square = Square()
    square.forward(3.0)
    square(Variable(100.0))
    assert square.backward(1.0).dc == 6.0


def test_backward_sweeps_also_inside_no_grad_and_strict():
    square = Square()
    square.forward(3.0)
    with no_grad(), strict():
        assert square.backward(1.0).dc == 6.0


def test_an_array_given_to_forward_may_be_changed_afterwards():
    x = np.array([[1.0], [2.0]])
    affine = Affine()
    affine.forward(x, [[3.0, 4.0]], 0.0)
    x[:] = 99.0
    assert affine.backward(1.0).dw.tolist() == [[1.0, 2.0]]


def test_a_nan_in_one_element_stays_out_of_the_gradients_of_the_others():
    relu = ReLU()
    relu.forward([1.0, float("nan"), float("inf"), float("-inf")])
    found = relu.backward([1.0, 1.0, 1.0, 1.0]).da
    assert found[0] == found[2] == 1.0
    assert found[3] == 0.0
    assert np.isnan(found[1])


def test_gradients_answer_by_place_and_by_name():
    affine = Affine()
    affine.forward(1.0, 2.0, 5.0)
    found = affine.backward(1.0)
    dx, dw, db = found
    assert (dx, dw, db) == (found.dx, found.dw, found.db) == (found[0], found[1], found[2])
    assert repr(found) == "Gradients(dx=2.0, dw=1.0, db=1.0, dz=1.0, da=1.0)"
    assert {"dx", "dz"} <= set(dir(found))
    with pytest.raises(AttributeError, match="no gradient is called 'dq'; there are dx, dw, db, dz, da"):
        _ = found.dq


def stored(thing):
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, stored])
def test_gradients_can_be_copied_and_stored(duplicate):
    found = duplicate(Gradients({"dx": 1.0}, {"dz": 2.0}))
    assert (found, found.dx, found.dz) == ((1.0,), 1.0, 2.0)


def test_a_layer_can_be_copied_with_its_forward_pass():
    affine = Affine(index=1)
    affine.forward(1.0, 2.0, 5.0)
    for duplicate in (copy.deepcopy(affine), stored(affine)):
        assert duplicate.backward(1.0) == affine.backward(1.0)
        assert repr(duplicate) == "Affine(index=1)"


# Messages


@pytest.mark.parametrize("call", [Layer.__call__, Layer.forward])
def test_a_wrong_number_of_inputs_names_the_layer_what_it_takes_and_what_it_got(call):
    with pytest.raises(TypeError, match=r"^Affine takes 3 inputs \(x, w, b\), got 2$"):
        call(Affine(), 1.0, 2.0)
    with pytest.raises(InputError, match=r"^hidden takes 1 input \(a\), got 2$"):
        call(ReLU(name="hidden"), 1.0, 2.0)


def test_backward_before_forward_says_what_to_call():
    with pytest.raises(NoForwardError, match=r"^SquaredLoss\.backward .*Loss\.forward\(y_hat, y\) first"):
        SquaredLoss().backward(1.0)


def test_a_forward_inside_no_grad_leaves_nothing_to_go_back_through():
    square = Square()
    square.forward(2.0)
    with no_grad():
        assert square.forward(3.0) == 9.0
    with pytest.raises(NoForwardError, match=r"outside no_grad\(\)"):
        square.backward(1.0)


def test_forward_of_a_node_says_to_apply_the_layer():
    with pytest.raises(InputError, match=r"Affine\.forward takes plain numbers, got a node in w; apply the"):
        Affine().forward(1.0, Constant(2.0), 3.0)
    with pytest.raises(InputError, match="got a node in w"):
        Affine().forward([1.0], [Variable(2.0)], 3.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("2", "Affine: w is a number, a node or an array of them, got str '2'"),
        (None, "Affine: w is .*, got NoneType None"),
        ([1.0, "2"], "Affine: w holds str '2', which is no number and no node"),
        ([1.0, None], "Affine: w holds NoneType None"),
        (1j, "Affine: w is .*, got complex"),
    ],
)
def test_an_input_that_is_no_number_is_named(wrong, message):
    with pytest.raises(InputError, match=message):
        Affine()(Variable(1.0), wrong, 1.0)


@pytest.mark.parametrize(
    ("x", "w", "b", "message"),
    [
        ([1.0, 2.0], [[1.0, 2.0, 3.0]], 0.0, r"w of shape \(1, 3\) .* x of 3 features, .* x of shape \(2,\)"),
        ([[1.0], [2.0]], [[1.0, 2.0]], [[1.0, 2.0]], r"b of shape \(1, 2\) doesn't fit w·x of .*\(1, 1\)"),
        (1.0, 2.0, [1.0, 2.0], r"b of shape \(2,\) doesn't fit w·x of shape \(\)"),
        (np.eye(2), np.eye(2), [1.0, 2.0], r"could mean .* give shape \(2, 1\) or \(1, 2\)"),
        (np.ones((2, 2, 2)), np.eye(2), 0.0, r"one or two axes, got shapes \(2, 2\) and \(2, 2, 2\)"),
        ([[1.0, 2.0], [3.0]], 1.0, 0.0, "x has rows of different lengths"),
        ([[1.0, 2.0], 3.0], 1.0, 0.0, "x has rows of different lengths"),
    ],
)
def test_arrays_that_do_not_fit_name_the_layer_and_the_shapes(x, w, b, message):
    with pytest.raises(ShapeError, match=f"^Affine: .*{message}"):
        Affine()(x, w, b)


def test_a_loss_refuses_to_repeat_a_column_against_a_row():
    with pytest.raises(ValueError, match=r"y_hat and y need the same shape, got \(2, 1\) and \(2,\)"):
        SquaredLoss()([[1.0], [2.0]], [1.0, 2.0])


@pytest.mark.parametrize("upstream", [[1.0, 2.0], [[1.0], [2.0], [3.0]], [[1.0, 2.0, 3.0]]])
def test_an_upstream_gradient_of_another_shape_is_refused(upstream):
    relu = ReLU()
    relu.forward([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ShapeError, match=r"ReLU\.backward: the upstream gradient is like .*\(2, 2\)"):
        relu.backward(upstream)


def test_an_upstream_gradient_of_one_number_is_one_number():
    square = Square()
    square.forward(2.0)
    with pytest.raises(ShapeError, match=r"like the output, a single number, got shape \(2,\)"):
        square.backward([1.0, 2.0])
    with pytest.raises(InputError, match=r"Square\.backward: the upstream gradient is a number"):
        square.backward("1")


def test_a_failed_forward_leaves_the_last_one_in_place():
    affine = Affine()
    affine.forward(1.0, 2.0, 5.0)
    for wrong in ((1.0,), (1.0, "2", 3.0), ([1.0], [1.0, 2.0], 0.0)):
        with pytest.raises(LayerError):
            affine.forward(*wrong)
    assert affine.backward(1.0) == (2.0, 1.0, 1.0)


def test_a_layer_without_compute_says_so():
    class Empty(Layer):
        pass

    with pytest.raises(NotImplementedError, match="Empty"):
        Empty()(1.0, 2.0)


def test_gradients_of_a_graph_of_layers_reach_through_every_box():
    x = Variable(0.5)
    loss = SquaredLoss()(Sigmoid()(Affine()(x, 2.0, 1.0)), 1.0)
    assert gradcheck(lambda x: SquaredLoss()(Sigmoid()(Affine()(x, 2.0, 1.0)), 1.0), [0.5], order=2)
    assert gradients(loss, x) < 0


def test_numpy_is_loaded_only_for_arrays():
    program = "import sys, layers; layers.Affine().forward(1.0, 2.0, 3.0); sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


class Clipped(Layer):
    """A layer of a user's own, written with NumPy's functions."""

    def __init__(self):
        super().__init__()
        self.weight = Parameter((2,), Ones(), seed=(0,))

    def compute(self, x):
        return {"y": np.maximum(x * np.maximum(self.weight.nodes, 0.0), 0.0)}


def test_numpy_functions_are_right_in_a_layer_of_ones_own():
    for inputs in ([0.0, 2.0], np.array([0.0, 2.0])):
        layer = Clipped()
        # The slope at the kink is the convention's, and nan stays nan, as for arrays that transforms hand out.
        layer.forward(inputs)
        assert layer.backward([1.0, 1.0]).dx.tolist() == [0.0, 1.0]
    found = Clipped().forward([math.nan, 1.0])
    assert math.isnan(found[0]) and found[1] == 1.0
    model = Sequential(Dense(2, 2), Clipped(), Dense(2, 1), seed=0)
    value = model([Variable(1.0), Variable(-2.0)])
    assert value.shape == (1,) and math.isfinite(value[0].value)


def test_inner_values_of_a_call_have_names_also_in_arrays_of_few_elements():
    x = np.array([Variable(1.0, name="x0"), Variable(2.0, name="x1")])
    h = Dense(2, 2, "tanh", seed=0)(x)
    names = {node.name for node in topological_order(h[0]) + topological_order(h[1])}
    assert names >= {f"{value}[{place}]" for value in "zah" for place in (0, 1)}
    assert {node.name for node in Dense(2, 20, seed=0)(x)} == {None}
    assert {node.name for node in Dense(2, 20, seed=0).with_names(x)} == {f"h[{place}]" for place in range(20)}
