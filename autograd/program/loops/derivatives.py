"""Derivatives of loops, which are loops again.

Forward, each pass carries tangents beside what it carries. Backward, each pass is followed by one against its turns,
which carries adjoints, and reads what the pass left in its record (Griewank and Walther, "Evaluating Derivatives", SIAM
2008, chapters 3 and 12). A loop of n passes has a loop of 2 n passes as its pullback, so there are derivatives of any
order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd.program.loops.passes import (
    Column,
    Form,
    Out,
    Pass,
    Way,
    decide,
    flat_program,
    leading,
    moves_at,
    moving,
    needed,
    without_unused,
)
from autograd.program.machine.turns import OPERANDS, RECORDS, Source, Start
from autograd.program.program import Program
from autograd.transforms.masked import settled
from autograd.transforms.taped_run import TapedRun

__all__ = ["COTANGENT", "MINUS_ZERO", "SUM", "TANGENT", "ZERO", "Derivative", "Extra", "backward", "forward"]

# What further operands of a derivative are: the cotangents of an out, the adjoint so far of a column, the tangents of a
# column, or a number.
COTANGENT, SUM, TANGENT, ZERO, MINUS_ZERO = range(5)


class Extra(NamedTuple):
    """Further operands of a derivative; `number` is that of the out or column."""

    kind: int
    number: int


class Derivative(NamedTuple):
    """A loop that gives derivatives: its form, its operands behind those of the original, and whose derivatives each of
    its outs has: columns of the original for a pullback, outs for a pushforward.
    """

    form: Form
    extras: list[Extra]
    of: list[int]


class Extension:
    """A form to be made of another one, whose operands come first."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.columns = list(form.columns)
        self.count = form.operands
        self.extras: list[Extra] = []
        self.outs: list[Out] = []
        self.results = 0

    def operand(self, kind: int, number: int, in_turns: bool = False) -> Source:
        """Where one more operand is, or one for each turn."""
        offset, stride = self.count, 1 if in_turns else 0
        self.count += self.form.length if in_turns else 1
        self.columns.append(Column(offset, stride))
        self.extras.append(Extra(kind, number))
        return Source(OPERANDS, offset, stride)

    def out(self, of_pass: int, place: int, in_turns: bool) -> None:
        """One more result, or one for each turn."""
        self.outs.append(Out(of_pass, place, self.results, 1 if in_turns else 0))
        self.results += self.form.length if in_turns else 1

    def made(self, passes: list[Pass]) -> Form:
        """The form with these passes."""
        return self.form._replace(
            passes=passes, columns=self.columns, outs=self.outs, operands=self.count, results=self.results
        )


