"""Functions as C99: one source file and one header, which need nothing but the C library's `math.h`."""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from autograd.errors import ExportError
from autograd.exports.c_library import LIBRARY_PREFIX, library_for
from autograd.exports.c_lines import Lines, literal
from autograd.exports.c_loops import LoopLines
from autograd.exports.recorded import Piece, Recorded, RecordedPath, identifier, identifiers, recorded
from autograd.files import whole_file
from autograd.graph.joint_operations import JointOperation
from autograd.program.loops.operation import Loop
from autograd.program.program import Guard, Program

__all__ = ["CSource", "to_c"]

KINDS = ("gradient", "jacobian", "hessian")
# Words that name something else in C, in C++ or in math.h.
TAKEN = frozenset(
    {
        "abs", "acos", "acosh", "alignas", "alignof", "and", "and_eq", "asin", "asinh", "asm", "atan", "atan2", "atanh",
        "auto", "bitand", "bitor", "bool", "break", "case", "catch", "cbrt", "ceil", "char", "class", "compl", "const",
        "constexpr", "continue", "copysign", "cos", "cosh", "default", "delete", "do", "double", "drem", "else",
        "entries", "enum", "erf", "erfc", "exp", "exp10", "exp2", "explicit", "expm1", "export", "extern", "fabs",
        "false", "far", "fdim", "float", "floor", "fma", "fmax", "fmin", "fmod", "for", "fpclassify", "frexp", "friend",
        "gamma", "goto", "gradient", "hypot", "if", "ilogb", "in", "inline", "int", "isfinite", "isinf", "isnan",
        "isnormal", "j0", "j1", "jacobian", "jn", "labs", "ldexp", "lgamma", "linux", "llrint", "llround", "log",
        "log10", "log1p", "log2", "logb", "long", "lrint", "lround", "main", "modf", "mutable", "namespace", "nan",
        "near", "nearbyint", "new", "nextafter", "nexttoward", "not", "not_eq", "nullptr", "operator", "or", "or_eq",
        "out", "place", "pow", "pow10", "private", "protected", "public", "register", "remainder", "remquo", "restrict",
        "return", "rint", "round", "scalb", "scalbln", "scalbn", "short", "signbit", "signed", "signgam", "significand",
        "sin", "sinh", "sizeof", "sqrt", "static", "struct", "switch", "tan", "tanh", "template", "tgamma",
        "this", "throw", "true", "trunc", "try", "typedef", "typeid", "typename", "union", "unix", "unsigned", "using",
        "value", "values", "virtual", "void", "volatile", "while", "xor", "xor_eq", "y0", "y1", "yn",
    }
)  # fmt: skip


class CSource:
    """A function in C: the texts of its `header` and its `source`, to be written to files of its `name`."""

    def __init__(self, name: str, header: str, source: str) -> None:
        self.name = name
        self.header = header
        self.source = source

    def save(self, folder: str | os.PathLike[str]) -> tuple[str, str]:
        """Write `<name>.h` and `<name>.c` to a folder that is there; their paths."""
        paths = (os.path.join(os.fspath(folder), f"{self.name}.h"), os.path.join(os.fspath(folder), f"{self.name}.c"))
        for path, text in zip(paths, (self.header, self.source), strict=True):
            with whole_file(Path(path)) as file:
                file.write(text.encode("ascii"))
        return paths

    def __repr__(self) -> str:
        return f"<C of {self.name}: {self.source.count(chr(10))} lines>"


