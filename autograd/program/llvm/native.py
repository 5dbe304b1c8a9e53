"""Machine code for programs, through llvmlite: the extra `jit`."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import mmap
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

from autograd.graph.locks import no_forks
from autograd.operations.primitive import all_primitives
from autograd.program.llvm.code_cache import current_cache
from autograd.program.llvm.companions import brought_together, earliest_times
from autograd.program.llvm.elementary import symbol
from autograd.program.llvm.module import CALL_BACK, WIDTH, Module
from autograd.program.llvm.row import module_of_row
from autograd.program.llvm.tiles import module_of_rows_in_tiles
from autograd.program.machine.machine import BLOCK, address_of_call, address_of_value
from autograd.program.machine.plan import Plan
from autograd.program.workers import compiler, is_over

__all__ = ["NativeCode", "is_available", "is_full"]

# The most operations for one row that are optimised in the body of a loop of so many turns at least. A chain of single
# ones is then 1.4 times as fast and takes 1.5 times as long to compile, one of 2,000 operations 1.1 and 4 times; 5,000
# take half a second, in which no process can be forked off.
MOST_OPTIMISED = ((10_000, 5_000), (100, 1_500))
# The same of those with operations that are loops themselves: else what these carry goes through memory.
MOST_WITH_LOOPS = 300
# The most pieces of machine code in use at a time, each of some 0.8 MB: beyond it the interpreter runs functions.
MOST_KEPT = 1_000
# Bytes that LLVM may need: it took up to 9 MB for short texts, and up to 5 bytes a character of long ones.
LEAST_ROOM = 32 << 20
ROOM_OF_CHARACTER = 40


def is_full() -> bool:
    """Whether so much machine code is in use that no more is made."""
    return len(engines) - len(unused) >= MOST_KEPT


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
    """LLVM's binding and the target of this processor, once LLVM knows the C functions that machine code may call."""
    with no_forks:
        check_not_over()
        try:
            import llvmlite.binding as llvm
        except ImportError as error:
            raise ImportError("machine code needs llvmlite: pip install 'scalar-autograd[jit]'") from error
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        for primitive in all_primitives(auxiliary=True):
            if primitive.kernel is not None:
                llvm.add_symbol(symbol(primitive.name), address_of_value(primitive))
        llvm.add_symbol(CALL_BACK, address_of_call())
        return llvm, llvm.Target.from_default_triple()


class NativeCode:
    """The machine code for the steps that a plan does once, or with `rows` for those of each block of rows.

    `address` is that of `run(registers, cells, sums, failed, count, scratch)`, which needs `scratch` numbers of room
    for itself; if it calls functions back, the address of the machine's steps stands in it at `steps_at`. Code for
    blocks of rows is optimised. Optimisation makes code for one row 1.1 times as fast, and up to 1.9 times where it
    can't use the vector unit, but it takes 5 to 9 times as long to compile: it is done if it runs so many `turns` at a
    time that this pays, or nobody waits, which is without end.
    """

    engine: Any = None

    def __init__(self, plan: Plan, rows: bool, turns: float = 1) -> None:
        module = module_of_rows(plan) if rows else module_of_row(plan)
        text = module.text()
        self.scratch = module.scratch_size
        self.steps_at = module.steps_at
        # LLVM has locks of its own.
        with no_forks:
            self.compile(text, 1 if rows or len(plan.before) <= most_optimised(module, turns) else 0)
            free_unused()

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        # Called at any moment, even in a thread that holds other locks: it must not wait, nor start a thread.
        if self.engine is not None and not is_finalizing():
            unused.append(self.engine)
            if compiler().are_there():
                with contextlib.suppress(RuntimeError):
                    compiler().submit(free_unused)

    def compile(self, text: str, level: int) -> None:
        """Make machine code of a module's text, at this level of optimisation."""
        check_not_over()
        llvm, target = host()
        check_room(len(text))
        # LLVM misjudges some processors by name alone, hence the list of features.
        processor = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
        machine = target.create_target_machine(cpu=processor[0], features=processor[1], opt=level)
        code = kept_or_made(text, (target.triple, *processor, str(level)), lambda: compiled(text, machine))
        self.engine = llvm.create_mcjit_compiler(llvm.parse_assembly(f'target triple = "{target.triple}"'), machine)
        engines.add(self.engine)
        self.engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self.engine.finalize_object()
        self.address = int(self.engine.get_function_address("run"))


def most_optimised(module: Module, turns: float) -> int:
    """The most operations that are optimised in a module for one row that runs so many turns at a time."""
    without = MOST_WITH_LOOPS if module.loops else 0
    return next((most for least, most in MOST_OPTIMISED if turns >= least), without)


def module_of_rows(plan: Plan) -> Module:
    """The module of the steps that are done for each block of rows."""
    tiles = module_of_rows_in_tiles(plan)
    return tiles or Module(plan, brought_together(plan.rest, earliest_times(plan.rest, plan)), WIDTH, BLOCK)


# The engines that are not freed yet, and those among them whose code nobody uses any more. Being here, no engine is
# ever garbage: the garbage collector would free it at once, whoever forks just then.
engines: set[Any] = set()
unused: deque[Any] = deque()


def free_unused() -> None:
    """Free the machine code that nobody uses."""
    with no_forks:
        while unused and not is_over():
            engine = unused.popleft()
            engines.discard(engine)
            engine.close()


def check_not_over() -> None:
    """Raise RuntimeError where LLVM may do no more."""
    if is_over():
        raise RuntimeError("Python shuts down: no machine code is made any more")


def check_room(characters: int) -> None:
    """Raise MemoryError if there is no room for LLVM to work in on so long a text: it would end the process."""
    try:
        # Addresses alone, no memory.
        mmap.mmap(-1, LEAST_ROOM + ROOM_OF_CHARACTER * characters).close()
    except OSError as error:
        raise MemoryError(f"no memory to make machine code in: {error}") from None


def compiled(text: str, machine: Any) -> bytes:
    """The object file of a module."""
    llvm, target = host()
    module = llvm.parse_assembly(text)
    module.triple = target.triple
    code: bytes = machine.emit_object(module)
    return code


def kept_or_made(text: str, options: tuple[str, ...], make: Callable[[], bytes]) -> bytes:
    """The object file of a module: the one that an earlier process kept for the same text and options, or a new one.

    The text is made in any case, an eighth of the work: so a file can't be taken for that of another program, or of
    another version of what writes the text.
    """
    cache = current_cache()
    if cache is None:
        return make()
    import llvmlite

    llvm, _ = host()
    versions = llvmlite.__version__, ".".join(map(str, llvm.llvm_version_info))
    key = hashlib.sha256("\0".join([*versions, *options, text]).encode()).hexdigest()
    code = cache.read(key)
    if code is None:
        code = make()
        cache.write(key, code)
    return code
