"""`Parameter`: an array of Variables that a layer learns, filled when its shape is known."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from autograd import Variable
from autograd.text import one_line
from autograd.transforms.trees import map_leaves
from layers.arrays import check_real, element_names, handed
from layers.errors import InputError, ShapeError, SizeError
from layers.hints import did_you_mean, hint_of
from layers.options import whole_number
from layers.parameters.initialisers import initialiser_of

__all__ = ["Parameter", "flat_values", "put_flat", "sizes_restored", "substituted", "without_values"]

logger = logging.getLogger("layers.parameters")

_substitutes: ContextVar[Mapping[Parameter, Any] | None] = ContextVar("substitutes", default=None)


class Parameter:
    """An array of numbers that a layer learns, each a Variable.

    shape: its lengths; None stands for one that the layer's first input decides.
    initialiser: by name, description or as an object ("zeros" without one); fills it on first use, from a generator of
    its own seeded with `seed`.
    fans: the numbers of inputs of each output and of outputs of each input, if not the first and the last length.

    >>> from layers.parameters.initialisers import Normal
    >>> weight = Parameter((None, 2), Normal(), seed=(0,))
    >>> weight.fit_shape((3, 2))
    >>> weight.values.shape, weight.nodes[0, 1].name
    ((3, 2), 'weight[0,1]')
    """

    def __init__(
        self,
        shape: Sequence[int | None],
        initialiser: Any = None,
        *,
        name: str = "weight",
        fans: tuple[int | None, int | None] | None = None,
        seed: tuple[int, ...] | None = None,
    ) -> None:
        if not isinstance(shape, tuple | list) or any([isinstance(length, list | tuple) for length in shape]):
            raise InputError(
                f"a Parameter is given its shape, a tuple of lengths, and an initialiser, got {type(shape).__name__}; "
                f"numbers of one's own are given by parameter.assign(array)"
            )
        self.shape = tuple([None if length is None else whole_number("a length", length, least=0) for length in shape])
        self.initialiser = initialiser_of("zeros" if initialiser is None else initialiser)
        self.name = name
        self.fans = fans
        self.seed = seed
        self._variables: Any = None
        self._belongs = False  # whether a layer has given it its name

    @property
    def sized(self) -> bool:
        """Whether all its lengths are known."""
        return None not in self.shape

    @property
    def size(self) -> int:
        """The count of its numbers. Raises SizeError before that is known."""
        size = 1
        for length in self.shape:
            if length is None:
                raise self._unsized()
            size *= length
        return size

    def fit_shape(self, shape: tuple[int, ...]) -> None:
        """Settle the lengths that were left open. Raises ShapeError if others would have to change."""
        fits = len(shape) == len(self.shape) and all(
            [own in (None, given) for own, given in zip(self.shape, shape, strict=True)]
        )
        if not fits:
            raise ShapeError(f"{one_line(self.name)} has shape {shape_text(self.shape)}, got {shape_text(shape)}")
        self.shape = shape

    def reopen(self, shape: tuple[int | None, ...]) -> None:
        """Go back to a shape with open lengths, and to no values."""
        self.shape = shape
        self._variables = None

    @property
    def variables(self) -> Any:
        """Its Variables, an object array of its shape. Raises SizeError before the shape is known."""
        if self._variables is None:
            if not self.sized:
                raise self._unsized()
            self._fill(self._first_values())
        return self._variables

    @property
    def nodes(self) -> Any:
        """The array to compute with: its Variables, or the array that `substituted` put in their place."""
        substitutes = _substitutes.get()
        return handed(self.variables if substitutes is None or self not in substitutes else substitutes[self])

    @property
    def values(self) -> Any:
        """Its numbers, an array of float64 that is read only: `assign` changes them."""
        return self._read(lambda variable: variable.value)

    @property
    def gradient(self) -> Any:
        """The gradients that its Variables have, an array of float64 that is read only."""
        return self._read(lambda variable: variable.grad)

    def initialise(self) -> None:
        """Give it first values anew: with a seed the same ones again. While its shape is open, nothing is done."""
        if self.sized:
            self.assign(self._first_values())

    def assign(self, values: Any) -> None:
        """Give its Variables these values, an array of its shape. Raises ShapeError; nothing is then changed."""
        import numpy

        check_real(self.name, values, ShapeError)
        values = numpy.asarray(values, dtype=float)
        self.fit_shape(values.shape)
        if self._variables is None:
            self._fill(values)
            return
        for variable, value in zip(self._variables.flat, values.ravel().tolist(), strict=True):
            variable.value = value

    def assign_gradient(self, gradients: Any) -> None:
        """Give its Variables these gradients, an array of its shape."""
        import numpy

        for variable, gradient in zip(self.variables.flat, numpy.ravel(gradients).tolist(), strict=True):
            variable.grad = gradient

    def belong(self, name: str) -> None:
        """Take the name it has in a layer, the first that it is part of and those around that one.

        In another model, which shares it, it goes by another name, and keeps its own.
        """
        if not self._belongs or name.endswith("." + self.name):
            self._belongs = True
            self.rename(name)

    def rename(self, name: str) -> None:
        """Call it, and its Variables, by this name."""
        self.name = name
        if self._variables is not None:
            for variable, element in zip(self._variables.flat, element_names(name, self.shape), strict=True):
                variable.name = element

    # In arithmetic, and under NumPy's functions, it is the array to compute with.

    # fmt: off
    def __add__(self, other: Any) -> Any: return self.nodes + handed_nodes(other)
    def __radd__(self, other: Any) -> Any: return other + self.nodes
    def __sub__(self, other: Any) -> Any: return self.nodes - handed_nodes(other)
    def __rsub__(self, other: Any) -> Any: return other - self.nodes
    def __mul__(self, other: Any) -> Any: return self.nodes * handed_nodes(other)
    def __rmul__(self, other: Any) -> Any: return other * self.nodes
    def __truediv__(self, other: Any) -> Any: return self.nodes / handed_nodes(other)
    def __rtruediv__(self, other: Any) -> Any: return other / self.nodes
    def __matmul__(self, other: Any) -> Any: return self.nodes @ handed_nodes(other)
    def __rmatmul__(self, other: Any) -> Any: return other @ self.nodes
    def __pow__(self, other: Any) -> Any: return self.nodes ** handed_nodes(other)
    def __rpow__(self, other: Any) -> Any: return other ** self.nodes
    def __neg__(self) -> Any: return -self.nodes
    def __abs__(self) -> Any: return abs(self.nodes)
    def __len__(self) -> int: return len(self.variables)
    def __iter__(self) -> Iterator[Any]: return iter(self.nodes)
    def __getitem__(self, key: Any) -> Any: return self.nodes[key]
    # fmt: on

    def __bool__(self) -> bool:
        return True

    @property
    def T(self) -> Any:  # noqa: N802 - NumPy's name
        """The transpose of the array to compute with."""
        return self.nodes.T

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        import numpy

        return numpy.asarray(self.nodes, dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return getattr(ufunc, method)(*[handed_nodes(one) for one in inputs], **options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*map_leaves(handed_nodes, args), **{name: handed_nodes(one) for name, one in kwargs.items()})

    @staticmethod
    def apply_primitive(primitive: Any, operands: tuple[Any, ...]) -> Any:
        """The primitive of its nodes, for calls of primitives such as `exp(parameter)`."""
        return primitive(*[handed_nodes(one) for one in operands])

    def __getattr__(self, name: str) -> Any:
        from autograd.arrays.node_arrays import NodeArray

        said = f"a Parameter has no attribute {name!r}"
        hint = hint_of(name, "parameter")
        if hint is not None:
            raise AttributeError(f"{said}; {did_you_mean(name, (), 'parameter')}")
        if not name.startswith("_") and hasattr(NodeArray, name):
            said = f"{said}; the array to compute with has it: .nodes.{name}, and .values.{name} of its numbers"
        raise AttributeError(said)

    def __setattr__(self, name: str, value: Any) -> None:
        if hint_of(name, "parameter") is not None:
            self.__getattr__(name)
        if name in ("values", "gradient", "variables", "nodes"):
            raise InputError(f"the numbers of {one_line(self.name)} are set by assign(array)")
        super().__setattr__(name, value)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise InputError(f"the numbers of {one_line(self.name)} are set by assign(array), all at once")

    def __iadd__(self, other: Any) -> Any:
        raise InputError(f"the numbers of {one_line(self.name)} are set by assign(array), or moved by an optimiser")

    __isub__ = __imul__ = __itruediv__ = __iadd__

    def _first_values(self) -> Any:
        import numpy

        lengths = self.shape or (1,)
        fan_in, fan_out = self.fans if self.fans is not None else (None, lengths[-1])
        # To seed a generator takes longer than to fill a bias.
        generator = numpy.random.default_rng(self.seed) if self.initialiser.random else None
        logger.debug("%s of shape %s is filled by %r", one_line(self.name), shape_text(self.shape), self.initialiser)
        return self.initialiser(generator, self.shape, int(fan_in or lengths[0] or 1), int(fan_out or 1))

    def _fill(self, values: Any) -> None:
        import numpy

        values = numpy.asarray(values, dtype=float)
        names = element_names(self.name, values.shape)
        variables: Any = numpy.empty(values.size, dtype=object)
        variables[:] = [Variable(value, name) for value, name in zip(values.ravel().tolist(), names, strict=True)]
        self._variables = variables.reshape(values.shape)

    def _read(self, attribute: Any) -> Any:
        import numpy

        numbers = [attribute(variable) for variable in self.variables.flat]
        array = numpy.array(numbers, dtype=float).reshape(self.variables.shape)
        # To change this array would change no parameter.
        array.flags.writeable = False
        return array

    def _unsized(self) -> SizeError:
        return SizeError(
            f"{one_line(self.name)} has shape {shape_text(self.shape)}: its open length is decided by the first input; "
            f"apply the layer once, or give its input size"
        )

    def __repr__(self) -> str:
        return f"<Parameter {one_line(self.name)} of shape {shape_text(self.shape)}>"


def handed_nodes(operand: Any) -> Any:
    """The array to compute with of a Parameter; anything else as it is."""
    return operand.nodes if isinstance(operand, Parameter) else operand


def shape_text(shape: Sequence[int | None]) -> str:
    """A shape with a question mark for each open length.

    >>> shape_text((None, 3))
    '(?, 3)'
    """
    lengths = ", ".join(["?" if length is None else str(length) for length in shape])
    return f"({lengths},)" if len(shape) == 1 else f"({lengths})"


class substituted:  # noqa: N801 - a context manager reads like a statement
    """Inside this context these arrays stand for the parameters, in this thread or task.

    That makes a layer a function of its parameters too: of numbers, which record nothing, or of the arguments of
    a transform.
    """

    # Of the class, for Ctrl-C may come before a line of `__init__` is done.
    _inside = False

    def __init__(self, arrays: Mapping[Parameter, Any]) -> None:
        self._arrays = arrays
        self._before = _substitutes.get()

    def __enter__(self) -> None:
        self._inside = True
        _substitutes.set(self._arrays)

    def __exit__(self, *_: object) -> None:
        _substitutes.set(self._before)
        self._inside = False

    def __del__(self) -> None:
        # Ctrl-C may come before `__exit__` has done its work.
        if self._inside and _substitutes.get() is self._arrays:
            _substitutes.set(self._before)


@contextmanager
def sizes_restored(parameters: Iterable[Parameter]) -> Iterator[None]:
    """If this context ends with an error, lengths that were open before are open again."""
    still_open = [(parameter, parameter.shape) for parameter in parameters if not parameter.sized]
    try:
        yield
    except BaseException:
        for parameter, shape in still_open:
            parameter.reopen(shape)
        raise


@contextmanager
def without_values(parameters: Iterable[Parameter]) -> Iterator[None]:
    """Inside this context the parameters have no values, as before their first use: they are pickled without."""
    before = [(parameter, parameter._variables) for parameter in parameters]
    try:
        for parameter, _ in before:
            parameter._variables = None
        yield
    finally:
        for parameter, variables in before:
            parameter._variables = variables


def flat_values(parameters: Sequence[Parameter]) -> Any:
    """The numbers of all parameters, one after the other in one array."""
    import numpy

    return numpy.concatenate([numpy.empty(0), *[parameter.values.ravel() for parameter in parameters]])


def put_flat(parameters: Sequence[Parameter], values: Any) -> None:
    """Give all parameters the values in one array, in the order of `flat_values`, even if Ctrl-C interrupts."""

    def assign() -> None:
        start = 0
        for parameter in parameters:
            end = start + parameter.size
            parameter.assign(values[start:end].reshape(parameter.shape))
            start = end

    try:
        assign()
    except KeyboardInterrupt:
        assign()
        raise
