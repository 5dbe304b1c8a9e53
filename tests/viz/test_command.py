"""`python -m viz`: models drawn from files, errors that say what is wrong, and nothing in a file that is run."""

import json
import os
import subprocess
import sys
import tracemalloc

import pytest

from layers import Affine, Dense, Sequential
from viz.__main__ import main


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.json"
    path.write_text(json.dumps(Sequential(Dense(2, 2, "relu"), Dense(2, 1), seed=0).to_dict()))
    return path


def test_a_model_file_is_drawn_for_its_inputs(model, capsys):
    assert main([str(model), "--input", "1", "-2"]) == 0
    printed = capsys.readouterr().out
    assert "x[0] = 1" in printed
    assert "x[1] = −2" in printed
    assert "in dense_1" in printed


def test_options_are_those_of_draw(model, tmp_path, capsys):
    target = tmp_path / "net.svg"
    options = ["--expand", "1", "--style", "cards", "--color-by", "value", "--theme", "dark", "--title", "My net"]
    assert main([str(model), "--input", "1", "-2", "--output", str(target), *options]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    svg = target.read_text(encoding="utf-8")
    assert "<title>My net</title>" in svg
    assert "dense_0" in svg
    assert "computation dark" in svg


def test_weights_are_loaded_from_a_file(model, tmp_path, capsys):
    trained = Sequential(Dense(2, 2, "relu"), Dense(2, 1), seed=0)
    for weight in trained.parameters():
        weight.value = 0.25
    trained.save(tmp_path / "weights.npz")
    assert main([str(model), "--input", "1", "-2", "--weights", str(tmp_path / "weights.npz")]) == 0
    assert "dense_1.weight[0,0] = 0.25" in capsys.readouterr().out


def test_a_layer_of_several_inputs_takes_an_option_for_each(tmp_path, capsys):
    path = tmp_path / "affine.json"
    path.write_text(json.dumps(Affine().to_dict()))
    assert main([str(path), "--input", "1", "--input", "2", "--input", "5"]) == 0
    assert capsys.readouterr().out.startswith("a = 7  ∂ 1   + in Affine")


def test_without_a_model_the_command_says_what_it_takes(capsys):
    assert main([]) == 0
    assert "usage: python -m viz" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (None, ["--input", "1"], "No such file or directory"),
        ("not json", ["--input", "1"], "is no JSON, which describes a model here"),
        ("[" * 100_000, ["--input", "1"], "is no JSON, which describes a model here"),
        ("\udcff".encode(errors="surrogateescape"), ["--input", "1"], "is no JSON"),
        ('{"type": "dense", "n_in": 1, "n_out": 1}', [], "is drawn for inputs: --input 1 -2"),
        ('{"type": "sequental", "layers": []}', ["--input", "1"], "did you mean sequential?"),
        ('{"type": "os.system"}', ["--input", "1"], "no layer is called 'os.system'"),
        ('{"layers": []}', ["--input", "1"], "has no 'type'"),
        ('{"type": "dense", "n_in": 2, "n_out": 1}', ["--input", "1", "2", "3"], "3"),
        ('{"type": "relu"}', ["--input", "1", "--weights", "w.npz"], "a ReLU has no weights to load from w.npz"),
        ('{"type": "relu"}', ["--input", "1", "--output", "x.jpg"], "the suffix names the format"),
        ('{"type": "relu"}', ["--input", "1", "--expand", "Affine"], "no layer is called 'Affine'; layers: ReLU"),
        ('{"type": "relu"}', ["--input", "1", "--max-nodes", "0"], "max_nodes is a number of values, 1 or more; got 0"),
        ('{"type": "relu"}', ["--input", "1", "--output", "x.svg", "--engine", "no-dot"], "which is no program here"),
    ],
)  # fmt: skip
def test_what_can_not_be_drawn_is_a_line_on_the_error_output(content, arguments, message, tmp_path, capsys):
    path = tmp_path / "model.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main([str(path), *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("python -m viz: ")
    assert message in captured.err
    assert "Traceback" not in captured.err


