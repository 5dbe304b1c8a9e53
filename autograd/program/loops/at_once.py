"""Loops whose way back runs together with the way there, where neither waits for the other.

The value of a sum and its gradient are two loops in a program. Where both carry only sums, and the adjoint that the way
back begins with is known before the way there, a machine runs them as one: what both need is computed once, and the
numbers of a turn are read once. The sums are added up as before, to the same bits.

A gradient begins with 1.0, or with nan where the value is no number. It is taken for 1.0, and if the value comes out as
nan, the loop is run again.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from autograd.graph.joint_operations import Result, result_at
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Divide, Equal, Multiply, Negate, Select
from autograd.program.builder import Builder
from autograd.program.loops.operation import Loop
from autograd.program.machine.machine import Machine
from autograd.program.machine.turn_blocks import Apart, TurnBlocks
from autograd.program.machine.turns import RECORDS, Source, Track, Turns
from autograd.program.program import Operation, Program

__all__ = ["with_loops_at_once"]

# By what a mean is made of a sum.
SCALE = frozenset({Multiply, Divide, Negate})


class LoopAtOnce(Loop):
    """A loop and the one that goes on from it, run together; the results of the first come first.

    `seeds` has the places of operands that are nan where a result of the first is, and the place of that.
    """

    def __init__(self, beginning: Loop, loop: Loop, seeds: Sequence[tuple[int, int]]) -> None:
        first, form = beginning.form, loop.form
        outs = [*first.outs, *[out._replace(offset=first.results + out.offset) for out in form.outs]]
        super().__init__(loop.of, form._replace(outs=outs, results=first.results + form.results))
        self.seeds = seeds

    def run(self, operands: Sequence[float], in_code: bool) -> tuple[Any, Any]:
        """The results; no turn takes a way that is not known."""
        results, missing = super().run(operands, in_code)
        lost = [place for place, result in self.seeds if results[result] != results[result]]
        if lost:
            given = array("d", operands)
            for place in lost:
                given[place] = math.nan
            results, missing = super().run(given, in_code)
        return results, missing

    def prepare_code(self, make: Callable[[Machine], None]) -> None:
        """Have machine code made of a turn."""
        if not self.code:
            machine = TurnBlocks.machine_of(*self.turn())
            make(machine)
            self.code[0, 0] = machine.code

    def make_turns(self, in_code: bool) -> Turns:
        """All passes made ready to run as one."""
        form = self.form
        apart, reads = self.turn()
        machine = TurnBlocks.machine_of(apart, reads)
        self.use_code(machine, 0, 0, in_code)
        carried = list(accumulate([part.carried for part in form.passes], initial=0))
        others = list(accumulate([part.size for part in form.passes], initial=0))
        targets = [(others[out.of_pass] + out.place, out.offset, out.stride) for out in form.outs if out.stride != 0]
        reverse = b"".join([bytes([part.reverse]) * part.carried for part in form.passes])
        blocks = TurnBlocks(apart, machine, reverse, reads, targets)
        starts = [start for part in form.passes for start in part.starts]
        ends = [(0, carried[out.of_pass] + out.place, out.offset) for out in form.outs if out.stride == 0]
        track = Track(0, False, starts, reads, others[-1], targets, blocks)
        return Turns([track], ends, form.data, lambda *_: machine, form.ways, decides=False)

    def turn(self) -> tuple[Apart, list[Source]]:
        """A turn of all passes without their sums, and what it reads."""
        passes = self.form.passes
        carried = sum([part.carried for part in passes])
        places: dict[Source, int] = {}
        for source in [source for part in passes for source in part.reads]:
            places.setdefault(source, carried + len(places))
        builder = Builder(carried + len(places), for_derivatives=True)
        counts: list[int] = []
        shares: list[int] = []
        others: list[int] = []
        for number, part in enumerate(passes):
            apart: Any = self.sums_apart(number)
            values = [*range(len(counts), len(counts) + part.carried), *[places[source] for source in part.reads]]
            values += [builder.constant(constant) for constant in apart.program.constants]
            for _, primitive, operands in apart.program:
                values.append(builder.emit(primitive, tuple([values[operand] for operand in operands])))
            given = [values[output] for output in apart.program.outputs]
            counts += apart.shares
            shares += given[: sum(apart.shares)]
            others += given[sum(apart.shares) :]
        return Apart(builder.program([*shares, *others]), counts), list(places)


def with_loops_at_once(program: Program) -> Program:
    """The program with each such pair of loops as one, or the program itself if there is none."""
    operations = list(program)
    loops: list[tuple[int, Any, tuple[int, ...]]] = [one for one in operations if isinstance(one.primitive, Loop)]
    known = {(loop, operands): result for result, loop, operands in loops}
    # By the first of two loops its operation, the second, and the operands of that which are not known before.
    pairs: dict[int, tuple[Loop, int, dict[int, Seed]]] = {}
    for result, loop, operands in loops:
        beginning: Any = loop.beginning
        if beginning is None:
            continue
        count = beginning.form.operands
        before = known.get((beginning, operands[:count]), -1)
        if before < 0 or before in pairs or not goes_at_once(beginning, loop):
            continue
        found = seeds_among(program, operations, operands, before)
        if found is not None:
            pairs[before] = beginning, result, dict(found)
    if not pairs:
        return program
    builder = Builder(program.inputs)
    values = [*range(program.inputs), *[builder.constant(constant) for constant in program.constants]]
    # Of the second of two loops the value of both, and where its results begin.
    second: dict[int, tuple[int, int]] = {}
    for result, primitive, operands in operations:
        if result in second:
            values.append(second[result][0])
        elif result in pairs:
            beginning, last, seeds = pairs[result]
            behind: Any = operations[last - program.first]
            used = [
                seeds[place].value(builder, values) if place in seeds else values[operand]
                for place, operand in enumerate(behind.operands)
            ]
            both = LoopAtOnce(beginning, behind.primitive, [(place, seed.result) for place, seed in seeds.items()])
            values.append(builder.emit(both, tuple(used)))
            second[last] = values[-1], beginning.count
        elif isinstance(primitive, Result):
            _, shift = second.get(operands[0], (0, 0))
            values.append(builder.emit(result_at(primitive.place + shift), (values[operands[0]],)))
        else:
            values.append(builder.emit(primitive, tuple([values[operand] for operand in operands])))
    guards = [guard._replace(condition=values[guard.condition]) for guard in program.guards]
    return builder.program([values[output] for output in program.outputs], guards)


def goes_at_once(beginning: Loop, loop: Any) -> bool:
    """Whether the passes of a loop that goes on from another one need nothing of what that one gives."""
    passes = loop.form.passes
    return (
        len(passes) == 2
        and len(beginning.form.passes) == 1
        and passes[0] is beginning.form.passes[0]
        and not any([start.of_pass >= 0 for part in passes for start in part.starts])
        and not any([source.memory >= RECORDS for part in passes for source in part.reads])
        and all([loop.sums_apart(number) is not None for number in range(2)])
    )


class Seed(NamedTuple):
    """An operand that is nan where a result of a loop is, and else follows from what is known before that.

    It is the value `known`, then taken through `operations`, in each of which one operand is the value before.
    """

    result: int
    known: int
    operations: list[tuple[Primitive, tuple[int, ...]]]

    def value(self, builder: Builder, values: list[int]) -> int:
        """What it is where the result is a number, as a value of a builder that has `values` for the program's."""
        value = values[self.known]
        for primitive, operands in self.operations:
            value = builder.emit(primitive, tuple([value if one < 0 else values[one] for one in operands]))
        return value


