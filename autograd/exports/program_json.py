"""Programs as JSON: a form that other languages read, checked in full before there is a program.

    {"format": "scalar-autograd program", "version": 1,
     "inputs": 2, "constants": [0.5, "inf", "-inf", "nan"],
     "operations": [["multiply", 0, 1], ["exp", 6]],
     "outputs": [7], "guards": [[6, true, "model.py", 12]]}

Values are numbered: the inputs, then the constants, then the result of each operation, which is written as its name and
the numbers of its operands. A guard is a value, whether it was other than 0, and the file and line of the decision.
"""

from __future__ import annotations

import json
import math
from typing import Any

from autograd.errors import ExportError, UnknownPrimitiveError
from autograd.program.program import Program

__all__ = ["from_json", "to_json"]

FORMAT = "scalar-autograd program"
VERSION = 1
KEYS = ("format", "version", "inputs", "constants", "operations", "outputs", "guards")
SPECIAL = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}
# No program has more values: their numbers are those of C.
MOST = 2**31


def to_json(program: Program) -> str:
    """A program as JSON, for `from_json`.

    Loops are written out. Raises UnknownPrimitiveError as `Program.to_bytes` does.

    >>> from autograd import jit
    >>> double = jit(lambda x: 2.0 * x)
    >>> double(3.0)
    6.0
    >>> text = to_json(double.paths[0].program)
    >>> print(text)
    {"format": "scalar-autograd program", "version": 1, "inputs": 1, "constants": [2.0],
    "operations": [
    ["multiply", 1, 0]],
    "outputs": [2], "guards": []}
    >>> from_json(text)(5.0)
    [10.0]
    """
    if not isinstance(program, Program):
        raise TypeError(
            f"to_json takes a program, one of those that a compiled function has, jit(f).paths[0].program after a "
            f"call; got {type(program).__name__} {program!r:.60}"
        )
    program = program.as_stored()
    constants = [x if math.isfinite(x) else "nan" if math.isnan(x) else str(x) for x in program.constants]
    operations = ",\n".join(
        [json.dumps([operation.primitive.name, *operation.operands], ensure_ascii=True) for operation in program]
    )
    head = {"format": FORMAT, "version": VERSION, "inputs": program.inputs, "constants": constants}
    guards = [[guard.condition, bool(guard.outcome), guard.file, guard.line] for guard in program.guards]
    opened = json.dumps(head)[:-1]
    between = "\n" if operations else ""
    return (
        f'{opened},\n"operations": [{between}{operations}],\n'
        f'"outputs": {json.dumps(list(program.outputs))}, "guards": {json.dumps(guards)}}}'
    )


def from_json(text: str | bytes) -> Program:
    """The program that `to_json` wrote; nothing is ever run.

    Names are those of primitives which this program has declared. Reading takes memory and time in proportion to the
    length of the text. Raises ExportError for a text that holds no program, UnknownPrimitiveError for an operation that
    nobody declared.
    """
    found = parsed(text)
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ExportError(f'this JSON holds no program: its "format" is not "{FORMAT}"')
    if type(found.get("version")) is not int or found["version"] != VERSION:
        raise ExportError(
            f"this JSON holds a program in version {found.get('version')!r:.40} of the form, this program reads "
            f"version {VERSION}"
        )
    if set(found) != set(KEYS):
        missing, more = sorted(set(KEYS) - set(found)), sorted(set(found) - set(KEYS))
        raise ExportError(
            f"a program in JSON has the keys {', '.join(KEYS)}; missing: {missing}, unknown: {more!r:.80}"
        )
    constants = [constant(number) for number in listed(found["constants"], "constants")]
    codes: list[int] = []
    starts, operands = [0], []
    code_of: dict[str, int] = {}
    for place, operation in enumerate(listed(found["operations"], "operations")):
        if not isinstance(operation, list) or not operation or not is_name(operation[0]):
            raise ExportError(f"operation {place} of a program in JSON is a name and numbers, got {operation!r:.60}")
        codes.append(code_of.setdefault(operation[0], len(code_of)))
        operands += [whole(number, f"an operand of operation {place}") for number in operation[1:]]
        starts.append(len(operands))
    outputs = [whole(number, "an output") for number in listed(found["outputs"], "outputs")]
    guards = [guard(place, one) for place, one in enumerate(listed(found["guards"], "guards"))]
    try:
        return Program(
            whole(found["inputs"], "inputs"), constants, list(code_of), codes, starts, operands, outputs, guards
        )
    except UnknownPrimitiveError:
        raise
    except (ValueError, OverflowError) as error:
        raise ExportError(f"this JSON holds no sound program: {error}") from None


def parsed(text: Any) -> Any:
    """What a text of JSON holds; ExportError if it is none."""
    if isinstance(text, bytes | bytearray):
        try:
            text = bytes(text).decode("utf-8")
        except UnicodeDecodeError:
            raise ExportError("a program in JSON is a text in UTF-8; these bytes are none") from None
    if not isinstance(text, str):
        raise ExportError(f"a program is read from a text of JSON, got {type(text).__name__}")
    try:
        return json.loads(text, object_pairs_hook=without_repeats, parse_constant=no_number)
    except RecursionError:
        raise ExportError("this is no program in JSON: it nests too deep") from None
    except ExportError:
        raise
    except ValueError as error:
        raise ExportError(f"this is no JSON: {str(error)[:200]}") from None


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, whose keys must differ."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ExportError("an object in this JSON has a key twice")
    return found


def no_number(text: str) -> Any:
    """Raise ExportError for a word that Python's reader would take for a number."""
    raise ExportError(f'{text} is no JSON; numbers that are not finite are written "inf", "-inf" and "nan"')


def listed(value: Any, what: str) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise ExportError(f"the {what} of a program in JSON are a list, got {value!r:.60}")
    return value


def is_name(value: Any) -> bool:
    """Whether it may be the name of a primitive."""
    return isinstance(value, str) and len(value) <= 200


def whole(value: Any, what: str) -> int:
    """A whole number that may be the number of a value."""
    if type(value) is not int or not 0 <= value < MOST:
        raise ExportError(f"{what} of a program in JSON: a whole number from 0 to 2**31 - 1, got {value!r:.60}")
    return value


def constant(value: Any) -> float:
    """A constant."""
    if isinstance(value, str) and value in SPECIAL:
        return SPECIAL[value]
    if type(value) not in (int, float):
        raise ExportError(f'a constant of a program in JSON is a number, "inf", "-inf" or "nan", got {value!r:.60}')
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ExportError("a constant of a program in JSON is beyond the range of doubles")
    return number


def guard(place: int, value: Any) -> tuple[int, bool, str, int]:
    """A decision."""
    sound = isinstance(value, list) and len(value) == 4 and type(value[1]) is bool and isinstance(value[2], str)
    if not sound:
        raise ExportError(
            f"guard {place} of a program in JSON is a value, a truth, a file and a line, got {value!r:.60}"
        )
    return whole(value[0], "the value of a guard"), value[1], value[2], whole(value[3], "the line of a guard")
