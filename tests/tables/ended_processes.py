"""Processes that end, are killed, fork or find the disk full at any moment, and what must hold afterwards."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import pickle
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import autograd
import viz
from autograd import Variable, cache_machine_code, exp, grad, jit, no_grad, sin, value_and_grad, vmap
from autograd.graph.modes import Mode, current_mode
from layers import Dense, Sequential
from tests import PROJECT

MACHINE_CODE = autograd.compiled and find_spec("llvmlite") is not None
TIER = "llvm" if MACHINE_CODE else "auto"


def long_chain(k, length):
    """A function of so many operations that nobody has compiled yet."""

    def function(x):
        for step in range(length):
            x = sin(x) * 1.01 + exp(x * 0.001) * (k + step)
        return x

    return function


numbers = iter(range(1, 10**9))
mapped = vmap(value_and_grad(lambda w, x: w * sin(x) if x > 0.0 else x * w), in_axes=(None, 0), reduce="sum")
ROWS = np.linspace(-1.0, 1.0, 5_000 if autograd.compiled else 500)


def compile_one():
    assert jit(lambda x, k=float(next(numbers)): sin(x) * k, tier=TIER)(0.0) == 0.0


def compile_long():
    jit(long_chain(float(next(numbers)), 300), tier=TIER)(0.5)


def compile_beside(length=1):
    """Rows enough that the compiler is started beside them."""
    vmap(long_chain(float(next(numbers)), length))(np.linspace(0.0, 1.0, 600_000 if autograd.compiled else 600))


def map_rows():
    value, slope = mapped(2.0, ROWS)
    assert abs(value - 2.0 * slope) < 1e-9 * abs(value)


def record_one():
    assert grad(jit(lambda x, k=next(numbers): x * x * k))(0.5) > 0.0


def sweep_and_collect():
    x = Variable(3.0)
    y = x * x
    y.backward()
    assert x.grad == 6.0 and pickle.loads(pickle.dumps(y)).value == 9.0
    gc.collect()


WORK = (compile_long, compile_one, map_rows, record_one, sweep_and_collect, compile_beside)


def repeat(work, stop):
    """Do work again and again, in a thread that may be cut off by the end of Python."""
    with contextlib.suppress(RuntimeError):
        while not stop.is_set():
            work()


def start(works):
    """Threads that work until they are told to stop, and what tells them."""
    stop = threading.Event()
    threads = [threading.Thread(target=repeat, args=(work, stop), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    return threads, stop


# How a process ends, and its exit status.
ENDINGS = {"end": 0, "exit": 3, "error": 1, "works at the end": 0, "joins threads": 0, "Ctrl-C": 0, "_exit": 5}
# What is registered before anything of ours is imported, runs last.
ENDING = """
import atexit, sys
late = []
atexit.register(lambda: [one() for one in late])
from tests.tables.ended_processes import end
end(sys.argv[1], float(sys.argv[2]), late)
"""


def end(how, after, late):
    """Have work done by threads, the compiler at a long function beside them, and end in the midst of it.

    None of these threads is in NumPy: Python ends threads in the midst of its C++ code, which then ends the process.
    """
    warnings.simplefilter("ignore")
    threads, stop = start((compile_one, record_one, sweep_and_collect))
    compile_beside(length=20 if MACHINE_CODE else 1)
    if how == "works at the end":
        atexit.register(compile_long)
        late += [compile_one, map_rows, record_one, compile_beside]
    if how == "joins threads":
        late += [stop.set, *[thread.join for thread in threads]]
    if how == "Ctrl-C":
        atexit.register(signal.setitimer, signal.ITIMER_REAL, 0.001, 0.001)
        late.append(lambda: signal.setitimer(signal.ITIMER_REAL, 0.0))
        signal.signal(signal.SIGALRM, ring)
    time.sleep(after)
    if how == "exit":
        sys.exit(3)
    if how == "error":
        raise ValueError
    if how == "_exit":
        os._exit(5)


def ring(*_):
    raise KeyboardInterrupt


def environment(**more):
    return os.environ | {"PYTHONPATH": str(PROJECT)} | more


def ends_withstood(count, seed, shim=None):
    """End so many processes at random moments, each way in turn, in a process that a `shim` lets take its time."""
    draw = random.Random(seed)
    settings = {} if shim is None else {"LD_PRELOAD": shim}
    for number in range(count):
        how = list(ENDINGS)[number % len(ENDINGS)]
        command = [
            sys.executable,
            "-X",
            "faulthandler",
            "-c",
            ENDING,
            how,
            str(draw.choice([0.0, draw.uniform(0.0, 0.3)])),
        ]
        done = subprocess.run(
            command, env=environment(**settings), check=False, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == ENDINGS[how], (how, done)
        # Python says itself that Ctrl-C came while it ended.
        assert how in ("error", "Ctrl-C") or done.stderr == "", (how, done.stderr)
    return count


def run_alone(task, count, seed=0):
    """The number that a task of this module gives, in a process of its own, where freed memory is marked as such."""
    command = [sys.executable, "-X", "faulthandler", "-m", __spec__.name, task, str(count), str(seed)]
    done = subprocess.run(
        command, env=environment(PYTHONMALLOC="debug"), check=False, capture_output=True, text=True, timeout=1_800
    )
    assert done.returncode == 0, (done.returncode, done.stderr[-3000:])
    return int(done.stdout)


def child(work, limit=60.0):
    """The exit status of a process forked off to work: minus the signal that ended it, `hangs` after a while."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return "hangs"


