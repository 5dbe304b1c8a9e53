"""Fixtures of several tests of machine code."""

import pytest


@pytest.fixture
def compilations(monkeypatch):
    """The modules that LLVM has compiled since."""
    from autograd.program.llvm import native

    texts = []
    made = native.compiled
    monkeypatch.setattr(native, "compiled", lambda text, machine: texts.append(text) or made(text, machine))
    return texts
