"""The functions in LLVM IR, compiled and run: accuracy against mpmath, everything else against the eager functions."""

import ctypes
import itertools
import math
import random
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from autograd.numbers import ieee
from autograd.operations.primitive import all_primitives
from autograd.operations.primitives import find_primitive
from autograd.program.llvm import elementary, lowering
from autograd.program.llvm.elementary import AND, definitions, name_of_several, symbol
from autograd.program.llvm.expressions import REAL, Function, Value
from autograd.program.llvm.lowering import LOWERED, arity_of, lowered, members_of

llvm = pytest.importorskip("llvmlite.binding")
mp = pytest.importorskip("mpmath").mp.clone()
mp.prec = 200
mpf = mp.mpf
inf, nan = math.inf, math.nan

PRIMITIVES = {primitive.name: primitive for primitive in all_primitives(auxiliary=True)}
# Functions of a fixed number of operands: those in vector registers, and those that are called row by row.
VECTOR_NAMES = sorted(name for name, line in LOWERED.items() if name in PRIMITIVES and not line.many)
SCALAR_NAMES = ["digamma", "lgamma", "polygamma"]
NAMES = sorted([*VECTOR_NAMES, *SCALAR_NAMES])
FAMILIES = [members_of(family) for family in sorted({line.family for line in LOWERED.values()} - {""})]
# A multiple of every width tested, for the loops know no rest.
BLOCK = 16


def externals(names):
    """The scalar functions that the definitions of these names leave open, with how many doubles they take."""
    found = re.findall(rf"^declare double @{symbol('(.*)')}\((.*)\)$", definitions(names, 1), re.MULTILINE)
    return {name: len(parameters.split(",")) for name, parameters in found}


def host_features():
    return llvm.get_host_cpu_features().flatten()


class Compiled:
    """The functions of a module as functions of arrays."""

    def __init__(self, names, width, *, level=1, cpu=None, features=None, scalars=None):
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self.callbacks = []
        # Names of their own: LLVM's are those of the whole process, and machine code of others calls them too.
        own = f"of_{id(self)}_"
        for name, arity in externals(names).items():
            kind = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * arity)
            callback = kind((scalars or {}).get(name) or find_primitive(name).value)
            self.callbacks.append(callback)
            llvm.add_symbol(own + symbol(name), ctypes.cast(callback, ctypes.c_void_p).value)
        text = definitions(names, width) + "".join([loop(name, width, place) for name, place in results_of(names)])
        for name in externals(names):
            text = text.replace(f"@{symbol(name)}(", f"@{own}{symbol(name)}(")
        module = llvm.parse_assembly(text)
        module.verify()
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=cpu or llvm.get_host_cpu_name(),
            features=host_features() if features is None else features,
            opt=level,
            codemodel="jitdefault",
            jit=True,
        )
        self.engine = llvm.create_mcjit_compiler(module, machine)
        self.engine.finalize_object()

    def __call__(self, name, *arguments, place=0):
        """The function of this name, or of several the result at this place."""
        count = len(arguments[0])
        rest = -count % BLOCK
        padded = [np.concatenate([np.asarray(argument, float), np.ones(rest)]) for argument in arguments]
        result = np.empty(count + rest)
        function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (len(padded) + 1), ctypes.c_int64)(
            self.engine.get_function_address(f"loop_{name}_{place}")
        )
        function(*[array.ctypes.data for array in (*padded, result)], count + rest)
        return result[:count]


def results_of(names):
    """Each function with the place of each of its results."""
    return [(name, place) for name in names for place in range(len(name.split(AND)))]


