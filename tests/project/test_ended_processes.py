"""Processes that end, are killed, fork or find no room at any moment: nothing hangs, crashes or is left half done."""

from __future__ import annotations

import shutil
import sys

import pytest

import autograd
from tests.tables import c_compiler
from tests.tables.ended_processes import ENDINGS, ends_withstood, run_alone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, limits and LD_PRELOAD are those of Linux")


def test_a_process_ends_in_every_way_while_its_threads_make_machine_code_and_map_rows(tmp_path):
    """LLVM must not be at work while its objects are destroyed: the end takes its time here, so that it would show."""
    shim = c_compiler.shim("slow_exit.c", tmp_path) if shutil.which(c_compiler.COMPILER) else None
    assert ends_withstood(len(ENDINGS), seed=0, shim=shim) == len(ENDINGS)


def test_a_process_may_be_forked_off_while_threads_do_everything():
    assert run_alone("forks", 5) == 5


def test_a_writer_that_is_killed_at_any_moment_leaves_whole_files_and_nothing_else():
    assert run_alone("kills", 10) == 10


def test_a_disk_that_is_full_is_an_error_and_leaves_the_old_files():
    assert run_alone("full disks", 4) >= 12


def test_objects_that_use_the_engine_when_they_are_freed_find_it_in_order():
    assert run_alone("destructors", 10 if autograd.compiled else 3) > 15
