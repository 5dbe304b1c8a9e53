"""The words of well-known teaching texts, PyTorch and Keras, each with the word for the same thing here.

Messages about an unknown name, option, attribute or argument look here for what was probably meant, and the page
`docs/learn/texts/words.md` is made of the same table.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

__all__ = ["HINTS", "Hint", "answering", "did_you_mean", "hint_of", "said_of"]

Kind = Literal[
    "class", "option", "attribute", "argument", "gradient", "loss", "metric", "parameter", "optimizer", "history"
]


class Hint(NamedTuple):
    """A word of the texts: the kind of name that it is, and its word here, with a remark if one is needed.

    The remark alone, where nothing here has that meaning.
    """

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
    Hint("Module", "class", "Layer", 'it defines compute(self, x), which returns its values by name: {"y": x * 2}'),
    Hint("ModuleList", "class", "Layer", "an attribute of it may be a list of layers"),
    Hint("MLP", "class", "Network", 'Network(Dense(2, 16, "tanh"), Dense(16, 1), loss="mse")'),
    Hint("BCELoss", "class", "BinaryCrossEntropyLoss", 'of="probabilities"'),
    Hint("BCEWithLogitsLoss", "class", "BinaryCrossEntropyLoss"),
    Hint("NLLLoss", "class", "CrossEntropyLoss", "of numbers before the softmax"),
    Hint("L1Loss", "class", "MAELoss", 'in a description "mae"'),
    Hint("SmoothL1Loss", "class", "HuberLoss", 'in a description "huber"'),
    Hint("BatchNorm1d", "class", "LayerNorm", "samples are computed one by one, and none knows the others"),
    Hint("BatchNormalization", "class", "LayerNorm", "samples are computed one by one, and none knows the others"),
    Hint("BatchNorm", "class", "LayerNorm", "samples are computed one by one, and none knows the others"),
    Hint("MultiHeadAttention", "class", "CausalSelfAttention"),
    Hint("Flatten", "class", "Layer", "Dense takes rows of numbers: give X.reshape(len(X), -1)"),
    Hint("Conv1d", "class", "Layer", "there are no convolutions: a compute of your own"),
    Hint("Conv2d", "class", "Layer", "there are no convolutions: a compute of your own"),
    Hint("Conv2D", "class", "Layer", "there are no convolutions: a compute of your own"),
    Hint("LSTM", "class", "Layer", "there are no recurrent layers: a compute of your own, with scan"),
    Hint("GRU", "class", "Layer", "there are no recurrent layers: a compute of your own, with scan"),
    Hint("RNN", "class", "Layer", "there are no recurrent layers: a compute of your own, with scan"),
    Hint("MLPClassifier", "class", "Sequential", "or from layers.estimators import NetworkClassifier"),
    Hint("MLPRegressor", "class", "Sequential", "or from layers.estimators import NetworkRegressor"),
    Hint("load", "class", "load_model", 'written by model.save("weights.npz")'),
    Hint("DataLoader", "class", "fit", "fit(X, y, batch_size=32) takes batches itself, in a new order in each epoch"),
    Hint("utils", "class", "fit", "fit(X, y, batch_size=32) takes batches itself, in a new order in each epoch"),
    Hint("layers", "class", "Dense", "from layers import Dense"),
    Hint("regularizers", "class", "SGD", "the optimiser has it: SGD(weight_decay=1e-4)"),
    Hint("Mish", "class", "Layer", "an activation may be a function: Dense(2, 3, lambda a: a * tanh(softplus(a)))"),
    Hint("SimpleRNN", "class", "Layer", "there are no recurrent layers: a compute of your own, with scan"),
    Hint("MeanSquaredError", "class", "MSELoss"),
    Hint("MeanAbsoluteError", "class", "MAELoss"),
    Hint("BinaryCrossentropy", "class", "BinaryCrossEntropyLoss", 'of="probabilities" after a sigmoid'),
    Hint("CategoricalCrossentropy", "class", "CrossEntropyLoss", "targets are the numbers or the names of classes"),
    Hint("SparseCategoricalCrossentropy", "class", "CrossEntropyLoss"),
    Hint("Input", "class", "Dense", "Dense(None, 16) learns the number of inputs from the first"),
    Hint("clip_gradients", "class", "fit", "fit(..., clip_value=1.0), or clip_norm=1.0"),
    Hint("Activation", "class", "Tanh", 'each activation is a layer; or Dense(2, 16, activation="tanh")'),
    Hint("models", "class", "Sequential", "from layers import Sequential"),
    Hint("optimizers", "class", "Adam", "from layers import Adam, SGD"),
    Hint("functional", "class", "ReLU", "ReLU()(a), MSELoss()(y_hat, y); autograd has relu, sigmoid, softplus"),
    Hint("to_categorical", "class", "CrossEntropyLoss", "targets are the numbers or the names of classes"),
    Hint("nn", "class", "Dense", "from layers import Dense, Sequential"),
    Hint("optim", "class", "Adam", "from layers import Adam, SGD"),
    Hint("F", "class", "ReLU", "ReLU()(a), MSELoss()(y_hat, y); autograd has relu, sigmoid, softplus"),
    Hint("init", "class", "Initialiser", 'Dense(2, 3, weight_init="he_uniform"), or HeUniform() and its kin'),
    Hint("MeanSquaredError", "class", "MSELoss", 'in a description "mse"'),
    Hint("MeanAbsoluteError", "class", "MAELoss", 'in a description "mae"'),
    Hint("CategoricalCrossentropy", "class", "CrossEntropyLoss", 'of="probabilities" after a softmax'),
    Hint("SparseCategoricalCrossentropy", "class", "CrossEntropyLoss", "targets are numbers or names of classes"),
    Hint("Bilinear", "class", "Layer", "a compute of your own, with two inputs and a Parameter"),
    Hint("Hardtanh", "class", "Layer", "an activation may be a function: Dense(2, 3, lambda a: clip(a, -1.0, 1.0))"),
    Hint("ReLU6", "class", "Layer", "an activation may be a function: Dense(2, 3, lambda a: clip(a, 0.0, 6.0))"),
    Hint("LogSigmoid", "class", "Layer", "an activation may be a function: Dense(2, 3, lambda a: -softplus(-a))"),
    Hint("Softsign", "class", "Layer", "an activation may be a function: Dense(2, 3, lambda a: a / (1.0 + abs(a)))"),
    Hint("TripletLoss", "class", "Loss", "a loss of your own is a function of y_hat and y"),
    Hint("TripletMarginLoss", "class", "Loss", "a loss of your own is a function of y_hat and y"),
    Hint("CosineSimilarity", "class", "Loss", "a loss of your own is a function of y_hat and y"),
    Hint("CosineEmbeddingLoss", "class", "Loss", "a loss of your own is a function of y_hat and y"),
    Hint("Dropout2d", "class", "Dropout", "numbers are dropped one by one"),
    Hint("GroupNorm", "class", "LayerNorm"),
    Hint("AvgPool2d", "class", "Layer", "there is no pooling: a compute of your own, with numpy.mean"),
    Hint("MaxPool2d", "class", "Layer", "there is no pooling: a compute of your own"),
    Hint("MaxPooling2D", "class", "Layer", "there is no pooling: a compute of your own"),
    Hint("DataLoader", "class", "fit", "it takes arrays: fit(X, y, batch_size=32, shuffle=True)"),
    Hint("TensorDataset", "class", "fit", "it takes arrays: fit(X, y, batch_size=32, shuffle=True)"),
    Hint("ModelCheckpoint", "class", "fit", 'fit(..., checkpoint="training.npz")'),
    Hint("Momentum", "class", "SGD", "SGD(lr=0.1, momentum=0.9)"),
    Hint("RMSprop", "class", "RMSProp"),
    Hint("Nadam", "class", "Adam"),
    Hint("Adadelta", "class", "RMSProp"),
    Hint("Trainer", "class", "fit", "model.fit(X, y, loss=..., epochs=...)"),
    Hint("tanh", "class", "Tanh", 'Dense(2, 16, activation="tanh"); of numbers it is autograd.tanh'),
    Hint("accuracy", "class", "fit", 'asked for by fit(..., metrics="accuracy")'),
    Hint("confusion_matrix", "class", "fit", "scikit-learn has it, of model.predict(X)"),
    Hint("cross_entropy", "class", "CrossEntropyLoss", 'fit(..., loss="cross_entropy")'),
    Hint("train_test_split", "class", "fit", "a share of the samples is kept back by fit(..., validation=0.2)"),
    Hint("one_hot", "class", "CrossEntropyLoss", "targets are the numbers or the names of classes"),
    Hint("StandardScaler", "class", "fit", "scikit-learn has it, and layers.estimators go into its pipelines"),
    Hint("Normalization", "class", "LayerNorm", "of data: (X - X.mean(0)) / X.std(0)"),
    Hint("normalize", "class", "LayerNorm", "of data: (X - X.mean(0)) / X.std(0)"),
    Hint("Lambda", "class", "Layer", "an activation may be a function: Dense(2, 3, f)"),
    Hint("Add", "class", "Residual", "Residual(layers) adds its input; Plus adds two values"),
    Hint("Concatenate", "class", "Layer", "a compute of your own, with numpy.concatenate"),
    Hint("Reshape", "class", "Layer", "Dense takes rows of numbers: give X.reshape(len(X), -1)"),
    Hint("ModuleDict", "class", "Layer", "an attribute of it may be a dict of layers"),
    Hint("ParameterList", "class", "Parameter", "an attribute of a Layer may be a list of them"),
    Hint("PReLU", "class", "LeakyReLU"),
    Hint("KLDivLoss", "class", "CrossEntropyLoss", "a loss of your own is a function of y_hat and y"),
    Hint("TransformerBlock", "class", "CausalSelfAttention"),
    Hint("Transformer", "class", "CausalSelfAttention", "the page on the names transformer has a whole one"),
    Hint("Variable", "class", "Parameter", "a single number is autograd.Variable"),
    Hint("Xavier", "class", "XavierUniform", 'Dense(2, 3, weight_init="xavier_uniform")'),
    Hint("GlorotUniform", "class", "XavierUniform", 'Dense(2, 3, weight_init="xavier_uniform")'),
    Hint("GlorotNormal", "class", "XavierNormal", 'Dense(2, 3, weight_init="xavier_normal")'),
    Hint("xavier_uniform_", "class", "XavierUniform", 'Dense(2, 3, weight_init="xavier_uniform")'),
    Hint("core", "class", "Dense", "from layers import Dense, Sequential"),
    Hint("utils", "class", "Parameter", "weights are read by model.load(path), written by model.save(path)"),
    Hint("save_model", "class", "load_model", 'written by model.save("weights.npz")'),
    Hint("plot_history", "class", "fit", "its history is drawn by plots.learning_curve, from layers import plots"),
    Hint("lr_scheduler", "class", "Cosine", "a schedule in the place of lr, SGD(lr=Cosine(0.1)); or Steps, WarmUp"),
    Hint("schedulers", "class", "Cosine", "a schedule in the place of lr, SGD(lr=Cosine(0.1)); or Steps, WarmUp"),
    Hint("callbacks", "class", "EarlyStopping", "fit(..., callbacks=[EarlyStopping(patience=5)])"),
    Hint("metrics", "class", "fit", 'asked for by fit(..., metrics="accuracy")'),
    Hint("activations", "class", "Tanh", 'each activation is a layer; or Dense(2, 16, activation="tanh")'),
    Hint("initializers", "class", "Initialiser", 'Dense(2, 3, weight_init="he_uniform"), or HeUniform() and its kin'),
    Hint("Swish", "class", "SiLU"),
    Hint("StepLR", "class", "Steps", "a schedule in the place of lr"),
    Hint("ExponentialLR", "class", "Exponential", "a schedule in the place of lr"),
    Hint("CosineAnnealingLR", "class", "Cosine", "a schedule in the place of lr"),
    Hint("Adagrad", "class", "RMSProp"),
    Hint("save", "class", "load_model", 'written by model.save("weights.npz")'),
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
    Hint("kernel_regularizer", "option", "weight_decay", "of an optimiser: SGD(weight_decay=1e-4)"),
    Hint("params", "option", "step(parameters)", "none are held: SGD(lr=...).step(model.parameters())"),
    Hint("inputs", "option", "Sequential(...)", "or a Model of your own, whose compute says how its layers follow"),
    Hint("layer_name", "option", "name"),
    Hint("loss_function", "option", "loss"),
    Hint("learning_rate", "option", "lr"),
    Hint("betas", "option", "beta1=..., beta2=..."),
    Hint("verbose", "option", "progress", "True or False"),
    Hint("validation_split", "option", "validation", "a share of the samples, from 0 to 1"),
    Hint("validation_data", "option", "validation", "a pair (X, y)"),
    Hint("input_shape", "option", "n_in", "Dense(None, 16) learns it from the first input"),
    Hint("input_dim", "option", "n_in"),
    Hint("p", "option", "rate", "the share that is dropped"),
    Hint("dim", "option", "the last axis", "whose numbers belong together, as those of a row"),
    Hint("axis", "option", "the last axis", "whose numbers belong together, as those of a row"),
    Hint("negative_slope", "option", "slope"),
    Hint("alpha", "option", "slope", "of a LeakyReLU"),
    Hint("alpha", "option", "weight_decay", "of an estimator"),
    Hint("solver", "option", "optimizer"),
    Hint("learning_rate_init", "option", "learning_rate"),
    Hint("random_state", "option", "seed"),
    Hint("lr", "option", "optimizer", "Adam(lr=0.01)"),
    Hint("monitor", "option", "fit(validation=...)", "its loss is what counts, else the loss of the training"),
    Hint("restore_best_weights", "option", "fit(...)", "a model that was stopped has its best parameters"),
    Hint("min_delta", "option", "least"),
    Hint("threshold", "option", "least"),
    Hint("min_lr", "option", "lowest"),
    Hint("mean_squared_error", "loss", "mse"),
    Hint("mean_absolute_error", "loss", "mae"),
    Hint("bce", "loss", "binary_cross_entropy"),
    Hint("binary_crossentropy", "loss", "binary_cross_entropy", 'the layer of="probabilities" after a sigmoid'),
    Hint("categorical_crossentropy", "loss", "cross_entropy", "targets are the numbers or the names of classes"),
    Hint("sparse_categorical_crossentropy", "loss", "cross_entropy"),
    Hint("loss", "option", "fit(X, y, loss)", "of a training; Network(..., loss=...) has it as its last layer"),
    Hint("optimizer", "option", "fit(X, y, loss, optimizer)", "it is given to each training"),
    Hint("metrics", "option", "fit(X, y, loss, metrics=...)", "they are given to each training, or to evaluate"),
    Hint("layers", "option", "Network(first, second, loss=...)", "layers are given one after the other"),
    Hint("acc", "metric", "accuracy"),
    Hint("f1", "metric", "a function of targets and outputs", "scikit-learn's by Metric(f1_score, of=\"classes\")"),
    Hint("auc", "metric", "a function of targets and outputs"),
    Hint("jacobian", "attribute", "forward", "autograd.jacobian(layer)(x) has all derivatives"),
    Hint("W", "attribute", "weight.values", "given by weight.assign(array)"),
    Hint("weights", "attribute", "weight.values", "given by weight.assign(array)"),
    Hint("weights", "attribute", "state_dict()", "the weights and biases by name; parameters() has their numbers"),
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
    Hint("data", "attribute", "weight.values", "of a Parameter; given by weight.assign(array)"),
    Hint("zero_grad", "attribute", "", "write autograd.zero_grad(model.parameters())"),
    Hint("train", "attribute", "", "a call predicts; inside `with layers.training():` it computes as in a training"),
    Hint("eval", "attribute", "", "a call predicts; inside `with layers.training():` it computes as in a training"),
    Hint("to", "attribute", "", "everything is computed on the processor, in doubles"),
    Hint("cuda", "attribute", "", "everything is computed on the processor, in doubles"),
    Hint("cpu", "attribute", "", "everything is computed on the processor, in doubles"),
    Hint("modules", "attribute", "layers"),
    Hint("children", "attribute", "layers"),
    Hint("count_params", "attribute", "summary()"),
    Hint("coefs_", "attribute", "state_dict()", "the weights and biases by name"),
    Hint("intercepts_", "attribute", "state_dict()", "the weights and biases by name"),
    Hint("score", "attribute", 'evaluate(X, y, metrics="accuracy")'),
    Hint("kernel", "attribute", "weight.values", "given by weight.assign(array)"),
    Hint("in_features", "attribute", "n_in"),
    Hint("out_features", "attribute", "n_out"),
    Hint("units", "attribute", "n_out"),
    Hint("input_shape", "attribute", "n_in"),
    Hint("output_shape", "attribute", "n_out"),
    Hint("trainable_variables", "attribute", "parameters()"),
    Hint("trainable_weights", "attribute", "parameters()"),
    Hint("variables", "attribute", "parameters()"),
    Hint("requires_grad_", "attribute", "frozen", "True keeps its parameters as they are"),
    Hint("requires_grad", "attribute", "frozen", "True keeps its parameters as they are"),
    Hint("build", "attribute", "initialize()", "the first input sizes a layer by itself"),
    Hint("reset_parameters", "attribute", "initialize()"),
    Hint("call", "attribute", "compute", "a layer of your own defines it; layer(x) and layer.forward(x) run it"),
    Hint("float", "attribute", "", "everything is computed on the processor, in doubles"),
    Hint("double", "attribute", "", "everything is computed on the processor, in doubles"),
    Hint("half", "attribute", "", "everything is computed on the processor, in doubles"),
    Hint("device", "attribute", "", "everything is computed on the processor, in doubles"),
    Hint("score", "attribute", "evaluate(X, y)", "the loss, and metrics that are asked for"),
    Hint("history", "attribute", "fit(...)", "it returns the history"),
    *[
        Hint(word, "attribute", "", f"write Sequential(layer).{word}(X, ...): models train and predict")
        for word in ("fit", "predict", "evaluate", "save", "load")
    ],
    Hint("optimizer", "attribute", "fit(X, y, loss, optimizer)", "it is given to each training"),
    Hint("criterion", "attribute", "fit(X, y, loss, optimizer)", "it is given to each training"),
    Hint("train_on_batch", "attribute", "fit(X, y, epochs=1)", "or a loop of your own, with SGD(lr=...).step"),
    Hint("train_step", "attribute", "fit(X, y, epochs=1)", "or a loop of your own, with SGD(lr=...).step"),
    Hint("partial_fit", "attribute", "fit(X, y, epochs=1)", "it goes on from the parameters that there are"),
    Hint("step", "attribute", "", "write SGD(lr=...).step(model.parameters())"),
    Hint("coef_", "attribute", "weight.values"),
    Hint("intercept_", "attribute", "bias.values"),
    Hint("get_layer", "attribute", "layers", "model.layers[0], or model[0]"),
    Hint("named_children", "attribute", "named_layers()"),
    Hint("named_modules", "attribute", "named_layers()"),
    Hint("append", "attribute", "add_layers(...)"),
    Hint("add_module", "attribute", "add_layers(...)"),
    Hint("pop", "attribute", "layers", "another model is made of them: Sequential(*model.layers[:-1])"),
    Hint("get_config", "attribute", "to_dict()"),
    Hint("to_json", "attribute", "to_dict()"),
    Hint("get_weights", "attribute", "state_dict()"),
    Hint("set_weights", "attribute", "load_state_dict(...)"),
    Hint("load_weights", "attribute", "load(path)"),
    Hint("save_weights", "attribute", "save(path)"),
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
    Hint("grad", "parameter", "gradient", "an array that is read only; each Variable has its own .grad"),
    Hint("data", "parameter", "values", "given by assign(array)"),
    Hint("value", "parameter", "values", "given by assign(array)"),
    Hint("numpy", "parameter", "values"),
    Hint("detach", "parameter", "values"),
    Hint("numel", "parameter", "size"),
    Hint("zero_", "parameter", "assign(array)"),
    Hint("fill_", "parameter", "assign(array)"),
    Hint("copy_", "parameter", "assign(array)"),
    Hint("uniform_", "parameter", "assign(array)"),
    Hint("normal_", "parameter", "assign(array)"),
    Hint("zero_grad", "parameter", "variables", "autograd.zero_grad(parameter.variables.flat)"),
    Hint("requires_grad", "parameter", "layer.frozen", "True keeps the parameters of a layer as they are"),
    Hint("requires_grad_", "parameter", "layer.frozen", "True keeps the parameters of a layer as they are"),
    Hint("trainable", "parameter", "layer.frozen", "True keeps the parameters of a layer as they are"),
    Hint("zero_grad", "optimizer", "step", "an optimiser holds no parameters: autograd.zero_grad(model.parameters())"),
    Hint("minimize", "optimizer", "step(parameters)", "after loss.backward()"),
    Hint("apply_gradients", "optimizer", "step(parameters)", "Variables have their gradients after loss.backward()"),
    Hint("update", "optimizer", "updated(parameters, gradient)", "both are arrays"),
    Hint("apply_updates", "optimizer", "updated(parameters, gradient)", "both are arrays"),
    Hint("init", "optimizer", "updated(parameters, gradient)", "it remembers what it needs; reset() forgets"),
    Hint("param_groups", "optimizer", "lr", "optimizer.lr = 0.01 sets it; one optimiser for each group"),
    Hint("add_param_group", "optimizer", "step(parameters)", "one optimiser for each group"),
    Hint("learning_rate", "optimizer", "lr"),
    Hint("state_dict", "optimizer", "state()", "fit(checkpoint=...) keeps it in a file"),
    Hint("load_state_dict", "optimizer", "restore(...)", "fit(resume=...) reads it from a file"),
    Hint("iterations", "optimizer", "state()", "its first is the number of steps"),
    Hint("get_config", "optimizer", "to_dict()"),
    Hint("history", "history", "loss", "history.loss, history.validation_loss and history.metrics by name"),
    Hint("losses", "history", "loss"),
    Hint("train_loss", "history", "loss"),
    Hint("val_loss", "history", "validation_loss"),
    Hint("accuracy", "history", 'metrics["accuracy"]', 'asked for by fit(..., metrics="accuracy")'),
    Hint("val_accuracy", "history", 'metrics["validation accuracy"]', 'asked for by fit(..., metrics="accuracy")'),
    Hint("epoch", "history", "epochs", "a list: history.epochs[-1].loss"),
    Hint("lr", "history", "epochs", "each has its learning_rate"),
    Hint("keys", "history", "metrics", "a dict; the losses are history.loss and history.validation_loss"),
    Hint("params", "history", "epochs", "a list: history.epochs[-1].loss"),
    Hint("final", "history", "epochs", "a list: history.epochs[-1].loss"),
    Hint("plot", "history", "loss", "drawn by plots.learning_curve(history), from layers import plots"),
    Hint("to_frame", "history", "epochs", "pandas.DataFrame(history.epochs)"),
    Hint("dyhat", "gradient", "dy_hat"),
)  # fmt: skip


# The hints by kind and by word without its case: each assignment to a layer looks here.
_BY_WORD: dict[tuple[str, str], list[Hint]] = {}
for _hint in HINTS:
    _BY_WORD.setdefault((_hint.kind, _hint.word.casefold()), []).append(_hint)


def first_name(here: str) -> str:
    """The name that a word of here begins with.

    >>> first_name("weight.values"), first_name("fit(X, y)")
    ('weight', 'fit')
    """
    return re.split(r"\W", here, maxsplit=1)[0]


def hint_of(word: str, kind: Kind, known: Iterable[str] = ()) -> Hint | None:
    """The hint about a word: one that begins with a known name comes first, then one whose word is spelled like it.

    >>> hint_of("input_size", "option").here, hint_of("relu_layer", "class")
    ('n_in', None)
    """
    near = _BY_WORD.get((kind, word.casefold()))
    return None if near is None else max(near, key=lambda hint: (first_name(hint.here) in known, hint.word == word))


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
    hint = None if same else hint_of(word, kind, names)
    if hint is not None and (hint.word == word or not close):
        return (
            f"here {hint.remark}" if not hint.here else f"here it is {hint.here}" + (hint.remark and f": {hint.remark}")
        )
    return f"did you mean {close[0]:.60}?" if close else ""


def said_of(name: str) -> str:
    """The word here for a class, to be put behind a message; empty if nothing is known.

    >>> said_of("MeanSquaredError")
    '; here it is MSELoss'
    """
    hint = hint_of(name, "class")
    return "" if hint is None else f"; here it is {hint.here}" + (f" ({hint.remark})" if hint.remark else "")


def answering(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module whose name is that of one of Keras: an error with the word here."""

    def missing(name: str) -> Any:
        raise AttributeError(f"module {module!r} has no attribute {name!r}{said_of(name)}")

    return missing
