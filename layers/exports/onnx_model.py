"""Models in the form of ONNX: one operation of ONNX, or a few, for each layer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd import no_grad
from autograd.errors import ExportError
from autograd.text import one_line
from layers.activations import (
    ELU,
    GELU,
    Elementwise,
    Identity,
    LeakyReLU,
    LogSoftmax,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from layers.arrays import as_input, shape_of
from layers.base import Layer
from layers.dense import Dense, Neuron, NeuronLayer
from layers.elementary import ReLU, Sigmoid, Square
from layers.errors import InputError
from layers.losses import Loss, Mean, Sum
from layers.model import Residual, Sequential
from layers.options import shown_value
from layers.parameters.parameter import Parameter
from layers.regularising import Dropout
from layers.transformer import CausalSelfAttention, Embedding, LayerNorm, RMSNorm

__all__ = ["OnnxGraph", "to_onnx"]

# The first version of ONNX's operations that has all that are written, and the version of its files that came with it:
# newer ones are refused by older runtimes.
OPERATIONS, FILES = 18, 8

Form = Callable[..., str]


def to_onnx(layer: Layer, x: Any, *, precision: str = "float", forms: Mapping[type, Form] | None = None) -> Any:
    """The model for ONNX, an `onnx.ModelProto`: `onnx.save(to_onnx(model, x), "model.onnx")`.

    layer: a model, or a layer of one input; of a `Network` the prediction, without its loss.
    x: an input like those to come. What counts is its shape: of an array of rows, any number of them is taken later.
    precision: "float" or "double", for which runtimes lack some operations (onnxruntime has no Erf: no GELU).
    forms: for classes of layers of one's own, a function of (graph, layer, name of the input) that puts operations into
        an `OnnxGraph` and gives the name of the result.

    The input has the name that the layer gives it, the result is `y` or the layer's `output`; tokens are int64. Layers
    are as outside of a training.

    Raises ExportError for a layer that has no form, ImportError without ONNX (the extra `onnx`).

    >>> from layers import Dense, Sequential
    >>> model = Sequential(Dense(2, 3, "relu"), Dense(3, 1), seed=0)
    >>> made = to_onnx(model, [[1.0, 2.0]])
    >>> [node.op_type for node in made.graph.node]
    ['MatMul', 'Add', 'Relu', 'MatMul', 'Add']
    """
    if precision not in ("float", "double"):
        raise InputError(f"the precision of a model for ONNX is 'float' or 'double', got {shown_value(precision)}")
    if not isinstance(layer, Layer):
        raise InputError(f"models and layers have a form in ONNX, got {type(layer).__name__} {layer!r:.60}")
    if len(layer.inputs) != 1 or isinstance(layer, Loss):
        raise ExportError(
            f"{layer.shown} takes {', '.join(layer.inputs)}: models and layers of one input have a form in ONNX; of a "
            f"network with a loss it is the prediction"
        )
    with no_grad():  # checks the input, and settles sizes that it decides
        layer(x)
    graph = OnnxGraph(precision, forms or {})
    source, shape = layer.inputs[0], shape_of(as_input("x", x))
    tokens = isinstance(first_of(layer), Embedding)
    dims: list[Any] = list(shape)
    if len(dims) > (not tokens):
        dims[0] = "rows"
    name = layer.name or type(layer).__name__
    result = graph.layer(layer, source, name)
    return graph.model(name, source, dims, tokens, result, layer.output or "y")


def first_of(layer: Layer) -> Layer:
    """The layer that takes the input of a model."""
    while isinstance(layer, Sequential) and layer.layers:
        layer = layer.layers[0]
    return layer


class OnnxGraph:
    """Operations of ONNX that are written one after the other; values are told by their names."""

    def __init__(self, precision: str, forms: Mapping[type, Form]) -> None:
        import numpy

        try:
            import onnx.helper
            import onnx.numpy_helper
        except ImportError as error:
            raise ImportError("models for ONNX need it: pip install 'scalar-autograd[onnx]'") from error
        self.onnx = onnx
        self.kind = numpy.dtype(numpy.float32 if precision == "float" else numpy.float64)
        self.forms = FORMS | dict(forms)
        self.nodes: list[Any] = []
        self.constants: dict[Any, str] = {}
        self.initialisers: list[Any] = []
        self.counts: dict[str, int] = {}
        self.within = ""

    def apply(self, operation: str, *operands: str, **attributes: Any) -> str:
        """The name of the result of an operation of ONNX."""
        name = self.new_name(operation)
        self.nodes.append(self.onnx.helper.make_node(operation, list(operands), [name], name=name, **attributes))
        return name

    def new_name(self, word: str) -> str:
        """A name that no value has, after the layer in which it is."""
        word = f"{self.within}/{word}"
        count = self.counts[word] = self.counts.get(word, 0) + 1
        return f"{word}_{count - 1}"

    def constant(self, values: Any, kind: Any = None) -> str:
        """The name of an array, or a number, of this kind (that of the model's numbers if there is none)."""
        import numpy

        array = numpy.asarray(values, kind or "float64")
        key = (array.dtype.str, array.shape, array.tobytes())
        return self.constants.get(key) or self.kept(key, self.new_name("constant"), array)

    def parameter(self, parameter: Parameter, name: str) -> str:
        """The name of a parameter's values, which is there once for all layers that share it."""
        known = self.constants.get(parameter)
        return known or self.kept(parameter, f"{self.within}.{name}", parameter.values)

    def kept(self, key: Any, name: str, array: Any) -> str:
        """The name, by which the array is known from now on."""
        import numpy

        self.constants[key] = name
        with numpy.errstate(over="ignore"):
            kept = array if array.dtype.kind != "f" else array.astype(self.kind)
        if (numpy.isinf(kept) & numpy.isfinite(array)).any():
            raise ExportError(
                f"{one_line(name)} holds numbers beyond the range of {kept.dtype}; give precision='double'"
            )
        self.initialisers.append(self.onnx.numpy_helper.from_array(kept, name))
        return name

    def layer(self, layer: Layer, x: str, name: str) -> str:
        """The name of a layer's result for this input; `name` is what the layer is called here."""
        form = self.form_of(layer)
        outside, self.within = self.within, f"{self.within}.{name}" if self.within else name
        try:
            return form(self, layer, x)
        finally:
            self.within = outside

    def form_of(self, layer: Layer) -> Form:
        """What writes a layer: the form of its class, or of one from which it has its `compute`."""
        for kind in type(layer).__mro__:
            if kind in self.forms and type(layer).compute is getattr(kind, "compute", None):
                return self.forms[kind]
        raise ExportError(
            f"{layer.shown} has no form in ONNX; for a class of your own, give "
            f"forms={{{type(layer).__name__}: lambda graph, layer, x: graph.apply(...)}}"
        )

    def model(self, name: str, source: str, dims: list[Any], tokens: bool, result: str, called: str) -> Any:
        """The model, checked by ONNX itself."""
        helper, kinds = self.onnx.helper, self.onnx.TensorProto
        number = helper.np_dtype_to_tensor_dtype(self.kind)
        if called == source:
            called = f"{called}_out"
        if self.nodes and self.nodes[-1].output[0] == result:
            self.nodes[-1].output[0] = called
        else:
            self.nodes.append(helper.make_node("Identity", [result], [called]))
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(source, kinds.INT64 if tokens else number, dims)],
            [helper.make_tensor_value_info(called, number, None)],
            self.initialisers,
        )
        made = helper.make_model(
            graph,
            ir_version=FILES,
            opset_imports=[helper.make_operatorsetid("", OPERATIONS)],
            producer_name="scalar-autograd",
        )
        made = self.onnx.shape_inference.infer_shapes(made)
        self.onnx.checker.check_model(made, full_check=True)
        return made


