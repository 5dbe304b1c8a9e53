"""The words of well-known teaching texts, each with the word for the same thing here.

Messages about an unknown name, option, attribute or argument look here for what was probably meant, and the page
`docs/learn/texts/words.md` is made of the same table.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Literal, NamedTuple

__all__ = ["HINTS", "Hint", "did_you_mean", "hint_of"]

Kind = Literal["class", "option", "attribute", "argument", "gradient"]


class Hint(NamedTuple):
    """A word of the texts: the kind of name that it is, and its word here, with a remark if one is needed."""

    word: str
    kind: Kind
    here: str
    remark: str = ""


HINTS = (
    Hint("BaseLayer", "class", "Layer"),
    Hint("Layer_Dense", "class", "Dense"),
    Hint("DenseLayer", "class", "Dense"),
    Hint("CombinedLayer", "class", "Dense"),
    Hint("Linear_Layer", "class", "Dense"),
    Hint("Affine_Matrix", "class", "Affine", "it takes matrices too"),
    Hint("ReLu", "class", "ReLU"),
    Hint("SoftMax", "class", "Softmax"),
    Hint("Neural_Network", "class", "Network"),
    Hint("NeuralNetwork", "class", "Network"),
    Hint("NN", "class", "Network", "or a Layer with your own compute"),
    Hint("MSE", "class", "MSELoss", 'in a description "mse"'),
    Hint("Hinge", "class", "HingeLoss", 'in a description "hinge"'),
    Hint("CrossEntropy", "class", "CrossEntropyLoss", 'of="probabilities" if a softmax stands before it'),
    Hint("BinaryCrossEntropy", "class", "BinaryCrossEntropyLoss", 'of="probabilities" if a sigmoid stands before it'),
    Hint("BCE", "class", "BinaryCrossEntropyLoss", 'in a description "binary_cross_entropy"'),
    Hint("CE", "class", "CrossEntropyLoss", 'in a description "cross_entropy"'),
    Hint("Optimiser", "class", "Optimizer"),
    Hint("input_size", "option", "n_in", "the number of input features"),
    Hint("in_features", "option", "n_in"),
    Hint("output_size", "option", "n_out", "the number of output features"),
    Hint("out_features", "option", "n_out"),
    Hint("layer_size", "option", "n_out", "the number of neurons"),
    Hint("units", "option", "n_out"),
    Hint("activation_function", "option", "activation", "a name, a layer or a function"),
    Hint("activation_fn", "option", "activation"),
    Hint("weight_initializer", "option", "weight_init"),
    Hint("kernel_initializer", "option", "weight_init"),
    Hint("bias_initializer", "option", "bias_init"),
    Hint("use_bias", "option", "bias"),
    Hint("layer_name", "option", "name"),
    Hint("loss_function", "option", "loss"),
    Hint("layers", "option", "Network(first, second, loss=...)", "layers are given one after the other"),
    Hint("W", "attribute", "weight.values", "given by weight.assign(array)"),
    Hint("weights", "attribute", "weight.values", "given by weight.assign(array)"),
    Hint("w", "attribute", "weight.values", "given by weight.assign(array)"),
    Hint("b", "attribute", "bias.values", "given by bias.assign(array)"),
    Hint("biases", "attribute", "bias.values", "given by bias.assign(array)"),
    Hint("dW", "attribute", "weight.gradient", "after backward"),
    Hint("dw", "attribute", "weight.gradient", "after backward"),
    Hint("db", "attribute", "bias.gradient", "after backward"),
    Hint("last_input", "attribute", "values.x", "after forward"),
    Hint("X_input", "attribute", "values.x", "after forward"),
    Hint("input", "attribute", "values.x", "after forward"),
    Hint("last_z", "attribute", "values.a", "after forward; a is x·W + b, before the activation"),
    Hint("z", "attribute", "values.a", "after forward; a is x·W + b, before the activation"),
    Hint("last_output", "attribute", "values.h", "after forward"),
    Hint("cache", "attribute", "values", "after forward: values.x, values.a, ..."),
    Hint("gradients", "attribute", "trainable", "name, values and gradient of each parameter; or weight.gradient"),
    Hint("weights_initialized", "attribute", "weight.sized"),
    Hint("initialize_weights", "attribute", "initialize()"),
    Hint("input_size", "attribute", "n_in"),
    Hint("output_size", "attribute", "n_out"),
    Hint("layer_size", "attribute", "n_out"),
    Hint("shape", "attribute", "weight.shape", "or n_in, n_out"),
    Hint("type", "attribute", "kind"),
    Hint("layer_name", "attribute", "kind", "name is the name of this very layer"),
    Hint("activation_function", "attribute", "activation"),
    Hint("gain", "attribute", "weight.values", "given by weight.assign(array)"),
    Hint("use_bias", "attribute", "bias", "None in a layer that was made with bias=False"),
    Hint("neurons", "attribute", "neuron", "a list"),
    Hint("loss_function", "attribute", "loss"),
    Hint("add", "attribute", "add_layers(...)"),
    Hint("compile", "attribute", "fit(X, y, loss, optimizer)"),
    Hint("dout", "argument", "upstream"),
    Hint("grad_next", "argument", "upstream"),
    Hint("grad_output", "argument", "upstream"),
    Hint("output_gradient", "argument", "upstream"),
    Hint("dLdA", "argument", "upstream"),
    Hint("error", "argument", "upstream"),
    Hint("learning_rate", "argument", "SGD(lr=...).step(layer.parameters())", "backward changes no parameter"),
    Hint("inputs", "argument", "x"),
    Hint("X", "argument", "x"),
    Hint("Z", "argument", "a"),
    Hint("y_true", "argument", "y"),
    Hint("y_pred", "argument", "y_hat"),
    Hint("inputs", "gradient", "dx"),
    Hint("weights", "gradient", "dweight"),
    Hint("biases", "gradient", "dbias"),
    Hint("dX", "gradient", "dx"),
    Hint("dW", "gradient", "dweight"),
    Hint("dw", "gradient", "dweight"),
    Hint("db", "gradient", "dbias"),
    Hint("d_yhat", "gradient", "dy_hat"),
    Hint("dyhat", "gradient", "dy_hat"),
)  # fmt: skip


# The hints by kind and by word without its case: each assignment to a layer looks here.
_BY_WORD: dict[tuple[str, str], list[Hint]] = {}
for _hint in HINTS:
    _BY_WORD.setdefault((_hint.kind, _hint.word.casefold()), []).append(_hint)


def hint_of(word: str, kind: Kind) -> Hint | None:
    """The hint about a word; of words that differ in case alone the one spelled like it comes first.

    >>> hint_of("input_size", "option").here, hint_of("relu_layer", "class")
    ('n_in', None)
    """
    near = _BY_WORD.get((kind, word.casefold()), [])
    return next((hint for hint in near if hint.word == word), near[0] if near else None)


def did_you_mean(word: str, known: Iterable[str], kind: Kind) -> str:
    """A sentence about what was probably meant, to be put behind a message; empty if nothing is known.

    >>> did_you_mean("input_size", ["n_in", "n_out"], "option")
    'here it is n_in: the number of input features'
    >>> did_you_mean("WEIGHT", ["weight", "bias"], "attribute"), did_you_mean("xyz", ["weight"], "attribute")
    ('did you mean weight?', '')
    """
    names = list(known)[:1000]
    folded = {name.casefold(): name for name in reversed(names)}
    asked = word[:60].casefold()
    same = asked in folded
    close = [folded[name] for name in ([asked] if same else difflib.get_close_matches(asked, folded, 1))]
    hint = None if same else hint_of(word, kind)
    if hint is not None and (hint.word == word or not close):
        return f"here it is {hint.here}" + (f": {hint.remark}" if hint.remark else "")
    return f"did you mean {close[0]:.60}?" if close else ""
