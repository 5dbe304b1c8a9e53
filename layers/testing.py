"""A strategy for hypothesis: random stacks of layers with a sample and a loss, as functions to differentiate.

>>> from hypothesis import given, settings
>>> from autograd.testing import gradcheck
>>> @settings(max_examples=5, deadline=None)
... @given(stacks())
... def test_the_gradient_is_right(stack):
...     assert gradcheck(stack, stack.point, fast_mode=True)
>>> test_the_gradient_is_right()
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd.testing.strategies import strategies_of_hypothesis
from layers.base import Layer
from layers.dense import Dense
from layers.losses import loss_of
from layers.model import Sequential
from layers.parameters.parameter import substituted
from layers.training.step import TrainingStep, arranged

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["Stack", "stacks"]

ACTIVATIONS = ("identity", "tanh", "sigmoid", "relu", "leaky_relu", "softplus", "gelu", "softmax")
LOSSES = ("mse", "huber", "hinge", "cross_entropy")


class Stack:
    """A small model of dense layers, one sample, and its loss: a function of all parameters and of the sample.

    sizes: the number of features of the sample, then of each layer's output; activations: one for each layer, by name
    or as a layer; seed: of the parameters' values, biases included, so that no two of them are alike.

    >>> stack = Stack((2, 3, 1), ("relu", "identity"), "mse", (0.5, -1.0), seed=1)
    >>> stack
    Sequential(Dense(2, 3, 'relu'), Dense(3, 1, 'identity')) with 'mse' on (0.5, -1.0), seed=1
    >>> parameters, sample = stack.point
    >>> parameters.shape, sample.shape, stack(parameters, sample) > 0.0
    ((13,), (2,), True)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activations: Sequence[str | Layer],
        loss: str,
        sample: Sequence[float],
        *,
        seed: int = 0,
    ) -> None:
        import numpy

        self.sizes = tuple(sizes)
        self.activations = tuple(activations)
        self.loss = loss
        self.seed = seed
        dense = [
            Dense(inputs, outputs, activation)
            for inputs, outputs, activation in zip(self.sizes, self.sizes[1:], self.activations, strict=False)
        ]
        self.model = Sequential(*dense)
        self.step = TrainingStep(self.model, loss_of(loss))
        size = sum([parameter.size for parameter in self.step.parameters])
        generator = numpy.random.default_rng(seed)
        self.point = [generator.normal(scale=0.7, size=size), numpy.array(sample, dtype=float)]
        # Classes are counted, scores are labelled, values are met: a target that each loss can take.
        count = self.sizes[-1]
        self.target: Any = numpy.array([1.0 - 2.0 * (place % 2) for place in range(count)], dtype=object)
        if loss == "cross_entropy":
            self.target = numpy.array([1.0 / count] * count, dtype=object)

    def __call__(self, parameters: Any, sample: Any) -> Any:
        """The loss, a node if anything given is one."""
        import numpy

        with substituted(arranged(self.step.parameters, list(parameters))):
            return self.step.of_sample(numpy.asarray(sample, dtype=object), self.target)

    def __repr__(self) -> str:
        dense = [
            f"Dense({inputs}, {outputs}, {activation!r})"
            for inputs, outputs, activation in zip(self.sizes, self.sizes[1:], self.activations, strict=False)
        ]
        sample = tuple(self.point[1].tolist())
        return f"Sequential({', '.join(dense)}) with {self.loss!r} on {sample}, seed={self.seed}"


def stacks(
    *,
    max_layers: int = 3,
    max_width: int = 4,
    activations: Sequence[str | Layer] = ACTIVATIONS,
    losses: Sequence[str] = LOSSES,
) -> SearchStrategy[Stack]:
    """Random stacks of dense layers. They shrink to one layer of width 1, to the first activation and loss.

    `activations` are names of layers, or layers of one's own to be tested among the others.
    """
    st = strategies_of_hypothesis()
    width = st.integers(1, max_width)
    # No sample is 0, where weights would have no effect. Few numbers: smallest examples are found sooner.
    number = st.sampled_from([1.0, -1.0, 0.5, 2.0, -0.3, 0.1, -2.5, 3.7])

    def built(drawn: Any) -> Stack:
        (sample, *widths), kinds, loss, seed = drawn
        return Stack((len(sample), *widths), kinds, loss, sample, seed=seed)

    shapes = [
        st.tuples(
            st.tuples(st.lists(number, min_size=1, max_size=max_width), *[width] * depth),
            st.tuples(*[st.sampled_from(list(activations))] * depth),
            st.sampled_from(list(losses)),
            st.integers(0, 15),
        )
        for depth in range(1, max_layers + 1)
    ]
    result: SearchStrategy[Stack] = st.one_of(*shapes).map(built)
    return result
