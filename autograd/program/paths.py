"""The paths of a function: one program for each way that its decisions fell, in a tree.

A path's program says which of its guards fails first for given inputs. The path to try next is the child for that
guard: it was recorded where the decisions before it fell the same way, and that one the other way. These need not be
looked at again, so a call may begin anywhere in the tree (`Descent`), and does with the path that the last one took.
Where there is no such child yet, the function is run once more on these inputs, and becomes it; or, where that would
cost more than it can save, the function is run by Python: see `recording.limits`.
"""

from __future__ import annotations

import gc
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from autograd.graph.locks import Lock
from autograd.graph.node import clock, value_of
from autograd.operations.primitives import Equal
from autograd.program.machine.machine import Machine
from autograd.program.program import Guard, Program
from autograd.program.recording.limits import (
    MANY_RUNS,
    Budget,
    Notices,
    TooManyPaths,
    most_signatures,
    too_many_signatures,
    too_many_ways,
)
from autograd.program.recording.signature import Signature
from autograd.program.recording.surroundings import Surroundings, surroundings_of
from autograd.program.recording.trace import Trace, Traced, record
from autograd.program.tiers import count_work, prepared
from autograd.program.workers import Job, compiler
from autograd.transforms.kinds import result_leaf
from autograd.transforms.tape import Tape
from autograd.transforms.taped_run import name_of
from autograd.transforms.trees import Structure, flatten

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.graph.node import new_constant

__all__ = ["Descent", "Path", "PathTree", "Recordings", "TooManyPaths"]

# To write a program's loops out takes as long as so many calls of it.
LOOK_AGAIN = 4000
# From one of so few paths to another it is not far.
FEW = 4
# In lines of so many operations loops are found again: calls of shorter ones are as fast as those of loops, or faster.
SHORTEST_LINE = 10_000


