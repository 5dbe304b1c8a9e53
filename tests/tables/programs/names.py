"""A transformer of one layer that learns to spell a few names, number by number, trained with Adam."""

import random
from itertools import pairwise

from tiny_engine import Value

WORDS = ["ada", "grace", "alan", "emmy", "carl", "sofia"]
LETTERS = sorted(set("".join(WORDS)))
END = len(LETTERS)
WIDTH, HEADS, LENGTH = 8, 2, 6
EACH = WIDTH // HEADS


def table(rows, columns):
    return [[Value(random.gauss(0, 0.2)) for _ in range(columns)] for _ in range(rows)]


def parameters_of(model):
    return [p for matrix in model.values() for row in matrix for p in row]


def new_model():
    model = {"letters": table(END + 1, WIDTH), "places": table(LENGTH, WIDTH), "out": table(END + 1, WIDTH)}
    for role in ("query", "key", "value", "mix"):
        model[role] = table(WIDTH, WIDTH)
    model["up"], model["down"] = table(2 * WIDTH, WIDTH), table(WIDTH, 2 * WIDTH)
    return model


def times(matrix, x):
    return [sum(w * xi for w, xi in zip(row, x)) for row in matrix]


def plus(x, y):
    return [a + b for a, b in zip(x, y)]


def scaled(x):
    """Divided by the root of the mean square."""
    mean_square = sum(xi * xi for xi in x) / len(x)
    factor = (mean_square + 1e-5) ** -0.5
    return [xi * factor for xi in x]


def softmax(scores):
    top = max(s.data for s in scores)
    powers = [(s - top).exp() for s in scores]
    whole = sum(powers)
    return [p / whole for p in powers]


def attend(model, x, keys, values):
    """Each head looks back at all places so far."""
    query = times(model["query"], x)
    keys.append(times(model["key"], x))
    values.append(times(model["value"], x))
    found = []
    for head in range(HEADS):
        part = slice(head * EACH, (head + 1) * EACH)
        scores = [sum(q * k for q, k in zip(query[part], key[part])) / EACH**0.5 for key in keys]
        weights = softmax(scores)
        found += [sum(w * v[part][j] for w, v in zip(weights, values)) for j in range(EACH)]
    return times(model["mix"], found)


def next_scores(model, letter, place, keys, values):
    x = scaled(plus(model["letters"][letter], model["places"][place]))
    x = plus(attend(model, scaled(x), keys, values), x)
    inner = [h.relu() for h in times(model["up"], scaled(x))]
    x = plus(times(model["down"], inner), x)
    return times(model["out"], x)


def loss_of(model, word):
    """The mean surprise at each letter and at the end."""
    letters = [END, *[LETTERS.index(c) for c in word], END]
    keys, values, surprises = [], [], []
    for place, (letter, following) in enumerate(pairwise(letters)):
        chances = softmax(next_scores(model, letter, place, keys, values))
        surprises.append(-chances[following].log())
    return (1 / len(surprises)) * sum(surprises)


def sample(model, temperature=0.7):
    keys, values, word, letter = [], [], "", END
    for place in range(LENGTH):
        scores = next_scores(model, letter, place, keys, values)
        chances = softmax([s / temperature for s in scores])
        letter = random.choices(range(END + 1), weights=[c.data for c in chances])[0]
        if letter == END:
            break
        word += LETTERS[letter]
    return word


def run(steps=4):
    random.seed(5)
    model = new_model()
    parameters = parameters_of(model)
    slow, fast = [0.0] * len(parameters), [0.0] * len(parameters)
    losses, gradients = [], []
    for step in range(steps):
        loss = loss_of(model, WORDS[step % len(WORDS)])
        loss.backward()
        losses.append(loss.data)
        gradients = [p.grad for p in parameters]
        for i, p in enumerate(parameters):
            slow[i] = 0.85 * slow[i] + 0.15 * p.grad
            fast[i] = 0.99 * fast[i] + 0.01 * p.grad**2
            m, v = slow[i] / (1 - 0.85 ** (step + 1)), fast[i] / (1 - 0.99 ** (step + 1))
            p.data -= 0.01 * (1 - step / steps) * m / (v**0.5 + 1e-8)
            p.grad = 0
    return {
        "losses": losses, "gradients": gradients, "parameters": [p.data for p in parameters],
        "samples": [sample(model) for _ in range(3)], "words": f"loss {losses[-1]:.4f}",
    }  # fmt: skip
