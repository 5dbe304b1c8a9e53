"""Operations whose derivatives go by rules of their own, not by what their values are computed from."""

from autograd import Primitive, implicit

__all__ = ["Straight", "solved"]

# Its rule is not the derivative of its value, as of a straight-through estimator.
Straight = Primitive("straight through", lambda x: x * x * x, lambda x, out: 1.0 + 0.5 * x, registered=False)


@implicit.root(lambda x, a: x * x * x + x - a)
def solved(a):
    """In a compiled function its value is that of the last step of a solver."""
    x = a
    for _ in range(40):
        x = x - (x * x * x + x - a) / (3.0 * x * x + 1.0)
    return x
