"""Which modules of the engine are compiled, whether their extensions are as the sources are now, and if not, why.

This file needs nothing of the package: `setup.py` runs it before there is one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from types import ModuleType

__all__ = ["Record", "check", "compiled_modules", "own_hash", "stale_modules", "superfluous_modules", "why_uncompiled"]

# Every module of these rooms is compiled, but for those that wait for the user, for files, for other threads or for
# other libraries, and those that are run once a recording, once a declaration or once for many rows: compiled, they
# were no faster in anything that was measured, and were a tenth of the build.
COMPILED_ROOMS = (
    "numbers", "operations", "graph", "arrays", "transforms", "program", "program/machine", "program/recording",
    "program/rows",
)  # fmt: skip
LEFT_AS_PYTHON = {
    "numbers/_cython", "numbers/ieee", "operations/primitives", "operations/python_math", "graph/callers",
    "graph/descriptions", "graph/locks", "graph/node_errors", "graph/overflow", "graph/records",
    "arrays/array_elements", "arrays/discrete", "arrays/discrete_arrays", "arrays/gaussian_elimination",
    "arrays/linear_algebra", "arrays/matrix_operations", "arrays/numpy_functions", "arrays/numpy_interop",
    "transforms/blocks", "transforms/kinds", "transforms/sparse", "program/callbacks",
    "program/compiled_derivatives", "program/file", "program/margins", "program/reduction", "program/slopes_at_once",
    "program/symbols", "program/tiers", "program/workers", "program/written_out", "program/recording/fixed_parts",
    "program/recording/limits", "program/rows/binding", "program/rows/call", "program/rows/executors",
    "program/rows/vmap", "program/machine/row_sums", "program/machine/threads", "program/machine/work",
}  # fmt: skip

VARIABLE = "AUTOGRAD_COMPILE"
# Tells this Python's extension modules from those of another in the same folders.
SUFFIX = EXTENSION_SUFFIXES[0]


def compiled_modules(package: str) -> list[str]:
    """The names of the modules that are compiled, such as `graph/node`; `package` is the folder `autograd`."""
    names = [
        f"{room}/{file[:-3]}"
        for room in COMPILED_ROOMS
        for file in sorted(os.listdir(os.path.join(package, room)))
        if file.endswith(".py") and file != "__init__.py"
    ]
    return [name for name in names if name not in LEFT_AS_PYTHON]


def own_hash(package: str, name: str) -> str:
    """A digest of a module's source and of the C types beside it."""
    import hashlib

    digest = hashlib.sha256()
    for path in _sources(package, name):
        with open(path, "rb") as file:
            digest.update(file.read() + b"\0")
    return digest.hexdigest()[:32]


def _sources(package: str, name: str) -> list[str]:
    paths = [os.path.join(package, name + ending) for ending in (".py", ".pxd")]
    return [path for path in paths if os.path.exists(path)]


class Record:
    """What the last build left in the package, for each kind of Python: hashes of what it compiled, or why not."""

    def __init__(self, package: str) -> None:
        import json

        self.path = os.path.join(package, "compilation.json")
        try:
            with open(self.path, encoding="utf-8") as file:
                self.known: dict[str, dict[str, str]] = json.load(file)
        except (OSError, ValueError):
            self.known = {}

    def hashes(self) -> dict[str, str]:
        """The digest of each module as it was compiled for this Python; empty if it was not."""
        return self.known.get(SUFFIX, {})

    def reason(self) -> str:
        """Why the last build left the engine uncompiled; empty if it did not, `VARIABLE=no` if it was asked to."""
        return self.known.get("uncompiled", {}).get("reason", "")

    def note_compiled(self, hashes: dict[str, str]) -> None:
        """Keep what was compiled for this Python."""
        self.known.pop("uncompiled", None)
        self.known[SUFFIX] = hashes
        self._write()

    def note_uncompiled(self, reason: str) -> None:
        """Keep why nothing was compiled."""
        self.known.pop(SUFFIX, None)
        self.known["uncompiled"] = {"reason": reason}
        self._write()

    def _write(self) -> None:
        import json

        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(self.known, file, indent=1)


def stale_modules(package: str, by_content: bool = False) -> list[str]:
    """The modules whose extension was compiled from something else than the source beside it now.

    A source that is older than its extension is taken for what was compiled, unless `by_content`; of a younger one the
    digest tells.
    """
    suspects = []
    for name in compiled_modules(package):
        built = _time(os.path.join(package, name + SUFFIX))
        if by_content or any([_time(path) > built for path in _sources(package, name)]):
            suspects.append(name)
    if not suspects:
        return []
    hashes = Record(package).hashes()
    return [name for name in suspects if hashes.get(name) != own_hash(package, name)]


def superfluous_modules(package: str) -> list[str]:
    """The modules left as Python that have an extension of an older build, which would be run in their place."""
    return [name for name in sorted(LEFT_AS_PYTHON) if os.path.exists(os.path.join(package, name + SUFFIX))]


def _time(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


class _SourcesOnly:
    """Finds the modules of the engine as Python, whether or not there is an extension module."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        found = PathFinder.find_spec(name, path, target) if name.startswith("autograd.") else None
        if found is None or found.origin is None or not found.origin.endswith(SUFFIX):
            return None
        source = found.origin.removesuffix(SUFFIX) + ".py"
        return spec_from_file_location(name, source, loader=SourceFileLoader(name, source))


def check(package: str, compiled: bool) -> None:
    """Refuse extensions that are not what the sources beside them say, and warn of an engine that is slow unasked.

    Raises ImportError in a source tree, as it is cloned or installed editably, if a module was edited since it was
    compiled: the old extension would be run in its place.
    """
    if compiled:
        if os.path.exists(os.path.join(os.path.dirname(package), "setup.py")):
            stale = superfluous_modules(package) + stale_modules(package)
            if stale:
                more = f" and {len(stale) - 1} more" if len(stale) > 1 else ""
                raise ImportError(
                    f"autograd/{stale[0]}.py{more} differs from what its extension module was compiled from, which"
                    " would be run in its place. Run `make build` (python setup.py build_ext --inplace); "
                    f"{VARIABLE}=no runs the sources as they are, uncompiled"
                )
        return
    reason = why_uncompiled(package)
    if reason:
        import warnings

        warnings.warn(
            f"autograd runs as plain Python, 10 to 20 times slower than compiled: {reason}. "
            f"`python -m autograd` tells more; the environment variable {VARIABLE}=no silences this",
            RuntimeWarning,
            stacklevel=3,
        )


def why_uncompiled(package: str) -> str:
    """Why the engine runs as plain Python; empty if it was asked to."""
    if os.environ.get(VARIABLE) == "no":
        return ""
    record = Record(package)
    reason = record.reason()
    if reason == f"{VARIABLE}=no":
        return ""
    if reason:
        return f"it could not be compiled when it was installed ({reason})"
    if record.hashes():
        return "its extension modules are missing"
    return "it was not compiled for this Python"


# Asked for plain Python, this process gets it, whatever was compiled; so this module is loaded before all others.
if os.environ.get(VARIABLE) == "no":
    sys.meta_path.insert(0, _SourcesOnly)
