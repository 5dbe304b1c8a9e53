"""Compile the engine's Python files where a C compiler is at hand; without one it runs as plain Python.

AUTOGRAD_COMPILE=no leaves it uncompiled, AUTOGRAD_COMPILE=require fails if it can't be compiled. AUTOGRAD_CFLAGS has
further options for the C compiler, which win over those that stand here.
"""

import hashlib
import os
import platform
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# Every module of these rooms is compiled, but for those that wait for the user, for files or for other libraries.
COMPILED_ROOMS = ["numbers", "operations", "graph", "transforms", "program", "program/machine"]
LEFT_AS_PYTHON = {
    "numbers/_cython", "numbers/ieee", "graph/array_elements", "graph/callers", "graph/descriptions", "graph/locks",
    "graph/node_errors", "graph/numpy_interop", "graph/overflow", "graph/records", "program/file", "program/margins",
    "program/recording_limits", "program/tiers",
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

    mend_cython()
    return cythonize(
        extensions,
        build_dir="build/c",
        compiler_directives={
            "language_level": 3,
            "cdivision": True,
            "boundscheck": False,
            "wraparound": False,
            "initializedcheck": False,
            # Cython's own `__setstate__` takes any state for granted; what can be pickled says how.
            "auto_pickle": False,
            # Annotations are for readers and mypy; C types stand in the .pxd files.
            "annotation_typing": False,
        },
    )


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