def simple(operation: str, **attributes: Any) -> Form:
    """The form of a layer that is an operation of ONNX."""
    return lambda graph, layer, x: graph.apply(operation, x, **attributes)


def sequential(graph: OnnxGraph, layer: Sequential, x: str) -> str:
    """Layers one after the other."""
    for name, one in layer._placed(layer.layers):
        x = graph.layer(one, x, name)
    return x


def residual(graph: OnnxGraph, layer: Residual, x: str) -> str:
    """x + f(x)."""
    return graph.apply("Add", x, sequential(graph, layer, x))


def dense(graph: OnnxGraph, layer: Dense | Neuron, x: str) -> str:
    """f(x·W + b)."""
    a = graph.apply("MatMul", x, graph.parameter(layer.weight, "weight"))
    if layer.bias is not None:
        a = graph.apply("Add", a, graph.parameter(layer.bias, "bias"))
    return graph.layer(layer._activation, a, "activation")


def layer_norm(graph: OnnxGraph, layer: LayerNorm, x: str) -> str:
    """The normalisation of ONNX, which always has a gain; without one it is written out."""
    bias = [] if layer.bias is None else [graph.parameter(layer.bias, "bias")]
    if layer.weight is not None:
        parameters = [graph.parameter(layer.weight, "weight"), *bias]
        return graph.apply("LayerNormalization", x, *parameters, axis=-1, epsilon=layer.epsilon)
    centred = graph.apply("Sub", x, mean_of(graph, x))
    normal = rooted(graph, centred, layer.epsilon)
    return graph.apply("Add", normal, *bias) if bias else normal


