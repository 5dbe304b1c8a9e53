"""A small transformer that learns to spell first names, made of layers and compiled to one program.

    python -m examples.names_transformer

It has the parts of a large one: embeddings of letters and places, causal self-attention in four heads, a two-layer
network, both beside what they add to, root-mean-square normalisation before each; 4,064 parameters. All names of up to
seven letters are trained on, each as letters and the ones that follow; then new ones are spelled.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from layers import (
    Adam,
    CausalSelfAttention,
    CrossEntropyLoss,
    Dense,
    Embedding,
    History,
    Linear,
    Residual,
    RMSNorm,
    Sequential,
)

DATA = Path(__file__).with_name("data") / "names.txt"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# One token begins and ends a name; nothing follows the places behind the end.
END, NOTHING = len(LETTERS), -1
LENGTH, WIDTH, HEADS = 8, 16, 4
SEED = 42


@dataclass
class Spelling:
    """A trained model, its training, its loss on names that it was not shown, and names that it spelled."""

    model: Sequential
    history: History
    held_out_loss: float
    spelled: list[str]
    seconds: float


def load(length: int = LENGTH) -> list[str]:
    """The names that fit into so many places, in a random order that is always the same."""
    names = [name for name in DATA.read_text(encoding="utf-8").split() if len(name) < length]
    return [names[place] for place in np.random.default_rng(SEED).permutation(len(names))]


def encoded(names: list[str], length: int = LENGTH) -> tuple[Any, Any]:
    """Tokens, and the token that follows each, a line for each name."""
    tokens = np.full((len(names), length + 1), NOTHING)
    for line, name in zip(tokens, names, strict=True):
        spelled = [END, *[LETTERS.index(letter) for letter in name], END]
        line[: len(spelled)] = spelled
    inputs = tokens[:, :-1].copy()
    # An end fills the places behind a name; the targets there are ignored.
    inputs[inputs == NOTHING] = END
    return inputs, tokens[:, 1:].copy()


def new_model(length: int = LENGTH, width: int = WIDTH, heads: int = HEADS, seed: int = SEED) -> Sequential:
    """The transformer."""
    start = {"type": "normal", "deviation": 0.08}

    def dense(n_in: int, n_out: int, activation: str | None = None) -> Dense:
        return Dense(n_in, n_out, activation, bias=False, weight_init=start)

    def norm() -> RMSNorm:
        return RMSNorm(width, gain=False)

    return Sequential(
        Embedding(END + 1, width, positions=length, weight_init=start),
        norm(),
        Residual(norm(), CausalSelfAttention(width, heads=heads, weight_init=start)),
        Residual(norm(), dense(width, 4 * width, "relu"), dense(4 * width, width)),
        dense(width, END + 1),
        name="transformer",
        seed=seed,
    )


def loss() -> CrossEntropyLoss:
    """The mean surprise at the next letters, in nats: the cross-entropy."""
    return CrossEntropyLoss(ignore=NOTHING)


def spell(model: Sequential, count: int, length: int = LENGTH, seed: int = SEED) -> list[str]:
    """Names that the model makes up, letter by letter."""
    generator = np.random.default_rng(seed)
    tokens = np.full((count, length), END)
    for place in range(length - 1):
        scores = model.predict(tokens)[:, place, :]
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        drawn = [generator.choice(END + 1, p=line) for line in chances]
        # After an end, only ends.
        ended = (tokens[:, 1 : place + 1] == END).any(axis=1)
        tokens[:, place + 1] = np.where(ended, END, drawn)
    return ["".join([LETTERS[token] for token in line if token != END]) for line in tokens.tolist()]


def train(
    epochs: int = 5,
    *,
    names: int | None = None,
    length: int = LENGTH,
    width: int = WIDTH,
    heads: int = HEADS,
    progress: bool = False,
) -> Spelling:
    """The model trained on so many names (all, if None), a tenth of them being held out."""
    started = time.perf_counter()
    inputs, targets = encoded(load(length)[:names], length)
    held_out = len(inputs) // 10
    model = new_model(length, width, heads)
    history = model.fit(
        inputs[held_out:], targets[held_out:], loss(), Adam(lr=Linear(0.01, 0.001), beta1=0.85, beta2=0.99),
        epochs=epochs, batch_size=64, seed=SEED, progress=progress,
    )  # fmt: skip
    return Spelling(
        model, history, model.evaluate(inputs[:held_out], targets[:held_out], loss()), spell(model, 20, length),
        time.perf_counter() - started,
    )  # fmt: skip


def main(directory: Path = Path("demo-output"), epochs: int = 5, **options: Any) -> list[Path]:
    """Train, print new names, save the weights and the learning curve; the paths of the files are returned."""
    from layers.plots import learning_curve

    directory.mkdir(parents=True, exist_ok=True)
    result = train(epochs, progress=True, **options)
    print(
        f"{result.seconds:.1f} s, compiling included; loss on names that were held out: {result.held_out_loss:.3f} "
        f"({np.log(END + 1):.3f} if all letters were as likely)"
    )
    print(", ".join(result.spelled))
    curve = directory / "names-learning.png"
    learning_curve(result.history).savefig(curve)
    return [result.model.save(directory / "names-transformer.npz"), curve]


if __name__ == "__main__":
    for saved in main():
        print(saved)
