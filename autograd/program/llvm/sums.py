"""Sums and inner products of many numbers in memory as LLVM IR: loops, and to the bit what is written out for a few.

Written out, a thousand terms are several thousand instructions, which takes long to compile, and longer to fetch than
to execute.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from autograd.program.llvm.expressions import REAL, Function, Pair, Value, select, two_product, two_sum

__all__ = ["LOOPS", "Loop"]

# Terms in one turn of the loop: what is carried from turn to turn goes through memory.
TERMS = 16


class Loop(NamedTuple):
    """A sum as a loop: of how many terms in each place of memory one summand is made, and how."""

    operands: int
    summand: Callable[..., Pair]

    def definition(self, name: str) -> tuple[str, set[str]]:
        """The text of `double @<name>(ptr, ..., i64 count)`, and the declarations that it needs."""
        function = Function(1)
        addresses = [f"%terms{place}" for place in range(self.operands)]
        function.lines = [
            f"define internal double @{name}({', '.join([f'ptr {address}' for address in addresses])}, i64 %count)"
            " noinline nounwind {",
            "entry:",
        ]
        start = self.summand_at(function, addresses, "0")
        carried = "entry", "1", start
        for label, terms in (("many", TERMS), ("one", 1)):
            carried = self.turns(function, addresses, label, terms, carried)
        total = carried[2]
        corrected = total.high + total.low
        result = select(corrected == corrected, corrected, total.high)
        function.lines += [f"  ret double {result.text}", "}"]
        return "\n".join(function.lines), function.intrinsics

    def turns(
        self, function: Function, addresses: list[str], label: str, terms: int, carried: tuple[str, str, Pair]
    ) -> tuple[str, str, Pair]:
        """Emit a loop that adds so many terms in a turn while there are as many; the block after it, and what it has.

        What is carried is the block that comes before, the number of the next term, and the sum so far.
        """
        before, first, start = carried
        place, after = f"%{label}_place", f"%{label}_after"
        sums = Pair(Value(function, REAL, f"%{label}_high"), Value(function, REAL, f"%{label}_low"))
        at = len(function.lines)
        function.lines.append(f"{label}_turn:")
        total = sums
        for term in range(terms):
            index = f"%{function.new_name()}"
            function.lines.append(f"  {index} = add i64 {place}, {term}")
            summand = self.summand_at(function, addresses, index)
            high, error = two_sum(total.high, summand.high)
            total = Pair(high, total.low + self.lost(error, summand))
        function.lines += [f"  br label %{label}", f"{label}_end:"]
        function.lines[at:at] = [
            f"  br label %{label}",
            f"{label}:",
            f"  {place} = phi i64 [ {first}, %{before} ], [ {after}, %{label}_turn ]",
            *[
                f"  {value.text} = phi double [ {given.text}, %{before} ], [ {found.text}, %{label}_turn ]"
                for value, given, found in zip(sums, start, total, strict=True)
            ],
            f"  {after} = add i64 {place}, {terms}",
            f"  %{label}_fits = icmp sle i64 {after}, %count",
            f"  br i1 %{label}_fits, label %{label}_turn, label %{label}_end",
        ]
        return f"{label}_end", place, sums

    def summand_at(self, function: Function, addresses: list[str], index: str) -> Pair:
        """The summand of this number, with what its rounding took away."""
        terms = []
        for address in addresses:
            place = f"%{function.new_name()}"
            function.lines.append(f"  {place} = getelementptr double, ptr {address}, i64 {index}")
            terms.append(function.emit(REAL, f"load double, ptr {place}, align 8"))
        return self.summand(*terms)

    def lost(self, error: Value, summand: Pair) -> Value:
        """What the rounding of a summand and of its addition took away."""
        return error if self.operands == 1 else error + summand.low


LOOPS = {"sum": Loop(1, lambda term: Pair(term, term.like(0.0))), "dot": Loop(2, two_product)}
