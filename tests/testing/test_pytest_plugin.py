"""The pytest plugin, in test sessions of its own."""

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from autograd import Variable, exp
from autograd.testing.pictures import svg_of, text_of
from tests import PROJECT

pytest_plugins = "pytester"

FAULTY = """
    from autograd import exp
    from autograd.operations.primitive import Primitive

    Cube = Primitive("cube", lambda x: x * x * x, lambda x, out: 2.0 * x * x)

    def test_wrong(gradcheck):
        gradcheck(lambda x: exp(Cube(x)), [0.5])
"""


@pytest.fixture
def session(pytester, monkeypatch):
    """Runs pytest on a file in a fresh process with the plugin, with warnings as errors."""
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(source, *options):
        pytester.makepyfile(test_it=source)
        return pytester.runpytest_subprocess(
            "-p", "autograd.testing.pytest_plugin", "-W", "error", "--strict-markers", *options
        )

    return run


def test_the_fixture_checks_gradients_and_the_report_names_the_operation(session):
    result = session(FAULTY, "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        "*GradcheckError: gradcheck: the derivative of the output in input?0? = 0.5 is *",
        "*- gradients -*",
        "the local gradient of cube at (0.5) (*test_it.py:*) is 0.5, it should be 0.75: by a factor of 0.666667",
        "alone: gradcheck(find_primitive('cube'), ?0.5?)",
        "cube = 0.125",
        "└─ 0.5  (∂ 0.5)",
    ])  # fmt: skip
    assert "picture:" not in result.stdout.str()


def test_a_failure_without_the_fixture_gets_the_section_too(session):
    source = (
        FAULTY.replace("gradcheck)", ")")
        .replace("gradcheck(lambda", "assert_gradients(lambda")
        .replace("[0.5])", "0.5)")
        .replace(
            "from autograd import exp", "from autograd import exp\n    from autograd.testing import assert_gradients"
        )
    )
    result = session(source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- gradients -*", "the local gradient of cube *"])


def test_other_failures_get_no_section(session):
    result = session("""
        from autograd import floor

        def test_assertion():
            assert 1 == 2

        def test_jump(gradcheck):
            gradcheck(floor, [2.0])
    """)
    result.assert_outcomes(failed=2)
    assert "- gradients -" not in result.stdout.str()


def test_the_marker_sets_options_and_the_nearest_wins(session):
    result = session("""
        import pytest
        from autograd import exp
        from autograd.operations.primitive import Primitive

        Cut = Primitive("cut", exp, lambda x, out: exp(x) if isinstance(x, float) else exp(x.detach()))
        pytestmark = pytest.mark.gradients(order=2)

        def test_of_the_module(gradcheck):
            with pytest.raises(AssertionError, match="order 2 of cut"):
                gradcheck(Cut, [0.5])

        @pytest.mark.gradients(order=1)
        def test_of_its_own(gradcheck):
            assert gradcheck(Cut, [0.5])

        def test_of_the_call(gradcheck):
            assert gradcheck(Cut, [0.5], order=1)
    """)
    result.assert_outcomes(passed=3)


def test_the_marker_repeats_the_test_in_every_tier(session):
    result = session(
        """
        import pytest
        from autograd import exp

        calls = []

        @pytest.mark.gradients(tiers=("python", "vm"))
        def test_tiers(gradcheck):
            def function(x):
                calls[-1] += 1
                return x * exp(x) if x > 0 else x

            calls.append(0)
            assert gradcheck(function, [0.5])

        def test_compiled_functions_are_run_less_often():
            assert calls[0] > 2 * calls[1] > 0
        """,
        "-v",
    )
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*test_tiers?python? PASSED*", "*test_tiers?vm? PASSED*"])


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("ordre=2", "gradients has no option 'ordre'; it has tiers, eps, atol, rtol, order,"),
        ("tiers='gpu'", "gradients knows the tiers python, vm, llvm; got 'gpu'"),
        ("2", r"gradients takes options by name, got (2,): order=2"),
    ],
)
def test_a_marker_that_can_t_be_meant_is_refused_and_what_is_right_is_said(session, marker, message):
    result = session(f"""
        import pytest

        @pytest.mark.gradients({marker})
        def test_it(gradcheck):
            pass
    """)
    assert result.ret != 0
    assert message in result.stdout.str() + result.stderr.str()


