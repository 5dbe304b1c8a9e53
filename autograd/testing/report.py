"""The report of a check of derivatives, as an object and as text."""

from __future__ import annotations

from typing import Any, NamedTuple

from autograd.errors import GradcheckError
from autograd.testing.check import Finding
from autograd.testing.kinks import Kink

__all__ = ["Fault", "Report", "failure", "hidden_by_pytest"]


def hidden_by_pytest(caught: Any) -> bool:
    """Whether pytest leaves the lines of a checker out of a traceback: a finding is about the lines of the user.

    It is the `__tracebackhide__` of the checkers' modules, and is given pytest's `ExceptionInfo`.
    """
    return isinstance(caught.value, GradcheckError)


class Fault(NamedTuple):
    """The place in a function at which a derivative goes wrong, and the likely mistake.

    operation: the name of the primitive; empty if no operation is to blame.
    place: file and line of the code that called for it, if that is known.
    operands, expected, got: of the operation alone, the local gradients by differences and by its rule.
    reason: the fault as a sentence.
    example: the shortest program that shows it, if there is one.
    node: the node, for pictures.
    """

    operation: str
    place: str
    reason: str
    operands: tuple[float, ...] = ()
    expected: tuple[float, ...] = ()
    got: tuple[float, ...] = ()
    example: str = ""
    node: Any = None

    def __str__(self) -> str:
        return self.reason + (f"\n  alone: {self.example}" if self.example else "")


class Report:
    """The findings of `check_gradients`. A report is true if all derivatives are right.

    compared: the number of derivatives that were compared with differences.
    mismatches: those that are wrong, the worst first.
    kinks: the operations at or near a kink.
    at_kinks: the derivatives that were compared with an interval, from the slope on the left to that on the right.
    complaint: the reason why derivatives could not be compared, empty if there is none.
    fault: the place of the fault, None if there is none or it can't be told.
    runs: the number of runs of the function.
    decisions_seen: whether Python's `if` could be watched; a function that takes plain values out of nodes hides it.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.kinks: list[Kink] = []
        self.complaint = ""
        self.fault: Fault | None = None
        self.runs = 0
        self.decisions_seen = True

    @property
    def compared(self) -> int:
        return len(self.findings)

    @property
    def mismatches(self) -> list[Finding]:
        wrong = [finding for finding in self.findings if not finding.agrees]
        return sorted(wrong, key=lambda finding: -finding.comparison.severity)

    @property
    def at_kinks(self) -> list[Finding]:
        return [
            finding
            for finding in self.findings
            if finding.comparison.kind in ("kink", "near", "edge", "jump", "operations")
        ]

    def __bool__(self) -> bool:
        return not self.complaint and all([finding.agrees for finding in self.findings])

    def __repr__(self) -> str:
        return f"<report: {str(self).splitlines()[0]}>"

    def __str__(self) -> str:
        if self.complaint:
            return self.complaint
        wrong = self.mismatches
        lines = []
        if wrong:
            lines.append(f"gradcheck: {wrong[0]}")
            if len(wrong) > 1:
                lines[0] += f". {len(wrong)} derivatives disagree; this is the worst"
            if self.fault is not None:
                lines.append(str(self.fault))
        else:
            lines.append(f"{self.compared} derivatives agree with differences ({self.runs} runs of the function)")
            lines += [f"{finding.where}: {finding}" for finding in self.at_kinks if finding.comparison.kind == "kink"]
        lines += [str(kink) for kink in self.kinks[:8]]
        if len(self.kinks) > 8:
            lines.append(f"... and {len(self.kinks) - 8} more kinks")
        return "\n".join(lines)


def failure(report: Report) -> GradcheckError:
    """The error that a report is raised with."""
    error = GradcheckError(str(report))
    error.report = report
    return error
