"""An engine's SVG finished: described for readers who can't see it, and dark on a dark page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree

from viz.colours import DARK_FILL, DARK_STROKE, GROUND
from viz.errors import EngineError
from viz.views.view import View, Wire

__all__ = ["NAMESPACE", "as_text", "dark_rules", "described_svg", "finished_svg", "parts_at_work", "parts_of"]

NAMESPACE = "http://www.w3.org/2000/svg"
LINKS = "http://www.w3.org/1999/xlink"
CLASS = "computation"


def finished_svg(
    root: ElementTree.Element, title: str, description: str, theme: str, rules: str = "", scale: float = 1.0
) -> str:
    """The tree as SVG text, `scale` times as large, with a title, a description, a theme's style sheet, more rules."""
    for name in ("width", "height") if scale != 1.0 else ():
        root.set(name, f"{scale * float(root.get(name, '0').removesuffix('pt')):.2f}pt")
    root.attrib.update({"class": f"{CLASS} {theme}", "role": "img", "aria-label": title})
    rules = style(theme) + rules
    for place, (tag, text) in enumerate((("title", title), ("desc", description), ("style", rules))):
        if text:
            element = ElementTree.Element(f"{{{NAMESPACE}}}{tag}")
            element.text = text
            element.tail = "\n"
            root.insert(place, element)
    return as_text(root)


def described_svg(picture: bytes) -> ElementTree.Element:
    """The SVG as a tree: tooltips are titles, ids are `data-id`, and the texts of a wire have classes.

    It has no ids, because two drawings may be on one page.
    """
    try:
        root = ElementTree.fromstring(picture)
    except ElementTree.ParseError as error:
        raise EngineError(f"the layout engine gave an SVG that can't be read: {error}") from error
    if root.tag != f"{{{NAMESPACE}}}svg":
        raise EngineError(f"the layout engine gave <{root.tag:.60}> when asked for SVG")
    for group in list(root.iter(f"{{{NAMESPACE}}}g")):
        _describe(group)
        _mark_texts(group)
        id = group.attrib.pop("id", None)
        if id is not None and group.get("class") != "graph":
            group.set("data-id", id)
    for graph in root.findall(f"{{{NAMESPACE}}}g"):
        _order_layers(graph)
        _raise_titles(graph)
    return root


def parts_of(root: ElementTree.Element, wires: Iterable[Wire]) -> dict[str, ElementTree.Element]:
    """The parts of an SVG by their ids. Raises EngineError if there is none for one of the wires."""
    parts = {group.get("data-id", ""): group for group in root.iter(f"{{{NAMESPACE}}}g")}
    missing = [wire.id for wire in wires if wire.id not in parts]
    if missing:
        raise EngineError(f"the layout engine gave an SVG without {', '.join(missing[:3])}")
    return parts


def parts_at_work(parts: Mapping[str, ElementTree.Element], view: View) -> dict[int, ElementTree.Element]:
    """For each operation the part of an SVG that shows it: its block, or the card of its result."""
    results = {link.source: link.target for link in view.outward}
    found: dict[int, ElementTree.Element] = {}
    for block in view.blocks:
        part = parts.get(block.id, parts.get(results.get(block.id, "")))
        if part is not None:
            found.update(dict.fromkeys(block.members, part))
    return found


def as_text(root: ElementTree.Element) -> str:
    """The tree as SVG text."""
    ElementTree.register_namespace("", NAMESPACE)
    ElementTree.register_namespace("xlink", LINKS)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _order_layers(graph: ElementTree.Element) -> None:
    """Put open layers in the order of computation, outer ones below inner ones: some engines shuffle them."""
    places = [place for place, child in enumerate(graph) if "layer" in child.get("class", "").split()]
    layers = sorted([graph[place] for place in places], key=lambda layer: int(layer.get("data-id", "b0")[1:]))
    for place, layer in zip(places, layers, strict=True):
        layer.tail = "\n"
        graph[place] = layer


def _raise_titles(graph: ElementTree.Element) -> None:
    """Put the names of open layers on top of the lines that pass them; a click goes to the element below them."""
    titles = ElementTree.Element(f"{{{NAMESPACE}}}g", {"class": "title", "pointer-events": "none"})
    titles.tail = "\n"
    for layer in graph.findall(f"{{{NAMESPACE}}}g"):
        if "layer" in layer.get("class", "").split():
            for text in layer.findall(f"{{{NAMESPACE}}}text"):
                layer.remove(text)
                titles.append(text)
    if len(titles):
        graph.append(titles)


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


def _mark_texts(group: ElementTree.Element) -> None:
    """Give the numbers in a wire a class: the bold one is the value, and after that and its sign comes the gradient."""
    if "wire" not in group.get("class", "").split():
        return
    since_value: int | None = None
    for text in group.iter(f"{{{NAMESPACE}}}text"):
        if text.get("font-weight") == "bold":
            text.set("class", "value")
            since_value = 0
        elif since_value is not None and (text.text or "").strip():
            if since_value:
                text.set("class", "gradient")
            since_value += 1


def style(theme: str = "auto") -> str:
    """The style sheet of a theme: pictures of "light" and "dark" are painted so, and have none.

    It is for pictures of this theme alone: others may be on the same page.
    """
    return f"@media (prefers-color-scheme:dark){{{dark_rules(f'.{CLASS}.{theme}')}}}" if theme == "auto" else ""


def dark_rules(picture: str) -> str:
    """Rules that make the pictures that this selector finds dark, chosen by the colour that is there."""
    rules = []
    for attribute, colours in (("fill", DARK_FILL), ("stroke", DARK_STROKE)):
        for light, dark in colours.items():
            rules.append(f'{picture} [{attribute}="{light}" i]{{{attribute}:{dark}}}')
    # The name on a closed box is as light as the page, and stays so against it.
    for kind in ("box", "function"):
        text = f"{picture} .{kind} text"
        rules.append(f'{text}[fill="{GROUND}" i],{text}[fill="white" i]{{fill:#16191d}}')
    return "".join(rules)
