"""The tiers that run a program: the interpreter at once, machine code when it pays.

Machine code takes about 100 µs an operation to make, and saves a few nanoseconds each time that it is done. With
`tier="auto"` the interpreter runs until it has taken about as long as the compiler would, which is then started beside
it: so a program never takes more than twice the time of the better choice. The work is counted, not timed (see
`machine.work`): calls, rows, turns of loops and operands of operations on many come to the same, and the choice falls
the same way each time.
"""

from __future__ import annotations

import contextlib
import functools
import math
import warnings
from importlib import import_module
from typing import Any

from autograd.graph.locks import no_forks
from autograd.operations.kernel import COMPILED
from autograd.program.machine.machine import Machine
from autograd.program.workers import compiler, is_over

__all__ = ["TIERS", "check_tier", "count_work", "prepared", "settled"]

TIERS = ("auto", "vm", "llvm")
# The interpreter takes about 3 ns an operation: machine code is made when each was done so often, on average.
TIMES_THAT_PAY = 30_000


def check_tier(tier: str) -> str:
    """The tier of this name; an error if there is none, or it can't be used here."""
    if tier not in TIERS:
        raise ValueError(f"tier is one of {', '.join(map(repr, TIERS))}, got {tier!r}")
    if tier == "llvm":
        if not COMPILED:
            raise RuntimeError("tier='llvm' needs the compiled engine, for its code calls the engine's C functions")
        check_llvm()
    return tier


def settled(tier: str) -> str:
    """The tier, but instead of `auto` machine code where it can be made, else the interpreter."""
    if tier != "auto":
        return tier
    try:
        return check_tier("llvm")
    except (ImportError, RuntimeError):
        return "vm"


def prepared(machine: Machine, tier: str) -> Machine:
    """The machine, with machine code if the tier says so: then it is best made with its plan kept."""
    if tier == "llvm":
        compile_now(machine)
        machine.forget_plan()
    return machine


def count_work(machine: Machine, tier: str, runs: int, rows: int = 0) -> None:
    """Note that a machine did so many more runs, of so many rows in all; start the compiler if it pays."""
    if tier != "auto" or machine.code is not None or not COMPILED:
        return
    if machine.has_done(runs, rows) < TIMES_THAT_PAY:
        return
    machine.use(None, None)
    # If no thread can be had, for the system has no more or Python is shutting down, the interpreter goes on.
    with contextlib.suppress(RuntimeError):
        compiler().submit(functools.partial(compile_beside, machine))


@functools.cache
def check_llvm() -> None:
    """Raise ImportError if there is no llvmlite."""
    compiler().do(lambda: native().host())


def native() -> Any:
    """The module that makes machine code, loaded when it is asked for: most programs can do without."""
    with no_forks:
        return import_module("autograd.program.llvm.native")


def compile_beside(machine: Machine) -> None:
    """Make machine code for a machine while the interpreter runs it, which goes on with a warning if that fails."""
    try:
        if native().is_available():
            make_code(machine, turns=math.inf)
    except Exception as error:
        if is_over():
            return
        warnings.warn(
            f"the interpreter goes on running a function of which no machine code could be made: "
            f"{type(error).__name__}: {error}",
            RuntimeWarning,
            stacklevel=1,
        )


def compile_now(machine: Machine) -> None:
    """Make machine code for a machine, and have it used."""
    compiler().do(functools.partial(make_code, machine))


def make_code(machine: Machine, turns: float = 1) -> None:
    """Make machine code for a machine, in the thread that does so; for what runs many turns at a time, take time."""
    if native().is_full():
        warnings.warn(
            f"the interpreter runs a function of which no machine code is made, for {native().MOST_KEPT} pieces of it "
            "are in use; they are freed with the functions that they are of",
            RuntimeWarning,
            stacklevel=1,
        )
        return
    plan = machine.plan
    before = native().NativeCode(plan, rows=False, turns=turns) if plan.before else None
    rest = native().NativeCode(plan, rows=True) if plan.rest else None
    for operation in plan.joint_operations:
        operation.prepare_code(functools.partial(make_code, turns=max(turns, operation.turns())))
    machine.use(before, rest)