def loop(name, width, place):
    """IR that calls a function on arrays."""
    kind = Function(width).type_of(REAL)
    members = name.split(AND)
    indices = range(arity_of(members[0]))
    returned = kind if len(members) == 1 else f"{{ {', '.join([kind] * len(members))} }}"
    called = f"call {returned} @ag_{name}({', '.join(f'{kind} %x{k}' for k in indices)})"
    if len(members) == 1:
        taken = [f"  %result = {called}"]
    else:
        taken = [f"  %results = {called}", f"  %result = extractvalue {returned} %results, {place}"]
    return "\n".join(
        [
            f"define void @loop_{name}_{place}({''.join(f'ptr %from{k}, ' for k in indices)}ptr %to, i64 %count) {{",
            "entry:",
            "  br label %body",
            "body:",
            "  %index = phi i64 [ 0, %entry ], [ %next, %body ]",
            *[f"  %at{k} = getelementptr double, ptr %from{k}, i64 %index" for k in indices],
            *[f"  %x{k} = load {kind}, ptr %at{k}, align 8" for k in indices],
            *taken,
            "  %result_at = getelementptr double, ptr %to, i64 %index",
            f"  store {kind} %result, ptr %result_at, align 8",
            f"  %next = add i64 %index, {width}",
            "  %more = icmp ult i64 %next, %count",
            "  br i1 %more, label %body, label %end",
            "end:",
            "  ret void",
            "}\n",
        ]
    )


@pytest.fixture(scope="module")
def compiled():
    return Compiled(NAMES, 8)


def same_bits(first, second):
    """The places at which two arrays have the same bits, or both nan."""
    return (first.view(np.int64) == second.view(np.int64)) | (np.isnan(first) & np.isnan(second))


# Accuracy


def uniform(low, high):
    return lambda draw: draw.uniform(low, high)


def spread(low, high):
    """Samples evenly in the logarithm."""
    return lambda draw: math.exp(draw.uniform(math.log(low), math.log(high)))


def either_sign(sample):
    return lambda draw: math.copysign(sample(draw), draw.uniform(-1, 1))


def near(*centres):
    """Samples from one unit in the last place to 1 % away."""

    def sample(draw):
        return draw.choice(centres) * (1 + math.copysign(2.0 ** draw.uniform(-53, -7), draw.uniform(-1, 1)))

    return sample


def one_of(*samples):
    return lambda draw: draw.choice(samples)(draw)


def angles(draw):
    """Doubles next to multiples of pi / 2."""
    return float(round(2.0 ** draw.uniform(0, 29)) * mp.pi / 2)


def powers(draw):
    """A base, and an exponent that doesn't lead far out of range."""
    base = one_of(spread(5e-324, 1.7e308), near(1.0, 0.5**0.5, 2.0**0.5), uniform(0, 4))(draw)
    return base, min(1e300, 745 / abs(math.log(base) or 1.0)) * draw.uniform(-1, 1)


def below_powers(draw):
    return *powers(draw), draw.choice([1.0, 2.0, 3.0])


def pairs(first, second):
    return lambda draw: (first(draw), second(draw))


def exact_sigmoid(x):
    return 1 / (1 + mp.exp(-x))


