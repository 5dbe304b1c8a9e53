"""Random programs of Python's features: functions of three numbers, an int and a bool, as source text.

`draw_program(random.Random(seed))` gives the text of a function `program(x, y, z, n, flag)` in which threads,
generators, containers, ints, bools, exceptions, closures, classes, comprehensions, `match` and NumPy meet numbers. It
is built from the templates below: `$N`, `$I`, `$T` and `$L` stand for an expression that is a number, an int, a truth
or a list of numbers, `$B` for a block of statements, `$U` for a statement that changes what is known; `$an` is a new
name of a number, `$al` of a list, `$ai` of an int, and other names are new ones that no later statement uses.
"""

from __future__ import annotations

import contextlib
import random
import re

__all__ = ["PRELUDE", "draw_arguments", "draw_program"]

PRELUDE = """\
import bisect, collections, concurrent.futures, contextlib, copy, dataclasses
import functools, heapq, itertools, operator, typing
import numpy as np
import autograd
from autograd import *

@dataclasses.dataclass
class Point:
    a: object
    b: object = 1.0

    def __add__(self, other):
        return Point(self.a + other.a, self.b * 0.5 + other.b)

    @property
    def length(self):
        return sqrt(self.a * self.a + self.b * self.b + 0.25)

    def scaled(self, by):
        return dataclasses.replace(self, a=self.a * by)

class Pair(typing.NamedTuple):
    first: object
    second: object

class Found(Exception):
    pass

class Polynomial:
    def __init__(self, *coefficients):
        self.coefficients = coefficients

    def __call__(self, t):
        total = 0.0
        for coefficient in self.coefficients:
            total = total * t + coefficient
        return total

    def __getitem__(self, k):
        return self.coefficients[k]

    def __len__(self):
        return len(self.coefficients)

    def __iter__(self):
        return iter(self.coefficients)

@contextlib.contextmanager
def doubling(values):
    values.append(values[-1] * 2.0)
    yield values
    values.pop()

def plain(x):
    # NumPy's numbers compare to truths of its own, of which 1 + 1 is 1.
    return x.item() if isinstance(x, np.generic) else x

def halved(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return 0.5 * function(*args, **kwargs)
    return inner

def running(values):
    total = 0.0
    for value in values:
        total = total + value
        yield total

def echo(first):
    while True:
        first = (yield first) * 0.5 + first * 0.25

def power(base, exponent):
    return 1.0 if exponent <= 0 else base * power(base, exponent - 1)
"""

NUMBERS = """\
$N + $N
$N - $N
$N * $N
$N / (1.5 + $N ** 2)
-$N
abs($N)
$N ** 2
$N ** ($I % 4)
abs($N) ** 1.5
$N % 1.75
$N // 0.75
divmod($N, 0.75)[$T]
pow($N, 2)
$I * $N
$N / ($I % 3 + 1)
$N + $I
$N * $T
$T + $N
$T * $T + $N
$N if $T else $N
where($T, $N, $N)
max($N, $N)
min($N, $N, $N)
maximum($N, $N)
minimum($N, $N)
sin($N)
cos($N)
tanh($N)
exp(-$N ** 2)
sqrt($N ** 2 + 0.5)
log(1.0 + $N ** 2)
sigmoid($N)
atan2($N, 1.0 + $N ** 2)
floor($N) + $N
hypot($N, 0.5)
clip($N, -0.75, 1.25)
sum($L)
max($L)
min($L)
sorted($L)[$I % 2]
$L[$I % 2]
$L[-1]
$L[$T]
len($L) * $N
autograd.sum($L)
autograd.max($L)
autograd.prod($L)
norm($L)
logsumexp($L)
dot($L[:2], $L[:2])
sum(s * t for s, t in zip($L, $L))
functools.reduce(lambda s, t: s * 0.5 + t, $L, $N)
(lambda t: t * t - $N)($N)
(lambda s, t=$N: s * t)($N)
(t_ := $N) * t_
operator.sub($N, $N)
plain(np.sum(np.array($L)))
plain(np.mean($L))
plain(np.max(np.array($L)))
plain(np.dot(np.array($L[:2]), np.array($L[:2])))
plain(np.maximum($N, $N))
plain(np.where($T, $N, $N))
plain(np.sin($N))
plain(np.clip($N, -1.0, 1.0))
plain(np.prod(np.array($L)[:2]))
plain(np.linalg.norm(np.array($L)))
plain(np.cumsum($L)[-1])
plain((np.array($L) * $N)[0])
plain((np.array($L) > $N) @ np.array($L))
plain(np.sort(np.array($L))[0])
plain(np.array($L)[np.array($L) > $N].sum())
plain(np.array($L)[$I % 2])
plain(np.float64(0.5) * $N)
plain(np.argmax(np.array($L)) * $N)
next(iter($L))
next((s for s in $L if s > $N), $N)
{"a": $N, "b": $N}["a" if $T else "b"]
{$I % 2: $N}.get(1, $N)
{False: $N, True: $N}[$T]
($N, $N)[$T]
[$N, $N][$I % 2]
Point($N).length
(Point($N, $N) + Point($N)).b
Point($N, $N).scaled($N).a
Pair($N, $N)._replace(first=$N).first
Polynomial($N, $N, 0.5)($N)
Polynomial(*$L)[0]
sum(Polynomial($N, $N))
halved(lambda t: t * $N)($N)
power($N, $I % 3)
list(running($L))[-1]
list(itertools.accumulate($L))[-1]
max($L, key=lambda t: -t)
min($L, key=abs)
sum([s for s in $L if s < $N])
sum(map(lambda t: t * 0.5, $L))
sum(filter(lambda t: t > $N, $L))
collections.deque($L)[0]
collections.ChainMap({"k": $N}, {"k": $N})["k"]
heapq.nsmallest(1, $L)[0]
copy.copy($L)[0]
round($N) * 0.5
stop_gradient($N)
float($I) * $N
""".splitlines()

