"""Functions of one's own in layers and optimisers: copies share them, pickles have them by their name in a module."""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

from layers.errors import DescriptionError

__all__ = ["HoldsFunctions"]


class HoldsFunctions:
    """Base of what holds functions of its users in these attributes.

    Pickling one raises DescriptionError if a function is none that its module has under its name, such as a lambda.
    """

    functions: tuple[str, ...] = ("function",)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(vars(self))
        shown = getattr(self, "shown", type(self).__name__)
        return state | {name: _held(state[name], shown) for name in self.functions if name in state}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({name: _given(value) if name in self.functions else value for name, value in state.items()})


def _held(value: Any, holder: str) -> Any:
    """An attribute with a `_Held` for a function, or for each of a pair; anything else as it is."""
    if type(value) is tuple:
        return tuple([_held(part, holder) for part in value])
    return _Held(value, holder) if isinstance(value, FunctionType) else value


def _given(value: Any) -> Any:
    """The attribute as it was given."""
    if type(value) is tuple:
        return tuple([_given(part) for part in value])
    return value.function if isinstance(value, _Held) else value


class _Held:
    """A function in the state of a layer that is copied or pickled."""

    def __init__(self, function: FunctionType, holder: str) -> None:
        self.function = function
        self.holder = holder

    def __deepcopy__(self, memo: Any) -> _Held:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        function, name = self.function, self.function.__qualname__
        if not _is_there(function.__module__, name, function):
            raise DescriptionError(
                f"{self.holder} can't be pickled: its function {name} has no name in a module, as lambdas and "
                f"functions within others have none; take one that is written with def at the top of a module, or a "
                f"class of one's own; weights alone are saved by save and state_dict"
            )
        return _itself, (function,)


def _is_there(module: str, name: str, function: Any) -> bool:
    """Whether a module has the function under its name."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is function


def _itself(function: Any) -> Any:
    return function
