"""`Values` and `Gradients`: the numbers that a layer gives, by the names that its `compute` gives them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from layers.errors import InputError
from layers.hints import did_you_mean

__all__ = ["Gradients", "Values"]


class Values(Mapping[str, Any]):
    """The inputs and inner values of a forward pass, plain numbers and arrays, by name: `.z` or `["z"]`.

    `also` has further names, by which a value can be asked for but is not shown.

    >>> values = Values({"x": 1.0, "z": -0.0})
    >>> values, values.z == values["z"]
    (Values(x=1.0, z=0.0), True)
    """

    def __init__(self, by_name: dict[str, Any], also: dict[str, Any] | None = None) -> None:
        self._by_name = by_name
        self._also = also or {}

    def __getitem__(self, name: str) -> Any:
        try:
            return self._by_name[name] if name in self._by_name else self._also[name]
        except KeyError:
            raise KeyError(self._unknown(name)) from None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(self._unknown(name)) from None

    def _unknown(self, name: str) -> str:
        return f"no value is called {name!r:.60}; there are {', '.join(self._by_name)}"

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self._by_name]

    def __repr__(self) -> str:
        return f"Values({_told(self._by_name)})"


class Gradients(tuple[Any, ...]):
    """The gradients of a layer's inputs in their order; by name (`.dx` or `["dx"]`) also those of its inner values.

    The gradient of a single input can be used like that gradient itself.

    >>> dx, dw = Gradients({"dx": 2.0, "dw": 1.0}, {"dz": 1.0})
    >>> Gradients({"dx": 2.0, "dw": 1.0}, {"dz": 1.0}).dz
    1.0
    >>> 2 * Gradients({"dx": 3.0}, {})
    6.0
    """

    _by_name: dict[str, Any]
    _also: dict[str, Any]

    def __new__(
        cls, of_inputs: dict[str, Any], of_values: dict[str, Any], also: dict[str, Any] | None = None
    ) -> Gradients:
        self = super().__new__(cls, of_inputs.values())
        self._by_name = of_inputs | of_values
        self._also = also or {}
        return self

    def single(self, use: str) -> Any:
        """The only gradient. Raises InputError if there are several; `use` says what was to be done with it."""
        if len(self) != 1:
            names = list(self._by_name)[: len(self)]
            raise InputError(
                f"{use} takes one gradient, and these are {len(self)} ({', '.join(names)}); take one by name, as "
                f".{names[0]}"
            )
        return self[()]

    def _named(self, name: str) -> Any:
        return self._by_name[name] if name in self._by_name else self._also[name]

    def _unknown(self, name: str) -> str:
        meant = did_you_mean(name, self._by_name, "gradient")
        return f"no gradient is called {name!r:.60}; {f'{meant} ' if meant else ''}there are {', '.join(self._by_name)}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._by_name or name in self._also:
            return self._named(name)
        if len(self) == 1 and hasattr(self[()], name):
            return getattr(self[()], name)
        raise AttributeError(self._unknown(name))

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, str):
            if place in self._by_name or place in self._also:
                return self._named(place)
            raise KeyError(self._unknown(place))
        if isinstance(place, int | slice) or hasattr(place, "__index__"):
            if len(self) == 1 and hasattr(super().__getitem__(0), "shape"):
                (name, *_) = self._by_name
                raise InputError(
                    f"an index could mean a gradient or a row of the only one; take .{name}, and .{name}[...] of it"
                )
            return super().__getitem__(place)
        only = super().__getitem__(0) if len(self) == 1 else self.single("an index of arrays")
        return only if place == () else only[place]

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        import numpy

        return numpy.array(self.single("an array"), dtype=dtype)

    def __float__(self) -> float:
        return float(self.single("float()"))

    def __format__(self, form: str) -> str:
        return format(self.single("a format"), form) if form else repr(self)

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self._by_name]

    def __getnewargs__(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        names = list(self._by_name)
        return (
            {name: self._by_name[name] for name in names[: len(self)]},
            {name: self._by_name[name] for name in names[len(self) :]},
            self._also,
        )

    def __repr__(self) -> str:
        return f"Gradients({_told(self._by_name)})"


def _operator(name: str, reflected: bool) -> Callable[..., Any]:
    """The method of an operator, which acts on the only gradient."""
    function = getattr(operator, f"__{name}__")

    def method(self: Gradients, *others: Any) -> Any:
        if name in ("eq", "ne") and (len(self) != 1 or type(others[0]) is tuple):
            return getattr(tuple, f"__{name}__")(self, *others)
        own = self.single("an operator")
        operands = [one.single("an operator") if isinstance(one, Gradients) else one for one in others]
        return function(*operands, own) if reflected else function(own, *operands)

    return method


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    setattr(Gradients, f"__{_name}__", _operator(_name, reflected=False))
    setattr(Gradients, f"__r{_name}__", _operator(_name, reflected=True))
for _name in ("neg", "pos", "abs", "lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Gradients, f"__{_name}__", _operator(_name, reflected=False))
# Another equality takes the hash away.
Gradients.__hash__ = tuple.__hash__  # type: ignore[method-assign]


def _told(by_name: Mapping[str, Any]) -> str:
    """Names and numbers, for a person to read: a zero has no sign."""
    return ", ".join([f"{name}={value + 0.0!r}" for name, value in by_name.items()])
