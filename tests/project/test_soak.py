"""A short soak; `make soak` is the long one."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from tests import PROJECT


@pytest.mark.skipif(sys.platform != "linux", reason="what a process has is read from /proc")
def test_rounds_of_everything_leave_nothing_behind():
    path = PROJECT / "tools" / "soak.py"
    spec = importlib.util.spec_from_file_location("soak", path)
    soak = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(soak)
    found = soak.soak(4.0)
    assert found[0] >= 20
    assert soak.growth(*found) == []
