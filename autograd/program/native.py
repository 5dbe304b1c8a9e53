"""Machine code for programs, through llvmlite: the extra `jit`."""

from __future__ import annotations

import functools
from typing import Any

from autograd.locks import no_forks
from autograd.primitive import find_primitive
from autograd.program import llvm_math
from autograd.program.llvm_program import WIDTH, Scratch, module_of_row, module_of_rows
from autograd.program.machine import BLOCK, address_of_value
from autograd.program.plan import Plan

__all__ = ["NativeCode", "is_available"]


def is_available() -> bool:
    """Whether llvmlite is installed."""
    with no_forks:
        try:
            import llvmlite  # noqa: F401
        except ImportError:
            return False
        return True


@functools.cache
def host() -> tuple[Any, Any]:
    """LLVM's binding and the target of this processor; the functions that machine code calls are made known."""
    try:
        import llvmlite.binding as llvm
    except ImportError as error:
        raise ImportError("machine code needs llvmlite: pip install 'scalar-autograd[jit]'") from error
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    for name in llvm_math.externals(llvm_math.NAMES):
        llvm.add_symbol(llvm_math.symbol(name), address_of_value(find_primitive(name)))
    return llvm, llvm.Target.from_default_triple()


class NativeCode:
    """The machine code of some steps of a plan.

    `address` is that of `run(registers, cells, sums, failed, count, scratch)`, which needs `scratch` numbers of room
    for itself.
    """

    def __init__(self, plan: Plan, steps: Any, rows: bool) -> None:
        text = module_of_rows(plan, steps, BLOCK) if rows else module_of_row(plan, steps)
        self.scratch = Scratch(plan, steps).size * (WIDTH if rows else 1)
        # LLVM has locks of its own.
        with no_forks:
            self.compile(text, rows)

    def compile(self, text: str, rows: bool) -> None:
        """Make machine code of LLVM's language."""
        llvm, target = host()
        # LLVM misjudges some processors by name alone, hence the list of features. A row alone runs as fast without
        # optimisation, which takes most of the time to compile.
        machine = target.create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=1 if rows else 0
        )
        module = llvm.parse_assembly(text)
        module.triple = target.triple
        self.engine = llvm.create_mcjit_compiler(module, machine)
        self.engine.finalize_object()
        self.address = int(self.engine.get_function_address("run"))
