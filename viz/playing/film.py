"""A GIF that plays the sweep, for places that show no SVG: put together with Pillow from two pictures of the engine.

A frame is the picture without the numbers that are computed, on which those that are known are shown as in the whole
picture, and a ring around the operation at work.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree

from viz.colours import DARK_STROKE, FORWARD, GRADIENT
from viz.errors import EngineError
from viz.layout.fitting import cell_of, shapes_of
from viz.layout.placing import Rectangle, bounds_of_group
from viz.metrics import width_of
from viz.playing.steps import PAUSE, SweepStep
from viz.views.view import View
from viz.writing.svg import NAMESPACE, parts_at_work, parts_of

__all__ = ["film_of"]

PIXELS = 2  # for a point, at 144 dots per inch
PALETTE_SIZE = 62
MOST_PIXELS = 400_000_000  # of all frames: a byte of memory each
RING = 6


class _Part(NamedTuple):
    """A part of the picture, in pixels, the step from which on it is shown, and whether its ground is too."""

    room: tuple[int, int, int, int]
    since: int
    complete: bool


class FilmStages(NamedTuple):
    """PNG pictures that differ in their inks alone: without numbers that are computed, without tints, and whole."""

    without_numbers: bytes
    without_tints: bytes
    whole: bytes


def film_of(
    stages: FilmStages,
    root: ElementTree.Element,
    view: View,
    steps: Sequence[SweepStep],
    seconds: float,
    *,
    tinted: bool,
    dark: bool,
) -> bytes:
    """The GIF of a picture, whose SVG has the places of its parts; each step takes so many seconds.

    tinted: whether grounds show a number; one that does is seen when all numbers on it are known.
    Raises ImportError, which names the extra to install, without Pillow, and ValueError for too many pixels.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise ImportError(
            "a GIF is put together with Pillow, which is not installed; pip install 'scalar-autograd[gif]'"
        ) from error
    wide, high = Image.open(io.BytesIO(stages.whole)).size
    if wide * high * (len(steps) + 1) > MOST_PIXELS:
        raise ValueError(
            f"a film of {len(steps) + 1} frames of {wide:,} by {high:,} pixels is too large; animation() has no such "
            "limit, and focus=node, radius=3 draws fewer"
        )
    # All frames have one palette, with the two colours of rings: parts that stay cost nothing.
    tall = Image.new("RGB", (wide, len(stages) * high))
    for place, picture in enumerate(stages):
        tall.paste(Image.open(io.BytesIO(picture)).convert("RGB"), (0, place * high))
    tall = tall.quantize(PALETTE_SIZE)
    first, plain, whole = [tall.crop((0, place * high, wide, (place + 1) * high)) for place in range(len(stages))]
    palette = [*(tall.getpalette() or []), *[0] * (3 * PALETTE_SIZE)][: 3 * PALETTE_SIZE]
    rings = {"forward": PALETTE_SIZE, "backward": PALETTE_SIZE + 1}
    for colour in (FORWARD, GRADIENT):
        palette += bytes.fromhex((DARK_STROKE[colour] if dark else colour)[1:])
    stage = _Stage(root, view, steps, tinted=tinted)
    frames = []
    shown = first.copy()
    for number in range(len(steps) + 1):
        for part in stage.parts:
            if number == part.since:
                shown.paste((whole if part.complete else plain).crop(part.room), part.room)
        frame = shown.copy()
        frame.putpalette(palette)
        if number > 0:
            stage.ring(ImageDraw.Draw(frame), steps[number - 1], rings)
        frames.append(frame)
    duration = round(1000 * seconds)
    film = io.BytesIO()
    durations = [duration] * len(steps) + [PAUSE * duration]
    frames[0].save(film, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=False)
    return film.getvalue()


class _Stage:
    """The places of numbers and operations in the picture, and the steps at which numbers are first seen."""

    def __init__(self, root: ElementTree.Element, view: View, steps: Sequence[SweepStep], *, tinted: bool) -> None:
        self.groups = parts_of(root, view.wires)
        graph = root.find(f"{{{NAMESPACE}}}g")
        shift = re.search(r"translate\(([-\d.]+)[ ,]([-\d.]+)\)", "" if graph is None else graph.get("transform", ""))
        if shift is None:
            raise EngineError("the layout engine gave an SVG that does not say where its middle is")
        self.left, self.top = float(shift[1]), float(shift[2])
        self.at_work = parts_at_work(self.groups, view)
        computed = {step.operation: place for place, step in enumerate(steps, 1) if step.phase == "forward"}
        known: dict[int, int] = {}
        for place, step in enumerate(steps, 1):
            known.update({position: place for position, _, complete in step.gradients if complete})
        self.parts = []
        for wire in view.wires:
            value = view.diagram.values[wire.value]
            since = {"value": computed.get(value.producer, 0), "gradient": known.get(wire.value, 0)}
            for text, room in _numbers(self.groups[wire.id]):
                self.parts.append(_Part(self.pixels(room), since.get(text.get("class", ""), 0), not tinted))
            alarming = not math.isfinite(value.number) or not math.isfinite(value.gradient or 0.0)
            if tinted or alarming:
                last = max(since.values())
                self.parts.append(_Part(self.pixels(bounds_of_group(self.groups[wire.id])), last, complete=True))

    def pixels(self, room: Rectangle) -> tuple[int, int, int, int]:
        """The rectangle in pixels of the picture."""
        left, top = PIXELS * (room.left + self.left), PIXELS * (room.top + self.top)
        right, bottom = PIXELS * (room.right + self.left), PIXELS * (room.bottom + self.top)
        return round(left), round(top), round(right), round(bottom)

    def ring(self, pen: Any, step: SweepStep, colours: Mapping[str, int]) -> None:
        """Draw a ring around the operation at work in a step, in the colour of its phase."""
        if step.operation not in self.at_work:
            return
        group = self.at_work[step.operation]
        colour = colours[step.phase]
        left, top, right, bottom = bounds_of_group(group)
        # On the border, half of which is outside of the form.
        room = self.pixels(Rectangle(left - 1.2, top - 1.2, right + 1.2, bottom + 1.2))
        if group.find(f"{{{NAMESPACE}}}ellipse") is not None:
            pen.ellipse(room, outline=colour, width=RING)
        else:
            pen.rounded_rectangle(room, radius=10 * PIXELS, outline=colour, width=RING)


def _numbers(group: ElementTree.Element) -> Iterator[tuple[ElementTree.Element, Rectangle]]:
    """The numbers in the rows of a node, each with its bounds.

    In any font, a number ends its row as far from the middle of its cell as the row begins.
    """
    shapes = shapes_of(group)
    begins: dict[tuple[str, Rectangle], float] = {}
    for text in group.iter(f"{{{NAMESPACE}}}text"):
        size, x, y = [float(text.get(name, "0")) for name in ("font-size", "x", "y")]
        cell = cell_of(text, shapes)
        if cell is None:
            continue
        begin = begins.setdefault((text.get("y", ""), cell), x)
        if text.get("class"):
            shown = text.text or ""
            left = x + width_of(shown[: len(shown) - len(shown.lstrip())], size) - 3.0
            right = cell.left + cell.right - begin + 3.0
            yield text, Rectangle(left, y - 0.95 * size, right, y + 0.3 * size)
