"""The line of the program that asked for an operation, where lines are recorded."""

import copy
import pickle

from autograd import Constant, Variable, grad, no_grad, scope, source_lines, strict
from autograd import sum as total
from autograd.graph.callers import Line, caller
from layers import Dense


def test_an_operation_remembers_its_line():
    x = Variable(3.0)
    with source_lines():
        y = x * 2.0
        z = (
            y
            + 1.0
        )  # fmt: skip
    here = caller().number
    assert (y.source, str(y.source)) == (Line(__file__, here - 5), f"test_lines.py:{here - 5}")
    assert z.source.number == here - 3


def test_leaves_constants_and_what_is_outside_have_none():
    x = Variable(3.0)
    with source_lines():
        constant = Constant(2.0) * 3.0
        inner = Variable(1.0)
        with no_grad():
            unrecorded = x * 2.0
    assert [node.source for node in (x, x * 2.0, constant, inner, unrecorded)] == [None] * 5


def test_operations_of_one_kind_on_one_line_share_a_record():
    x = Variable(3.0)
    with source_lines():
        nodes = [x * number for number in range(100)]
    assert len({id(node.source) for node in nodes}) == 1


def test_a_name_a_scope_and_copies_keep_the_line():
    x = Variable(3.0)
    with source_lines(), scope("S"), strict():
        y = x * 2.0
    line = caller().number - 1
    y.name = "y"
    assert (y.name, y.scope.label, y.source.number) == ("y", "S", line)
    for copied in (copy.copy(y), copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        assert (copied.source, copied.name, copied.scope) == (y.source, "y", y.scope)
    with source_lines():
        plain = x * 2.0
    assert copy.deepcopy(plain).source == plain.source
    assert plain.source.number == line + 7


def test_an_operation_inside_a_layer_has_the_line_that_called_the_layer():
    x = Variable(3.0)
    layer = Dense(1, 2, activation="relu")
    with source_lines():
        y = total(layer([x]))
    line = caller().number - 1
    todo, found = [y], set()
    while todo:
        node = todo.pop()
        todo += node.parents
        found.add(node.source)
    assert found == {None, Line(__file__, line)}


def test_nested_contexts_and_functions_that_are_differentiated_record_it_too():
    lines = []

    def function(x):
        y = x * x
        lines.append(y.source)
        return y

    with source_lines():
        with source_lines():
            grad(function)(2.0)
        grad(grad(function))(2.0)
    assert [line.number for line in lines] == [lines[0].number] * 2
    assert grad(function)(2.0) == 4.0
    assert lines[2] is None