@pytest.mark.parametrize("arguments", [["--input", "__import__('os')"], ["--style", "boxes"], ["--theme", "blue"]])
def test_what_the_command_line_can_not_say_is_refused_with_its_usage(model, arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([str(model), *arguments])
    assert stopped.value.code == 2
    assert "python -m viz: error: argument --" in capsys.readouterr().err


def test_a_python_file_is_not_run(tmp_path):
    script = tmp_path / "model.py"
    script.write_text("open('was-run', 'w')")
    result = subprocess.run(
        [sys.executable, "-m", "viz", str(script), "--input", "1"],
        capture_output=True, text=True, cwd=tmp_path, check=False, env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert result.returncode == 1
    assert "is no JSON" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["model.py"]


BIG = {
    "one layer": {"type": "dense", "n_in": 2, "n_out": 10_000_000},
    "a size that the input decides": {"type": "sequential", "layers": [
        {"type": "fully_connected", "n_out": 1_000}, {"type": "fully_connected", "n_out": 1_000_000}]},
    "tokens": {"type": "embedding", "n_tokens": 10**9, "n_out": 10**9},
    "single neurons": {"type": "neuron_layer", "n_in": 10**12, "n_out": 2},
    "operations": {"type": "sequential", "layers": [{"type": "dense", "n_in": 2, "n_out": 1_000}] + ["relu"] * 1_000},
}  # fmt: skip


@pytest.mark.parametrize("description", BIG.values(), ids=BIG)
def test_a_few_bytes_can_not_ask_for_any_number_of_numbers(description, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("viz.__main__.MOST_NUMBERS", 20_000)
    path = tmp_path / "model.json"
    path.write_text(json.dumps(description))
    tracemalloc.start()
    try:
        assert main([str(path), "--input", "1", "2"]) == 1
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()
    assert "this model has more than 20,000 numbers, parameters and values together" in capsys.readouterr().err


def test_memory_that_runs_out_is_a_line_on_the_error_output(model, monkeypatch, capsys):
    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr("viz.__main__.draw", full)
    assert main([str(model), "--input", "1", "-2"]) == 1
    assert capsys.readouterr().err == "python -m viz: MemoryError\n"


HOSTILE = "\x1b]0;x\x07\x9b2J\r\n\u202e"


@pytest.mark.parametrize(
    "description",
    [
        {"type": HOSTILE}, {"type": "dense", "n_in": 2, "n_out": HOSTILE, "name": HOSTILE},
        {"type": "relu", HOSTILE: 1}, {"type": "dense", "n_in": 3, "n_out": 1, "name": HOSTILE},
        {"type": "sequential", "name": HOSTILE, "layers": [{"type": "relu", "name": HOSTILE + "."}]},
        {"type": "leaky_relu", "slope": 10**400}, {"type": "leaky_relu", "slope": 10**400, "name": HOSTILE},
        {"type": "huber", "delta": 10**400}, {"type": "layer_norm", "epsilon": -(10**400)},
    ],
)  # fmt: skip
def test_an_error_says_nothing_to_the_terminal(description, tmp_path, capsys):
    path = tmp_path / "model.json"
    path.write_text(json.dumps(description))
    assert main([str(path), "--input", "1", "2"]) == 1
    captured = capsys.readouterr().err
    assert captured.startswith("python -m viz: ") and captured.endswith("\n")
    assert captured[:-1].isprintable()


@pytest.mark.parametrize("arguments", [["model.json", "\x1b[2J", "b"], ["--nothing\x9b2J"], ["--style", "\x1b[2J"]])
def test_a_usage_error_says_nothing_to_the_terminal(arguments, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert capsys.readouterr().err.replace("\n", "").isprintable()


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no device without an end here")
def test_a_description_without_an_end_is_no_wait(capsys, monkeypatch):
    monkeypatch.setattr("viz.__main__.MOST_CHARACTERS", 1_000)
    assert main(["/dev/zero", "--input", "1"]) == 1
    assert "longer than 1,000 characters" in capsys.readouterr().err


def test_an_output_without_the_characters_of_a_tree_gets_their_escapes(model):
    result = subprocess.run(
        [sys.executable, "-m", "viz", str(model), "--input", "1", "-2"],
        capture_output=True, check=True,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path), "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert rb"\u2514\u2500" in result.stdout and b"x[1] = \\u22122" in result.stdout
    assert result.stderr == b""


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe that is closed is another error on Windows")
def test_a_reader_that_has_seen_enough_is_no_error(model):
    command = [sys.executable, "-m", "viz", str(model), "--input", "1", "2"]
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as drawn:
            drawn.stdout.close()
            assert drawn.stderr.read() == b""
            assert drawn.wait() == 1
