"""The steps of a plan: products are taken into the sums and differences that alone use them."""

import pytest

from autograd.program.builder import Builder
from autograd.program.machine.machine import Machine
from autograd.program.machine.plan import Plan
from autograd.program.symbols import Symbol, number_of

INPUTS = [2.0, 3.0, 7.0, 5.0]
# What a program computes, and the names of the steps that it takes.
FUSED = {
    "a product plus a number": (lambda a, b, c, d: [a * b + c], ["product_plus"]),
    "a number plus a product": (lambda a, b, c, d: [c + a * b], ["product_plus"]),
    "a product minus a number": (lambda a, b, c, d: [a * b - c], ["product_minus"]),
    "a number minus a product": (lambda a, b, c, d: [c - a * b], ["minus_product"]),
    "two products": (lambda a, b, c, d: [a * b - c * d], ["multiply", "product_minus"]),
    "a product of a sum of a product": (lambda a, b, c, d: [(a * b + c) * d - a], ["product_plus", "product_minus"]),
    "inputs alone": (lambda a, b, c, d: [a + b - c], ["plus", "minus"]),
    "a product used twice": (lambda a, b, c, d: [a * b + c, a * b - c], ["multiply", "plus", "minus"]),
    "a product with itself": (lambda a, b, c, d: [a * b + a * b], ["multiply", "plus"]),
    "a product that is an output": (lambda a, b, c, d: [a * b, a * b + c], ["multiply", "plus"]),
}


@pytest.mark.parametrize("function, names", FUSED.values(), ids=FUSED)
def test_a_product_is_taken_into_the_one_sum_that_uses_it(function, names):
    builder = Builder(len(INPUTS))
    results = function(*[Symbol(builder, place) for place in range(len(INPUTS))])
    program = builder.program([number_of(builder, result) for result in results])
    assert [step.primitive.name for step in Plan(program).before] == names
    assert list(Machine(program).call(INPUTS)) == function(*INPUTS) == program(*INPUTS)


def test_a_product_that_is_decided_on_stays():
    builder = Builder(2)
    product = number_of(builder, Symbol(builder, 0) * Symbol(builder, 1))
    total = number_of(builder, Symbol(builder, product) + Symbol(builder, 0))
    program = builder.program([total], [(product, True, "file.py", 1)])
    plan = Plan(program)
    assert [step.primitive.name for step in [*plan.before_deciding, *plan.before]] == ["multiply", "plus"]
