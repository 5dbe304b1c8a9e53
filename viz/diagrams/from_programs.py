"""From programs to diagrams: the path that `jit` recorded for some arguments, and the decisions it holds for."""

from __future__ import annotations

import linecache
from array import array
from collections import Counter
from collections.abc import Sequence
from contextvars import Context
from pathlib import PurePath
from types import MethodType, SimpleNamespace
from typing import Any, NamedTuple

from autograd import Constant, Node, Variable, topological_order
from autograd.graph.joint_operations import JointOperation, record_results
from autograd.graph.node import Output, call_of, clock, operands_of, value_of
from autograd.graph.runs import new_argument
from autograd.graph.sweep import adjoints
from autograd.numbers.operands import number_or_none
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Absorb, Gate, Select
from autograd.program.jit import Jitted, jit
from autograd.program.loops.operation import Loop
from autograd.program.paths import TooManyPaths
from autograd.program.program import Guard, Program
from autograd.program.recording.signature import Signature, sign
from autograd.program.row_arguments import NoRows, RowArguments
from autograd.program.rows.vmap import Mapped
from viz.diagrams.calls import dotted, parameter_names
from viz.diagrams.diagram import Diagram
from viz.diagrams.from_loops import LoopCall, with_insides
from viz.diagrams.from_nodes import MOST_NODES, Decision, diagram_of, slopes_of
from viz.errors import PROGRAM_WAYS, too_large

__all__ = ["diagram_of_program"]

MOST_PATHS_LISTED = 6
# In longer lines of operations loops are found, before what is left is folded.
FOLD_ABOVE = 200


class Recording(NamedTuple):
    """A program to draw.

    inputs: variables of the numbers it is drawn for; None if it is drawn without numbers.
    reads_code: whether the source lines of its guards may be looked up. A program that came from elsewhere may name
        any file.
    note: a line below the picture.
    """

    program: Program
    inputs: list[Variable] | None
    name: str
    reads_code: bool
    note: str = ""

    def diagram(self) -> Diagram:
        """The diagram, with values and gradients for the inputs, or without numbers if there are none."""
        # In a context of its own: the caller may be inside no_grad, strict or a scope.
        return Context().run(self._diagram)

    def _diagram(self) -> Diagram:
        program = self.program
        before = clock()
        # For a tape, arguments are counted as nodes are, which other variables are not.
        inputs = [new_argument(value_of(one)) for one in self.inputs or [Variable(1.0)] * program.inputs]
        for one, given in zip(inputs, self.inputs or (), strict=False):
            one.name = given.name
        # Without numbers nothing is run: with those that nobody has chosen, a loop might have no end.
        found: list[Any] = program.evaluate(inputs, None if self.inputs else not_run)
        if self.inputs is None:
            for place, value in enumerate(found):
                if isinstance(value, Node):
                    value.name = f"v{place}"
        # That all turns of a loop took ways that are known is no decision of the function.
        guards = [guard for guard in program.guards if not is_of_ways(found[guard.condition])]
        # A constant is drawn beside its users; one that is a result is a node of its own.
        ends = set(program.outputs) | {guard.condition for guard in guards}
        for place in ends:
            if not isinstance(found[place], Node):
                found[place] = Constant(found[place])
        used = {id(node) for node in topological_order(*[found[place] for place in sorted(ends)])}
        # In the order of the program, which need not be that of a walk.
        nodes = list({id(node): node for node in found if isinstance(node, Node) and id(node) in used}.values())
        outputs = [found[output] for output in program.outputs]
        conditions = [found[guard.condition] for guard in guards]
        if len(nodes) > FOLD_ABOVE:
            outputs, conditions = in_loops(inputs, outputs, conditions, before)
            # Inputs in their order, as before: the first of a row are drawn.
            order = {id(node): node for node in topological_order(*outputs, *conditions)}
            nodes = list({id(node): node for node in (*inputs, *order.values()) if id(node) in order}.values())
        decisions = [
            Decision(condition, guard.outcome, *self.told(guard))
            for condition, guard in zip(conditions, guards, strict=True)
        ]
        known = self.inputs is not None
        gradients = gradients_through(nodes, outputs) if known else {}
        diagram = diagram_of(outputs, nodes, gradients, decisions, slopes=None if known else no_slopes)
        diagram = with_insides(diagram._replace(note=self.note), loops_among(nodes, diagram, known), self.told)
        return diagram if known else diagram.without_numbers()

    def told(self, guard: Guard) -> tuple[str, str]:
        """The place of a decision, and the code there if it may be looked up."""
        code = linecache.getline(guard.file, guard.line).strip() if self.reads_code else ""
        return f"{PurePath(guard.file).name}:{guard.line}", code


