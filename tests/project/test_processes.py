"""Other processes and interpreters: what is sent to them works, and a fork at any moment leaves nothing locked."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest

import autograd
from autograd import Variable, exp, grad, jit, no_grad, scope, sin, value_and_grad, vmap
from autograd.graph.locks import check_interpreter_lock, no_forks
from autograd.program.machine.machine import Machine
from autograd.program.recording.signature import Signature
from autograd.program.recording.trace import record
from layers import Dense, Sequential
from tests import PROJECT


def wave(x, y):
    return sin(x) * exp(y)


def steep(x):
    return x * x if x > 0.0 else -x


def loss(w, x):
    return (w[0] * x + w[1]) ** 2


def graph():
    x = Variable(2.0, name="x")
    with scope("Layer"):
        y = sin(x) * x + 1.0
    y.backward()
    return x, y


def cargo():
    """One of everything that is sent to other processes, and what it gives there."""
    x, y = graph()
    program = record(wave, Signature((0.5, 0.25), {}), [0.5, 0.25]).program
    model = Sequential(Dense(2, 3, "tanh"), Dense(3, 1), seed=0)
    return {
        "graph": (x, y), "compiled": jit(wave), "of a branch": jit(steep), "derivative": grad(wave),
        "mapped": vmap(value_and_grad(loss), in_axes=(None, 0), reduce="mean"), "program": program, "model": model,
    }  # fmt: skip


def unpacked(sent):
    """The results of everything in the cargo."""
    x, y = sent["graph"]
    x.grad = 0.0
    y.backward()
    value, slope = sent["mapped"](np.array([1.0, 2.0]), np.linspace(0.0, 1.0, 3_000))
    results = {name: sent[name](0.5, 0.25) for name in ("compiled", "derivative", "program")}
    branches = [sent["of a branch"](x) for x in (2.0, -2.0)]
    predicted = sent["model"].predict([[1.0, 2.0]]).tolist()
    return y.value, x.grad, y.scope.label, results, branches, value, slope.tolist(), sent["program"].hash, predicted


def work_on(connection):
    connection.send(unpacked(connection.recv()))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_everything_can_be_sent_to_another_process(method):
    context = multiprocessing.get_context(method)
    here, there = context.Pipe()
    process = context.Process(target=work_on, args=(there,), daemon=True)
    process.start()
    try:
        here.send(cargo())
        assert here.poll(60.0), "no answer"
        assert here.recv() == unpacked(cargo())
    finally:
        process.kill()
        process.join()


def test_what_is_pickled_stays_usable_here():
    sent = cargo()
    pickle.dumps(sent)
    assert unpacked(sent) == unpacked(cargo())


@pytest.fixture
def forked():
    """A function that runs another in a process forked off, and says whether it ended well, and in time."""

    def run(child):
        process = os.fork()
        if process == 0:
            status = 1
            try:
                status = 0 if child() else 2
            finally:
                os._exit(status)
        deadline = time.monotonic() + 30.0
        while time.monotonic() < deadline:
            found, status = os.waitpid(process, os.WNOHANG)
            if found:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.002)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        return "hangs"

    return run


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_forked_off_while_threads_map_rows_can_map_them_itself(forked):
    mapped = vmap(value_and_grad(loss), in_axes=(None, 0), reduce="mean")
    weights, rows = np.array([1.0, 2.0]), np.linspace(0.0, 1.0, 20_000 if autograd.compiled else 2_000)
    wanted = mapped(weights, rows)[0]
    stop = threading.Event()

    def keep_mapping():
        while not stop.is_set():
            mapped(weights, rows)

    threads = [threading.Thread(target=keep_mapping) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert [forked(lambda: mapped(weights, rows)[0] == wanted) for _ in range(5)] == [0] * 5
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_forked_off_during_a_recording_can_record_itself(forked):
    inside, go_on = threading.Event(), threading.Event()

    def slow(x):
        inside.set()
        go_on.wait(30.0)
        return sin(x)

    fast = jit(slow)
    thread = threading.Thread(target=fast, args=(0.5,))
    thread.start()
    try:
        inside.wait(30.0)

        def child():
            go_on.set()
            return fast(0.5) == sin(0.5)

        assert forked(child) == 0
    finally:
        go_on.set()
        thread.join()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_forked_off_inside_a_mode_is_in_that_mode(forked):
    x = Variable(2.0)
    with no_grad():
        assert forked(lambda: (x * x).parents == ()) == 0
    assert forked(lambda: len((x * x).parents) == 2) == 0


@pytest.mark.skipif(not autograd.compiled, reason="machine code needs the compiled engine")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_forked_off_while_the_compiler_runs_can_compile_itself(forked):
    pytest.importorskip("llvmlite")

    def long(x):
        for step in range(400):
            x = sin(x) * 1.01 + 0.001 * step
        return x

    started = threading.Event()

    def compile_one():
        started.set()
        jit(long, tier="llvm")(0.5)

    thread = threading.Thread(target=compile_one)
    thread.start()
    started.wait(30.0)
    try:
        for pause in (0.01, 0.02, 0.05):
            time.sleep(pause)
            assert forked(lambda: abs(jit(wave, tier="llvm")(0.5, 0.25) - wave(0.5, 0.25)) < 1e-15) == 0
    finally:
        thread.join()


@pytest.mark.skipif(not autograd.compiled, reason="machine code needs the compiled engine")
def test_machine_code_is_freed_only_while_no_process_can_be_forked_off():
    # LLVM locks itself while it frees machine code: a process forked off at that moment could never compile.
    pytest.importorskip("llvmlite")
    from autograd.program.llvm.native import NativeCode

    def is_freed(engine):
        # The thread that makes machine code frees it too.
        for _ in range(3000):
            if engine() is None:
                return True
            time.sleep(0.01)
        return False

    jit(wave, tier="llvm")(0.5, 0.25)
    program = record(wave, Signature((0.5, 0.25), {}), [0.5, 0.25]).program
    plan = Machine(program, [True, True]).plan

    def garbage():
        """Machine code that only the garbage collector finds, and its engine."""
        cycle = [NativeCode(plan, rows=True)]
        cycle.append(cycle)
        return weakref.ref(cycle[0].engine)

    engine = garbage()
    gc.collect()
    assert is_freed(engine)
    engine = garbage()
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with no_forks:
            held.set()
            let_go.wait(30.0)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30.0)
    gc.collect()
    time.sleep(0.05)
    assert not engine().closed
    let_go.set()
    thread.join()
    assert is_freed(engine)


def run_alone(program):
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=PROJECT, check=False, timeout=120
    )


IN_ANOTHER_INTERPRETER = """
import sys
sys.path.insert(0, "")
try:
    from autograd import Variable
