"""A GIF that plays the sweep, for places that show no SVG: put together with Pillow from one picture of the engine.

A frame is the whole picture with the numbers covered that are not known yet, and a ring around the operation at work.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree

from viz.colours import FORWARD, GRADIENT
from viz.errors import EngineError
from viz.layout.fitting import cell_of, shapes_of
from viz.layout.metrics import width_of
from viz.layout.placing import Rectangle, bounds_of_group
from viz.playing.steps import PAUSE, SweepStep
from viz.views.view import View
from viz.writing.svg import NAMESPACE, parts_at_work, parts_of

__all__ = ["film_of"]

PIXELS = 2  # for a point, at 144 dots per inch
PALETTE_SIZE = 62
MOST_PIXELS = 400_000_000  # of all frames: a byte of memory each
RING = 6


class _Cover(NamedTuple):
    """The cover of a number until its step, in pixels.

    ground: a pixel that has the colour of the number's ground.
    """

    room: tuple[int, int, int, int]
    ground: tuple[int, int]
    until: int


def film_of(picture: bytes, root: ElementTree.Element, view: View, steps: Sequence[SweepStep], seconds: float) -> bytes:
    """The GIF of a PNG picture, whose SVG has the places of its parts; each step takes so many seconds.

    Raises ImportError, which names the extra to install, without Pillow, and ValueError for too many pixels.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise ImportError(
            "a GIF is put together with Pillow, which is not installed; pip install 'scalar-autograd[gif]'"
        ) from error
    wide, high = Image.open(io.BytesIO(picture)).size
    if wide * high * (len(steps) + 1) > MOST_PIXELS:
        raise ValueError(
            f"a film of {len(steps) + 1} frames of {wide:,} by {high:,} pixels is too large; animation() has no such "
            "limit, and focus=node, radius=3 draws fewer"
        )
    # All frames have the palette of the whole picture and the two colours of rings: parts that stay cost nothing.
    whole = Image.open(io.BytesIO(picture)).convert("RGB").quantize(PALETTE_SIZE)
    palette = [*(whole.getpalette() or []), *[0] * (3 * PALETTE_SIZE)][: 3 * PALETTE_SIZE]
    rings = {"forward": PALETTE_SIZE, "backward": PALETTE_SIZE + 1}
    whole.putpalette([*palette, *bytes.fromhex(FORWARD[1:]), *bytes.fromhex(GRADIENT[1:])])
    stage = _Stage(root, view, steps)
    frames = []
    for number in range(len(steps) + 1):
        frame = whole.copy()
        pen = ImageDraw.Draw(frame)
        for cover in stage.covers:
            if number < cover.until:
                pen.rectangle(cover.room, fill=frame.getpixel(cover.ground))
        if number > 0:
            stage.ring(pen, steps[number - 1], rings)
        frames.append(frame)
    duration = round(1000 * seconds)
    film = io.BytesIO()
    durations = [duration] * len(steps) + [PAUSE * duration]
    frames[0].save(film, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=False)
    return film.getvalue()


class _Stage:
    """The places of numbers and operations in the picture, and the steps at which numbers are first seen."""

    def __init__(self, root: ElementTree.Element, view: View, steps: Sequence[SweepStep]) -> None:
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
        self.covers = []
        for wire in view.wires:
            value = view.diagram.values[wire.value]
            until = {"value": computed.get(value.producer, 0), "gradient": known.get(wire.value, 0)}
            for text, room in _numbers(self.groups[wire.id]):
                part = text.get("class", "")
                if until.get(part, 0):
                    left, top, right, bottom = self.pixels(room)
                    # The corner that is away from the rule: a value stands above it, a gradient below.
                    ground = (left, top if part == "value" else bottom)
                    self.covers.append(_Cover((left, top, right, bottom), ground, until[part]))

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
            left = x + width_of(shown[: len(shown) - len(shown.lstrip())], size) - 1.0
            right = cell.left + cell.right - begin + 1.0
            yield text, Rectangle(left, y - 0.78 * size, right, y + 0.1 * size)
