"""Functions for JAX: they jit, vmap and differentiate there, with the conventions of this package.

Each primitive becomes a function of JAX's whose derivatives are told by the rule of its declaration, run on JAX's
numbers: so kinks, poles and nan are as here, in derivatives of any order. Products with derivatives are JAX's, but in
operations that matter only to sides of `where`: there 0 times anything is 0, by a bilinear operation of our own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import ExportError
from autograd.exports.language import Language, gradient_program, value_program
from autograd.exports.recorded import Recorded, RecordedPath, recorded, ways_of
from autograd.graph.joint_operations import JointOperation, Result
from autograd.operations.primitive import Primitive, all_primitives
from autograd.operations.primitives import Absorb, Defined, Gate, Select, StopGradient
from autograd.program.loops.operation import Loop
from autograd.program.machine.turns import DATA, NUMBERS, OPERANDS, RECORDS, Source, Start
from autograd.program.program import Program
from autograd.program.slopes_at_once import SlopesAtOnce
from autograd.transforms.containers import contain
from autograd.transforms.trees import Fixed, Structure

__all__ = ["to_jax"]

# Of these, nan stays with what is chosen: their local gradients are numbers.
WITHOUT_NAN = (StopGradient, Defined)


def to_jax(function: Callable[..., Any], *args: Any) -> Callable[..., Any]:
    """A function of JAX's arrays, as `function` is recorded with arguments like these.

    function: what `jit` takes; of one that `jit` has compiled, all paths that were recorded so far are exported.
    args: arguments by place; their numbers may be any.

    The result takes arguments in the same containers, with JAX's numbers in them, and gives results in the containers
    of `function`. It can be handed to `jax.jit`, `jax.vmap`, `jax.grad` and their kin. Where a decision falls in a way
    that was not recorded, all results are nan. Numbers have the precision of the arguments: for that of this package,
    `jax.config.update("jax_enable_x64", True)`.

    Loops are `jax.lax.scan`, and `while_loop` is `jax.lax.while_loop`, which JAX differentiates forward alone. Where
    there are several paths, 0 times anything is 0 in all derivatives, for under `vmap` JAX takes all of them.

    Raises ExportError for what has no form in JAX, ImportError without JAX (the extra `jax`).

    >>> from autograd import exp
    >>> exported = to_jax(lambda p: {"growth": p["a"] * exp(p["b"])}, {"a": 1.0, "b": 0.0})  # doctest: +SKIP
    >>> jax.grad(lambda p: exported(p)["growth"])({"a": 2.0, "b": 0.0})  # doctest: +SKIP
    {'a': Array(1., dtype=float64), 'b': Array(2., dtype=float64)}
    """
    found = recorded(function, args)
    forms = Forms()
    for path in found.paths:
        check_forms(path.program)

    def exported(*given: Any) -> Any:
        numbers = numbers_in(forms, found, given)
        kind = forms.np.result_type(float, *numbers)
        results = run_path(forms, found.paths, 0, numbers, kind, len(found.paths) > 1)[1]
        return built(forms, found.structure, results)

    exported.__name__ = exported.__qualname__ = found.name
    exported.__doc__ = f"{found.name} for JAX."
    return exported


def check_forms(program: Program) -> None:
    """Raise ExportError if a program has operations that JAX can't have."""
    for external in program.externals.values():
        if isinstance(external, SlopesAtOnce):
            continue
        if not isinstance(external, JointOperation):
            # Of a solution of an equation JAX would differentiate the solver's last step.
            if value_program(external) is None:
                raise ExportError(f"{external.name} has no form in JAX")
            continue
        if type(external) is not Loop:
            raise ExportError(f"{external.name} has no form in JAX")
        form = external.form
        if form.length < 0 and len(form.passes) > 1:
            raise ExportError(
                f"a derivative that goes back through a while_loop has no form in JAX: how many turns {external.of} "
                f"takes is not known before"
            )
        for part in form.passes:
            for way in form.ways:
                check_forms(part.program(way))


