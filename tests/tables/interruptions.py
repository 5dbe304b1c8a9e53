"""Ctrl-C at chosen points: what is interrupted, how, and what must hold afterwards."""

from __future__ import annotations

import copy
import dis
import functools
import gc
import itertools
import math
import os
import pickle
import random
import signal
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import autograd
from autograd import Variable, exp, grad, hessian, jit, no_grad, scope, sin, strict, value_and_grad, vmap
from autograd.graph.locks import no_forks
from autograd.graph.modes import STATE, Mode, current_mode, enable_grad
from layers import Dense, Sequential

# Signals come in the libraries below the packages as well: in those that have locks, these are managers in Python.
PACKAGES = tuple(
    [str(Path(autograd.__file__).resolve().parent.parent / name) + os.sep for name in ("autograd", "layers")]
    + [str(Path(threading.__file__).parent / name) for name in ("threading.py", "queue.py", "concurrent" + os.sep)]
    + [str(Path(found).parent) + os.sep for spec in [find_spec("llvmlite")] if spec and (found := spec.origin)]
)


class Sweep:
    """A sweep into leaves that have a gradient already."""

    def __init__(self):
        self.x, self.w = Variable(0.5), Variable(2.0)
        self.inner = self.x * self.w + autograd.sum([self.x, self.w, 1.0])
        self.y = (self.inner + self.x) * self.inner
        self.x.grad, self.w.grad = 100.0, 200.0

    def work(self):
        self.y.backward()

    def check(self):
        # Each sweep is there in full or not at all; its marks are gone, so that the next one meets everything.
        before = (self.x.grad, self.w.grad)
        self.y.backward()
        steps = self.x.grad - before[0], self.w.grad - before[1]
        # y = (i + x) i with i = x w + x + w + 1 = 4.5: dy/di = 9.5, dy/dx = 9.5 · 3 + 4.5, dy/dw = 9.5 · 1.5.
        assert steps == (33.0, 14.25), steps
        sweeps = (before[0] - 100.0) / 33.0
        assert sweeps == (before[1] - 200.0) / 14.25 == round(sweeps), before


class Modes:
    """Modes within each other."""

    def __init__(self):
        self.x = Variable(2.0)

    def work(self):
        with no_grad(), scope("Outer"):
            _ = self.x * self.x
            with strict(), enable_grad(), scope("Inner"):
                _ = self.x * self.x

    def check(self):
        assert len((self.x * self.x).parents) == 2
        assert (self.x * self.x).scope is None
        assert math.isnan(autograd.log(-1.0 * self.x).value)


def curve(x):
    total = x[0] * 0.0
    for a, b in itertools.pairwise(x):
        total = total + sin(a) * exp(b) if a < b else total - a * b
    return total


class Transforms:
    """First and second derivatives."""

    def __init__(self):
        self.point = [0.5, 1.0, 0.25]

    def work(self):
        return grad(curve)(self.point), hessian(curve)(self.point), grad(grad(lambda t: sin(t) * exp(t)))(0.5)

    def check(self):
        slope, second, third = self.work()
        a, b, c = self.point
        assert np.allclose(slope, [math.cos(a) * math.exp(b), math.sin(a) * math.exp(b) - c, -b], rtol=1e-15)
        mixed = math.cos(a) * math.exp(b)
        wanted = [[-math.sin(a) * math.exp(b), mixed, 0.0], [mixed, math.sin(a) * math.exp(b), -1.0], [0.0, -1.0, 0.0]]
        assert np.allclose(second, wanted, rtol=1e-15)
        assert math.isclose(third, 2.0 * math.cos(0.5) * math.exp(0.5), rel_tol=1e-15)


class Compiled:
    """The recording of a compiled function, and of another path of it; its derivative."""

    def __init__(self):
        self.fast = jit(lambda x, y: curve([x, y, 0.25]))

    def work(self):
        return self.fast(0.5, 1.0), self.fast(1.0, 0.5), grad(self.fast)(0.5, 1.0)

    def check(self):
        assert self.work() == (curve([0.5, 1.0, 0.25]), curve([1.0, 0.5, 0.25]), grad(curve)([0.5, 1.0, 0.25])[0])
        [paths] = self.fast.recordings.known.values()
        assert self.fast.paths[0] is paths.root


