"""The tool that breaks the rules: what it changes, and that the tests see it."""

import ast

from tools.equivalent_mutants import EQUIVALENT
from tools.measure_conventions import PROJECT
from tools.mutants import mutants
from tools.oracles import BUILT_IN

MUTANTS = mutants(PROJECT / "autograd")


def changes_of(primitive):
    return {mutant.change for mutant in MUTANTS if mutant.primitives == (primitive,)}


def test_every_primitive_with_a_rule_of_its_own_has_mutants():
    concerned = {name for mutant in MUTANTS for name in mutant.primitives}
    assert concerned == {primitive.name for primitive in BUILT_IN}


def test_every_mutant_is_python_and_changes_one_statement():
    for mutant in MUTANTS[::50]:
        original = (PROJECT / "autograd" / mutant.file).read_text(encoding="utf-8")
        before, after = ast.parse(original).body, ast.parse(mutant.text).body
        different = [one for one, other in zip(before, after, strict=True) if ast.dump(one) != ast.dump(other)]
        assert len(different) == 1, mutant.name


def test_each_kind_of_fault_is_made():
    assert changes_of("square") >= {"value 0 negated", "value 0 doubled", "gradient 0 negated", "gradient 2.0 as 3.0"}
    assert changes_of("divide") >= {"gradient 0 with a and b swapped", "gradient -out without its sign"}
    assert changes_of("plus") >= {"value a + b as a - b", "value a + b as a", "value a + b as b"}
    assert changes_of("sin") >= {"gradient Sin for Cos"}
    assert changes_of("max") >= {"beside a constant x > c as x >= c", "value a > b as a <= b", "gradient 0.5 as 1.5"}


def test_equivalent_mutants_are_still_made_and_say_why():
    names = {mutant.name for mutant in MUTANTS}
    assert set(EQUIVALENT) <= names
    assert all(len(reason) > 20 for reason in EQUIVALENT.values())
