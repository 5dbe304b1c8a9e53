"""The reduction of the results of rows to sums and means, or to arrays with the rows along the first axis."""

from __future__ import annotations

import functools
import math
import operator
from array import array
from collections.abc import Sequence
from typing import Any

from autograd.numbers.arrays import divided
from autograd.program.machine.row_sums import added_in_pairs
from autograd.transforms.containers import contain, is_mapping, parts_of
from autograd.transforms.kinds import Beyond, alike, counted, result_leaf, wholes_in
from autograd.transforms.trees import Structure, as_array, flatten

__all__ = ["Reduction"]


class Reduction:
    """Puts the results of the rows of a mapped function together: `reduce` holds for all parts, or has one for each."""

    def __init__(self, name: str, reduce: Any) -> None:
        for one in reduce if isinstance(reduce, tuple) else (reduce,):
            if one not in (None, "sum", "mean"):
                raise ValueError(f"reduce is None, 'sum' or 'mean', or a tuple of these, got {reduce!r}")
        self.name = name
        self.reduce = reduce

    def from_sums(self, found: Any, count: int) -> Any:
        """The results from their sums over so many rows."""
        sums, structure = flatten(found, f"the output of {self.name}", result_leaf)
        built = []
        start = 0
        for part, reduction in self.parts(structure):
            built.append(part.build(reduced(reduction, sums[start : start + part.size], count)))
            start += part.size
        return self.joined(structure, built)

    def sums_everything(self) -> bool:
        """Whether all results are added up over the rows."""
        return None not in (self.reduce if isinstance(self.reduce, tuple) else (self.reduce,))

    def sums_anything(self) -> bool:
        """Whether any results are added up over the rows."""
        return any(self.reduce if isinstance(self.reduce, tuple) else (self.reduce,))

    def of_rows(self, returned: list[Any]) -> Any:
        """The results from what the function returned for each row, numbers and nodes."""
        found = [flatten(value, f"the output of {self.name}", result_leaf) for value in returned]
        self.check_structures([structure for _, structure in found])
        structure = alike([structure for _, structure in found])
        built: list[Any] = []
        start = 0
        for part, reduction in self.parts(structure):
            columns = range(start, start + part.size)
            start += part.size
            if reduction is None:
                entries = as_array([numbers[column] for numbers, _ in found for column in columns])
                built.append(stacked(part, entries.reshape(len(found), part.size)))
                continue
            sums = [functools.reduce(operator.add, [numbers[column] for numbers, _ in found]) for column in columns]
            built.append(self.reduced(part, reduction, sums, len(found)))
        return self.joined(structure, built)

    def as_sums(self) -> Any:
        """The same `reduce` with sums instead of means."""
        if isinstance(self.reduce, tuple):
            return tuple([one and "sum" for one in self.reduce])
        return self.reduce and "sum"

    def of_blocks(self, found: list[Any], count: int) -> Any:
        """The results from those of blocks of rows, in their order, that were reduced by `as_sums`."""
        if not isinstance(self.reduce, tuple):
            return self.of_block_parts(self.reduce, found, count)
        kind, keys, columns = columns_of(found)
        parts = zip(self.reduce, columns, strict=True)
        return contain(kind, keys, [self.of_block_parts(one, column, count) for one, column in parts])

    def of_block_parts(self, reduction: str | None, found: list[Any], count: int) -> Any:
        """A part of the results from those of blocks of rows."""
        if reduction is None:
            return stacked_blocks(found)
        flat = [flatten(value, f"the output of {self.name}", result_leaf) for value in found]
        self.check_alike([structure for _, structure in flat])
        sums = added_in_pairs([as_array(numbers) for numbers, _ in flat])
        structure = alike([structure for _, structure in flat])
        return self.reduced(
            structure, reduction, array("d", sums.tobytes()), len(found) if reduction == "sum" else count
        )

    def of_no_rows(self, returned: Any) -> Any:
        """The results for no rows, in the structure of what the function returned for one."""
        import numpy

        structure = flatten(returned, f"the output of {self.name}", result_leaf)[1]
        self.check_structures([structure])
        built: list[Any] = []
        for part, reduction in self.parts(structure):
            if reduction is None:
                built.append(stacked(part, numpy.empty((0, part.size))))
            else:
                of_none = [0.0 if reduction == "sum" else math.nan] * part.size
                built.append(counted(part, reduction, 0, self.name).build(array("d", of_none)))
        return self.joined(structure, built)

    def reduced(self, part: Structure, reduction: str | None, sums: Any, count: int) -> Any:
        """A part of a result from its sums over so many rows, which are numbers or nodes."""
        if any(wholes_in(part)):
            part = counted(part, reduction, count, self.name)
        return part.build(reduced(reduction, sums, count))

    def parts(self, structure: Structure) -> list[tuple[Structure, str | None]]:
        """The parts of a result of this structure, each with its reduction over the rows."""
        if not isinstance(self.reduce, tuple):
            return [(structure, self.reduce)]
        if is_mapping(structure.kind) or len(structure.children) != len(self.reduce):
            raise ValueError(
                f"vmap of {self.name}: reduce={self.reduce!r} is for a list or tuple of {len(self.reduce)} parts, "
                f"the result is {structure}"
            )
        return list(zip(structure.children, self.reduce, strict=True))

    def joined(self, structure: Structure, parts: list[Any]) -> Any:
        """The result that has these parts."""
        if not isinstance(self.reduce, tuple):
            return parts[0]
        return contain(structure.kind, structure.keys, parts)

    def check_structures(self, structures: Sequence[Structure]) -> None:
        """Raise TypeError if rows return something of other forms than the first, or what can't be put together."""
        self.check_alike(structures)
        first = structures[0]
        if any([reduction is None and not part.holds_only_arrays() for part, reduction in self.parts(first)]):
            if any([isinstance(piece.maker, Beyond) for _, piece in first.pieces()]):
                raise TypeError(
                    f"{self.name} returns an int beyond 2**53 for each row, which the doubles of rows can't hold; "
                    f"return a float"
                )
            raise TypeError(
                f"{self.name} returns {first} for each row; sparse matrices can be added up (reduce='sum'), but "
                f"not stacked in an array: use sparse=False, or call it for each row"
            )

    def check_alike(self, structures: Sequence[Structure]) -> None:
        """Raise TypeError if rows return something of other forms than the first."""
        first = structures[0]
        for structure in structures:
            if structure is not first and not first.is_same(structure):
                raise TypeError(
                    f"{self.name} returns {first} for some rows and {structure} for others; rows can only be put "
                    f"together if they are alike"
                )


