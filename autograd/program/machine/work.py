"""The work that machine code would take over from the interpreter, and what it takes to make it.

Both are counted in operations on one to three numbers: an operation on many counts as so many for the interpreter, but
its machine code is a loop, which is as short for 1,000 operands as for 100. So it is with the turns of a loop. What
decides is left to the interpreter, and what functions that are called back do is theirs: neither is counted.
"""

from __future__ import annotations

from autograd.graph.joint_operations import JointOperation
from autograd.program.program import Program

__all__ = ["IN_BLOCKS", "looked_through", "work_of", "written"]

# The interpreter takes about 3 ns an operation for one row alone, and 0.2 ns for each of the rows of a block.
IN_BLOCKS = 0.06
# Operations on fewer operands are written out. Of more, machine code has a loop, but a plan has them all: to look
# through so many takes as long as to compile one operation.
WRITTEN_OUT, LOOKED_THROUGH = 24, 256


def written(count: int) -> int:
    """How many operations are to be made for one on so many operands."""
    return min(count, WRITTEN_OUT + looked_through(count))


def looked_through(count: int) -> int:
    """How many operations could be made in the time that it takes to find so many operands."""
    return count // LOOKED_THROUGH


def work_of(program: Program) -> tuple[float, float]:
    """The work of one run of a program, and the operations to be made of it."""
    starts, codes = program.starts, program.codes
    counts = [starts[number + 1] - starts[number] for number in range(len(codes)) if codes[number] >= 0]
    many = [count for count in counts if count > 3]
    few = len(counts) - len(many)
    inside = [one.work() for one in program.externals.values() if isinstance(one, JointOperation)]
    return (
        few + sum(many) + sum([done for done, _ in inside]),
        few + sum([written(count) for count in many]) + sum([made for _, made in inside]),
    )
