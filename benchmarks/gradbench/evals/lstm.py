"""A recurrent network with diagonal matrices over up to 8,192 characters, each of which is a turn of a loop."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import exp, grad, jit, log, scan, sigmoid, tanh
from benchmarks.gradbench.function import Function


def layer(weights: Any, biases: Any, hidden: Any, cell: Any, given: Any) -> Any:
    """The next state of a layer: gates to forget, to let in and out, and the change."""
    size = len(hidden)
    forget, let_in, let_out, change = [
        operand * weights[gate * size : (gate + 1) * size] + biases[gate * size : (gate + 1) * size]
        for gate, operand in enumerate((given, hidden, given, hidden))
    ]
    cell = cell * sigmoid(forget) + sigmoid(let_in) * tanh(change)
    return sigmoid(let_out) * tanh(cell), cell


def objective(main: Any, extra: Any, state: Any, sequence: Any) -> Any:
    """The mean error of each bit of each next character."""
    layers = len(main) // 2

    def step(states: Any, characters: Any) -> Any:
        character, following = characters
        signal, states = character * extra[0], list(states)
        for number in range(layers):
            hidden, cell = layer(main[2 * number], main[2 * number + 1], *states[2 * number : 2 * number + 2], signal)
            states[2 * number : 2 * number + 2] = [hidden, cell]
            signal = hidden
        predicted = signal * extra[1] + extra[2]
        # ADBench adds 2 to this sum of exponentials.
        return states, np.sum(following * (predicted - log(np.sum(exp(predicted)) + 2.0)))

    _, shares = scan(step, [state[place] for place in range(2 * layers)], (sequence[:-1], sequence[1:]))
    return -np.sum(shares) / (sequence.shape[1] * (len(sequence) - 1))


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    """All parts as arrays."""
    return tuple([np.array(given[name], float) for name in ("main_params", "extra_params", "state", "sequence")])


FUNCTIONS = {
    "objective": Function(prepare, jit(objective)),
    "jacobian": Function(
        prepare,
        jit(grad(objective, argnums=(0, 1))),
        lambda slopes: [x for part in slopes for x in part.ravel().tolist()],
    ),
}
