"""The operations between a function's arguments and its outputs, in flat arrays for repeated sweeps.

While a function runs, nodes are made; their serial numbers say in which order. So the nodes between the arguments
and the outputs are found without marks, in one walk down from the outputs, and they are kept by position:
the arguments first, then each operation after those it depends on. Sweeps over these arrays leave the nodes as
they are, and can be repeated at little cost.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from autograd.graph.joint_operations import RESULT
from autograd.graph.local_gradients import (
    joint_pullback,
    joint_pushforward,
    local_gradients_as_nodes,
    local_gradients_beside,
    local_gradients_in_trace,
)
from autograd.graph.modes import is_strict, is_traced
from autograd.graph.node import (
    Call,
    Node,
    Output,
    belongs_to_recording,
    call_of,
    gradients_of_many,
    operands_of,
    recorded_gradients,
    value_of,
    varied,
    varies,
)
from autograd.graph.node_errors import earlier_recording, earlier_run
from autograd.graph.runs import is_argument
from autograd.graph.sweep import topological_order
from autograd.numbers.arrays import doubles, integers
from autograd.numbers.operation_table import OperationTable
from autograd.numbers.pairwise import LongSum, PairwiseSums
from autograd.operations.primitives import Absorb, Defined, Either, Gate, NotEqual, Select, StopGradient
from autograd.transforms.constant_slopes import ConstantSlopes
from autograd.transforms.masked import masked_by, plus, settled, times
from autograd.transforms.numbering import Numbering

try:
    import cython
except ImportError:
    from autograd.numbers import _cython as cython
if not cython.compiled:
    from array import array

    from autograd.graph.node import OF_RULE, OVER, SERIAL, TRACED, VARIES, clock
    from autograd.numbers.arrays import doubles_in, ints_in
    from autograd.numbers.pairwise import BLOCK

__all__ = ["Tape"]


@cython.final
@cython.cclass
class Tape:
    """The operations between the arguments of a function and its outputs.

    Made from the arguments as the function got them (`new_argument`), the outputs that it returned (nodes and
    numbers), and the serial number that was current before the arguments were made. `closed_over` says whether the
    outputs depend on other variables too; `outside` has the nodes that were found on the way to them.

    With `whole`, operations that depend on these alone are on the tape too, and it is not for sweeps: there are no
    local gradients. Instead it has all operands: those that are not on the tape have slots of its `numbering`. The
    operation at position `count + k` has the code `codes[k]` in that, which says what it does and on how many operands.

    An operation with several results has a position, behind its operands, and each of its results has one behind that:
    `joints` has it by its position. With `by_result`, each result is an operation of its own instead, for uses that
    need its local gradients.

    Inside a trace, equal operations on equal operands have one position, that of the first, so that they are
    differentiated once, if they are half of all or more. The others are in `merged`.

    The operation at position `count + k` has its operands' positions in `operands[starts[k]:starts[k + 1]]` and
    the local gradients at the same places of `slopes`. Before a single sweep back, `at_once(primitive, operands)` may
    give for an operation on many operands a `JointOperation` of the adjoint, the output and the operands, whose results
    are the shares of the adjoint. `size` is the number of positions, `nodes` has the
    operations, `outputs` the position of each output, or -1 if it depends on no argument.
    """

    def __init__(
        self,
        arguments: list[Any],
        outputs: Sequence[Any],
        before: int,
        whole: bool = False,
        by_result: bool = False,
    ) -> None:
        self.whole = whole
        self.by_result = by_result
        self.joints: dict[int, Joint] = {}
        self.numbering: Any = None
        self.outside: list[Node] = []
        self.arguments = arguments
        self.count = len(arguments)
        self.closed_over = False
        self.nodes: list[Node] = []
        self.merged: list[Node] = []
        self.node_slopes: list[Any] | None = None
        self.constant_slopes: Any = None
        self.pulled = False
        self.at_once: Any = None
        # Those operations, by their positions.
        self.joint_slopes: dict[int, Any] = {}
        # The places of the long sums of adjoints, and their number.
        self.long_places: Any = None
        self.long_count = -1
        # Those of a traced function: a 1 at each position in which 0 times anything is 0.
        self.absorbing: bytearray | None = None
        self.output_nodes = outputs
        self.before = before
        self.follow(arguments, outputs)

    def follow(self, arguments: list[Any], outputs: Sequence[Any]) -> None:
        """Find the nodes between arguments and outputs, and give them their positions."""
        ticks = clock() - self.before
        found: list[Any] = [None] * ticks
        self.positions = integers(ticks, -1)
        place_of = ints_in(self.positions)
        for position in range(self.count):
            tick = self.tick_of(arguments[position])
            if not 0 <= tick < ticks:
                raise ValueError(f"argument {position} of a tape was not made in the run that it is of")
            place_of[tick] = position
        entries = in_all = operations = 0
        for output in outputs:
            self.meet(found, output, None)
        for tick in range(ticks - 1, -1, -1):
            if found[tick] is None or place_of[tick] >= 0:
                continue
            operations += 1
            node = cython.cast(Node, found[tick])
            if self.whole and node._left is None and node._stamp & TRACED:
                raise earlier_recording(node)
            if isinstance(node._left, tuple):
                for operand in operands_of(node) if self.by_result else node._left:
                    entries += self.meet(found, operand, node)
                in_all += len(node._left)
            else:
                entries += self.meet(found, node._left, node) + self.meet(found, node._right, node)
                in_all += 2
        if self.whole:
            self.lay_out_whole(found, operations, in_all)
        else:
            self.lay_out(found, entries)
        self.outputs = [self.position_of(output) for output in outputs]

    def tick_of(self, node: Node) -> int:
        """The number of nodes that were made in the run before this one; negative for an older one."""
        return node._stamp // SERIAL - self.before - 1

    def meet(self, found: list[Any], operand: Any, user: Node | None) -> int:
        """Put an operand of `user` that was made in the run into `found`; the number of such nodes, 0 or 1."""
        if not isinstance(operand, Node):
            return 0
        node = cython.cast(Node, operand)
        if not node._stamp & VARIES:
            if node._stamp & TRACED:
                raise earlier_recording(node)
            return 0
        tick = self.tick_of(node)
        if tick < 0:
            if node._stamp & TRACED and not (is_traced() and (not self.whole or belongs_to_recording(node))):
                # Of a recording that is over, not of one around this.
                raise earlier_recording(node)
            if node._stamp & OVER and (user is None or not user._stamp & OF_RULE):
                raise earlier_run(node)
            self.closed_over = True
            self.outside.append(node)
            return 0
        found[tick] = node
        return 1

    def position_of(self, operand: Any) -> int:
        """The position of a node, -1 if it depends on no argument, or is none."""
        if not isinstance(operand, Node) or not cython.cast(Node, operand)._stamp & VARIES:
            return -1
        tick = self.tick_of(operand)
        if tick < 0:
            return -1
        return int(ints_in(self.positions)[tick])

    def lay_out(self, found: list[Any], entries: int) -> None:
        """Write the operations that depend on an argument to the arrays, in the order in which they were made."""
        self.starts = integers(len(found) + 1)
        self.operands = integers(entries)
        self.slopes = doubles(entries)
        place_of = ints_in(self.positions)
        starts = ints_in(self.starts)
        operands = ints_in(self.operands)
        slopes = doubles_in(self.slopes)
        end = 0
        size = self.count
        # The builder of a recording merges equal operations itself.
        merging = self.merged is not None and is_traced()
        merged: Any = None
        if merging:
            self.numbering = Numbering()
            merged = OperationTable(len(found))
        joint: Joint | None = None
        under_joint: Any = None
        for tick in range(len(found)):
            if found[tick] is None or place_of[tick] >= 0:
                continue
            node = cython.cast(Node, found[tick])
            begin = end
            constants = 0
            many = isinstance(node._left, tuple)
            if many and not self.by_result and isinstance(node, Output):
                # Results share the tuple that holds their call, and most are made one after the other.
                if node._left is not under_joint:
                    under_joint = node._left
                    joint = self.joints.get(self.position_of(under_joint[0]))
                if joint is not None:
                    place_of[tick] = size
                    joint.add_result(cython.cast(Output, node)._place, size)
                    size += 1
                    starts[size - self.count] = end
                    self.nodes.append(node)
                continue
            is_call = many and isinstance(node, Call)
            below = operands_of(node) if many else ()
            for place in range(len(below) if many else 2):
                if many:
                    operand = below[place]
                else:
                    operand = node._left if place == 0 else node._right
                if not varied(operand):
                    continue
                position = self.position_of(operand)
                if position < 0:
                    constants += 1
                    continue
                operands[end] = position
                if not many:
                    slopes[end] = node._left_gradient if place == 0 else node._right_gradient
                elif not is_call:
                    slopes[end] = doubles_in(gradients_of_many(node))[place]
                end += 1
            if end > begin:
                if is_call:
                    self.joints[size] = Joint(node, [self.position_of(operand) for operand in operands_of(node)])
                if merging and not is_call and not isinstance(node, Output):
                    place_of[tick] = self.first_like(node, merged, size)
                    if place_of[tick] != size:
                        self.merged.append(node)
                        end = begin
                        continue
                if constants > 0 and node._origin.primitive.beside_constant is not None:
                    self.correct(node, begin)
                place_of[tick] = size
                size += 1
                starts[size - self.count] = end
                self.nodes.append(node)
        self.size = size
        if merging and 0 < len(self.merged) < len(self.nodes):
            # Sums of adjoints are rounded otherwise than those of shares: for less than half, bits are kept.
            for tick in range(len(found)):
                if place_of[tick] >= self.count:
                    place_of[tick] = -1
            self.nodes, self.joints, self.merged = [], {}, None  # type: ignore[assignment]
            self.lay_out(found, entries)
            self.merged = []

    def lay_out_whole(self, found: list[Any], operations: int, entries: int) -> None:
        """Write all operations that were found to the arrays, with all their operands."""
        self.numbering = Numbering()
        self.codes = integers(operations)
        self.starts = integers(operations + 1)
        self.operands = integers(entries)
        place_of, codes = ints_in(self.positions), ints_in(self.codes)
        starts, operands = ints_in(self.starts), ints_in(self.operands)
        end = number = 0
        for tick in range(len(found)):
            if found[tick] is None or place_of[tick] >= 0:
                continue
            node = cython.cast(Node, found[tick])
            primitive: Any = node._origin.primitive
            if isinstance(node._left, tuple):
                for operand in node._left:
                    operands[end] = self.slot_of(operand)
                    end += 1
                if isinstance(node, Output):
                    primitive = RESULT
                    joint = self.joints[operands[end - 1]]
                    joint.add_result(cython.cast(Output, node)._place, self.count + number)
                elif isinstance(node, Call):
                    # Those of nodes that are not on the tape are negative.
                    self.joints[self.count + number] = Joint(node, self.operands[starts[number] : end].tolist())
            else:
                operands[end] = self.slot_of(node._left)
                end += 1
                if node._right is not None:
                    operands[end] = self.slot_of(node._right)
                    end += 1
            codes[number] = self.numbering.code(primitive, end - starts[number])
            place_of[tick] = self.count + number
            # The nodes move to the front: a second list of them would be as much memory to go through.
            found[tick] = None
            found[number] = node
            number += 1
            starts[number] = end
        del found[number:]
        self.nodes = found
        self.operands = self.operands[:end]
        self.size = self.count + number

    def slot_of(self, operand: Any) -> int:
        """The position of an operand, or its slot among those of what is not on the tape."""
        position = self.position_of(operand)
        if position >= 0:
            return position
        if varies(operand):
            return int(self.numbering.slot_of_node(operand))
        return int(self.numbering.slot_of_number(operand if type(operand) is float else value_of(operand)))

    def first_like(self, node: Node, table: OperationTable, size: int) -> int:
        """The position of the first operation with the same primitive and operands; `size` if there is none before."""
        primitive: Any = node._origin.primitive
        if isinstance(node._left, tuple):
            # A rule that counts in how many places each operand stands looks at nodes.
            by_identity = primitive.beside_constant is not None
            for operand in node._left:
                table.lay(self.slot_by_identity(operand, by_identity))
        else:
            table.lay(self.slot_by_identity(node._left, False))
            if node._right is not None:
                table.lay(self.slot_by_identity(node._right, False))
        code = self.numbering.code(primitive, table.laid)
        mixed = table.hash(code)
        known = table.find(code, mixed)
        if known < 0:
            table.keep(code, size, mixed)
            return size
        table.drop()
        return int(ints_in(table.results)[known])

    def slot_by_identity(self, operand: Any, always: bool) -> int:
        """The position of an operand, or a slot: of two nodes that are not on the tape two, or of any `always`."""
        position = -1 if always else self.position_of(operand)
        if position >= 0:
            return position
        return int(
            self.numbering.slot_of_node(operand)
            if isinstance(operand, Node)
            else self.numbering.slot_of_number(operand)
        )

    def correct(self, node: Node, begin: int) -> None:
        """Replace the local gradients of an operation, some of whose varying operands are constant here.

        At a tie a constant gets no share. An operand is constant if it depends on no argument of this or an
        enclosing differentiation; whether it does on one of those around takes a walk, and matters at a tie only.
        """
        operands = operands_of(node)
        here = [self.position_of(operand) >= 0 for operand in operands]
        corrected = local_gradients_beside(node, here)
        if corrected == recorded_gradients(node):
            return
        varying = [
            known or (varied(operand) and is_differentiated(operand))
            for known, operand in zip(here, operands, strict=True)
        ]
        if varying != here:
            corrected = local_gradients_beside(node, varying)
        for entry, place in enumerate([place for place, known in enumerate(here) if known]):
            self.slopes[begin + entry] = corrected[place]

    def differentiable(self) -> None:
        """Take nodes as local gradients, so that the results of sweeps can be differentiated again."""
        slopes: list[Any] = []
        traced = is_traced()
        if traced:
            self.mark_absorbing()
        absorbing = None if self.at_once is None else self.absorbing
        live: Any = None
        # Not by `enumerate`, whose loop in C takes the list for granted, also in a tape that nobody initialised.
        for number in range(len(self.nodes)):
            node = self.nodes[number]
            operands = operands_of(node)
            primitive: Any = node._origin.primitive
            varying: Any = None
            position = self.count + number
            if absorbing is not None and primitive.arity is None and not absorbing[position]:
                operation = self.at_once(primitive, operands)
                if operation is not None:
                    self.joint_slopes[position] = operation
            if (self.joint_slopes and position in self.joint_slopes) or (
                self.joints and isinstance(node, Call | Output)
            ):
                # These have a pullback. Entries are kept for its operands.
                slopes += [None] * (self.starts[number + 1] - self.starts[number])
                continue
            if primitive.beside_constant is not None and (traced or not primitive.linear):
                # This tape and those around it decide which operands are constant.
                live = self.live() if live is None else live
                varying = [self.is_live(operand, live) for operand in operands]
            if traced:
                local_gradients = local_gradients_in_trace(node, operands, varying)
            else:
                local_gradients = local_gradients_as_nodes(node, varying)
            for place in range(len(operands)):
                if self.position_of(operands[place]) >= 0:
                    # Those of linear operations are numbers, corrected at ties.
                    slope = local_gradients[place]
                    known = traced or isinstance(slope, Node)
                    slopes.append(slope if known else self.slopes[len(slopes)])
        self.node_slopes = slopes

    def live(self) -> bytearray:
        """For each position whether derivatives pass through it: not where they are stopped, nor through comparisons.

        (Of plain Python these are bools, and constant.)
        """
        live = bytearray(self.size)
        starts = ints_in(self.starts)
        operands = ints_in(self.operands)
        for position in range(self.count):
            live[position] = 1
        for position in range(self.count, self.size):
            k = position - self.count
            primitive: Any = cython.cast(Node, self.nodes[k])._origin.primitive
            if self.joints and isinstance(self.nodes[k], Output):
                live[position] = live[self.position_of(call_of(self.nodes[k]))]
            elif not (primitive is StopGradient or primitive.condition):
                for entry in range(starts[k], starts[k + 1]):
                    if live[operands[entry]]:
                        live[position] = 1
        return live

    def is_live(self, operand: Any, live: bytearray) -> bool:
        """Whether an operand depends on what is differentiated, here or around: else it counts as constant."""
        position = self.position_of(operand)
        if position >= 0:
            return live[position] != 0
        return varies(operand) and is_differentiated(operand)

    def mark_absorbing(self) -> None:
        """Find the operations that matter only where a condition holds: in them, a derivative of 0 stays 0.

        These are the conditional ones themselves, gates and products that absorb, and operations that feed only such.
        """
        starts = ints_in(self.starts)
        operands = ints_in(self.operands)
        exposed = bytearray(self.size)
        for output in self.outputs:
            if output >= 0:
                exposed[output] = 1
        absorbing = bytearray(self.size)
        for position in range(self.size - 1, self.count - 1, -1):
            k = position - self.count
            if self.joints and isinstance(self.nodes[k], Output):
                if exposed[position]:
                    exposed[self.position_of(call_of(self.nodes[k]))] = 1
                continue
            primitive: Any = cython.cast(Node, self.nodes[k])._origin.primitive
            if primitive is Select or primitive is Absorb or primitive is Gate or not exposed[position]:
                absorbing[position] = 1
            elif primitive is Defined:
                # The mask, its other operand, only decides.
                number = self.position_of(cython.cast(Node, self.nodes[k])._left)
                if number >= 0:
                    exposed[number] = 1
            elif not primitive.condition:
                for entry in range(starts[k], starts[k + 1]):
                    exposed[operands[entry]] = 1
        self.absorbing = absorbing

    def product(self, position: int, entry: int, one: Any, other: Any) -> Any:
        """The derivative that passes through the operation at this position, times the local gradient of an entry."""
        if type(other) is float and other == 1.0:
            # That of a sum: to make a node of it, and to find in the end that it changes nothing, takes longer.
            return one
        if self.absorbing is None:
            return one * other
        if not self.absorbing[position]:
            return times(one, other)
        primitive: Any = cython.cast(Node, self.nodes[position - self.count])._origin.primitive
        if primitive is Select:
            # The side that is not taken gets nothing, whatever arrives.
            return Gate(other, settled(one))
        if primitive is Absorb or (primitive is Gate and entry > ints_in(self.starts)[position - self.count]):
            # Either may be of a side that is not taken, and the other infinite or nan.
            return Absorb(settled(one), other)
        return Gate(settled(one), other)

    def seed(self, place: int, derivative: Any) -> Any:
        """A derivative of an output; inside a trace it is nan where the output is, as every local gradient would be."""
        output = None if self.absorbing is None else self.output_nodes[place]
        if self.outputs[place] < self.count:
            return derivative
        if output is None:
            return derivative
        return masked_by(derivative, output)

    def count_long_sums(self) -> int:
        """The number of positions whose adjoint has more terms than are added one after the other.

        `long_places` has the places of these among all such, -1 for the other positions; None if there are none. In a
        traced function there are none: a loop adds turn by turn, and so does the same loop written out.
        """
        if self.long_count >= 0:
            return self.long_count
        self.long_count = 0
        entries = ints_in(self.starts)[self.size - self.count]
        if entries <= BLOCK or self.absorbing is not None:
            return 0
        counts = integers(self.size)
        uses = ints_in(counts)
        operands = ints_in(self.operands)
        for entry in range(entries):
            uses[operands[entry]] += 1
        for position in range(self.size):
            if uses[position] > BLOCK:
                uses[position] = self.long_count
                self.long_count += 1
            else:
                uses[position] = -1
        if self.long_count > 0:
            self.long_places = counts
        return self.long_count

    def pullback(self, cotangents: Sequence[Any]) -> Any:
        """The derivatives of the outputs, weighted by one cotangent each, in every argument.

        An array, or a list with nodes in it where a cotangent or a local gradient is a node. A cotangent of 0 is
        as good as none: no 0 · ∞ comes of it.
        """
        if self.node_slopes is None and all_floats(cotangents):
            derivatives = self.adjoints(cotangents)
            if is_strict():
                from autograd.graph.overflow import check_adjoints

                check_adjoints(*self.by_node(derivatives))
            return derivatives[: self.count]
        seeds = [
            (self.outputs[place], self.seed(place, cotangent))
            for place, cotangent in enumerate(cotangents)
            if self.outputs[place] >= 0 and (isinstance(cotangent, Node) or cotangent != 0.0)
        ]
        if self.pulled and self.has_constant_slopes():
            found = self.constant_slopes.adjoints(seeds)
            if found is not None:
                return found
        self.pulled = True
        adjoints: list[Any] = [None] * self.size
        for position, seed in seeds:
            add(adjoints, position, seed)
        self.pull(adjoints)
        return [0.0 if adjoint is None else settled(adjoint) for adjoint in adjoints[: self.count]]

    def has_constant_slopes(self) -> bool:
        """Whether sweeps can be in doubles; asked from the second one on: it takes about as long as one on nodes."""
        if self.constant_slopes is None:
            if self.node_slopes is None or self.absorbing is None or self.joints or self.joint_slopes:
                return False
            starts = self.starts[: len(self.nodes) + 1]
            self.constant_slopes = ConstantSlopes(
                self.count, starts, self.operands, self.node_slopes, self.absorbing, self.outputs
            )
        return bool(self.constant_slopes.are_constant)

    def pull(self, adjoints: list[Any]) -> None:
        """Hand the adjoints on, from each position to those of its operands."""
        slopes = self.slopes.tolist() if self.node_slopes is None else self.node_slopes
        starts = ints_in(self.starts)
        operands = ints_in(self.operands)
        if self.count_long_sums() > 0:
            long_places = ints_in(self.long_places)
            for position in range(self.size):
                if long_places[position] >= 0:
                    adjoints[position] = long_sum_from(adjoints[position])
        for position in range(self.size - 1, self.count - 1, -1):
            adjoint = adjoints[position] = summed(adjoints[position])
            if self.joints and position in self.joints:
                self.pull_jointly(self.joints[position], adjoints)
            elif adjoint is not None and self.joint_slopes and position in self.joint_slopes:
                node = self.nodes[position - self.count]
                operands_here = operands_of(node)
                shares = self.joint_slopes[position].shares(adjoint, node, operands_here)
                for operand, share in zip(operands_here, shares, strict=True):
                    place = self.position_of(operand)
                    if place >= 0:
                        add(adjoints, place, share)
            elif adjoint is not None:
                for entry in range(starts[position - self.count], starts[position - self.count + 1]):
                    if self.absorbing is not None and is_zero(slopes[entry]):
                        continue
                    add(adjoints, operands[entry], self.product(position, entry, adjoint, slopes[entry]))
        if self.long_count > 0:
            for position in range(self.count):
                adjoints[position] = summed(adjoints[position])

    def pull_jointly(self, joint: Joint, adjoints: list[Any]) -> None:
        """Hand the adjoints of the results of an operation with several on to its operands."""
        cotangents = joint.of_results([settled(adjoints[position]) for position in joint.placed])
        if cotangents is None:
            return
        symbolic = self.node_slopes is not None
        known = joint.accumulated
        if not known:
            shares = self.absorbed(joint, cotangents, joint_pullback(joint.call, cotangents, symbolic))
        else:
            sums = [
                settled(summed(adjoints[joint.operands[place]])) if joint.operands[place] >= 0 else None
                for place in known
            ]
            shares = list(joint_pullback(joint.call, cotangents, symbolic, sums))
            shares = self.absorbed(joint, cotangents, shares, [0.0] * known.start + sums)
            for place in known:
                if joint.operands[place] >= 0:
                    adjoints[joint.operands[place]] = shares[place]
        for place, position in enumerate(joint.operands):
            if position >= 0 and place not in known and not is_zero(shares[place]):
                add(adjoints, position, shares[place])

    def push_jointly(self, joint: Joint, carried: list[Any]) -> None:
        """Hand the tangents of the operands of an operation with several results on to these."""
        tangents = if_any([settled(carried[position]) if position >= 0 else None for position in joint.operands])
        if tangents is None:
            return
        along = joint_pushforward(joint.call, tangents, self.node_slopes is not None)
        along = self.absorbed(joint, tangents, along)
        for place, position in zip(joint.places, joint.placed, strict=True):
            carried[position] = along[place]

    def absorbed(
        self, joint: Joint, directions: Sequence[Any], derivatives: Sequence[Any], instead: Sequence[Any] = ()
    ) -> Sequence[Any]:
        """Derivatives of an operation along directions; 0 where these are 0, if it matters only under a condition.

        `instead` has other numbers than 0 for the first of them, None for 0.
        """
        position = self.position_of(joint.call)
        if self.absorbing is None or not self.absorbing[position]:
            return derivatives
        moves = functools.reduce(Either, [NotEqual(part, 0.0) for part in directions if part is not None])
        others = [*[0.0 if one is None else one for one in instead], *[0.0] * (len(derivatives) - len(instead))]
        return [Select(moves, one, other) for one, other in zip(derivatives, others, strict=True)]

    def absorb_everywhere(self) -> None:
        """Let 0 times anything be 0 in all operations."""
        self.absorbing = bytearray([1]) * self.size

    def adjoints(self, cotangents: Sequence[float]) -> Any:
        """The array of the derivatives of the weighted outputs in the value at each position."""
        result, flags = doubles(self.size), integers(self.size)
        adjoints = doubles_in(result)
        reached = ints_in(flags)
        starts = ints_in(self.starts)
        operands = ints_in(self.operands)
        slopes = doubles_in(self.slopes)
        for place in range(len(self.outputs)):
            position = self.outputs[place]
            cotangent = cotangents[place]
            if position >= 0 and cotangent != 0.0:
                adjoints[position] += cotangent
                reached[position] = 1
        sums: PairwiseSums | None = None
        long_places = ints_in(self.starts if self.count_long_sums() == 0 else self.long_places)
        if self.long_count > 0:
            sums = PairwiseSums(self.long_count)
            for position in range(self.size):
                if reached[position] and long_places[position] >= 0:
                    adjoints[position] = sums.counted(long_places[position], adjoints[position])
        stop = self.size
        for before in [*reversed(self.joints), self.count - 1]:
            for position in range(stop - 1, before, -1):
                if reached[position]:
                    if sums is not None and long_places[position] >= 0:
                        adjoints[position] = sums.total(long_places[position], adjoints[position])
                    adjoint = adjoints[position]
                    for entry in range(starts[position - self.count], starts[position - self.count + 1]):
                        operand = operands[entry]
                        adjoints[operand] += adjoint * slopes[entry]
                        reached[operand] = 1
                        if sums is not None and long_places[operand] >= 0:
                            adjoints[operand] = sums.counted(long_places[operand], adjoints[operand])
            stop = before
            if before >= self.count:
                self.pull_numbers_jointly(self.joints[before], result, flags)
        if sums is not None:
            for position in range(self.count):
                if long_places[position] >= 0:
                    adjoints[position] = sums.total(long_places[position], adjoints[position])
        return result

    def pull_numbers_jointly(self, joint: Joint, sums: Any, flags: Any) -> None:
        """Hand the adjoints of the results of an operation with several on to its operands, on numbers."""
        adjoints = doubles_in(sums)
        reached = ints_in(flags)
        cotangents = joint.of_results([adjoints[position] if reached[position] else None for position in joint.placed])
        if cotangents is None:
            return
        shares = joint_pullback(joint.call, cotangents, False)
        for position, share in zip(joint.operands, shares, strict=True):
            if position >= 0:
                adjoints[position] += share
                reached[position] = 1

    def push_numbers_jointly(self, joint: Joint, sums: Any, flags: Any) -> None:
        """Hand the tangents of the operands of an operation with several results on to these, on numbers."""
        tangents = doubles_in(sums)
        reached = ints_in(flags)
        directions = if_any(
            [tangents[position] if position >= 0 and reached[position] else None for position in joint.operands]
        )
        if directions is None:
            return
        along = joint_pushforward(joint.call, directions, False)
        for place, position in zip(joint.places, joint.placed, strict=True):
            tangents[position] = along[place]
            reached[position] = 1

    def by_node(self, derivatives: Any) -> tuple[list[Node], dict[int, float]]:
        """The arguments and operations in order, and the array's entry for each, by its identity."""
        order: list[Node] = [*self.arguments, *self.nodes]
        known = {id(node): derivatives[position] for position, node in enumerate(order)}
        return [node for node in order if not isinstance(node, Call)], known

    def pushforward(self, tangents: Sequence[Any]) -> list[Any]:
        """The derivative of each output along a direction, which has one tangent for each argument.

        A tangent of 0 is as good as none: no 0 · ∞ comes of it.
        """
        if self.node_slopes is None and all_floats(tangents):
            along = self.tangents(tangents, integers(self.size))
            if is_strict():
                from autograd.graph.overflow import check_tangents

                check_tangents(*self.by_node(along))
            return [0.0 if position < 0 else along[position] for position in self.outputs]
        slopes = self.slopes if self.node_slopes is None else self.node_slopes
        carried: list[Any] = [
            None if not isinstance(tangent, Node) and tangent == 0.0 else tangent for tangent in tangents
        ]
        carried += [None] * (self.size - self.count)
        for position in range(self.count, self.size):
            if position in self.joints:
                self.push_jointly(self.joints[position], carried)
                continue
            for entry in range(self.starts[position - self.count], self.starts[position - self.count + 1]):
                tangent = carried[self.operands[entry]]
                if tangent is not None and not (self.absorbing is not None and is_zero(slopes[entry])):
                    add(carried, position, self.product(position, entry, tangent, slopes[entry]))
        return [
            0.0 if position < 0 or carried[position] is None else settled(self.seed(place, carried[position]))
            for place, position in enumerate(self.outputs)
        ]

    def tangents(self, directions: Sequence[float], flags: Any) -> Any:
        """The array of the derivatives along a direction of the value at each position.

        `flags`, all 0, is set to 1 at the positions that depend on an argument with a tangent other than 0.
        """
        result = doubles(self.size)
        tangents = doubles_in(result)
        reached = ints_in(flags)
        starts = ints_in(self.starts)
        operands = ints_in(self.operands)
        slopes = doubles_in(self.slopes)
        for position in range(self.count):
            tangent = directions[position]
            if tangent != 0.0:
                tangents[position] = tangent
                reached[position] = 1
        start = self.count
        for stop in [*self.joints, self.size]:
            for position in range(start, stop):
                for entry in range(starts[position - self.count], starts[position - self.count + 1]):
                    if reached[operands[entry]]:
                        tangents[position] += tangents[operands[entry]] * slopes[entry]
                        reached[position] = 1
            start = stop + 1
            if stop < self.size:
                self.push_numbers_jointly(self.joints[stop], result, flags)
        return result


