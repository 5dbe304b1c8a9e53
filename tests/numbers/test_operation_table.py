"""The table of operations against a dict of Python."""

import random

import pytest

from autograd.numbers.operation_table import OperationTable


@pytest.mark.parametrize("expected", [0, 200, 5000])
@pytest.mark.parametrize("codes, values, longest", [(1, 60, 2), (7, 40, 3), (400, 3, 1), (3, 4, 9)])
def test_each_operation_is_found_again_and_no_other(codes, values, longest, expected):
    draw = random.Random(codes)
    table, known = OperationTable(expected), {}
    for _ in range(5000):
        code = draw.randrange(codes)
        operands = tuple(draw.choices(range(values), k=draw.randint(0, longest)))
        for operand in operands:
            table.lay(operand)
        mixed = table.hash(code)
        assert table.find(code, mixed) == known.get((code, operands), -1)
        if (code, operands) in known:
            table.drop()
        else:
            known[code, operands] = table.count
            table.keep(code, 3 * table.count, mixed)
    assert table.count == len(known) > 100
    for (code, operands), number in known.items():
        assert (table.codes[number], table.results[number]) == (code, 3 * number)
        assert tuple(table.operands[table.starts[number] : table.starts[number + 1]]) == operands


def test_an_operation_that_commutes_is_found_with_its_operands_in_either_order():
    table = OperationTable()
    for operand in (3, 4):
        table.lay(operand)
    table.keep(0, 17, table.hash(0))
    for left, right, code, exact, either_way in (
        (3, 4, 0, 0, 0), (4, 3, 0, -1, 0), (4, 3, 1, -1, -1), (3, 3, 0, -1, -1), (4, 4, 0, -1, -1),
    ):  # fmt: skip
        table.lay(left)
        table.lay(right)
        mixed = table.hash(code)
        assert (table.find(code, mixed), table.find(code, mixed, True)) == (exact, either_way)
        table.drop()
