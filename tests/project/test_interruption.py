"""Ctrl-C at any point of a sweep, a transform, a recording, a call over rows, a copy or a training."""

from __future__ import annotations

import pytest

import autograd
from tests.tables.interruptions import SUBJECTS, interrupt_by_signals, interrupt_everywhere

# An interrupt that comes while Python frees something is reported, and ends nothing.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
BY_KIND = pytest.mark.parametrize("kind", SUBJECTS, ids=lambda kind: kind.__name__)


@BY_KIND
def test_wherever_work_is_interrupted_what_comes_next_is_right(kind):
    assert interrupt_everywhere(kind, most=60) >= (0 if autograd.compiled else 60)


@BY_KIND
def test_whenever_a_signal_comes_what_comes_next_is_right(kind):
    assert interrupt_by_signals(kind, 40, seed=0) > 0
