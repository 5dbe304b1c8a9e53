"""Estimators for scikit-learn: `NetworkClassifier` and `NetworkRegressor`, for its pipelines, searches and scores.

They are networks of `Dense` layers; `model_` is the `Sequential` that was trained, for all that this package does.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

from layers.dense import Dense
from layers.errors import DataError
from layers.model import Sequential
from layers.regularising import Dropout
from layers.saving.registry import check_options
from layers.training.callbacks import EarlyStopping
from layers.training.history import History
from layers.training.optimisers import LBFGS, optimizer_of

try:
    import sklearn  # noqa: F401 - asked for first, so that the message below is about it alone
except ImportError as error:
    raise ImportError(
        "the estimators are for scikit-learn, which is not installed; pip install 'scalar-autograd[sklearn]' brings it"
    ) from error
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

__all__ = ["NetworkClassifier", "NetworkRegressor"]


class _NetworkEstimator(BaseEstimator):  # type: ignore[misc]
    """Base of the two: the options, the network, and the training."""

    def __new__(cls, *given: Any, **options: Any) -> Self:
        check_options(cls.__name__, options, cls._get_param_names())
        made: Self = super().__new__(cls)
        return made

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (16,),
        activation: Any = "relu",
        *,
        optimizer: Any = "adam",
        learning_rate: Any = 0.01,
        weight_decay: float = 0.0,
        dropout: float = 0.0,
        max_iter: int = 200,
        batch_size: int | str | None = "auto",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.verbose = verbose

    def _network(self, outputs: int, seed: int) -> Sequential:
        """The network of these options."""
        sizes = self.hidden_layer_sizes
        layers: list[Any] = []
        for size in [sizes] if isinstance(sizes, int) else list(sizes):
            layers.append(Dense(None, size, self.activation))
            if self.dropout:
                layers.append(Dropout(self.dropout))
        return Sequential(*layers, Dense(None, outputs), seed=seed)

    def _trained(
        self,
        X: Any,  # noqa: N803
        y: Any,
        outputs: int,
        loss: Any,
        split: str,
        *,
        goes_on: bool = False,
        **weights: Any,
    ) -> Self:
        """Make the network and train it; or, if it `goes_on`, train the one that is there for one more epoch."""
        if not goes_on or not hasattr(self, "model_"):
            self._begin(outputs)
            self.history_ = History()
        stopping: dict[str, Any] = {}
        if self.early_stopping and not goes_on:
            stopping = {
                "validation": float(self.validation_fraction),
                "split": split,
                "callbacks": [EarlyStopping(self.n_iter_no_change)],
            }
        history = self.model_.fit(
            X, y, loss, self._optimizer, epochs=1 if goes_on else self.max_iter, batch_size=self.batch_size,
            seed=self._generator.randint(2**31), progress=bool(self.verbose), **stopping, **weights,
        )  # fmt: skip
        before = self.history_.epochs
        history.epochs = [*before, *[replace(one, number=one.number + len(before)) for one in history.epochs]]
        self.history_ = history
        self.n_iter_ = len(history.epochs)
        self.loss_curve_ = history.loss
        self.loss_ = history.loss[-1]
        return self

    def _begin(self, outputs: int) -> None:
        """Make the network and its optimiser."""
        self._generator = check_random_state(self.random_state)
        optimizer = optimizer_of(self.optimizer)
        if optimizer is self.optimizer:
            # Each training begins anew, and leaves the one that was given as it is.
            optimizer = copy.deepcopy(optimizer)
            optimizer.reset()
        elif not isinstance(optimizer, LBFGS):
            optimizer.lr = self.learning_rate
            optimizer.weight_decay = self.weight_decay
        self._optimizer = optimizer
        self.model_ = self._network(outputs, self._generator.randint(2**31))

    def _outputs(self, X: Any) -> Any:  # noqa: N803
        """What the network says to the samples, checked as those of the training."""
        check_is_fitted(self)
        return self.model_.predict(validate_data(self, X, reset=False, dtype=float))


class NetworkClassifier(ClassifierMixin, _NetworkEstimator):  # type: ignore[misc]
    """A network that tells classes apart, with the interface of scikit-learn's `MLPClassifier`.

    hidden_layer_sizes, activation, dropout: the layers before the last one.
    optimizer: by name, with `learning_rate` (a number or schedule) and `weight_decay`; or as an object, which has these
    itself.
    max_iter: the number of epochs; batch_size: the samples in a step, None for all at once.
    early_stopping: whether to keep `validation_fraction` of the samples out, and to stop when the loss on them hasn't
    fallen for `n_iter_no_change` epochs.
    class_weight: a dict of a number for each class, or "balanced".
    random_state: of the first weights, the order of samples, and dropout. verbose: whether to show the progress.

    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(80, 2))
    >>> y = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
    >>> classifier = NetworkClassifier((16,), "tanh", learning_rate=0.05, random_state=0).fit(X, y)
    >>> classifier.score(X, y) > 0.9, classifier.classes_.tolist(), classifier.predict_proba(X[:3]).shape
    (True, ['other', 'same'], (3, 2))
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (16,),
        activation: Any = "relu",
        *,
        optimizer: Any = "adam",
        learning_rate: Any = 0.01,
        weight_decay: float = 0.0,
        dropout: float = 0.0,
        max_iter: int = 200,
        batch_size: int | str | None = "auto",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        class_weight: Any = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            hidden_layer_sizes, activation, optimizer=optimizer, learning_rate=learning_rate, weight_decay=weight_decay,
            dropout=dropout, max_iter=max_iter, batch_size=batch_size, early_stopping=early_stopping,
            validation_fraction=validation_fraction, n_iter_no_change=n_iter_no_change, random_state=random_state,
            verbose=verbose,
        )  # fmt: skip
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """The classifier, trained on samples of shape (samples, features) and a class for each."""
        import numpy

        X, y = validate_data(self, X, y, dtype=float)  # noqa: N806
        check_classification_targets(y)
        return self._on_classes(X, y, numpy.unique(y), sample_weight)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:  # noqa: N803
        """The classifier, trained for one more epoch, on these samples; the first call is given all `classes`."""
        import numpy

        first = not hasattr(self, "model_")
        if first and classes is None:
            raise DataError(
                "the first partial_fit is given all classes that will come: partial_fit(X, y, classes=[...])"
            )
        X, y = validate_data(self, X, y, dtype=float, reset=first)  # noqa: N806
        check_classification_targets(y)
        known = self.classes_ if not first else numpy.unique(classes)
        unknown = numpy.setdiff1d(y, known)
        if len(unknown) or (not first and classes is not None and not numpy.array_equal(numpy.unique(classes), known)):
            raise DataError(
                f"the classes are {known.tolist()} since the first partial_fit, got {unknown.tolist() or classes}"
            )
        return self._on_classes(X, y, known, sample_weight, goes_on=True)

    def _on_classes(self, X: Any, y: Any, classes: Any, sample_weight: Any, goes_on: bool = False) -> Self:  # noqa: N803
        """The classifier, trained on samples of these classes."""
        import numpy

        self.classes_, numbers = classes, numpy.searchsorted(classes, y)
        if len(self.classes_) < 2:
            raise DataError(f"a classifier needs two classes or more, got the one class {self.classes_[0]!r}")
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        known = {label: place for place, label in enumerate(self.classes_.tolist())}
        weights = self.class_weight
        if isinstance(weights, dict):
            weights = {known.get(label, label): weight for label, weight in weights.items()}
        binary = len(known) == 2
        return self._trained(
            X, numbers, 1 if binary else len(known), "binary_cross_entropy" if binary else "cross_entropy",
            "stratified", goes_on=goes_on, sample_weight=sample_weight, class_weight=weights,
        )  # fmt: skip

    def predict(self, X: Any) -> Any:  # noqa: N803
        """The class of each sample."""
        places = self._loss().classes(self._outputs(X)).reshape(-1).astype(int)
        return self.classes_[places]

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        """The probability of each class, in the order of `classes_`, a row for each sample."""
        return self._loss().probabilities(self._outputs(X))

    def decision_function(self, X: Any) -> Any:  # noqa: N803
        """The score of each class; of two classes, that of the second one."""
        outputs = self._outputs(X)
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    def _loss(self) -> Any:
        check_is_fitted(self)
        return self.model_.trained_loss


