"""Attributes of layers: those that are missing, and those that may not be set, with the word for what was meant."""

from __future__ import annotations

from typing import Any

from layers.errors import InputError
from layers.hints import did_you_mean, hint_of
from layers.parameters.parameter import Parameter
from layers.saving.registry import Described

__all__ = ["MissingAttribute", "check_assignment"]


class MissingAttribute(AttributeError):
    """A layer has no attribute of this name.

    The message is made when it is read: `hasattr` asks for no message, and to look for like names takes 90 µs.
    """

    def __init__(self, layer: Any, asked: str) -> None:
        super().__init__(layer, asked)
        self.layer, self.asked = layer, asked

    def __str__(self) -> str:
        layer, name = self.layer, self.asked
        said = f"{type(layer).__name__} has no attribute {name!r}"
        if name.startswith("_"):
            return said
        if "given_name" not in vars(layer):
            return f"{said}; does its __init__ call super().__init__(**names)?"
        # A text's z is with the bias, in layers that have weights of their own: there the table knows it better.
        told = "weight" in vars(layer) and hint_of(name, "attribute") is not None
        if not told and name in {**(layer._given or {}), **layer._values}:
            return f"{said}; here it is values.{name}: after forward"
        meant = did_you_mean(name, [other for other in dir(layer) if not other.startswith("_")], "attribute")
        return f"{said}; {meant}" if meant else said


def check_assignment(layer: Described, name: str, value: Any) -> None:
    """Raise InputError for an attribute that would silently do nothing, or break the layer.

    Such are an array in place of a Parameter, a setting that was used when the layer was made, and a text's word for
    something that has another name here.
    """
    known = vars(layer)
    kind = type(layer).__name__
    if name in known and isinstance(known[name], Parameter) and not isinstance(value, Parameter | None):
        raise InputError(f"{kind}.{name} is a Parameter; its numbers are set by {name}.assign(array)")
    if name.startswith("_") or "given_name" not in known or not _is_of_this_package(layer):
        return
    checked = getattr(type(layer), "checks", {})
    of_class = getattr(type(layer), name, None)
    only_read = isinstance(of_class, property) and of_class.fset is None
    if only_read and name not in layer.settings:
        remedy = "frozen = True keeps its parameters as they are" if name == "trainable" else "it can only be read"
        raise InputError(f"{kind}.{name} is computed by the layer; {remedy}")
    decided = name in ("name", *layer.settings) and name not in checked
    # The constructor itself sets each once.
    if decided and (only_read or (name in known and value is not known[name])):
        raise InputError(f"{kind}.{name} is decided when the layer is made; make another {kind}({name}=...)")
    if name not in known and of_class is None:
        hint = hint_of(name, "attribute")
        if hint is not None and hint.word == name:
            raise InputError(f"{kind} has no attribute {name!r}; {did_you_mean(name, (), 'attribute')}")


def _is_of_this_package(layer: Described) -> bool:
    """Whether its class stands here: classes of one's own may have any attributes, and change them."""
    return type(layer).__module__.partition(".")[0] == __name__.partition(".")[0]
