"""The C library of exports: up to date, and as strict compilers want it."""

import subprocess

from tests.tables.c_compiler import COMPILER
from tools import generate_c_library


def test_it_follows_from_the_sources():
    assert generate_c_library.LIBRARY.read_text(encoding="utf-8") == generate_c_library.generate()


def test_it_compiles_without_warnings_as_it_is(tmp_path):
    source = tmp_path / "whole.c"
    source.write_text("#include <math.h>\n" + generate_c_library.generate(), encoding="ascii")
    options = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused-function"]
    command = [COMPILER, *options, "-Wno-unused-const-variable", "-c", str(source), "-o", str(tmp_path / "whole.o")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:2000]
