"""A pytest plugin: the fixture `gradcheck`, the marker `gradients`, and where a gradient goes wrong, in the report.

It is active where the package is installed. Until a test asks for a check it loads nothing but `autograd` itself.
"""

from __future__ import annotations

import inspect
import re
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

__all__ = ["gradcheck"]

MARKER = "gradients(order=1, tiers=None, **options): options of the fixture gradcheck in this test"
TIERS = ("python", "vm", "llvm")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the folder of pictures."""
    group = parser.getgroup("gradients")
    group.addoption(
        "--gradient-pictures", metavar="DIR", help="the folder for pictures of graphs with a wrong gradient"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", MARKER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat a test in every tier that its marker asks for."""
    if "gradcheck" in metafunc.fixturenames:
        tiers = options_of(metafunc.definition)[1]
        if tiers:
            metafunc.parametrize("gradcheck", tiers, indirect=True)


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> Callable[..., bool]:
    """`autograd.testing.gradcheck` with the options of the test's marker, in the tier of this run."""
    options, _ = options_of(request.node)
    tier = getattr(request, "param", "python")

    def check(fun: Callable[..., Any], inputs: Any, **further: Any) -> bool:
        # pytest would show the lines of this function in every failure.
        __tracebackhide__ = True
        from autograd.testing.assertions import gradcheck

        if tier != "python":
            from autograd.program.jit import jit

            fun = jit(fun, tier=tier)
        return gradcheck(fun, inputs, **{**options, **further})

    return check


def options_of(item: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The options of `gradcheck` and the tiers that the markers of a test ask for; the nearest marker wins."""
    options: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("gradients"))):
        if marker.args:
            raise pytest.UsageError(f"{item.nodeid}: gradients takes options by name, got {marker.args!r}: order=2")
        options.update(marker.kwargs)
    tiers = options.pop("tiers", ())
    tiers = (tiers,) if isinstance(tiers, str) else tuple(tiers or ())
    unknown = [tier for tier in tiers if tier not in TIERS]
    if unknown:
        raise pytest.UsageError(f"{item.nodeid}: gradients knows the tiers {', '.join(TIERS)}; got {unknown[0]!r}")
    if options:
        from autograd.testing.assertions import gradcheck

        known = [name for name in inspect.signature(gradcheck).parameters if name not in ("fun", "inputs")]
        for name in options:
            if name not in known:
                raise pytest.UsageError(
                    f"{item.nodeid}: gradients has no option {name!r}; it has tiers, {', '.join(known)}"
                )
    return options, tiers


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add a section on where the gradient goes wrong."""
    report = yield
    error = None if call.excinfo is None else call.excinfo.value
    errors = sys.modules.get("autograd.errors")
    if errors is not None and isinstance(error, errors.GradcheckError) and getattr(error.report, "fault", None):
        report.sections.append(("gradients", section(item, error.report.fault)))
    return report


def section(item: pytest.Item, fault: Any) -> str:
    """The text of the section on a fault, with the path of its picture."""
    from autograd.testing.pictures import svg_of, text_of
    from autograd.text import printable

    lines = [fault.reason]
    if fault.example:
        lines.append(f"alone: {fault.example}")
    if fault.node is not None:
        lines += ["", text_of(fault.node)]
        svg = svg_of(fault.node)
        if svg is not None:
            lines.append(f"picture: {saved(item, svg)}")
    return printable("\n".join(lines))


def saved(item: pytest.Item, svg: str) -> str:
    """The path of a picture that is saved, or why it can't be: the test's own failure is what the report is about."""
    try:
        path = folder(item.config) / (re.sub(r"[^\w.-]+", "-", item.nodeid).strip("-")[-100:] + ".svg")
        path.write_text(svg, encoding="utf-8")
    except (OSError, ValueError) as error:
        return f"not saved: {error}"
    return str(path)


FOLDER = pytest.StashKey[Path]()


def folder(config: pytest.Config) -> Path:
    """The folder of pictures: as asked, or a new one for this session."""
    if FOLDER not in config.stash:
        asked = config.getoption("--gradient-pictures")
        place = Path(asked or tempfile.mkdtemp(prefix="gradients-"))
        place.mkdir(parents=True, exist_ok=True)
        config.stash[FOLDER] = place
    return config.stash[FOLDER]
