"""Containers that hold themselves, or nest deeper than any walk may follow, are errors, wherever they are given."""

import subprocess
import sys

import numpy as np
import pytest

import autograd
from autograd import implicit

# Each entry point, given a container `deep`. What is wrong here would end the process, so they are run in another one.
ENTRIES = {
    "jit": "jit(lambda a: 1.0)(deep)",
    "jit by name": "jit(lambda a: 1.0)(a=deep)",
    "jit result": "jit(lambda a: deep)(1.0)",
    "jit result of nodes": "jit(lambda a: nested(a))(1.0)",
    "jit strict": "with_strict(lambda: jit(lambda a: 1.0)(deep))",
    "jit of a node": "jit(lambda a, b: a)(Variable(1.0), deep)",
    "bind": "jit(lambda a: 1.0).bind(deep)",
    "guard_margin": "jit(lambda a: 1.0).guard_margin(deep)",
    "guard_margins": "jit(lambda a: 1.0).guard_margins(deep)",
    "vmap": "vmap(lambda a: 1.0)(deep)",
    "vmap shared": "vmap(lambda a, b: b, in_axes=(None, 0))(deep, np.ones(3))",
    "vmap result": "vmap(lambda a: deep)(np.ones(3))",
    "vmap axes": "vmap(lambda a: 1.0, in_axes=deep)(np.ones(3))",
    "vmap axes of results": "vmap(lambda a: 1.0, out_axes=deep)(np.ones(3))",
    "vmap by name": "vmap(lambda a: 1.0)(a=deep)",
    "vmap strict": "with_strict(lambda: vmap(lambda a: deep)(np.ones(3)))",
    "grad": "grad(lambda a: 1.0)(deep)",
    "grad result": "grad(lambda a: deep)(1.0)",
    "value_and_grad": "value_and_grad(lambda a: 1.0)(deep)",
    "aux": "value_and_grad(lambda a: (a, deep), has_aux=True)(1.0)",
    "aux array": "value_and_grad(lambda a: (a, ring), has_aux=True)(1.0)",
    "jacobian": "jacobian(lambda a: 1.0)(deep)",
    "jacobian result": "jacobian(lambda a: deep)(1.0)",
    "jacobian sparse": "jacobian(lambda a: 1.0, sparse=True)(deep)",
    "jacobian_sparsity": "jacobian_sparsity(lambda a: 1.0)(deep)",
    "hessian": "hessian(lambda a: 1.0)(deep)",
    "hessian_sparsity": "hessian_sparsity(lambda a: 1.0)(deep)",
    "jvp": "jvp(lambda a: 1.0, (deep,), (deep,))",
    "jvp tangents": "jvp(lambda a: a, (1.0,), (deep,))",
    "vjp": "vjp(lambda a: 1.0, deep)",
    "vjp cotangents": "vjp(lambda a: a, 1.0)[1](deep)",
    "hvp": "hvp(lambda a: 1.0, (deep,), (deep,))",
    "linearize": "linearize(lambda a: 1.0, deep)",
    "linearize tangents": "linearize(lambda a: a, 1.0)[1](deep)",
    "jit of grad": "jit(grad(lambda a: 1.0))(deep)",
    "grad of jit": "grad(jit(lambda a: 1.0))(deep)",
    "gradcheck": "gradcheck(lambda a: 1.0, deep)",
    "gradcheck result": "gradcheck(lambda a: deep, 1.0)",
    "implicit": "implicit.root(lambda x, a: x)(lambda a: 1.0)(deep)",
    "scan carry": "scan(lambda carry, x: (carry, None), deep, np.ones(3))",
    "scan rows": "scan(lambda carry, x: (carry, x), 1.0, (deep, deep))",
    "fori_loop": "fori_loop(0, 3, lambda number, carry: deep, 1.0)",
    "draw": "viz.draw(jit(lambda a: 1.0), deep)",
    "function of an array": "exp(ring)",
    "function of an array and a number": "hypot(ring, 1.0)",
    "operator of an array": "Variable(1.0) * ring",
}
SHAPES = {
    "holds itself": "deep = []; deep.append(deep)",
    "holds itself twice": "deep = []; deep += [deep, deep, 1.0]",
    "dict": "deep = {}; deep['a'] = deep",
    "lists": "deep = nested(1.0)",
    "tuples": "deep = nested(1.0, lambda a: (a,))",
    "dicts": "deep = nested(1.0, lambda a: {'a': a})",
}
SCRIPT = """
import sys, threading, numpy as np, viz
from autograd import *
from autograd import implicit
from autograd.testing import gradcheck

def nested(inner, around=lambda a: [a]):
    for _ in range(40_000):
        inner = around(inner)
    return inner

def with_strict(function):
    with strict():
        return function()

ring = np.empty(2, dtype=object)
ring[0] = ring
ring[1] = 1.0
SHAPE

def attempt(entry):
    try:
        eval(entry, globals())
        print("no error", flush=True)
    except Exception as error:
        print(f"{type(error).__name__}: {error}"[:300].replace("\\n", " "), flush=True)

# With that little, Python 3.13 itself ends in a crash when it frees lists in lists without end.
threading.stack_size(262_144 if sys.version_info[:2] != (3, 13) else 8 * 2**20)
for entry in ENTRIES:
    thread = threading.Thread(target=attempt, args=(entry,))
    thread.start()
    thread.join()
"""


