"""check_gradient: gradients made elsewhere, against differences."""

import math

import numpy as np
import pytest

import autograd.testing
from autograd import ArgumentError, GradcheckError, OperandError, OutputError
from autograd.testing import check_gradient
from autograd.testing.black_box import SPACINGS, BlackBox, foreign_leaf, rounded, spacing
from autograd.transforms.trees import flatten


def rosenbrock(x):
    return float(np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2))


def rosenbrock_gradient(x):
    slope = np.zeros_like(x)
    slope[1:] += 200.0 * (x[1:] - x[:-1] ** 2)
    slope[:-1] += -400.0 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2.0 * (1.0 - x[:-1])
    return slope


class Tensor:
    """The attributes that torch's tensors have and NumPy's arrays don't, and no more."""

    def __init__(self, numbers, requires_grad=True):
        self.numbers = np.asarray(numbers, dtype=np.float64)
        self.dtype = "torch.float64"
        self.requires_grad = requires_grad

    @property
    def shape(self):
        return self.numbers.shape

    def new_tensor(self, numbers):
        return Tensor(numbers, False)

    def detach(self):
        return Tensor(self.numbers, False)

    def cpu(self):
        assert not self.requires_grad, "can't convert a tensor that requires a gradient"
        return self.numbers

    def item(self):
        return self.numbers.item()


# Right gradients


def test_a_gradient_by_hand_passes():
    report = check_gradient(rosenbrock, rosenbrock_gradient, np.array([0.3, -0.7, 1.2, 0.4]))
    assert report and report.compared == 4 and report.runs < 150


def test_several_arguments_have_a_tuple_of_gradients_in_their_structures():
    def function(weights, x, scale):
        return float(np.tanh(weights["w"] @ x + weights["b"]).sum() * scale)

    def gradient(weights, x, scale):
        hidden = np.tanh(weights["w"] @ x + weights["b"])
        slope = (1.0 - hidden**2) * scale
        # The keys in another order.
        return {"b": slope, "w": np.outer(slope, x)}, weights["w"].T @ slope, hidden.sum()

    weights = {"w": np.array([[0.3, -0.2, 0.5], [0.1, 0.9, -0.4]]), "b": np.array([0.1, -0.3])}
    assert check_gradient(function, gradient, [weights, np.array([0.5, -1.0, 2.0]), 3.0]).compared == 12


def test_plain_numbers_and_lists_stay_what_they_are():
    seen = []

    def function(x, pair):
        seen.append((type(x), type(pair)))
        return x * pair[0] + math.sin(pair[1])

    assert check_gradient(function, lambda x, pair: (pair[0], [x, math.cos(pair[1])]), (2.0, [3.0, 0.5]))
    assert set(seen) == {(float, list)}


def test_tensors_of_other_libraries_get_their_own_kind():
    report = check_gradient(
        lambda x: Tensor((x.numbers**3).sum()), lambda x: Tensor(3.0 * x.numbers**2), [Tensor([1.0, -2.0])]
    )
    assert report.compared == 2


def test_single_precision_is_checked_as_far_as_it_goes():
    x = np.array([0.3, -0.7, 1.2], dtype=np.float32)
    kinds = []

    def function(x):
        kinds.append(x.dtype)
        return np.exp(x).sum() + x[0] * x[1]

    def gradient(x):
        return np.exp(x) + np.array([x[1], x[0], 0.0], dtype=np.float32)

    assert check_gradient(function, gradient, x)
    assert set(kinds) == {np.dtype(np.float32)}
    with pytest.raises(GradcheckError, match=r"by a factor of 1\.0"):
        check_gradient(function, lambda x: gradient(x) * np.float32(1.01), x)


def test_results_in_single_precision_lower_the_precision_of_plain_numbers():
    assert BlackBox(np.float32, lambda x: 1.0, [0.1]).epsilon == SPACINGS["float32"]
    assert check_gradient(lambda x: np.sin(np.float32(x)), math.cos, [0.7])


def test_noise_of_the_values_widens_the_bounds():
    def noisy(x):
        return x * x + 1e-9 * math.sin(1e15 * x)

    assert BlackBox(noisy, lambda x: 2 * x, [1.3]).noise == pytest.approx(1e-9, rel=2.0)
    assert check_gradient(noisy, lambda x: 2 * x, [1.3], rtol=1e-4)


