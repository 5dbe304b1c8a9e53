"""An engine's SVG made fit to be shown: described for readers who can't see it, and dark where the page is."""

from __future__ import annotations

from xml.etree import ElementTree

from viz import dot
from viz.errors import EngineError

__all__ = ["finished_svg"]

NAMESPACE = "http://www.w3.org/2000/svg"
LINKS = "http://www.w3.org/1999/xlink"
CLASS = "computation"

# What each colour of `dot` becomes on a dark page. A colour that is used both on lines and as a ground differs.
DARK_FILL = {
    dot.INK: "#e8e8e8", "black": "#e8e8e8", dot.FORWARD: "#56b4e9", dot.GRADIENT: "#ffa552", dot.MUTED: "#a8a8a8",
    dot.LINE: "#b4b4b4", dot.GROUND: "#16191d", "white": "#16191d", dot.PALE: "#282c31", dot.OPEN: "#1e252e",
    dot.CLOSED: "#c9d4e2",
}  # fmt: skip
DARK_STROKE = {
    dot.INK: "#e8e8e8", "black": "#e8e8e8", dot.LINE: "#b4b4b4", dot.OPEN_EDGE: "#5d6b7a", dot.CLOSED: "#c9d4e2",
}  # fmt: skip


def finished_svg(picture: bytes, title: str, description: str) -> str:
    """The SVG with a title and description, tooltips as titles, and a dark mode."""
    try:
        root = ElementTree.fromstring(picture)
    except ElementTree.ParseError as error:
        raise EngineError(f"the layout engine gave an SVG that can't be read: {error}") from error
    if root.tag != f"{{{NAMESPACE}}}svg":
        raise EngineError(f"the layout engine gave <{root.tag:.60}> when asked for SVG")
    for group in list(root.iter(f"{{{NAMESPACE}}}g")):
        _describe(group)
    labels = {"class": CLASS, "role": "img", "aria-label": title}
    root.attrib.update(labels)
    for place, (tag, text) in enumerate((("title", title), ("desc", description), ("style", style()))):
        element = ElementTree.Element(f"{{{NAMESPACE}}}{tag}")
        element.text = text
        element.tail = "\n"
        root.insert(place, element)
    ElementTree.register_namespace("", NAMESPACE)
    ElementTree.register_namespace("xlink", LINKS)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _describe(group: ElementTree.Element) -> None:
    """Replace the engine's title of a part, an id, by its tooltip, and take its tooltip's link apart."""
    title = group.find(f"{{{NAMESPACE}}}title")
    tooltip = ""
    for place, child in reversed(list(enumerate(group))):
        anchor = child.find(f"{{{NAMESPACE}}}a") if child.tag == f"{{{NAMESPACE}}}g" else None
        if anchor is not None and str(child.get("id", "")).startswith("a_"):
            tooltip = anchor.get(f"{{{LINKS}}}title", "").strip() or tooltip
            group[place : place + 1] = list(anchor)
    if title is None:
        return
    if tooltip and group.get("class") != "graph":
        title.text = tooltip
    else:
        group.remove(title)


def style() -> str:
    """The style sheet: colours for a dark page, chosen by the colour that is there."""
    rules = []
    for attribute, colours in (("fill", DARK_FILL), ("stroke", DARK_STROKE)):
        for light, dark in colours.items():
            rules.append(f'.{CLASS} [{attribute}="{light}" i]{{{attribute}:{dark}}}')
    # Texts without a colour are black by default, which no attribute tells.
    rules.append(f".{CLASS} text:not([fill]){{fill:#e8e8e8}}")
    # The name on a closed box is as light as the page, and stays so against it.
    rules.append(f'.{CLASS} .box text[fill="{dot.GROUND}" i],.{CLASS} .box text[fill="white" i]{{fill:#16191d}}')
    return "@media (prefers-color-scheme:dark){" + "".join(rules) + "}"
