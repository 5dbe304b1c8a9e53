"""Programs as JSON: they come back the same, and whatever else is read gives an error of ours in bounded time."""

from __future__ import annotations

import contextlib
import gc
import json
import random
import time
import tracemalloc

import pytest

from autograd import UnknownPrimitiveError, Variable, callback, exp, fori_loop, jit, sin, while_loop
from autograd.errors import ExportError
from autograd.exports.program_json import from_json, to_json
from autograd.program.program import Program
from tests.tables.random_programs import KNOWN, random_program
from tests.tables.stored_programs import stored_programs


def test_a_program_comes_back_the_same():
    for program in stored_programs():
        text = to_json(program)
        other = from_json(text)
        assert other == program
        assert [guard.line for guard in other.guards] == [guard.line for guard in program.guards]
        assert [guard.file for guard in other.guards] == [guard.file for guard in program.guards]
        assert to_json(other) == text
        assert from_json(text.encode("ascii")) == program
        assert set(json.loads(text)) == {"format", "version", "inputs", "constants", "operations", "outputs", "guards"}


def test_any_program_comes_back_with_the_same_operations():
    program = random_program(random.Random(1), 4, 300, KNOWN)
    other = from_json(to_json(program))
    assert str(other) == str(program)
    assert other.names == tuple(dict.fromkeys(operation.primitive.name for operation in program))


def test_the_text_is_that_of_the_description():
    program = Program(1, [0.5], ["multiply"], [0], [0, 2], [0, 1], [2], [(2, True, "a.py", 3)])
    assert json.loads(to_json(program)) == {
        "format": "scalar-autograd program", "version": 1, "inputs": 1, "constants": [0.5],
        "operations": [["multiply", 0, 1]], "outputs": [2], "guards": [[2, True, "a.py", 3]],
    }  # fmt: skip


HOSTILE = [
    None, True, -1, 1.5, 10**400, 2**31, 2**31 - 1, "", "x" * 10_000, "__import__", "inf", [], {}, [[]], [None],
    ["sin"], ["sin", -1], ["sin", 0, 0], ["sin", True], ["sin", 2**40], ["no such", 0], [["sin"]], [0, True, "a", 1],
    [0, 1, "a", 1], 1e308, "1e999",
]  # fmt: skip


def test_every_place_with_anything_else_is_an_error_of_ours_or_a_sound_program():
    text = to_json(stored_programs()[1])
    tried = refused = 0
    for value in HOSTILE:
        whole = json.loads(text)
        pending = [whole]
        while pending:
            part = pending.pop()
            for key in list(part) if isinstance(part, dict) else range(len(part)):
                kept, part[key] = part[key], value
                tried += 1
                try:
                    assert isinstance(from_json(json.dumps(whole)), Program)
                except (ExportError, UnknownPrimitiveError) as error:
                    refused += 1
                    assert len(str(error)) < 600
                part[key] = kept
                if isinstance(kept, dict | list):
                    pending.append(kept)
    assert tried > 1000
    assert refused > 0.6 * tried


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "this is no JSON"),
        ("{", "this is no JSON"),
        ("[]", "this JSON holds no program"),
        ("[" * 100_000, "nests too deep"),
        ("1" * 10_000, "this is no JSON"),
        ("NaN", "NaN is no JSON"),
        ('{"format": 1, "format": 2}', "has a key twice"),
        (b"\xff", "a text in UTF-8"),
        (7, "is read from a text of JSON, got int"),
        (
            '{"format": "scalar-autograd program", "version": 2}',
            "in version 2 of the form, this program reads version 1",
        ),
        ('{"format": "scalar-autograd program", "version": true}', "in version True"),
        ('{"format": "scalar-autograd program", "version": 1, "x": 0}', "missing: .*'constants'.*unknown: .'x'"),
    ],
)
def test_errors_say_what_is_wrong(text, message):
    with pytest.raises(ExportError, match=message):
        from_json(text)


def test_truncated_and_changed_texts_give_errors_of_ours():
    text = to_json(stored_programs()[1])
    draw = random.Random(2)
    for _ in range(1500):
        place = draw.randrange(len(text))
        changed = draw.choice([text[:place], text[:place] + draw.choice('[]{}",:0-9eE.\\x') + text[place + 1 :]])
        with contextlib.suppress(ExportError, UnknownPrimitiveError):
            assert isinstance(from_json(changed), Program)


def test_reading_costs_in_proportion_to_the_length():
    def text(count):
        operations = ",".join(['["plus",0,0]'] * count)
        return (
            '{"format": "scalar-autograd program", "version": 1, "inputs": 2147483647, "constants": [], '
            f'"operations": [{operations}], "outputs": [0], "guards": []}}'
        )

    tracemalloc.start()
    with pytest.raises(ExportError, match="a program has"):
        from_json(text(1).replace('"outputs": [0]', '"outputs": [2147483647]').replace('["plus",0,0]', ""))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000
    small = text(2000).replace("2147483647", "1")
    large = text(40_000).replace("2147483647", "1")
    times = []
    # The collector's time depends on all that other tests have left.
    gc.disable()
    try:
        for one in (small, large):
            began = time.process_time()
            from_json(one)
            times.append(time.process_time() - began)
    finally:
        gc.enable()
    assert times[1] < 20 * 5 * max(times[0], 1e-3)


def test_what_belongs_to_this_run_is_not_stored():
    function = jit(callback(lambda x: x + 1.0))
    function(1.0)
    loop = jit(lambda x: while_loop(lambda y: y < 9.0, lambda y: y + exp(-x), x))
    loop(1.0)
    for one in (function, loop):
        with pytest.raises(UnknownPrimitiveError, match="can't be stored"):
            to_json(one.paths[0].program)


def test_loops_are_written_out():
    loop = jit(lambda x: fori_loop(0, 100, lambda k, y: sin(y) * x + exp(-y), x), tier="vm")
    value = loop(1.0)
    program = loop.paths[0].program
    assert program.externals
    other = from_json(to_json(program))
    assert not other.externals and other(1.0) == [value]


def test_what_is_no_program_is_told_where_programs_are():
    for given in (Variable(2.0), jit(lambda x: x), 3.0):
        with pytest.raises(
            TypeError, match=r"to_json takes a program, .* jit\(f\)\.paths\[0\]\.program after a call; got"
        ):
            to_json(given)
