"""What tests of several files need."""

import signal

import pytest

from viz import available_engines
from viz.layout.engine import VARIABLE


@pytest.fixture
def ctrl_c():
    """Ctrl-C is a KeyboardInterrupt, also where the tests were started in the background, which ignores it."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, usual)


@pytest.fixture
def compilations(monkeypatch):
    """The modules that LLVM has compiled since."""
    from autograd.program.llvm import native

    texts = []
    made = native.compiled
    monkeypatch.setattr(native, "compiled", lambda text, machine: texts.append(text) or made(text, machine))
    return texts


@pytest.fixture(scope="module", params=available_engines(), ids=lambda engine: engine.source)
def every_engine(request):
    """Pictures are laid out by each of the engines that are here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, request.param.path)
        yield