TRUTHS = """\
$N < $N
$N > $N
$N <= $N
$N >= 0.0
$N == $N
$N != $N
$N < $N < $N
not $T
$T and $T
$T or $T
$T == $T
$T != $T
$T & $T
$T | $T
$T ^ $T
bool($T)
bool($N)
any(s > $N for s in $L)
all([s > -1.0 for s in $L])
$I % 2 == 0
$I > 1
$N in $L
isfinite($N)
$L < $L
($I, $N) < ($I, $N)
max($T, $T)
sorted([$T, $T])[0]
operator.lt($N, $N)
""".splitlines()

INTS = """\
$I + $I
$I * 2
$I % 5
$I // 2
-$I
$I ^ 1
len($L)
int($T)
$T + $T
sum(s > $N for s in $L)
sum([$T, $T, $T])
$L.index(max($L))
bisect.bisect(sorted($L), $N)
max(range(len($L[:2])), key=$L[:2].__getitem__)
sorted(range(2), key=lambda k: $L[k])[0]
len([s for s in $L if s > $N])
int(np.argmax(np.array($L)))
np.array($L).size
np.count_nonzero(np.array($L) > $N)
$I if $T else $I
max($I, $I)
abs($I)
[$I, $I].count(1)
""".splitlines()

LISTS = """\
[$N, $N]
[$N, $N, $N]
[s * $N for s in $L]
[$N for k in range(2 + $I % 2)]
[k * $N for k in range(2)]
[*$L, $N]
$L + [$N]
sorted($L)
sorted($L, key=lambda t: t * t, reverse=True)
sorted($L + $L)[:2]
$L[::-1]
$L[:2]
list(map(sin, $L))
[s + t for s, t in zip($L, $L)]
[s if s > $N else $N for s in $L]
[t for s in [$L, $L] for t in s][:4]
list(running($L))
list(itertools.chain($L, [$N]))
list(itertools.islice(itertools.cycle($L), 3))
[s - t for s, t in itertools.pairwise([*$L, $N])] + [$N]
list({"a": $N, "b": $N}.values())
list(map(plain, np.array($L) * 2.0))
list(map(plain, np.cumsum($L)))
list(map(plain, np.where(np.array($L) > $N, $N, $N)))
list(map(plain, np.maximum(np.array($L), $N)))
list(map(plain, np.outer($L[:2], $L[:2]).ravel()))
(np.array($L) + np.array($L)[:1]).tolist()
list(Pair($N, $N))
list(dataclasses.astuple(Point($I, 2.0))) + [$N]
[(lambda k=k: k * $N)() for k in range(2)]
heapq.nlargest(2, $L)
[*$L, *[$N][:$I % 2]]
[$N] * 2
""".splitlines()

