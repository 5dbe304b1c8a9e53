"""Programs whose loops are written out turn by turn, and which form of a program is run when it is run often.

A loop is recorded and differentiated in the time of one turn, and its program stays short. But the interpreter runs a
line of operations faster than turns that wait for each other: it keeps values where they are, and does what is alike
in several turns at once. So a program that was called often is written out, if it is not too long, and then whichever
form was faster is used. The bits are the same: the operations are those that the turns do, in their order.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from autograd.graph.joint_operations import JointOperation, Result
from autograd.numbers.arrays import doubles
from autograd.program.builder import Builder, rewritten
from autograd.program.machine.machine import Machine
from autograd.program.program import Operation, Program
from autograd.program.recording.trace import Traced

__all__ = ["faster", "written_out"]

# The most operations that a program is written out to: they take some 300 bytes each meanwhile, and 50 to be kept.
MOST_OPERATIONS = 400_000
# Each form is tried so often: the first times its memory is not there yet.
TRIES = 12


def written_out(program: Program, most: int = MOST_OPERATIONS) -> Program | None:
    """The program without loops; None if they decide or there are other calls, or it would have more operations."""
    loops = [one for one in program.externals.values() if isinstance(one, JointOperation)]
    if not loops or len(program) + sum([one.operations() for one in loops]) > most:
        return None
    results: dict[int, list[int]] = {}

    def emit(builder: Builder, operation: Operation, operands: tuple[int, ...]) -> int:
        primitive = operation.primitive
        if isinstance(primitive, JointOperation):
            results[operation.result] = primitive.written_out(builder, operands)
            return -1
        if isinstance(primitive, Result):
            return results[operation.operands[0]][primitive.place]
        return builder.emit(primitive, operands)

    return rewritten(program, emit)


def faster(machine: Machine, traced: Traced) -> Machine:
    """The machine, or one for the same program without its loops if that takes less time."""
    program = written_out(traced.program)
    if program is None:
        return machine
    line = Machine(program)
    inputs = traced.inputs(traced.example)
    return min(machine, line, key=lambda one: seconds(one, inputs))


def seconds(machine: Machine, inputs: Sequence[float]) -> float:
    """The least time that some calls took this thread; by the clock, others might have held one form up."""
    results = doubles(machine.output_count)
    best = math.inf
    for _ in range(TRIES):
        start = time.thread_time()
        machine.call_into(inputs, results)
        best = min(best, time.thread_time() - start)
    return best
