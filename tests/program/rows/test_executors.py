"""Rows on executors: the bits of one process, errors with their row, and nothing lost where workers are."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pytest

from autograd import Variable, grad, jit, value_and_grad, vmap
from autograd.errors import OperandError
from autograd.program.rows.executors import run_pickled_block, version
from autograd.program.tiers import settled
from tests.tables.branching import deciding

COUNT = 70_001
ROWS = np.random.default_rng(0).normal(size=(COUNT, 2))
POINT = np.array([1.1, 0.7, 0.3])


class Answer(NamedTuple):
    value: float
    count: int


def answer(point, scale):
    return Answer(point["x"] * scale, point["n"] + 1)


def failing(x):
    if x > 3.0:
        raise ValueError("no good")
    return x


class Peculiar(Exception):
    def __init__(self, one, other):
        super().__init__(f"{one} and {other}")


def failing_peculiarly(x):
    raise Peculiar("one", x)


def killing_once(folder, x):
    """A worker that runs this for the first time is gone."""
    try:
        os.close(os.open(folder, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return x
    return killing(x)


def killing(x):
    os.kill(os.getpid(), signal.SIGKILL)
    return x


class Backwards(Executor):
    """Runs what it was given last first, here, when somebody waits."""

    def __init__(self):
        self.tasks = []

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        self.tasks.append((future, function, args, kwargs))
        if len(self.tasks) >= 3:
            self.run()
        return future

    def run(self):
        while self.tasks:
            future, function, args, kwargs = self.tasks.pop()
            if future.set_running_or_notify_cancel():
                future.set_result(function(*args, **kwargs))


def spawned():
    return ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))


EXECUTORS = {
    "threads": lambda: ThreadPoolExecutor(3),
    "forked": lambda: ProcessPoolExecutor(2, multiprocessing.get_context("fork")),
    "spawned": spawned,
    "from a server": lambda: ProcessPoolExecutor(2, multiprocessing.get_context("forkserver")),
}


@pytest.fixture(params=EXECUTORS, scope="module")
def executor(request):
    with EXECUTORS[request.param]() as made:
        yield made


SUMS = vmap(value_and_grad(deciding), (None, 0), "sum")


def alone(mapped):
    return jit(mapped, tier=settled("auto"))


def test_sums_have_the_bits_of_one_process(executor):
    value, gradient = SUMS.on(executor)(POINT, ROWS)
    expected, expected_gradient = alone(SUMS)(POINT, ROWS)
    assert value == expected
    assert np.array_equal(gradient, expected_gradient)


@pytest.mark.parametrize("block", [1024, 8192, 1 << 20])
def test_sums_have_the_same_bits_for_blocks_of_any_length(block):
    with ThreadPoolExecutor(3) as threads:
        assert SUMS.on(threads, block=block)(POINT, ROWS)[0] == alone(SUMS)(POINT, ROWS)[0]


def test_blocks_may_come_back_in_any_order():
    backwards = Backwards()
    run = SUMS.on(backwards, block=1024 * 8, at_once=3)
    assert run(POINT, ROWS)[0] == alone(SUMS)(POINT, ROWS)[0]


def test_means_stacks_and_mixtures_of_them(executor):
    mapped = vmap(lambda p, x: [deciding(p, x), x[0], x[1]], (None, 0), ("mean", None, "sum"))
    if not isinstance(executor, ThreadPoolExecutor):
        pytest.importorskip("cloudpickle")
    mean, each, total = mapped.on(executor)(POINT, ROWS)
    expected = alone(mapped)(POINT, ROWS)
    assert (mean, total) == (expected[0], expected[2])
    assert np.array_equal(each, expected[1])


def test_containers_keywords_ints_and_axes(executor):
    numbers = np.arange(40_000)
    point = {"x": ROWS[:40_000, 0], "n": numbers}
    found = vmap(answer, in_axes=({"x": 0, "n": 0}, None)).on(executor)(point, 2.0)
    assert isinstance(found, Answer)
    assert np.array_equal(found.value, 2.0 * ROWS[:40_000, 0])
    assert found.count.dtype.kind == "i"
    assert np.array_equal(found.count, numbers + 1)
    total = vmap(answer, in_axes=({"x": 0, "n": 0}, None), reduce="sum").on(executor)(point, 2.0)
    assert total.count == int((numbers + 1).sum())
    assert type(total.count) is type(alone(vmap(answer, ({"x": 0, "n": 0}, None), "sum"))(point, 2.0).count)
    turned = vmap(deciding, in_axes=(None, 1), out_axes=0).on(executor)(POINT, ROWS.T)
    assert np.array_equal(turned, alone(vmap(deciding, (None, 0)))(POINT, ROWS))


def test_lists_and_few_rows(executor):
    assert vmap(failing).on(executor)([1.0, 2.0]).tolist() == [1.0, 2.0]
    assert vmap(failing, reduce="sum").on(executor)(np.zeros(0)) == 0.0


def test_files_that_are_mapped_are_read_where_they_are_used(tmp_path, executor):
    np.save(tmp_path / "rows.npy", ROWS)
    read = np.load(tmp_path / "rows.npy", mmap_mode="r")
    expected = alone(SUMS)(POINT, ROWS)[0]
    assert SUMS.on(executor)(POINT, read)[0] == expected
    # A part of such a file has no place of its own in it.
    assert SUMS.on(executor)(POINT, read[1:])[0] == alone(SUMS)(POINT, ROWS[1:])[0]


class Reader:
    """Rows that nobody holds: each block is made when it is asked for."""

    shape, ndim, dtype = (COUNT, 2), 2, np.dtype(float)
    missing = 0

    def __len__(self):
        return COUNT

    def __getitem__(self, rows):
        return ROWS[rows][self.missing :]


class Liar(Reader):
    missing = 1


def test_readers_are_asked_for_their_rows_by_the_worker(executor):
    assert SUMS.on(executor)(POINT, Reader())[0] == alone(SUMS)(POINT, ROWS)[0]
    with pytest.raises(OperandError, match="Liar says that it has more rows than it gave: 16,383 of rows 0 to 16,384"):
        SUMS.on(executor)(POINT, Liar())
    with pytest.raises(OperandError, match="first axis"):
        vmap(deciding, (None, 1)).on(executor)(POINT, Reader())


class Broken(Reader):
    """A reader whose rows from 20,000 on can't be had, or are others than it says."""

    def __init__(self, given):
        self.given = given

    def __getitem__(self, rows):
        if rows.start < 20_000:
            return super().__getitem__(rows)
        if self.given is None:
            raise OSError("the disk is gone")
        return np.full((rows.stop - rows.start, *np.shape(self.given)), self.given)


