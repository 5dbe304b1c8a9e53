"""The autograder: a right submission passes all tasks, a wrong one fails exactly the wrong ones, with the rule."""

import os
import re
import subprocess
import sys

import pytest

from tests import PROJECT

RIGHT = (PROJECT / "examples" / "autograder" / "solution.py").read_text(encoding="utf-8")
# For each task what students write: the lines to replace, and what the message says of it.
MISTAKES = {
    "test_affine": ("return w * x + b", "return w * x - b", "it is w·x + b. Yours gives"),
    "test_affine_backward": (
        "return upstream * x, upstream * w, upstream", "return x, w, 1.0", "Each gradient is the upstream"
    ),
    "test_relu": ("return max(a, 0.0)", "return abs(a)", "it is the larger of a and 0"),
    "test_relu_backward": ("return upstream if a > 0.0 else 0.0", "return upstream", "and 0 where a < 0"),
    "test_squared_loss": ("return (y_hat - y) ** 2", "return abs(y_hat - y)", "it is (ŷ − y)²"),
    "test_squared_loss_backward": ("return 2.0 * (y_hat - y)", "return y_hat - y", "by a factor of 0.5"),
    "test_cross_entropy": (
        "    largest = max(scores)\n    return largest +", "    largest = 0.0\n    return largest +", "exp overflows"
    ),
    "test_cross_entropy_backward": ("sum(powers) - (place == target)", "sum(powers)", "and 1 less for the target"),
}  # fmt: skip


def graded(submission):
    grader = PROJECT / "examples" / "autograder"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(grader)],
        env=os.environ | {"SUBMISSION": str(submission)}, cwd=PROJECT, check=False,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    failed = dict(re.findall(r"^_{5,} (test_\w+) _{5,}\n(.*?)(?=^[_=]{5,} )", run.stdout, re.M | re.S))
    assert run.returncode in (0, 1), run.stdout + run.stderr
    assert (run.returncode == 1) == bool(failed)
    return failed


def test_the_solution_passes():
    assert graded(PROJECT / "examples" / "autograder" / "solution.py") == {}


def test_a_solution_in_numpy_passes(tmp_path):
    submission = tmp_path / "submission.py"
    submission.write_text(
        RIGHT.replace("import math", "import numpy as np")
        .replace("math.log(sum([math.exp(score - largest) for score in scores]))",
                 "np.log(np.exp(np.array(scores) - largest).sum())")
        .replace("[math.exp(score - largest) for score in scores]", "np.exp(np.array(scores) - largest)"),
        encoding="utf-8",
    )  # fmt: skip
    assert graded(submission) == {}


@pytest.mark.parametrize("odd", [True, False])
def test_each_mistake_fails_its_own_task_with_the_rule(tmp_path, odd):
    wrong = [task for place, task in enumerate(MISTAKES) if (place % 2 == 1) == odd]
    text = RIGHT
    for task in wrong:
        right, mistaken, _ = MISTAKES[task]
        assert text.count(right) == 1, task
        text = text.replace(right, mistaken)
    submission = tmp_path / "submission.py"
    submission.write_text(text, encoding="utf-8")
    failed = graded(submission)
    assert list(failed) == wrong
    for task, message in failed.items():
        assert MISTAKES[task][2] in message, task
        assert "Traceback" not in message and ">   " not in message, task


def test_what_is_missing_is_named(tmp_path):
    submission = tmp_path / "submission.py"
    submission.write_text(RIGHT.partition("def relu_backward")[0], encoding="utf-8")
    failed = graded(submission)
    assert list(failed) == list(MISTAKES)[3:]
    assert "has no attribute 'relu_backward'" in failed["test_relu_backward"]
