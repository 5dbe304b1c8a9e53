"""A few dozen operations written one after another, as in an engine's first example."""

from micrograd.engine import Value


def tangle():
    """Every operator with a node and a number on either side, names used again, one input used often."""
    p = Value(-3.0)
    q = Value(1.5)
    r = p + q
    s = p * q - q**2
    r += 2 * r - 1
    s = s / 4.0 + 6.0 / q
    t = (-r + s).relu() + 0.25 * (s - r) ** 2
    t = t - (3 - p) * (q + 2).relu()
    u = t / (q + 0.5) + 10.0 / (t * t + 1)
    u += sum([p, q, r], 1)
    u.backward()
    shown = f"{u.data:.6f} {p.grad:.6f} {q.grad:.6f}"
    return [u.data, p.grad, q.grad], shown


def shared():
    """Nodes that are used twice, by themselves and through others: gradients add up."""
    a = Value(0.75)
    b = a + a
    c = b * b * a
    d = c + b - a * c
    d.backward()
    return [d.data, a.grad]


def neuron():
    """One neuron of two inputs, the slope of its relu on either side."""
    found = []
    for bias in (6.5, -6.5):
        inputs, weights = [Value(2.0), Value(0.0)], [Value(-3), Value(1)]
        output = (inputs[0] * weights[0] + inputs[1] * weights[1] + bias).relu()
        output.backward()
        found += [output.data, *[v.grad for v in inputs + weights]]
    return found


def descent():
    """Newton's and gradient steps on a bowl, with the value assigned in place."""
    x, path = Value(4.0), []
    for _ in range(30):
        bowl = (x - 1.5) ** 2 + 0.1 * x**4
        x.grad = 0
        bowl.backward()
        x.data -= 0.05 * x.grad
        path += [bowl.data, x.data, x.grad]
    return path


def walk():
    """The edges and leaves of a graph, found as drawing programs do, with sets of nodes."""
    a, b = Value(2.0), Value(2.0)
    a.label, b.label = "a", "b"
    c = a * b
    c.label = "c"
    d = c + a
    nodes, edges = set(), set()

    def collect(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                collect(child)

    collect(d)
    leaves = sorted(n.label for n in nodes if not n._prev)
    return [len(nodes), len(edges), leaves, sorted(e[0].label for e in edges)]


def run():
    numbers, shown = tangle()
    return {"tangle": numbers, "shown": shown, "shared": shared(), "neuron": neuron(), "descent": descent()}