def seeds_among(
    program: Program, operations: list[Operation], operands: Sequence[int], before: int
) -> list[tuple[int, Seed]] | None:
    """The operands, by their places, that are not known before a loop; None if one is not a seed."""
    seeds = []
    for place, operand in enumerate(operands):
        if operand > before:
            seed = seed_of(program, operations, operand, before)
            if seed is None:
                return None
            seeds.append((place, seed))
    return seeds


def seed_of(program: Program, operations: list[Operation], operand: int, before: int) -> Seed | None:
    """What an operand is that is not known before a loop; None if it is no seed."""

    def made(value: int) -> Operation:
        return operations[max(value - program.first, 0)]

    def number(value: int) -> float:
        return program.constants[value - program.inputs] if program.inputs <= value < program.first else math.nan

    steps = []
    step = made(operand)
    while step.primitive in SCALE:
        # What is nan stays nan.
        unknown = [one for one in step.operands if one > before]
        if len(unknown) != 1:
            return None
        steps.append((step.primitive, tuple([-1 if one > before else one for one in step.operands])))
        step = made(unknown[0])
    if step.primitive is not Select:
        return None
    condition, known, other = step.operands
    compared = made(condition)
    if compared.primitive is not Equal or compared.operands[0] != compared.operands[1] or known > before:
        return None
    if not (program.inputs <= other < program.first and math.isnan(number(other))):
        return None
    taken = made(compared.operands[0])
    while taken.primitive in SCALE:
        # It is nan just where the result is: factors are finite, and none is 0.
        unknown = [one for one in taken.operands if one > before]
        factors = [number(one) for one in taken.operands if one <= before]
        if len(unknown) != 1 or not all([0.0 < abs(one) < math.inf for one in factors]):
            return None
        if taken.primitive is Divide and taken.operands[0] <= before:
            return None
        taken = made(unknown[0])
    if not isinstance(taken.primitive, Result) or taken.operands[0] != before:
        return None
    return Seed(taken.primitive.place, known, steps[::-1])
