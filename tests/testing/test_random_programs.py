"""Random programs with branches and loops: as Python, compiled, differentiated and checked."""

import math

import pytest
from hypothesis import find, given, settings

from autograd import grad, jit
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Tanh
from autograd.testing import BranchingProgram, branching, check_gradients, programs
from autograd.testing.branching import Assign, If, While
from tests.tables.settings import CI

SPIRAL = BranchingProgram(
    (0.5, 2.0),
    [
        While("x0", 4.0, (Assign("x0", "*", ("x0", "x1")), If("x0", 3.0, (Assign("x1", "-", ("x1", 0.25)),), ()))),
        If("x1", "x0", (), (Assign("x0", "max", ("x0", "x1")),)),
    ],
)


def test_a_program_is_the_function_that_it_reads_as():
    text = """\
def program(x0, x1):  # at (0.5, 2.0)
    rounds = 0
    while x0 < 4.0 and rounds < 6:
        x0 = x0 * x1
        if x0 < 3.0:
            x1 = x1 - 0.25
        rounds += 1
    if not x1 < x0:
        x0 = max(x0, x1)
    return x0"""
    assert repr(SPIRAL) == text
    # 0.5 · 2 = 1, · 1.75 = 1.75, · 1.5 = 2.625, · 1.25 = 3.28125, · 1.25 = 4.1015625
    assert SPIRAL(0.5, 2.0) == 4.1015625
    both = BranchingProgram((1.0,), [If("x0", 2.0, (Assign("x0", "sin", ("x0",)),), (Assign("x0", "exp", ("x0",)),))])
    assert repr(both).splitlines()[1:5] == [
        "    if x0 < 2.0:",
        "        x0 = sin(x0)",
        "    else:",
        "        x0 = exp(x0)",
    ]
    assert (both(1.0), both(3.0)) == (math.sin(1.0), math.exp(3.0))
    assert "pass" in repr(BranchingProgram((1.0,), [If("x0", 2.0, (), ())]))


def test_a_loop_ends_after_some_rounds():
    endless = BranchingProgram((0.0,), [While("x0", 4.0, (Assign("x0", "*", ("x0", 1.0)),))])
    assert endless(0.0) == 0.0


@settings(CI, max_examples=150)
@given(programs())
def test_the_gradient_of_a_random_program_is_right(program):
    report = check_gradients(program, program.point)
    # A decision that falls exactly at the point may be a jump, and where kinks meet no subgradient may come out.
    assert report or [kink for kink in report.kinks if kink.margin == 0.0], f"{program}\n{report}"


@settings(CI, max_examples=60)
@given(programs())
def test_a_compiled_program_is_the_same_in_value_and_gradient(program):
    every = tuple(range(len(program.point)))
    assert jit(program)(*program.point) == program(*program.point)
    plain = grad(program, argnums=every)(*program.point)
    assert grad(jit(program), argnums=every)(*program.point) == pytest.approx(plain, rel=1e-12, abs=1e-300)


def test_programs_have_branches_loops_and_loops_in_branches():
    kinds = set()

    def walk(statements, depth):
        for statement in statements:
            kinds.add((type(statement).__name__, depth))
            if isinstance(statement, If):
                walk(statement.yes + statement.no, depth + 1)
            elif isinstance(statement, While):
                walk(statement.body, depth + 1)

    @settings(CI, max_examples=200)
    @given(programs())
    def collect(program):
        walk(program.statements, 0)
        assert abs(program(*program.point)) < branching.LARGEST_RESULT

    collect()
    assert kinds == {(kind, depth) for kind in ("Assign", "If", "While") for depth in (0, 1)} | {("Assign", 2)}


def test_a_program_shrinks_to_the_statement_that_matters():
    smallest = find(
        programs(max_statements=3), lambda found: any(isinstance(step, If) for step in found.statements), settings=CI
    )
    assert repr(smallest) == "def program(x0):  # at (0.0,)\n    if x0 < x0:\n        pass\n    return x0"


def test_a_planted_fault_shrinks_to_a_few_lines(monkeypatch):
    broken = Primitive("a_tanh_gone_wrong", Tanh, lambda x, out: 1.0 - out, registered=False)
    monkeypatch.setitem(branching.OPERATIONS, "tanh", broken)
    smallest = find(programs(), lambda found: not check_gradients(found, found.point), settings=CI)
    assert len(repr(smallest).splitlines()) <= 4 and "tanh" in repr(smallest)
    assert check_gradients(smallest, smallest.point).fault.operation == "a_tanh_gone_wrong"
