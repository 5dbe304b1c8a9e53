"""The page about diagnosis is right, and what it is about is loaded only when it is asked for."""

import doctest
import subprocess
import sys

import autograd
from tests import PROJECT


def test_the_examples_of_the_page_are_right():
    failed, tried = doctest.testfile(str(PROJECT / "docs" / "how-to" / "diagnosis.md"), module_relative=False)
    assert tried > 20
    assert failed == 0


def test_diagnosis_is_loaded_when_asked_for():
    program = (
        "import sys, autograd\n"
        "late = {'autograd.diagnosis', 'autograd.graph.overflow', 'autograd.graph.descriptions'}\n"
        "assert not late & set(sys.modules), late & set(sys.modules)\n"
        "autograd.explain, autograd.kinks, autograd.paths, autograd.replay, autograd.rounding\n"
        "from autograd import explain, kinks, paths, replay, rounding\n"
        "assert all(map(callable, (explain, kinks, paths, replay, rounding)))\n"
        "assert not {'numpy', 'graphviz', 'mpmath', 'decimal'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_what_diagnosis_offers_is_on_the_public_page():
    assert {"explain", "kinks", "paths", "replay", "rounding", "source_lines", "NumberError"} <= set(autograd.__all__)
