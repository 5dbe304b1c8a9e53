"""What a machine keeps of the plan by which it was made."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tracemalloc

import pytest

import autograd
from autograd.operations.primitives import Minus, Multiply, Sin
from autograd.program.builder import Builder
from autograd.program.machine.machine import Machine
from autograd.program.program import Program


def line(turns: int) -> Program:
    """A program of three operations a turn, each of which needs the one before."""
    builder = Builder(2)
    value = 0
    for _ in range(turns):
        value = builder.emit(Sin, (builder.emit(Minus, (builder.emit(Multiply, (value, 1)), 0)),))
    return builder.program([value])


@pytest.mark.skipif(not autograd.compiled, reason="uncompiled, instructions are Python objects")
def test_a_machine_for_one_row_keeps_no_objects_of_its_operations() -> None:
    program = line(10_000)
    Machine(line(10))
    gc.collect()
    tracemalloc.start()
    try:
        machine = Machine(program)
        gc.collect()
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    # The place of each value, and whether it varies; instructions and numbers are in memory of C.
    assert kept < 6 * len(program)
    assert machine.call([0.5, 0.75])[0] == program(0.5, 0.75)[0]


@pytest.mark.parametrize("varying", [None, b"\1\0"])
def test_the_plan_of_a_machine_is_that_by_which_it_was_made(varying: bytes | None) -> None:
    program = line(20)
    machine = Machine(program, varying)
    plan = machine.plan
    assert bytes(plan.place) == bytes(machine.plan.place)
    assert len(plan.before) + len(plan.rest) == 40


def test_no_plan_is_made_of_a_program_that_was_changed() -> None:
    builder = Builder(3)
    product = builder.emit(Multiply, (0, 1))
    program = builder.program([builder.emit(Minus, (product, 2)), builder.emit(Sin, (2,))])
    machine = Machine(program)
    program.operands[program.starts[1]] = 0
    with pytest.raises(ValueError, match="was changed since"):
        _ = machine.plan
    assert machine.call([2.0, 3.0, 4.0])[0] == 2.0


@pytest.mark.skipif(not autograd.compiled or sys.platform != "linux", reason="resident memory of compiled instructions")
def test_a_compiled_gradient_is_kept_in_some_fifty_bytes_an_operation():
    command = [sys.executable, "-m", "benchmarks.memory", "--only", "kept", "12000", "6"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout)["gradient"] < 70.0