def backward(form: Form, columns: Sequence[bool], outs: Sequence[bool], in_all_turns: bool) -> Derivative:
    """The pullback: the derivatives in the columns that move, weighted by cotangents of the outs that are used.

    `in_all_turns` says whether each of these outs has a cotangent in every turn.
    """
    made = Extension(form)
    passes = list(form.passes)
    moves, leads = moving(form, columns), needed(form, outs)
    cotangents: dict[tuple[int, int, bool], Source] = {}
    for number, (out, used) in enumerate(zip(form.outs, outs, strict=True)):
        if used:
            in_turns = out.stride != 0
            cotangents[out.of_pass, out.place, in_turns] = made.operand(COTANGENT, number, in_turns)
    # Where the adjoint so far is: of what a turn reads, of what all turns share, of the ends of what is carried.
    of_reads: dict[Source, Source] = {}
    of_shared: dict[Source, Start] = {}
    of_ends: dict[tuple[int, int], Start] = {}
    of_starts: dict[int, Start] = {}
    numbers = {(column.offset, column.stride): number for number, column in enumerate(form.columns)}
    for number in reversed(range(len(form.passes))):
        part = form.passes[number]
        width = part.width
        adjoint, given = [
            [one and other for one, other in zip(*pair, strict=True)]
            for pair in zip(moves[number], leads[number], strict=True)
        ]
        if True not in adjoint and True not in given:
            continue
        inputs = [False] * (part.carried + len(part.reads))
        fills = True
        for way in form.ways:
            lead = leading(part.program(way), [*adjoint, *given])
            inputs = [one or other for one, other in zip(inputs, lead, strict=True)]
        by_offset = {(column.offset, column.stride): one for column, one in zip(form.columns, columns, strict=True)}
        wanted = [
            lead and moves_at(source, by_offset, moves)
            for source, lead in zip(part.reads, inputs[part.carried :], strict=True)
        ]
        shared = [one and source.stride == 0 for one, source in zip(wanted, part.reads, strict=True)]
        own = [one and source.stride != 0 for one, source in zip(wanted, part.reads, strict=True)]
        for way in form.ways:
            lead = leading(part.program(way), [*adjoint, *given])
            fills = fills and all([one or not other for one, other in zip(lead, [*adjoint, *own], strict=True)])
        starts = []
        for place in chosen(range(part.carried), adjoint):
            cotangent = cotangents.get((number, place, False))
            after = of_ends.get((number, place))
            if cotangent is None and after is None:
                fills = False
                cotangent = made.operand(ZERO, 0)
            starts.append(
                Start(-1 if cotangent is None else cotangent.offset, *(after[1:] if after is not None else ()))
            )
        for source in chosen(part.reads, shared):
            known = of_shared.get(source)
            if known is None:
                is_sum = source.offset in form.accumulated
                known = Start(made.operand(SUM if is_sum else MINUS_ZERO, numbers[source.offset, 0]).offset)
            starts.append(known)
        before = [Source(RECORDS + number, place, width) for place in range(part.carried)]
        after_each = [Source(RECORDS + number, part.carried + place, width) for place in range(part.size)]
        # The adjoints that come to what a turn gave, to what was carried to it, and to what it read.
        to_given = [
            [one for one in (cotangents.get((number, place, True)), of_reads.get(after_each[place])) if one is not None]
            if given[place]
            else []
            for place in range(part.size)
        ]
        to_carried = [
            of_reads.get(source) if moved else None for source, moved in zip(before, moves[number].carried, strict=True)
        ]
        to_read = [of_reads.get(source) if one else None for source, one in zip(part.reads, own, strict=True)]
        reads = [*before, *part.reads, *[one for several in to_given for one in several]]
        reads += [one for one in (*to_carried, *to_read) if one is not None]
        way_back = WayBack(
            part, adjoint, shared, own, [len(several) for several in to_given],
            [one is not None for one in to_carried], [one is not None for one in to_read], fills and in_all_turns,
        )  # fmt: skip
        made_number = len(passes)
        back = without_unused(Pass(not part.reverse, starts, reads, own.count(True), way_back.program), form.ways)
        passes.append(back)
        for place, source in enumerate(chosen(part.reads, own)):
            of_reads[source] = Source(RECORDS + made_number, back.carried + place, back.width)
        for place, source in enumerate(chosen(part.reads, shared), adjoint.count(True)):
            of_shared[source] = Start(-1, made_number, place)
        for place, start in enumerate(chosen(part.starts, adjoint)):
            if start.of_pass >= 0:
                of_ends[start.of_pass, start.place] = Start(-1, made_number, place)
            if start.operand >= 0:
                of_starts[start.operand] = Start(-1, made_number, place)
    of: list[int] = []
    for number, (column, moved) in enumerate(zip(form.columns, columns, strict=True)):
        source = Source(OPERANDS, *column)
        if not moved:
            continue
        if column.stride == 0:
            end = of_starts.get(column.offset) or of_shared.get(source)
            if end is not None:
                made.out(end.of_pass, end.place, False)
                of.append(number)
        elif source in of_reads:
            found = of_reads[source]
            made.out(found.memory - RECORDS, found.offset - passes[found.memory - RECORDS].carried, True)
            of.append(number)
    return Derivative(made.made(passes), made.extras, of)


