"""The grader: `SUBMISSION=their_file.py pytest examples/autograder`; without SUBMISSION it grades the solution.

Hypothesis looks for numbers on which a submission is wrong, and reports the simplest. What is backward is compared with
differences of the right function, whatever the submission has forward, so that one mistake costs one task. Each message
says the rule, what was given, and what it looks like.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from autograd import logsumexp, relu
from autograd.testing import check_gradient

PATH = Path(os.environ.get("SUBMISSION", Path(__file__).with_name("solution.py")))
# Quarters: what is computed of them by hand is exact.
numbers = st.integers(-20, 20).map(lambda quarters: quarters / 4)
scores = st.lists(numbers, min_size=2, max_size=4)
graded = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)


@pytest.fixture(scope="module")
def submission() -> ModuleType:
    """The students' file. What it lacks fails the tests that ask for it."""
    spec = spec_from_file_location("submission", PATH)
    assert spec is not None and spec.loader is not None, f"{PATH} is no Python file"
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def says(call: str, given: Any, wanted: float, why: str) -> None:
    """Compare a number that a submission gave with the right one; the message names the rule."""
    if not (isinstance(given, float | int) and math.isclose(given, wanted, rel_tol=1e-12, abs_tol=1e-12)):
        pytest.fail(f"{call} is {wanted:g}: {why}. Yours gives {given!r}.", pytrace=False)


def passes_back(rule: str, forward: Callable[..., Any], backward: Callable[..., Any], inputs: list[Any]) -> None:
    """Compare the gradients that a submission gave with differences; the message begins with the rule."""
    report = check_gradient(forward, backward, inputs, raise_exception=False)
    if not report:
        pytest.fail(f"{rule}. At {', '.join(map(str, inputs))} yours is another:\n{report}", pytrace=False)


@graded
@given(w=numbers, x=numbers, b=numbers)
def test_affine(submission, w, x, b):
    """Task 1, forward."""
    says(f"affine(w={w}, x={x}, b={b})", submission.affine(w, x, b), w * x + b, "it is w·x + b")


@graded
@given(w=numbers, x=numbers, b=numbers, upstream=numbers)
def test_affine_backward(submission, w, x, b, upstream):
    """Task 1, backward."""
    passes_back(
        f"Each gradient is the upstream, here {upstream}, times the factor of its value in w·x + b",
        lambda w, x, b: upstream * (w * x + b),
        lambda w, x, b: submission.affine_backward(w, x, b, upstream),
        [w, x, b],
    )


@graded
@given(a=numbers)
def test_relu(submission, a):
    """Task 2, forward."""
    says(f"relu({a})", submission.relu(a), relu(a), "it is the larger of a and 0")


@graded
@given(a=numbers, upstream=numbers)
@example(a=-1.0, upstream=3.0)
@example(a=2.0, upstream=3.0)
def test_relu_backward(submission, a, upstream):
    """Task 2, backward: at 0 whatever lies between is accepted."""
    passes_back(
        f"A ReLU passes the upstream, here {upstream}, on where a > 0, and 0 where a < 0",
        lambda a: upstream * relu(a),
        lambda a: submission.relu_backward(a, upstream),
        [a],
    )


@graded
@given(y_hat=numbers, y=numbers)
def test_squared_loss(submission, y_hat, y):
    """Task 3, forward."""
    says(f"squared_loss({y_hat}, {y})", submission.squared_loss(y_hat, y), (y_hat - y) ** 2, "it is (ŷ − y)²")


@graded
@given(y_hat=numbers, y=numbers)
def test_squared_loss_backward(submission, y_hat, y):
    """Task 3, backward."""
    passes_back(
        f"The derivative of (ŷ − y)² in ŷ is the outer derivative times the inner one, here for y = {y}",
        lambda y_hat: (y_hat - y) ** 2,
        lambda y_hat: submission.squared_loss_backward(y_hat, y),
        [y_hat],
    )


@graded
@given(scores=scores)
@example(scores=[1000.0, 0.0])
def test_cross_entropy(submission, scores):
    """Task 4, forward: exp(1000) is more than a float holds, and the loss is not."""
    wanted = logsumexp(scores) - scores[0]
    try:
        given = submission.cross_entropy(scores, 0)
    except OverflowError as error:
        given = error
    says(
        f"cross_entropy({scores}, 0)",
        given,
        wanted,
        "it is log Σ exp(z) − z[target], in which the largest z is taken out of the sum before exp overflows",
    )


@graded
@given(scores=scores, last=st.booleans())
def test_cross_entropy_backward(submission, scores, last):
    """Task 4, backward."""
    target = len(scores) - 1 if last else 0
    passes_back(
        f"The derivative in a score is its share of Σ exp(z), and 1 less for the target, here number {target}",
        lambda scores: logsumexp(scores) - scores[target],
        lambda scores: submission.cross_entropy_backward(scores, target),
        [scores],
    )
