"""Fixtures of several folders, and the refusal of extension modules that are not what is to be tested."""

import gc
import signal
import sys
from pathlib import Path

import pytest

import autograd
from autograd.compilation import stale_modules


def pytest_configure():
    """Extension modules whose sources were edited since are no witnesses."""
    stale = stale_modules(str(Path(autograd.__file__).parent), by_content=True) if autograd.compiled else []
    if stale:
        pytest.exit(f"compiled from other sources than those here: {', '.join(stale)}. Run `make build`", returncode=4)


def pytest_collection_finish():
    """Thousands of tests stay for the whole run: when tests collect garbage, they need not be looked at."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def ctrl_c():
    """Ctrl-C is a KeyboardInterrupt, also where the tests were started in the background, which ignores it."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, usual)


@pytest.fixture
def loops_from_8_turns_on(monkeypatch):
    """Short loops are loops, which would be recorded turn by turn for being faster so."""
    from autograd.program.loops import bodies

    monkeypatch.setattr(bodies, "LEAST", 0)
    monkeypatch.setattr(bodies, "LEAST_OVER_ROWS", 0)


@pytest.fixture
def shallow_stack():
    """Only a few Python calls can be made within each other: whatever recurses fails at once."""
    limit = sys.getrecursionlimit()
    depth, frame = 0, sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    sys.setrecursionlimit(depth + 60)
    yield
    sys.setrecursionlimit(limit)
