"""The layout engines that are here, the parts of a picture, and the numbers in that of the lab network."""

from xml.etree import ElementTree

import pytest

import viz

SVG = "{http://www.w3.org/2000/svg}"
ENGINES = [pytest.param(engine.path, id=engine.source) for engine in viz.available_engines()]
VALUES = {
    "x": "2", "w₁": "−1", "b₁": "1", "z₁": "−2", "a₁": "−1", "h": "0", "w₂": "−2", "b₂": "1.5", "z₂": "0",
    "ŷ": "1.5", "y": "1", "r": "0.5", "ℓ": "0.25",
}  # fmt: skip
GRADIENTS = {
    "x": "0", "w₁": "0", "b₁": "0", "z₁": "0", "a₁": "0", "h": "−2", "w₂": "0", "b₂": "1", "z₂": "1",
    "ŷ": "1", "y": "−1", "r": "1", "ℓ": "1",
}  # fmt: skip
LOCAL_GRADIENTS = sorted(["2", "−1", "1", "1", "0", "0", "−2", "1", "1", "1", "2nd −1", "1"])


def parts(svg, css):
    """The groups of a class in an SVG."""
    root = ElementTree.fromstring(svg)
    return [group for group in root.iter(f"{SVG}g") if css in group.get("class", "").split()]


def texts(group):
    """The texts that a group shows, as pairs of text and height on the page, left to right."""
    found = [(text.text.strip(), float(text.get("y")), float(text.get("x"))) for text in group.iter(f"{SVG}text")]
    return [(text, height) for text, height, _ in sorted(found, key=lambda item: (item[1], item[2])) if text]