class Rows:
    """Rows that take two paths."""

    def __init__(self):
        self.rows = np.linspace(-1.0, 1.0, 5)
        self.mapped = vmap(value_and_grad(lambda w, x: w * x if x > 0.0 else sin(w)), in_axes=(None, 0), reduce="sum")

    def work(self):
        return self.mapped(0.5, self.rows)

    def check(self):
        value, slope = self.work()
        assert math.isclose(value, 0.75 + 3.0 * math.sin(0.5), rel_tol=1e-15)
        assert math.isclose(slope, 1.5 + 3.0 * math.cos(0.5), rel_tol=1e-15)


class SharedRows:
    """Rows that several threads run."""

    def __init__(self):
        self.rows = np.linspace(0.1, 1.0, 20_000 if autograd.compiled else 2_500)
        self.mapped = vmap(lambda x: sin(exp(sin(x))) * exp(sin(exp(x))), reduce="sum")

    def work(self):
        return self.mapped(self.rows)

    def check(self):
        assert self.work() == self.work()
        assert math.isclose(self.work(), sum(math.sin(math.exp(math.sin(x))) * math.exp(math.sin(math.exp(x)))
                            for x in self.rows.tolist()), rel_tol=1e-12)  # fmt: skip


class MachineCode:
    """Machine code, made and freed."""

    def __init__(self):
        self.made = 0

    def work(self):
        self.made += 1
        return jit(lambda x, k=float(self.made): sin(x) * k + k, tier="llvm")(0.5)

    def check(self):
        for _ in range(2):
            assert math.isclose(self.work(), (math.sin(0.5) + 1.0) * self.made, rel_tol=1e-15)
        # Nobody holds up a fork, nor what waits for the compiler in the background.
        assert no_forks.acquire(timeout=30.0)
        no_forks.release()


class Copies:
    """Pickles and copies of a graph."""

    def __init__(self):
        self.y = Variable(1.0, name="x")
        for _ in range(5):
            self.y = self.y * 0.5 + self.y

    def work(self):
        return pickle.loads(pickle.dumps(self.y)), copy.deepcopy(self.y)

    def check(self):
        for node in (self.y, self.y.parents[0]):
            for copied in (pickle.loads(pickle.dumps(node)), copy.deepcopy(node)):
                copied.backward()
                leaves = [leaf for leaf in autograd.topological_order(copied) if leaf.name == "x"]
                assert [leaf.grad for leaf in leaves] == [node.value]


class Training:
    """A training, which ends there with parameters from one of its steps."""

    X = np.linspace(-1.0, 1.0, 6).reshape(3, 2)
    y = np.array([[0.5], [0.0], [1.0]])

    def __init__(self):
        self.model = Sequential(Dense(2, 2, "tanh"), Dense(2, 1), seed=0)

    def values(self):
        return np.concatenate([array.ravel() for array in self.model.state_dict().values()])

    def fit(self, epochs, callbacks=()):
        return self.model.fit(
            self.X, self.y, optimizer="sgd", epochs=epochs, batch_size=None, progress=False, callbacks=callbacks
        )

    def work(self):
        # Ctrl-C ends the training and nothing else; before its first step it is an error like any other.
        self.fit(3)

    def check(self):
        found = self.values()
        assert np.isfinite(found).all()
        assert any([np.array_equal(found, values) for values in self.steps()])
        loss = self.model.evaluate(self.X, self.y)
        assert self.fit(5).loss[-1] < loss

    @classmethod
    def steps(cls):
        """The parameters after each number of steps, from an undisturbed training."""
        if "_steps" not in vars(cls):
            other = cls()
            cls._steps = [other.values()]
            other.fit(300, [lambda epoch: cls._steps.append(other.values())])
        return cls._steps


SUBJECTS = [Sweep, Modes, Transforms, Compiled, Rows, SharedRows, Copies, Training]
if autograd.compiled and find_spec("llvmlite"):
    SUBJECTS.append(MachineCode)


