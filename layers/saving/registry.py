"""Registries: classes under the names that descriptions may use; nothing else can be reached by a description.

A description is a dict with the name under "type" and the class's options beside it, as JSON and YAML have them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from autograd.signatures import signature_of
from autograd.text import one_line
from layers.errors import DescriptionError, InputError, LayerError
from layers.hints import Kind, did_you_mean

if TYPE_CHECKING:
    import inspect

__all__ = ["Adjustable", "Described", "Registry", "check_options", "class_called", "nearest"]

# The limits of a description: levels within each other, the parts on all of them, and the characters of their full
# names, in which each level adds its own.
DEEPEST = 50
MOST_PARTS = 100_000
MOST_CHARACTERS = 10_000_000
# The names that a message lists.
MOST_NAMES = 50

Class = TypeVar("Class", bound=type)


class Described:
    """Base of objects that a class and a few settings describe in full.

    `settings` are names of attributes, each also a keyword of the constructor; `kind` is the name in the registry.
    """

    settings: tuple[str, ...] = ()
    shared_settings: tuple[str, ...] = ()  # further keywords of the constructor, behind its **
    kind: str | None = None
    _options: Mapping[str, inspect.Parameter]

    @classmethod
    def constructor_options(cls) -> Mapping[str, inspect.Parameter]:
        """The parameters of the constructor, found once: that takes longer than making a layer."""
        if "_options" not in vars(cls):
            cls._options = signature_of(cls).parameters
        return cls._options

    @classmethod
    def options_of_its_own(cls) -> list[str]:
        """The names of the constructor's options, but for those that it shares with all of its kind."""
        parameters = cls.constructor_options().values()
        own = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        return [name for name in own if name not in cls.shared_settings]

    def setting(self, name: str) -> Any:
        """The value of a setting."""
        return getattr(self, name)

    def described_settings(self) -> dict[str, Any]:
        """The settings that differ from the constructor's defaults."""
        defaults = self.constructor_options()
        told = {name: self.setting(name) for name in self.settings}
        return {name: value for name, value in told.items() if value != defaults[name].default}

    @classmethod
    def copies(cls, options: Mapping[Any, Any]) -> int:
        """The number of times that an object of these options makes what they describe: each counts as parts."""
        return 1

    def to_dict(self) -> dict[str, Any]:
        """The description from which `from_dict` makes its like: numbers, texts, lists and dicts only.

        Raises DescriptionError for a class that no registry holds.
        """
        if self.kind is None or "kind" not in vars(type(self)):
            raise DescriptionError(
                f"{type(self).__name__} is in no registry and has no description; give its class a name with "
                f'@registered("...")'
            )
        lost = [name for name in self.options_of_its_own() if name not in self.settings]
        if lost:
            raise DescriptionError(
                f"{type(self).__name__} has options that its description would lose: {', '.join(lost)}; name the "
                f"attributes that hold them in its class: settings = {(*self.settings, *lost)!r}"
            )
        return {"type": self.kind} | {name: _plain(value) for name, value in self.described_settings().items()}

    @classmethod
    def from_options(cls, options: dict[Any, Any]) -> Any:
        """An object of the class with these options. Raises DescriptionError for an unknown or a missing one."""
        parameters = cls.constructor_options()
        named = {name: parameters[name] for name in cls.options_of_its_own()}
        known = [*named, *cls.shared_settings]
        check_options(str(cls.kind), options, known, DescriptionError)
        for name, parameter in named.items():
            if parameter.default is parameter.empty and name not in options:
                raise DescriptionError(
                    f"{cls.kind} needs the option {name!r}, got {one_line(', '.join(options)) or 'none'}"
                )
        return cls(**options)

    def __repr__(self) -> str:
        told = [f"{name}={value!r}" for name, value in self.described_settings().items()]
        return f"{type(self).__name__}({', '.join(told)})"


class Adjustable(Described):
    """Base of what is described, and whose settings may be changed later: `checks` are asked then as in the beginning.

    checks: for settings, the function that gives the value to keep, or raises DescriptionError.

    >>> class Circle(Adjustable):
    ...     checks = {"radius": abs}
    ...     def __init__(self, radius):
    ...         self.radius = radius
    >>> circle = Circle(-1.0)
    >>> circle.radius
    1.0
    """

    checks: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    # Whether an object of this package's classes takes its settings alone: any other name would silently do nothing.
    closed: ClassVar[bool] = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        bases = [vars(base).get("checks", {}) for base in reversed(cls.__mro__)]
        cls.checks = {name: check for checks in bases for name, check in checks.items()}

    def __setattr__(self, name: str, value: Any) -> None:
        check = self.checks.get(name)
        ours = self.closed and type(self).__module__.partition(".")[0] == __name__.partition(".")[0]
        if ours and check is None and not name.startswith("_") and not hasattr(type(self), name):
            known = list(self.checks)
            raise DescriptionError(
                f"{type(self).__name__} has no setting {name!r:.60}; {nearest(name, known, 'option')}"
            )
        super().__setattr__(name, value if check is None else check(value))


def _plain(value: Any) -> Any:
    """A setting in the types of JSON. Raises DescriptionError for one that has no such form, as a function."""
    if isinstance(value, Described):
        description = value.to_dict()
        return description["type"] if len(description) == 1 else description
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if callable(value):
        raise DescriptionError(
            f"a function has no description: {value!r:.60}; a registered layer or class in its place has"
        )
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return _plain(value.item())  # JSON doesn't know NumPy's numbers
    raise DescriptionError(f"a description is made of numbers, texts, lists and dicts, got {value!r:.60}")


