"""Strategies for hypothesis: a primitive, operands for it, points near its kinks, a random expression.

>>> from hypothesis import given
>>> from autograd.testing import gradcheck
>>> @given(expressions(max_leaves=2))
... def test_the_gradient_is_right(expression):
...     gradcheck(expression, expression.point)
>>> test_the_gradient_is_right()
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd.diagnosis.kinks import margin_of
from autograd.errors import OperandError
from autograd.operations import primitives as primitives_module
from autograd.operations.primitive import Interval, Primitive
from autograd.operations.primitives import Sum

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["Expression", "expressions", "operands", "points_near_kinks", "primitives"]

# The distance from a kink below which a point is near it: differences of the function must not reach across.
CLEARANCE = 0.01
# Results of an expression's steps beyond this are left out, so that products of products stay finite.
LARGEST_RESULT = 1e4
CONSTANTS = (1.0, 2.0, 0.5, -1.0, 3.0, -0.3)
# Coordinates at which kinks are looked for, and distances from a kink to try.
MEETING_POINTS = (0.0, 1.0, -1.0, 2.0, 0.5, -0.5, 3.0, -2.5)
OFFSETS = (0.0, 1e-3, -1e-3, 1e-5, -1e-7, 1e-7, 1e-9, -1e-12, 1e-15, 1e-300)


def primitives() -> SearchStrategy[Primitive]:
    """Any built-in primitive, shrinking to the first ones: plus, minus."""
    declared = [known for known in vars(primitives_module).values() if isinstance(known, Primitive)]
    built_in = [primitive for primitive in declared if not primitive.auxiliary]
    result: SearchStrategy[Primitive] = strategies_of_hypothesis().sampled_from(built_in)
    return result


def operands(
    primitive: Primitive, *, away_from_kinks: bool = True, largest: float = 100.0
) -> SearchStrategy[tuple[float, ...]]:
    """Operands in the domain of the primitive, of size up to `largest`, for which its value is finite.

    An even number from 2 to 6 if it takes any number of them (an inner product needs pairs). An operand that
    is an order (see `Primitive`) is a small integer.

    away_from_kinks: whether to leave out points at and near a kink, a jump, a pole or an end of the domain.
    """
    st = strategies_of_hypothesis()

    def of_interval(interval: Interval, place: int) -> Any:
        if place in primitive.orders:
            return st.integers(1, 4).map(float)
        low, high = max(interval.low, -largest), min(interval.high, largest)
        return st.floats(
            low,
            high,
            allow_subnormal=False,
            exclude_min=not interval.closed and low == interval.low,
            exclude_max=not interval.closed and high == interval.high,
        )

    if primitive.arity is None:
        pairs = st.lists(st.tuples(*[of_interval(primitive.domain[0], -1)] * 2), min_size=1, max_size=3)
        drawn: Any = pairs.map(lambda pairs: tuple([number for pair in pairs for number in pair]))
    else:
        drawn = st.tuples(*[of_interval(interval, place) for place, interval in enumerate(primitive.domain)])

    def fits(numbers: tuple[float, ...]) -> bool:
        if away_from_kinks and (near_kink(primitive, numbers) or not in_domain(primitive, numbers)):
            return False
        return math.isfinite(primitive(*numbers))

    result: SearchStrategy[tuple[float, ...]] = drawn.filter(fits)
    return result


def points_near_kinks(primitive: Primitive) -> SearchStrategy[tuple[float, ...]]:
    """Operands at a kink of the primitive or a little off it, for which its value is finite.

    >>> from autograd.operations.primitives import Max
    >>> from hypothesis import find
    >>> find(points_near_kinks(Max), lambda point: True)
    (0.0, 0.0)
    """
    if primitive.kinks is None:
        raise ValueError(f"points near kinks need a primitive that declares them, {primitive.name} has none")
    st = strategies_of_hypothesis()
    sizes = [primitive.arity] if primitive.arity is not None else [2, 4]
    grids = [
        point
        for size in sizes
        for point in itertools.product(MEETING_POINTS[: 8 if size < 3 else 4], repeat=size)
        if margin_of(primitive, point) == 0.0
    ]
    if not grids:
        raise ValueError(f"{primitive.name} has no kink at small whole or half numbers: {MEETING_POINTS}")
    moves = st.tuples(st.sampled_from(OFFSETS), st.integers(0, 5))

    def moved(drawn: tuple[tuple[float, ...], tuple[float, int]]) -> tuple[float, ...]:
        point, (offset, place) = drawn
        place %= len(point)
        return (*point[:place], point[place] + offset, *point[place + 1 :])

    def fits(point: tuple[float, ...]) -> bool:
        domain = primitive.domain * len(point) if primitive.arity is None else primitive.domain
        inside = [number in interval for number, interval in zip(point, domain, strict=False)]
        return all(inside) and math.isfinite(primitive(*point))

    result: SearchStrategy[tuple[float, ...]] = st.tuples(st.sampled_from(grids), moves).map(moved).filter(fits)
    return result


def near_kink(primitive: Primitive, numbers: Sequence[float]) -> bool:
    """Whether the operands are within CLEARANCE of a kink, or one that moves by a thousandth may meet one."""
    if primitive.kinks is None:
        return False
    here = margin_of(primitive, numbers)
    return not abs(here) > CLEARANCE or any(
        not abs(margin_of(primitive, [*numbers[:place], number * factor, *numbers[place + 1 :]]) - here) < abs(here)
        for place, number in enumerate(numbers)
        for factor in (0.999, 0.9995, 1.0005, 1.001)
    )


def in_domain(primitive: Primitive, numbers: Sequence[float]) -> bool:
    """Whether each operand lies inside its interval, at least CLEARANCE from finite ends."""
    domain = primitive.domain * len(numbers) if primitive.arity is None else primitive.domain
    return all(
        interval.low + CLEARANCE < number < interval.high - CLEARANCE or place in primitive.orders
        for place, (interval, number) in enumerate(zip(domain, numbers, strict=False))
    )


class Expression:
    """An expression as a list of steps, each a primitive on leaves, earlier steps and constants.

    It is called on leaves of any kind:

    >>> from autograd.operations.primitives import Exp, Multiply
    >>> square_of_exp = Expression((0.5,), [(Exp, ["x0"]), (Multiply, ["t0", "t0"])])
    >>> square_of_exp
    t0 = exp(x0); multiply(t0, t0) at x0 = 0.5
    >>> square_of_exp(0.0)
    1.0
    """

    def __init__(self, point: Sequence[float], steps: Sequence[tuple[Primitive, Sequence[str | float]]]) -> None:
        self.point = tuple(point)
        self.steps = tuple([(primitive, tuple(arguments)) for primitive, arguments in steps])

    def __call__(self, *leaves: Any) -> Any:
        """The value on these leaves, with the primitives themselves: floats give a float, nodes a node."""
        return self.evaluate(leaves, lambda primitive, numbers: primitive(*numbers))

    def evaluate(self, leaves: Sequence[Any], apply: Callable[[Primitive, Sequence[Any]], Any]) -> Any:
        """The value, `apply(primitive, operands)` being called for each step; constants are floats."""
        if len(leaves) != len(self.point):
            raise TypeError(f"this expression has {len(self.point)} leaves, got {len(leaves)}")
        known = {f"x{place}": leaf for place, leaf in enumerate(leaves)}
        result = leaves[0]
        for number, (primitive, arguments) in enumerate(self.steps):
            result = apply(primitive, [known[item] if isinstance(item, str) else item for item in arguments])
            known[f"t{number}"] = result
        return result

    def __repr__(self) -> str:
        uses = [item for _, arguments in self.steps for item in arguments]
        texts: dict[str | float, str] = {}
        shared = []
        text = "x0"
        for number, (primitive, arguments) in enumerate(self.steps):
            name = f"t{number}"
            text = f"{primitive.name}({', '.join([texts.get(item, str(item)) for item in arguments])})"
            texts[name] = text
            if uses.count(name) > 1:
                shared.append(f"{name} = {text}; ")
                texts[name] = name
        point = ", ".join([f"x{place} = {leaf!r}" for place, leaf in enumerate(self.point)])
        return f"{''.join(shared)}{text} at {point}"


def expressions(
    *,
    max_leaves: int = 3,
    max_steps: int = 12,
    of: SearchStrategy[Primitive] | Sequence[Primitive] | None = None,
    near_kinks: bool = False,
) -> SearchStrategy[Expression]:
    """Random expressions whose steps share operands, with a point at which all is smooth and finite.

    With `near_kinks`, all is finite there, and kinks are met often: exactly, or almost.

    `of` says which primitives to use, one's own for instance: `[Plus, Multiply, MyPrimitive]`, or a strategy for them.

    They shrink to fewer steps, to the first primitives, and to small whole numbers at the leaves.
    """
    st = strategies_of_hypothesis()
    chosen: Any = primitives() if of is None else of
    if not isinstance(chosen, st.SearchStrategy):
        chosen = list(chosen)
        for each in chosen:
            if not isinstance(each, Primitive):
                raise OperandError(f"expressions(of=...) takes primitives, such as [Plus, Multiply]; got {each!r}")
    # An operand: how many results back to look, or a constant. Counted from the end, references keep their
    # meaning when hypothesis takes out a step before them.
    # Few and small integers: hypothesis gives up after some hundreds of steps towards the smallest example.
    reference = st.integers(0, 7)
    operand = st.one_of(reference, reference, st.sampled_from(CONSTANTS))

    def step_of(primitive: Primitive) -> Any:
        others = (primitive.arity or 4) - 1
        return st.tuples(st.just(primitive), st.tuples(reference, *[operand] * others))

    step = (st.sampled_from(chosen) if isinstance(chosen, list) else chosen).flatmap(step_of)
    leaf = st.integers(-400, 400).map(lambda hundredths: hundredths / 100)
    if near_kinks:
        leaf = st.builds(
            lambda number, offset: number + offset, st.sampled_from(MEETING_POINTS), st.sampled_from(OFFSETS)
        )
    leaves = st.lists(leaf, min_size=1, max_size=max_leaves)
    steps = st.lists(step, min_size=1, max_size=max_steps)
    result: SearchStrategy[Expression] = st.builds(smooth_expression, leaves, steps, st.just(near_kinks))
    return result


def smooth_expression(
    point: Sequence[float], drawn: Sequence[tuple[Primitive, Sequence[int | float]]], near_kinks: bool
) -> Expression:
    """The sum of the results of the drawn steps, without those that are not smooth and moderate at the point."""
    names = [f"x{place}" for place in range(len(point))]
    values = dict(zip(names, point, strict=True))
    steps: list[tuple[Primitive, list[str | float]]] = []
    for primitive, references in drawn:
        arguments: list[str | float] = [
            names[-1 - item % len(names)] if isinstance(item, int) else item for item in references[: primitive.arity]
        ]
        for place in primitive.orders:
            arguments[place] = 1.0 + len(names) % 3
        if not any([isinstance(item, str) for item in arguments]):
            # A step on constants alone would leave the leaves out.
            arguments[-1] = names[-1 - int(references[0]) % len(names)]
        numbers = [values[item] if isinstance(item, str) else item for item in arguments]
        if (near_kink(primitive, numbers) and not near_kinks) or not in_domain(primitive, numbers):
            continue
        result = primitive(*numbers)
        if abs(result) < LARGEST_RESULT:
            name = f"t{len(steps)}"
            names.append(name)
            values[name] = result
            steps.append((primitive, arguments))
    used = {item for _, arguments in steps for item in arguments}
    results: list[str | float] = [name for name in names[len(point) :] if name not in used]
    if len(results) > 1:
        steps.append((Sum, results))
    return Expression(point, steps)


def strategies_of_hypothesis() -> Any:
    """hypothesis.strategies, or an error that says how to install it."""
    try:
        from hypothesis import strategies
    except ImportError as error:
        raise ImportError(
            "autograd.testing.strategies needs hypothesis, which is not installed: pip install hypothesis"
        ) from error
    return strategies