def modes_held(seconds=10.0):
    """What holds the modes that are still entered, in any thread: nothing, once garbage is gone and others are done.

    An error that refers to itself keeps the frames it passed, and their managers, until garbage is collected.
    """
    deadline = time.monotonic() + seconds
    while STATE.entered and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    held = []
    for reference in STATE.entries:
        holders = gc.get_referrers(reference())
        held.append([repr(owner)[:200] for holder in holders for owner in gc.get_referrers(holder)])
    return held


def check(subject):
    """Assert that a subject is in order, asked from another thread: no lock is held, no mode entered."""
    assert not modes_held()
    assert current_mode() == Mode()
    errors = []

    def ask():
        try:
            subject.check()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(60.0)
    assert not thread.is_alive(), "a lock is held"
    if errors:
        raise errors[0]


@functools.cache
def points_of(code):
    """The offsets of the instructions before which Ctrl-C may come: those behind calls, jumps back and the entry.

    Where such a one is the last of a `try` or `with`, the error belongs inside, but tracing can raise it only outside;
    these few are left to signals at random times.
    """
    regions = [(entry.start, entry.end, entry.target) for entry in dis._parse_exception_table(code)]

    def inside(offset):
        return [target for start, end, target in regions if start <= offset < end]

    points = set()
    for instruction, following in itertools.pairwise(dis.get_instructions(code)):
        name = instruction.opname
        looks = name.startswith(("CALL", "JUMP_BACKWARD", "POP_JUMP_BACKWARD")) or name == "RESUME"
        if looks and inside(instruction.offset) == inside(following.offset):
            points.add(following.offset)
    return points


def interrupted_at(work, point, errors=None):
    """The number of points in the packages that were passed, `work` being interrupted at this one, counted from 0.

    The error is kept in the list `errors`, and with it all that the interrupted functions refer to.
    """
    passed = 0

    def step(frame, what, _):
        nonlocal passed
        if what == "opcode" and frame.f_lasti in points_of(frame.f_code):
            passed += 1
            if passed > point:
                sys.settrace(None)
                raise KeyboardInterrupt
        return step

    def enter(frame, what, _):
        if not frame.f_code.co_filename.startswith(PACKAGES):
            return None
        frame.f_trace_opcodes = True
        return step

    previous = sys.gettrace()
    sys.settrace(enter)
    try:
        work()
    except KeyboardInterrupt as error:
        if errors is not None:
            errors.append(error)
    finally:
        sys.settrace(previous)
    return passed


def interrupt_everywhere(kind, most=sys.maxsize):
    """Interrupt work of this kind at each point, or at `most` of them spread evenly; how often."""
    kind().work()
    passed = interrupted_at(kind().work, sys.maxsize)
    count = min(passed, most)
    for number in range(count):
        subject = kind()
        point = number * passed // count
        interrupted_at(subject.work, point)
        try:
            check(subject)
        except BaseException as error:
            error.add_note(f"{kind.__name__} was interrupted at point {point} of {passed}")
            raise
    return count


def interrupt_by_signals(kind, rounds, seed, together=1):
    """Interrupt work of this kind by an alarm at random times; how often that came in time.

    A subject is interrupted so many times `together` before it is looked at.
    """
    generator = random.Random(seed)
    armed = False
    hits = 0

    def ring(number, frame):
        nonlocal armed
        if armed:
            armed = False
            raise KeyboardInterrupt

    usual = signal.signal(signal.SIGALRM, ring)
    try:
        for number in range(rounds):
            if number % together == 0:
                subject = kind()
            try:
                armed = True
                signal.setitimer(signal.ITIMER_REAL, generator.uniform(1e-5, 5e-3))
                while armed:
                    subject.work()
            except KeyboardInterrupt:
                hits += 1
            finally:
                armed = False
                signal.setitimer(signal.ITIMER_REAL, 0.0)
            if number % together == together - 1:
                check(subject)
    finally:
        signal.signal(signal.SIGALRM, usual)
    return hits