class Joint:
    """An operation with several results on a tape: its call, the positions of its operands (negative for others), of
    those results that are on the tape the places among all results, and the positions.
    """

    def __init__(self, call: Call, operands: list[int]) -> None:
        self.call = call
        self.count = call._count
        self.operands = operands
        operation: Any = call.op
        self.accumulated: range = operation.accumulated
        self.places: list[int] = []
        self.placed: list[int] = []

    def add_result(self, place: int, position: int) -> None:
        """Note the position of a result."""
        self.places.append(place)
        self.placed.append(position)

    def of_results(self, adjoints: Sequence[Any]) -> list[Any] | None:
        """The cotangents of all results, from those on the tape; None if there are none."""
        cotangents: list[Any] = [None] * self.count
        for place, adjoint in zip(self.places, adjoints, strict=True):
            cotangents[place] = adjoint
        return if_any(cotangents)


def if_any(directions: list[Any]) -> list[Any] | None:
    """The list, unless there is nothing but None in it."""
    for direction in directions:
        if direction is not None:
            return directions
    return None


def before_all(nodes: list[Node]) -> int:
    """The serial number that was current before the oldest of these nodes was made."""
    return int(min([cython.cast(Node, node)._stamp // SERIAL for node in nodes])) - 1


def is_differentiated(node: Node) -> bool:
    """Whether the node depends on an argument of a differentiation that is under way."""
    return any([is_argument(below) for below in topological_order(node)])


def is_zero(slope: Any) -> bool:
    """Whether a local gradient is zero at all operands: inside a trace, the number 0."""
    return not isinstance(slope, Node) and slope == 0.0


def all_floats(numbers: Sequence[Any]) -> bool:
    """Whether there is no node among the numbers."""
    if isinstance(numbers, array):
        return True
    return not any([isinstance(number, Node) for number in numbers])


def add(sums: list[Any], place: int, share: Any) -> None:
    """Add to the sum at this place, which is None before its first share."""
    known = sums[place]
    if type(known) is LongSum:
        known.add(share)
    else:
        sums[place] = share if known is None else plus(known, share)


def long_sum_from(first: Any) -> LongSum:
    """A sum of many derivatives, of which this is the first; None for none."""
    sums = LongSum(plus)
    if first is not None:
        sums.add(first)
    return sums


def summed(adjoint: Any) -> Any:
    """An adjoint, which may be a long sum."""
    return adjoint.total() if type(adjoint) is LongSum else adjoint
