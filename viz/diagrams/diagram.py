"""A graph as plain records: values, the operations between them, the boxes (layer calls) around these.

A `Diagram` is a snapshot: it holds numbers and text, no node, so that it neither keeps a graph alive nor
changes with it. The drawn part of it is a `View`, its text is made by the writers. All
records are numbered in the order of computation, and refer to each other by these numbers; an `id` is made of
such a number alone, never of text that a user wrote.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from autograd.graph import records
from autograd.graph.records import Operand
from viz.labels import pretty, short_number

__all__ = [
    "BLANK", "BLANKS", "CARRIED", "END", "IN_TURNS", "SHOWN", "SIGNS", "Box", "Diagram", "Guard", "Operand",
    "Operation", "Value",
]  # fmt: skip

# The parts of a picture: names, values with them, gradients with both.
SHOWN = ("all", "values", "names")
# Signs of gradients: alone, or with the name of the value, as texts on layers write them.
SIGNS = ("∂", "d", "∇")
# What is left to be found: gradients with local gradients, or all that is computed.
BLANKS = ("gradients", "values")
BLANK = "____"
# The signs of a loop: what it carries, one of a row of numbers for the turns, what its last turn leaves.
CARRIED, IN_TURNS, END = "↻", "[i]", "end"


class Value(NamedTuple):
    """The record of a value, and where it is drawn.

    home: the innermost box around all that it touches; a leaf stands outside (see `from_nodes`).
    literal: whether it is a plain number written into an expression.
    known: whether the number is known: in a program drawn without arguments it is not, and is nan here.
    sign: the sign of its gradient, one of SIGNS; empty if the picture shows no gradient.
    digits: the number of digits that pictures show of it.
    parameter: whether it is a leaf that a layer has, and no input.
    blank: whether a number of it that is not known is to be found, and has a place to be written.
    in_turns: whether it is one of a row of numbers, one for each turn of a loop.
    passing: whether it is a line between operations alone, as what a turn of a loop computes has no number to show.
    """

    position: int
    name: str | None
    number: float
    gradient: float | None
    kind: str
    producer: int | None
    home: int | None
    literal: bool
    known: bool = True
    sign: str = "∂"
    digits: int = 4
    parameter: bool = False
    blank: bool = False
    in_turns: bool = False
    passing: bool = False

    @property
    def id(self) -> str:
        """The id in documents."""
        return f"v{self.position}"

    @property
    def name_text(self) -> str:
        """The name as mathematics writes it; empty without one."""
        return pretty(self.name or "")

    @property
    def number_text(self) -> str:
        """The number as pictures show it: a condition is true or false, an unknown number empty or a blank."""
        if not self.known:
            return BLANK if self.blank else ""
        return (
            ("false", "true")[self.number != 0] if self.kind == "condition" else short_number(self.number, self.digits)
        )

    @property
    def gradient_text(self) -> str:
        """The gradient as pictures show it: ? before a sweep, or a blank; empty for values that have none."""
        if not (self.known or self.blank) or not self.sign or self.kind in ("constant", "condition"):
            return ""
        if self.gradient is None:
            return BLANK if self.blank else "?"
        return short_number(self.gradient, self.digits)

    @property
    def sign_text(self) -> str:
        """The text before the gradient: its sign, with the name of the value where that is part of it.

        >>> value = Value(0, "w1", -1.0, 0.0, "variable", None, None, False)
        >>> [value._replace(sign=sign).sign_text for sign in SIGNS]
        ['∂', 'dw₁ =', '∇⃗w₁']
        """
        if self.sign == "d":
            return f"d{self.name_text} ="
        return self.sign if self.sign == "∂" else f"{self.sign}\u20d7{self.name_text}"

    @property
    def text(self) -> str:
        """Name and number, or one of them alone.

        >>> Value(0, "w1", -1.0, None, "variable", None, None, False).text
        'w₁ = −1'
        """
        return " = ".join([part for part in (self.name_text, self.number_text) if part])


class Operation(NamedTuple):
    """The record of an operation, and where it is drawn.

    box: the innermost box in which it was made.
    opaque: whether it is a whole function, such as a compiled one, whose inside is not in the graph.
    together: the first of the operations that are drawn as one with it: those of the results of one call.
    again: the values that come to it from the turn before, in a loop.
    leaving: of a result of a loop the values in a turn that it comes from; where the loop is open, they are drawn as
        its operands, and `sign` as its symbol.
    """

    position: int
    name: str
    symbol: str
    operands: tuple[Operand, ...]
    result: int
    box: int | None
    opaque: bool = False
    together: int | None = None
    again: tuple[int, ...] = ()
    leaving: tuple[int, ...] = ()
    sign: str = ""

    @property
    def id(self) -> str:
        """The id in documents."""
        return f"o{self.position}"


class Box(NamedTuple):
    """One call of a layer, or a loop.

    label: its name, with a number if several calls have the same name.
    parent, depth: the box around it, and its level; the outermost boxes have none and level 1.
    operations: the number of operations in it and in the boxes within; of a loop in one turn.
    loop: whether it is a loop, or a part of one.
    """

    position: int
    name: str
    label: str
    parent: int | None
    depth: int
    operations: int
    loop: bool = False

    @property
    def id(self) -> str:
        """The id in documents."""
        return f"b{self.position}"


class Guard(NamedTuple):
    """A decision in a diagram. `failed`: whether the numbers of the diagram decide it the other way.

    what: "guard" of the whole program; in a loop "while" for what ends it if it falls the other way, else "if".
    """

    value: int
    outcome: bool
    place: str
    code: str
    failed: bool
    what: str = "guard"

    @property
    def text(self) -> str:
        """Outcome and place: `true at model.py:5`."""
        return f"{str(self.outcome).lower()} at {self.place}{', but not here' if self.failed else ''}"


class Diagram(NamedTuple):
    """All of a graph: operands before the operations that use them, boxes before the boxes in them.

    recorded: whether it is the diagram of a program, which may have guards.
    note: a line below the picture, such as the number of the row that it shows.
    digits: the number of digits that pictures show of a number.
    wrap: the number of operations one after another in a row, if a long picture has several.
    computed: the number of values and of operations that were computed, if those behind them are what turns of loops
        do, which have other numbers in each turn.
    """

    values: tuple[Value, ...]
    operations: tuple[Operation, ...]
    boxes: tuple[Box, ...]
    outputs: tuple[int, ...]
    guards: tuple[Guard, ...] = ()
    recorded: bool = False
    note: str = ""
    digits: int = 4
    wrap: int | None = None
    computed: tuple[int, int] | None = None

    def shown(self, number: float) -> str:
        """A number as pictures show it."""
        return short_number(number, self.digits)

    def is_computed(self, value: Value) -> bool:
        """Whether a value was computed, and is not one of each turn of a loop."""
        return self.computed is None or value.position < self.computed[0]

    @property
    def graph(self) -> records.Graph:
        """The plain records, without what is only drawn."""
        values, operations, *_ = self.without_insides()
        return records.Graph(
            [records.Value(*value[:6]) for value in values],
            [records.Operation(*operation[:5]) for operation in operations],
        )

    def without_insides(self) -> Diagram:
        """The diagram of what was computed: loops without what each turn of them does."""
        if self.computed is None:
            return self
        values, operations = self.computed
        return self._replace(values=self.values[:values], operations=self.operations[:operations], computed=None)

    def showing(self, shown: str, sign: str, digits: int, wrap: int | None) -> Diagram:
        """The diagram with this part of it shown, this sign of gradients, so many digits, and rows of this length."""
        usual = Value._field_defaults
        if (shown, sign, digits) == (SHOWN[0], usual["sign"], usual["digits"]):
            # As the values are: there may be many.
            return self._replace(wrap=wrap)
        diagram = self.without_numbers() if shown == "names" else self
        signs = {"sign": sign} if shown == "all" else {"sign": "", "gradient": None}
        values = [value._replace(digits=digits, **signs) for value in diagram.values]
        return diagram._replace(values=tuple(values), digits=digits, wrap=wrap)

    def with_blanks(self, blank: str | None) -> Diagram:
        """The diagram with these numbers left to be found, one of BLANKS: values of leaves and gradients of outputs
        are given.
        """
        if blank is None:
            return self
        values = []
        for value in self.values:
            left = value._replace(blank=value.kind != "constant" and self.is_computed(value))
            if value.position not in self.outputs:
                left = left._replace(gradient=None)
            if blank == "values" and value.producer is not None:
                left = left._replace(number=math.nan, known=False)
            values.append(left)
        guards = tuple([guard._replace(failed=False) for guard in self.guards])
        return self._replace(values=tuple(values), guards=guards)

    def without_numbers(self) -> Diagram:
        """The diagram without numbers but those of constants that have no name."""
        values = [
            value
            if value.kind == "constant" and value.name is None
            else value._replace(number=math.nan, gradient=None, known=False)
            for value in self.values
        ]
        return self._replace(
            values=tuple(values), guards=tuple([guard._replace(failed=False) for guard in self.guards])
        )
