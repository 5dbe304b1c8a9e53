"""The slopes of operations on hundreds of operands as one operation with a result for each.

The rule of such a primitive gives nodes for each of its operands, so that they can be differentiated again. In the
program of a gradient, which is not, they would be recorded, kept and run one by one. One call of the kernel gives the
same bits. What has to be written in full, for a file or another language, has the rule's operations.
"""

from __future__ import annotations

import functools
from array import array
from collections.abc import Sequence
from typing import Any

from autograd.graph.joint_operations import JointOperation
from autograd.graph.node import Node, varies
from autograd.numbers.arrays import unset_doubles
from autograd.operations.primitive import Primitive
from autograd.operations.primitives import Logsumexp, Norm
from autograd.program.builder import Builder
from autograd.program.program import Program
from autograd.program.written_out import written_out
from autograd.transforms.derivatives import jvp, vjp
from autograd.transforms.masked import settled, without_mask

__all__ = ["SlopesAtOnce", "slopes_at_once"]

# With fewer operands, the call takes longer than machine code for each of them.
FEWEST_OPERANDS = 256
# The rules have up to so many operations for an operand; a program may be written out to so many.
PER_OPERAND = 8
MOST_WRITTEN = 2**24
# All slopes are nan if one operand is, and the output only then.
NAN_WITH_OUTPUT = (Norm, Logsumexp)


class SlopesAtOnce(JointOperation):
    """The slopes of a primitive in each of its operands, times an adjoint: of the adjoint, the output, the operands."""

    def __init__(self, primitive: Primitive, count: int) -> None:
        super().__init__(f"slopes of {primitive.name}", f"{primitive.symbol}′")
        self.of = primitive
        self.slopes_kernel = primitive.kernel
        self.count = count

    def shares(self, adjoint: Any, node: Any, operands: Sequence[Any]) -> list[Any]:
        """The shares in the adjoint of a node, in its operands."""
        out = node
        if self.of in NAN_WITH_OUTPUT:
            # They are nan where the output is, without a look at it: where nobody else asks for it, it is not computed.
            adjoint = without_mask(adjoint, node)
        if self.of is Logsumexp:
            out = 0.0
        return self(settled(adjoint), out, *operands)

    def results(self, operands: Sequence[float]) -> Any:
        """The shares on floats."""
        shares = unset_doubles(self.count)
        kernel: Any = self.slopes_kernel
        kernel.shares_of(operands if isinstance(operands, array) else array("d", operands), shares)
        return shares

    def by_rule(self, *given: Any) -> list[Any]:
        """The same on nodes, or on values of a program, one by one."""
        adjoint, out, *operands = given
        slopes = self.of.local_gradients(operands, out)
        if self.of.linear:
            slopes = [slope.detach() if isinstance(slope, Node) else slope for slope in slopes]
        return [adjoint * slope for slope in slopes]

    def pullback(self, operands: list[Any], cotangents: Sequence[Any]) -> list[Any]:
        """By the derivatives of the rule."""
        places = [place for place, cotangent in enumerate(cotangents) if cotangent is not None]

        def reached(*given: Any) -> list[Any]:
            shares = self.by_rule(*given)
            return [shares[place] for place in places]

        return list(vjp(reached, *operands)[1]([cotangents[place] for place in places]))

    def pushforward(self, operands: list[Any], tangents: Sequence[Any]) -> list[Any]:
        """By the derivatives of the rule."""
        along: list[Any] = jvp(self.by_rule, operands, [0.0 if one is None else one for one in tangents])[1]
        return along

    def operations(self) -> float:
        """How many operations the rule has, about."""
        return PER_OPERAND * self.count

    def program(self) -> Program:
        """The program of the rule."""
        builder = Builder(self.count + 2)
        return builder.program(builder.values_of(self.by_rule, range(self.count + 2)))

    def written_out(self, builder: Builder, operands: Sequence[int]) -> list[int]:
        """The shares as values of a builder."""
        return builder.values_of(self.by_rule, operands)

    def program_without(self, program: Program) -> Program | None:
        """The program with loops and slopes written out."""
        return written_out(program, MOST_WRITTEN)


@functools.lru_cache(maxsize=256)
def known_slopes(primitive: Primitive, count: int) -> SlopesAtOnce:
    """The operation, the same one for the same primitive and number of operands: equal slopes are one in a program."""
    return SlopesAtOnce(primitive, count)


def slopes_at_once(primitive: Any, operands: tuple[Any, ...]) -> SlopesAtOnce | None:
    """The operation for the slopes of a node, None where the rule is as good.

    With ties, it matters which operands vary, and whether one stands in several places: then the rule is asked.
    """
    if len(operands) < FEWEST_OPERANDS or primitive.kernel is None or not primitive.kernel.has_slopes:
        return None
    if primitive.beside_constant is not None and (
        not all([varies(operand) for operand in operands]) or len({id(one) for one in operands}) < len(operands)
    ):
        return None
    return known_slopes(primitive, len(operands))
