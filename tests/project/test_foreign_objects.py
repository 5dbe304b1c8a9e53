"""Objects of the compiled classes that nobody initialised, and states that are not theirs: an error, never a crash."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import autograd
from tests import PROJECT

# Crash where they are used before they are initialised: a check would stand in each of their operations.
UNGUARDED = {
    "autograd.graph.node:Constant", "autograd.graph.node:Node", "autograd.graph.node:Variable",
    "autograd.operations.kernel:Kernel", "autograd.operations.primitive:Primitive", "autograd.program.jit:Jitted",
    "autograd.program.binding:Bound", "autograd.program.machine.machine:Machine",
    "autograd.program.machine.plan:Places", "autograd.program.trace:Translation",
    "autograd.transforms.curvature:Curvature",
}  # fmt: skip


def compiled_classes():
    """The extension types of the engine, by their full names."""
    names = set()
    for module in pkgutil.walk_packages(autograd.__path__, "autograd."):
        if "llvm" in module.name or "pytest_plugin" in module.name:
            continue
        for kind in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(kind) and not kind.__flags__ & (1 << 9) and kind.__module__.startswith("autograd"):
                names.add(f"{kind.__module__}:{kind.__qualname__}")
    return sorted(names)


ATTACK = """
import contextlib, importlib, inspect, sys
module, name = sys.argv[1].split(":")
kind = getattr(importlib.import_module(module), name)
SKIPPED = {"__class__", "__init_subclass__", "__subclasshook__", "__new__", "__del__", "__getattribute__", "__dir__"}
for attribute in [one for one in dir(kind) if one not in SKIPPED]:
    print(attribute, flush=True)
    try:
        bare = kind.__new__(kind)
    except TypeError:
        break
    with contextlib.suppress(BaseException):
        found = getattr(bare, attribute)
        if callable(found):
            for arguments in ((), (0,), (None,), ([],), (bare,), (0, 0), ([], [], [])):
                with contextlib.suppress(BaseException):
                    found(*arguments)
print("done")
"""


@pytest.mark.skipif(not autograd.compiled, reason="only compiled classes can be made without being initialised")
@pytest.mark.parametrize(
    "name", [one for one in compiled_classes() if one not in UNGUARDED] if autograd.compiled else []
)
def test_an_object_that_was_not_initialised_ends_in_errors(name):
    result = subprocess.run(
        [sys.executable, "-c", ATTACK, name],
        capture_output=True, text=True, cwd=PROJECT, check=False, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert result.stdout.endswith("done\n"), (result.returncode, result.stdout.split()[-1:], result.stderr[-500:])


@pytest.mark.skipif(not autograd.compiled, reason="uncompiled classes have no states of Cython's")
def test_no_class_has_a_setter_of_states_that_cython_made():
    for name in compiled_classes():
        module, kind = name.split(":")
        assert not hasattr(getattr(importlib.import_module(module), kind), "__setstate_cython__"), name
