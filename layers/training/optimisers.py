"""Optimisers: from parameters and their gradient, as arrays, to better parameters.

An optimiser remembers its state (a momentum, mean squares) from step to step for one set of parameters, and begins anew
with another one, or after `reset`. `step` applies it to the Variables of a model after a backward pass; `fit` uses
`updated` alone. Settings may be changed between steps; they are checked as in the constructor.
Sources: Sutskever et al. 2013 for Nesterov's momentum in this form; Tieleman and Hinton 2012 (RMSProp); Kingma and Ba
2015 (arXiv:1412.6980); Loshchilov and Hutter 2019 (arXiv:1711.05101).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from autograd import Variable
from layers.errors import DescriptionError, InputError, ShapeError
from layers.hints import did_you_mean
from layers.options import finite_number, share, truth, whole_number
from layers.own_functions import HoldsFunctions
from layers.parameters.parameter import Parameter
from layers.saving.registry import Adjustable, Registry, check_options
from layers.training.schedules import checked_rate, rate_at

__all__ = ["LBFGS", "SGD", "Adam", "AdamW", "Optimizer", "RMSProp", "optimizer_of"]

OPTIMIZERS = Registry("optimizer")

DECAY = partial(finite_number, "a weight decay", least=0)
EPSILON = partial(finite_number, "an epsilon", above=0)


class Optimizer(HoldsFunctions, Adjustable):
    """Base of the optimisers. `lr` is the learning rate: a number, or a schedule (`layers.training.schedules`).

    A subclass defines `_next`, and keeps arrays of its own in `self._memory` by name.
    """

    checks = {"lr": checked_rate}
    functions = ("lr",)
    lr: Any
    last_rate: float | None = None  # of the last step

    def __new__(cls, *given: Any, **options: Any) -> Self:
        known = list(cls.constructor_options())
        check_options(cls.__name__, options, known)
        if given and isinstance(given[0], list | tuple | Iterator):
            raise InputError(
                f"{cls.__name__} holds no parameters; they are given to each step: "
                f"{cls.__name__}({known[0]}=...).step(model.parameters())"
            )
        if len(given) > 1:
            raise InputError(
                f"{cls.__name__} takes {known[0]} alone without its name, got {len(given)} values; there are "
                f"{', '.join(known)}"
            )
        return super().__new__(cls)

    def __init__(self, lr: Any) -> None:
        self.lr = lr
        self.reset()

    def reset(self) -> None:
        """Forget all steps."""
        self._size: int | None = None
        self._steps = 0
        self._memory: dict[str, Any] = {}
        # The first Variable that it has moved, by which a set of parameters is told from others.
        self._first: Variable | None = None

    def begin(self, first: Variable) -> None:
        """Forget the steps that were made for parameters that begin with another Variable than this one."""
        if self._first is not None and self._first is not first:
            self.reset()
        self._first = first

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            known = [other for other in dir(self) if not other.startswith("_")]
            meant = "" if name.startswith("_") else did_you_mean(name, known, "optimizer")
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}" + (f"; {meant}" if meant else ""))

    def __getstate__(self) -> dict[str, Any]:
        # Alone in a file, it goes on with the parameters that it is given next.
        return super().__getstate__() | {"_first": None}

    def state(self) -> tuple[int, dict[str, Any]]:
        """The number of steps made, and the arrays that are remembered, by name."""
        return self._steps, dict(self._memory)

    def restore(self, steps: int, memory: Mapping[str, Any], size: int) -> None:
        """Go on after so many steps for `size` parameters, with arrays that `state` gave."""
        self.reset()
        self._steps, self._memory, self._size = steps, dict(memory), size if steps else None

    def rate(self, progress: float) -> float:
        """The learning rate at this progress of the training, from 0 to 1."""
        return rate_at(self.lr, progress)

    def updated(self, parameters: Any, gradient: Any, progress: float = 0.0) -> Any:
        """The parameters after one step, a new array.

        >>> import numpy as np
        >>> SGD(lr=0.1).updated(np.array([1.0, 2.0]), np.array([10.0, -10.0]))
        array([0., 3.])
        """
        if self._size not in (None, len(parameters)):
            raise ShapeError(
                f"{type(self).__name__} has made steps for {self._size} parameters, got {len(parameters)}; take a new "
                f"one for another model, or call reset()"
            )
        if gradient.shape != parameters.shape:
            raise ShapeError(f"{len(parameters)} parameters have as many gradients, got shape {gradient.shape}")
        rate = self.rate(progress)
        if self._size is None:
            self._size = len(parameters)
        self._steps += 1
        self.last_rate = rate
        return self._next(parameters, gradient, rate)

    def step(self, parameters: Variable | Sequence[Variable] | None = None, progress: float = 0.0) -> None:
        """Move the Variables one step by the gradients that they have.

        >>> w = Variable(1.0)
        >>> (w * w).backward()
        >>> SGD(lr=0.25).step([w])
        >>> w.value
        0.5
        """
        import numpy

        if parameters is None:
            raise InputError(
                f"{type(self).__name__} holds no parameters; they are given to each step: step(model.parameters())"
            )
        if isinstance(parameters, Variable):
            parameters = [parameters]
        for variable in parameters:
            if not isinstance(variable, Variable):
                remedy = (
                    "; it has its own in parameter.variables.flat"
                    if isinstance(variable, Parameter)
                    else "; those of a model are model.parameters()"
                    if hasattr(variable, "parameters")
                    else ""
                )
                raise InputError(
                    f"{type(self).__name__}.step takes Variables, got {type(variable).__name__} among them{remedy}"
                )
        if parameters:
            self.begin(parameters[0])
        values = numpy.array([variable.value for variable in parameters], dtype=float)
        gradient = numpy.array([variable.grad for variable in parameters], dtype=float)
        moved = self.updated(values, gradient, progress)
        for variable, value in zip(parameters, moved.tolist(), strict=True):
            variable.value = value

    def _next(self, parameters: Any, gradient: Any, rate: float) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no step")


def optimizer_of(given: Any) -> Optimizer:
    """The optimiser of this name or description, or the one that was given."""
    if isinstance(given, Optimizer):
        return given
    made: Optimizer = OPTIMIZERS.make(given)
    return made


@OPTIMIZERS.register("sgd")
class SGD(Optimizer):
    """Gradient descent: p − lr·g, or p − lr·v with the momentum v = momentum·v + g.

    With `nesterov` the step is lr·(g + momentum·v). `weight_decay` adds that much of p itself to g.
    """

    settings = ("lr", "momentum", "nesterov", "weight_decay")
    checks = {"momentum": partial(share, "a momentum"), "nesterov": partial(truth, "nesterov"), "weight_decay": DECAY}

    def __init__(
        self, lr: Any = 0.01, *, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0
    ) -> None:
        super().__init__(lr)
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.nesterov = nesterov
        if self.nesterov and not self.momentum:
            raise DescriptionError("Nesterov's step needs a momentum above 0, got 0")

    def _next(self, parameters: Any, gradient: Any, rate: float) -> Any:
        direction = gradient + self.weight_decay * parameters if self.weight_decay else gradient
        if self.momentum:
            velocity = self.momentum * self._memory.get("velocity", 0.0) + direction
            self._memory["velocity"] = velocity
            direction = direction + self.momentum * velocity if self.nesterov else velocity
        return parameters - rate * direction


@OPTIMIZERS.register("rmsprop")
class RMSProp(Optimizer):
    """p − lr·g ÷ (√v + epsilon), v being a running mean of g²: v = decay·v + (1 − decay)·g²."""

    settings = ("lr", "decay", "epsilon", "weight_decay")
    checks = {"decay": partial(share, "a decay"), "epsilon": EPSILON, "weight_decay": DECAY}

    def __init__(
        self, lr: Any = 0.01, *, decay: float = 0.99, epsilon: float = 1e-8, weight_decay: float = 0.0
    ) -> None:
        super().__init__(lr)
        self.decay = decay
        self.epsilon = epsilon
        self.weight_decay = weight_decay

    def _next(self, parameters: Any, gradient: Any, rate: float) -> Any:
        slope = gradient + self.weight_decay * parameters
        squares = self.decay * self._memory.get("squares", 0.0) + (1.0 - self.decay) * slope * slope
        self._memory["squares"] = squares
        return parameters - rate * slope / (squares**0.5 + self.epsilon)


@OPTIMIZERS.register("adam")
class Adam(Optimizer):
    """p − lr·m ÷ (√v + epsilon), with running means m of g and v of g² that are corrected for their start at 0.

    `weight_decay` adds that much of p to g; see `AdamW` for the other way.
    """

    settings = ("lr", "beta1", "beta2", "epsilon", "weight_decay")
    checks = {
        "beta1": partial(share, "beta1"), "beta2": partial(share, "beta2"), "epsilon": EPSILON, "weight_decay": DECAY,
    }  # fmt: skip

    def __init__(
        self,
        lr: Any = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(lr)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay

    def _next(self, parameters: Any, gradient: Any, rate: float) -> Any:
        slope = gradient + self.weight_decay * parameters
        return parameters - rate * self._direction(slope)

    def _direction(self, slope: Any) -> Any:
        means = self.beta1 * self._memory.get("means", 0.0) + (1.0 - self.beta1) * slope
        squares = self.beta2 * self._memory.get("squares", 0.0) + (1.0 - self.beta2) * slope * slope
        self._memory.update(means=means, squares=squares)
        mean = means / (1.0 - self.beta1**self._steps)
        square = squares / (1.0 - self.beta2**self._steps)
        return mean / (square**0.5 + self.epsilon)


@OPTIMIZERS.register("adamw")
class AdamW(Adam):
    """Adam, whose weight decay shrinks p by lr·weight_decay·p beside the step instead of entering the means."""

    def __init__(
        self,
        lr: Any = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(lr, beta1=beta1, beta2=beta2, epsilon=epsilon, weight_decay=weight_decay)

    def _next(self, parameters: Any, gradient: Any, rate: float) -> Any:
        return parameters * (1.0 - rate * self.weight_decay) - rate * self._direction(gradient)


def no_rate(value: Any) -> Any:
    """Refuse a learning rate."""
    raise DescriptionError(f"lbfgs finds the lengths of its steps itself and takes no learning rate, got {value!r:.60}")


@OPTIMIZERS.register("lbfgs")
class LBFGS(Optimizer):
    """SciPy's L-BFGS-B, for `fit` on all samples at once: an epoch is one of its iterations.

    memory: the number of past steps from which it estimates the curvature.
    """

    settings = ("memory",)
    checks = {"memory": partial(whole_number, "the memory of lbfgs, in steps,"), "lr": no_rate}

    def __init__(self, memory: int = 10) -> None:
        self.memory = memory
        self.reset()

    def updated(self, parameters: Any, gradient: Any, progress: float = 0.0) -> Any:
        raise DescriptionError("lbfgs chooses its own points and takes no single steps; give it to fit(optimizer=...)")