except ImportError as error:
    print("refused:", error, flush=True)
else:
    x = Variable(3.0)
    (x * x).backward()
    print("served:", x.grad, flush=True)
"""

WITH_ANOTHER_INTERPRETER = f"""
import sys
from autograd import Variable
interpreters = __import__("_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters")
def sweep():
    x = Variable(3.0)
    (x * x).backward()
    return x.grad
assert sweep() == 6.0
other = interpreters.create()
interpreters.run_string(other, {IN_ANOTHER_INTERPRETER!r})
interpreters.destroy(other)
assert sweep() == 6.0
"""


def test_a_second_interpreter_in_the_process_is_refused_compiled_and_served_uncompiled():
    result = run_alone(WITH_ANOTHER_INTERPRETER)
    assert result.returncode == 0, result.stderr
    if autograd.compiled:
        # Cython says the one, and Python 3.14 the other, before Cython is asked.
        said = r"(can only be loaded into one interpreter per process|does not support loading in subinterpreters)"
        assert re.match(rf"refused: .* {said}", result.stdout)
    else:
        assert result.stdout == "served: 6.0\n"


def test_rows_are_mapped_while_python_shuts_down():
    result = run_alone("""
import atexit, numpy
from autograd import sin, vmap
mapped = vmap(sin, reduce="sum")
rows = numpy.linspace(0.0, 1.0, 5_000)
wanted = mapped(rows)
atexit.register(lambda: print(mapped(rows) == wanted, flush=True))
""")
    assert (result.returncode, result.stdout, result.stderr) == (0, "True\n", "")


def test_without_the_interpreter_lock_the_engine_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    with pytest.raises(ImportError, match=r"start Python with -X gil=1 or PYTHON_GIL=1, or compile the engine"):
        check_interpreter_lock()
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: True)
    check_interpreter_lock()


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("forced", [True, False])
def test_importing_the_packages_without_the_interpreter_lock_is_refused_unless_they_switch_it_on(compiled, forced):
    """As such a Python would find them: `sys._is_gil_enabled` is what it has, and others have not."""
    # Loading a module that does not declare otherwise switches the lock on, but not where PYTHON_GIL=0 is set.
    node = "sys.modules.get('autograd.graph.node')"
    enabled = f"not {forced} and getattr({node}, '__file__', '.py')[-3:] != '.py'"
    program = f"import sys; sys._is_gil_enabled = lambda: {enabled}; import layers, viz; print(layers.Dense(2, 1).n_in)"
    environment = os.environ | {"PYTHONPATH": str(PROJECT)} | ({} if compiled else {"AUTOGRAD_COMPILE": "no"})
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment
    )
    if compiled and autograd.compiled and not forced:
        # Each module would have to declare that it can do without; Cython does so for this directive alone.
        assert found.stdout == "2\n", found.stderr
        assert "freethreading_compatible" not in (PROJECT / "setup.py").read_text()
    else:
        assert found.returncode == 1 and "start Python with -X gil=1" in found.stderr


def test_numbers_are_differentiated_and_compiled_where_there_is_no_numpy():
    program = (
        "import sys; sys.modules['numpy'] = None\n"
        "from autograd import Variable, grad, jit\n"
        "print(grad(lambda x: x * x)(3.0), jit(grad(lambda x: x * x if x > 0.0 else x))(3.0))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment
    )
    assert found.stdout.split() == ["6.0", "6.0"], found.stderr
