"""Compile the engine's Python files where a C compiler is at hand; without one it runs as plain Python.

AUTOGRAD_COMPILE=no leaves it uncompiled, AUTOGRAD_COMPILE=require fails if it can't be compiled. AUTOGRAD_CFLAGS has
further options for the C compiler, which win over those that stand here.
"""

import contextlib
import gc
import importlib.util
import io
import os
import platform
import re
import subprocess
import sys
import sysconfig
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext


def load_compilation():
    """The module `autograd/compilation.py`, without the package around it, which can't be imported yet."""
    spec = importlib.util.spec_from_file_location("compilation", Path(__file__).parent / "autograd" / "compilation.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


compilation = load_compilation()

# How much the C compiler does for a module. Its time triples from -Og to -O3, and most modules are as fast either way:
# they are seldom run, or wait for Python's objects. First loops over doubles, nodes and their sweep, where -O2 costs
# eager chains a thirteenth and bound calls a fifth; then what a call of a compiled function passes through, and turns;
# then watching and sweeps; -Og is for the rest, among them passes over programs: objects are smaller by an eighth.
# (With -O0, a third of the time of -Og less, a first gradient takes 1.5 times as long.)
LEVELS = {
    f"{room}/{module}": level
    for level, rooms in {
        "-O3": {
            "graph": "local_gradients many_uses node sweep",
            "numbers": "accumulate arrays pairwise special",
            "operations": "_kernels kernel nary",
            "program/machine": "_blocks block columns machine",
        },
        "-O2": {
            "graph": "modes",
            "numbers": "operands operation_table",
            "operations": "functions",
            "program": "binding builder final_passes jit repetition",
            "program/machine": "plan runs step turn_blocks turns",
            "program/recording": "trace",
            "program/rows": "plain_calls",
            "transforms": "masked tape",
        },
        "-O1": {
            "operations": "primitive",
            "program/recording": "outside signature surroundings",
            "transforms": "constant_slopes taped_run trees",
        },
    }.items()
    for room, modules in rooms.items()
    for module in modules.split()
}
# The inner loops are compiled for wider vector units too; the machine takes those of the processor it is on.
BLOCKS = "autograd.program.machine._blocks"
VARIANTS = {"avx2": ["-march=x86-64-v3"], "avx512": ["-march=x86-64-v4", "-mprefer-vector-width=512"]}
# Pieces of Cython's library that all modules use, in a module of their own.
SHARED = "autograd._shared"

DIRECTIVES = {
    "language_level": 3,
    "cdivision": True,
    "boundscheck": False,
    "wraparound": False,
    "initializedcheck": False,
    # Fields of what may be None: objects that nobody initialised.
    "nonecheck": True,
    # Cython's own `__setstate__` takes any state for granted; what can be pickled says how.
    "auto_pickle": False,
    # Annotations are for readers and mypy; C types stand in the .pxd files.
    "annotation_typing": False,
    # The Python lines as comments are a third of the C code.
    "emit_code_comments": False,
}


class Build(build):
    """The same parts as ever, and `build_ext` even if nothing is to be compiled, which it records."""

    sub_commands = [(name, None if name == "build_ext" else wanted) for name, wanted in build.sub_commands]


class OptionalBuild(build_ext):
    """All extension modules, or none of them and the reason: a mixture could not be imported."""

    def run(self):
        wanted = os.environ.get(compilation.VARIABLE, "")
        if wanted == "no":
            self.give_up(f"{compilation.VARIABLE}=no")
            return
        try:
            # Past setuptools, which compiles to another folder, each time anew, and copies the modules from there.
            super(build_ext, self).run()
        except Exception as error:
            if wanted == "require":
                raise
            reason = first_error(error)
            self.give_up(reason)
            print(f"scalar-autograd: not compiled ({reason}); the engine runs as plain Python, 10 to 20 times slower")
            return
        for name in compilation.LEFT_AS_PYTHON:
            Path(self.get_ext_fullpath(f"autograd.{name.replace('/', '.')}")).unlink(missing_ok=True)
        modules = compilation.compiled_modules("autograd")
        self.record().note_compiled({name: compilation.own_hash("autograd", name) for name in modules})

    def record(self):
        """The record of what was built, in the package that is built."""
        return compilation.Record(os.path.dirname(self.get_ext_fullpath(SHARED)))

    def give_up(self, reason):
        """Leave no extension module, but the reason."""
        for extension in extensions():
            Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
        self.extensions = []
        self.record().note_uncompiled(reason)

    def build_extensions(self):
        """Write the C code of one module after the other, and have each compiled beside that."""
        mend_cython()
        # Cython's trees are garbage as a whole, a module later: looked for less often, a fifth of its time is saved.
        gc.set_threshold(100_000, 50, 100)
        self.done = 0
        waiting = {}
        with ThreadPoolExecutor(self.parallel if type(self.parallel) is int else os.cpu_count()) as pool:
            try:
                for extension in self.extensions:
                    extension._needs_stub = False
                    extension.sources = [c_source(extension)]
                    waiting[pool.submit(self.build_one, extension)] = extension.name
                    for future in [future for future in waiting if future.done()]:
                        self.report(future, waiting.pop(future))
                for future in as_completed(waiting):
                    self.report(future, waiting[future])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def build_one(self, extension):
        """Compile one module, if its C code is newer than it; the seconds it took, None if there was nothing to do."""
        path, source = Path(self.get_ext_fullpath(extension.name)), Path(extension.sources[0])
        if not self.force and path.exists() and path.stat().st_mtime >= source.stat().st_mtime:
            return None
        start = time.perf_counter()
        # Past Cython, which would look at the C code once more.
        super(type(self).__mro__[2], self).build_extension(extension)
        return time.perf_counter() - start

    def report(self, built, name):
        """Say that a module is compiled: here, for what other threads print meanwhile is taken for notes of Cython."""
        seconds = built.result()
        if seconds is not None:
            self.done += 1
            print(f"compiled {self.done:2} of {len(self.extensions)}  {name}  {seconds:.1f} s", flush=True)


def first_error(error):
    """The first error that the compiler reported, without the path of the file; or else what ended the build."""
    while not isinstance(error, subprocess.CalledProcessError):
        cause = error.__cause__ or error.__context__
        if cause is None:
            return f"{type(error).__name__}: {error}"
        error = cause
    done = subprocess.run(error.cmd, capture_output=True, text=True, errors="replace", check=False)
    said = [line.strip() for line in (done.stderr + done.stdout).splitlines() if "error" in line.lower()]
    return (
        re.sub(r"^[^\s:]*[/\\]", "", said[0])[:300] if said else f"{error.cmd[0]} ended with status {error.returncode}"
    )


def c_source(extension):
    """The file with the C code of an extension, written if it is older than what it follows from."""
    path = Path("build/c", *extension.name.split(".")).with_suffix(".c")
    if extension.name == SHARED:
        if older(path, Path(__file__)):
            write_shared(path)
    elif extension.name.startswith(f"{BLOCKS}_"):
        blocks = path.with_stem("_blocks")
        if older(path, blocks):
            # The same C code as a module of another name.
            path.write_text(blocks.read_text().replace("_blocks", path.stem))
    else:
        return cythonized(extension)
    return str(path)


def older(path, source):
    """Whether a file is older than another that it follows from, or is not there at all."""
    return not path.exists() or path.stat().st_mtime < source.stat().st_mtime


def cythonized(extension):
    """The file with the C code of a module; notes of Cython are shown if they are of use, all of an error is."""
    from Cython.Build import cythonize

    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            made = cythonize(
                [extension],
                build_dir="build/c",
                # Options that decide on the C code stand here.
                force=older(Path("build/c", *extension.name.split(".")).with_suffix(".c"), Path(__file__)),
                shared_utility_qualified_name=SHARED,
                compiler_directives=DIRECTIVES,
            )
    except Exception:
        print(said.getvalue(), flush=True)
        raise
    else:
        # Two are as they should be: inlined functions can be declared in .pxd files only, and of the code for Python
        # and the code for C one is never reached.
        notes = [line for line in said.getvalue().splitlines() if "warning" in line.lower() or "Error" in line]
        for line in notes:
            if "declared inline" not in line and "Unreachable code" not in line:
                print(line, flush=True)
    return made[0].sources[0]


def write_shared(path):
    """Write the C code of the module with those pieces of Cython's library that all modules use."""
    from Cython.Build.SharedModule import generate_shared_module
    from Cython.Compiler.Options import CompilationOptions, default_options

    path.parent.mkdir(parents=True, exist_ok=True)
    options = CompilationOptions(
        default_options,
        shared_c_file_path=str(path),
        module_name=SHARED,
        # No module has memoryviews.
        shared_utility_features_disabled=["MemoryView"],
        compiler_directives={"language_level": 3},
    )
    generate_shared_module(options)


# Pieces of the C library that Cython (3.3) puts into each module, by name and file: what stands there and must not.
FAULTS = [
    # A list comprehension frees an element twice when there is no memory to append it: MemoryError ends in a crash.
    (
        "ListCompAppendAndDecref", "Optimize.c",
        "int result = PyList_Append(list, x);\n    Py_DECREF(x);\n",
        "int result = PyList_Append(list, x);\n    if (likely(result == 0)) Py_DECREF(x);\n",
    ),
    # `with` hands the traceback of an error to `__exit__`, also where there was no memory for one: None stands for it,
    (
        "GetException", "Exceptions.c",
        "    *tb = local_tb;\n",
        "    *tb = local_tb;\n    if (unlikely(!local_tb)) { Py_INCREF(Py_None); *tb = Py_None; }\n",
    ),
    # until the error is raised again.
    (
        "PyErrFetchRestore", "Exceptions.c",
        "PyObject *type, PyObject *value, PyObject *tb) {\n",
        "PyObject *type, PyObject *value, PyObject *tb) {\n"
        "    if (unlikely(tb == Py_None)) { Py_DECREF(tb); tb = NULL; }\n",
    ),
]  # fmt: skip


def mend_cython():
    """Mend these faults of Cython's library before it is used; a text that is not as expected must be read first."""
    from Cython.Compiler.Code import UtilityCode

    for name, file, fault, mended in FAULTS:
        piece = UtilityCode.load_cached(name, file)
        if fault not in piece.impl:
            raise RuntimeError(f"{name} in Cython's {file} is not as setup.py knows it: is its fault still there?")
        piece.impl = piece.impl.replace(fault, mended)


def extensions():
    """One extension for each module that is compiled, the longest first: none is waited for alone at the end."""
    names = [f"autograd.{name.replace('/', '.')}" for name in compilation.compiled_modules("autograd")]
    sources = {name: f"{name.replace('.', '/')}.py" for name in names}
    made = [
        Extension(name, [source], extra_compile_args=options(name), extra_link_args=link_options())
        for name, source in sorted(sources.items(), key=lambda item: -Path(item[1]).stat().st_size)
    ]
    made.insert(1, Extension(SHARED, ["setup.py"], extra_compile_args=options(SHARED), extra_link_args=link_options()))
    if platform.machine() in ("x86_64", "AMD64") and os.name == "posix":
        for name, flags in VARIANTS.items():
            made.append(
                Extension(
                    f"{BLOCKS}_{name}",
                    [sources[BLOCKS]],
                    extra_compile_args=options(BLOCKS) + flags,
                    extra_link_args=link_options(),
                )
            )
    return made


def options(name):
    """The options of the C compiler for a module."""
    flags = []
    if os.name == "posix":
        level = LEVELS.get(name.removeprefix("autograd.").replace(".", "/"), "-Og")
        # No contraction of a * b + c: uncompiled and compiled give the same bits. Nothing unwinds the stack.
        # GCC 12 takes a small object of Python for the larger one that a branch never reached would see in it.
        flags = [level, "-g0", "-ffp-contract=off", "-fno-math-errno", "-Wno-array-bounds"]
        flags.append("-fno-asynchronous-unwind-tables")
        compiler = os.environ.get("CC") or sysconfig.get_config_var("CC") or ""
        if level == "-Og" and sys.platform == "linux" and "gcc" in compiler:
            # Ends of functions that are alike stand once: a thirtieth less code, at no cost. Other compilers lack it.
            flags.append("-fcrossjumping")
        if level in ("-O2", "-O3"):
            # A module's start is one long function that runs once, and was half of GCC's time for graph/node. Clang has
            # no such attribute, and does what it did.
            flags += ['-DCYTHON_SMALL_CODE=__attribute__((cold,optimize("O0")))', "-Wno-attributes"]
    return flags + os.environ.get("AUTOGRAD_CFLAGS", "").split()


def link_options():
    """The options of the linker: without the names of C functions, where no debugger is to find them."""
    return ["-Wl,-s"] if sys.platform == "linux" and "-g" not in os.environ.get("AUTOGRAD_CFLAGS", "").split() else []


if __name__ == "__main__":
    # Without extension modules a wheel is one for every Python and system.
    wanted = [] if os.environ.get(compilation.VARIABLE) == "no" else extensions()
    setup(ext_modules=wanted, cmdclass={"build": Build, "build_ext": OptionalBuild})