def forks_withstood(count):
    """Fork so many processes off while threads compile, map rows, record, sweep and collect; each does all that too."""

    def work():
        for one in WORK[1:5]:
            one()

    # What is imported on first use: a process forked off in the midst of an import waits for it forever, says Python.
    work()
    threads, stop = start(WORK)
    try:
        for number in range(count):
            ended = child(work)
            assert ended == 0, (number, ended)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return count


def model(seed):
    return Sequential(Dense(20, 30, "tanh"), Dense(30, 10), seed=seed)


def picture(seed):
    x = Variable(float(seed), name=f"picture {seed}")
    return viz.draw(sin(x) * x + exp(x))


# How a file is written, from the number of the try, and how it is read again: an error if it is not whole.
WRITERS = {
    "weights.npz": (lambda path, seed: model(seed).save(path), lambda path: model(0).load(path)),
    "graph.dot": (lambda path, seed: picture(seed).save(path), lambda path: path.read_text().rindex("}\n")),
    "graph.html": (lambda path, seed: picture(seed).save(path), lambda path: path.read_text().rindex("</html>")),
}
if find_spec("safetensors"):
    WRITERS["weights.safetensors"] = WRITERS["weights.npz"]


def check_folder(folder, seed, codes):
    """Assert that each file of a folder is whole, and that there is no other one; machine code runs again."""
    assert sorted(os.listdir(folder)) == sorted({*WRITERS, "code"}), os.listdir(folder)
    for name, (_, read) in WRITERS.items():
        read(folder / name)
    cache_machine_code(folder / "code")
    try:
        for k in range(codes if MACHINE_CODE else 0):
            assert jit(lambda x, k=float(k): sin(x) * k, tier="llvm")(0.0) == 0.0
    finally:
        cache_machine_code(None)
    assert not [name for name in os.listdir(folder / "code") if name.endswith(".part")]


def kills_withstood(count, seed, folder):
    """Kill so many processes at random moments while they write files of all kinds, and machine code to be kept."""
    draw = random.Random(seed)
    (folder / "code").mkdir(mode=0o700)
    for name, (write, _) in WRITERS.items():
        write(folder / name, 0)

    def write_all(order):
        cache_machine_code(folder / "code")
        while True:
            for number, name in enumerate(order):
                if name == "code":
                    for k in range(3 if MACHINE_CODE else 0):
                        jit(lambda x, k=float(k): sin(x) * k, tier="llvm")(0.5)
                    for kept in (folder / "code").iterdir():
                        kept.unlink(missing_ok=True)
                else:
                    WRITERS[name][0](folder / name, number)

    for number in range(count):
        order = draw.sample([*WRITERS, "code"], len(WRITERS) + 1)
        process = os.fork()
        if process == 0:
            write_all(order)
        time.sleep(draw.uniform(0.001, 0.08))
        os.kill(process, signal.SIGKILL)
        assert os.waitpid(process, 0)[1] == signal.SIGKILL
        check_folder(folder, number, codes=3 if number % 10 == 0 else 0)
    return count


def full_disks_withstood(count, folder):
    """Write each kind of file where there is room for a part of it: an error, and the old file is there still."""
    (folder / "code").mkdir(mode=0o700)
    for name, (write, _) in WRITERS.items():
        write(folder / name, 0)
    before = {name: (folder / name).read_bytes() for name in WRITERS}

    def write(name, size):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        # The layout engine has no room either.
        with contextlib.suppress(OSError, viz.EngineError):
            WRITERS[name][0](folder / name, 1)
            raise AssertionError(f"{name} was written into {size} bytes")

    tried = 0
    for name, content in before.items():
        for number in range(count):
            size = number * len(content) // count
            assert child(lambda name=name, size=size: write(name, size)) == 0, (name, size)
            assert {name: (folder / name).read_bytes() for name in WRITERS} == before, (name, size)
            check_folder(folder, 0, codes=0)
            tried += 1
    return tried


class Last:
    """An object in a cycle, which uses the engine when it is freed."""

    freed = 0

    def __init__(self, node):
        self.itself = self
        self.node = node

    def __del__(self):
        x = Variable(2.0)
        with no_grad():
            _ = x * x
        (x * x * self.node).backward()
        assert x.grad == 4.0 * self.node.value
        assert grad(lambda t: t * t)(3.0) == 6.0 and known(0.5) == 0.25
        Last.freed += 1


known = jit(lambda x: x * x)


def destructors_withstood(count):
    """Rounds of everything with the collector at work all the time, and objects whose end uses the engine."""
    troubles = []
    sys.unraisablehook = troubles.append
    gc.set_threshold(1)

    def step(x):
        _ = [Last(Variable(2.0)) for _ in range(5)]
        return sin(x) * x + exp(x)

    wanted = grad(step)(0.5)
    for number in range(count):
        x = Variable(0.5)
        y = step(x) * Last(x).node
        y.backward()
        assert grad(step)(0.5) == jit(grad(step))(0.5) == wanted
        assert jit(lambda x, k=float(number): step(x) * k)(0.0) == float(number)
        assert vmap(lambda x: step(x) * 2.0)(np.zeros(3)).tolist() == [2.0] * 3
        assert current_mode() == Mode()
        assert not troubles, troubles
    return Last.freed


if __name__ == "__main__":
    task, amount, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        tasks = {
            "forks": lambda: forks_withstood(amount),
            "kills": lambda: kills_withstood(amount, seed, Path(name)),
            "full disks": lambda: full_disks_withstood(amount, Path(name)),
            "destructors": lambda: destructors_withstood(amount),
        }
        print(tasks[task]())