def test_where_viz_is_imported_a_picture_is_saved(session, tmp_path):
    viz = pytest.importorskip("viz")
    if not viz.available_engines():
        pytest.skip("no layout engine here")
    folder = tmp_path / "pictures"
    result = session("    import viz\n" + FAULTY, "--gradient-pictures", str(folder))
    result.stdout.fnmatch_lines([f"picture: {folder}/test_it.py-test_wrong.svg"])
    assert "<svg" in (folder / "test_it.py-test_wrong.svg").read_text()


@pytest.mark.parametrize("folder", ["taken", "taken/inner", "x" * 300])
def test_a_folder_for_pictures_that_can_not_be_written_is_told_and_the_session_goes_on(session, folder, tmp_path):
    viz = pytest.importorskip("viz")
    if not viz.available_engines():
        pytest.skip("no layout engine here")
    (tmp_path / "taken").write_text("")
    source = "    import viz\n" + FAULTY + "\n    def test_next():\n        pass\n"
    result = session(source, "--gradient-pictures", str(tmp_path / folder))
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["picture: not saved: *"])


def test_a_name_steers_no_terminal_from_the_report(session):
    result = session("""
        from autograd import Variable, exp
        from autograd.testing.report import Fault
        from autograd.testing.pytest_plugin import section

        def test_it(request):
            node = exp(Variable(1.0, name="\\x1b]0;x\\x07\\ud800"))
            shown = section(request.node, Fault("exp", "", "\\x1b[2J", node=node))
            assert all([letter.isprintable() or letter == "\\n" for letter in shown])
            assert shown.startswith("\\\\x1b[2J") and "\\\\x1b]0;x\\\\x07\\\\ud800 = 1" in shown
    """)
    result.assert_outcomes(passed=1)


def test_pictures_go_to_a_new_folder_where_none_is_named(session):
    viz = pytest.importorskip("viz")
    if not viz.available_engines():
        pytest.skip("no layout engine here")
    result = session("    import viz\n" + FAULTY)
    line = next(line for line in result.outlines if line.startswith("picture: "))
    assert Path(line.removeprefix("picture: ")).is_file()


def test_sections_come_through_from_the_processes_of_xdist(session):
    pytest.importorskip("xdist")
    result = session(FAULTY, "-p", "xdist.plugin", "-n", "1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- gradients -*", "the local gradient of cube *"])


def test_the_entry_point_names_the_plugin():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    module = importlib.import_module(project["entry-points"]["pytest11"]["autograd"])
    assert module.pytest_runtest_makereport and module.MARKER.startswith("gradients(")


def test_a_session_that_asks_for_no_check_doesn_t_load_the_engine_s_heavier_parts():
    program = (
        "import sys, autograd.testing.pytest_plugin\n"
        "print([name for name in sys.modules if name.startswith(('numpy', 'hypothesis', 'llvmlite', 'graphviz', "
        "'autograd.program', 'autograd.testing.'))])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert result.stdout.strip() == "['autograd.testing.pytest_plugin']"


# Pictures


def test_a_graph_as_text_ends_after_some_depth_and_some_lines():
    x = Variable(1.0, name="x")
    deep = x
    for _ in range(2000):
        deep = exp(deep * 0.0)
    lines = text_of(deep).splitlines()
    assert len(lines) < 20 and lines[0] == "exp = 1" and lines[-1].endswith("0  (∂ 1)")
    assert any(line.endswith("└─ …") for line in lines)
    wide = sum([x * float(k) for k in range(100)], x)
    assert text_of(wide).count("\n") <= 24


def test_without_viz_there_is_no_picture():
    program = (
        "from autograd import Variable; from autograd.testing.pictures import svg_of; print(svg_of(Variable(1.0) * 2))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert result.stdout.strip() == "None"


def test_with_viz_the_picture_is_that_of_notebooks():
    viz = pytest.importorskip("viz")
    if not viz.available_engines():
        pytest.skip("no layout engine here")
    assert svg_of(Variable(1.0) * 2).lstrip().startswith("<")
