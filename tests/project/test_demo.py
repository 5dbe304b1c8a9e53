"""The demo runs, says what it did, leaves its pictures, and fails with a message and a status."""

import builtins
import sys

import pytest

from examples import demo, lab_network, two_moons

PNG = b"\x89PNG\r\n\x1a\n"
PICTURES = {
    "lab-alive.svg", "lab-alive.png", "lab-white-box.svg", "lab-white-box.png", "lab-black-box.svg",
    "lab-black-box.png", "two-moons-boundary.png", "two-moons-learning.png",
}  # fmt: skip


@pytest.fixture
def without(monkeypatch):
    """Make a package impossible to import."""

    def hide(package):
        original = builtins.__import__

        def guarded(name, *rest, **options):
            if name.partition(".")[0] == package:
                raise ImportError(f"No module named {name!r}")
            return original(name, *rest, **options)

        monkeypatch.setattr(builtins, "__import__", guarded)

    return hide


def test_the_demo_saves_every_picture_and_says_where(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(two_moons, "RESOLUTION", 12)
    output = tmp_path / "new" / "pictures"
    assert demo.main(["--output", str(output), "--epochs", "2"]) == 0
    assert {path.name for path in output.iterdir()} == PICTURES
    printed = capsys.readouterr().out
    for path in output.iterdir():
        assert str(path.resolve()) in printed
        content = path.read_bytes()
        assert content.startswith(PNG) if path.suffix == ".png" else b"</svg>" in content
    assert "gradcheck: the gradients agree" in printed


def test_the_demo_draws_boxes_open_and_closed(tmp_path):
    demo.draw_lab_network(tmp_path)
    opened, closed = [(tmp_path / f"lab-{name}-box.svg").read_text() for name in ("white", "black")]
    for name in ("Affine₁", "ReLU", "Affine₂", "SquaredLoss"):
        assert name in opened
        assert name in closed
    assert ">max<" in opened.replace(" ", "")
    assert ">max<" not in closed.replace(" ", "")


def test_a_failing_demo_has_a_status_and_names_what_failed(tmp_path, capsys):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    assert demo.main(["--output", str(in_the_way)]) == 1
    assert "demo: preparing failed: FileExistsError" in capsys.readouterr().err


def test_without_matplotlib_the_demo_says_what_to_install(tmp_path, capsys, without):
    without("matplotlib")
    assert demo.main(["--output", str(tmp_path), "--epochs", "1"]) == 1
    said = capsys.readouterr().err
    assert "drawn with matplotlib, which is not installed; pip install 'scalar-autograd[plot]'" in said


def test_without_tqdm_a_terminal_gets_lines_and_a_hint(capsys, without, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    without("tqdm")
    two_moons.train(epochs=1)
    printed = capsys.readouterr().out
    assert "tqdm is not installed; pip install 'scalar-autograd[plot]'" in printed
    assert "epoch 1 of 1   loss" in printed


def test_epochs_are_a_positive_number(capsys):
    with pytest.raises(SystemExit) as stopped:
        demo.main(["--epochs", "0"])
    assert stopped.value.code != 0
    assert "must be 1 or more, got 0" in capsys.readouterr().err


def test_the_table_shows_values_gradients_and_local_gradients():
    lines = lab_network.table(lab_network.build()).splitlines()
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert rows["w1"] == "−1 0"
    assert rows["z1"] == "w1 × x −2 0 ∂z1/∂w1 = 2 ∂z1/∂x = −1"
    assert rows["h"] == "max(a1, 0) 0 −2 ∂h/∂a1 = 0"
    assert rows["r"] == "y_hat − y 0.5 1 ∂r/∂y_hat = 1 ∂r/∂y = −1"
    assert rows["l"] == "r² 0.25 1 ∂l/∂r = 1"
