"""Exported C, compiled with every warning as an error and called from Python; libraries that LD_PRELOAD puts first."""

import ctypes
import itertools
import os
import shutil
import subprocess

import numpy as np

COMPILER = os.environ.get("CC", "cc").split()[-1]
OPTIONS = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-ffp-contract=off", "-shared", "-fPIC"]
NUMBERS = itertools.count()


def shim(source, folder):
    """The library of a source that stands beside this file."""
    path = os.path.join(folder, source.replace(".c", ".so"))
    source = os.path.join(os.path.dirname(__file__), source)
    subprocess.run([COMPILER, "-shared", "-fPIC", "-O1", "-o", path, source, "-ldl"], check=True)
    return path


class Library:
    """The functions of an exported source."""

    def __init__(self, exported, folder, real=ctypes.c_double, options=()):
        assert shutil.which(COMPILER), "exported C is tested with a C compiler, as the engine is built with one"
        _, source = exported.save(folder)
        self.path = os.path.join(folder, f"lib{next(NUMBERS)}.so")
        command = [COMPILER, *OPTIONS, *options, source, "-o", self.path, "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:3000]
        self.library = ctypes.CDLL(self.path)
        self.real = real

    def call(self, name, arguments, sizes):
        """The status of a function and the numbers that it wrote, so many in each result."""
        function = getattr(self.library, name)
        kind = np.float64 if self.real is ctypes.c_double else np.float32
        given = []
        for argument in arguments:
            if isinstance(argument, float):
                given.append(self.real(argument))
            else:
                array = np.ascontiguousarray(argument, kind)
                given.append(array.ctypes.data_as(ctypes.POINTER(self.real)))
                given[-1].kept = array
        results = [np.full(max(size, 1), -77.0, kind) for size in sizes]
        pointers = [result.ctypes.data_as(ctypes.POINTER(self.real)) for result in results]
        status = function(*given, *pointers)
        return status, [result[:size].astype(float).tolist() for result, size in zip(results, sizes, strict=True)]

    def table(self, name, count):
        """A table of whole numbers."""
        return list((ctypes.c_int * count).in_dll(self.library, name))