def test_a_function_that_repeats_itself_in_step_with_the_differences_is_seen_through():
    # All steps that are powers of two, down to the period, hit the same phase of it.
    assert check_gradient(lambda x: math.fmod(x, 2.0**-14), lambda x: 1.0, [2.93571503173297])


def test_a_subgradient_at_a_kink_passes_and_is_reported():
    report = check_gradient(lambda x: max(x, 0.0), lambda x: 0.3, [0.0])
    assert [found.comparison.kind for found in report.at_kinks] == ["kink"]
    with pytest.raises(GradcheckError, match=r"is 1\.5 by its gradient, and the function has a kink here"):
        check_gradient(lambda x: max(x, 0.0), lambda x: 1.5, [0.0])
    with pytest.raises(GradcheckError, match="the function jumps here, from 1 on the left to 2 on the right"):
        check_gradient(math.floor, lambda x: 0.0, [2.0])


# Wrong ones


@pytest.mark.parametrize(
    ("gradient", "words"),
    [
        (lambda x, y: (y, -x), "the sign is wrong"),
        (lambda x, y: (x, y), "those of its two operands are swapped"),
        (lambda x, y: (2 * y, 2 * x), "by a factor of 2"),
        (lambda x, y: (y, 0.0), "it is missing"),
        (lambda x, y: (y + 1.0, x), "the derivative of the output in input[0] = 2.0 is 4.0 by its gradient, 3.0"),
        (lambda x, y: (y, math.nan), "is nan by its gradient"),
    ],
)
def test_a_wrong_gradient_fails_and_the_message_says_what_it_looks_like(gradient, words):
    with pytest.raises(GradcheckError) as caught:
        check_gradient(lambda x, y: x * y, gradient, [2.0, 3.0])
    assert words in str(caught.value)
    assert not check_gradient(lambda x, y: x * y, gradient, [2.0, 3.0], raise_exception=False)


def test_a_value_that_is_not_finite_is_refused():
    with pytest.raises(GradcheckError, match=r"check_gradient needs a finite value, got inf for the output of"):
        check_gradient(lambda x: x * math.inf, lambda x: 1.0, [1.0])


def test_points_that_the_function_refuses_are_left_out():
    assert check_gradient(math.log, lambda x: 1 / x, [1e-3])
    assert check_gradient(lambda x: math.sqrt(x) * x**3, lambda x: 3.5 * x**2.5, [0.0], rtol=1e-5)


# What it can't take


@pytest.mark.parametrize(
    ("function", "gradient", "inputs", "error", "message"),
    [
        (lambda x: [x], lambda x: 1.0, [1.0], OutputError, "a function that returns one number, .* gave list"),
        (lambda x: x, lambda x: [1.0, 2.0], [1.0], OutputError, "with the structure of the inputs, .* gave"),
        (lambda x: x, lambda x: "one", [1.0], OperandError, "must be a number"),
        (abs, abs, [1j], OperandError, r"input\[0\] must be a number"),
        (np.sum, np.ones_like, [np.array([1, 2])], OperandError, "single or double precision, .* got int64"),
        (np.sum, np.ones_like, [np.ones(2, np.float16)], OperandError, "single or double precision, .* got float16"),
    ],
)
def test_what_can_t_be_checked_is_refused_with_what_would_be_right(function, gradient, inputs, error, message):
    with pytest.raises(error, match=message):
        check_gradient(function, gradient, inputs)


# The parts


def test_numbers_are_rounded_to_the_precision_of_the_library():
    for number in (0.1, -3.3, 1e-30, 12345.678, 1.0, 0.0):
        assert rounded(number, 2.0**-23) == float(np.float32(number))
    assert rounded(0.1, 2.0**-52) == 0.1
    assert spacing(np.float32(1.0)) == float(np.finfo(np.float32).eps)
    assert spacing(1.0) == float(np.finfo(np.float64).eps)