STATEMENTS = """\
$an = $N

$an = $N

$ai = $I

$al = $L

$al = $L

$an, $bn = $N, $N

$an, *$rest = [$N, *$L]

$an = $bn = $N

$an = $N
if $T:
    $U
    $B
else:
    $U

if $T:
    $U
elif $T:
    $U

for k in range($I % 4):
    $U

for k, value in enumerate($L):
    $U
    if value > $N:
        break
else:
    $U

$an = 0.0
for value in $L:
    if value < $N:
        continue
    $an += value

$an = 0.0
for s, t in zip($L, reversed($L)):
    $an = $an + s * t
    $U

$an, count = $N, 0
while abs($an) > 0.5 and count < 6:
    $an, count = $an * 0.5, count + 1

$al = $L
$al.append($N)
$al.sort()

$al = $L
$al[$I % 2] = $N
del $al[0]
$al.insert(0, $N)

$al = $L
$al.reverse()
$al.extend($L)
$al.pop()

$d = {'a': $N}
$d.setdefault('b', $N)
$d['a'] += $N
$an = sum($d.values())

$d = collections.defaultdict(list)
for k, value in enumerate($L):
    $d[k % 2].append(value)
$an = sum($d[0])

$d = {k: value for k, value in enumerate($L)} | {0: $N}
$an = 0.0
for k, value in $d.items():
    $an += k * value

$an = $N
def $f(t):
    nonlocal $an
    $an = $an + t
    return $an * 0.5
$bn = $f($N) + $f($N)

def $f(t, *rest, scale=$N, **more):
    return t * scale + sum(rest) + sum(more.values())
$an = $f($N, $N, c=$N)

@halved
def $f(t):
    return t * t + $N
$an = $f($N)

def $f(depth, t):
    return t if depth == 0 else $f(depth - 1, t * 0.5 + $N)
$an = $f($I % 3, $N)

def $f():
    for value in $L:
        got = yield value * 0.5
        if value > $N:
            return
    yield from $L
$an = sum($f())

$g = echo($N)
next($g)
$an = $g.send($N)

try:
    if $T:
        raise Found($N)
    $an = $N
except Found as found:
    $an = found.args[0] * 2.0
finally:
    $bn = $N

$an = $N
try:
    $an = {'a': $N}['b']
except KeyError:
    $U
else:
    $an = 0.0

$an = $N
with contextlib.suppress(IndexError):
    $an = $L[$I % 5]

$l = $L
with doubling($l) as more:
    $an = sum(more)

match ($N, $I % 3):
    case (value, 0) if value > $N:
        $an = value
    case (value, 1 | 2):
        $an = value * 2.0
    case _:
        $an = $N

match Point($N, $N):
    case Point(a=s, b=t) if s < t:
        $an = s
    case Point(a=s):
        $an = s * 0.5

match {'kind': 'a' if $T else 'b', 'value': $N}:
    case {'kind': 'a', 'value': value}:
        $an = value
    case {'value': value, **rest}:
        $an = -value

match $L:
    case [only]:
        $an = only
    case [first, *_, last]:
        $an = first * last
    case _:
        $an = 0.0

match bool($T):
    case True:
        $an = $N
    case False:
        $an = $N

with concurrent.futures.ThreadPoolExecutor(1) as $pool:
    $an = $pool.submit(lambda: $N).result()

with concurrent.futures.ThreadPoolExecutor(2) as $pool:
    $al = list($pool.map(float, range(2))) + [$N]

$s = Point($N, $N)
$s.a = $s.a * $N
$s.b += $N
$an, $bn = $s.a, $s.length

$p = functools.partial(lambda s, t: s * t, $N)
$an = $p($N)

$fs = [lambda t, k=k: t * k + $N for k in range(3)]
$an = $fs[$I % 3]($N)

$h = list($L)
heapq.heapify($h)
heapq.heappush($h, $N)
$an = heapq.heappop($h)

$q = collections.deque($L, maxlen=3)
$q.appendleft($N)
$q.rotate(1)
$an = $q[0]

$v = np.array($L)
$v[0] = $N
$v *= $N
$an = plain($v.sum())

$v = np.array($L)
$w = $v[np.argsort($v)]
$an = plain($w[0] - $w[-1])

$v = np.zeros(3, dtype=object)
for k in range(3):
    $v[k] = k * $N
$an = $v.dot($v)

$m = np.outer($L[:2], [$N, $N])
$an = plain(($m @ $m.T)[0, 1] + $m.max())

$class = type('Local', (), {'value': $N, 'times': lambda self, t: self.value * t})
$an = $class().times($N)

async def $f(t):
    return t * $N
$c = $f($N)
try:
    $c.send(None)
except StopIteration as stop:
    $an = stop.value

$an = $N
$an **= 2
$an -= $N
$an /= 2.5
$an %= 1.5

$set = {$I, $I}
$an = len($set) * $N

assert $N == $N or True
$an = $N

$an = $N
for _ in itertools.repeat(None, 30):
    if abs($an) < 1.0:
        break
    $an = $an * 0.25
""".strip().split("\n\n")

UPDATES = ["$kn = $kn * 0.5 + $N", "$kn += $N", "$kn = $N", "$kn -= $N * 0.25", "$kl.append($N)", "$kl[0] = $N"]
RESULTS = [
    "$N", "$N", "$N * $N + $N", "($N, $N)", "[$N, $N, $N]", "{'a': $N, 'b': [$N, $N]}", "Pair($N, $N)", "$L",
    "($N, ($N, $N))", "np.array($L)",
]  # fmt: skip


