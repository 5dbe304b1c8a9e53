"""`python -m autograd`: the version, whether the engine is compiled, and which parts of it are usable here."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import sys
from collections.abc import Iterator

import autograd
from autograd.compilation import VARIABLE, why_uncompiled

DISTRIBUTION = "scalar-autograd"


def report() -> Iterator[tuple[str, str]]:
    """What is told, as a subject and a line each; no path of this machine is in it, so that it can be shown."""
    system = f"{platform.system()} {platform.machine()}"
    yield (
        "version",
        f"{autograd.__version__} on {platform.python_implementation()} {platform.python_version()}, {system}",
    )
    yield "compiled", compiled()
    yield "tiers", tiers()
    yield "pictures", engines()
    yield from extras()


def compiled() -> str:
    """Whether the engine is compiled, and if it is not, why."""
    if autograd.compiled:
        return "yes"
    why = why_uncompiled(os.path.dirname(autograd.__file__)) or f"{VARIABLE}=no asked for plain Python"
    return f"no, which is 10 to 20 times slower: {why}"


def tiers() -> str:
    """What runs compiled functions here."""
    from autograd.program.machine.block import vector_bits

    interpreter = f"interpreter (vectors of {vector_bits()} bits, {os.cpu_count()} processors)"
    if importlib.util.find_spec("llvmlite") is None:
        return f"{interpreter}; no machine code: pip install '{DISTRIBUTION}[jit]'"
    return f"{interpreter}; machine code by llvmlite {importlib.metadata.version('llvmlite')}"


def engines() -> str:
    """The layout engines for pictures, the one that is used first."""
    from viz.layout.engine import available_engines, version_of

    found = [f"{version_of(engine)} ({engine.source})" for engine in available_engines()]
    return ", ".join(found) or f"no layout engine, text only: pip install '{DISTRIBUTION}[viz]'"


def extras() -> Iterator[tuple[str, str]]:
    """For each extra of the distribution what it has, and what of that is missing."""
    try:
        required = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        yield "extras", f"not known, as {DISTRIBUTION} was not installed by pip"
        return
    packages: dict[str, list[str]] = {}
    for requirement in required:
        named = re.match(r"([\w.-]+).*extra == ['\"](\w+)['\"]", requirement)
        if named is not None and named[1] != DISTRIBUTION and named[2] not in ("all", "bench", "test"):
            packages.setdefault(named[2], []).append(named[1])
    for extra, names in packages.items():
        lines = [f"{name} {version}" if (version := version_of_package(name)) else f"no {name}" for name in names]
        hint = f": pip install '{DISTRIBUTION}[{extra}]'" if any([line.startswith("no ") for line in lines]) else ""
        yield f"extra {extra}", ", ".join(lines) + hint


def version_of_package(name: str) -> str:
    """The version of an installed package; empty if it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def main() -> int:
    """Print the report."""
    for subject, line in report():
        print(f"{subject:18} {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