def reduced(reduction: str | None, sums: Any, count: int) -> Any:
    """The sums over so many rows or, if asked for, means."""
    if reduction != "mean":
        return sums
    return divided(sums, count) if isinstance(sums, array) else [total / count for total in sums]


def stacked_blocks(found: list[Any]) -> Any:
    """What blocks of rows gave, one behind the other along the first axis of arrays."""
    import numpy

    if hasattr(found[0], "dtype"):
        return numpy.concatenate(found)
    if parts_of(found[0]) is None:
        return found[0]
    kind, keys, columns = columns_of(found)
    return contain(kind, keys, [stacked_blocks(column) for column in columns])


def columns_of(found: list[Any]) -> tuple[Any, Any, list[list[Any]]]:
    """The kind and keys of containers that are alike, and for each key the parts of all of them."""
    containers: list[Any] = [parts_of(one) for one in found]
    columns = zip(*[parts for _, _, parts in containers], strict=True)
    return containers[0][0], containers[0][1], [list(column) for column in columns]


def stacked(structure: Structure, results: Any) -> Any:
    """The results of all rows in the structure of one, with the rows along the first axis of arrays.

    `results` has a row of numbers for each row.
    """
    count = len(results)

    def of_piece(start: int, part: Structure) -> Any:
        own = results[:, start : start + part.size].reshape((count, *(part.shape or ()))).copy()
        return own if part.whole is None else part.whole.made(own.ravel().tolist(), own.shape)

    return structure.map_pieces(of_piece)