class Writer:
    """A program that is being written, and the names known in it."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.known = {"n": ["x", "y", "z"], "i": ["n"], "l": []}
        self.assignable: list[str] = []
        self.count = 0

    def expression(self, kind: str, depth: int) -> str:
        """An expression of this kind, with others in it up to `depth`."""
        draw = self.draw
        numbers = self.known["n"]
        if depth <= 0 or draw.random() < 0.2:
            if kind == "N":
                return draw.choice([*numbers, *numbers[-2:], f"{draw.choice((0.5, -1.25, 2.0, 0.0))}"])
            if kind == "I":
                return draw.choice([*self.known["i"], "1", "2", "3"])
            if kind == "L":
                return draw.choice(
                    [*self.known["l"], f"[{draw.choice(self.known['n'])}, {draw.choice(self.known['n'])}, 0.5]"]
                )
            return draw.choice(
                ["flag", f"({draw.choice(self.known['n'])} > {draw.choice(self.known['n'])})", "(x < 0.25)"]
            )
        table = {"N": NUMBERS, "I": INTS, "L": LISTS, "T": TRUTHS}[kind]
        text = re.sub(r"\$([NITL])", lambda found: self.expression(found[1], depth - 1), draw.choice(table))
        return f"({text})"

    def new_name(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def statement(self, template: str, indent: str, depth: int) -> list[str]:
        """The lines of a statement; new names are known afterwards."""
        names: dict[str, str] = {}
        lines: list[str] = []
        for line in template.split("\n"):
            inner = indent + " " * (len(line) - len(line.lstrip()))
            if line.strip() == "$U":
                lines += self.update(inner)
            elif line.strip() == "$B":
                lines += self.block(inner, depth - 1) if depth > 0 else [f"{inner}pass"]
            else:
                lines.append(indent + self.filled(line, names))
        for name, chosen in names.items():
            if len(name) == 2 and name[0] in "ab" and name[1] in "nil":
                self.known[name[1]].append(chosen)
                if name[1] == "n" or name[1] == "l":
                    self.assignable.append(chosen)
        return lines

    def filled(self, line: str, names: dict[str, str]) -> str:
        def fill(found: re.Match[str]) -> str:
            name = found[1]
            if name in "NITL":
                return self.expression(name, self.draw.choice((1, 1, 2)))
            return names.setdefault(name, self.new_name()) if name not in names else names[name]

        return re.sub(r"\$(\w+)", fill, line)

    def update(self, indent: str) -> list[str]:
        """A statement that changes what is known already."""
        usable = {kind: [name for name in self.assignable if name in self.known[kind]] for kind in "nl"}
        templates = [one for one in UPDATES if usable[one[2]]]
        if not templates:
            return [f"{indent}pass"]
        template = self.draw.choice(templates)
        kind = template[2]
        return [indent + self.filled(template, {f"k{kind}": self.draw.choice(usable[kind])})]

    def block(self, indent: str, depth: int) -> list[str]:
        """One or two statements whose new names are not known behind it."""
        before = {kind: list(names) for kind, names in self.known.items()}
        lines = []
        for _ in range(self.draw.randint(1, 2)):
            lines += self.statement(self.draw.choice(STATEMENTS), indent, depth)
        self.known = before
        return [*lines, *self.update(indent)]


def draw_program(draw: random.Random) -> str:
    """The source of a function `program(x, y, z, n, flag)`."""
    while True:
        source = drawn_program(draw)
        # Python has places for no `:=`.
        with contextlib.suppress(SyntaxError):
            compile(source, "<program>", "exec")
            return source


def drawn_program(draw: random.Random) -> str:
    """A source that may not be one of Python's."""
    writer = Writer(draw)
    lines = ["def program(x, y, z, n, flag):"]
    for _ in range(draw.randint(1, 6)):
        lines += writer.statement(draw.choice(STATEMENTS), "    ", 1)
    lines.append("    return " + writer.filled(draw.choice(RESULTS), {}))
    return "\n".join(lines) + "\n"


def draw_arguments(draw: random.Random) -> list[tuple[object, ...]]:
    """Four calls: the first twice, one beside it, and another one."""

    def number() -> float:
        return draw.choice((0.5, -1.0, 2.0, 0.0, 1.25)) if draw.random() < 0.15 else round(draw.uniform(-2.0, 2.0), 3)

    fixed = (draw.randint(0, 4), draw.random() < 0.5)
    first, other, third = [(number(), number(), number(), *fixed) for _ in range(3)]
    return [first, other, first, third]
