"""Work in another thread belongs to the recording, or is refused: it never goes unseen."""

import asyncio
import contextlib
import contextvars
import operator
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from autograd import (
    Node,
    TraceError,
    Variable,
    exp,
    grad,
    gradients,
    jacobian,
    jit,
    maximum,
    no_grad,
    sum,
    value_and_grad,
    vjp,
    vmap,
    where,
)

pytestmark = pytest.mark.usefixtures("beside_others")

MESSAGE = (
    r"(?s)belongs to a function that is being compiled, in another thread .*contextvars.copy_context\(\).run.*numbers"
)


def in_thread(function, *arguments):
    """The result of a function that is run in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()


def without_recording(x):
    with no_grad():
        return x * 2.0


def branch(x):
    return x * x if x > 0.0 else -x


WORK = {
    "branch": branch,
    "product": lambda x: x * x,
    "product with a number": lambda x: 2.0 * x,
    "function": exp,
    "sum": lambda x: sum([x, x, x]),
    "comparison": lambda x: 1.0 if x == 2.0 else 2.0,
    "truth": lambda x: 1.0 if x else 2.0,
    "value": operator.attrgetter("value"),
    "detach": Node.detach,
    "no_grad": without_recording,
    "where": lambda x: where(x > 0.0, x, 1.0),
    "maximum": lambda x: maximum(x, 1.0),
    "sort": lambda x: np.sort(np.array([x, 1.0], dtype=object))[0],
    "array": lambda x: np.exp(np.array([x, 1.0], dtype=object))[0],
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "local gradients": operator.attrgetter("local_gradients"),
    "backward": Node.backward,
    "gradients": lambda x: gradients(x, x),
    "grad": grad(branch),
    "vjp": lambda x: vjp(branch, x)[0],
    "jit": jit(branch),
    "jit of the gradient": jit(grad(branch)),
    "vmap": lambda x: vmap(branch)(np.array([x, x])),
}


@pytest.mark.parametrize("transform", [jit, lambda f: jit(grad(f)), lambda f: grad(jit(f))], ids=["jit", "of", "in"])
@pytest.mark.parametrize("work", WORK)
def test_work_of_another_thread_on_what_is_recorded_is_refused(work, transform):
    for inner in (lambda x: x, lambda x: x * 1.5):
        with pytest.raises(TraceError, match=MESSAGE):
            transform(lambda x, inner=inner: x + in_thread(WORK[work], inner(x)))(2.0)


def test_rows_are_not_worked_on_by_another_thread():
    with pytest.raises(TraceError, match=MESSAGE):
        vmap(lambda x: in_thread(branch, x))(np.array([1.0, -2.0]))


def test_a_closure_over_what_another_recording_computes_is_refused():
    with pytest.raises(TraceError, match="belongs to another recording"):
        jit(lambda x: in_thread(jit(lambda y: x * y), 3.0))(2.0)


@pytest.mark.parametrize(
    "run",
    [
        lambda f, x: in_thread(contextvars.copy_context().run, f, x),
        lambda f, x: asyncio.run(asyncio.to_thread(f, x)),
    ],
    ids=["copied context", "to_thread"],
)
def test_work_in_a_copy_of_the_context_is_recorded(run):
    fast = jit(lambda x: run(branch, x))
    assert [fast(2.0), fast(-3.0), fast(4.0), len(fast.paths)] == [4.0, 3.0, 16.0, 2]


def test_differentiated_functions_may_use_threads():
    function = value_and_grad(lambda x: in_thread(branch, x) + in_thread(exp, x * 0.0))
    assert [function(2.0), function(-3.0)] == [(5.0, 4.0), (4.0, -1.0)]
    assert jacobian(lambda x: list(ThreadPoolExecutor(2).map(branch, [x, -x])))(3.0) == [6.0, -1.0 + 2.0]


def test_other_threads_work_on_nodes_of_their_own_while_a_function_is_recorded():
    shared = Variable(3.0)
    begun, done = threading.Event(), threading.Event()
    found = []

    def others():
        begun.wait(30)
        y = Variable(2.0)
        found.extend([(y * shared).value, 1.0 if y > 1.0 else 0.0, grad(branch)(2.0), jit(branch)(2.0)])
        done.set()

    def recorded(x):
        begun.set()
        assert done.wait(30)
        return x * shared

    thread = threading.Thread(target=others)
    thread.start()
    assert jit(recorded)(2.0) == 6.0
    thread.join()
    assert found == [6.0, 1.0, 4.0, 4.0]


def test_what_a_recording_leaves_behind_can_be_read_afterwards():
    kept = []
    jit(lambda x: kept.append(x * 2.0) or x)(3.0)
    with no_grad():
        assert kept[0].value == 6.0 and (kept[0] * 2.0).value == 12.0 and kept[0] > 5.0
    assert in_thread(lambda: kept[0].value) == 6.0


@pytest.mark.parametrize("argument", [3.0, [3.0, 2.0]], ids=["number", "list"])
def test_arguments_of_differentiated_functions_are_not_pickled(argument):
    with pytest.raises(TraceError, match=r"can't be pickled or sent to another process.* Send its \.value"):
        value_and_grad(lambda x: pickle.loads(pickle.dumps(x)))(argument)
    with pytest.raises(TraceError, match="can't be pickled"):
        grad(lambda x: pickle.loads(pickle.dumps(sum([x, 1.0]) if isinstance(x, float) else x)))(3.0)
    with pytest.raises(TraceError, match="can't be pickled"):
        grad(lambda x: in_thread(lambda: pickle.loads(pickle.dumps(x * x))))(3.0)


def quietly_in_thread(function, *arguments):
    """Run a function in a thread whose errors reach nobody."""

    def run():
        with contextlib.suppress(Exception):
            function(*arguments)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@pytest.mark.parametrize("default", [[], [0.0]])
@pytest.mark.parametrize("transform", [jit, lambda f: jit(grad(f)), lambda f: lambda x: vmap(f)(np.array([x]))])
def test_an_error_that_a_thread_keeps_to_itself_refuses_the_recording(transform, default):
    def function(x):
        found = list(default)
        quietly_in_thread(lambda: found.append(x * x))
        return found[-1] + x

    assert function(2.0) == 6.0 and grad(function)(2.0) == 5.0
    with pytest.raises(TraceError, match=MESSAGE):
        transform(function)(2.0)
    # The next recording knows nothing of it.
    assert jit(lambda x: x + 1.0)(2.0) == 3.0