ALL_POSITIVE = spread(5e-324, 1.7e308)
EXPONENTS = one_of(uniform(-745, 709.7), uniform(-2, 2), near(0.5 * math.log(2), -0.5 * math.log(2), -708.4))
LOGARITHM = one_of(ALL_POSITIVE, uniform(0, 4), near(1.0, 0.5**0.5, 2**0.5))
ANGLES = one_of(either_sign(uniform(0, 10)), either_sign(spread(1e-300, 2.0**30)), angles, near(math.pi / 4))
ARCS = either_sign(one_of(uniform(0, 1), spread(5e-324, 1), near(0.5), lambda draw: 1 - 2.0 ** draw.uniform(-53, -1)))
PLANE = either_sign(one_of(ALL_POSITIVE, uniform(0, 4), spread(5e-324, 1e-300), spread(1e300, 1.2e308)))
HYPERBOLIC = either_sign(one_of(uniform(0, 710.4), uniform(0, 20), spread(5e-324, 1), near(18.37, 0.5 * math.log(2))))
LOGISTIC = one_of(uniform(-745, 745), uniform(-5, 5), uniform(-40, 40))
# name, exact function, samples, bound in ulp: half an ulp for the last operation and what the roundings before it may
# add, where they are not carried along.
ACCURACY = [
    ("exp", mp.exp, EXPONENTS, 1.0),
    ("exp2", lambda x: mp.mpf(2) ** x, one_of(uniform(-1074, 1023.9), uniform(-2, 2)), 0.9),
    ("expm1", mp.expm1, one_of(EXPONENTS, either_sign(spread(5e-324, 1))), 1.5),
    ("gaussian", lambda x: mp.exp(-x * x), either_sign(one_of(uniform(0, 27.2), spread(1e-20, 1))), 1.1),
    ("log", mp.log, LOGARITHM, 1.0),
    ("log2", lambda x: mp.log(x) / mp.log(2), LOGARITHM, 1.25),
    ("log10", mp.log10, LOGARITHM, 1.0),
    ("log1p", mp.log1p, one_of(uniform(-1, 3), either_sign(spread(1e-300, 1)), ALL_POSITIVE), 1.0),
    ("xlogy", lambda x, y: x * mp.log(y), pairs(either_sign(spread(1e-5, 1e5)), LOGARITHM), 1.25),
    ("sin", mp.sin, ANGLES, 0.9),
    ("cos", mp.cos, ANGLES, 0.9),
    ("tan", mp.tan, ANGLES, 1.0),
    ("asin", mp.asin, ARCS, 0.75),
    ("acos", mp.acos, ARCS, 0.75),
    ("atan", mp.atan, either_sign(one_of(ALL_POSITIVE, uniform(0, 4), near(2**0.5 - 1, 2**0.5 + 1))), 1.0),
    ("atan2", mp.atan2, pairs(PLANE, PLANE), 1.5),
    ("sinh", mp.sinh, HYPERBOLIC, 1.0),
    ("cosh", mp.cosh, HYPERBOLIC, 1.0),
    (
        "tanh",
        mp.tanh,
        either_sign(one_of(HYPERBOLIC, uniform(0, 2), near(0.25 * math.log(2), 0.75 * math.log(2)))),
        1.8,
    ),
    ("sech_squared", lambda x: mp.sech(x) ** 2, either_sign(one_of(uniform(0, 373), spread(1e-20, 4))), 1.75),
    ("asinh", mp.asinh, either_sign(one_of(ALL_POSITIVE, uniform(0, 4))), 1.25),
    ("acosh", mp.acosh, one_of(spread(1, 1e308), uniform(1, 4), lambda draw: 1 + 2.0 ** draw.uniform(-52, 0)), 1.0),
    ("atanh", mp.atanh, ARCS, 0.75),
    ("cbrt", lambda x: mp.sign(x) * mp.cbrt(abs(x)), either_sign(one_of(ALL_POSITIVE, uniform(1, 8))), 0.51),
    ("hypot", lambda x, y: mp.sqrt(x * x + y * y), pairs(PLANE, PLANE), 0.76),
    ("power", mp.power, powers, 1.25),
    ("power_below", lambda a, b, c: a ** (b - c), below_powers, 1.25),
    ("sigmoid", exact_sigmoid, LOGISTIC, 1.5),
    ("exp_difference", lambda a, b: mp.exp(a - b), pairs(EXPONENTS, uniform(-2, 2)), 1.5),
    ("sigmoid_difference", lambda a, b: exact_sigmoid(a - b), pairs(LOGISTIC, uniform(-5, 5)), 1.9),
    ("softplus", lambda x: mp.log1p(mp.exp(x)), LOGISTIC, 1.75),
    ("logaddexp", lambda a, b: a + mp.log1p(mp.exp(b - a)), pairs(uniform(1, 745), uniform(-745, 745)), 1.75),
    ("erf", mp.erf, either_sign(one_of(uniform(0, 6), spread(5e-324, 1), near(1.0))), 1.5),
    ("erfc", mp.erfc, one_of(uniform(-6, 27.2), uniform(-0.5, 2), either_sign(spread(1e-20, 1))), 1.75),
]


