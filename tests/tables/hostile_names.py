"""Names made to break a picture, and what a picture consists of whatever its names are."""

import random
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import viz
from autograd import Variable, scope
from viz.labels import pretty

HOSTILE = [
    'say "hi"',
    "it's",
    "</script><script>alert(1)</script>",
    "<B>bold</B>",
    "a:b:c",
    "a\\N\\G\\l\\",
    "&amp; &#60; &bogus;",
    "two\nlines\r\n\ttabbed",
    "]]> --> <!-- ",
    "; } digraph {",
    "\u202egnp.exe",
    "\u0000\u0007\u001b[31m",
    "\ud800 lone",
    "שלום",
    "é e\u0301 \U0001f600",
    "%n %s {0} $HOME `id`",
    "x" * 10_000,
    "<" * 10_000,
    "",
    "   ",
    "node",
    "v1",
]

ATOMS = [
    *HOSTILE[:11], "<!--", "-->", "<![CDATA[", "]]>", "&quot;", '" onload="alert(1)', "'", "`", "\\", "\\\\",
    "\\end{tikzpicture}", "\\input{/etc/passwd}", "}", "{", "$", "%", "#", "_", "^", "~", "//", "/*", "[",
    "]", "->", "--", "|", ";", "\n", "\r", "\t", "\0", "\x1b]0;x\x07", "\x9b2J", "\x85", "\u2028", "\u202e",
    "\u2066", "\ufeff", "\ufffe", "\ud800", "\udcff", "end", "subgraph", "classDef x", "%%{init}%%",
    "<TABLE>", "</TD>", "<BR/>", "\\N", "\\G", "javascript:x", "url(x)", "א", "é", "\U0001f600",
]  # fmt: skip


def drawing(name):
    """A drawing in which everything that can have a name has this one."""
    x = Variable(2.0, name=name)
    with scope(name):
        y = x * 3.0
        y.name = name
    return viz.draw(y * 2.0, title=name)


def dot_shape(text):
    """The tokens of DOT, strings being empty, and the tags of labels that are like HTML."""
    found, place = [], 0
    token = re.compile(r'"(?:[^"\\]|\\.)*"|<|[^"<]+', re.DOTALL)
    while place < len(text):
        match = token.match(text, place)
        assert match, text[place : place + 80]
        place = match.end()
        if match[0] != "<":
            found.append('""' if match[0].startswith('"') else match[0])
            continue
        depth, start = 1, place
        while depth:
            depth += {"<": 1, ">": -1}.get(text[place], 0)
            place += 1
        label = ElementTree.fromstring(f"<label>{text[start : place - 1]}</label>")
        found.append([element.tag for element in label.iter() if element.tag != "BR"])
    return found


def svg_shape(text):
    """The groups of an SVG, of which there is one for each part of a drawing, and the names that it may not have."""
    elements = list(ElementTree.fromstring(text).iter())
    tags = [element.tag.rpartition("}")[2] for element in elements]
    drawn = {"svg", "title", "desc", "style", "g", "polygon", "path", "ellipse", "text", "tspan"}
    return tags.count("g"), set(tags) - drawn, {name for one in elements for name in one.attrib if name[:2] == "on"}


class Tags(HTMLParser):
    """The tags of a page with the names of their attributes, as a browser's tokenizer finds them."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in ("text", "tspan"):
            self.found.append((tag, sorted([name for name, _ in attrs])))

    def handle_comment(self, data):
        self.found.append("comment")


def mermaid_shape(text):
    """The lines of a Mermaid chart, strings being empty."""
    return re.sub(r'"[^"\n]*"', '""', text)


def tikz_shape(text):
    """The commands and marks of a TikZ picture that are not text; what is in braces balances."""
    assert all([letter.isprintable() or letter == "\n" for letter in text]), ascii(text)
    written = re.sub(r"\\(text\w+|[\^~])\{\}|\\[{}$&#%_]|[$]\S*?[$]", "", text)
    depth = 0
    for mark in re.findall(r"[{}]", written):
        depth += 1 if mark == "{" else -1
        assert depth >= 0
    assert depth == 0
    return sorted(set(re.findall(r"\\(?:input|write|def|let|csname|catcode|immediate|openout|special)", text)))


def text_shape(text):
    """The lines of a tree in characters, without names."""
    assert all([letter.isprintable() or letter == "\n" for letter in text]), ascii(text)
    return text.count("\n")


SHAPES = {
    "dot": lambda drawn: dot_shape(drawn.dot),
    "svg": lambda drawn: svg_shape(drawn.svg()),
    "html": lambda drawn: Tags(drawn.html()).found,
    "mermaid": lambda drawn: mermaid_shape(drawn.mermaid()),
    "tikz": lambda drawn: tikz_shape(drawn.tikz()),
    "text": lambda drawn: text_shape(drawn.text()),
}


def drawings_withstood(count, seed):
    """The number of drawings with hostile names, in all forms, each of which has the parts of one with a plain name."""
    draw = random.Random(seed)
    wanted = {form: shape(drawing("plain")) for form, shape in SHAPES.items()}
    for number in range(count):
        name = "".join(draw.choices(ATOMS, k=draw.choice([1, 1, 2, 3, 6])))
        # A name that shows nothing takes no place, so that others follow it.
        drawn = drawing(name if pretty(name).strip() else f"a{name}b")
        for form, shape in SHAPES.items():
            assert shape(drawn) == wanted[form], (form, ascii(name), number)
    return count * len(SHAPES)