def to_c(
    function: Callable[..., Any],
    *args: Any,
    name: str | None = None,
    derivatives: Sequence[str] = (),
    precision: str = "double",
) -> CSource:
    """A function as C99, as it is recorded with arguments like these.

    function: what `jit` takes; of one that `jit` has compiled, all paths that were recorded so far are written.
    args: arguments by place; their numbers may be any, their shapes are those of the exported function.
    name: that of the C function, else that of `function`.
    derivatives: which C functions are written beside it: "gradient", "jacobian", and "hessian", the entries of the
        Hessian's lower triangle that may differ from 0 (which needs SciPy).
    precision: "double", or "float" for numbers and arithmetic in single precision; functions that C lacks are
        computed in double precision then, too.

    The C function takes the arguments under their names, arrays as pointers to their numbers in C order, and writes its
    results through the pointers behind them. It returns 0; or 1, and writes nothing, where a decision falls in a way
    that was not recorded. Nothing is allocated and nothing static is written: it may be called by several threads.
    Loops stay loops; what their derivatives keep of each turn lies on the stack.

    In double precision, compiled without options that change arithmetic, results are those of the tier "vm".

    Raises ExportError for what can't be written in C: functions that are called back, results whose form depends on
    the path, or derivatives that go back through a `while_loop`, for which there is no telling how much they keep.

    >>> from autograd import jit
    >>> @jit
    ... def damped(x, k):
    ...     return k * x if x > 0.0 else 0.5 * k * x
    >>> damped(1.0, 2.0), damped(-1.0, 2.0)
    (2.0, -1.0)
    >>> exported = to_c(damped, 1.0, 2.0, derivatives=["gradient"])
    >>> for line in exported.header.splitlines():
    ...     if line.startswith("int"):
    ...         print(line)
    int damped(double x, double k, double *result);
    int damped_gradient(double x, double k, double *value, double *gradient);
    """
    if precision not in ("double", "float"):
        raise ExportError(f'precision is "double" or "float", got {precision!r}')
    for kind in derivatives:
        if kind not in KINDS:
            raise ExportError(f"derivatives are {', '.join(KINDS)}, got {kind!r}")
    found = recorded(function, args)
    if name is None:
        name = identifiers([identifier(found.name)], TAKEN)[0]
    elif not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in TAKEN or name.startswith(LIBRARY_PREFIX):
        raise ExportError(f"a C function can't be called {name!r}")
    return Writer(found, name, derivatives, precision).exported()