class NetworkRegressor(RegressorMixin, _NetworkEstimator):  # type: ignore[misc]
    """A network that finds numbers, with the interface of scikit-learn's `MLPRegressor`; `loss` is any loss of ours.

    The other options are those of `NetworkClassifier`.

    >>> import numpy as np
    >>> x = np.linspace(-3, 3, 60).reshape(-1, 1)
    >>> regressor = NetworkRegressor((16,), "tanh", learning_rate=0.02, random_state=0).fit(x, np.sin(x[:, 0]))
    >>> regressor.score(x, np.sin(x[:, 0])) > 0.95, regressor.predict(x[:3]).shape
    (True, (3,))
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (16,),
        activation: Any = "relu",
        *,
        loss: Any = "mse",
        optimizer: Any = "adam",
        learning_rate: Any = 0.01,
        weight_decay: float = 0.0,
        dropout: float = 0.0,
        max_iter: int = 200,
        batch_size: int | str | None = "auto",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            hidden_layer_sizes, activation, optimizer=optimizer, learning_rate=learning_rate, weight_decay=weight_decay,
            dropout=dropout, max_iter=max_iter, batch_size=batch_size, early_stopping=early_stopping,
            validation_fraction=validation_fraction, n_iter_no_change=n_iter_no_change, random_state=random_state,
            verbose=verbose,
        )  # fmt: skip
        self.loss = loss

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """The regressor, trained on samples of shape (samples, features), and a number or a row of numbers for each."""
        return self._on_numbers(X, y, sample_weight)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """The regressor, trained for one more epoch, on these samples."""
        return self._on_numbers(X, y, sample_weight, goes_on=True)

    def _on_numbers(self, X: Any, y: Any, sample_weight: Any, goes_on: bool = False) -> Self:  # noqa: N803
        """The regressor, trained."""
        first = not (goes_on and hasattr(self, "model_"))
        X, y = validate_data(self, X, y, dtype=float, multi_output=True, y_numeric=True, reset=first)  # noqa: N806
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        self._one = y.ndim == 1
        outputs = 1 if self._one else y.shape[1]
        return self._trained(X, y, outputs, self.loss, "random", goes_on=goes_on, sample_weight=sample_weight)

    def predict(self, X: Any) -> Any:  # noqa: N803
        """The number, or the row of numbers, for each sample."""
        outputs = self._outputs(X)
        return outputs.ravel() if self._one else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
