"""Models for ONNX, run by ONNX's own reference; `benchmarks/test_exported_layers.py` runs them by onnxruntime."""

import sys

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from autograd.errors import ExportError
from layers import Dense, Elementwise, InputError, Layer, LayerError, MSELoss, Plus, Sequential, to_onnx
from tests.tables.onnx_models import LONG, MODELS, ROWS, TOKENS, layers_of_one_input, values

KINDS = {onnx.TensorProto.FLOAT: np.float32, onnx.TensorProto.DOUBLE: np.float64, onnx.TensorProto.INT64: np.int64}


def run(made, x):
    given = made.graph.input[0]
    return ReferenceEvaluator(made).run(None, {given.name: np.asarray(x, KINDS[given.type.tensor_type.elem_type])})[0]


def check(layer, x, precision, limit):
    np.testing.assert_allclose(run(to_onnx(layer, x, precision=precision), x), values(layer(x)), rtol=limit, atol=limit)


# The reference computes Erf in single precision; attributes, as the slope of LeakyRelu, are single in any model.
@pytest.mark.parametrize("precision, limit", [("float", 1e-5), ("double", 1e-6)])
@pytest.mark.parametrize("name", MODELS)
def test_the_reference_gives_what_the_model_gives(name, precision, limit):
    check(*MODELS[name], precision, limit)


@pytest.mark.parametrize("precision, limit", [("float", 1e-5), ("double", 1e-6)])
@pytest.mark.parametrize("kind", layers_of_one_input())
def test_every_layer_of_one_input_has_a_form(kind, precision, limit):
    check(layers_of_one_input()[kind], ROWS, precision, limit)


def test_rows_are_any_number():
    model, x = MODELS["dense"]
    made = to_onnx(model, x[:2])
    for count in (1, 5):
        np.testing.assert_allclose(run(made, x[:count]), values(model(x[:count])), rtol=2e-6)
    tokens = [0, 5, 2, 3, 1, 1, 4]
    np.testing.assert_allclose(run(to_onnx(LONG, TOKENS), tokens), values(LONG(tokens)), rtol=1e-5, atol=1e-5)


def test_names_may_be_any():
    model = Sequential(Dense(4, 2, name="a 'b'\n/x"), name="")
    np.testing.assert_allclose(run(to_onnx(model, ROWS), ROWS), values(model(ROWS)), rtol=1e-5, atol=1e-6)
    made = to_onnx(Dense(4, 2, output="score"), ROWS)
    assert [made.graph.input[0].name, made.graph.output[0].name] == ["x", "score"]


def test_shared_parameters_are_there_once():
    made = to_onnx(*MODELS["shared"])
    assert [one.name for one in made.graph.initializer] == ["Sequential.dense_0.weight", "Sequential.dense_0.bias"]


def test_a_layer_of_ones_own_is_refused_until_it_has_a_form(tmp_path):
    class Doubled(Layer):
        def compute(self, a):
            return {"h": a * 2.0}

    class Shifted(Dense):
        def compute(self, x):
            return {"h": super().compute(x)["h"] + 1.0}

    for layer in (Doubled(), Shifted(4, 2)):
        with pytest.raises(ExportError, match=f"give forms={{{type(layer).__name__}: lambda graph, layer, x"):
            to_onnx(Sequential(layer), ROWS)
    made = to_onnx(Doubled(), ROWS, forms={Doubled: lambda graph, layer, a: graph.apply("Add", a, a)})
    onnx.save(made, tmp_path / "model.onnx")
    assert np.array_equal(run(onnx.load(tmp_path / "model.onnx"), ROWS), 2.0 * ROWS.astype(np.float32))


def test_what_has_no_form_is_refused():
    with pytest.raises(ExportError, match=r"write it with where\(\.\.\.\)"):
        to_onnx(Elementwise(lambda a: a if a > 0.0 else -a), ROWS)
    large = Dense(1, 1, weight_init="ones")
    large.weight.assign([[1e300]])
    with pytest.raises(ExportError, match=r"Dense\.weight holds numbers beyond the range of float32; give precision"):
        to_onnx(large, [[1.0]])
    assert run(to_onnx(large, [[1.0]], precision="double"), [[1.0]]) == [[1e300]]


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