def test_arrays_are_kept_beside_their_numbers():
    array = np.ones(2)
    numbers, structure = flatten({"a": array, "b": [1.0, (array,)]}, "a value", foreign_leaf)
    value = structure.build(numbers)
    assert value["b"][0] == 1.0 and isinstance(value["b"][1], tuple)
    originals = []
    structure.map_pieces(lambda start, piece: originals.append(piece.maker and piece.maker.original))
    assert [original is array for original in originals] == [True, False, True]


# Terms that cancel: their rounding is that of numbers much larger than the value


def cross_entropy(scores, label):
    return float(np.log(np.sum(np.exp(scores - scores.max()))) + scores.max() - scores[label])


def cross_entropy_gradient(scores, label):
    powers = np.exp(scores - scores.max())
    slope = powers / powers.sum()
    slope[label] -= 1.0
    return slope


@pytest.mark.parametrize("size", [1, 5, 12])
def test_a_right_gradient_passes_where_large_terms_cancel_and_a_wrong_one_does_not(size):
    draw = np.random.default_rng(size)
    points = draw.integers(-size, size, endpoint=True, size=(150, 3)).astype(float)
    for scores in [*points, np.array([-4.0, 5.0, -1.0]), np.array([-5.0, 4.0, -5.0])]:
        assert check_gradient(lambda z: cross_entropy(z, 1), lambda z: cross_entropy_gradient(z, 1), [scores])
        for fault in ([0.0, 1.0, 0.0], [1e-4, 0.0, -1e-4], [0.0, 1e-6, 0.0]):
            wrong = cross_entropy_gradient(scores, 1) + fault
            assert not check_gradient(
                lambda z: cross_entropy(z, 1), lambda z, w=wrong: w, [scores], raise_exception=False
            )


def test_a_grain_is_seen_of_values_with_terms_that_cancel_and_of_no_others():
    def noise(function, *point):
        return BlackBox(function, lambda *x: tuple(x), list(point)).noise

    assert noise(lambda x: math.log(math.exp(4.0) + math.exp(-x)) - 4.0, 5.0) == 2.0**-50
    assert noise(lambda x: (x + 1024.0) - 1024.0, 0.7) == 2.0**-42
    # Of few or equal values, of steps and of values that have all their places there is none.
    for function in (
        lambda x: 3.0,
        lambda x: x,
        lambda x: x * x,
        math.floor,
        lambda x: float(x > 1.0),
        lambda x: 4.0 * x,
    ):
        assert noise(function, 1.1) <= 2.0**-52


def test_all_inputs_together_are_checked_along_one_direction_and_the_wrong_one_named():
    x = np.linspace(0.5, 1.5, 50)
    right = check_gradient(lambda x: np.sin(x).sum(), np.cos, [x], fast_mode=True)
    assert right and right.compared == 1 and right.runs < 60
    assert check_gradient(lambda x: np.sin(x).sum(), np.cos, [x.astype("f4")], fast_mode=True)
    with pytest.raises(GradcheckError, match=r"input\[0\]\[3\]"):
        check_gradient(lambda x: np.sin(x).sum(), lambda x: np.cos(x) * (1.0 + (x == x[3])), [x], fast_mode=True)


def test_a_check_of_very_many_inputs_is_asked_for():
    x = np.linspace(0.5, 1.5, 10_000)
    with pytest.raises(ArgumentError, match=r"check_gradient of 10,000 inputs takes about 70 seconds.*fast_mode=True"):
        check_gradient(lambda x: (x * x).sum(), lambda x: 2.0 * x, [x])
    assert check_gradient(lambda x: (x * x).sum(), lambda x: 2.0 * x, [x], fast_mode=True)
    with pytest.raises(GradcheckError, match="along all inputs together"):
        check_gradient(lambda x: (x * x).sum(), lambda x: 2.1 * x, [x], fast_mode=True)


def test_a_gradient_that_is_no_function_is_refused():
    with pytest.raises(TypeError, match=r"a function of the same arguments, got list \[6\.0\]"):
        check_gradient(lambda x: x * x, [6.0], [3.0])


def test_the_names_of_the_checks_are_completed():
    assert set(autograd.testing.__all__) <= set(dir(autograd.testing)) and "check_gradient" in dir(autograd.testing)
