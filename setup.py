"""Compile the engine's Python files where a C compiler is at hand; without one it runs as plain Python.

AUTOGRAD_COMPILE=no leaves it uncompiled, AUTOGRAD_COMPILE=require fails if it can't be compiled. AUTOGRAD_CFLAGS has
further options for the C compiler, which win over those that stand here.
"""

import hashlib
import os
import platform
import re
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# Every module of these rooms is compiled, but for those that wait for the user, for files or for other libraries.
COMPILED_ROOMS = ["numbers", "operations", "graph", "transforms", "program", "program/machine"]
LEFT_AS_PYTHON = {
    "numbers/_cython", "numbers/ieee", "graph/callers", "graph/descriptions", "graph/locks", "graph/node_errors",
    "graph/numpy_interop", "graph/overflow", "program/file", "program/margins", "program/recording_limits",
    "program/tiers",
}  # fmt: skip


def compiled_modules(package="autograd"):
    """The names of the modules that are compiled, such as `graph/node`."""
    names = [f"{room}/{path.stem}" for room in COMPILED_ROOMS for path in sorted(Path(package, room).glob("*.py"))]
    return [name for name in names if not name.endswith("__init__") and name not in LEFT_AS_PYTHON]


def source_hash(package):
    """A digest of all files that are compiled: an extension module older than its source silently wins over it."""
    digest = hashlib.sha256()
    for name in compiled_modules(package):
        for path in sorted(Path(package).glob(f"{name}.p*")):
            if path.suffix in (".py", ".pxd"):
                digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


class OptionalBuild(build_ext):
    """All extension modules, or none of them and a message: a mixture could not be imported."""

    def run(self):
        wanted = os.environ.get("AUTOGRAD_COMPILE", "")
        if wanted == "no":
            self.extensions = []
            return
        try:
            self.extensions[:] = with_variants(cythonized(self.extensions))
            for extension in self.extensions:
                extension._needs_stub = False
            super().run()
        except Exception as error:
            if wanted == "require":
                raise
            for extension in self.extensions:
                Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
            self.extensions = []
            print(f"scalar-autograd: not compiled ({error}); the engine runs as plain Python, 10 to 20 times slower")
            return
        Path(self.get_ext_fullpath("autograd.source_hash")).with_name("source_hash.txt").write_text(
            source_hash("autograd")
        )


def cythonized(extensions):
    """The extensions with C sources in place of Python."""
    from Cython.Build import cythonize

    return repaired(cythonize(
        extensions,
        build_dir="build/c",
        compiler_directives={
            "language_level": 3,
            "cdivision": True,
            "boundscheck": False,
            "wraparound": False,
            "initializedcheck": False,
            # Annotations are for readers and mypy; C types stand in the .pxd files.
            "annotation_typing": False,
        },
    ))  # fmt: skip


# What Cython (3.3) makes of a list comprehension gives an element free when there is no memory to append it, and then
# once more: freed memory is then in use, and MemoryError ends in a crash.
FREED_TWICE = "int result = PyList_Append(list, x);\n    Py_DECREF(x);\n"
FREED_ONCE = "int result = PyList_Append(list, x);\n    if (likely(result == 0)) Py_DECREF(x);\n"
# What it makes of `with` hands the traceback of an error on without asking whether there was memory for one.
WITHOUT_TRACEBACK = re.compile(
    r"(__Pyx_GetException\(&\w+, &\w+, &(?P<name>\w+)\) < 0\)(?:.*\n){4,6}?"
    r" *PyObject\* __pyx_temp\[3\] = \{\w+, \w+, )(?P=name)\};"
)
WITH_NONE = r"\g<1>\g<name> ? \g<name> : Py_None};"


def repaired(extensions):
    """The extensions, their C sources without these faults."""
    for extension in extensions:
        for source in [Path(name) for name in extension.sources if name.endswith(".c")]:
            text = source.read_text()
            mended = WITHOUT_TRACEBACK.sub(WITH_NONE, text.replace(FREED_TWICE, FREED_ONCE))
            if mended != text:
                source.write_text(mended)
    return extensions


# The machine's inner loops are compiled for wider vector units too; the machine takes those of the processor it is on.
VARIANTS = {"avx2": ["-march=x86-64-v3"], "avx512": ["-march=x86-64-v4", "-mprefer-vector-width=512"]}


def with_variants(extensions):
    """The extensions, and the inner loops once more for each vector unit."""
    if platform.machine() not in ("x86_64", "AMD64") or os.name != "posix":
        return extensions
    blocks = next(extension for extension in extensions if extension.name == "autograd.program.machine._blocks")
    source = Path(blocks.sources[0])
    for name, flags in VARIANTS.items():
        copy = source.with_name(f"_blocks_{name}.c")
        # The same C code as a module of another name.
        text = source.read_text().replace("_blocks", f"_blocks_{name}")
        if not copy.exists() or copy.read_text() != text:
            copy.write_text(text)
        extensions.append(
            Extension(
                f"autograd.program.machine._blocks_{name}",
                [str(copy)],
                extra_compile_args=blocks.extra_compile_args + flags,
            )
        )
    return extensions


def extensions():
    """One extension for each compiled module."""
    # No contraction of a * b + c: uncompiled and compiled give the same bits.
    flags = ["-O3", "-ffp-contract=off", "-fno-math-errno"] if os.name == "posix" else []
    flags += os.environ.get("AUTOGRAD_CFLAGS", "").split()
    return [
        Extension(f"autograd.{name.replace('/', '.')}", [f"autograd/{name}.py"], extra_compile_args=flags)
        for name in compiled_modules()
    ]


if __name__ == "__main__":
    setup(ext_modules=extensions(), cmdclass={"build_ext": OptionalBuild})
