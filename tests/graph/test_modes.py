"""Modes entered and left in any order, by any thread, task or interrupt: what remains is what still stands."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import random
import sys
import threading

import pytest

from autograd import Variable, no_grad, scope, source_lines, strict
from autograd.graph.modes import STATE, Entry, Mode, Scope, current_mode, enable_grad, lenient, tracing, watching
from tests.tables.interruptions import interrupted_at

MANAGERS = {
    "no_grad": no_grad,
    "enable_grad": enable_grad,
    "strict": strict,
    "lenient": lenient,
    "source_lines": source_lines,
    "scope": lambda: scope("Layer"),
    "tracing": lambda: tracing(None),
    "watching": lambda: watching(print),
}


def is_recorded():
    return len((Variable(1.0) * 2.0).parents) == 2


@pytest.fixture(autouse=True)
def nothing_sticks():
    yield
    gc.collect()
    assert current_mode() == Mode()
    assert STATE.entered == 0
    assert is_recorded()


@pytest.mark.parametrize("name", MANAGERS)
def test_a_mode_that_was_not_entered_is_not_left(name):
    manager = MANAGERS[name]()
    with pytest.raises(RuntimeError, match=f"{name} was left more often than entered"):
        manager.__exit__(None, None, None)
    with pytest.raises(RuntimeError, match="left more often"), manager:
        manager.__exit__(None, None, None)
    with pytest.raises(RuntimeError, match="left more often"), contextlib.ExitStack() as stack:
        stack.push(manager)
    with manager, manager:
        pass


def suspended(manager):
    with manager:
        yield 1.0


@pytest.mark.parametrize("inner", MANAGERS)
@pytest.mark.parametrize("outer", MANAGERS)
def test_a_mode_held_by_a_generator_ends_with_it_inside_of_a_later_mode(outer, inner):
    batches = suspended(MANAGERS[outer]())
    next(batches)
    with MANAGERS[inner]():
        list(batches)
        found = current_mode()
    with MANAGERS[inner]():
        wanted = current_mode()
    names = ("recording", "strict", "trace", "watch", "origins")
    assert [getattr(found, name) for name in names] == [getattr(wanted, name) for name in names]
    assert (found.scope and found.scope.parent) is None


def test_scopes_of_any_depth_are_compared_hashed_and_shown():
    def nested(serial):
        found = None
        for number in range(100_000):
            found = Scope(f"label {number}", serial if number == 0 else number, found)
        return found

    one, same, other = nested(-1), nested(-1), nested(-2)
    assert one == same and (one != same) is False and hash(one) == hash(same) and len({one, same, other}) == 2
    assert one != other and one != None and one != one.parent  # noqa: E711
    assert repr(Scope("in\n", 2, Scope("out", 1, None))) == "<scope 'in\\n' (2) in 'out' (1)>"
    assert repr(one).startswith("<scope 'label 99999' (99999) in 'label 99998' (99998) in ")


def test_a_scope_whose_outer_one_was_left_keeps_its_number():
    batches = suspended(scope("Outer"))
    next(batches)
    with scope("Inner"):
        before = Variable(1.0) * 2.0
        list(batches)
        after = Variable(1.0) * 2.0
    assert before.scope.parent.label == "Outer"
    assert after.scope == before.scope._replace(parent=None)


def test_modes_left_in_any_order_leave_those_that_still_stand():
    generator = random.Random(0)
    settings = [no_grad, enable_grad, strict, lenient]
    for _ in range(200):
        standing = []
        for _ in range(30):
            if standing and generator.random() < 0.5:
                manager = standing.pop(generator.randrange(len(standing)))
                manager.__exit__(None, None, None)
            else:
                standing.append(generator.choice(settings)())
                standing[-1].__enter__()
            wanted = Mode()
            for manager in standing:
                wanted = wanted.but(**manager.changes(wanted))
            assert current_mode() == wanted
            assert is_recorded() == wanted.recording
            assert STATE.entered == len(standing)
        while standing:
            standing.pop().__exit__(None, None, None)


def in_thread(work):
    errors = []

    def run():
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert errors == []


def test_a_generator_that_is_continued_in_another_thread_leaves_its_mode():
    for _ in range(3):
        batches = suspended(no_grad())
        next(batches)
        assert not is_recorded()
        with strict():
            in_thread(lambda batches=batches: list(batches))
            assert is_recorded()
        assert is_recorded()


def test_a_generator_that_was_begun_in_another_thread_leaves_no_mode():
    batches = suspended(no_grad())
    in_thread(lambda: next(batches))
    assert is_recorded()
    list(batches)


def test_one_manager_in_two_threads_leaves_the_mode_of_the_one_that_leaves():
    manager, entered, left = no_grad(), threading.Event(), threading.Event()

    def other():
        with manager:
            entered.set()
            left.wait()
            assert not is_recorded()

    thread = threading.Thread(target=other)
    with manager:
        thread.start()
        entered.wait()
        assert not is_recorded()
    assert is_recorded()
    left.set()
    thread.join()


def test_tasks_that_take_turns_have_modes_of_their_own():
    async def task(manager, recorded):
        for _ in range(5):
            with manager():
                await asyncio.sleep(0.0)
                assert is_recorded() == recorded
            await asyncio.sleep(0.0)
            assert is_recorded()

    async def all_tasks():
        await asyncio.gather(*[task(*pair) for pair in ((no_grad, False), (strict, True), (enable_grad, True)) * 3])

    asyncio.run(all_tasks())


def test_a_copied_context_outlives_no_mode():
    with no_grad():
        copied = contextvars.copy_context()
        assert not copied.run(is_recorded)
    with strict():
        assert copied.run(is_recorded)


def test_a_manager_that_is_freed_leaves_its_mode():
    manager = no_grad()
    manager.__enter__()
    with strict():
        del manager
        gc.collect()
        assert is_recorded()
        assert current_mode().strict


def test_modes_left_elsewhere_take_no_memory():
    for _ in range(50):
        batches = suspended(no_grad())
        next(batches)
        in_thread(lambda batches=batches: list(batches))
        with strict():
            pass
    gc.collect()
    assert sum(type(held) is Entry for held in gc.get_objects()) < 5


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_error_of_a_destructor_that_is_kept_keeps_no_mode(monkeypatch):
    """Its traceback leads to all frames below it: to that of `__enter__`, where garbage was collected just then."""
    kept = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: kept.append(found.exc_value))

    class Freed:
        def __del__(self):
            raise KeyboardInterrupt

    class Freeing(no_grad):
        def changes(self, mode):
            Freed()
            return super().changes(mode)

    with Freeing():
        assert not is_recorded()
    assert len(kept) == 1
    assert STATE.entered == 0
    assert is_recorded()


def test_two_interrupts_one_of_them_while_managers_are_freed_leave_no_mode(monkeypatch):
    # An interrupt that comes while Python frees something is reported, and ends nothing.
    monkeypatch.setattr(sys, "unraisablehook", lambda report: None)
    x = Variable(1.0)

    def work():
        with no_grad(), scope("Layer"):
            _ = x * x

    for first in range(interrupted_at(work, sys.maxsize)):
        for second in range(4):
            errors = []
            interrupted_at(work, first, errors)
            interrupted_at(errors.clear, second)
            assert current_mode() == Mode()
            assert STATE.entered == 0