class WayBack:
    """Makes the programs of a pass against the turns of another one.

    Its carried numbers are adjoints of what that carried, and of numbers that all turns share. It reads what was
    carried to the turn, what that read, and the adjoints that come from elsewhere; it gives the adjoints of what that
    read.
    """

    def __init__(
        self,
        part: Pass,
        adjoint: list[bool],
        shared: list[bool],
        own: list[bool],
        to_given: list[int],
        to_carried: list[bool],
        to_read: list[bool],
        everywhere: bool,
    ) -> None:
        self.part = part
        self.adjoint = adjoint
        self.shared = shared
        self.own = own
        self.to_given = to_given
        self.to_carried = to_carried
        self.to_read = to_read
        self.everywhere = everywhere

    def program(self, way: Way) -> Program:
        """The program for one way through the body."""
        part = self.part
        sizes = [
            self.adjoint.count(True), self.shared.count(True), part.carried, len(part.reads), sum(self.to_given),
            self.to_carried.count(True), self.to_read.count(True),
        ]  # fmt: skip
        evaluate = evaluation(part.program(way))

        def turn(*inputs: Any) -> list[Any]:
            after, sums, before, reads, to_given, to_carried, to_read = split(inputs, sizes)
            with TapedRun("vjp", evaluate, ([*before, *reads],), {}, 0) as run:
                adjoints: list[Any] = [None] * run.tape.size
                inner = range(part.carried, part.carried + len(part.reads))
                spread(adjoints, chosen(range(part.carried), self.to_carried), to_carried)
                spread(adjoints, chosen(inner, self.to_read), to_read)
                spread(adjoints, chosen(inner, self.shared), sums)
                spread(adjoints, chosen(run.tape.outputs[: part.carried], self.adjoint), after)
                places = zip(run.tape.outputs[part.carried :], self.to_given, strict=True)
                spread(adjoints, [position for position, count in places for _ in range(count)], to_given)
                if not self.everywhere:
                    run.tape.absorb_everywhere()
                run.tape.pull(adjoints)
                found = [0.0 if one is None else settled(one) for one in adjoints[: part.carried + len(part.reads)]]
            carried, others = found[: part.carried], found[part.carried :]
            return [*chosen(carried, self.adjoint), *chosen(others, self.shared), *chosen(others, self.own)]

        return flat_program(turn, sum(sizes))


def forward(form: Form, columns: Sequence[bool], in_all_turns: bool) -> Derivative:
    """The pushforward: the derivatives of the outs along tangents of the columns that move.

    `in_all_turns` says whether each of these columns has a tangent in every turn.
    """
    made = Extension(form)
    moves = moving(form, columns)
    tangents: dict[tuple[int, int], Source] = {}
    for number, (column, moved) in enumerate(zip(form.columns, columns, strict=True)):
        if moved:
            tangents[column.offset, column.stride] = made.operand(TANGENT, number, column.stride != 0)
    passes: list[Pass] = []
    # For each pass where a turn's record has what it had, and the tangents of that.
    records: list[tuple[list[Source], list[Source | None]]] = []

    def read_at(source: Source) -> tuple[Source, Source | None]:
        if source.memory < RECORDS:
            return source, tangents.get((source.offset, source.stride)) if source.memory == OPERANDS else None
        kept, along = records[source.memory - RECORDS]
        return kept[source.offset], along[source.offset]

    for number, part in enumerate(form.passes):
        carried, given = moves[number]
        starts = list(part.starts)
        everywhere = in_all_turns
        for start in chosen(part.starts, carried):
            tangent = tangents.get((start.operand, 0))
            of_pass, place = start.of_pass, start.place
            if of_pass >= 0 and moves[of_pass].carried[place]:
                place = form.passes[of_pass].carried + moves[of_pass].carried[:place].count(True)
            else:
                of_pass = place = -1
            if tangent is None and of_pass < 0:
                everywhere = False
                tangent = made.operand(ZERO, 0)
            starts.append(Start(-1 if tangent is None else tangent.offset, of_pass, place))
        reads, along = zip(*[read_at(source) for source in part.reads], strict=True) if part.reads else ((), ())
        way_along = WayAlong(part, carried, given, [one is not None for one in along], everywhere)
        size = part.size + given.count(True)
        passes.append(
            Pass(part.reverse, starts, [*reads, *[one for one in along if one is not None]], size, way_along.program)
        )
        width = len(starts) + size

        def source_of(place: int, number: int = number, width: int = width) -> Source:
            return Source(RECORDS + number, place, width)

        kept = [*range(part.carried), *range(len(starts), len(starts) + part.size)]
        moved_at = iter([*range(part.carried, len(starts)), *range(len(starts) + part.size, width)])
        records.append(
            (
                [source_of(place) for place in kept],
                [source_of(next(moved_at)) if one else None for one in (*carried, *given)],
            )
        )
    of = []
    for number, out in enumerate(form.outs):
        flags, part = moves[out.of_pass], form.passes[out.of_pass]
        known, first = (flags.carried, part.carried) if out.stride == 0 else (flags.given, part.size)
        if known[out.place]:
            made.out(out.of_pass, first + known[: out.place].count(True), out.stride != 0)
            of.append(number)
    return Derivative(made.made(passes), made.extras, of)


