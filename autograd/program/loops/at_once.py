"""Loops whose way back runs together with the way there, where neither waits for the other.

The value of a sum and its gradient are two loops in a program. Where both carry only sums, and the adjoint that the way
back begins with is known before the way there, a machine runs them as one: what both need is computed once, and the
numbers of a turn are read once. The sums are added up as before, to the same bits.

A gradient begins with 1.0, or with nan where the value is no number. It is taken for 1.0. What the way back gives
is kept until it is known what it should have been given; if that was something else (the value is nan), it runs again.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from autograd.graph.joint_operations import Result, result_at
from autograd.operations.primitives import Equal, Select
from autograd.program.builder import Builder
from autograd.program.loops.operation import MOST_NUMBERS, MOST_RUNS, Loop
from autograd.program.machine.machine import Machine
from autograd.program.machine.turn_blocks import Apart, TurnBlocks
from autograd.program.machine.turns import RECORDS, Source, Track, Turns
from autograd.program.program import Operation, Program

__all__ = ["with_loops_at_once"]


class LoopAtOnce(Loop):
    """A loop and the one that goes on from it, run together; the results of the first come first."""

    def __init__(self, beginning: Loop, loop: Loop) -> None:
        first, form = beginning.form, loop.form
        outs = [*first.outs, *[out._replace(offset=first.results + out.offset) for out in form.outs]]
        super().__init__(loop.of, form._replace(outs=outs, results=first.results + form.results))
        self.first = first.results
        # By the operands of the last runs the results of the second loop.
        self.behind: dict[bytes, Any] = {}

    def run(self, operands: Sequence[float], in_code: bool) -> tuple[Any, Any]:
        """The results; no turn takes a way that is not known."""
        results, missing = super().run(operands, in_code)
        self.behind[array("d", operands).tobytes()] = results[self.first :]
        most = max(min(MOST_RUNS, MOST_NUMBERS // self.count), 1)
        for oldest in list(self.behind)[: max(len(self.behind) - most, 0)]:
            self.behind.pop(oldest, None)
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


class LoopBehind(Loop):
    """The second of two loops that were run together: it is run again if it was given other numbers than supposed."""

    def __init__(self, loop: Loop, both: LoopAtOnce) -> None:
        super().__init__(loop.of, loop.form, loop.beginning)
        self.both = both

    def run(self, operands: Sequence[float], in_code: bool) -> tuple[Any, Any]:
        """The results; no turn takes a way that is not known."""
        results = self.both.behind.pop(array("d", operands).tobytes(), None)
        return super().run(operands, in_code) if results is None else (results, None)

    def work(self) -> tuple[float, float]:
        """None: the two were counted as one."""
        return 0.0, 0.0

    def prepare_code(self, make: Callable[[Machine], None]) -> None:
        """Nothing: it is run again too seldom for machine code to be made of it."""


def with_loops_at_once(program: Program) -> Program:
    """The program with each such pair of loops as one, or the program itself if there is none."""
    loops: list[Any] = list(program.externals.values())
    # Nothing else may be run earlier than the guards before it allow.
    if not all([isinstance(loop, Loop) and not loop.form.decides() for loop in loops]):
        return program
    if all([loop.beginning is None for loop in loops]):
        # None goes on from another one: a long program need not be looked through.
        return program
    operations = list(program)
    known: dict[Any, int] = {}
    # By the first of two loops the second.
    pairs: dict[int, int] = {}
    for result, loop, operands in operations:
        if isinstance(loop, Loop):
            known[loop, operands] = result
            beginning = loop.beginning
            if beginning is not None:
                before = known.get((beginning, operands[: beginning.form.operands]), -1)
                if before >= 0 and before not in pairs and goes_at_once(beginning, loop):
                    pairs[before] = result
    while pairs:
        joined = Joined(program, operations, pairs)
        waits = joined.build()
        if waits < 0:
            values = [joined.values[value, False] for value in range(program.first + len(operations))]
            guards = [guard._replace(condition=values[guard.condition]) for guard in program.guards]
            return joined.builder.program([values[output] for output in program.outputs], guards)
        del pairs[waits]
    return program


class Joined:
    """A program built with pairs of loops as one. Its values are those of another one, true or as they are supposed.

    What is supposed is that no value is nan which a gradient's rule for nan looks at.
    """

    def __init__(self, program: Program, operations: list[Operation], pairs: dict[int, int]) -> None:
        self.program = program
        self.operations = operations
        self.pairs = pairs
        self.firsts = {last: before for before, last in pairs.items()}
        self.builder = Builder(program.inputs)
        self.both: dict[int, LoopAtOnce] = {}
        numbers: list[int] = [
            *range(program.inputs),
            *[self.builder.constant(constant) for constant in program.constants],
        ]
        self.values: dict[tuple[int, bool], int] = {}
        self.values |= {(value, supposed): made for value, made in enumerate(numbers) for supposed in (False, True)}

    def build(self) -> int:
        """Build all values; the first of two loops which wait for each other, else -1."""
        values = self.values
        for result, _, _ in self.operations:
            path: list[tuple[int, bool]] = [(result, False)]
            begun: set[tuple[int, bool]] = set()
            while path:
                one = path[-1]
                needed = [] if one in values else [other for other in self.needs(*one) if other not in values]
                if not needed:
                    path.pop()
                    if one not in values:
                        values[one] = self.made(*one)
                    continue
                begun.add(one)
                if not begun.isdisjoint(needed):
                    waiting = [one for one, _ in path if one in self.pairs and (one, False) in begun.difference(values)]
                    return waiting[-1]
                path += needed
        return -1

    def needs(self, value: int, supposed: bool) -> list[tuple[int, bool]]:
        """The values that one is made of."""
        _, primitive, operands = self.operations[value - self.program.first]
        if supposed and isinstance(primitive, Loop):
            # Alone it is not run twice.
            return [(self.firsts.get(value, value), False)]
        if supposed and self.is_rule(value):
            return [(operands[1], True)]
        if value in self.pairs:
            last = self.operations[self.pairs[value] - self.program.first]
            return [(operand, True) for operand in last.operands]
        return [(operand, supposed) for operand in operands]

    def made(self, value: int, supposed: bool) -> int:
        """A value of the builder, made of those that it needs."""
        _, primitive, operands = self.operations[value - self.program.first]
        used: tuple[int, ...] = tuple([self.values[one] for one in self.needs(value, supposed)])
        if supposed and (isinstance(primitive, Loop) or self.is_rule(value)):
            return used[0]
        if value in self.pairs:
            beginning: Any = primitive
            loop: Any = self.operations[self.pairs[value] - self.program.first].primitive
            self.both[value] = LoopAtOnce(beginning, loop)
            return self.builder.emit(self.both[value], used)
        if value in self.firsts:
            behind: Any = primitive
            return self.builder.emit(LoopBehind(behind, self.both[self.firsts[value]]), used)
        if supposed and isinstance(primitive, Result) and operands[0] in self.firsts:
            primitive = result_at(primitive.place + self.both[self.firsts[operands[0]]].first)
        return self.builder.emit(primitive, used)

    def is_rule(self, value: int) -> bool:
        """Whether it is nan where some value is, and else another value."""
        program = self.program
        _, primitive, operands = self.operations[value - program.first]
        if primitive is not Select or operands[0] < program.first:
            return False
        _, compared, sides = self.operations[operands[0] - program.first]
        if compared is not Equal or sides[0] != sides[1] or not program.inputs <= operands[2] < program.first:
            return False
        return math.isnan(program.constants[operands[2] - program.inputs])


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
