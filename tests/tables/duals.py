"""Forward mode by dual numbers."""

from autograd import Node, Variable


class Dual:
    """Forward mode: a value, the derivative along one direction, and what rounding may have done to it."""

    def __init__(self, value, tangent=0.0, size=0.0):
        self.value = value
        self.tangent = tangent
        self.size = size


def apply_to_duals(primitive, arguments):
    """The primitive on duals and numbers, by its local gradients."""
    given_as = {id(item): Variable(item.value) for item in arguments if isinstance(item, Dual)}
    node = primitive(*[given_as.get(id(item), item) for item in arguments])
    if not isinstance(node, Node):
        return Dual(node)
    tangent = size = 0.0
    for item, slope in zip(arguments, node.local_gradients, strict=True):
        if isinstance(item, Dual):
            tangent += slope * item.tangent
            size += abs(slope) * item.size
    return Dual(node.value, tangent, size)