@contextmanager
def collector_paused() -> Iterator[None]:
    """A context in which Python's cycle collector doesn't run.

    A recording makes many objects, none of them garbage before its end: looking through them again and again takes up
    to half the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def faster(machine: Machine, traced: Traced) -> Machine:
    """The machine, or one for the same program written out if that takes less time."""
    from autograd.program import written_out

    # Where there is no memory for the line, the loops go on.
    with collector_paused(), suppress(MemoryError):
        return written_out.faster(machine, traced)
    return machine


def rolled_up(
    trace: Trace, arguments: list[Any], results: list[Any], before: int, tape: Tape | None = None
) -> list[Any]:
    """The results of a run that is being recorded since this serial number, with loops found again if it is long."""
    if not may_be_long(arguments, before):
        return results
    # It needs NumPy, which most functions can do without.
    from autograd.program.loops import found

    return found.rolled_up(trace, arguments, results, before, SHORTEST_LINE, tape)


def may_be_long(arguments: list[Any], before: int) -> bool:
    """Whether a line of operations may be long that begins with these arguments, made since this serial number."""
    return clock() - before - len(arguments) >= SHORTEST_LINE


def slopes_at_once(primitive: Any, operands: tuple[Any, ...]) -> Any:
    """The operation that is all slopes of a primitive of many operands, if there is one."""
    from autograd.program import slopes_at_once

    return slopes_at_once.slopes_at_once(primitive, operands)


def hessian_by_terms(trace: Trace, arguments: list[Any], results: list[Any], before: int) -> Any:
    """The lower triangle of the Hessian of the result of a run likewise, if it is a sum of terms that are alike."""
    if not may_be_long(arguments, before) or len(results) != 1:
        return None
    from autograd.program.loops import terms

    return terms.hessian_by_terms(trace, arguments, results[0], before, SHORTEST_LINE)


@cython.final
@cython.cclass
class Path:
    """One way through a function: its program, the paths that branch off, and how often it was taken."""

    def __init__(self, traced: Traced, tier: str) -> None:
        self.tier = tier
        self.traced = traced
        self.program = traced.program
        self.variables = traced.variables
        self.outputs = traced.outputs
        self.children: dict[int, Path] = {}
        self.hits = 0
        # In its tree, by their numbers: itself, the path that it branches off from, at which guard, and that of the
        # paths behind it, or itself, which was taken last.
        self.number = self.parent = self.branch = self.latest = -1
        # At so many calls, a program with loops is written out, to see whether that is faster.
        self.look_again = LOOK_AGAIN
        self.trial: Job | None = None
        self.machines: dict[Any, Machine] = {}
        # That for one row alone, once it is there.
        self.alone: Machine | None = None

    def take_over(self, other: Path) -> None:
        """Become another path, which holds for all that this one holds for."""
        self.traced = other.traced
        self.program, self.variables, self.outputs = other.program, other.variables, other.outputs
        self.machines, self.alone, self.trial = {}, None, None

    def machine(self, varying: bytes | None = None, summed: bool | tuple[bool, ...] = False) -> Machine:
        """The program made ready to run: for one row, or for rows in which some inputs vary and outputs are summed.

        `varying` has a 1 for each input that varies, else a 0.
        """
        key = (varying, summed)
        machine = self.machines.get(key)
        if machine is None:
            inputs = varying
            if varying is not None:
                # Nodes that the function closes over come behind its numbers, and are the same for all rows.
                inputs = varying.ljust(self.program.inputs, b"\0")
            with collector_paused():
                program = self.program
                if program.externals:
                    from autograd.program.loops.at_once import with_loops_at_once

                    program = with_loops_at_once(program)
                made = Machine(program, inputs, summed, keeps_plan=self.tier == "llvm")
                machine = self.machines.setdefault(key, prepared(made, self.tier))
        return machine

    def machine_alone(self) -> Machine:
        """The program made ready to run for one row."""
        if self.alone is None:
            self.alone = self.machine()
        return self.alone

    def count_call(self, machine: Machine) -> None:
        """Note one more call; now and then, see whether machine code would pay."""
        self.hits += 1
        # A program that was written out since stays with the interpreter.
        if self.hits % machine.often == 0 and (machine.has_loops or machine.program is self.program):
            count_work(machine, self.tier, machine.often)
        if machine.has_loops and self.hits >= self.look_again and self.tier != "llvm":
            self.choose(machine)

    def choose(self, machine: Machine) -> None:
        """Have it tried whether the program is faster with its loops or written out, and run that once it is known.

        It takes as long as some hundred calls, so another thread does it.
        """
        trial = self.trial
        if trial is None:
            self.look_again = self.hits + LOOK_AGAIN
            # Machine code may be being made at this moment; and where no thread can be had, the loops go on.
            if machine.code is None or machine.code[0] is not None:
                with suppress(RuntimeError):
                    self.trial = compiler().submit(partial(faster, machine, self.traced))
                    self.look_again = self.hits
        elif trial.is_done():
            self.look_again, self.trial = sys.maxsize, None
            self.alone = trial.wait()

    def decisions(self) -> list[tuple[str, int, bool]]:
        """File, line and outcome of each decision."""
        return [(guard.file, guard.line, guard.outcome) for guard in self.program.guards]

    def __repr__(self) -> str:
        fell = ", ".join([f"line {line}: {outcome}" for _, line, outcome in self.decisions()[:8]])
        more = ", ..." if len(self.program.guards) > 8 else ""
        return f"<path of {len(self.program)} operations, taken {self.hits} times{': ' if fell else ''}{fell}{more}>"


def is_about_ways(program: Program, guard: int) -> bool:
    """Whether a guard asks whether all turns of a loop went ways that are known."""
    place = program.guards[guard].condition - program.first
    code = program.codes[place] if place >= 0 else 0
    if code >= 0:
        return False
    operation: Any = program.externals[program.codes[program.operands[program.starts[place]] - program.first]]
    return bool(operation.ways_at == ~code)


@cython.final
@cython.cclass
class PathTree:
    """The paths of a function for one signature of its arguments: a tree that branches at guards.

    There are at most `limit` of them, and if that is None, as many as are worth their cost.
    """

    def __init__(
        self,
        fun: Callable[..., Any],
        signature: Signature,
        limit: int | None,
        tier: str,
        notices: Notices,
        over_rows: bool = False,
        watched: Surroundings | None = None,
    ) -> None:
        self.fun = fun
        self.over_rows = over_rows
        self.signature = signature
        self.limit = limit
        self.tier = tier
        self.notices = notices
        self.watched = watched
        # The places of comparisons that every recording decides at once: see `Trace`.
        self.asked: dict[tuple[int, int], Any] = {}
        self.root: Path | None = None
        # The path that a call begins with: that of the last one, unless there are few.
        self.last: Path | None = None
        # All of them, in the order in which they were recorded: by their numbers.
        self.recorded: list[Path] = []
        # By a path's number and a guard which asks whether a number is this one: the paths for others, by the number.
        self.choices: dict[tuple[int, int], dict[float, int]] = {}
        # Whether the rows of the last call took several paths.
        self.apart = False
        self.budget = Budget()
        self.refused: TooManyPaths | None = None
        # One thread records at a time.
        self.lock = Lock()

    def first(self, numbers: Sequence[float]) -> Path:
        """The path that is tried first."""
        if self.root is None:
            with self.lock.here():
                if self.root is None:
                    self.root = self.new(numbers)
        return self.root

    def after(self, path: Path, guard: int, numbers: Sequence[float]) -> Path:
        """The path to try where this guard of a path is the first that fails, as it does for these inputs.

        TooManyPaths if there is none, and there can't be one more.
        """
        child = path.children.get(guard)
        if child is None:
            with self.lock.here():
                child = path.children.get(guard)
                if child is None:
                    self.check_limits(path.program.guards[guard])
                    child = self.new(numbers, path.traced.loops, path.number, guard)
                    if is_about_ways(path.program, guard) and child.decisions() == path.decisions():
                        # The same path, but that a loop in it knows more ways through its body.
                        path.take_over(child)
                        self.recorded.pop()
                        return path
                    self.note_choice(path, guard, child)
                    path.children[guard] = child
        return child

    def note_choice(self, path: Path, guard: int, child: Path) -> None:
        """Note under which numbers a path and its child are found, if that is what its guard asks for."""
        own, other = choice_at(path.program, guard), choice_at(child.program, guard)
        if own is not None and other is not None:
            choices = self.choices.setdefault((path.number, guard), {own[1]: path.number})
            choices[other[1]] = child.number
            self.choices[child.number, guard] = choices
            # All are as far from the root: the first one stands for what they have in common.
            child.parent = next(iter(choices.values()))

    def note_taken(self, path: Path) -> None:
        """Note that a call took this path, and not the same as the last one."""
        self.last = path if len(self.recorded) > FEW else self.root
        path.latest = path.number
        before = path
        while before.parent >= 0:
            before = self.recorded[before.parent]
            before.latest = path.number

    def check_limits(self, guard: Guard) -> None:
        """Raise TooManyPaths if a path that leaves at this guard would be one too many, or too dear."""
        if self.limit is not None:
            if len(self.recorded) >= self.limit:
                raise too_many_ways(name_of(self.fun), self.limit, guard)
            return
        # For each row that Python runs, so without a walk through the tree.
        hits = 0
        for path in self.recorded:
            hits += path.hits
        if not self.budget.allows(hits):
            raise self.budget.refusal(name_of(self.fun), guard, hits)

    def by_python(self, signal: TooManyPaths, numbers: Sequence[float]) -> tuple[array[float], Structure]:
        """The numbers of the result for these inputs, as Python computes them on constants, and its structure."""
        began = time.perf_counter()
        if self.watched is not None:
            self.watched.begin_run()
        returned = self.signature.call(self.fun, [new_constant(number) for number in numbers])
        results, structure = flatten(returned, f"the output of {name_of(self.fun)}", result_leaf)
        self.budget.count_run(time.perf_counter() - began)
        if self.watched is not None:
            self.watched.keep_state()
        if not signal.by_cost or self.budget.runs >= MANY_RUNS:
            self.notices.warn(signal)
        return array("d", [value_of(result) for result in results]), structure

    def new(self, numbers: Sequence[float], loops: Sequence[Any] = (), parent: int = -1, guard: int = -1) -> Path:
        """The path of these inputs; TooManyPaths if it, or one before it, is too long to be recorded.

        It leaves the one of the number `parent` at this guard, which has the `loops` in its bodies.
        """
        if self.refused is not None:
            raise self.refused.again()
        began = time.perf_counter()
        if self.watched is not None:
            self.watched.begin_run()
        try:
            with collector_paused():
                roll_up = None if self.over_rows else rolled_up
                trace = Trace(
                    self.over_rows,
                    loops,
                    roll_up=roll_up,
                    by_terms=hessian_by_terms,
                    at_once=slopes_at_once,
                    asked=self.asked,
                )
                traced = record(self.fun, self.signature, numbers, trace)
                path = Path(traced, self.tier)
        except TooManyPaths as signal:
            self.refused = signal.again()
            raise
        if self.watched is not None:
            self.watched.keep_state()
        path.number = path.latest = len(self.recorded)
        path.parent, path.branch = parent, guard
        self.recorded.append(path)
        self.budget.count_path(len(path.program), time.perf_counter() - began)
        return path

    def __iter__(self) -> Iterator[Path]:
        pending = [] if self.root is None else [self.root]
        while pending:
            path = pending.pop()
            yield path
            pending.extend(path.children.values())


def choice_at(program: Program, guard: int) -> tuple[int, float] | None:
    """The value and the number that it must be for a guard to hold; None if that asks for anything else."""
    if guard >= len(program.guards) or not program.guards[guard].outcome:
        return None
    place = program.guards[guard].condition - program.first
    if place < 0 or program.codes[place] < 0 or program.names[program.codes[place]] != Equal.name:
        return None
    start = program.starts[place]
    left, right = program.operands[start], program.operands[start + 1]
    if program.inputs <= left < program.first:
        left, right = right, left
    if not program.inputs <= right < program.first:
        return None
    return left, program.constants[right - program.inputs]


@cython.final
@cython.cclass
class Descent:
    """The way of one call through the tree, after the first path that it tried has failed.

    The call belongs below the path `entered`. Instead of that, the path below it that was taken last is tried: where
    that fails tells where the two part, or that it was `entered` that should have been tried. A path whose guards all
    hold is the right one, however it was come to, so this is about speed alone; a new one is recorded where a walk from
    guard to guard would have recorded it.
    """

    def __init__(self, tree: PathTree) -> None:
        self.tree = tree
        self.entered = 0
        # The last guard at which a path was chosen by a number: another choice is at one behind it.
        self.chosen = -1

    def next(self, path: Path, machine: Machine, failed: int, numbers: Sequence[float]) -> Path:
        """The path to try where this guard failed, when the machine ran this path."""
        tree = self.tree
        recorded = tree.recorded
        choices = tree.choices.get((path.number, failed)) if tree.choices and failed > self.chosen else None
        if choices is not None:
            self.chosen = failed
            choice: Any = choice_at(machine.program, failed)
            found = None if choice is None else choices.get(machine.value(choice[0]))
            if found is None:
                return self.below(recorded[next(reversed(choices.values()))], failed, numbers)
            if found != path.number:
                return self.enter(recorded[found])
        while path.number != self.entered and failed <= path.branch:
            branch, path = path.branch, recorded[path.parent]
            if failed == branch:
                # There it falls as it fell first: how does that path go on?
                self.entered = path.number
                return path
        if path.number != self.entered and failed not in path.children:
            return recorded[self.entered]
        return self.below(path, failed, numbers)

    def below(self, path: Path, guard: int, numbers: Sequence[float]) -> Path:
        """The path to try of those behind a guard of this one."""
        child = self.tree.after(path, guard, numbers)
        found = self.enter(child)
        return child if child is path else found

    def enter(self, path: Path) -> Path:
        """The path to try of this one and those behind it, where the call belongs from now on."""
        self.entered = path.number
        found: Path = self.tree.recorded[path.latest]
        return found


@cython.final
@cython.cclass
class Recordings:
    """All paths of a function, by the signatures of its arguments, of which there are at most `limit`, 256 if None.

    `over_rows` says whether they are run over rows.
    """

    def __init__(self, fun: Callable[..., Any], limit: int | None, tier: str, over_rows: bool = False) -> None:
        self.fun = fun
        self.over_rows = over_rows
        self.limit = limit
        self.tier = tier
        # What the function depends on besides its arguments, unless that is nothing which can change.
        self.watched: Surroundings | None = surroundings_of(fun)
        self.known: dict[Any, PathTree] = {}
        self.signatures: list[Signature] = []
        self.full: TooManyPaths | None = None
        self.notices = Notices()

    def full_key(self, key: Any) -> Any:
        """The key of a call: that of its arguments, with the state that the function is in."""
        # Another thread may find meanwhile that there is nothing to watch, and let go of the surroundings.
        watched = self.watched
        if watched is None:
            return key
        state = watched.state()
        if state is None:
            self.watched = None
            return key
        return key, state

    def paths(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> PathTree:
        """The paths for calls with arguments like these, which have this key; TooManyPaths if it is one too many."""
        paths = self.known.get(key)
        return self.begin(key, Signature(args, kwargs)) if paths is None else paths

    def begin(self, key: Any, signature: Signature) -> PathTree:
        """The paths for one more signature."""
        if self.full is None and len(self.signatures) >= most_signatures(self.limit):
            self.full = too_many_signatures(
                name_of(self.fun), self.signatures, signature, "" if self.watched is None else self.watched.changed
            )
        if self.full is not None:
            raise self.full.again()
        made = PathTree(self.fun, signature, self.limit, self.tier, self.notices, self.over_rows, self.watched)
        paths = self.known.setdefault(key, made)
        if paths is made:
            # Else another thread was first.
            self.signatures.append(signature)
        return paths

    def __iter__(self) -> Iterator[Path]:
        return iter([path for paths in self.known.values() for path in paths])