def rms_norm(graph: OnnxGraph, layer: RMSNorm, x: str) -> str:
    """x ÷ √(mean of x² + epsilon), times the gain."""
    scaled = rooted(graph, x, layer.epsilon)
    return scaled if layer.weight is None else graph.apply("Mul", scaled, graph.parameter(layer.weight, "weight"))


def mean_of(graph: OnnxGraph, x: str) -> str:
    """The mean along the last axis, which stays."""
    return graph.apply("ReduceMean", x, graph.constant([-1], "int64"), keepdims=1)


def rooted(graph: OnnxGraph, x: str, epsilon: float) -> str:
    """x ÷ √(mean of x² + epsilon)."""
    mean = mean_of(graph, graph.apply("Mul", x, x))
    return graph.apply("Div", x, graph.apply("Sqrt", graph.apply("Add", mean, graph.constant(epsilon))))


def embedding(graph: OnnxGraph, layer: Embedding, x: str) -> str:
    """Rows of the weights, plus the first rows of the places."""
    vectors = graph.apply("Gather", graph.parameter(layer.weight, "weight"), x)
    if layer.place is None:
        return vectors
    zero = graph.constant([0], "int64")
    first = graph.apply("Slice", graph.parameter(layer.place, "place"), zero, graph.apply("Shape", x), zero)
    return graph.apply("Add", vectors, first)


def attention(graph: OnnxGraph, layer: CausalSelfAttention, x: str) -> str:
    """Heads beside each other: (times, features) is (heads, times, features of a head) inside."""
    width = layer.n_in // layer.heads
    parted = graph.constant([-1, layer.heads, width], "int64")

    def heads(projection: Dense, name: str, axes: Sequence[int]) -> str:
        return graph.apply("Transpose", graph.apply("Reshape", graph.layer(projection, x, name), parted), perm=axes)

    queries, keys = heads(layer.query, "query", (1, 0, 2)), heads(layer.key, "key", (1, 2, 0))
    scores = graph.apply("Mul", graph.apply("MatMul", queries, keys), graph.constant(width**-0.5))
    one = graph.onnx.helper.make_tensor("value", graph.onnx.TensorProto.INT64, [1], [1])
    ones = graph.apply("ConstantOfShape", graph.apply("Shape", scores), value=one)
    past = graph.apply("Cast", graph.apply("Trilu", ones, upper=0), to=graph.onnx.TensorProto.BOOL)
    weights = graph.apply("Softmax", graph.apply("Where", past, scores, graph.constant(float("-inf"))), axis=-1)
    mixed = graph.apply("MatMul", weights, heads(layer.value, "value", (1, 0, 2)))
    together = graph.apply("Transpose", mixed, perm=(1, 0, 2))
    joined = graph.apply("Reshape", together, graph.constant([-1, layer.n_in], "int64"))
    return graph.layer(layer.projection, joined, "projection")


def elementwise(graph: OnnxGraph, layer: Elementwise, x: str) -> str:
    """A function of one's own, operation by operation as it is recorded."""
    # The engine has its exports imported by those who use them.
    from autograd.exports.language import Language
    from autograd.exports.recorded import recorded

    found = recorded(layer._primitive, (0.5,))
    if len(found.paths) > 1 or found.paths[0].program.guards:
        raise ExportError(f"{layer.shown} decides by its number, which has no form in ONNX; write it with where(...)")
    language = Language("ONNX", table(graph))
    result = language.outputs(found.paths[0].program, [x])[0]
    return result if isinstance(result, str) else graph.apply("Expand", graph.constant(result), graph.apply("Shape", x))