class Writer:
    """Writes the two files of a function."""

    def __init__(self, found: Recorded, name: str, derivatives: Sequence[str], real: str) -> None:
        self.found = found
        self.name = name
        self.derivatives = derivatives
        self.real = real
        self.inputs = named_for_c(found.inputs, {name})
        self.outputs = named_for_c(found.outputs, {piece.name for piece in self.inputs} | {name})
        # Of loops, by what they are made of: the functions of turns, and the numbers that are the same in each run.
        self.names: dict[Any, str] = {}
        self.body_texts: list[str] = []

    def exported(self) -> CSource:
        """The two files."""
        count, upper = self.found.input_count, self.name.upper()
        functions = [self.function(self.name, self.found.values(), self.outputs)]
        defines = [("OK", 0), ("UNRECORDED", 1), ("INPUTS", count), ("OUTPUTS", self.found.output_count)]
        tables: list[tuple[str, list[int]]] = []
        scalar = Piece("value", "", 0, 1, None)
        if "gradient" in self.derivatives:
            programs = self.found.gradient().programs
            pieces = [scalar, Piece("gradient", "", 1, count, (count,))]
            functions.append(self.function(f"{self.name}_gradient", programs, pieces))
        if "jacobian" in self.derivatives:
            outputs = self.found.output_count
            pieces = [
                Piece("values", "", 0, outputs, (outputs,)),
                Piece("jacobian", "", outputs, outputs * count, (outputs * count,)),
            ]
            functions.append(self.function(f"{self.name}_jacobian", self.found.jacobian().programs, pieces))
        if "hessian" in self.derivatives:
            hessian = self.found.hessian()
            entries = len(hessian.rows)
            defines.append(("HESSIAN_ENTRIES", entries))
            tables = [(f"{self.name}_hessian_rows", hessian.rows), (f"{self.name}_hessian_columns", hessian.columns)]
            pieces = [scalar, Piece("entries", "", 1, entries, (entries,))]
            functions.append(self.function(f"{self.name}_hessian", hessian.programs, pieces))
        signatures = [text.split(" {", 1)[0] for text, _ in functions]
        header = [
            self.described(),
            f"#ifndef {upper}_H\n#define {upper}_H\n",
            "\n".join([f"#define {upper}_{what} {number}" for what, number in defines]) + "\n",
            '#ifdef __cplusplus\nextern "C" {\n#endif\n',
            *[f"{signature};\n" for signature in signatures],
            *[f"extern const int {table}[{max(len(numbers), 1)}];\n" for table, numbers in tables],
            "#ifdef __cplusplus\n}\n#endif\n\n#endif\n",
        ]
        body = "\n".join([*self.body_texts, *[part for text, inner in functions for part in (*inner, text)]])
        source = [
            f"/* {self.name}: generated by scalar-autograd. Of the C library it needs math.h alone. */\n",
            f'#include "{self.name}.h"\n#include <math.h>\n',
            "#ifdef __FAST_MATH__\n#error Compile this without options such as -ffast-math: nan and rounding matter.\n"
            "#endif\n",
            *[table_text(f"const int {table}", list(map(str, numbers))) for table, numbers in tables],
            *library_for(body),
            body,
        ]
        return CSource(self.name, "\n".join(header), "\n".join(source))

    def described(self) -> str:
        """The comment at the head of the header: which number is which."""
        lines = [f"/* {self.name}: generated by scalar-autograd.", ""]
        for what, pieces in (("Inputs", self.inputs), ("Results", self.outputs)):
            lines.append(f"   {what}, with the places of their numbers:")
            for piece in pieces:
                end = "" if piece.size == 1 else f" to {piece.start + piece.size - 1}"
                lines.append(f"     {piece.name}: {in_comment(piece.path)}, {piece.start}{end}")
        lines += [
            "", "   Each function returns 0, or 1 where a decision falls in a way that was not recorded: then it has",
            "   written nothing. Derivatives have inputs and results in the order of these places, Jacobians by rows.",
            "*/",
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    def function(self, name: str, programs: Sequence[Program], pieces: Sequence[Piece]) -> tuple[str, list[str]]:
        """A public function, and the functions of the paths that it calls."""
        inner = [self.path(f"{name}_path{number}", program) for number, program in enumerate(programs)]
        called = [f"{name}_path{number}" for number in range(len(programs))]
        inner.append(self.choice(f"{name}_run", self.found.paths, called))
        real = self.real
        parameters = [f"{real} {piece.name}" if piece.shape is None else f"const {real} *{piece.name}"
                      for piece in self.inputs]  # fmt: skip
        parameters += [f"{real} *{piece.name}" for piece in pieces]
        lines = [f"int {name}({', '.join(parameters) or 'void'}) {{"]
        count, outputs = self.found.input_count, len(programs[0].outputs)
        lines += [f"    {real} in[{max(count, 1)}], out[{max(outputs, 1)}];"]
        if any([piece.shape is not None for piece in (*self.inputs, *pieces)]):
            lines.append("    int place;")
        if not count:
            lines.append("    in[0] = 0;")
        for piece in self.inputs:
            lines += copied(piece, f"in[{piece.start}]", piece.name, into=False)
        lines += [f"    if ({name}_run(in, out) < 0) {{", "        return 1;", "    }"]
        for piece in pieces:
            lines += copied(piece, f"out[{piece.start}]", piece.name, into=True)
        if not outputs:
            lines.append("    (void)out;")
        return "\n".join([*lines, "    return 0;", "}"]) + "\n", inner

    def choice(self, name: str, paths: Sequence[RecordedPath], called: Sequence[str]) -> str:
        """A function that calls those of paths one after the other, until all decisions of one fall as recorded.

        It returns the number of that path, or -1 if there is none.
        """
        real = self.real
        head = f"static int {name}(const {real} *in, {real} *out) {{"
        if len(paths) == 1:
            done = f"{called[0]}(in, out) < 0 ? 0 : -1"
            return f"{head}\n    return {done};\n}}\n"
        lines = [head, "    int path = 0;", "    for (;;) {", "        switch (path) {"]
        for number, path in enumerate(paths):
            lines += [
                f"        case {number}:",
                f"            switch ({called[number]}(in, out)) {{",
                "            case -1:",
                "                return path;",
            ]
            for guard, child in path.otherwise.items():
                lines += [f"            case {guard}:", f"                path = {child};", "                break;"]
            lines += ["            default:", "                return -1;", "            }", "            break;"]
        lines += ["        default:", "            return -1;", "        }", "    }", "}"]
        return "\n".join(lines) + "\n"

    def path(self, name: str, program: Program) -> str:
        """The function of one path: -1, or the number of the first guard that fails."""
        return self.program_text(f"static int {name}", program, "    return -1;")

    def program_text(self, head: str, program: Program, end: str) -> str:
        """A function that runs a program."""
        lines = Lines(self.real, self.joint)
        values: list[Any] = [f"in[{place}]" for place in range(program.inputs)] + list(program.constants)
        waiting = list(enumerate(program.guards))
        for operation in program:
            while waiting and last_needed(program.guards[: waiting[0][0] + 1]) < operation.result:
                lines.guard(*waiting.pop(0), values)
            used = [values[operand] for operand in operation.operands]
            values.append(lines.language.apply(operation.primitive, used))
        for number, guard in waiting:
            lines.guard(number, guard, values)
        for place, output in enumerate(program.outputs):
            lines.add(f"out[{place}] = {lines.text(values[output])};")
        unused = [f"    (void){name};" for name, used in (("in", "in["), ("out", "out[")) if not lines.mention(used)]
        text = [f"{head}(const {self.real} *in, {self.real} *out) {{", *unused, *lines.lines, end, "}"]
        return "\n".join([line for line in text if line]) + "\n"

    def joint(self, lines: Lines, operation: JointOperation, operands: Sequence[Any]) -> list[str]:
        """The results of a loop: it is one in C, too."""
        if type(operation) is not Loop:
            raise ExportError(f"{operation.name} has no form in C")
        return LoopLines(self, lines, operation, operands).written()

    def body(self, program: Program) -> str:
        """The name of the function of a turn: one that returns nothing, or if the program decides, that of a path."""
        name = self.names.get(program)
        if name is None:
            name = self.names[program] = f"{self.name}_body{len(self.names)}"
            head, end = ("int", "    return -1;") if program.guards else ("void", "")
            # Behind those of the loops in it.
            self.body_texts.append(self.program_text(f"static {head} {name}", program, end))
        return name

    def deciding_body(self, ways: Sequence[RecordedPath]) -> str:
        """The name of the function of a turn that returns the number of the way it took, -1 if that is not known."""
        called = [self.body(way.program) for way in ways]
        key = tuple(called)
        name = self.names.get(key)
        if name is None:
            name = self.names[key] = f"{self.name}_turn{len(self.names)}"
            self.body_texts.append(self.choice(name, ways, called))
        return name

    def table(self, numbers: array[float]) -> str:
        """The name of a table of numbers."""
        key = numbers.tobytes()
        name = self.names.get(key)
        if name is None:
            name = self.names[key] = f"{self.name}_data{len(self.names)}"
            texts = [literal(number, self.real) for number in numbers]
            self.body_texts.append(table_text(f"static const {self.real} {name}", texts))
        return name


def last_needed(guards: Sequence[Guard]) -> int:
    """The last value that these decisions are taken on."""
    return max([guard.condition for guard in guards])


def copied(piece: Piece, inside: str, outside: str, into: bool) -> list[str]:
    """The lines that copy a parameter to the numbers of a program, or from them."""
    if piece.shape is None:
        return [f"    *{outside} = {inside};" if into else f"    {inside} = {outside};"]
    array, start = inside[:-1].split("[")
    place = f"{array}[{start} + place]" if start != "0" else f"{array}[place]"
    line = f"{outside}[place] = {place}" if into else f"{place} = {outside}[place]"
    return [f"    for (place = 0; place < {piece.size}; place++) {{", f"        {line};", "    }"]


def named_for_c(pieces: Sequence[Piece], taken: set[str]) -> list[Piece]:
    """The pieces with names that C doesn't use otherwise."""
    names = identifiers([piece.name for piece in pieces], TAKEN | taken)
    return [piece._replace(name=name) for piece, name in zip(pieces, names, strict=True)]


def in_comment(text: str) -> str:
    """A path as it may stand in a comment."""
    return re.sub(r"[^A-Za-z0-9_ \[\]'\".,:()=+-]", "_", text[:200])


def table_text(head: str, texts: Sequence[str]) -> str:
    """A table of numbers."""
    rows = [", ".join(texts[start : start + 20]) for start in range(0, len(texts), 20)] or ["0"]
    inside = ",\n    ".join(rows)
    return f"{head}[{max(len(texts), 1)}] = {{\n    {inside}\n}};\n"