def ulps(got, exact):
    """The error in units in the last place of the exact value."""
    return float(abs(mpf(got) - exact) / mpf(math.ulp(float(exact))))


@pytest.mark.parametrize(("name", "exact", "sample", "bound"), ACCURACY, ids=[row[0] for row in ACCURACY])
def test_value_is_within_its_bound_of_the_exact_one(name, exact, sample, bound, compiled):
    draw = random.Random(name)
    drawn = [sample(draw) for _ in range(5000)]
    rows = drawn if arity_of(name) > 1 else [(x,) for x in drawn]
    finite = [row for row in rows if abs(exact(*map(mpf, row))) < sys.float_info.max]
    assert len(finite) > 4500
    for row, got in zip(finite, compiled(name, *zip(*finite, strict=True)), strict=True):
        assert ulps(float(got), exact(*map(mpf, row))) <= bound, row


def test_every_function_with_a_rounding_is_in_the_table_of_accuracies():
    exact = {
        "sqrt",
        "abs",
        "fma",
        "fmod",
        "mod",
        "floor_divide",
        "sign",
        "floor",
        "ceil",
        "trunc",
        "round",
        "copysign",
        "max",
        "min",
    }
    assert {row[0] for row in ACCURACY} | exact == set(VECTOR_NAMES)


# Special values, and the eager functions as a second witness

POINTS = [
    0.0, 5e-324, 1e-310, 2.225073858507201e-308, 2.2250738585072014e-308, 1e-300, 1e-160, 1e-20, 2.0**-54, 2.0**-28,
    0.1, 0.25, 1 / 3, 0.5, 0.5**0.5, 1 - 2.0**-53, 1.0, 1 + 2.0**-52, 1.5, 2.0, 2.5, 3.0, 8.0, 27.0, 36.0, 100.0,
    26.64, 27.2, 28.0, 709.782712893384, 709.7827128933841, 710.4758600739439, 710.475860073944, 745.1332191019411,
    745.1332191019412, 746.0, 1022.0, 1023.0, 1024.0, 1074.0, 1075.0, 2.0**30, 2.0**30 + 1, 2.0**52, 2.0**53, 1e17,
    1e22, 1e154, 1e155, 1e300, 2.0**1023, sys.float_info.max, inf,
]  # fmt: skip
POINTS = [*POINTS, *[-x for x in POINTS], nan]
SUBTRACTED = [1.0, 2.0, 3.0]


def close(got, eager, bound):
    """Within the bound in ulp, the same infinity or nan, the same sign of zero."""
    if math.isnan(eager) or math.isinf(eager) or eager == 0.0:
        return repr(got) == repr(eager)
    return abs(got - eager) <= bound * math.ulp(eager) and math.copysign(1.0, got) == math.copysign(1.0, eager)


def promised(name, arguments, eager):
    """Two bounds of 2 ulp; of the larger term where a sum nearly cancels."""
    if name == "logaddexp" and eager != 0.0 and math.isfinite(eager):
        return 4 * math.ulp(max(map(abs, (*arguments, eager)))) / math.ulp(eager)
    return 4


@pytest.mark.parametrize("name", VECTOR_NAMES)
def test_special_values_are_those_of_the_eager_functions(name, compiled):
    sides = [POINTS, POINTS, SUBTRACTED][: arity_of(name)]
    if name == "power_below":
        # Where b - c is rounded the eager function has (-inf) ** fraction nan, elsewhere as pow does.
        sides[0] = [x for x in POINTS if x != -inf]
    rows = list(itertools.product(*sides))
    value = find_primitive(name).value
    for row, got in zip(rows, compiled(name, *zip(*rows, strict=True)), strict=True):
        eager = float(value(*row))
        # Results that follow from 0, 1 and infinities alone, and are one of them, must be met exactly.
        plain = all(abs(x) in (0.0, 1.0, inf) for x in (*row[:2], eager))
        bound = 0 if plain else promised(name, row, eager)
        assert close(float(got), eager, bound), (row, got, eager)