class WayAlong:
    """Makes the programs of a pass that carries tangents beside what another one carries."""

    def __init__(self, part: Pass, carried: list[bool], given: list[bool], along: list[bool], everywhere: bool) -> None:
        self.part = part
        self.carried = carried
        self.given = given
        self.along = along
        self.everywhere = everywhere

    def program(self, way: Way) -> Program:
        """The program for one way through the body; its decisions are those of the other."""
        part = self.part
        program = part.program(way)
        sizes = [part.carried, self.carried.count(True), len(part.reads), self.along.count(True)]

        def turn(*inputs: Any) -> list[Any]:
            before, of_before, reads, of_reads = split(inputs, sizes)

            def decided(numbers: list[Any]) -> list[Any]:
                values = program.evaluate(numbers)
                decide(values, program.guards)
                return [values[output] for output in program.outputs]

            with TapedRun("jvp", decided, ([*before, *reads],), {}, 0) as run:
                if not self.everywhere:
                    run.tape.absorb_everywhere()
                found = run.tape.pushforward([*unchosen(of_before, self.carried), *unchosen(of_reads, self.along)])
            ends, along = run.results[: part.carried], found[: part.carried]
            others, of_others = run.results[part.carried :], found[part.carried :]
            return [*ends, *chosen(along, self.carried), *others, *chosen(of_others, self.given)]

        return flat_program(turn, sum(sizes), len(program.guards))


def evaluation(program: Program) -> Callable[[list[Any]], list[Any]]:
    """The outputs of a program as a function of its inputs."""

    def evaluate(inputs: list[Any]) -> list[Any]:
        values = program.evaluate(inputs)
        return [values[output] for output in program.outputs]

    return evaluate


def chosen(numbers: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
    """The numbers that are wanted."""
    return [number for number, one in zip(numbers, wanted, strict=True) if one]


def unchosen(numbers: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
    """The numbers at the places that were wanted, 0.0 elsewhere."""
    given = iter(numbers)
    return [next(given) if one else 0.0 for one in wanted]


def split(numbers: Sequence[Any], sizes: Sequence[int]) -> list[Sequence[Any]]:
    """Parts of these sizes."""
    parts = []
    start = 0
    for size in sizes:
        parts.append(numbers[start : start + size])
        start += size
    return parts


def spread(adjoints: list[Any], positions: Sequence[int], given: Sequence[Any]) -> None:
    """Add adjoints at positions on a tape, but for those of numbers that are not on it."""
    for position, share in zip(positions, given, strict=True):
        if position >= 0:
            adjoints[position] = share if adjoints[position] is None else adjoints[position] + share
