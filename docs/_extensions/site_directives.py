"""The directives that pages use beside those of Sphinx.

    .. public-names:: autograd
       :from: autograd.transforms autograd.graph

lists the public names of a package that come from these modules, or without `from` all of them; `primitive-plots` plots
the primitives of one operand.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from primitive_plots import plots
from public_names import entry, names_from
from sphinx.util.docutils import SphinxDirective


class PublicNames(SphinxDirective):
    """`public-names`."""

    required_arguments = 1
    option_spec = {"from": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """The nodes of all entries."""
        package = self.arguments[0]
        modules = self.options["from"].split() if "from" in self.options else None
        names = names_from(package, modules)
        if not names:
            raise self.error(f"{package} has no public name from {modules}")
        parent = nodes.Element()
        lines = [line for name in names for line in entry(package, name)]
        self.state.nested_parse(StringList(lines, source=f"public names of {package}"), 0, parent)
        return parent.children


class PrimitivePlots(SphinxDirective):
    """`primitive-plots`."""

    def run(self) -> list[nodes.Node]:
        """The grid of all plots."""
        return [nodes.raw("", plots(), format="html")]


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("public-names", PublicNames)
    app.add_directive("primitive-plots", PrimitivePlots)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
