"""`gradcheck`: derivatives from the graph against differences of values, with the kinks in view.

The tolerance is the error bound of the differences, with that of rounding in the graph's derivative. At a
kink, a derivative is right if it lies between the slopes on both sides. A mismatch is traced to the operation whose
local gradient is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.graph.node import value_of
from autograd.testing.check import Check, Finding, Options, different_values
from autograd.testing.checked_function import CheckedFunction, Recorded, rounding_of
from autograd.testing.comparison import Tolerance
from autograd.testing.costs import is_long, refuse_long, time_of
from autograd.testing.differences import SAFETY
from autograd.testing.faulty_operations import fault_of
from autograd.testing.hidden_dependencies import kept_node
from autograd.testing.kinks import kinks_near, margins_of
from autograd.testing.report import Report, failure, hidden_by_pytest

__all__ = ["assert_gradients", "check_gradients", "check_grads", "gradcheck"]

__tracebackhide__ = hidden_by_pytest


def gradcheck(
    fun: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float = 0.0,
    rtol: float = 1e-7,
    order: int = 1,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_forward_ad: bool = True,
    check_backward_ad: bool = True,
    fast_mode: bool | None = None,
) -> bool:
    """True if the derivatives of `fun` at `inputs` agree with differences of its values.

    `inputs` is the sequence of arguments: numbers, Variables, arrays, and nested lists, tuples and dicts of
    them; `fun` gets new Variables in the same structure, an object array for an array. It returns a node, a
    number (which depends on nothing), or a structure of them. No `grad` is read or written.

    At a kink, a derivative is right if it is a subgradient: not outside the slopes from the left and from the
    right. `check_gradients` says where that was so. At a jump there is none that would be right.

    eps: the largest step of the differences, in place of those chosen by the scale of each input.
    atol, rtol: a derivative may be off by `atol + rtol * |derivative|` beyond the error bound of the differences.
    order: up to which order derivatives are checked; those of order n against differences of those of order n - 1.
    raise_exception: whether to raise GradcheckError, which names the worst mismatch and the operation that is to
        blame, or to return False. The error has the `report`.
    nondet_tol: by how much two runs at the same point may differ.
    check_forward_ad, check_backward_ad: whether to check forward mode (`jvp`) and reverse mode.
    fast_mode: whether to check one direction through all inputs in place of each input. None: each input, and an
        ArgumentError before it begins if that takes longer than about half a minute.

    >>> from autograd import exp
    >>> gradcheck(lambda x, y: x * exp(y), [2.0, 0.5], order=2)
    True
    """
    options = Options(Tolerance(atol, rtol, eps), order, nondet_tol, check_forward_ad, check_backward_ad, fast_mode)
    report = report_on(fun, inputs, options)
    if raise_exception and not report:
        raise failure(report)
    return bool(report)


def check_gradients(
    fun: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float = 0.0,
    rtol: float = 1e-7,
    order: int = 1,
    nondet_tol: float = 0.0,
    check_forward_ad: bool = True,
    check_backward_ad: bool = True,
    fast_mode: bool | None = None,
) -> Report:
    """The report that a `gradcheck` with these arguments decides by, kinks included.

    >>> report = check_gradients(abs, [0.0])
    >>> bool(report), report.kinks[0].operation, report.kinks[0].margin
    (True, 'abs', 0.0)
    >>> print(report.at_kinks[0])  # doctest: +ELLIPSIS
    the derivative of the output in input[0] = 0.0 is 0.0 ... a subgradient: the slope is -1 from the left and 1 ...
    """
    options = Options(Tolerance(atol, rtol, eps), order, nondet_tol, check_forward_ad, check_backward_ad, fast_mode)
    return report_on(fun, inputs, options)


def assert_gradients(fun: Callable[..., Any], *args: Any, **options: Any) -> None:
    """Raise GradcheckError unless the derivatives of `fun` at these arguments are right; options as of `gradcheck`.

    >>> assert_gradients(lambda x, y: x * y, 2.0, 3.0, order=2)
    """
    gradcheck(fun, args, **options)


def check_grads(
    f: Callable[..., Any],
    args: Any,
    order: int,
    modes: Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
) -> None:
    """`gradcheck` under the name and with the arguments of JAX's `check_grads`.

    >>> check_grads(lambda x: x ** 3, [2.0], order=2, modes=["rev"])
    """
    unknown = set([modes] if isinstance(modes, str) else modes) - {"fwd", "rev"}
    if unknown:
        raise ValueError(f"modes are 'fwd' and 'rev', got {sorted(unknown)}")
    tolerance = Tolerance(0.0 if atol is None else atol, 1e-7 if rtol is None else rtol, eps)
    options = Options(tolerance, order, check_forward_ad="fwd" in modes, check_backward_ad="rev" in modes)
    report = report_on(f, args, options)
    if not report:
        raise failure(report)


def report_on(fun: Callable[..., Any], inputs: Any, options: Options) -> Report:
    """The report on one function, up to the first order at which derivatives are wrong."""
    options.validate()
    function = CheckedFunction(fun, inputs)
    report = Report()
    recorded = function.recorded(function.point)
    at_kink = any([margin == 0.0 for margin in margins_of(recorded.nodes)[1]])
    if at_kink or kinks_near(recorded.nodes, {}):
        recorded = function.recorded(function.point, places=True)
        report.kinks = kinks_near(recorded.nodes, recorded.places)
    again = function.recorded(function.point, traced=False)
    report.complaint = changed_value(function, recorded, again, options.nondet_tol)
    if report.complaint:
        return report
    report.fault = kept_node(recorded, again)
    if report.fault is not None:
        report.complaint = f"gradcheck needs a function that starts anew at each call: {report.fault.reason}"
        return report
    count, outputs, operations = len(function.point), len(recorded.outputs), len(recorded.nodes)
    seconds = time_of(count, outputs, operations, options.order)
    if options.fast_mode is None:
        what = f"{count:,} input{'s' * (count != 1)} and {outputs:,} output{'s' * (outputs != 1)}"
        refuse_long("gradcheck", seconds, what, "a weighted sum of the outputs, " if outputs > 1 else "")
    # Without inputs there is nothing to differentiate, to whatever order.
    for below in range(options.order if count else 1):
        check = Check(function, options, below, at_kink, is_long(seconds))
        report.complaint = check.complaint()
        if report.complaint:
            break
        report.findings += check.findings()
        wrong = report.mismatches
        if wrong:
            report.fault = fault_of(check, wrong[0])
            if report.fault is not None or not is_unresolved(function, wrong):
                break
            report.findings = [finding if finding.agrees else finding.by_operations() for finding in report.findings]
    report.runs = function.runs
    report.decisions_seen = function.is_traceable
    return report


def changed_value(function: CheckedFunction, first: Recorded, second: Recorded, nondet_tol: float) -> str:
    """The complaint if two runs at the same point give different values, empty if they don't.

    The first run may have been inside a trace, where functions that are compiled run as plain Python.
    """
    for output, (one, other) in enumerate(zip(first.outputs, second.outputs, strict=False)):
        known, found = value_of(one), value_of(other)
        # Compiled functions may differ from Python in the last digits, of which cancellation may leave nothing else.
        rounding = rounding_of(one, first.variables)[0] + rounding_of(other, second.variables)[0]
        allowed = nondet_tol + 1e-9 * max(abs(known), abs(found)) + SAFETY * rounding
        if math.isfinite(known) and math.isfinite(found) and abs(known - found) > allowed:
            return different_values(known, found, function.describe(output, len(first.outputs), 0))
    return ""


def is_unresolved(function: CheckedFunction, wrong: list[Finding]) -> bool:
    """Whether kinks lie so near that differences can't tell, while each operation alone was found to be right.

    Nothing may be in the function that could hide from the graph.
    """
    return function.is_traceable and not [item for item in wrong if item.comparison.kind != "unresolved"]