class Forms:
    """JAX, and the operations of programs as its functions."""

    def __init__(self) -> None:
        try:
            import jax
            import jax.numpy
            import jax.scipy.special
        except ImportError as error:
            raise ImportError("functions for JAX need it: pip install 'scalar-autograd[jax]'") from error
        self.jax = jax
        self.np = jax.numpy
        self.absorb = absorbing_product(jax)
        self.values = Language("JAX", table(jax, self.absorb), self.loop)
        self.functions: dict[Any, Callable[..., Any]] = {}

    def apply(self, primitive: Primitive, operands: Sequence[Any], absorbing: bool, same: Any = None) -> Any:
        """An operation on JAX's numbers, which can be differentiated; `same` tells equal operands."""
        if primitive is StopGradient:
            return self.jax.lax.stop_gradient(operands[0])
        if isinstance(primitive, JointOperation | Result):
            return self.values.apply(primitive, operands)
        key = (primitive, absorbing, same or tuple(range(len(operands))))
        function = self.functions.get(key)
        if function is None:
            function = self.functions[key] = self.differentiable(*key)
        return function(*[self.np.asarray(operand) for operand in operands])

    def differentiable(self, primitive: Primitive, absorbing: bool, same: tuple[int, ...]) -> Callable[..., Any]:
        """The function of a primitive, with its rule."""
        value = functools.partial(self.values.apply, primitive)
        function = self.jax.custom_jvp(lambda *operands: value(operands))

        def rule(operands: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
            moves = [type(tangent).__name__ != "SymbolicZero" for tangent in tangents]
            out = function(*operands)
            return out, self.along(primitive, absorbing, same, operands, out, moves, tangents)

        function.defjvp(rule, symbolic_zeros=True)
        return function  # type: ignore[no-any-return]

    def along(
        self,
        primitive: Primitive,
        absorbing: bool,
        same: tuple[int, ...],
        operands: Sequence[Any],
        out: Any,
        moves: Sequence[bool],
        tangents: Sequence[Any],
    ) -> Any:
        """The derivative of a primitive along tangents, where they move."""
        needed = tuple([place for place, one in enumerate(moves) if one])
        counts = [same.count(number) if one else 0 for number, one in zip(same, moves, strict=True)]
        program = gradient_program(primitive, len(operands), tuple(map(float, counts)), needed, needed == (0,))
        # Rules choose: in them, 0 times anything is 0.
        slopes = self.outputs(program, [*operands, out], True)
        lax = self.jax.lax
        total = self.np.zeros_like(out)
        mask = self.mask(primitive, operands, out)
        for place, slope in zip(needed, slopes, strict=True):
            if isinstance(slope, float) and slope == 0.0 and mask is None:
                continue
            local = self.np.asarray(slope, out.dtype)
            if primitive.linear:
                local = lax.stop_gradient(local)
            if mask is not None:
                local = local * mask
            tangent = tangents[place]
            product = (
                self.absorb(local, tangent)
                if absorbing or primitive is Select or place in primitive.orders
                else local * tangent
            )
            total = total + product
        return total

    def mask(self, primitive: Primitive, operands: Sequence[Any], out: Any) -> Any:
        """1, and nan where the local gradients are; None if they never are."""
        if primitive.condition or primitive.of_conditions or primitive in WITHOUT_NAN:
            return None
        undefined = self.np.isnan(out)
        if primitive.hides_nan is not None:
            for operand in operands:
                undefined = undefined | self.np.isnan(operand)
        return self.jax.lax.stop_gradient(self.np.where(undefined, self.np.nan, self.np.ones_like(out)))

    def loop(self, operation: Loop, operands: Sequence[Any]) -> list[Any]:
        """The results of a loop, by JAX's scan for each pass over the turns."""
        np, form = self.np, operation.form
        kind = np.result_type(float, *operands)
        given = [np.asarray(operand, kind) for operand in operands]
        if form.length < 0:
            return self.endless(operation, given, kind)
        table = np.stack(given) if given else np.zeros(0, kind)
        memories = {OPERANDS: table, DATA: np.asarray(form.data, kind)}
        ends: list[Any] = []
        ways = np.zeros(form.length, int)

        def column(source: Source) -> Any:
            if source.memory == NUMBERS:
                return source.offset + np.arange(form.length, dtype=kind)
            if source.memory >= RECORDS:
                return memories[source.memory][:, source.offset]
            return memories[source.memory][source.offset :: source.stride][: form.length]

        for number, part in enumerate(form.passes):
            paths = ways_of(form, part.program)
            start = [begun(one, given, ends) for one in part.starts]
            moving = [source for source in part.reads if source.stride]
            rows = np.stack([column(source) for source in moving], 1) if moving else np.zeros((form.length, 0), kind)

            def turn(before: Any, row: Any, number: int = number, part: Any = part, paths: Any = paths) -> Any:
                way, numbers = row
                moved = iter([numbers[place] for place in range(numbers.shape[0])])
                reads = [next(moved) if source.stride else given[source.offset] for source in part.reads]
                inputs = [*[before[place] for place in range(part.carried)], *reads]
                if number == 0:
                    way, outputs = run_path(self, paths, 0, inputs, kind, len(paths) > 1)
                else:
                    outputs = self.along_way(paths, way, inputs, kind)
                after = np.stack(outputs[: part.carried]) if part.carried else before
                others = np.stack(outputs[part.carried :]) if part.size else np.zeros(0, kind)
                return after, (way, np.concatenate([before, others]))

            first = np.stack(start) if start else np.zeros(0, kind)
            end, (ways, record) = self.jax.lax.scan(turn, first, (ways, rows), form.length, reverse=part.reverse)
            ends.append(end)
            memories[RECORDS + number] = record
        results: list[Any] = [None] * operation.count
        for out in form.outs:
            if out.stride == 0:
                results[out.offset] = ends[out.of_pass][out.place]
                continue
            found = memories[RECORDS + out.of_pass][:, form.passes[out.of_pass].carried + out.place]
            for place, result in enumerate(form.places(out)):
                results[result] = found[place]
        if operation.ways_at >= 0:
            results[operation.ways_at] = np.asarray(np.all(ways >= 0), kind)
        return results

    def endless(self, operation: Loop, given: Sequence[Any], kind: Any) -> list[Any]:
        """The results of a loop that ends where a way stops, by JAX's while_loop."""
        np, form = self.np, operation.form
        (part,) = form.passes
        paths = ways_of(form, part.program)
        # What a way leads to: further turns, the end, or nowhere.
        going, ended, lost = range(3)
        leads = np.asarray([*[ended if way.stops else going for way in form.ways], lost])

        def turn(state: Any) -> Any:
            number, _, before = state
            reads = [
                np.asarray(source.offset + number, kind) if source.memory == NUMBERS else given[source.offset]
                for source in part.reads
            ]
            way, outputs = run_path(
                self, paths, 0, [*[before[place] for place in range(part.carried)], *reads], kind, len(paths) > 1
            )
            lead = leads[way]
            after = np.stack(outputs) if outputs else before
            return number + 1, lead, np.where(lead == going, after, before)

        start = np.stack([given[one.operand] for one in part.starts]) if part.starts else np.zeros(0, kind)
        first = (np.asarray(0), np.asarray(going), start)
        _, lead, end = self.jax.lax.while_loop(lambda state: state[1] == going, turn, first)
        results: list[Any] = [None] * operation.count
        for out in form.outs:
            results[out.offset] = end[out.place]
        if operation.ways_at >= 0:
            results[operation.ways_at] = np.asarray(lead == ended, kind)
        return results

    def along_way(self, paths: Sequence[RecordedPath], way: Any, inputs: Sequence[Any], kind: Any) -> list[Any]:
        """The outputs of a turn of a later pass, whose way is known."""

        def branch(path: RecordedPath) -> Callable[[], Any]:
            return lambda: [self.np.asarray(one, kind) for one in self.outputs(path.program, inputs, len(paths) > 1)]

        if len(paths) == 1:
            return branch(paths[0])()  # type: ignore[no-any-return]
        return self.jax.lax.switch(way, [branch(path) for path in paths])  # type: ignore[no-any-return]

    def outputs(self, program: Program, inputs: Sequence[Any], absorb_everywhere: bool) -> list[Any]:
        """The outputs of a program without guards."""
        values = self.evaluate(program, inputs, absorb_everywhere)
        return [values[output] for output in program.outputs]

    def evaluate(self, program: Program, inputs: Sequence[Any], absorb_everywhere: bool) -> list[Any]:
        """Every value of a program."""
        absorbing = absorbing_values(program)
        # XLA takes numbers below the least normal one for 0; in rules, such a one stands for the least there is.
        tiny = self.np.finfo(self.np.result_type(float, *inputs)).tiny
        values: list[Any] = [*inputs, *[tiny if 0.0 < number < tiny else number for number in program.constants]]
        for operation in program:
            used = [values[operand] for operand in operation.operands]
            values.append(
                self.apply(
                    operation.primitive,
                    used,
                    absorb_everywhere or absorbing[operation.result] == 1,
                    numbered(operation.operands),
                )
            )
        return values


def begun(start: Start, operands: Sequence[Any], ends: Sequence[Any]) -> Any:
    """What a number that a pass carries begins with."""
    if start.of_pass < 0:
        return operands[start.operand]
    end = ends[start.of_pass][start.place]
    return end if start.operand < 0 else operands[start.operand] + end


def numbered(operands: Sequence[int]) -> tuple[int, ...]:
    """Operands by numbers from 0, which are equal where they are."""
    number_of: dict[int, int] = {}
    return tuple([number_of.setdefault(operand, len(number_of)) for operand in operands])


def absorbing_values(program: Program) -> bytearray:
    """A 1 for each value that matters to outputs only through `where` and products that absorb; as on a tape."""
    exposed, absorbing = bytearray(program.size), bytearray(program.size)
    for output in program.outputs:
        exposed[output] = 1
    for operation in reversed(list(program)):
        if operation.primitive in (Select, Absorb, Gate) or not exposed[operation.result]:
            absorbing[operation.result] = 1
        elif operation.primitive is Defined:
            # The mask, its other operand, only decides.
            exposed[operation.operands[0]] = 1
        elif not operation.primitive.condition:
            for operand in operation.operands:
                exposed[operand] = 1
    return absorbing


def run_path(
    forms: Forms, paths: Sequence[RecordedPath], place: int, numbers: Sequence[Any], kind: Any, several: bool
) -> tuple[Any, list[Any]]:
    """The number and the results of the path at a place, or of that which its first guard that fails leads to.

    -1 and nan if there is none.
    """
    path = paths[place]
    program = path.program
    values = forms.evaluate(program, numbers, several)
    np, lax = forms.np, forms.jax.lax
    results = [np.asarray(values[output], kind) for output in program.outputs]
    taken = np.asarray(place)
    if not program.guards:
        return taken, results
    # The number of the first guard that fails, and of none behind them.
    failed = np.asarray(len(program.guards))
    for number in range(len(program.guards) - 1, -1, -1):
        guard = program.guards[number]
        held = (np.asarray(values[guard.condition]) != 0.0) == guard.outcome
        failed = np.where(held, failed, number)
    leaving = sorted(path.otherwise)
    branch = np.zeros_like(failed)
    for entry, guard_number in enumerate([len(program.guards), *leaving], 1):
        branch = np.where(failed == guard_number, entry, branch)

    def child(number: int) -> Callable[[], Any]:
        return lambda: run_path(forms, paths, number, numbers, kind, several)

    branches = [
        lambda: (np.full_like(taken, -1), [np.full_like(result, np.nan) for result in results]),
        lambda: (taken, results),
    ]
    branches += [child(path.otherwise[guard]) for guard in leaving]
    return lax.switch(branch, branches)  # type: ignore[no-any-return]


def numbers_in(forms: Forms, found: Recorded, given: Sequence[Any]) -> list[Any]:
    """The numbers in the arguments of a call, as JAX's."""
    structure = found.signature.structure.children[0]
    if len(given) != len(structure.children):
        raise ExportError(f"{found.name} takes {len(structure.children)} arguments, got {len(given)}")
    numbers: list[Any] = []
    for place, (child, argument) in enumerate(zip(structure.children, given, strict=True)):
        take(forms, child, argument, f"argument {place} of {found.name}", numbers)
    return numbers


def take(forms: Forms, structure: Structure, value: Any, what: str, numbers: list[Any]) -> None:
    """Append the numbers of a value, which must have this structure."""
    if isinstance(structure.maker, Fixed):
        if not structure.maker == Fixed(value):
            raise ExportError(
                f"{what} was {structure} when it was recorded, and is fixed; got {value!r:.60} (jax.jit takes such "
                f"arguments by static_argnums)"
            )
        return
    if structure.shape is not None:
        array = forms.np.asarray(value, forms.np.result_type(float, value))
        if array.shape != structure.shape:
            raise ExportError(f"{what} was {structure} when it was recorded, got an array of shape {array.shape}")
        flat = array.reshape(-1)
        numbers += [flat[place] for place in range(structure.size)]
        return
    if structure.kind not in (list, tuple, dict):
        raise ExportError(f"{what} is a {structure.kind}: for JAX, arguments are numbers, arrays, lists, tuples, dicts")
    keyed = structure.kind is dict
    if not isinstance(value, structure.kind) or len(value) != len(structure.children):
        raise ExportError(f"{what} was {structure} when it was recorded, got {value!r:.60}")
    for key, child in zip(structure.keys, structure.children, strict=True):
        if keyed and key not in value:
            raise ExportError(f"{what} was {structure} when it was recorded, got {value!r:.60}")
        take(forms, child, value[key], f"{what}[{key!r}]", numbers)


def built(forms: Forms, structure: Structure, results: Sequence[Any]) -> Any:
    """The results in the containers of a structure."""
    waiting = iter(results)

    def build(part: Structure) -> Any:
        if isinstance(part.maker, Fixed):
            return part.maker.value
        if part.shape is not None:
            own = [next(waiting) for _ in range(part.size)]
            if not part.is_array and part.maker is None:
                return own[0]
            return forms.np.stack(own).reshape(part.shape) if own else forms.np.zeros(part.shape)
        return contain(part.kind, part.keys, [build(child) for child in part.children])

    return build(structure)


@functools.cache
def absorbing_product(jax: Any) -> Callable[[Any, Any], Any]:
    """The product that is 0 where a factor is, even if the other is infinite or nan: bilinear, to be differentiated."""
    from jax.extend.core import Primitive as JaxPrimitive
    from jax.interpreters import ad, batching, mlir

    np = jax.numpy
    operation = JaxPrimitive("absorb")

    def product(one: Any, other: Any) -> Any:
        return np.where((one == 0.0) | (other == 0.0), np.zeros_like(one), one * other)

    def absorb(one: Any, other: Any) -> Any:
        one, other = np.broadcast_arrays(one, other)
        return operation.bind(one, other)

    def batched(factors: Sequence[Any], axes: Sequence[Any]) -> tuple[Any, int]:
        size = next(factor.shape[axis] for factor, axis in zip(factors, axes, strict=True) if axis is not None)
        moved = [
            np.broadcast_to(factor, (size, *np.shape(factor))) if axis is None else np.moveaxis(factor, axis, 0)
            for factor, axis in zip(factors, axes, strict=True)
        ]
        return absorb(*moved), 0

    operation.def_impl(product)
    operation.def_abstract_eval(lambda one, other: one)
    mlir.register_lowering(operation, mlir.lower_fun(product, multiple_results=False))
    ad.defbilinear(operation, lambda ct, one, other: absorb(ct, other), lambda ct, one, other: absorb(one, ct))
    batching.primitive_batchers[operation] = batched
    return absorb


def table(jax: Any, absorb: Callable[[Any, Any], Any]) -> dict[str, Callable[..., Any]]:
    """The values of operations by JAX's functions; those of the others follow from their declarations."""
    np, special = jax.numpy, jax.scipy.special

    def truth(condition: Any) -> Any:
        return np.where(condition, 1.0, 0.0)

    def two_product(a: Any, b: Any) -> tuple[Any, Any]:
        # By Dekker's splitting: see numbers/special.py.
        product, split = a * b, 134217729.0 if product_type(a, b) == np.float64 else 4097.0
        a_high = split * a - (split * a - a)
        b_high = split * b - (split * b - b)
        a_low, b_low = a - a_high, b - b_high
        return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low

    def product_type(a: Any, b: Any) -> Any:
        return np.result_type(a, b)

    def fma(a: Any, b: Any, c: Any) -> Any:
        product, error = two_product(a, b)
        total = product + c
        part = total - product
        low = (product - (total - part)) + (c - part) + error
        return np.where(np.isfinite(low), total + low, total)

    def exp_difference(a: Any, b: Any) -> Any:
        return np.where(a == b, 1.0, np.exp(a - b))

    def sigmoid_difference(a: Any, b: Any) -> Any:
        return np.where(a == b, 0.5, jax.nn.sigmoid(a - b))

    def power(a: Any, b: Any) -> Any:
        return np.where(b == 2.0, a * a, np.power(a, b))

    def log1p_root(x: Any) -> Any:
        below = x - 1.0
        near = np.log1p(below + np.sqrt(below * (x + 1.0)))
        return np.where(x >= 1.0, np.where(x > 1e8, np.log(x) + 0.6931471805599453, near), np.nan)

    def sech_squared(x: Any) -> Any:
        t = np.exp(-2.0 * np.abs(x))
        return 4.0 * t / ((1.0 + t) * (1.0 + t))

    def gamma(x: Any) -> Any:
        pole = (x < 0.0) & (x == np.floor(x))
        sign = np.where((x < 0.0) & (np.floor(x) % 2.0 != 0.0), -1.0, 1.0)
        value = np.where(x == 0.0, np.copysign(np.inf, x), sign * np.exp(lgamma(x)))
        return np.where(pole, np.nan, np.where(x == np.inf, np.inf, value))

    def lgamma(x: Any) -> Any:
        value = special.gammaln(x)
        return np.where(np.isinf(x) | ((x <= 0.0) & (x == np.floor(x))), np.inf, value)

    def digamma(x: Any) -> Any:
        pole = ((x <= 0.0) & (x == np.floor(x))) | (x == -np.inf)
        small = np.abs(x) < 1e-18
        value = np.where(small, -1.0 / x, special.digamma(np.where(small, 1.0, x)))
        return np.where(pole, np.nan, np.where(x == np.inf, np.inf, value))

    def polygamma(n: Any, x: Any) -> Any:
        # As in numbers/special.py: the zeta function of Hurwitz, for x < 0 over both sides of the nearest pole.
        s = n + 1.0
        odd = np.fmod(n, 2.0) == 1.0
        nearest = np.rint(x)
        distance = x - nearest
        near = np.abs(distance)
        parity = np.where(odd, 1.0, -1.0)
        side = np.where(distance > 0.0, 1.0, parity)
        both = near**-s + parity * special.zeta(s, 1.0 - near) + special.zeta(s, 1.0 + near)
        below = side * both - parity * special.zeta(s, 1.0 - x)
        zeta = np.where(x > 0.0, special.zeta(s, np.where(x > 0.0, x, 1.0)), below)
        value = np.where(odd, 1.0, -1.0) * np.exp(special.gammaln(s)) * zeta
        value = np.where(x == np.inf, np.where(odd, 0.0, -0.0), value)
        pole = (x <= 0.0) & (x == nearest)
        value = np.where(pole, np.where(odd, np.inf, np.nan), value)
        value = np.where(n == 0.0, digamma(x), value)
        known = (n >= 0.0) & (n <= 1000.0) & (n == np.floor(n)) & ~np.isnan(x) & ((x != -np.inf) | (n == 0.0))
        return np.where(known, value, np.nan)

    def python_mod(a: Any, b: Any) -> Any:
        remainder = np.fmod(a, b)
        turned = np.where((remainder < 0.0) != (b < 0.0), remainder + b, remainder)
        return np.where(remainder == 0.0, np.copysign(np.zeros_like(remainder), b), turned)

    def floor_quotient(a: Any, b: Any) -> Any:
        remainder = np.fmod(a, b)
        quotient = np.rint((a - remainder) / b)
        below = (remainder != 0.0) & ((remainder < 0.0) != (b < 0.0))
        result = np.copysign(quotient - np.where(below, 1.0, 0.0), a / b)
        return np.where(np.isnan(remainder), np.nan, result)

    def xlogy(x: Any, y: Any) -> Any:
        return np.where((x == 0.0) & ~np.isnan(y), 0.0, x * np.log(y))

    def norm(*x: Any) -> Any:
        given = np.stack(x)
        largest = np.max(np.abs(given), axis=0)
        scale = np.where((largest > 0.0) & np.isfinite(largest), largest, 1.0)
        return np.where(np.isfinite(largest), scale * np.sqrt(np.sum((given / scale) ** 2, axis=0)), largest)

    def logsumexp(*x: Any) -> Any:
        given = np.stack(x)
        largest = np.max(given, axis=0)
        shift = np.where(np.isfinite(largest), largest, 0.0)
        return np.where(np.isfinite(largest), shift + np.log(np.sum(np.exp(given - shift), axis=0)), largest)

    def dot(*x: Any) -> Any:
        half = len(x) // 2
        return np.sum(np.stack(x[:half]) * np.stack(x[half:]), axis=0)

    forms = {
        "plus": np.add, "minus": np.subtract, "multiply": np.multiply, "divide": np.divide, "negate": np.negative,
        "fma": fma, "power": power, "power_below": lambda a, b, c: np.power(a, b - c), "sqrt": np.sqrt,
        "cbrt": np.cbrt, "hypot": np.hypot, "exp": np.exp, "exp_difference": exp_difference, "exp2": np.exp2,
        "expm1": np.expm1, "log": np.log, "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "xlogy": xlogy,
        "logaddexp": np.logaddexp, "sigmoid_difference": sigmoid_difference, "softplus": jax.nn.softplus,
        "sigmoid": jax.nn.sigmoid, "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin,
        "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2, "sinh": np.sinh, "cosh": np.cosh,
        "tanh": np.tanh, "sech_squared": sech_squared, "asinh": np.arcsinh, "acosh": log1p_root,
        "atanh": np.arctanh, "gaussian": lambda x: np.exp(-x * x), "erf": special.erf, "erfc": special.erfc,
        "gamma": gamma, "lgamma": lgamma, "digamma": digamma, "polygamma": polygamma, "abs": np.abs,
        "sign": lambda x: np.sign(x) + 0.0, "floor": np.floor, "ceil": np.ceil, "round": np.rint,
        "floor_divide": floor_quotient, "mod": python_mod, "fmod": np.fmod, "copysign": np.copysign,
        "less": lambda a, b: truth(a < b), "less_equal": lambda a, b: truth(a <= b),
        "equal": lambda a, b: truth(a == b), "not_equal": lambda a, b: truth(a != b),
        "not": lambda x: truth(x == 0.0), "both": lambda a, b: truth((a != 0.0) & (b != 0.0)),
        "either": lambda a, b: truth((a != 0.0) | (b != 0.0)), "select": lambda a, b, c: np.where(a == 0.0, c, b),
        "absorb": absorb, "gate": lambda a, b: np.where(a == 0.0, 0.0, a * b), "max": np.maximum, "min": np.minimum,
        "sum": lambda *x: np.sum(np.stack(x), axis=0), "prod": lambda *x: np.prod(np.stack(x), axis=0), "dot": dot,
        "norm": norm, "logsumexp": logsumexp, "max_of_many": lambda *x: np.max(np.stack(x), axis=0),
        "min_of_many": lambda *x: np.min(np.stack(x), axis=0),
    }  # fmt: skip
    known = {primitive.name for primitive in all_primitives(auxiliary=True)}
    assert forms.keys() <= known
    return forms
