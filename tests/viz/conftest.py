"""Fixtures of several tests of pictures."""

import pytest

from tests.tables.browser import CHROMIUM, Browser
from viz import available_engines
from viz.layout.engine import VARIABLE


@pytest.fixture(scope="module", params=available_engines(), ids=lambda engine: engine.source)
def every_engine(request):
    """Pictures are laid out by each of the engines that are here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, request.param.path)
        yield


@pytest.fixture(scope="module")
def browser():
    """A browser with one page."""
    with Browser(CHROMIUM) as opened:
        yield opened
