"""Why a gradient is 0, and the computation step by step."""

import pytest

import viz
from autograd import Variable, maximum, scope
from examples import lab_network
from viz.diagrams.explanations import Explanations
from viz.playing.steps import steps_of


def why(output, name="x", gradient=1.0):
    if gradient is not None:
        output.backward(gradient)
    diagram = viz.diagram_of([output])
    (position,) = [value.position for value in diagram.values if value.name == name]
    return Explanations(diagram).why_zero(position)


def variable(number, name="x"):
    return Variable(number, name=name)


def says(output):
    return [step.says for step in steps_of(viz.diagram_of([output]))]


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (lambda: variable(-2.0).relu() * 3.0, "Dead ReLU: its input x = −2 is below 0, where max(x, 0) is flat."),
        (lambda: variable(0.0).relu(), "Dead ReLU: its input x = 0 is 0, where max(x, 0) is flat."),
        (lambda: variable(40.0).tanh(), "Saturated tanh: at x = 40 it is so flat that its slope is 7.219e−35."),
        (lambda: (variable(40.0) * 2.0).tanh() + 1.0,
         "Saturated tanh: at 80 it is so flat that its slope is 1.303e−69."),
        (lambda: variable(3.0) * variable(0.0, "gate"), "In × x = 3 is multiplied by 0: gate = 0."),
        (lambda: maximum(variable(1.0), variable(2.0, "y")),
         "max passes on only the largest operand, and x = 1 is not it."),
        (lambda: variable(0.0) ** 2, "The local gradient of ^ at x = 0 is 0: a kink or an extremum."),
    ],
)  # fmt: skip
def test_the_operation_that_stops_a_gradient_is_named(output, reason):
    assert why(output()) == reason


def test_the_reason_is_found_behind_any_number_of_operations():
    x = variable(1.0)
    y = x
    for _ in range(5_000):
        y = y * 1.0 + 0.0
    assert why((y - 100.0).relu()).startswith("Dead ReLU: its input −99 is below 0")


def test_every_path_gives_its_own_reason():
    x = variable(50.0)
    assert why(x.tanh() + (-x).relu()) == (
        "Dead ReLU: its input −50 is below 0, where max(x, 0) is flat. "
        "Saturated tanh: at x = 50 it is so flat that its slope is 1.488e−43."
    )


def test_terms_that_cancel_are_shown():
    x = variable(3.0)
    assert why(x * 2.0 - x * 2.0) == "The terms of its gradient cancel: −2 + 2 = 0."


def test_terms_that_cancel_further_on_are_shown():
    x = variable(3.0)
    middle = x * 5.0
    middle.name = "m"
    assert why(middle * 2.0 - middle * 2.0) == (
        "All paths lead through m = 15, whose gradient is 0. The terms of its gradient cancel: −2 + 2 = 0."
    )


def test_what_is_too_small_is_told_from_what_is_0():
    assert "too small for a number" in why(variable(1.0) * 1e-200 * 1e-200)


def test_no_sweep_and_no_path_are_told_apart():
    x, y = variable(1.0), variable(2.0, "y")
    assert why(x * y, gradient=None) == "Its gradient is not known yet: backward() has not been run."
    product, other = x * 2.0, y * 3.0
    product.backward()
    diagram = viz.diagram_of([product, other])
    (position,) = [value.position for value in diagram.values if value.name == "y"]
    assert Explanations(diagram).why_zero(position).startswith("Not reached: no path leads from it")


def test_a_sweep_that_starts_with_0_is_the_reason():
    assert why(variable(1.0) * 2.0, gradient=0.0) == (
        "All paths lead through 2, whose gradient is 0. backward() was given 0 to start from."
    )


def test_another_gradient_has_no_reason_to_be_0():
    assert why(variable(1.0) * 2.0) == ""


def test_the_lines_show_how_a_value_was_computed_and_each_term():
    x = variable(3.0)
    with scope("Twice"):
        y = x * 2.0
    z = y + x
    z.backward()
    explanations = Explanations(viz.diagram_of([z]))
    assert explanations.lines(0) == [
        "A variable.",
        "From +: ∂ 1 · local gradient 1 = 1",
        "From × in Twice: ∂ 1 · local gradient 2 = 2",
    ]
    assert explanations.lines(2) == [
        "Computed by × in Twice from x = 3, 2.",
        "From +: ∂ 1 · local gradient 1 = 1",
    ]


def test_the_lab_network_in_steps():
    assert says(lab_network.build()) == [
        "z₁ = w₁ × x = −1 × 2 = −2",
        "a₁ = z₁ + b₁ = −2 + 1 = −1",
        "h = max(a₁, 0) = max(−1, 0) = 0",
        "z₂ = w₂ × h = −2 × 0 = 0",
        "ŷ = z₂ + b₂ = 0 + 1.5 = 1.5",
        "r = ŷ − y = 1.5 − 1 = 0.5",
        "ℓ = r² = 0.5² = 0.25",
        "backward starts with ∂ 1 at ℓ",
        "∂r = 1 · 1 = 1",
        "∂ŷ = 1 · 1 = 1;  ∂y = 1 · (−1) = −1",
        "∂z₂ = 1 · 1 = 1;  ∂b₂ = 1 · 1 = 1",
        "∂w₂ = 1 · 0 = 0;  ∂h = 1 · (−2) = −2",
        "∂a₁ = −2 · 0 = 0",
        "∂z₁ = 0 · 1 = 0;  ∂b₁ = 0 · 1 = 0",
        "∂w₁ = 0 · 2 = 0;  ∂x = 0 · (−1) = 0",
    ]


def test_before_a_sweep_there_are_only_steps_forward():
    x = variable(2.0)
    assert says(x * x) == ["x × x = 2 × 2 = 4"]


def test_what_an_earlier_sweep_left_is_where_the_sum_starts():
    x = variable(2.0)
    (x * 10.0).backward()
    y = x * 3.0
    y.backward()
    assert says(y)[1:] == ["backward starts with ∂ 1 at 6", "∂x = 10 + 1 · 3 = 13"]


def test_a_sum_that_is_not_complete_says_so():
    x = variable(2.0)
    y = x * 3.0 + x * 4.0
    y.backward()
    assert says(y)[-2:] == ["∂x = 1 · 4 = 4, so far", "∂x = 1 · 4 + 1 · 3 = 7"]


def test_a_term_below_0_is_taken_away_and_a_base_below_0_stands_in_brackets():
    x = variable(2.0)
    y = -(x * 3.0) + x * 4.0
    y.backward()
    assert says(y)[-1] == "∂x = 1 · 4 − 1 · 3 = 1"
    assert says(variable(-2.0) ** 3.0) == ["x ^ 3 = (−2) ^ 3 = −8"]


def test_an_operation_beside_the_sweep_is_passed_over():
    x = variable(2.0)
    y = x * 3.0
    y.backward()
    diagram = viz.diagram_of([y, x + 1.0])
    assert [step.says for step in steps_of(diagram)][3:] == [
        "not reached by the backward sweep",
        "∂x = 1 · 3 = 3",
    ]
