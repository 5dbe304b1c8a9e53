"""Everything that the packages do, again and again: memory, open files and threads must stay what they were.

    python tools/soak.py --minutes 10

Each round builds and sweeps graphs, differentiates to second order, records compiled functions anew and takes new paths
in old ones, maps rows, copies and pickles, draws, trains, goes beyond the limits of recordings and of machine code, and
makes errors on the way. Measured after a tenth of the time, when caches are full, and at the end. The exit status is 1
if anything grew.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import gc
import itertools
import math
import os
import pickle
import sys
import tempfile
import threading
import time
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

import autograd
import viz
from autograd import Variable, exp, grad, hessian, jit, jvp, no_grad, sin, strict, value_and_grad, vmap
from autograd.program.program import Program
from layers import Dense, Sequential

# Growth in memory up to this is the system's own, whatever the number of rounds.
FEWEST_BYTES = 12_000_000
# The rounds after which each has been there that comes again: `beyond` has 64 of them.
FEWEST_ROUNDS = 65
# The rounds after which also the compiler has been at work beside the functions for which that pays.
COMPILED_ROUNDS = 400
PAGE = os.sysconf("SC_PAGE_SIZE")


class Use(NamedTuple):
    """The resources of a process: bytes of memory in use, open files, threads, and objects that the collector knows."""

    memory: int
    files: int
    threads: int
    objects: int


def use():
    """The resources that this process uses now."""
    gc.collect()
    memory = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
    return Use(memory, len(os.listdir("/proc/self/fd")), threading.active_count(), len(gc.get_objects()))


def curve(x):
    """A function that takes one of several paths."""
    total = x[0] * 0.0
    for a, b in itertools.pairwise(x):
        total = total + sin(a) * exp(b) if a < b else total - a * b
    return total


known = jit(curve, max_paths=4)
mapped = vmap(value_and_grad(lambda w, x: w * x if x > 0.0 else sin(w)), in_axes=(None, 0), reduce="mean")


full = jit(lambda x, number, **options: x * number, max_paths=3)
full_of_subsets = jit(lambda *x: autograd.sum(x), max_paths=3)
full_of_paths = jit(lambda x: next(k * x for k in range(60) if x < k), max_paths=3)
full_of_rows = vmap(lambda x: next(k * x for k in range(60) if x < k), max_paths=3)
MACHINE_CODE = autograd.compiled and find_spec("llvmlite") is not None


def graphs(number):
    """Graphs built, swept, copied and pickled, and errors while one is built."""
    x, w = Variable(0.5, name=f"x{number}"), Variable(-1.5)
    y = autograd.sum([x * w, exp(x), autograd.maximum(x, w), 1.0]) ** 2
    for _ in range(200):
        y = y * 0.5 + x
    y.backward()
    with no_grad():
        assert (y + x).parents == ()
    with strict(), contextlib.suppress(autograd.DomainError):
        autograd.log(w)
    copied = pickle.loads(pickle.dumps(copy.deepcopy(y)))
    assert copied.value == y.value
    with contextlib.suppress(TypeError):
        y * "a"


def transforms(number):
    """Derivatives of first and second order."""
    point = [0.1, 0.2 + number % 7, 0.3]
    grad(curve)(point)
    hessian(curve)(point)
    jvp(curve, (point,), (point,))
    grad(grad(lambda t: sin(t) * exp(t)))(0.1)


def compiled(number):
    """A compiled function on its known paths, and another recorded anew; rows."""
    point = [math.sin(number * place) for place in range(1, 4)]
    assert abs(known(point) - curve(point)) < 1e-12
    fast = jit(curve)
    fast(point)
    assert Program.from_bytes(fast.paths[0].program.to_bytes()) == fast.paths[0].program
    mapped(0.5, np.linspace(-1.0, 1.0, 3_000))


def training(number):
    """A training, and its weights saved and loaded."""
    model = Sequential(Dense(2, 3, "tanh"), Dense(3, 1), seed=number)
    inputs = np.linspace(-1.0, 1.0, 20).reshape(10, 2)
    model.fit(inputs, inputs.sum(axis=1, keepdims=True), epochs=2, progress=False)
    with tempfile.TemporaryDirectory() as folder:
        model.load(model.save(Path(folder) / "weights.npz"))


def pictures(number):
    """Drawings as text, and now and then by the layout engine."""
    x = Variable(1.0, name=f"x{number}")
    drawing = viz.draw((x * 2.0).exp() + x)
    assert drawing.text()
    assert drawing.mermaid()
    if number % 10 == 0:
        drawing.svg()


def beyond(number):
    """Calls of compiled functions that have all the recordings that they may have, and ever more of machine code."""
    with warnings.catch_warnings(), contextlib.suppress(ValueError):
        warnings.simplefilter("ignore")
        chosen = [Variable(float(k)) if number >> k & 1 else float(k) for k in range(6)]
        assert full(0.5, number) == 0.5 * number
        assert full(0.5, number=1, **{f"option_{number}": 1.0}) == 0.5
        assert full(0.5, (number, lambda: number)[0]) == 0.5 * number
        grad(full)(0.5, number)
        full_of_subsets(*chosen)
        full_of_paths(float(number % 50))
        if MACHINE_CODE and number % 4 == 0:
            assert jit(lambda x, k=float(number): x * k + k, tier="llvm")(0.5) == 1.5 * number
        # Of a mapped function it is an error.
        full_of_rows(np.arange(3.0) + number % 50)


WORK = (beyond, graphs, transforms, compiled, training, pictures)


def soak(seconds, fewest=FEWEST_ROUNDS):
    """The number of rounds run in this time, and the resources in use after a tenth of it and at the end.

    On a machine that has other work too it takes longer, until there are rounds enough.
    """
    started = time.monotonic()
    rounds = 0
    warm = None
    while True:
        elapsed = time.monotonic() - started
        if warm is None and elapsed > seconds / 10 and rounds >= fewest:
            warm, begun = use(), rounds
        if warm is not None and elapsed > seconds and rounds >= 2 * begun:
            return rounds, warm, use()
        for work in WORK:
            work(rounds)
        rounds += 1


def growth(rounds, warm, end):
    """The resources that grew, as a list of texts."""
    grown = []
    if end.memory - warm.memory > FEWEST_BYTES:
        grown.append(f"{end.memory - warm.memory:,} bytes of memory in {rounds} rounds")
    if end.files > warm.files:
        grown.append(f"{end.files - warm.files} open files")
    # The threads that map rows are as many as processors, and started when there is work for one more.
    if end.threads > max(warm.threads, 2 + (os.cpu_count() or 1)):
        grown.append(f"{end.threads - warm.threads} threads")
    # An object a round would be a leak.
    if end.objects - warm.objects > max(200, rounds // 4):
        grown.append(f"{end.objects - warm.objects} objects in {rounds} rounds")
    return grown


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    found = soak(60.0 * parser.parse_args().minutes, COMPILED_ROUNDS)
    print(f"{found[0]} rounds; after a tenth of the time {found[1]}, at the end {found[2]}")
    print(*growth(*found) or ["nothing grew"], sep="\n")
    sys.exit(bool(growth(*found)))
