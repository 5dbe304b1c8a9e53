"""Second derivatives of a sum of terms that are alike: those of one term, in a loop over the terms.

A sum over data or over neighbours is recorded as one line of operations, in which each term is written out. Its Hessian
is the sum of the terms' Hessians, each of which has entries between the few arguments of that term alone (partial
separability: A. Griewank and Ph. L. Toint, "On the unconstrained optimization of partially separable functions", in
Nonlinear Optimization 1981, 301-312). Terms that do the same operations, on other operands, are found by going down
from all of them at once. One is recorded and differentiated; its entries are the results of a loop over the terms, or
are carried by it where all terms have the same arguments. What is like nothing else is differentiated as it was
recorded. The entries are those of the function written out, but for rounding: they are added up term by term.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.errors import TraceError
from autograd.graph.joint_operations import repeated
from autograd.graph.modes import enable_grad
from autograd.graph.node import Node, value_of, varies
from autograd.operations.primitives import Defined, Divide, Minus, Multiply, Negate, Plus, Select, Sum
from autograd.program.loops.bodies import LEAST, Notes, Rows, Windows, in_rows, rolled
from autograd.program.loops.found import CHOOSE, constants_differ
from autograd.program.recording.signature import Signature
from autograd.program.recording.trace import Trace, Traced, record
from autograd.program.repetition import FEWEST, Line
from autograd.transforms.masked import as_masked
from autograd.transforms.matrices import lower_triangle
from autograd.transforms.tape import Tape
from autograd.transforms.taped_run import TapedRun

__all__ = ["hessian_by_terms"]

# Entries of the Hessian of a term, for each of its operations, up to which constant ones are computed in each call.
MOST_ENTRIES = 2
# What operations do in a sum.
ADDED, SUBTRACTED, NEGATED, MULTIPLIED, DIVIDED = 1, 2, 3, 4, 5
ROLES = {Plus: ADDED, Sum: ADDED, Minus: SUBTRACTED, Negate: NEGATED, Multiply: MULTIPLIED, Divide: DIVIDED}
# The lower triangle of a Hessian: rows, columns and entries.
Triangle = tuple[Any, Any, list[Any]]
# Operands that are no operations: arguments, and numbers or nodes from outside.
ARGUMENT, OTHER = -1, -2
# To look for terms, as many columns of operands as the line has operations are compared so often.
MOST_TIMES = 8


def hessian_by_terms(trace: Any, arguments: list[Any], result: Any, before: int, shortest: int) -> Triangle | None:
    """The Hessian of the result of a run that is being recorded, if most of it is terms that are alike; else None.

    `before` is the serial number that was current before the arguments were made; shorter runs are not looked at.
    """
    tape = Tape(arguments, [result], before, whole=True)
    if len(tape.nodes) < max(shortest, FEWEST):
        return None
    line = Line(tape)
    found = Terms(line, tape.outputs[0])
    groups = found.groups()
    if 2 * sum([group.size for group in groups]) < len(line.nodes) - found.sums:
        return None
    bodies = [Body(line, arguments, group) for group in groups]
    try:
        entries = [body.entries() for body in bodies]
        parts = [body.value() for body in bodies]
    except (TraceError, TypeError, IndexError):
        # A term takes decisions when it is differentiated.
        return None
    if any([part is None for part in parts]):
        return None
    rest = [factor * node_at(tape, position) for position, factor in found.rest]
    # Derivatives of a result that is nan are nan.
    total = sum([*parts, *rest, *found.outside], 0.0)
    triangles = [body.triangle(known, total) for body, known in zip(bodies, entries, strict=True)]
    if any([triangle is None for triangle in triangles]):
        return None
    if rest:
        triangles.append(as_recorded(arguments, sum(rest, 0.0), before, total))
    # What is found in terms is not in the line of their derivatives any more.
    trace.roll_up = None
    return added_up([triangle for triangle in triangles if triangle is not None], len(arguments), total)


def node_at(tape: Tape, position: int) -> Any:
    """The node at a position of a tape."""
    return tape.arguments[position] if position < tape.count else tape.nodes[position - tape.count]


class Group(NamedTuple):
    """Terms that are alike: for each value that one needs a column of its positions on the tape, one entry a term.

    `operations` has for the number of each column that is computed those of its operands; the first column is the term,
    which is multiplied by a factor.
    """

    columns: list[Any]
    operations: dict[int, list[int]]
    factors: Any

    @property
    def size(self) -> int:
        """How many operations they are."""
        return len(self.operations) * len(self.factors)


class Terms:
    """The terms of a sum on a line, each with its factor, and what is added besides."""

    def __init__(self, line: Line, end: int) -> None:
        self.line = line
        self.count = line.count
        self.codes = np.frombuffer(line.codes, np.int32)
        self.starts = np.frombuffer(line.starts, np.int32)
        self.slots = np.frombuffer(line.slots, np.int32)
        self.positions: list[int] = []
        self.factors: list[float] = []
        # Terms that are like no others, nodes from outside, and how many operations only add up.
        self.rest: list[tuple[int, float]] = []
        self.outside: list[Any] = []
        self.sums = 0
        self.go_down(end)

    def go_down(self, end: int) -> None:
        """Find the terms: what is added up in a sum of many, and is no such sum itself."""
        line, count = self.line, self.count
        codes, starts, slots = line.codes, line.starts, line.slots
        roles = [ROLES.get(primitive, 0) for primitive in line.primitives]
        once = (np.bincount(self.slots[self.slots >= 0], minlength=count + len(codes)) == 1).tobytes()
        sizes = line.additions(bytes([0 < role < MULTIPLIED for role in roles]), bytes(map(bool, roles)), once)
        pending = [(end, 1.0)]
        while pending:
            slot, factor = pending.pop()
            if slot < 0:
                self.outside.append(factor * line.others[-1 - slot])
                continue
            if slot != end and (sizes[slot] < FEWEST or not once[slot]):
                self.positions.append(slot)
                self.factors.append(factor)
                continue
            role = roles[codes[slot - count]] if slot >= count and codes[slot - count] >= 0 else 0
            operands = slots[starts[slot - count] : starts[slot - count + 1]] if role else slots[:0]
            if role >= MULTIPLIED:
                scaled = self.scaled(role, operands, factor)
                if scaled is not None:
                    pending.append(scaled)
                    self.sums += 1
                    continue
                role = 0
            if role == 0:
                self.positions.append(slot)
                self.factors.append(factor)
                continue
            self.sums += 1
            if role == ADDED:
                for operand in reversed(operands):
                    pending.append((operand, factor))
                continue
            pending.append((operands[-1], -factor))
            if role == SUBTRACTED:
                pending.append((operands[0], factor))

    def scaled(self, role: int, operands: Sequence[int], factor: float) -> tuple[int, float] | None:
        """What a product with a constant, or a quotient by one, is of, and with which factor; None for others."""
        place = 1 if operands[1] < 0 or role == DIVIDED else 0
        other, constant = operands[1 - place], operands[place]
        if constant >= 0 or other < self.count:
            return None
        number = self.line.others[-1 - constant]
        if isinstance(number, Node) or not math.isfinite(number) or number == 0.0:
            return None
        factor = factor * (1.0 / number if role == DIVIDED else number)
        return (other, factor) if math.isfinite(factor) and factor != 0.0 else None

    def groups(self) -> list[Group]:
        """The terms that are alike; what is like too few goes to the rest."""
        found: list[Group] = []
        positions = np.array(self.positions, np.int64)
        room = MOST_TIMES * (len(self.codes) + len(positions))
        pending = [(Group([positions], {}, np.array(self.factors)), 0)]
        while pending:
            group, place = pending.pop()
            room -= len(group.factors)
            if place == len(group.columns) and self.are_alike(group):
                found.append(group)
                continue
            kinds = self.kinds(group.columns[place]) if place < len(group.columns) and room > 0 else np.zeros(0)
            different = np.unique(kinds)
            if len(kinds) < FEWEST or (len(different) == 1 and different[0] < OTHER):
                self.rest += zip(group.columns[0].tolist(), group.factors.tolist(), strict=True)
                continue
            if len(different) > 1:
                for kind in reversed(different.tolist()):
                    chosen = kinds == kind
                    columns = [column[chosen] for column in group.columns]
                    pending.append((Group(columns, dict(group.operations), group.factors[chosen]), place))
                continue
            if different[0] >= 0:
                self.add_operands(group, place)
            pending.append((group, place + 1))
        return found

    def kinds(self, column: Any) -> Any:
        """For each position the code of its operation, or what it is instead; what is not to be repeated is less."""
        codes = self.codes[np.maximum(column - self.count, 0)]
        made = np.where(codes < 0, OTHER - 1, codes)
        return np.where(column >= self.count, made, np.where(column >= 0, ARGUMENT, OTHER))

    def add_operands(self, group: Group, place: int) -> None:
        """Add the operands of a column of operations to the columns, those that are not there yet."""
        numbers = group.columns[place] - self.count
        first = self.starts[numbers]
        used = []
        for operand in range(int(self.starts[numbers[0] + 1] - first[0])):
            column = self.slots[first + operand].astype(np.int64)
            same = [
                known
                for known, other in enumerate(group.columns)
                if other[0] == column[0] and other[-1] == column[-1] and np.array_equal(other, column)
            ]
            if not same:
                group.columns.append(column)
            used.append(same[0] if same else len(group.columns) - 1)
        group.operations[place] = used

    def are_alike(self, group: Group) -> bool:
        """Whether terms make a loop, and a constant that differs among them is as good as a number of data."""
        if group.size < LEAST:
            return False
        for place, operands in group.operations.items():
            primitive = self.line.primitives[self.codes[group.columns[place][0] - self.count]]
            for number, operand in enumerate(operands):
                column = group.columns[operand]
                if column[0] >= 0 or not constants_differ(primitive, number > 0):
                    continue
                if np.any(column != column[0]) or (primitive in CHOOSE and varies(self.line.others[-1 - column[0]])):
                    return False
        return True


class Entry(NamedTuple):
    """An entry of the Hessian of a term: the columns of its arguments; the number that it is in all terms, or None."""

    row: int
    column: int
    number: float | None


class Body:
    """One of the terms of a group, to be recorded once for all of them."""

    def __init__(self, line: Line, arguments: list[Any], group: Group) -> None:
        self.line = line
        self.arguments = arguments
        self.group = group
        self.length = len(group.factors)
        self.name = "term"
        # Operations in the order in which they can be computed.
        self.order = sorted(group.operations, key=lambda place: group.columns[place][0])
        self.leaves = [place for place in range(len(group.columns)) if place not in group.operations]
        self.moving = [place for place in self.leaves if group.columns[place][0] >= 0]
        alike = {place: bool((group.columns[place] == group.columns[place][0]).all()) for place in self.leaves}
        self.shared = {place: self.leaf(group.columns[place][0]) for place in self.leaves if alike[place]}
        self.own = [place for place in self.leaves if not alike[place]]
        factors = group.factors.tolist()
        self.factor: float | None = factors[0] if np.all(group.factors == factors[0]) else None
        self.width = len(self.own) + (self.factor is None)
        self.rows = self.windows() or self.copied()

    def copied(self) -> Rows:
        """The rows of the terms, each with its own numbers, and its factor if they differ."""
        columns = [[self.leaf(slot) for slot in self.group.columns[place].tolist()] for place in self.own]
        if self.factor is None:
            columns.append(self.group.factors.tolist())
        return Rows(in_rows(columns, self.length) if columns else [], self.width)

    def windows(self) -> Rows | None:
        """The rows of the terms as windows on the arguments, if those of each term lie next to those of the last."""
        columns = [self.group.columns[place] for place in self.own]
        if self.factor is None or not columns:
            return None
        begins = [int(column[0]) for column in columns]
        first, last = min(begins), max(begins)
        if first < 0 or last - first >= self.length or not all([np.all(np.diff(column) == 1) for column in columns]):
            return None
        return Windows(self.arguments[first : last + self.length], [begin - first for begin in begins])

    def leaf(self, slot: int) -> Any:
        """An argument, or a number or a node from outside."""
        return self.arguments[slot] if slot >= 0 else self.line.others[-1 - slot]

    def given(self, row: Any) -> dict[int, Any]:
        """The leaves of a term whose row of numbers this is."""
        return self.shared | dict(zip(self.own, row, strict=False))

    def computed(self, known: dict[int, Any], row: Any) -> Any:
        """The term, of its leaves."""
        values = dict(known)
        for place in self.order:
            node = self.line.nodes[self.group.columns[place][0] - self.line.count]
            values[place] = repeated(node, tuple([values[one] for one in self.group.operations[place]]))
        factor = row[self.width - 1] if self.factor is None else self.factor
        return values[0] if factor == 1.0 and self.factor is not None else factor * values[0]

    def differentiated(self, row: Any) -> list[tuple[int, int, Any]]:
        """The lower triangle of the Hessian in the arguments, with plain numbers where entries are constant."""
        known = self.given(row)

        def term(numbers: list[Any]) -> Any:
            return self.computed(known | dict(zip(self.moving, numbers, strict=True)), row)

        found: list[tuple[int, int, Any]] = []
        if not self.moving:
            return found
        with TapedRun("hessian", term, ([known[place] for place in self.moving],), {}, 0, by_result=True) as run:
            for (one, other), value in lower_triangle(run.gradient_tape()).items():
                masked = as_masked(value)
                # Where this term is nan, the sum is, by which all entries are masked.
                if masked is not None and all([mask is run.results[0] for mask in masked.masks]):
                    value = masked.number
                found.append((self.moving[one], self.moving[other], value))
        return found

    def entries(self) -> list[Entry]:
        """The entries of the Hessian of a term."""
        notes: list[Entry] = []

        def seen(*row: Any) -> list[Any]:
            found = self.differentiated(row)
            notes[:] = [Entry(one, other, None if varies(value) else value_of(value)) for one, other, value in found]
            return [value for *_, value in found]

        traced = record(seen, Signature((0.5,) * self.width, {}), self.rows.of_turn(0), Trace(for_derivatives=True))
        if traced.program.guards:
            raise TraceError("a term takes decisions when it is differentiated")
        if len(notes) > MOST_ENTRIES * len(self.order) and not all(self.curved(traced)):
            raise TraceError("second derivatives that are constant are added up once where all is written out")
        return notes

    def curved(self, traced: Traced) -> list[bool]:
        """For each entry whether it depends on an argument, and not only on whether that is nan."""
        columns = [self.group.columns[place][0] >= 0 for place in self.own] + [False] * (self.factor is None)
        known = [*columns, *[True] * len(traced.variables), *[False] * len(traced.program.constants)]
        for _, primitive, operands in traced.program:
            used = operands[1:] if primitive is Select else operands
            known.append(any([known[operand] for operand in used]))
        return [known[output] for output in traced.program.outputs]

    def is_carried(self, entry: Entry) -> bool:
        """Whether an entry stands in one place for all terms."""
        return entry.row in self.shared and entry.column in self.shared

    def loop(self, turn: Callable[..., list[Any]], carried: int) -> list[Any] | None:
        """The sums that a loop over the terms carries, and what else its turns give."""
        return rolled(self.name, turn, Notes(), [-0.0] * carried, self.rows, self.length)

    def value(self) -> Any:
        """The sum of the terms; None if they can't be computed in a loop."""
        found = self.loop(lambda carry, row: [carry[0] + self.computed(self.given(row), row)], 1)
        return None if found is None else found[0]

    def triangle(self, entries: list[Entry], total: Any) -> Triangle | None:
        """The Hessian of the sum of the terms, nan where the total is; None if it can't be computed in a loop."""
        carried = [place for place, entry in enumerate(entries) if self.is_carried(entry)]
        stacked = [place for place, entry in enumerate(entries) if place not in carried and entry.number is None]
        size = len(stacked)

        def turn(carry: Any, row: Any) -> list[Any]:
            values = [value for *_, value in self.differentiated(row)]
            sums = [so_far + values[place] for so_far, place in zip(carry, carried, strict=True)]
            return [*sums, *[Defined(values[place], total) for place in stacked]]

        results = self.loop(turn, len(carried)) if carried or stacked else []
        if results is None:
            return None
        rows, columns, values = [], [], []
        for place, entry in enumerate(entries):
            one, other = self.group.columns[entry.row], self.group.columns[entry.column]
            if place in carried:
                rows.append(one[:1])
                columns.append(other[:1])
                values.append(Defined(results[carried.index(place)], total))
                continue
            rows.append(one)
            columns.append(other)
            given: list[Any] = [entry.number] * self.length
            if entry.number is None:
                given = results[len(carried) + stacked.index(place) :: size]
            if entry.row != entry.column:
                # Two arguments that are one here: the entry counts twice, once each way.
                for term in np.flatnonzero(one == other).tolist():
                    given[term] = given[term] * 2.0
            values += given
        empty = np.zeros(0, np.int64)
        ends = np.concatenate([empty, *rows]), np.concatenate([empty, *columns])
        return np.maximum(*ends), np.minimum(*ends), values


