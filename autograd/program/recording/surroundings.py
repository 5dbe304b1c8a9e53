"""What a function depends on besides its arguments, watched for changes from call to call.

That is the object whose method it is, the variables that it reads from around it and of modules, and all that these
hold: see `fixed_parts`. While nothing of it changes, the function is in the same *state*, for which its recordings
hold. What a run for a recording changes itself leads to no other state. It is the function's own, as a list of what it
met is, and no longer watched; but not where there was nothing before, as in a table made when needed, nor a number, as
of a counter, which the function may read. If other threads were at work meanwhile, the first such change may be theirs:
the function is then recorded once more.
"""

from __future__ import annotations

import sys
import threading
import time
import types
from contextlib import suppress
from typing import Any
from weakref import WeakValueDictionary

from autograd.program.recording.fixed_parts import Walk, below_transforms
from autograd.program.recording.outside import MISSING, Part

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["Surroundings", "surroundings_of"]

# So many states are told apart, which is more than are recorded.
STATES = 1024
# What the function leaves in such a place is no part of it that grows or is rebuilt, and cheap to watch.
NUMBERS = (int, float, str)


@cython.final
@cython.cclass
class Seen:
    """The parts of the surroundings as they were looked at last, and the state that they make."""

    def __init__(self, parts: list[Part], absent: list[tuple[Any, str]], state: Any) -> None:
        self.parts = parts
        self.absent = absent
        self.state = state
        self.places = list({id(variables): variables for variables, _ in absent}.values())
        self.count = sum(map(len, self.places))

    def is_there(self) -> bool:
        """Whether one of those that were absent is there now."""
        return any([name in variables for variables, name in self.absent])

    def came(self) -> bool:
        """The same, but as long as there are no more variables than before, nothing is looked for."""
        count = 0
        for variables in self.places:
            count += len(variables)
        if count == self.count:
            return False
        self.count = count
        return self.is_there()


@cython.final
@cython.cclass
class Surroundings:
    """The surroundings of a function."""

    def __init__(self, fun: Any) -> None:
        self.fun = fun
        self.seen: Seen | None = None
        self.states: dict[Any, Any] = {}
        # What the function changes itself: names, or None for the whole, by the identities of holders; and the holders.
        self.own: dict[int, set[Any]] = {}
        self.holders: list[Any] = []
        # What has changed in recordings, likewise.
        self.met: dict[int, set[Any]] = {}
        # How long other threads had worked before the last run for a recording; None if they have changed something.
        self.clocks: dict[int, object] | None = None
        # What was the last to change, in words.
        self.changed = ""

    def state(self) -> Any:
        """The state that the function is in: the same object each time; None if nothing can change it."""
        seen = self.seen
        if seen is None or self.differ(seen):
            seen = self.look(None)
        return seen.state

    def begin_run(self) -> None:
        """Note, before a run for a recording, how much other threads have done."""
        self.clocks = {}
        if threading.active_count() > 1:
            # They may have changed something since the state was asked for.
            self.clocks = None if self.seen is not None and self.differ(self.seen) else clocks_of_others()

    def keep_state(self) -> None:
        """Let what the function has changed since, in a run for a recording, lead to the state that it was in."""
        seen = self.seen
        if seen is None:
            return
        if not self.differ(seen):
            # A branch that is taken now may have read what was not there when others were.
            if seen.is_there():
                self.look(seen.state)
            return
        by_others = threading.active_count() > 1 and (self.clocks is None or clocks_of_others() != self.clocks)
        doubtful = fleeting = False
        for part in seen.parts:
            if not cython.cast(Part, part).is_changed():
                continue
            self.holders.append(part.holder)
            met = self.met.setdefault(id(part.holder), set())
            for name, old, new in part.changes():
                doubtful |= by_others and name not in met
                met.add(name)
                if type(new) in NUMBERS:
                    # Assigned by somebody else, the number that it is now is another state.
                    fleeting = True
                elif not (old is None or old is MISSING or doubtful):
                    self.own.setdefault(id(part.holder), set()).add(name)
                    # Their keys tell what does not count any more.
                    self.states.clear()
        if doubtful:
            self.states.clear()
            self.seen = None
        else:
            self.look(seen.state, not fleeting)

    def differ(self, seen: Seen) -> bool:
        """Whether anything has changed since."""
        for part in seen.parts:
            if cython.cast(Part, part).is_changed():
                self.changed = part.described()
                return True
        if seen.came():
            self.changed = "a variable that was not there before"
            return True
        return False

    def look(self, state: Any, lasting: bool = True) -> Seen:
        """Look at all parts anew; `state` is the one that they make, else that of the same parts before, or another.

        `lasting` says whether they make it whenever they are so again.
        """
        walk = Walk(self.own)
        key = walk.key_of(self.fun, 0)
        if len(self.states) >= STATES:
            self.states.clear()
        if not walk.parts and not walk.absent:
            state = None
        elif state is None:
            state = self.states.setdefault(key, State())
        elif lasting:
            self.states[key] = state
        self.seen = seen = Seen(walk.parts, walk.absent, state)
        return seen


def clocks_of_others() -> dict[int, object]:
    """How long each other thread of this process has used processors so far, or what equals no other, if nobody tells.

    The clock of the process would not do: while a thread is running, its work since it began is not yet counted there.
    """
    own, clocks = threading.get_native_id(), {}
    for thread in threading.enumerate():
        number = thread.native_id
        if number is not None and number != own:
            clocks[number] = clock_of(number)
    return clocks


def clock_of(thread: int) -> object:
    """The nanoseconds that a thread has used processors so far, by its number in the system."""
    if sys.platform == "linux":
        # Its clock as clock_gettime(2) names it; the name is refused once the thread is gone.
        with suppress(OSError):
            return time.clock_gettime_ns(~thread << 3 | 6)
    return object()


class State:
    """One state of a function's surroundings, known by its identity."""

    __slots__ = ()


# Those that somebody uses, by the function, or the function and the object whose method it is: what compiles or
# differentiates it in several ways watches it once, so that what one recording changes is no news to the others.
_known: WeakValueDictionary[Any, Surroundings] = WeakValueDictionary()


def surroundings_of(fun: Any) -> Surroundings:
    """The surroundings of a function, or of that below transforms."""
    fun = below_transforms(fun)
    # The surroundings keep what has these identities alive.
    parts = (fun.__func__, fun.__self__) if type(fun) is types.MethodType else (fun,)
    key = tuple(map(id, parts))
    known = _known.get(key)
    if known is None:
        known = _known.setdefault(key, Surroundings(fun))
    return known