@pytest.mark.parametrize("shape", SHAPES)
def test_no_entry_point_follows_containers_without_end(shape):
    """Each is run in a thread with as little stack as is common, in a process that a crash would end."""
    script = SCRIPT.replace("SHAPE", SHAPES[shape]).replace("ENTRIES", repr(list(ENTRIES.values())))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False)
    found = dict(zip(ENTRIES, done.stdout.splitlines(), strict=False))
    assert done.returncode == 0 and len(found) == len(ENTRIES), (len(found), found, done.stderr[-500:])
    limits = (
        "nests containers more than 200 deep, or holds itself",
        "exceed the maximum number of dimension",
        "nests arrays more than 64 deep, or holds itself",
    )
    unclear = {name: message for name, message in found.items() if not any(limit in message for limit in limits)}
    # Of dicts NumPy makes no array of numbers, which says enough.
    assert not {name for name in unclear if name != "vmap"}, unclear


def test_no_array_without_end_is_compared_with_anything():
    """NumPy's own comparison of an array that holds itself has no end."""
    ring = np.empty(1, dtype=object)
    ring[0] = ring
    with pytest.raises(TypeError, match=r"interpreted as an integer|only integer"):
        autograd.ldexp(autograd.Variable(1.0), ring)
    with pytest.raises(TypeError, match="implicit functions are made of functions, got ndarray"):
        implicit.fixed_point(ring)(ring)


def test_an_index_that_holds_itself_is_an_error():
    twice = []
    twice += [twice, twice, 0]
    for index in (twice, [(twice,)], [[1], twice]):
        with pytest.raises(autograd.OperandError, match="nests lists more than 64 deep, or holds itself"):
            autograd.take([1.0, 2.0], index)


@pytest.mark.parametrize("levels", [1, 50, 199])
def test_containers_below_the_limit_are_taken(levels):
    from autograd import grad, jit, value_and_grad

    def nested(inner):
        for level in range(levels):
            inner = [inner] if level % 2 else {"a": inner}
        return inner

    def innermost(tree):
        while not isinstance(tree, float) and hasattr(tree, "__len__"):
            tree = tree[0] if isinstance(tree, list) else tree["a"]
        return tree

    assert jit(lambda tree: nested(innermost(tree) * 2.0))(nested(1.5)) == nested(3.0)
    assert innermost(grad(lambda tree: innermost(tree) ** 2)(nested(1.5))) == 3.0
    (_, aux), _ = value_and_grad(lambda x: (x, nested(x * 2.0)), has_aux=True)(1.5)
    assert aux == nested(3.0)
