"""Random programs whose operations lie in rows, for the machines that do such rows in one go."""

import math

from autograd.operations.primitive import all_primitives
from autograd.program.machine.runs import LONGEST
from autograd.program.program import Program

KNOWN = [primitive for primitive in all_primitives(auxiliary=True) if primitive.built_in]


def random_program(draw, inputs, count, pool):
    """Operations in layers of one primitive, on operands that lie in a row, are the same, or anywhere."""
    names = list(dict.fromkeys(primitive.name for primitive in pool))
    codes, starts, operands = [], [0], []
    constants = [0.5, -2.0, math.inf]
    first = inputs + len(constants)
    while len(codes) < count:
        primitive = draw.choice(pool)
        known = first + len(codes)
        length = draw.choice([1, 2, 5, 40, LONGEST + 7])
        ways = [draw.choice(["row", "back", "same", "any"]) for _ in range(primitive.arity or 3 * primitive.multiple)]
        begins = [draw.randrange(known) for _ in ways]
        for k in range(length):
            codes.append(names.index(primitive.name))
            for way, begin in zip(ways, begins, strict=True):
                place = {"row": begin + k, "back": begin - k, "same": begin, "any": draw.randrange(known)}[way]
                operands.append(place % known)
            starts.append(len(operands))
    size = first + len(codes)
    return Program(inputs, constants, names, codes, starts, operands, list(range(size)))
