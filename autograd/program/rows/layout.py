"""Mapped calls whose arguments are containers of rows: taken apart into arrays, each with an axis of its own.

A function over rows takes arrays. Here stand the rules by which containers and keywords are such calls: an axis for an
argument holds for every array in it, as JAX has it, or a container of axes says it for the parts.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import OperandError
from autograd.graph.node import Node
from autograd.program.recording.fixed_parts import key_of_fixed
from autograd.program.row_arguments import no_such_axis
from autograd.transforms.containers import Attribute, Kind, contain, holds_no_number, parts_of
from autograd.transforms.trees import bracketed, check_depth

__all__ = ["Layout", "OfLeaves", "check_axes", "is_plain_call", "moved", "row_of_ones"]

# An array of NumPy's has no more; a list that holds itself would have any number.
MOST_AXES = 64


def check_axes(what: str, axes: Any, of_arguments: bool) -> None:
    """Raise TypeError unless these are an axis, None, or containers of them; one tuple or list has the arguments."""
    if axes is None or (isinstance(axes, int) and not isinstance(axes, bool)):
        return
    container = parts_of(axes)
    if container is None or (of_arguments and not isinstance(axes, list | tuple)):
        raise TypeError(f"{what} is an axis, None, or a tuple of these for each argument, got {axes!r:.60}")
    for part in container[2]:
        check_axes(what, part, False)


def is_plain_call(in_axes: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether each argument is an array by itself, or the same for all rows."""
    if kwargs:
        return False
    for place, argument in enumerate(args):
        axis = in_axes
        if isinstance(in_axes, list | tuple):
            axis = in_axes[place] if place < len(in_axes) else None
        if axis is not None and (not isinstance(axis, int) or not is_array_of_rows(argument)):
            return False
    return True


def is_array_of_rows(value: Any) -> bool:
    """Whether it is one array, nested lists and tuples of numbers, or a list of arrays, which are rows as well."""
    if has_axes(value):
        return True
    only_lists = True
    axes = 0
    while type(value) in (list, tuple) and len(value):
        axes += 1
        if axes > MOST_AXES:
            return False
        only_lists &= type(value) is list
        value = value[0]
        if has_axes(value):
            return only_lists
    return isinstance(value, Node) or not (holds_no_number(value) or is_container(value))


def has_axes(value: Any) -> bool:
    """Whether it is an array with axes; a mapping that finds its keys as attributes is none."""
    return hasattr(type(value), "ndim") and value.ndim > 0


def is_container(value: Any) -> bool:
    """Whether it has parts, or may have; an empty list is an array without rows."""
    return type(value) is not list and parts_of(value) is not None


