"""Tests and doctests: those of a module whose extra is missing are left out; the engine is alone in its process."""

import threading
from importlib.util import find_spec

import pytest

collect_ignore = [] if find_spec("sklearn") else ["layers/estimators.py"]

_active_count = threading.active_count


@pytest.fixture(scope="session", autouse=True)
def alone():
    """The engine knows of no other threads: beside a pool that an earlier test left, it may record a function twice.

    Whatever counts recordings would fail when another thread happens to work meanwhile. Tests that are about other
    threads ask for `beside_others`.
    """
    threading.active_count = lambda: 1
    yield
    threading.active_count = _active_count


@pytest.fixture
def beside_others(monkeypatch):
    """The engine knows of other threads again, as it does outside of the tests."""
    monkeypatch.setattr(threading, "active_count", _active_count)
