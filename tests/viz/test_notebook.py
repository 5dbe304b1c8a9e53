"""A notebook, executed: what nodes, layers and drawings show in it, with and without a layout engine."""

import asyncio
import warnings

import pytest

import viz
from autograd import Variable
from layers import Affine

with warnings.catch_warnings():
    # Whatever Jupyter's own modules warn of when they are imported is not ours to answer for.
    warnings.simplefilter("ignore")
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")

CELLS = {
    "before viz": "from autograd import Variable\nfrom layers import Affine\nx = Variable(2.0, name='x')\nx * 3",
    "a node": "import viz\ny = x * 3\ny.backward()\ny",
    "a drawing": "viz.draw(y, style='cards', theme='dark')",
    "a new layer": "layer = Affine()\nlayer",
    "a layer after its forward pass": "layer.forward(1.0, 2.0, 3.0)\nlayer",
    "a layer of arrays": "layer.forward([1.0, 2.0], 2.0, 3.0)\nlayer",
    "too large": "z = x\nfor _ in range(2_000): z = z * 1.0\nz",
    "a table": "from layers import Dense, Sequential\nSequential(Dense(2, 3)).summary([1.0, 2.0])",
    "a hostile name": "Variable(1.0, name='</script><script>alert(1)</script>')",
}


def shown(monkeypatch, engine=None):
    """For each cell the mime bundle that it shows."""
    if engine is not None:
        monkeypatch.setenv("AUTOGRAD_DOT", engine)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
        asyncio.set_event_loop(None)
    for name, cell in zip(CELLS, notebook.cells, strict=True):
        assert [output.output_type for output in cell.outputs] == ["execute_result"], name
    return {name: cell.outputs[0].data for name, cell in zip(CELLS, notebook.cells, strict=True)}


def test_a_frame_is_shown_by_its_picture_and_told_by_its_step():
    frames = viz.draw(Variable(2.0, name="x") * 3.0).frames()
    assert frames[0]._repr_svg_() == frames[0].svg and frames[0].svg.startswith("<svg")
    assert repr(frames[0]) == "<Frame: inputs>"


def test_a_notebook_shows_nodes_drawings_and_layers_as_pictures(monkeypatch):
    bundles = shown(monkeypatch)
    text = {"text/plain"}
    picture = {"image/svg+xml", "image/png", "text/plain"}
    assert {name: set(bundle) for name, bundle in bundles.items()} == {
        "before viz": text,
        "a node": picture,
        "a drawing": picture,
        "a new layer": text,
        "a layer after its forward pass": picture,
        "a layer of arrays": picture,
        "too large": text,
        "a table": text,
        "a hostile name": picture,
    }
    assert "6" in bundles["before viz"]["text/plain"]
    assert bundles["a drawing"]["text/plain"] == "<Drawing of a computation: 3 values, 1 operation>"
    assert bundles["a table"]["text/plain"].splitlines()[0].split() == [
        "layer",
        "kind",
        "output",
        "shape",
        "parameters",
        "operations",
    ]
    assert "Affine" in bundles["a layer after its forward pass"]["image/svg+xml"]
    assert "4,001 values are too many" in bundles["too large"]["text/plain"]
    assert "<script" not in bundles["a hostile name"]["image/svg+xml"]


def test_without_an_engine_a_notebook_shows_trees_and_the_hint(monkeypatch):
    bundles = shown(monkeypatch, engine="/no/such/engine")
    assert {tuple(bundle) for bundle in bundles.values()} == {("text/plain",)}
    for name in ("a node", "a drawing", "a layer after its forward pass"):
        assert "pip install 'scalar-autograd[viz]'" in bundles[name]["text/plain"]
    assert "6  ∂ 1   ×" in bundles["a node"]["text/plain"]


@pytest.mark.parametrize("value", [Variable(float("nan")), Variable(1.0, name="\ud800"), Affine()])
def test_what_a_notebook_asks_for_never_raises(value, monkeypatch):
    assert "text/plain" in value._repr_mimebundle_()
    monkeypatch.setattr("viz.drawing.select", lambda *_: 1 / 0)
    assert "text/plain" in value._repr_mimebundle_()
    assert viz.render(Variable(1.0))["text/plain"].endswith("division by zero")
