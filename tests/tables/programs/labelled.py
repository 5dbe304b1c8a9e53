"""A neuron with names on its nodes and tanh written out in exponentials, as one does on a blackboard."""

from tiny_engine import Value


def run():
    x1, x2 = Value(2.0), Value(0.0)
    w1, w2 = Value(-3.0), Value(1.0)
    b = Value(6.8813735870195432)
    x1.label, x2.label, w1.label, w2.label, b.label = "x1", "x2", "w1", "w2", "b"
    n = x1 * w1 + x2 * w2 + b
    n.label = "n"
    e = (2 * n).exp()
    written_out = (e - 1) / (e + 1)
    written_out.backward()
    first = [written_out.data, *[v.grad for v in (x1, x2, w1, w2, n)]]
    for v in (x1, x2, w1, w2, b, n):
        v.grad = 0
    n = x1 * w1 + x2 * w2 + b
    at_once = n.tanh()
    at_once.backward()
    return {"written out": first, "at once": [at_once.data, *[v.grad for v in (x1, x2, w1, w2, n)]], "name": x1.label}
