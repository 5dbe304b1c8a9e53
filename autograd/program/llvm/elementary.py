"""The elementary functions as LLVM IR, for programs that run on blocks of rows in vector registers.

`definitions` gives the text of a module part with one function for each name asked for, `@ag_<name>`: it takes
and returns `width` doubles, <width x double>, or plain doubles for width 1. Names are those of the primitives.

* Values lie within 2 units in the last place: in 2 to 12 million samples of each against 64 bits or more, the
  worst were sigmoid_difference 1.8, tanh, softplus and erfc 1.7, logaddexp 1.6, sech_squared and sigmoid 1.5, atan2,
  expm1, exp_difference and erf 1.4, power 1.2, gaussian, asinh, power_below and log2 1.1; all others are within 1.01.
* Special values are those of the eager functions, with the sign of zero.
* The same argument gives the same bits at every width, with and without AVX and fused multiply-add, but for the sign
  and payload of a nan, and for functions that are called row by row.
* Nothing branches, except to the C functions of primitives that are called row by row, `@ag_scalar_<name>`, whose
  addresses LLVM is told: sin, cos and tan (for angles beyond 2**30) and fmod (for quotients from 2**53 on), lgamma,
  digamma and polygamma, and any that has no line in the table of `lowering`.
* Nanoseconds per row at width 8 with AVX-512 on a Zen 5: exp 0.7, log 1.2, sin 1.2, tanh 1.1 and with its slope 1.4,
  erf 1.3, power 3.6; there with AVX2 only: 1.1, 1.8, 2.1, 1.6 and 2.1, 2.1, 5.5. Without fused multiply-add LLVM calls
  libm's `fma` for each row: 16, 11, 21, 18 and 25, 41, 42. Most are 400 to 1,700 bytes of code and constants.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autograd.program.llvm.expressions import CONDITION, REAL, Function, Value, scalar_where
from autograd.program.llvm.lowering import arity_of, family_of, lowered, members_of

__all__ = ["AND", "definitions", "name_of_several", "symbol"]

AND = "_and_"


def name_of_several(names: Iterable[str]) -> str:
    """The name of the function that gives the values of some members of a family, in the family's order."""
    wanted = set(names)
    return AND.join([name for name in members_of(family_of(next(iter(wanted)))) if name in wanted])


def symbol(name: str) -> str:
    """The name in LLVM of the C function that gives the value of this primitive."""
    return f"ag_scalar_{name}"


def definitions(names: Iterable[str], width: int, suffix: str = "") -> str:
    """The text of the functions `@ag_<name><suffix>` and of all that they need, each once.

    A name that `name_of_several` gives is that of a function with several results. Raises ValueError if there is no
    such function or width.
    """
    wanted = sorted(set(names))
    if width < 1:
        raise ValueError(f"a width is the number of rows in a register, 1 or more, not {width}")
    functions = [_written(name.split(AND), width, suffix) for name in wanted]
    scalars = sorted({scalar for function in functions for scalar in function.scalars})
    return "\n".join([
        *sorted({declaration for function in functions for declaration in function.intrinsics}),
        *[f"declare double @{symbol(name)}({', '.join(['double'] * arity)})" for name, arity in scalars],
        *[_row_by_row(name, arity, width, suffix) for name, arity in scalars],
        *[line for function in functions for line in function.lines],
    ]) + "\n"  # fmt: skip


def _written(names: Sequence[str], width: int, suffix: str = "") -> Function:
    """The function with all its lines; one of several names returns a structure of their values."""
    function = Function(width, suffix)
    real_type = function.type_of(REAL)
    arguments = [Value(function, REAL, f"%x{index}") for index in range(arity_of(names[0]))]
    results = [_result(function, name, arguments) for name in names]
    result_type, result = real_type, results[0].text
    if len(names) > 1:
        result_type, result = f"{{ {', '.join([real_type] * len(names))} }}", "poison"
        for place, member in enumerate(results):
            operands = f"{result_type} {result}, {real_type} {member.text}, {place}"
            result = function.emit(REAL, f"insertvalue {operands}").text
    parameters = ", ".join([f"{real_type} {argument.text}" for argument in arguments])
    head = f"define internal {result_type} @ag_{AND.join(names)}{suffix}({parameters}) noinline nounwind {{"
    function.lines = [head, "entry:", *function.lines, f"  ret {result_type} {result}", "}"]
    return function


def _result(function: Function, name: str, arguments: Sequence[Value]) -> Value:
    """The value of one function, its lines added to those before."""
    write = lowered(name).write
    if write is not None:
        return arguments[0].like(write(*arguments))
    everywhere = Value(function, CONDITION, function.constant(CONDITION, True))
    return scalar_where(everywhere, arguments[0], name, *arguments)


def _row_by_row(name: str, arity: int, width: int, suffix: str) -> str:
    """The text of `@ag_rows_<name><suffix>`, which replaces the flagged rows of a result by the scalar function's."""
    function = Function(width)
    real_type, flag_type = function.type_of(REAL), function.type_of(CONDITION)
    byte_type = flag_type.replace("i1", "i8")
    indices = range(arity)
    parameters = [f"{real_type} %x{k}" for k in indices] + [f"{real_type} %result", f"{flag_type} %flags"]
    return "\n".join([
        f"define internal {real_type} @ag_rows_{name}{suffix}({', '.join(parameters)}) noinline nounwind cold {{",
        "entry:",
        *[f"  %at{k} = alloca {real_type}" for k in indices],
        f"  %results = alloca {real_type}",
        f"  %bytes = alloca {byte_type}",
        *[f"  store {real_type} %x{k}, ptr %at{k}" for k in indices],
        f"  store {real_type} %result, ptr %results",
        f"  %flags_as_bytes = zext {flag_type} %flags to {byte_type}",
        f"  store {byte_type} %flags_as_bytes, ptr %bytes",
        "  br label %row",
        "row:",
        "  %index = phi i64 [ 0, %entry ], [ %next, %step ]",
        "  %byte_at = getelementptr i8, ptr %bytes, i64 %index",
        "  %byte = load i8, ptr %byte_at",
        "  %flag = icmp ne i8 %byte, 0",
        "  br i1 %flag, label %replace, label %step",
        "replace:",
        *[f"  %row_at{k} = getelementptr double, ptr %at{k}, i64 %index" for k in indices],
        *[f"  %row{k} = load double, ptr %row_at{k}" for k in indices],
        f"  %value = call double @{symbol(name)}({', '.join([f'double %row{k}' for k in indices])})",
        "  %result_at = getelementptr double, ptr %results, i64 %index",
        "  store double %value, ptr %result_at",
        "  br label %step",
        "step:",
        "  %next = add i64 %index, 1",
        f"  %more = icmp ult i64 %next, {width}",
        "  br i1 %more, label %row, label %end",
        "end:",
        f"  %replaced = load {real_type}, ptr %results",
        f"  ret {real_type} %replaced",
        "}",
    ])  # fmt: skip
