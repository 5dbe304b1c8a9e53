"""Finding a layout engine and running it, also when it is missing, hangs, crashes or answers nonsense."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import viz
from autograd import Variable
from examples import lab_network
from tests.tables.pictures import ENGINES
from viz.__main__ import main
from viz.layout.engine import available_engines, provide_engine, run_engine, version_of

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


@pytest.fixture
def drawn():
    x = Variable(3.0, name="x")
    return lambda **options: viz.draw(x * x, **options)


@pytest.fixture
def no_engine(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_DOT", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("viz.layout.engine._graphviz_pure", lambda: None)


@pytest.fixture
def script(tmp_path):
    def write(text):
        path = tmp_path / "engine"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    return write


def is_running(status):
    """Whether the process of a status file is there and has not ended (Z: only its parent has yet to be told)."""
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_graphviz_pure_is_found_without_path(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert [engine.source for engine in available_engines()] == ["graphviz-pure from pip"]


def test_without_an_engine_the_error_names_every_remedy_and_keeps_the_dot_text(drawn, no_engine):
    with pytest.raises(viz.EngineNotFound) as raised:
        drawn().svg()
    for remedy in ("pip install 'scalar-autograd[viz]'", "apt install graphviz", "engine=", "AUTOGRAD_DOT"):
        assert remedy in str(raised.value)
    assert raised.value.dot == drawn().dot


def test_without_an_engine_dot_and_text_work_and_a_notebook_shows_the_tree_and_the_hint(drawn, no_engine, tmp_path):
    drawing = drawn()
    assert drawing.dot.startswith("digraph")
    assert drawing.save(tmp_path / "graph.txt").read_text(encoding="utf-8") == drawing.text()
    (shown,) = drawing._repr_mimebundle_().values()
    assert drawing.text() in shown
    assert "pip install 'scalar-autograd[viz]'" in shown


def test_an_engine_that_is_not_there_is_named(drawn, monkeypatch):
    with pytest.raises(viz.EngineNotFound, match="engine= says '/no/such/dot', which is no program here"):
        drawn(engine="/no/such/dot").svg()
    monkeypatch.setenv("AUTOGRAD_DOT", "no-such-dot")
    with pytest.raises(viz.EngineNotFound, match=r"\$AUTOGRAD_DOT says 'no-such-dot'"):
        drawn().svg()


@posix_only
def test_the_environment_variable_wins_over_path_and_the_argument_over_both(drawn, script, monkeypatch):
    engine = script("echo asked >&2; exit 3")
    monkeypatch.setenv("AUTOGRAD_DOT", str(engine))
    with pytest.raises(viz.EngineError, match="asked"):
        drawn().svg()
    assert drawn(engine="graphviz-pure").svg().startswith("<svg")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks Linux whether a process runs")
def test_an_engine_that_hangs_is_ended_with_what_it_started(drawn, script, tmp_path):
    engine = script(f"sleep 30 & echo $! > '{tmp_path}/child'; wait")
    start = time.perf_counter()
    with pytest.raises(viz.EngineError, match=r"took longer than 0.3 s\. Draw less .* or allow it more"):
        drawn(engine=engine, timeout=0.3).svg()
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    while is_running(child):
        assert time.perf_counter() - start < 5.0


@posix_only
@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("echo 'syntax error in line 1' >&2; exit 1", "failed with status 1: syntax error in line 1"),
        ("kill -SEGV $$", "was ended by signal 11"),
        ("exit 0", "gave nothing when asked for SVG"),
        ("echo hello", "gave something that is no SVG when asked for SVG"),
        ("echo '<svg><g></svg>'", "gave an SVG that can't be read"),
        ("echo '<svg></svg>'", "gave <svg> when asked for SVG"),
        ("head -c 100000 /dev/urandom", "gave something that is no SVG"),
    ],
)
def test_an_engine_that_fails_is_quoted(drawn, script, behaviour, message):
    drawing = drawn(engine=script(behaviour))
    with pytest.raises(viz.EngineError, match=message) as raised:
        drawing.svg()
    assert raised.value.dot == drawing.dot
    assert message.split(":")[0] in drawing._repr_mimebundle_()["text/plain"]


@posix_only
def test_an_engine_that_never_stops_talking_is_ended(drawn, script, monkeypatch):
    monkeypatch.setattr("viz.layout.engine.MOST_OUTPUT", 100_000)
    with pytest.raises(viz.EngineError, match="gave no end of output"):
        drawn(engine=script("exec yes"), timeout=20).svg()


@posix_only
def test_what_is_no_png_is_refused(drawn, script):
    with pytest.raises(viz.EngineError, match="no PNG"):
        drawn(engine=script("echo '<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>'")).png()


@posix_only
def test_a_file_that_is_no_program_is_a_clear_error(drawn, tmp_path):
    broken = tmp_path / "engine"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    with pytest.raises(viz.EngineError, match="can't be run"):
        drawn(engine=broken).svg()


@pytest.mark.parametrize("engine", ENGINES)
def test_every_suffix_is_written_and_another_is_refused(drawn, tmp_path, engine):
    drawing = drawn(engine=engine)
    starts = {".svg": b"<svg", ".png": b"\x89PNG", ".dot": b"digraph", ".gv": b"digraph", ".txt": b"9",
              ".html": b"<!DOCTYPE html>", ".gif": b"GIF89a", ".mmd": b"flowchart LR", ".tex": b"% "}  # fmt: skip
    for suffix, start in starts.items():
        assert drawing.save(tmp_path / f"graph{suffix}").read_bytes().startswith(start)
    with pytest.raises(
        ValueError, match=r"\.svg \.png \.pdf \.gif \.html \.dot \.gv \.mmd \.tex or \.txt; got '\.jpg'"
    ):
        drawing.save(tmp_path / "graph.jpg")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        drawing.save(tmp_path / "nowhere" / "graph.svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"graph{suffix}" for suffix in starts)


@pytest.mark.parametrize("engine", ENGINES)
def test_pdf_is_written_whole_or_the_error_says_which_engine_does(drawn, tmp_path, engine):
    target = tmp_path / "graph.pdf"
    if "graphviz-pure" in engine:
        with pytest.raises(viz.EngineError, match=r'"pdf" not recognized.*For PDF it takes Graphviz\'s own `dot`'):
            drawn(engine=engine).save(target)
        assert not target.exists()
    else:
        content = drawn(engine=engine).save(target).read_bytes()
        assert content.startswith(b"%PDF-")
        assert content.rstrip().endswith(b"%%EOF")


@posix_only
def test_half_a_pdf_is_refused(drawn, script, tmp_path):
    svg = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
    engine = script(f"case $1 in -Tpdf) echo %PDF-1.5;; *) echo '{svg}';; esac")
    with pytest.raises(viz.EngineError, match="gave something that is no PDF when asked for PDF"):
        drawn(engine=engine).save(tmp_path / "graph.pdf")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["engine"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_png_is_as_large_as_the_svg_at_144_dots_per_inch(engine):
    drawing = viz.draw(lab_network.build(), engine=engine)
    wide, high = (int.from_bytes(drawing.png()[place : place + 4], "big") for place in (16, 20))
    size = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', drawing.svg())
    # The SVG's size is rounded to points.
    assert abs(wide - 2 * float(size[1])) <= 3
    assert abs(high - 2 * float(size[2])) <= 3


@posix_only
@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("exec sleep 20", "took longer than 0.5 s"),
        ("kill -SEGV $$", "was ended by signal 11"),
        ("echo 'Warning: no fonts' >&2; echo hello", "gave something that is no SVG when asked for SVG: Warning: no"),
        ("head -c 100000 /dev/urandom", "gave something that is no SVG"),
    ],
)
def test_a_dot_on_path_that_fails_is_named_and_no_other_engine_is_used_instead(
    drawn, tmp_path, monkeypatch, behaviour, message
):
    monkeypatch.delenv("AUTOGRAD_DOT", raising=False)
    (tmp_path / "bin").mkdir()
    engine = tmp_path / "bin" / "dot"
    engine.write_text("#!/bin/sh\n" + behaviour)
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    with pytest.raises(viz.EngineError, match=f"the layout engine {engine} {message}"):
        drawn(timeout=0.5).svg()


@posix_only
def test_a_failed_save_leaves_the_old_file(drawn, script, tmp_path):
    target = tmp_path / "graph.svg"
    target.write_text("old")
    with pytest.raises(viz.EngineError):
        drawn(engine=script("exit 1")).save(target)
    assert target.read_text() == "old"


def test_a_node_is_shown_as_a_picture_once_viz_is_imported():
    x = Variable(3.0, name="x")
    # As wide as the page at most: what is cut off is at the right, where the result is.
    assert (x * x)._repr_mimebundle_()["image/svg+xml"].startswith('<svg style="max-width:100%;height:auto" ')


def test_the_svg_has_a_title_a_description_and_a_dark_mode(drawn):
    svg = drawn(title="my <graph>").svg()
    assert "<title>my &lt;graph&gt;</title>" in svg
    assert "<desc>A computational graph" in svg
    assert "prefers-color-scheme:dark" in svg
    assert "<title>x = 3, ∂ = ?</title>" in svg
    assert "v0" not in "".join(part.split("</title>")[0] for part in svg.split("<title>")[1:])


def test_a_hostile_title_is_shown_as_text(drawn):
    assert "<title>a � b \\N" in drawn(title="a \x00\nb \\N\ud800</title>").svg()


def test_the_dot_text_is_a_graphviz_source(drawn):
    assert drawn().source.source.rstrip() == drawn().dot.rstrip()


def test_the_command_reports_the_engines(capsys):
    assert main(["--engines"]) == 0
    assert "used: " in capsys.readouterr().out


def test_the_command_fails_without_an_engine(capsys, no_engine):
    assert main(["--engines"]) == 1
    assert "pip install 'scalar-autograd[viz]'" in capsys.readouterr().err


def test_importing_viz_does_not_import_graphviz_or_numpy():
    code = "import viz, sys; sys.exit(any(name in sys.modules for name in ('graphviz', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def provided(monkeypatch):
    """A function that lays out in this process, and the list of what it was asked."""
    monkeypatch.setattr("viz.layout.engine._provided", [])
    real, asked = viz.available_engines()[0], []

    def lay_out(dot, kind):
        asked.append(kind)
        if kind not in ("svg", "plain"):
            raise ValueError(f"no {kind} here")
        return run_engine(real, dot, kind)

    provide_engine(lay_out, "ours")
    return asked


def test_a_function_can_lay_pictures_out_where_no_program_can_be_run(provided):
    y = Variable(2.0, name="x") * 3.0
    assert "<svg " in viz.draw(y).svg()
    assert 'id="states"' in viz.draw(lab_network.build()).html()
    assert r"\begin{tikzpicture}" in viz.draw(y).tikz()
    assert "keyframes" in viz.draw(y).animation()
    assert set(provided) == {"svg", "plain"}
    assert [(engine.path, engine.source) for engine in viz.available_engines()] == [("ours", "provided")]
    assert version_of(viz.available_engines()[0]) == "a function in this process"


def test_what_a_layout_function_refuses_is_an_error_of_the_engine_with_the_text(provided):
    drawing = viz.draw(Variable(2.0, name="x") * 3.0)
    with pytest.raises(viz.EngineError, match="the layout engine ours failed: no png here") as caught:
        drawing.png()
    assert caught.value.dot == drawing.dot
    assert "image/svg+xml" in drawing._repr_mimebundle_()


def test_a_layout_function_that_gives_no_picture_is_named(monkeypatch):
    monkeypatch.setattr("viz.layout.engine._provided", [])
    provide_engine(lambda dot, kind: b"", "ours")
    with pytest.raises(viz.EngineError, match="the layout engine ours gave nothing when asked for SVG"):
        viz.draw(Variable(2.0) * 3.0).svg()


def test_an_engine_that_is_asked_for_goes_before_a_provided_one(provided):
    x = Variable(2.0, name="x") * 3.0
    viz.draw(x, engine="graphviz-pure").svg()
    assert provided == []
