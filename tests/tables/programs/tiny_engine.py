"""A reference engine for the programs of this directory: plain closures-free reverse mode, written for the tests.

It shares no code with the package: each node keeps the slope in each operand, and the sweep walks all nodes in
the opposite order of their making, which needs no topological sort at all.
"""

import itertools
import math

_counter = itertools.count()


class Value:
    """A number, how it came about, and the derivative of the last output in it."""

    def __init__(self, data, label="", inputs=()):
        self.data = data
        self.grad = 0
        self.label = label
        self.inputs = inputs
        self.age = next(_counter)

    @property
    def _prev(self):
        return tuple(operand for operand, _ in self.inputs)

    @staticmethod
    def lift(other):
        return other if isinstance(other, Value) else Value(other)

    def __add__(self, other):
        other = self.lift(other)
        return Value(self.data + other.data, inputs=((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = self.lift(other)
        return Value(self.data * other.data, inputs=((self, other.data), (other, self.data)))

    def __sub__(self, other):
        other = self.lift(other)
        return Value(self.data - other.data, inputs=((self, 1.0), (other, -1.0)))

    def __truediv__(self, other):
        other = self.lift(other)
        quotient = self.data / other.data
        return Value(quotient, inputs=((self, 1.0 / other.data), (other, -quotient / other.data)))

    def __pow__(self, exponent):
        return Value(self.data**exponent, inputs=((self, exponent * self.data ** (exponent - 1)),))

    def __neg__(self):
        return Value(-self.data, inputs=((self, -1.0),))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other):
        return self.lift(other) - self

    def __rtruediv__(self, other):
        return self.lift(other) / self

    def exp(self):
        power = math.exp(self.data)
        return Value(power, inputs=((self, power),))

    def log(self):
        return Value(math.log(self.data), inputs=((self, 1.0 / self.data),))

    def tanh(self):
        height = math.tanh(self.data)
        return Value(height, inputs=((self, 1.0 - height * height),))

    def relu(self):
        return Value(self.data if self.data > 0 else 0.0, inputs=((self, 1.0 if self.data > 0 else 0.0),))

    def backward(self):
        below = {}
        waiting = [self]
        while waiting:
            value = waiting.pop()
            if value.age not in below:
                below[value.age] = value
                waiting.extend(value._prev)
        self.grad = 1.0
        for age in sorted(below, reverse=True):
            for operand, slope in below[age].inputs:
                operand.grad += slope * below[age].grad
