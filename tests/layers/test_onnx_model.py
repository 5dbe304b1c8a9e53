"""Models for ONNX: what is refused without it; `benchmarks/test_exported_layers.py` runs them by onnxruntime."""

import sys

import pytest

from autograd.errors import ExportError
from layers import Dense, InputError, LayerError, MSELoss, Plus, to_onnx


def test_without_onnx_the_command_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'scalar-autograd\[onnx\]'"):
        to_onnx(Dense(2, 1), [[1.0, 2.0]])


def test_what_is_no_layer_of_one_input_is_refused():
    with pytest.raises(InputError, match="is 'float' or 'double', got 'half'"):
        to_onnx(Dense(2, 1), [[1.0, 2.0]], precision="half")
    with pytest.raises(InputError, match=r"models and layers have a form in ONNX, got list \[1\]"):
        to_onnx([1], [[1.0, 2.0]])
    for layer in (Plus(), MSELoss()):
        with pytest.raises(ExportError, match="models and layers of one input have a form in ONNX; of a network"):
            to_onnx(layer, [[1.0, 2.0]])


def test_the_input_is_checked_as_the_layer_does():
    with pytest.raises(LayerError, match="x has 2 features"):
        to_onnx(Dense(2, 1), [[1.0, 2.0, 3.0]])
