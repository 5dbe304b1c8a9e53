"""What a function depends on besides its arguments, watched for changes from call to call.

That is the object whose method it is, the variables that it reads from around it and of modules, and all that these
hold: see `fixed_parts`. While nothing of it changes, the function is in the same *state*, for which its recordings
hold. What a run for a recording changes itself leads to no other state. It is the function's own, as a counter or a
list of what it met is, and no longer watched; but not where there was nothing before, as in a table made when needed.
"""

from __future__ import annotations

import types
from typing import Any
from weakref import WeakValueDictionary

from autograd.program.fixed_parts import Walk, below_transforms
from autograd.program.outside import Part

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython

__all__ = ["Surroundings", "surroundings_of"]

# So many states are told apart, which is more than are recorded.
STATES = 1024


@cython.final
@cython.cclass
class Seen:
    """The parts of the surroundings as they were looked at last, and the state that they make."""

    def __init__(self, parts: list[Part], state: Any) -> None:
        self.parts = parts
        self.state = state


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
        # What was the last to change, in words.
        self.changed = ""

    def state(self) -> Any:
        """The state that the function is in: the same object each time; None if nothing can change it."""
        seen = self.seen
        if seen is None or self.differ(seen):
            seen = self.look(None)
        return seen.state

    def keep_state(self) -> None:
        """Let what the function has changed since, in a run for a recording, lead to the state that it was in."""
        seen = self.seen
        if seen is None or not self.differ(seen):
            return
        for part in seen.parts:
            if cython.cast(Part, part).is_changed():
                changed = [name for name, was_nothing in part.changes() if not was_nothing]
                if changed:
                    self.own.setdefault(id(part.holder), set()).update(changed)
                    self.holders.append(part.holder)
                    # Their keys tell what does not count any more.
                    self.states.clear()
        self.look(seen.state)

    def differ(self, seen: Seen) -> bool:
        """Whether anything has changed since."""
        for part in seen.parts:
            if cython.cast(Part, part).is_changed():
                self.changed = part.described()
                return True
        return False

    def look(self, state: Any) -> Seen:
        """Look at all parts anew; `state` is the one that they make, else that of the same parts before, or another."""
        walk = Walk(self.own)
        key = walk.key_of(self.fun, 0)
        if len(self.states) >= STATES:
            self.states.clear()
        if not walk.parts:
            state = None
        elif state is None:
            state = self.states.setdefault(key, State())
        else:
            self.states[key] = state
        self.seen = seen = Seen(walk.parts, state)
        return seen


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
