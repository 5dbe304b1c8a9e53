"""Programs as bytes: they come back the same, and damaged or hostile bytes give an error or a sound program."""

from __future__ import annotations

import hashlib
import random
import struct
import time
import tracemalloc
from importlib.util import find_spec

import pytest

import autograd
from autograd import Primitive, UnknownPrimitiveError
from autograd.program.file import COUNTS, DIGEST
from autograd.program.machine.machine import Machine
from autograd.program.program import Program
from tests.tables.stored_programs import stored_programs


def with_digest(content):
    return bytes(content) + hashlib.sha256(content).digest()


def test_a_program_comes_back_the_same():
    for program in stored_programs():
        stored = program.to_bytes()
        other = Program.from_bytes(stored)
        assert other == program
        assert other.hash == program.hash
        assert other.to_bytes() == stored
        assert [guard.line for guard in other.guards] == [guard.line for guard in program.guards]


def test_the_bytes_are_those_of_the_description():
    program = Program(1, [0.5], ["multiply"], [0], [0, 2], [0, 1], [2], [(2, True, "a.py", 3)])
    counts = struct.pack("<9Q", 1, 1, 1, 1, 2, 1, 1, 1, len("multiplya.py"))
    numbers = struct.pack("<d 1i 2i 2i 1i 4i 2I", 0.5, 0, 0, 2, 0, 1, 2, 2, 1, 0, 3, 8, 4)
    assert program.to_bytes() == with_digest(b"AUTOGRAD" + struct.pack("<I", 1) + counts + numbers + b"multiplya.py")


def test_every_truncation_and_every_changed_byte_is_refused():
    stored = stored_programs()[1].to_bytes()
    for length in range(len(stored)):
        with pytest.raises(ValueError, match=r"they don't begin as one, or end too soon|their digest is another one"):
            Program.from_bytes(stored[:length])
    for place in range(len(stored)):
        changed = bytearray(stored)
        changed[place] ^= 1 << place % 8
        with pytest.raises(ValueError, match="bytes"):
            Program.from_bytes(changed)


def test_the_errors_say_what_is_wrong():
    stored = stored_programs()[0].to_bytes()
    content = bytearray(stored[:-DIGEST])
    with pytest.raises(TypeError, match="a program is read from bytes, got str"):
        Program.from_bytes("AUTOGRAD")
    with pytest.raises(ValueError, match="these bytes are no program: they don't begin as one"):
        Program.from_bytes(b"\x80\x04" + stored)
    later = content.copy()
    later[8:12] = struct.pack("<I", 2)
    with pytest.raises(ValueError, match="in version 2 of the form, this program reads 1"):
        Program.from_bytes(with_digest(later))
    with pytest.raises(ValueError, match="they are not as long as they say"):
        Program.from_bytes(with_digest(content + b"\0"))
    with pytest.raises(UnknownPrimitiveError, match="no primitive is called 'mulTiply'"):
        Program.from_bytes(with_digest(content.replace(b"multiply", b"mulTiply")))


def test_claims_of_any_size_take_no_memory():
    content = bytearray(stored_programs()[0].to_bytes()[:-DIGEST])
    tracemalloc.start()
    try:
        for place in range(12, COUNTS.size, 8):
            for claim in (2**31 - 1, 2**31, 2**40, 2**62, 2**64 - 1):
                lying = content.copy()
                lying[place : place + 8] = struct.pack("<Q", claim)
                try:
                    Program.from_bytes(with_digest(lying))
                except ValueError:
                    pass
                else:
                    # There may be inputs that nothing uses, and they take no room in the program.
                    assert (place, claim) == (12, 2**31 - 1)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def mutated(content, generator):
    """The content with a few bytes changed, put in or left out, or a number replaced by an extreme one."""
    changed = bytearray(content)
    for _ in range(generator.choice([1, 1, 2, 5])):
        place = generator.randrange(len(changed))
        kind = generator.randrange(4)
        if kind == 0:
            changed[place] = generator.randrange(256)
        elif kind == 1:
            changed[place : place + 4] = struct.pack("<i", generator.choice([-1, 0, 1, 2**31 - 1, -(2**31), 255]))
        elif kind == 2:
            del changed[place : place + generator.randrange(1, 9)]
        else:
            changed[place:place] = generator.randbytes(generator.randrange(1, 9))
    return changed


def mutations_withstood(rounds, seed):
    """The numbers of mutated programs, with a right digest, that were refused, and that made a program and were run."""
    generator = random.Random(seed)
    contents = [program.to_bytes()[:-DIGEST] for program in stored_programs()]
    refused = run = 0
    for _ in range(rounds):
        try:
            program = Program.from_bytes(with_digest(mutated(generator.choice(contents), generator)))
        except (ValueError, UnknownPrimitiveError):
            refused += 1
            continue
        run += 1
        assert Program.from_bytes(program.to_bytes()) == program
        if program.inputs < 1_000:
            machine = Machine(program, (False,) * program.inputs)
            found = machine.call([0.5] * program.inputs)
            assert isinstance(found, int) or len(found) == len(program.outputs)
            if autograd.compiled and find_spec("llvmlite") and run % 20 == 0:
                from autograd.program.llvm.native import NativeCode

                machine.use(NativeCode(machine.plan, rows=False), None)
                in_code = machine.call([0.5] * program.inputs)
                assert isinstance(in_code, int) == isinstance(found, int)
            assert isinstance(program.source(), str)
    return refused, run


def test_mutations_are_refused_or_make_a_program_that_runs():
    ran = []
    Primitive("a hostile primitive", lambda x: ran.append(x) or x, lambda x, out: 1.0)
    started = time.perf_counter()
    refused, run = mutations_withstood(1_500, seed=0)
    assert refused > 500
    assert run > 50
    assert ran == []
    assert time.perf_counter() - started < 60.0