def not_run(primitive: Primitive, operands: list[Any]) -> Any:
    """The result of an operation; of one with several results nodes for them, which is not run."""
    if not isinstance(primitive, JointOperation):
        return primitive(*operands)
    return record_results(primitive, tuple(operands), array("d", [1.0]) * primitive.count)


def in_loops(inputs: list[Node], outputs: list[Any], conditions: list[Any], before: int) -> tuple[list[Any], list[Any]]:
    """The outputs and conditions of a line of operations, of loops where these repeat: see `loops.found`."""
    from autograd.program.loops.found import rolled_up

    trace = SimpleNamespace(roll_up=None, decisions=[(condition,) for condition in conditions])
    outputs = rolled_up(trace, inputs, outputs, before, FOLD_ABOVE, anyhow=True)
    return outputs, [condition for (condition,) in trace.decisions]


def is_of_ways(node: Any) -> bool:
    """Whether it is the result of a loop that says whether its turns took ways that are known."""
    return isinstance(node, Output) and node._place == getattr(call_of(node).op, "ways_at", -1)


def no_slopes(node: Node) -> list[float]:
    """Local gradients for pictures without numbers."""
    return [0.0] * len(operands_of(node))


def loops_among(nodes: Sequence[Node], diagram: Diagram, known: bool) -> list[LoopCall]:
    """The loops of which nodes are results; `known` says whether they were run."""
    made = [node for node in nodes if node.op is not None]
    calls: dict[int, LoopCall] = {}
    for node, operation in zip(made, diagram.operations, strict=True):
        if isinstance(node, Output) and isinstance(loop := call_of(node).op, Loop):
            operands = [operand.value for operand in operation.operands]
            call = calls.setdefault(id(call_of(node)), LoopCall(loop, operands, {}, loop.length if known else None))
            call.results[node._place] = operation.position
    return list(calls.values())


def gradients_through(nodes: Sequence[Node], outputs: Sequence[Node]) -> dict[int, float]:
    """The derivative of the sum of the outputs by each node's identity; none where it does not reach.

    The side that a selection does not take gets nothing, not even 0 times infinity.
    """

    def slopes(node: Node) -> list[float | None]:
        selects = node.op in (Select, Absorb, Gate)
        return [None if selects and slope == 0.0 else slope for slope in slopes_of(node)]

    def passes(operand: Any, slope: float | None, adjoint: float) -> bool:
        return isinstance(operand, Node) and slope is not None

    times = Counter([id(output) for output in outputs])
    return adjoints(nodes, {output: float(count) for output, count in times.items()}, slopes, passes)


def diagram_of_program(subject: Any, arguments: tuple[Any, ...], focus: Any, limit: int) -> tuple[Diagram, str] | None:
    """The diagram and the name of a program, or of a function that `jit` or `vmap` compiled; None for others."""
    recording = _recording_of(subject, arguments)
    if recording is None:
        return None
    if focus is not None:
        raise TypeError("focus takes nodes of the graph that is drawn, and a program has none")
    if recording.program.size > MOST_NODES:
        raise too_large(recording.program.size, limit, Counter(), Counter(), ways=PROGRAM_WAYS)
    return recording.diagram(), recording.name


def _recording_of(subject: Any, arguments: tuple[Any, ...]) -> Recording | None:
    """The recording of a program, or of a function that `jit` or `vmap` compiled, to draw; None for other functions."""
    if isinstance(subject, Program):
        return _program(subject, arguments)
    if isinstance(subject, MethodType) and isinstance(subject.__func__, Jitted | Mapped):
        subject, arguments = subject.__func__, (subject.__self__, *arguments)
    if isinstance(subject, Jitted) and isinstance(subject.fun, Mapped):
        subject = subject.fun
    if not isinstance(subject, Jitted | Mapped):
        return None
    if not arguments:
        return _only_path(subject)
    return _path_taken(subject, arguments) if isinstance(subject, Jitted) else _first_row(subject, arguments)