def as_recorded(arguments: list[Any], result: Any, before: int, total: Any) -> Triangle:
    """The Hessian of a result as it was recorded, nan where the total is."""
    with enable_grad():
        first = Tape(arguments, [result], before, by_result=True)
        first.differentiable()
        second = Tape(arguments, first.pullback([1.0]), before, by_result=True)
    second.differentiable()
    found = lower_triangle(second)
    places = list(found)
    return [row for row, _ in places], [column for _, column in places], [Defined(one, total) for one in found.values()]


def added_up(triangles: list[Triangle], count: int, total: Any) -> Triangle:
    """One triangle of several, with the entries at each place added up in their order; all nan where the total is."""
    values = [value for triangle in triangles for value in triangle[2]]
    empty = np.zeros(0, np.int64)
    places = np.concatenate([empty, *[np.asarray(row, np.int64) * count + column for row, column, _ in triangles]])
    order = np.argsort(places, kind="stable")
    places = places[order]
    firsts = np.flatnonzero(np.diff(places, prepend=-1))
    stops = [*firsts[1:].tolist(), len(places)]
    numbers: dict[float, Any] = {}
    ordered = [values[place] for place in order.tolist()]
    entries = []
    for first, stop in zip(firsts.tolist(), stops, strict=True):
        entry = ordered[first]
        for place in range(first + 1, stop):
            entry = entry + ordered[place]
        if not isinstance(entry, Node):
            known = numbers.get(entry)
            entry = numbers.setdefault(entry, Defined(entry, total)) if known is None else known
        entries.append(entry)
    rows, columns = np.divmod(places[firsts], count)
    return rows, columns, entries