@pytest.mark.parametrize("name", NAMES)
def test_values_at_random_bit_patterns_are_those_of_the_eager_functions(name, compiled):
    draw = np.random.default_rng(3)
    arguments = [draw.integers(0, 2**64, 2000, dtype=np.uint64).view(float) for _ in range(arity_of(name))]
    primitive = find_primitive(name)
    for place in primitive.orders:
        orders = [order for order in (0.0, 1.0, 2.0, 3.0, 5.0) if order in primitive.domain[place]]
        arguments[place] = draw.choice(orders, 2000)
    value = primitive.value
    for row, got in zip(zip(*[map(float, x) for x in arguments], strict=True), compiled(name, *arguments), strict=True):
        eager = float(value(*row))
        assert close(float(got), eager, promised(name, row, eager)), row


def test_powers_of_negative_infinity_are_those_of_c(compiled):
    exponents = [x for x in POINTS if math.isfinite(x)]
    powers = compiled("power_below", [-inf] * len(exponents), exponents, [1.0] * len(exponents))
    for exponent, got in zip(exponents, powers, strict=True):
        difference = Fraction(exponent) - 1
        odd = difference % 2 == 1
        size = 1.0 if difference == 0 else inf if difference > 0 else 0.0
        assert repr(float(got)) == repr(-size if odd else size), exponent


# Exact results


def test_logarithms_of_powers_of_two_and_ten_are_exact(compiled):
    twos = np.arange(-1074.0, 1024.0)
    assert np.array_equal(compiled("log2", np.ldexp(1.0, twos.astype(int))), twos)
    tens = np.arange(0.0, 23.0)
    assert np.array_equal(compiled("log10", 10.0**tens), tens)


def test_integer_powers_and_roots_of_integers_are_exact(compiled):
    twos = np.arange(-1074.0, 1024.0)
    assert np.array_equal(compiled("exp2", twos), np.ldexp(1.0, twos.astype(int)))
    rows = [(float(a), float(b)) for a in range(-40, 41) for b in range(40) if abs(a) ** b < 2**53]
    bases, exponents = map(np.array, zip(*rows, strict=True))
    assert np.array_equal(compiled("power", bases, exponents), [float(int(a) ** int(b)) for a, b in rows])
    integers = np.arange(-1000.0, 1001.0)
    assert np.array_equal(compiled("cbrt", integers**3), integers)
    assert np.array_equal(compiled("hypot", 3 * integers, 4 * integers), 5 * np.abs(integers))


def test_the_first_power_is_the_base_itself(compiled):
    draw = np.random.default_rng(4)
    bases = draw.integers(0, 2**64, 10000, dtype=np.uint64).view(float)
    assert same_bits(compiled("power", bases, np.ones(10000)), bases).all()