def _program(program: Program, arguments: tuple[Any, ...]) -> Recording:
    if not arguments:
        return Recording(program, None, "a program", reads_code=False)
    if len(arguments) != program.inputs:
        raise TypeError(f"the program takes {program.inputs} inputs, got {len(arguments)}; without any it is drawn too")
    inputs = []
    for place, argument in enumerate(arguments):
        number = value_of(argument) if isinstance(argument, Node) else number_or_none(argument)
        if number is None:
            raise TypeError(f"the inputs of a program are numbers, got {type(argument).__name__}: {argument!r:.60}")
        inputs.append(Variable(number, name=getattr(argument, "name", None) or f"v{place}"))
    return Recording(program, inputs, "a program", reads_code=False)


def _path_taken(jitted: Jitted, arguments: tuple[Any, ...]) -> Recording:
    """The path that these arguments take; it is recorded if it was not taken before."""
    given, nodes, key = sign(arguments, {})
    try:
        paths = jitted.recordings.paths(jitted.recordings.full_key(key), arguments, {})
        path = paths.first(given)
        while True:
            captured = path.traced.variables
            values = path.program.evaluate([*given, *map(value_of, captured)])
            failed = [
                number
                for number, guard in enumerate(path.program.guards)
                if (values[guard.condition] != 0.0) != guard.outcome
            ]
            if not failed:
                break
            path = paths.after(path, failed[0], given)
    except TooManyPaths:
        raise ValueError(
            f"{jitted.__name__} has {len(jitted.paths)} recorded paths, and these arguments take another one, which "
            f"Python runs; raise max_paths, or draw the function itself: draw({jitted.__name__}.fun, ...)"
        ) from None
    inputs = [Variable(number) for number in given]
    structures = Signature(arguments, {}).structure.children[0].children
    pairs = zip(parameter_names(jitted, len(arguments)), structures, strict=True)
    names = [name for parameter, structure in pairs for name in structure.paths(parameter, dotted)]
    for place, (variable, name) in enumerate(zip(inputs, names, strict=True)):
        variable.name = getattr(nodes.get(place), "name", None) or name
    inputs += [Variable(value_of(node), name=node.name) for node in captured]
    return Recording(path.program, inputs, jitted.__name__, reads_code=True)


def _first_row(mapped: Mapped, arguments: tuple[Any, ...]) -> Recording:
    """The path that the first row of these arguments takes: each row is computed by itself."""
    mapped, leaves = mapped.laid_out(arguments, {})
    try:
        rows = RowArguments(mapped.__name__, mapped.in_axes, leaves)
    except NoRows:
        raise ValueError(f"a picture of {mapped.__name__} shows its first row, and needs at least one row") from None
    row: Any = jit(mapped.fun)
    recording = _path_taken(row, tuple(rows.one(0)))
    after = f", before the {mapped.reduce} over rows" if isinstance(mapped.reduce, str) else ""
    return recording._replace(note=f"row 0 of {rows.count:,}{after}")


def _only_path(jitted: Jitted | Mapped) -> Recording:
    """The path of a function that has one."""
    name = jitted.__name__
    if not jitted.paths:
        raise ValueError(
            f"{name} has not recorded anything yet: draw({name}, ...) with arguments shows the path that they take"
        )
    if len(jitted.paths) > 1:
        listed = []
        for place, path in enumerate(jitted.paths[:MOST_PATHS_LISTED]):
            fell = ", ".join([f"line {line}: {outcome}" for _, line, outcome in path.decisions()[:MOST_PATHS_LISTED]])
            listed.append(f"paths[{place}]" + (f" ({fell})" if fell else ""))
        raise ValueError(
            f"{name} has {len(jitted.paths)} paths: draw({name}, ...) with arguments shows the one that they take, "
            f"draw({name}.paths[0].program) the first of {', '.join(listed)}"
            + (", ..." if len(jitted.paths) > MOST_PATHS_LISTED else "")
        )
    return Recording(jitted.paths[0].program, None, name, reads_code=True)
