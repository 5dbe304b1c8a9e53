"""The places in arrays that the numbers of rows are read from and written to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.numbers.arrays import integers

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from autograd.numbers.arrays import ints_in

    NO_NUMBERS = None

__all__ = ["Columns", "address_of"]


@cython.final
@cython.cclass
class Columns:
    """The places of some numbers of each row in arrays.

    `places` has for each number of a row an array, the place in it of the first row's number, and how far the next
    row's is from there.
    """

    def __init__(self, places: Sequence[tuple[Any, int, int]], written: bool) -> None:
        self.kept = places
        self.count = len(places)
        self.offsets, self.strides = integers(self.count), integers(self.count)
        if cython.compiled:
            self.numbers = cython.cast("double**", calloc(self.count + 1, 8))  # type: ignore[name-defined]  # noqa: F821
            if not self.numbers:
                raise MemoryError(f"no memory for rows of {self.count} numbers")
            for place, (numbers, _, _) in enumerate(places):
                self.numbers[place] = cython.cast("double*", address_of(numbers))
        else:
            given = [numbers for numbers, _, _ in places]
            self.numbers: Any = [one.reshape(-1) if written else one.ravel().tolist() for one in given]
        for place, (_, offset, stride) in enumerate(places):
            self.offsets[place], self.strides[place] = offset, stride
        self.written = written

    def move(self, arrays: Sequence[Any], owners: Any) -> None:
        """Have the places be those of other arrays: of the one at `owners[place]`.

        They are kept alive until `let_go`: where a call is interrupted, another thread may go on with a chunk of it.
        """
        self.kept = arrays
        if cython.compiled:
            owner = -1
            numbers = NO_NUMBERS
            places = ints_in(owners)
            for place in range(self.count):
                if places[place] != owner:
                    owner = places[place]
                    numbers = cython.cast("double*", address_of(arrays[owner]))
                self.numbers[place] = numbers
        else:
            given = [array.reshape(-1) if self.written else array.ravel().tolist() for array in arrays]
            self.numbers = [given[owner] for owner in owners]

    def are_four(self, place: int) -> bool:
        """Whether the numbers of this place and the next three lie side by side in each row; only compiled."""
        if not cython.compiled or place + 4 > self.count:
            return False
        offsets, strides = ints_in(self.offsets), ints_in(self.strides)
        for further in range(1, 4):
            if (
                self.numbers[place + further] != self.numbers[place]
                or offsets[place + further] != offsets[place] + further
                or strides[place + further] != strides[place]
            ):
                return False
        return True

    def let_go(self) -> None:
        """Keep no array alive any more, when all rows are done."""
        self.kept = ()
        if not cython.compiled:
            self.numbers = []

    def __dealloc__(self) -> None:
        free(self.numbers)  # type: ignore[name-defined]  # noqa: F821


def address_of(numbers: Any) -> Any:
    """The address of the numbers of a contiguous NumPy array, which the caller must keep alive; only compiled."""
    PyObject_GetBuffer(numbers, cython.address(view), PyBUF_SIMPLE)  # type: ignore[name-defined]  # noqa: F821
    address = cython.cast(cython.size_t, view.buf)  # type: ignore[name-defined]  # noqa: F821
    PyBuffer_Release(cython.address(view))  # type: ignore[name-defined]  # noqa: F821
    return address
