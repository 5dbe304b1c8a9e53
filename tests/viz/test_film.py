"""The GIF of a sweep: what each frame shows, how long, and what is said without Pillow."""

import builtins
import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

import viz
from autograd import Variable, jit
from examples import lab_network
from tests.tables.pictures import ENGINES

FORWARD, GRADIENT = (0, 114, 178), (213, 94, 0)


def frames(film):
    with Image.open(io.BytesIO(film)) as image:
        assert image.info["loop"] == 0
        return [(np.array(frame.convert("RGB")), frame.info["duration"]) for frame in ImageSequence.Iterator(image)]


def amount(picture, colour):
    return int((picture == np.array(colour)).all(axis=2).sum())


def product():
    x = Variable(3.0, name="x")
    y = x * 2.0 + x * 5.0
    y.backward()
    return y


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("style", ["wires", "cards", "records"])
@pytest.mark.parametrize("expand", ["all", "none"])
def test_there_is_a_frame_for_the_inputs_and_each_step_and_the_last_stands(style, expand, engine):
    film = viz.draw(lab_network.build(), style=style, expand=expand, engine=engine).gif(0.5)
    assert film.startswith(b"GIF89a")
    assert len(film) < 250_000
    shown = frames(film)
    # 7 operations forward, the start, 7 backward. Frames that look the same are one, shown longer.
    assert sum(duration for _, duration in shown) == (15 + 4) * 500
    assert len(shown) <= 16
    assert len({picture.shape for picture, _ in shown}) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_the_last_frame_is_the_picture_but_for_the_ring_around_what_worked_last(engine):
    drawing = viz.draw(lab_network.build(), engine=engine)
    whole = np.array(Image.open(io.BytesIO(drawing.png())).convert("RGB")).astype(int)
    last = frames(drawing.gif())[-1][0].astype(int)
    # Letters smoothed for screens have more colours than a GIF.
    differing = (abs(last - whole) > 70).any(axis=2)
    rows, columns = np.nonzero(differing)
    # The first product's circle is 30 points wide, and the ring 6 pixels.
    assert rows.max() - rows.min() <= 2 * 30 + 12
    assert columns.max() - columns.min() <= 2 * 30 + 12


@pytest.mark.parametrize("engine", ENGINES)
def test_values_are_seen_as_they_are_computed_and_gradients_once_they_are_complete(engine):
    shown = [picture for picture, _ in frames(viz.draw(product(), engine=engine).gif())]
    assert len(shown) == 8  # inputs; forward ×, ×, +; the start; backward +, the second ×, the first ×
    blue, orange = ([amount(picture, colour) for picture in shown] for colour in (FORWARD, GRADIENT))
    # Rings are blue in the three steps forward; the three values stay. Rings are orange in the three steps backward.
    assert blue[0] < blue[4] < min(blue[1:4])
    assert blue[4] == blue[5] == blue[6] == blue[7]
    assert orange[0] == orange[1] == orange[2] == orange[3] < orange[4] < min(orange[5:])
    # Between the last two steps, with rings of one size, only x's gradient comes in: both its terms are there.
    changed = (shown[6] != shown[7]).any(axis=2) & (shown[7] == np.array(GRADIENT)).all(axis=2)
    assert changed.sum() > 20


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("style", ["wires", "cards", "records"])
def test_grounds_keep_their_colours(style, engine):
    for picture, _ in frames(viz.draw(lab_network.build(), style=style, engine=engine).gif()):
        assert tuple(picture[2, 2]) == (255, 255, 255)
        assert amount(picture, (243, 246, 250)) > 60_000


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("style", ["wires", "cards", "records"])
def test_numbers_that_are_not_known_yet_leave_nothing_behind(style, engine):
    # The first frame of a sum shows its operands alone, and no rest of other numbers or of what covers them.
    first = frames(viz.draw(product(), style=style, engine=engine).gif())[0][0].astype(int)
    last = frames(viz.draw(product(), style=style, engine=engine).gif())[-1][0].astype(int)
    grey = (abs(first - first.mean(axis=2, keepdims=True)).max(axis=2) < 8) & (first[:, :, 0] > 120)
    grey &= (first[:, :, 0] < 235) & ((last == 255).all(axis=2) | (abs(last - 244) < 2).all(axis=2))
    assert grey.sum() == 0


def test_programs_and_what_was_not_swept_are_filmed_too(tmp_path):
    compiled = jit(lambda x: x * x if x > 1.0 else x)
    assert len(frames(viz.draw(compiled, 3.0).gif())) >= 3
    assert len(frames(viz.draw(compiled.paths[0].program).gif())) == 1
    assert len(frames(viz.draw(Variable(2.0) * 3.0).gif())) == 2
    path = viz.draw(product()).save(tmp_path / "sweep.gif")
    assert path.read_bytes() == viz.draw(product()).gif(0.8)


def test_without_pillow_the_error_says_what_to_install_and_nothing_is_written(tmp_path, monkeypatch):
    original = builtins.__import__

    def guarded(name, *rest, **options):
        if name.partition(".")[0] == "PIL":
            raise ImportError(name)
        return original(name, *rest, **options)

    drawing = viz.draw(product())
    monkeypatch.setattr(builtins, "__import__", guarded)
    with pytest.raises(
        ImportError, match=r"put together with Pillow, which is not .* pip install 'scalar-autograd\[gif\]'"
    ):
        drawing.save(tmp_path / "sweep.gif")
    assert list(tmp_path.iterdir()) == []


def test_too_long_and_impossible_films_are_refused():
    y = Variable(1.0)
    for _ in range(201):
        y = y * 1.0
    with pytest.raises(ValueError, match="at most 200 operations, this picture 201"):
        viz.draw(y).gif()
    with pytest.raises(ValueError, match="seconds is the time of a step, above 0; got 0"):
        viz.draw(product()).gif(0)


def test_a_film_too_large_for_memory_is_refused(monkeypatch):
    monkeypatch.setattr("viz.playing.film.MOST_PIXELS", 100_000)
    with pytest.raises(
        ValueError, match=r"a film of 8 frames of \d+ by \d+ pixels is too large; animation\(\) has no such"
    ):
        viz.draw(product()).gif()


def test_an_engine_that_paints_garbage_is_named(tmp_path):
    engine = tmp_path / "engine"
    drawing = viz.draw(product(), engine=engine)
    empty = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
    for behaviour, message in (
        (f"echo '{empty}'", "gave something that is no PNG"),
        (f"case $1 in *png) exec {viz.find_engine().path} $*;; esac; echo '{empty}'", "gave an SVG without v0, v1, v2"),
    ):
        engine.write_text(f"#!/bin/sh\n{behaviour}\n")
        engine.chmod(0o755)
        with pytest.raises(viz.EngineError, match=message) as raised:
            drawing.gif()
        assert raised.value.dot == drawing.dot
    with pytest.raises(viz.EngineError, match="gave an SVG without v0, v1, v2"):
        drawing.animation()
