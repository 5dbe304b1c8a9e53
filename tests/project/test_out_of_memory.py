"""When memory runs out there is a MemoryError, and everything works as before once there is some again."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys

import pytest

import autograd
from tests import PROJECT
from tests.tables import c_compiler
from tests.tables.c_compiler import COMPILER
from tests.tables.out_of_memory import GROWTH, MACHINE_CODE, WORK

linux = pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory and LD_PRELOAD are those of Linux")


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    """An allocator that refuses memory when it is told to."""
    if shutil.which(COMPILER) is None:
        pytest.skip("the allocator that refuses memory needs a C compiler")
    return c_compiler.shim("failing_malloc.c", tmp_path_factory.mktemp("shim"))


def run_alone(*arguments, **environment):
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.tables.out_of_memory", *arguments]
    variables = os.environ | {"PYTHONPATH": str(PROJECT)} | environment
    return subprocess.run(command, capture_output=True, text=True, env=variables, check=False, timeout=300)


@linux
@pytest.mark.parametrize("name", WORK)
def test_any_request_for_memory_may_be_refused(name, shim):
    result = run_alone("refuse", name, "60", LD_PRELOAD=str(shim), PYTHONMALLOC="malloc")
    assert result.returncode == 0, result.stderr[-3000:]
    requests, ends = ast.literal_eval(result.stdout)
    assert requests > 20
    # Some requests can do without (a cache); for a lock that can't be had, Python has a RuntimeError.
    assert set(ends) <= {"MemoryError", "RuntimeError", "right"}
    assert ends["MemoryError"] > 20


@linux
@pytest.mark.parametrize("name", GROWTH)
def test_growth_ends_in_a_memory_error_and_all_works_afterwards(name):
    result = run_alone("grow", name, "80" if autograd.compiled else "24")
    assert result.returncode == 0, result.stderr[-3000:]
    assert result.stdout == "MemoryError, and afterwards right\n"


@linux
@pytest.mark.skipif(not MACHINE_CODE, reason="machine code needs the compiled engine and llvmlite")
@pytest.mark.parametrize(("megabytes", "enough"), [(15, (False,)), (45, (False, True)), (400, (True,))])
def test_machine_code_that_has_no_room_is_a_memory_error(megabytes, enough):
    result = run_alone("keep", "60", str(megabytes))
    assert result.returncode == 0, result.stderr[-3000:]
    assert result.stdout in ["right\n" if one else "MemoryError, and afterwards right\n" for one in enough]