class Registry:
    """Classes by the names under which descriptions may ask for them.

    what: the word for its classes in messages.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.classes: dict[str, type[Described]] = {}

    def register(self, kind: str) -> Callable[[Class], Class]:
        """The decorator that puts a class into the registry.

        >>> shapes = Registry("shape")
        >>> @shapes.register("circle")
        ... class Circle(Described):
        ...     settings = ("radius",)
        ...     def __init__(self, radius=1.0):
        ...         self.radius = radius
        >>> shapes.make({"type": "circle", "radius": 2.0})
        Circle(radius=2.0)
        >>> shapes.make("square")
        Traceback (most recent call last):
        layers.errors.DescriptionError: no shape is called 'square'; there are circle
        """

        def enter(made: Class) -> Class:
            known = self.classes.get(kind)
            # The same class once more is a cell of a notebook that was run again.
            again = known is not None and _full_name(known) == _full_name(made)
            if known is not None and not again:
                raise DescriptionError(f"the {self.what} name {kind!r} is taken by {known.__name__}")
            made.kind = kind  # type: ignore[attr-defined]
            self.classes[kind] = made
            return made

        return enter

    def make(self, description: Any) -> Any:
        """The object that a description asks for, which is a name, or a dict with a name under "type" and options.

        Raises DescriptionError for an unknown name or option.
        """
        if isinstance(description, str):
            description = {"type": description}
        if not isinstance(description, Mapping):
            article = "an" if self.what[0] in "aeiou" else "a"
            made = f"; write {description.__name__}()" if isinstance(description, type) else ""
            raise DescriptionError(
                f"{article} {self.what} is described by its name or by a dict with its name under 'type', "
                f"got {type(description).__name__} {description!r:.60}{made}"
            )
        check_extent(self.what, self.classes, description)
        if "type" not in description:
            raise DescriptionError(f"this description of a {self.what} has no 'type': {dict(description)!r:.60}")
        kind = description["type"]
        found = class_called(kind, self.classes)
        if found is None:
            raise DescriptionError(f"no {self.what} is called {kind!r:.60}; {nearest(kind, list(self.classes))}")
        return found.from_options({name: value for name, value in description.items() if name != "type"})


def class_called(kind: Any, classes: Mapping[str, type[Described]]) -> type[Described] | None:
    """The class of this name, in capitals or not, or that is called so itself; None if there is none.

    >>> from layers import LeakyReLU
    >>> [class_called(name, {"leaky_relu": LeakyReLU}) is LeakyReLU for name in ("Leaky_ReLU", "LeakyReLU", "relu")]
    [True, True, False]
    """
    if not isinstance(kind, str):
        return None
    found = classes.get(kind)
    if found is None and len(kind) < 100:
        asked = kind.casefold()
        alike = [made for name, made in classes.items() if asked in (name.casefold(), made.__name__.casefold())]
        found = alike[0] if len(alike) == 1 else None
    return found


def _full_name(made: type) -> tuple[str, str]:
    return made.__module__, made.__qualname__


def check_extent(what: str, classes: Mapping[str, type[Described]], description: Any) -> None:
    """Raise DescriptionError for a description that is nested deeper, or makes more parts, than the limits allow.

    Dicts are levels, and so are lists in lists. A few lines of YAML or Python can name the same part in two places on
    each of fifty levels, or hold themselves.
    """
    parts = characters = 0
    # Each part with its level, the times that it is made, and the length of the names around it.
    pending = [(description, 0, 1, 0)]
    while pending:
        part, depth, times, above = pending.pop()
        if isinstance(part, Mapping):
            kind, name = part.get("type"), part.get("name")
            name = kind if name is None else name
            depth += 1
            made = class_called(kind, classes)
            times *= 1 if made is None else made.copies(part)
            above += len(name) if isinstance(name, str) else 0
            inside = list(part.values())
        elif isinstance(part, list | tuple):
            inside = list(part)
        else:
            if isinstance(part, int) and part.bit_length() > sys.float_info.max_exp:
                raise DescriptionError(f"this description of a {what} holds a number beyond all floats")
            continue
        parts += times * len(inside)
        characters += times * len(inside) * above
        if depth > DEEPEST:
            raise DescriptionError(f"this description of a {what} is nested more than {DEEPEST} deep, or holds itself")
        if parts > MOST_PARTS or characters > MOST_CHARACTERS:
            raise DescriptionError(
                f"this description of a {what} has more than {MOST_PARTS} parts, or names of more than "
                f"{MOST_CHARACTERS} characters in all, those of the levels around each part included"
            )
        listed = isinstance(part, list | tuple)
        pending += [(item, depth + (listed and isinstance(item, list | tuple)), times, above) for item in inside]


def check_options(who: str, given: Iterable[str], known: list[str], error: type[LayerError] = InputError) -> None:
    """Raise an error for an option that is not known, with what was probably meant."""
    for name in given:
        if name not in known:
            raise error(f"{who} has no option {name!r:.60}; {nearest(name, known, 'option')}")


def nearest(asked: Any, known: list[str], what: Kind = "class") -> str:
    """The known names, and the one among them that was probably meant.

    >>> nearest("rely", ["relu", "tanh"])
    'did you mean relu? there are relu, tanh'
    """
    shown = one_line(", ".join([f"{name:.60}" for name in sorted(known[:MOST_NAMES])]))
    more = f" and {len(known) - MOST_NAMES} more" if len(known) > MOST_NAMES else ""
    there = f"there are {shown}{more}" if known else "there are none"
    meant = did_you_mean(asked, known, what) if isinstance(asked, str) else ""
    meant = one_line(meant)
    return f"{meant}{'' if meant.endswith('?') else ';'} {there}" if meant else there
