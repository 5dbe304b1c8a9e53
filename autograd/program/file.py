"""Programs as bytes, to be kept and sent: read in full and checked before there is a program; nothing is ever run.

The form, all numbers little-endian:

    8 bytes    the mark AUTOGRAD
    u32        the version of the form, 1
    9 × u64    how many inputs, constants, names, operations, operands, outputs, guards and files there are,
               and how many bytes of text
    f64 ...    the constants
    i32 ...    for each operation the number of its name; where its operands begin, and behind the last one where they
               end; the operands; the outputs
    4 × i32    for each guard: condition, outcome (0 or 1), number of its file, line
    u32 ...    the length in bytes of each name and of each file
    text       the names and then the files, in UTF-8, one behind the other
    32 bytes   the SHA-256 of all that comes before

A name is that of a primitive which the reading program has declared: nothing else can be asked for.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from array import array
from collections.abc import Sequence
from typing import Any

__all__ = ["fields_in", "stored_fields"]

MARK = b"AUTOGRAD"
VERSION = 1
COUNTS = struct.Struct("<8sI9Q")
DIGEST = 32


def stored_fields(
    inputs: int,
    constants: Sequence[float],
    names: Sequence[str],
    codes: Sequence[int],
    starts: Sequence[int],
    operands: Sequence[int],
    outputs: Sequence[int],
    guards: Sequence[tuple[int, bool, str, int]],
) -> bytes:
    """The fields of a program in the form that `fields_in` reads; the same fields give the same bytes.

    >>> fields_in(stored_fields(1, [], ["exp"], [0], [0, 1], [0], [1], []))[2]
    ['exp']
    """
    files = sorted({file for _, _, file, _ in guards})
    number_of = {file: number for number, file in enumerate(files)}
    decisions = [
        number
        for condition, outcome, file, line in guards
        for number in (condition, int(outcome), number_of[file], line)
    ]
    texts = [text.encode("utf-8", "backslashreplace") for text in (*names, *files)]
    counts = (
        inputs, len(constants), len(names), len(codes), len(operands), len(outputs), len(guards), len(files),
        sum([len(text) for text in texts]),
    )  # fmt: skip
    parts = [
        COUNTS.pack(MARK, VERSION, *counts),
        *[_stored(kind, numbers) for kind, numbers in (
            ("d", constants), ("i", codes), ("i", starts), ("i", operands), ("i", outputs), ("i", decisions),
            ("I", [len(text) for text in texts]),
        )],
        *texts,
    ]  # fmt: skip
    content = b"".join(parts)
    return content + hashlib.sha256(content).digest()


def fields_in(data: bytes) -> tuple[Any, ...]:
    """The fields that `stored_fields` wrote, in its order: what they say is for the program to check.

    Reading takes memory and time in proportion to the length of the data, whatever they claim. Raises ValueError for
    data that are damaged, from a later version, or no program.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"a program is read from bytes, got {type(data).__name__}")
    data = bytes(data)
    if len(data) < COUNTS.size + DIGEST or not data.startswith(MARK):
        raise ValueError("these bytes are no program: they don't begin as one, or end too soon")
    _, version, inputs, constants, names, operations, operands, outputs, guards, files, text = COUNTS.unpack_from(data)
    if version != VERSION:
        raise ValueError(f"these bytes hold a program in version {version} of the form, this program reads {VERSION}")
    end = len(data) - DIGEST
    if hashlib.sha256(data[:end]).digest() != data[end:]:
        raise ValueError("these bytes of a program were changed or cut off: their digest is another one")
    numbers = operations + (operations + 1) + operands + outputs + 4 * guards + names + files
    if COUNTS.size + 8 * constants + 4 * numbers + text != end:
        raise ValueError("these bytes are no program: they are not as long as they say")
    reader = _Reader(data, COUNTS.size)
    values = reader.take("d", constants)
    codes, starts = reader.take("i", operations), reader.take("i", operations + 1)
    used, results = reader.take("i", operands), reader.take("i", outputs)
    decisions = reader.take("i", 4 * guards)
    texts = reader.texts(reader.take("I", names + files), end)
    taken = _guards(decisions.tolist(), texts[names:])
    return inputs, values, texts[:names], codes, starts, used, results, taken


def _guards(numbers: list[int], files: list[str]) -> list[tuple[int, bool, str, int]]:
    """The decisions, of which each is four numbers."""
    guards = []
    for place in range(0, len(numbers), 4):
        condition, outcome, file, line = numbers[place : place + 4]
        if outcome not in (0, 1) or not 0 <= file < len(files) or line < 0:
            raise ValueError(f"guard {place // 4} of a program names no outcome, file and line")
        guards.append((condition, outcome == 1, files[file], line))
    return guards


def _stored(kind: str, numbers: Any) -> bytes:
    """Numbers as they are stored."""
    stored = array(kind, numbers)
    if sys.byteorder == "big":
        stored.byteswap()
    return stored.tobytes()


class _Reader:
    """Reads one part after the other from bytes whose length is known to suffice."""

    def __init__(self, data: bytes, place: int) -> None:
        self.data = data
        self.place = place

    def take(self, kind: str, count: int) -> array[Any]:
        """The next numbers."""
        numbers = array(kind)
        end = self.place + count * numbers.itemsize
        numbers.frombytes(self.data[self.place : end])
        self.place = end
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers

    def texts(self, lengths: Any, end: int) -> list[str]:
        """The texts of these lengths, which must be all that is left."""
        if sum(lengths) != end - self.place:
            raise ValueError("these bytes are no program: their texts are not as long as they say")
        found = []
        for length in lengths:
            found.append(self.data[self.place : self.place + length].decode("utf-8"))
            self.place += length
        return found