def test_what_a_reader_can_not_give_is_told_with_its_rows(executor):
    with pytest.raises(OSError, match="the disk is gone") as caught:
        SUMS.on(executor)(POINT, Broken(None))
    assert caught.value.__notes__ == [f"{SUMS.__name__}: in the block that begins with row 32,768"]
    message = r"says that a row has the shape \(2,\), and gave rows 32,768 to 49,152 of the shape \(3,\)"
    with pytest.raises(OperandError, match=message):
        SUMS.on(executor)(POINT, Broken([1.0, 2.0, 3.0]))
    with pytest.raises(TypeError, match="not of numbers") as caught:
        SUMS.on(executor)(POINT, Broken(["one", "two"]))
    assert "row 32,768" in caught.value.__notes__[0]


def test_an_error_of_the_function_says_in_which_row_and_the_first_one_counts(executor):
    with pytest.raises(ValueError, match="no good") as caught:
        vmap(failing).on(executor)(np.linspace(0.0, 4.0, 100_000))
    assert caught.value.__notes__ == ["in row 75,000 of the rows of failing"]
    if not isinstance(executor, ThreadPoolExecutor):
        with pytest.raises(RuntimeError, match="Peculiar: one and") as caught:
            vmap(failing_peculiarly).on(executor)(np.ones(5))
        assert "in row 0 of the rows of failing_peculiarly" in caught.value.__notes__
    assert vmap(failing).on(executor)(np.ones(3)).tolist() == [1.0] * 3


def test_a_block_whose_worker_was_lost_is_run_again(tmp_path):
    mapped = vmap(killing_once, (None, 0), "sum")
    assert mapped.on(spawned)(str(tmp_path / "killed"), np.ones(100_000)) == 100_000.0
    with spawned() as processes, pytest.raises(Exception, match="terminated") as caught:
        mapped.on(processes)(str(tmp_path / "again"), np.ones(100_000))
    assert "with a function that makes one" in caught.value.__notes__[0]
    with pytest.raises(Exception, match="terminated") as caught:
        vmap(killing).on(spawned, retries=1)(np.ones(5))
    assert "lost rows 0 and following 2 times" in caught.value.__notes__[0]


