"""Fixtures of several folders."""

import signal
import sys

import pytest


@pytest.fixture
def ctrl_c():
    """Ctrl-C is a KeyboardInterrupt, also where the tests were started in the background, which ignores it."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, usual)


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