class Layout:
    """The arguments of one call taken apart into leaves, each with the axis of its rows, None if all rows share it.

    `key` is the same for calls whose arguments are put together from leaves in the same way.
    """

    def __init__(self, name: str, in_axes: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.name = name
        self.leaves: list[Any] = []
        self.axes: list[int | None] = []
        counts: dict[str, int] = {}
        self.counts = counts
        check_depth((args, kwargs), f"an argument of {name}")
        axes = in_axes if isinstance(in_axes, list | tuple) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ValueError(f"vmap of {name}: in_axes has {len(axes)} entries for {len(args)} arguments")
        pairs = enumerate(zip(args, axes, strict=True))
        self.args = [self.taken(argument, axis, f"argument {place}", True, 0) for place, (argument, axis) in pairs]
        # As in JAX, keywords are mapped along their first axis; what has none is the same for all rows.
        self.kwargs = {key: self.taken(value, 0, f"argument {key!r}", False, 0) for key, value in kwargs.items()}
        if not counts:
            raise ValueError(f"vmap of {name}: no argument is mapped; in_axes must give the axis of at least one")
        if len(set(counts.values())) > 1:
            lengths = ", ".join([f"{path}: {count}" for path, count in counts.items()])
            hint = "; keywords are mapped along axis 0, so that what rows share is given by place" if kwargs else ""
            raise ValueError(f"vmap of {name}: the mapped arguments differ in their number of rows ({lengths}){hint}")
        self.count = next(iter(counts.values()))
        self.key = (
            tuple(map(key_of_assembly, self.args)),
            tuple([(key, key_of_assembly(part)) for key, part in self.kwargs.items()]),
            tuple(self.axes),
        )

    def taken(self, value: Any, axes: Any, path: str, is_asked: bool, level: int) -> Any:
        """The place of a leaf, or the kind, the keys and the same of the parts of a container.

        `is_asked` says whether each number must have an axis.
        """
        if axes is None:
            return self.leaf(value, None)
        if not isinstance(axes, int):
            return self.taken_by_parts(value, axes, path, is_asked, level)
        if level > 0 and type(value) is list and any([getattr(part, "ndim", 0) > 0 for part in value]):
            raise TypeError(
                f"vmap of {self.name}: {path} is a list of arrays, which could be rows or parts of a row; give rows as "
                f"one array (numpy.stack), and parts as a tuple"
            )
        if is_array_of_rows(value):
            return self.rows(value, axes, path, is_asked)
        if holds_no_number(value):
            return self.leaf(value, None)
        kind, keys, parts = self.container(value, path)
        inner = [
            self.taken(part, axes, path + bracketed(kind, key), is_asked, level + 1)
            for key, part in zip(keys, parts, strict=True)
        ]
        return Assembly(kind, keys, inner)

    def taken_by_parts(self, value: Any, axes: Any, path: str, is_asked: bool, level: int) -> Any:
        """The same where a container of axes has one for each part."""
        kind, keys, parts = self.container(value, path)
        _, names, inner_axes = parts_of(axes) or (None, (), ())
        by_name = {plain_name(name): axis for name, axis in zip(names, inner_axes, strict=True)}
        if {plain_name(key) for key in keys} != set(by_name):
            raise ValueError(
                f"vmap of {self.name}: in_axes has {axes!r:.80} for {path}, whose parts are "
                f"{', '.join([repr(plain_name(key)) for key in keys])}"
            )
        inner = [
            self.taken(part, by_name[plain_name(key)], path + bracketed(kind, key), is_asked, level + 1)
            for key, part in zip(keys, parts, strict=True)
        ]
        return Assembly(kind, keys, inner)

    def container(self, value: Any, path: str) -> Any:
        """The kind, keys and parts of a container; TypeError for what is none."""
        found = None if isinstance(value, Node) else parts_of(value)
        if found is None:
            raise TypeError(
                f"vmap of {self.name}: {path} is a {type(value).__name__}, neither an array nor a container of arrays"
            )
        if isinstance(found[0], Kind):
            found[0].check(f"{path} of {self.name}")
        return found

    def rows(self, value: Any, axis: int, path: str, is_asked: bool) -> int:
        """The place of an array of rows."""
        import numpy

        given = value
        if not hasattr(value, "shape") and not isinstance(value, Node):
            value = numpy.asarray(value)
        shape = getattr(value, "shape", ())
        if shape == () and not is_asked:
            return self.leaf(given, None)
        if shape == () or not -len(shape) <= axis < len(shape):
            raise no_such_axis(self.name, path, axis, shape)
        if value.dtype.kind not in "fiubO":
            raise TypeError(f"vmap of {self.name}: {path} is an array of {value.dtype}, not of numbers")
        self.counts[path] = shape[axis]
        return self.leaf(given, axis)

    def leaf(self, value: Any, axis: int | None) -> int:
        """The place of a leaf."""
        self.leaves.append(value)
        self.axes.append(axis)
        return len(self.leaves) - 1

    def arguments(self, leaves: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments, by place and by name, that have these leaves."""
        named = {key: assembled(part, leaves) for key, part in self.kwargs.items()}
        return [assembled(part, leaves) for part in self.args], named


class Assembly:
    """A container to be put together of leaves: its kind, its keys, and for each part its place or an assembly."""

    def __init__(self, kind: Any, keys: Sequence[Any], parts: list[Any]) -> None:
        self.kind = kind
        self.keys = list(keys)
        self.parts = parts


def key_of_assembly(part: Any) -> Any:
    """The key of how an argument is put together: the place of a leaf, or all that makes a container what it is."""
    if isinstance(part, int):
        return part
    kind = part.kind
    rest = (kind.cls, key_of_fixed(kind.rest)) if isinstance(kind, Kind) else kind
    return rest, tuple(map(key_of_fixed, part.keys)), tuple(map(key_of_assembly, part.parts))


def assembled(part: Any, leaves: Sequence[Any]) -> Any:
    """The leaf at a place, or the container that is put together of leaves."""
    if isinstance(part, int):
        return leaves[part]
    return contain(part.kind, part.keys, [assembled(inner, leaves) for inner in part.parts])


def plain_name(key: Any) -> Any:
    """The key of a part as it is written in a dict of axes."""
    return key.name if isinstance(key, Attribute) else key


class OfLeaves:
    """A function of containers as a function of the leaves of one layout."""

    def __init__(self, fun: Callable[..., Any], layout: Layout) -> None:
        self.fun = fun
        self.layout = layout
        functools.update_wrapper(self, fun, updated=())
        self.__name__ = layout.name

    def __call__(self, *leaves: Any) -> Any:
        args, kwargs = self.layout.arguments(leaves)
        return self.fun(*args, **kwargs)


def row_of_ones(value: Any, axis: int | None) -> Any:
    """One row of an argument that has none: ones, for their form; what rows share as it is."""
    import numpy

    if axis is None:
        return value
    given = numpy.asarray(value)
    kind = given.dtype if given.dtype.kind in "iub" else float
    row = numpy.ones(numpy.delete(given.shape, axis), kind)
    return row if row.ndim else row.item()


def moved(name: str, result: Any, out_axes: Any) -> Any:
    """The result with the rows of its arrays along these axes, in place of the first; for None what all rows give."""
    if isinstance(out_axes, int):
        if out_axes == 0:
            return result
        container = None if hasattr(type(result), "dtype") else parts_of(result)
        if container is None:
            return moved_array(name, result, out_axes)
        kind, keys, parts = container
        return contain(kind, keys, [moved(name, part, out_axes) for part in parts])
    container = None if hasattr(type(result), "dtype") else parts_of(result)
    if out_axes is None:
        if container is None:
            return one_of_all(name, result)
        return contain(container[0], container[1], [moved(name, part, None) for part in container[2]])
    _, names, axes = parts_of(out_axes) or (None, (), ())
    by_name = {plain_name(key): axis for key, axis in zip(names, axes, strict=True)}
    if container is None or {plain_name(key) for key in container[1]} != set(by_name):
        raise ValueError(
            f"vmap of {name}: out_axes={out_axes!r:.80} does not fit a result of type {type(result).__name__}"
        )
    kind, keys, parts = container
    inner = [moved(name, part, by_name[plain_name(key)]) for key, part in zip(keys, parts, strict=True)]
    return contain(kind, keys, inner)


def moved_array(name: str, result: Any, axis: int) -> Any:
    """An array of results with its rows along this axis."""
    import numpy

    if not hasattr(result, "ndim"):
        return result
    if not -result.ndim <= axis < result.ndim:
        raise ValueError(f"vmap of {name}: a result of shape {result.shape} has no axis {axis} for out_axes")
    made = numpy.moveaxis(result, 0, axis)
    return made if made.dtype.kind == "O" else numpy.ascontiguousarray(made)


def one_of_all(name: str, result: Any) -> Any:
    """What all rows give alike; ValueError if they differ."""
    import numpy

    if not hasattr(result, "ndim"):
        return result
    if result.dtype.kind == "O":
        raise OperandError(f"vmap of {name}: out_axes=None is for numbers, the results are nodes; take one row of them")
    if len(result) == 0 or not numpy.array_equal(result, numpy.broadcast_to(result[:1], result.shape), equal_nan=True):
        raise ValueError(f"vmap of {name}: out_axes=None is for what is the same in all rows, and they differ")
    return result[0].item() if result.ndim == 1 else result[0].copy()
