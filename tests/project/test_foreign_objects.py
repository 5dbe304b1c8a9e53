"""Objects of the compiled classes that nobody initialised, and states that are not theirs: an error, never a crash."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys

import pytest

import autograd
from autograd.arrays.discrete import Condition, Discrete, Integer
from autograd.errors import AutogradError
from tests import PROJECT


def compiled_classes():
    """The extension types of the engine, by their full names."""
    names = set()
    for module in pkgutil.walk_packages(autograd.__path__, "autograd."):
        # The variants of the inner loops define nothing else, and can only be run by processors with such vector units.
        if "llvm" in module.name or "pytest_plugin" in module.name or "_blocks_" in module.name:
            continue
        for kind in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(kind) and not kind.__flags__ & (1 << 9) and kind.__module__.startswith("autograd"):
                names.add(f"{kind.__module__}:{kind.__qualname__}")
    return sorted(names)


# Each class is attacked in a process of its own, forked off one that has imported everything.
ATTACKS = """
import contextlib, copy, faulthandler, importlib, inspect, json, os, pickle, sys, tempfile
import autograd, layers, viz
from autograd import *

SKIPPED = {"__class__", "__init_subclass__", "__subclasshook__", "__new__", "__del__", "__getattribute__", "__dir__"}
# Used as what they are not, by everything that takes nodes, numbers, functions and graphs.
USES = (
    lambda a: exp(a), lambda a: autograd.sum([a, 1.0]), lambda a: a * Variable(2.0), lambda a: backward(a),
    lambda a: viz.draw(a).text(), lambda a: gradients(a * 2.0, [a]), lambda a: explain(a, a),
    lambda a: jit(lambda x: x)(a), lambda a: jit(a)(1.0), lambda a: vmap(a)([1.0]), lambda a: grad(a)(1.0),
    lambda a: grad(lambda x: x * a)(1.0), lambda a: hessian(lambda x: x * x * a)(1.0), lambda a: where(a, a, a),
    lambda a: copy.deepcopy(a), lambda a: pickle.dumps(a), lambda a: topological_order(a), lambda a: rounding(a),
    lambda a: array([a, a]), lambda a: implicit.root(a)(a), lambda a: strict().__enter__() and a * a,
    lambda a: autograd.operations.kernel.binary_kernel(a, a, a),
)

def attack(kind):
    for attribute in [one for one in dir(kind) if one not in SKIPPED]:
        print(attribute, flush=True)
        try:
            bare = kind.__new__(kind)
        except TypeError:
            break
        with contextlib.suppress(BaseException):
            found = getattr(bare, attribute)
            if callable(found):
                for arguments in ((), (0,), (None,), ([],), (bare,), (0, 0), (bare, 1.0), (bare, bare), ([], [], [])):
                    with contextlib.suppress(BaseException):
                        found(*arguments)
    for use in USES:
        print("used", flush=True)
        with contextlib.suppress(BaseException):
            use(kind.__new__(kind))
    print("done", flush=True)

for line in sys.stdin:
    module, name = line.strip().split(":")
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if not child:
            try:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
                faulthandler.dump_traceback_later(40, exit=True)
                attack(getattr(importlib.import_module(module), name))
            finally:
                os._exit(0)
        status = os.waitpid(child, 0)[1]
        said.seek(0)
        print(json.dumps([status, said.read().decode(errors="replace")[-1000:]]), flush=True)
"""


@pytest.fixture(scope="module")
def attacks():
    """A process that attacks the classes whose names it is given, a line each, and says how that ended."""
    command = [sys.executable, "-c", ATTACKS]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=PROJECT, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        process.stdin.close()


@pytest.mark.skipif(not autograd.compiled, reason="only compiled classes can be made without being initialised")
@pytest.mark.parametrize("name", compiled_classes() if autograd.compiled else [])
def test_an_object_that_was_not_initialised_ends_in_errors(attacks, name):
    print(name, file=attacks.stdin, flush=True)
    status, said = json.loads(attacks.stdout.readline())
    assert said.endswith("done\n"), (status, said)


@pytest.mark.skipif(not autograd.compiled, reason="uncompiled classes have no states of Cython's")
def test_no_class_has_a_setter_of_states_that_cython_made():
    for name in compiled_classes():
        module, kind = name.split(":")
        assert not hasattr(getattr(importlib.import_module(module), kind), "__setstate_cython__"), name


@pytest.mark.parametrize("kind", [Discrete, Condition, Integer])
def test_an_int_or_bool_of_a_trace_that_nobody_initialised_is_refused(kind):
    bare = kind.__new__(kind)
    with pytest.raises(AttributeError, match="an int or bool of a trace has no number yet"):
        bare.number
    with pytest.raises((AttributeError, TypeError, AutogradError)):
        autograd.hypot(1.0, bare)
