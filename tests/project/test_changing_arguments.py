"""Containers that change while they are read, by what they hold or by another thread: an error, never a crash."""

import subprocess
import sys

import pytest

from tests import PROJECT

# Run in a process of its own, which a read beyond an array would end.
START = """
import contextlib, threading, time
import numpy as np
import autograd, layers, viz
from autograd import *
from autograd import implicit

USES = (
    lambda c: jit(lambda a: 1.0)(c), lambda c: jit(lambda a: a)(c), lambda c: jit(lambda a, b: a)(1.0, c),
    lambda c: jit(lambda a: 1.0).bind(c)(), lambda c: jit(lambda a: 1.0).guard_margins(c), lambda c: known(c),
    lambda c: jit(lambda a: c)(1.0), lambda c: grad(lambda a: 1.0)(c), lambda c: jacobian(lambda a: c)(1.0),
    lambda c: hessian(lambda a: 1.0)(c), lambda c: jvp(lambda a: 1.0, (c,), (c,)), lambda c: vmap(lambda a: a)(c),
    lambda c: vmap(lambda a, b: b, in_axes=(None, 0))(c, np.ones(3)), lambda c: autograd.sum(c), lambda c: norm(c),
    lambda c: dot(c, c), lambda c: where(c, c, c), lambda c: exp(c), lambda c: array(c), lambda c: take([1.0, 2.0], c),
    lambda c: scan(lambda k, x: (k, None), c, c), lambda c: implicit.root(lambda x, a: x)(lambda a: 1.0)(c),
    lambda c: gradients(Variable(1.0) * 2.0, c), lambda c: layers.Dense(3, 1, seed=0)(c), lambda c: viz.draw(c),
    lambda c: with_strict(lambda: jit(lambda a: 1.0)(c)), lambda c: linearize(lambda a: 1.0, c)[1](c),
)
known = jit(lambda a: 1.0)

def with_strict(function):
    with strict():
        return function()
"""
BY_WHAT_THEY_HOLD = """
ANSWERS = dict.fromkeys(("__float__", "__getitem__", "__neg__", "__add__", "__radd__"), 1.0)
ANSWERS |= {"__index__": 1, "__len__": 1, "__hash__": 1, "__eq__": True, "__array__": [1.0], "__iter__": iter(())}
ANSWERS["__class__"] = float  # What `isinstance` asks for.
CHANGES = (
    lambda c: c.clear(),
    lambda c: c.update({str(k): 1.0 for k in range(50)}) if isinstance(c, dict) else c.extend([[1.0]] * 50),
    lambda c: c.update(dict.fromkeys(list(c))) if isinstance(c, dict) else c.__setitem__(slice(None), [None]),
)

def changing(container, change, methods, base):
    def answer(name):
        def method(self, *_):
            change(container)
            return ANSWERS[name]

        return property(method) if name == "__class__" else method

    return type("Changing", (base,), {name: answer(name) for name in methods})()

for use in USES:
    for change in CHANGES:
        for methods in (*[(one,) for one in ANSWERS], ("__class__", "__float__"), tuple(ANSWERS)):
            for base in (object,) if "__class__" in methods else (object, float):
                listed = [1.0, 2.0]
                listed += [changing(listed, change, methods, base), 1.0, Variable(2.0), *[0.5] * 20]
                named = {"a": 1.0}
                named.update(b=changing(named, change, methods, base), c=1.0)
                for given in (listed, named, [listed, 1.0]):
                    with contextlib.suppress(Exception):
                        use(given)
"""
BY_ANOTHER_THREAD = """
import sys

listed, named, over = [], {}, threading.Event()

def change():
    number = 0
    while not over.is_set():
        number += 1
        listed.clear()
        listed.extend([1.0] * (number % 70))
        named.clear()
        named.update({str(k): [1.0] * (number % 5) for k in range(number % 60)})

threads = [threading.Thread(target=change) for _ in range(2)]
for thread in threads:
    thread.start()
sys.setswitchinterval(1e-6)
for use in USES:
    end = time.monotonic() + 0.2
    while time.monotonic() < end:
        for given in (listed, named, [listed, named]):
            with contextlib.suppress(Exception):
                use(given)
over.set()
"""
END = """
x = Variable(3.0)
(x * x).backward()
print(x.grad, jit(lambda a: a[0] * a[1])([2.0, 3.0]), grad(lambda t: t * t)(3.0))
"""


@pytest.mark.parametrize("change", [BY_WHAT_THEY_HOLD, BY_ANOTHER_THREAD], ids=["by what they hold", "by a thread"])
def test_containers_may_change_while_they_are_read(change):
    command = [sys.executable, "-X", "faulthandler", "-W", "ignore", "-c", START + change + END]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "6.0 6.0 6.0\n"), done.stderr[-2000:]
