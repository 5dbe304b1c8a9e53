"""An SVG that plays the sweep by itself: values appear operation by operation, then gradients, adding up; its frames.

It has style rules and no script, so that it also moves as an image, in a README or on a slide. For a viewer who asks
for less motion it stands still and shows everything.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from autograd.files import whole_file
from autograd.text import one_line
from viz.colours import DARK_STROKE, FORWARD, GRADIENT
from viz.layout.fitting import fit_texts
from viz.playing.steps import PAUSE, SweepStep
from viz.views.view import View
from viz.writing.svg import CLASS, NAMESPACE, parts_at_work, parts_of

__all__ = ["Frame", "animated", "frames_of"]


class Frame(NamedTuple):
    """One step of a picture: the arithmetic of it, and the picture then as SVG."""

    says: str
    svg: str

    def __repr__(self) -> str:
        return f"<Frame: {one_line(self.says)}>"

    def _repr_svg_(self) -> str:
        """The picture, by which a notebook shows it."""
        return self.svg

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to an SVG file, whole or not at all, and return the path. ValueError for another suffix."""
        target = Path(os.path.expanduser(path))
        if target.suffix.lower() != ".svg":
            raise ValueError(
                f'a frame is saved as .svg; got {target.suffix or target.name!r}. All are draw(y).save("film.gif")'
            )
        with whole_file(Path(os.path.realpath(target))) as file:
            file.write(self.svg.encode())
        return target


def animated(
    root: ElementTree.Element, view: View, steps: Sequence[SweepStep], seconds: float, *, dark: bool = False
) -> str:
    """The style rules that play the steps, so many seconds each; the texts they show are put into the SVG."""
    # Names of its own: another animation may be on the same page.
    picture = hashlib.sha256(ElementTree.tostring(root)).hexdigest()[:8]
    return _staged(root, view, steps, dark=dark).rules(seconds, len(steps) + 1 + PAUSE, f"at-{picture}-")


def frames_of(
    root: ElementTree.Element, view: View, steps: Sequence[SweepStep], *, dark: bool = False
) -> Iterator[ElementTree.Element]:
    """The picture before the first step, and after each."""
    timeline = _staged(root, view, steps, dark=dark)
    # A text without a number keeps its room.
    fit_texts(root)
    for place in range(len(steps) + 1):
        timeline.halt(place)
        yield deepcopy(root)


def _staged(root: ElementTree.Element, view: View, steps: Sequence[SweepStep], *, dark: bool) -> _Timeline:
    """The times of all that is not always seen, with what is seen for a while put into the SVG."""
    timeline = _Timeline()
    computed = {step.operation: place for place, step in enumerate(steps, 1) if step.phase == "forward"}
    sums: dict[int, list[tuple[int, str]]] = {}
    for place, step in enumerate(steps, 1):
        for position, shown, _ in step.gradients:
            sums.setdefault(position, []).append((place, shown))
    groups = parts_of(root, view.wires)
    for wire in view.wires:
        value = view.diagram.values[wire.value]
        for text in groups[wire.id].findall(f"{{{NAMESPACE}}}text"):
            if text.get("class") == "value" and value.producer in computed:
                timeline.show(text, computed[value.producer], None)
            elif text.get("class") == "gradient" and value.gradient is not None:
                _play_sums(groups[wire.id], text, sums.get(wire.value, []), timeline)
    at_work = parts_at_work(groups, view)
    for place, step in enumerate(steps, 1):
        if step.operation in at_work:
            colour = FORWARD if step.phase == "forward" else GRADIENT
            _mark(at_work[step.operation], place, DARK_STROKE[colour] if dark else colour, timeline)
    return timeline


class _Timeline:
    """The times at which elements are seen: from a step on, until before another if there is one."""

    def __init__(self) -> None:
        self.elements: dict[tuple[int, int | None], list[ElementTree.Element]] = {}

    def show(self, element: ElementTree.Element, start: int, stop: int | None) -> None:
        """Show an element from step `start` on, until before step `stop`."""
        self.elements.setdefault((start, stop), []).append(element)

    def halt(self, place: int) -> None:
        """Hide what is not seen at a step."""
        for (start, stop), elements in self.elements.items():
            seen = start <= place and (stop is None or place < stop)
            for element in elements:
                element.set("visibility", "visible" if seen else "hidden")

    def rules(self, seconds: float, length: int, prefix: str) -> str:
        """The style sheet that plays so many steps: elements with the same times share a rule."""
        rules = []
        names = {times: f"{prefix}{number}" for number, times in enumerate(self.elements)}
        for (start, stop), name in names.items():
            for element in self.elements[start, stop]:
                element.set("class", f"{element.get('class', '')} {name}".strip())
                if stop is not None:
                    # Where nothing is played, the last stage alone is seen.
                    element.set("visibility", "hidden")
            first, last = 100 * start / length, 100 * (stop or 0) / length
            frames = ["0%{visibility:hidden}"] if start else []
            frames.append(f"{first:.3f}%{{visibility:visible}}")
            if stop is not None:
                frames.append(f"{last:.3f}%{{visibility:hidden}}")
            frames.append(f"100%{{visibility:{'visible' if stop is None else 'hidden'}}}")
            rules.append(f"@keyframes {name}{{{''.join(frames)}}}")
            duration = f"{seconds * length:g}s"
            rules.append(f".{CLASS} .{name}{{animation:{name} {duration} step-end infinite}}")
        every = ",".join([f".{CLASS} .{name}" for name in names.values()])
        return "".join(rules) + (
            f"@media (prefers-reduced-motion:reduce){{{every}{{animation:none}}}}" if every else ""
        )


def _play_sums(
    group: ElementTree.Element, text: ElementTree.Element, sums: list[tuple[int, str]], timeline: _Timeline
) -> None:
    """Have a gradient read ?, then each partial sum, then the gradient."""
    place = list(group).index(text)
    changes = [(0, "?"), *sums]
    for number, (start, shown) in enumerate(changes):
        last = number == len(changes) - 1
        if last:
            timeline.show(text, start, None)
        elif start < changes[number + 1][0]:
            earlier = deepcopy(text)
            blanks = re.match(r"\s*", text.text or "")
            earlier.text = f"{blanks[0] if blanks else ''}{shown}"
            timeline.show(earlier, start, changes[number + 1][0])
            group.insert(place, earlier)


def _mark(group: ElementTree.Element, place: int, colour: str, timeline: _Timeline) -> None:
    """Have the outline of the part at work stand out for one step."""
    for tag in ("ellipse", "path", "polygon"):
        shape = group.find(f"{{{NAMESPACE}}}{tag}")
        if shape is not None:
            outline = deepcopy(shape)
            outline.attrib.update({"fill": "none", "stroke-width": "3"})
            outline.set("stroke", colour)
            timeline.show(outline, place, place + 1)
            group.append(outline)
            return