ELSEWHERE = """
import pickle, subprocess, sys
from concurrent.futures import Executor, Future
import numpy as np
from autograd import jit, vmap
from autograd.program.rows.executors import run_pickled_block, version
from autograd.program.tiers import settled

class Elsewhere(Executor):
    # Workers that know nothing of this script, as those of another machine.
    def submit(self, function, /, *args):
        code = "import pickle, sys; f, args = pickle.load(sys.stdin.buffer); pickle.dump(f(*args), sys.stdout.buffer)"
        made = subprocess.run([sys.executable, "-c", code], input=pickle.dumps((function, args)), stdout=-1, check=True)
        future = Future()
        future.set_result(pickle.loads(made.stdout))
        return future

SCALE = 3.0

def scaled(point, x):
    return point["x"] * x * SCALE

def refusing(x):
    return x.missing

rows = np.arange(5.0)
mapped = vmap(scaled, (None, 0), "sum")
print(mapped.on(Elsewhere())({"x": 0.7}, rows) == jit(mapped, tier=settled("auto"))({"x": 0.7}, rows))
try:
    vmap(refusing).on(Elsewhere())(rows)
except AttributeError as error:
    print("missing" in str(error), error.__notes__)
"""


def test_a_function_of_the_script_is_sent_to_workers_that_have_another(tmp_path):
    pytest.importorskip("cloudpickle")
    script = tmp_path / "script.py"
    script.write_text(ELSEWHERE)
    command = [sys.executable, str(script)]
    found = subprocess.run(command, check=False, capture_output=True, text=True, cwd=os.getcwd(), env=with_path())
    assert found.stdout.splitlines() == ["True", "True ['in row 0 of the rows of refusing']"], found.stderr


def with_path():
    return os.environ | {"PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])}


def test_what_a_worker_can_not_load_is_told_with_its_rows():
    failure = run_pickled_block(version(), pickle.dumps(failing).replace(b"failing", b"missing"), b"", 2048)
    assert isinstance(failure.error, RuntimeError)
    assert "can't load what it is to run for rows 2,048 and following: AttributeError" in str(failure.error)
    assert "in a module that workers can import" in str(failure.error)


def test_a_worker_of_another_version_is_told():
    failure = run_pickled_block("9.9", b"", b"", 0)
    assert f"a worker with version {version()} of this package by one with 9.9; install" in str(failure.error)


def test_progress_is_told_and_what_waits_is_taken_back_when_it_interrupts():
    told = []

    def progress(done, count):
        told.append((done, count))
        if len(told) == 2:
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as threads, pytest.raises(KeyboardInterrupt):
        vmap(failing).on(threads, block=1024, progress=progress)(np.ones(1024 * 50))
    assert [count for _, count in told] == [51_200] * 2
    began = time.monotonic()
    with ThreadPoolExecutor(1) as threads:
        vmap(failing).on(threads, progress=lambda *done: told.append(done))(np.ones(5))
    assert told[-1] == (5, 5)
    assert time.monotonic() - began < 5.0


def test_what_can_not_be_handed_out_is_refused():
    with ThreadPoolExecutor(1) as threads:
        run = vmap(failing).on(threads)
        with pytest.raises(OperandError, match="take derivatives inside"):
            run([Variable(1.0)])
        with pytest.raises(OperandError, match=r"take \.on\(\.\.\.\) out of jit"):
            jit(run)(np.ones(3))
        with pytest.raises(OperandError, match=r"take \.on\(\.\.\.\) out of jit|take derivatives inside"):
            grad(lambda x: run(x)[0])(np.ones(3))
        for wrong in (0, 1000, 3 * 1024, -1024):
            with pytest.raises(ValueError, match="a block has 1024 rows times a power of 2"):
                vmap(failing).on(threads, block=wrong)
        with pytest.raises(ValueError, match="at_once is a number of blocks"):
            vmap(failing).on(threads, at_once=0)
    with pytest.raises(TypeError, match="or a function that makes one, got int 3"):
        vmap(failing).on(3)
    with spawned() as processes, pytest.raises(ValueError, match="differ in their number of rows"):
        vmap(lambda x, y: x).on(processes)(np.ones(3), np.ones(4))


def test_a_cluster_gives_the_same_bits_though_a_worker_is_killed():
    command = [sys.executable, "-W", "ignore", "-m", "tests.tables.cluster"]
    found = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    assert found.stdout == "the same bits, and nothing lost\n", found.stderr