def test_remainders_next_to_multiples_are_exact(compiled):
    draw = np.random.default_rng(7)
    divisors = np.exp(draw.uniform(-30, 30, 5000))
    multiples = divisors * np.round(np.exp(draw.uniform(0, 36, 5000)))
    for near in (multiples, np.nextafter(multiples, 0), np.nextafter(multiples, inf)):
        expected = [math.fmod(a, b) for a, b in zip(near, divisors, strict=True)]
        assert np.array_equal(compiled("fmod", near, divisors), expected)
        expected = [Fraction(a) // Fraction(-b) for a, b in zip(near, divisors, strict=True)]
        assert np.array_equal(compiled("floor_divide", near, -divisors), np.array(expected, float))


def test_quotients_below_one_have_the_sign_that_python_gives(compiled):
    numbers = [0.0, -0.0, 5e-324, -5e-324, 0.5, -0.5, 2.0, -2.0, 1e308, -1e308]
    pairs = [(a, b) for a in numbers for b in numbers if b != 0.0 and abs(a) <= abs(b)]
    expected = np.array([a // b for a, b in pairs])
    assert same_bits(compiled("floor_divide", *np.array(pairs).T), expected).all()


def test_odd_functions_are_odd_and_even_ones_even_to_the_last_bit(compiled):
    x = np.random.default_rng(5).integers(0, 2**63, 10000, dtype=np.uint64).view(float)
    for name in ["sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "cbrt", "erf"]:
        assert same_bits(compiled(name, -x), -compiled(name, x)).all(), name
    for name in ["cos", "cosh", "gaussian", "sech_squared"]:
        assert same_bits(compiled(name, -x), compiled(name, x)).all(), name


# Widths and processors

# Every way to have several members of a family in one function.
SEVERAL = [
    name_of_several(members)
    for family in FAMILIES
    for count in range(2, len(family) + 1)
    for members in itertools.combinations(family, count)
]


def mixed_samples(name):
    """Arguments of every kind in each register."""
    draw = np.random.default_rng(6)
    count = 3200
    kinds = [
        draw.uniform(-10, 10, count),
        draw.uniform(-800, 800, count),
        draw.integers(0, 2**64, count, dtype=np.uint64).view(float),
        draw.choice(POINTS, count),
    ]
    return [draw.permutation(np.concatenate(kinds)) for _ in range(arity_of(name))]


@pytest.mark.parametrize(
    ("width", "options"),
    [
        pytest.param(1, {}, id="one"),
        pytest.param(2, {}, id="two"),
        pytest.param(4, {}, id="four"),
        pytest.param(16, {}, id="sixteen"),
        pytest.param(1, {"level": 0}, id="one-unoptimized"),
        pytest.param(8, {"level": 0}, id="eight-unoptimized"),
        pytest.param(8, {"level": 3}, id="eight-optimized"),
        pytest.param(8, {"cpu": "generic", "features": ""}, id="eight-on-the-oldest-processor"),
    ],
)
def test_bits_depend_neither_on_the_width_nor_on_the_processor(width, options, compiled):
    other = Compiled(VECTOR_NAMES, width, **options)
    for name in VECTOR_NAMES:
        arguments = mixed_samples(name)
        assert same_bits(other(name, *arguments), compiled(name, *arguments)).all(), name


@pytest.mark.parametrize("width", [1, 4, 8])
def test_one_function_for_several_gives_the_bits_of_each_alone(width, compiled):
    other = Compiled(SEVERAL, width)
    for name in SEVERAL:
        for place, member in enumerate(name.split(AND)):
            arguments = mixed_samples(member)
            if member == "sigmoid_of_negated":
                expected = compiled("sigmoid", -arguments[0])
            elif member == "sigmoid_difference_swapped":
                expected = compiled("sigmoid_difference", *arguments[::-1])
            elif member == "power_beside":
                expected = compiled("power", *arguments[:2])
            else:
                expected = compiled(member, *arguments)
            assert same_bits(other(name, *arguments, place=place), expected).all(), (name, member)


@pytest.mark.parametrize("name", SEVERAL)
def test_one_function_for_several_is_shorter_than_all_of_them(name):
    apart = [len(definitions([member], 8).splitlines()) for member in name.split(AND)]
    assert max(apart) < len(definitions([name], 8).splitlines()) < 0.9 * sum(apart)


def test_tanh_and_its_slope_share_their_only_division():
    assert definitions(["tanh_and_sech_squared"], 8).count("fdiv") == 1


@pytest.mark.parametrize("width", [1, 4])
def test_scalar_functions_are_called_in_the_rows_that_need_them_and_no_others(width):
    seen = []

    def recorded(*arguments):
        seen.append(arguments)
        return 42.0

    functions = Compiled(["sin", "fmod"], width, scalars={"sin": recorded, "fmod": recorded})
    x = [1.0, 2.0**30, -1.1e9, 3.0, 0.5, -0.0, 1.0, 2.0, 5.0, nan, 1e300, inf, 7.0, 8.0, 9.0, 10.0]
    got = functions("sin", x)
    assert seen == [(-1.1e9,), (1e300,), (inf,)]
    expected = [42.0 if abs(value) > 2.0**30 else ieee.sin(value) for value in x]
    assert np.allclose(got, expected, rtol=4e-16, atol=0, equal_nan=True)
    seen.clear()
    functions("fmod", [1.0, 1e300, 5.0, 9.0], [0.3, 7.0, nan, 1e-10])
    assert seen == [(1e300, 7.0)]


# The text


def test_names_and_arities_are_those_of_primitives():
    assert {name: find_primitive(name).arity for name in NAMES} == {name: arity_of(name) for name in NAMES}


def test_definitions_stand_once_and_are_internal():
    text = definitions([*NAMES, *NAMES], 4)
    defined = [line.split("@")[1].split("(")[0] for line in text.splitlines() if line.startswith("define")]
    assert len(set(defined)) == len(defined)
    assert {f"ag_{name}" for name in NAMES} <= set(defined)
    assert all(line.startswith("define internal ") for line in text.splitlines() if line.startswith("define"))
    declared = [line for line in text.splitlines() if line.startswith("declare")]
    assert len(set(declared)) == len(declared)
    assert "fast" not in text.split()


def test_externals_are_what_the_text_leaves_open():
    assert externals(["exp", "sin", "mod", "fmod", "polygamma"]) == {"fmod": 2, "polygamma": 2, "sin": 1}
    text = definitions(["exp", "mod"], 2)
    assert [line for line in text.splitlines() if "declare" in line and "@llvm" not in line] == [
        "declare double @ag_scalar_fmod(double, double)"
    ]


def test_nothing_branches_but_to_scalar_functions():
    for name in NAMES:
        assert ("  br " in definitions([name], 8)) == bool(externals([name])), name


def test_the_gamma_functions_are_called_row_by_row_everywhere():
    with_kernels = [name for name, primitive in PRIMITIVES.items() if primitive.kernel is not None]
    assert {name for name in with_kernels if lowered(name).write is None} >= set(SCALAR_NAMES)


def test_what_has_no_line_in_the_table_is_written_out_if_it_is_arithmetic_and_called_row_by_row_if_not(monkeypatch):
    monkeypatch.setattr(lowering, "LOWERED", {})
    assert lowered("max").write is PRIMITIVES["max"].value
    assert externals(["tanh", "trunc", "max"]) == {"tanh": 1, "trunc": 1}
    assert lowered("sum").write is None
    assert lowered("sum").many


def test_an_operation_that_can_not_be_written_in_llvm_is_named(monkeypatch):
    monkeypatch.setattr(lowering, "LOWERED", {})
    with pytest.raises(NotImplementedError, match=r"power_below can't be compiled: .* no line in LOWERED"):
        lowered("power_below")


def test_an_if_on_a_value_that_is_not_known_yet_is_an_error():
    x = Value(Function(1), REAL, "%x")
    with pytest.raises(TypeError, match="use select"):
        bool(x > 0.0)


def test_a_name_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match=r"there is no LLVM function expp; there are abs, acos, .*xlogy"):
        definitions(["exp", "expp"], 4)


def test_a_width_below_one_is_an_error():
    with pytest.raises(ValueError, match="1 or more, not 0"):
        definitions(["exp"], 0)


def test_plain_numbers_mix_with_values_on_either_side():
    function = Function(2)
    x = Value(function, REAL, "%x")
    assert (1.0 - x).text == "%v1"
    half = "double 0x3FE0000000000000"
    assert function.lines[0].startswith("  %v1 = fsub <2 x double> <double 0x3FF0000000000000, ")
    assert (x / 0.5).text == "%v2"
    assert function.lines[1] == f"  %v2 = fdiv <2 x double> %x, <{half}, {half}>"


def test_coefficients_are_those_that_the_fit_gives():
    tool = Path(elementary.__file__).resolve().parents[3] / "tools" / "fit_llvm_math.py"
    subprocess.run([sys.executable, str(tool), "--check"], check=True)