def gelu(graph: OnnxGraph, layer: GELU, x: str) -> str:
    """½ x (1 + erf(x ÷ √2)), as a GELU was written before ONNX had it."""
    error = graph.apply("Erf", graph.apply("Mul", x, graph.constant(0.5**0.5)))
    whole = graph.apply("Add", error, graph.constant(1.0))
    return graph.apply("Mul", graph.apply("Mul", x, graph.constant(0.5)), whole)


FORMS: dict[type, Form] = {
    Sequential: sequential, Residual: residual, Dense: dense, Neuron: dense, LayerNorm: layer_norm, RMSNorm: rms_norm,
    NeuronLayer: lambda graph, layer, x: dense(graph, layer.as_dense(), x), Embedding: embedding,
    CausalSelfAttention: attention, Elementwise: elementwise, GELU: gelu, Identity: lambda graph, layer, x: x,
    Dropout: lambda graph, layer, x: x, ReLU: simple("Relu"), Sigmoid: simple("Sigmoid"), Tanh: simple("Tanh"),
    Softplus: simple("Softplus"), Softmax: simple("Softmax", axis=-1), LogSoftmax: simple("LogSoftmax", axis=-1),
    Square: lambda graph, layer, x: graph.apply("Mul", x, x), Mean: simple("ReduceMean", keepdims=0),
    Sum: simple("ReduceSum", keepdims=0),
    SiLU: lambda graph, layer, x: graph.apply("Mul", x, graph.apply("Sigmoid", x)),
    ELU: lambda graph, layer, x: graph.apply("Elu", x, alpha=layer.alpha),
    LeakyReLU: lambda graph, layer, x: graph.apply("LeakyRelu", x, alpha=layer.slope),
}  # fmt: skip


def table(graph: OnnxGraph) -> dict[str, Callable[..., Any]]:
    """Operations on numbers as ONNX has them; those of the others follow from their declarations."""

    def of(operation: str) -> Callable[..., str]:
        return lambda *operands: graph.apply(operation, *[name_of(operand) for operand in operands])

    def name_of(operand: Any) -> str:
        return operand if isinstance(operand, str) else graph.constant(operand)

    def folded(operation: str) -> Callable[..., str]:
        return lambda *operands: functools.reduce(of(operation), operands)

    def truth(operation: str) -> Callable[..., str]:
        return lambda *operands: cast(of(operation)(*operands))

    def cast(truth: str) -> str:
        return graph.apply("Cast", truth, to=graph.onnx.helper.np_dtype_to_tensor_dtype(graph.kind))

    add, multiply, subtract, exp, log = of("Add"), of("Mul"), of("Sub"), of("Exp"), of("Log")
    absolute, equal = of("Abs"), of("Equal")
    return {
        "plus": add, "minus": subtract, "multiply": multiply, "divide": of("Div"), "negate": of("Neg"),
        "fma": lambda a, b, c: add(multiply(a, b), c), "power": of("Pow"), "sqrt": of("Sqrt"), "exp": exp,
        "expm1": lambda x: subtract(exp(x), 1.0), "log": log, "log1p": lambda x: log(add(x, 1.0)),
        "softplus": of("Softplus"), "sigmoid": of("Sigmoid"), "sin": of("Sin"), "cos": of("Cos"), "tan": of("Tan"),
        "asin": of("Asin"), "acos": of("Acos"), "atan": of("Atan"), "sinh": of("Sinh"), "cosh": of("Cosh"),
        "tanh": of("Tanh"), "asinh": of("Asinh"), "acosh": of("Acosh"), "atanh": of("Atanh"), "erf": of("Erf"),
        "erfc": lambda x: subtract(1.0, of("Erf")(x)), "gaussian": lambda x: exp(of("Neg")(multiply(x, x))),
        "abs": absolute, "sign": of("Sign"), "floor": of("Floor"), "ceil": of("Ceil"), "round": of("Round"),
        "max": of("Max"), "min": of("Min"), "max_of_many": of("Max"), "min_of_many": of("Min"),
        "sum": folded("Add"), "prod": folded("Mul"), "less": truth("Less"), "less_equal": truth("LessOrEqual"),
        "equal": truth("Equal"), "not_equal": lambda a, b: cast(graph.apply("Not", equal(a, b))),
        "select": lambda a, b, c: graph.apply("Where", equal(a, 0.0), name_of(c), name_of(b)),
    }  # fmt: skip
