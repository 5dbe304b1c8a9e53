"""Samples of the random searches, and that they find what is planted."""

from __future__ import annotations

import operator
import sys

import numpy as np
import pytest

import autograd
from tools import random_numpy, random_python
from tools.fuzz_entries import array_of_itself, fuzz, holding_itself, without_rings
from tools.search_programs import Case, draw_case, examine, search, smallest

# Uncompiled, a program takes ten times as long.
SHARE = 1 if autograd.compiled else 8


@pytest.mark.parametrize(("kind", "count"), [("python", 400), ("numpy", 240)])
def test_random_programs_give_the_same_numbers_in_every_way_or_are_refused(kind, count):
    tally = search(kind, 0, count // SHARE)
    assert tally.programs == count // SHARE
    assert tally.wrong() == 0, tally.report()
    for way in ("eager", "jit vm", "vmap", "grad", "jit of grad", "grad of jit", "jvp", "differences"):
        assert tally.ways[way, "right"] > 0.7 * tally.programs, tally.report()


@pytest.mark.skipif(sys.platform != "linux", reason="a call that takes too long is ended by an alarm")
def test_everything_public_withstands_arguments_that_nobody_should_give():
    ends, troubles = fuzz(0, 2_000 // SHARE)
    assert troubles == []
    assert ends.total() == 2_000 // SHARE and ends["a result"] > 100 // SHARE


def test_an_operator_gets_no_array_without_end_unless_a_node_is_beside_it():
    ring = array_of_itself()
    assert without_rings([1.0, [ring]])[1][0].tolist() == [None, 1.0]
    plain, endless = np.array([None, 2.0]), holding_itself()
    assert without_rings(plain) is plain and without_rings(endless)[0] == 1.0
    for call in (operator.add, operator.mul, operator.pow):
        for operands in ((autograd.Variable(2.0), ring), (ring, autograd.Variable(2.0))):
            with pytest.raises(autograd.OperandError, match="nests arrays more than 64 deep, or holds itself"):
                call(*operands)


def test_programs_are_the_same_each_time_and_use_every_template():
    assert draw_case("python", 7).source == draw_case("python", 7).source
    drawn = "".join([draw_case("python", seed).source for seed in range(2_000)])
    for word in ("yield", "match", "nonlocal", "async", "dataclasses", "ThreadPool", "except", "np.sort", "logsum"):
        assert word in drawn
    found = random_numpy.templates()
    names = {template.partition("(")[0] for templates in found.values() for template in templates}
    assert len(names) > 200 and {"np.median", "np.linalg.norm", "A.argsort", "np.einsum", "np.where"} <= names


CALLS = [(0.5, 1.0, 2.0, 1, True), (0.25, 2.0, -1.0, 1, True), (0.5, 1.0, 2.0, 1, True), (0.1, 0.2, 0.3, 1, True)]
# What a program may do that derivatives or recordings can't see, and the way in which it shows.
PLANTED = {
    "a derivative that is dropped": (
        "y = x * x\n    return z + (y.detach() if hasattr(y, 'detach') else y)", "differences", "another number",
    ),
    "a number that is frozen": ("y = len(f'{x:.6f}'.strip('0'))\n    return y + z", "jit vm", "another number"),
    "an error of its own": ("return x.real_part if hasattr(x, 'op') else x", "eager",
                            "AttributeError: '…' object has no attribute '…'"),
    "a result for an error": ("if isinstance(x, float):\n        raise KeyError\n    return x", "jit vm",
                              "a result for KeyError: "),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found_and_made_small(name):
    body, way, kind = PLANTED[name]
    source = (
        f"def program(x, y, z, n, flag):\n    w = sin(x) + len([y, z])\n    if n > 5:\n        w += 1.0\n    {body}\n"
    )
    case = Case(random_python.PRELUDE, source, CALLS)
    found = [finding for finding in examine(case) if (finding.way, finding.kind) == (way, kind)]
    assert found and found[0].verdict in ("wrong", "loud")
    small = smallest(case, found[0], most=400)
    assert len(small.source) < len(case.source) and "sin(" not in small.source
    assert found[0] in examine(small)
