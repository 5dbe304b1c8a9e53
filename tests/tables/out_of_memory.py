"""Work that `test_out_of_memory` runs with too little memory, each piece in a process of its own."""

from __future__ import annotations

import ctypes
import gc
import itertools
import math
import pickle
import resource
import sys
from importlib.util import find_spec

import numpy as np

import autograd
from autograd import Variable, exp, grad, hessian, hvp, jit, sin, vmap


def chain(x, length):
    y = x
    for _ in range(length):
        y = y * 0.5 + x
    return y


def spread(x):
    return autograd.sum([sin(a) * exp(b) for a, b in itertools.pairwise(x)])


def swept():
    x = Variable(1.0)
    y = chain(x, 40) + autograd.sum([x, x, 1.0])
    y.backward()
    return y.value, x.grad


POINT = [0.1, 0.2, 0.3, 0.4]


# Without NumPy, which itself crashes where it is refused some of its small requests.
WORK = {
    "sweep": swept,
    "gradient": lambda: grad(spread)(POINT),
    "second derivative": lambda: grad(grad(lambda t: sin(t) * exp(t)))(0.5),
    "product with the hessian": lambda: hvp(spread, (POINT,), ([1.0, -1.0, 0.5, 2.0],)),
    "compiled": lambda: jit(lambda x, y: sin(x) * exp(y))(0.5, 0.25),
}


def refuse_each(name, most):
    """Refuse the requests for memory during this work one after the other: how many there are, and how that ended.

    If there are more than `most`, so many of them are refused, spread evenly.
    """
    shim = ctypes.CDLL(None)
    shim.fail_after.argtypes = [ctypes.c_long]
    shim.fail_never.restype = ctypes.c_long
    fail_after, fail_never = shim.fail_after, shim.fail_never
    work = WORK[name]
    wanted = work()
    work()
    gc.collect()
    fail_after(2**40)
    work()
    requests = fail_never()
    ends = {}
    for number in range(0, requests, max(1, requests // most)):
        try:
            fail_after(number)
            found = work()
            fail_never()
            end = "right" if found == wanted else f"wrong: {found}"
        except BaseException as error:
            fail_never()
            end = type(error).__name__
            del error
        ends[end] = ends.get(end, 0) + 1
        if work() != wanted:
            ends["wrong afterwards"] = ends.get("wrong afterwards", 0) + 1
    return requests, ends


def graph_without_end():
    x = y = Variable(1.0)
    while True:
        y = y * 0.5 + x


def leaves_without_end():
    """A sweep of a wide and deep graph, for which there is no memory left."""
    x = Variable(1.0)
    kept = [chain(x, 1_000)]
    limit = resource.getrlimit(resource.RLIMIT_AS)
    y = chain(x, 400_000)
    kept.append(y)
    resource.setrlimit(resource.RLIMIT_AS, (pages_used(), limit[1]))
    try:
        while True:
            y.backward()
            y = chain(y, 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limit)


def tape_without_end():
    length = 1_000
    while True:
        grad(lambda x, length=length: chain(x, length))(0.5)
        length *= 2


def hessian_without_end():
    size = 100
    while True:
        x = [0.5] * size
        hessian(lambda x: autograd.prod(x) + 1.0)(x)
        size *= 2


def program_without_end():
    length = 1_000
    while True:
        jit(lambda x, length=length: chain(x, length), tier="vm")(0.5)
        length *= 2


def machine_code_without_end():
    length = 100
    while True:
        jit(lambda x, length=length: chain(x, length), tier="llvm")(0.5)
        length *= 2


def rows_without_end():
    count = 1_000_000
    mapped = vmap(lambda x: [x * float(k) for k in range(20)])
    while True:
        mapped(np.zeros(count))
        count *= 2


def pickle_without_end():
    length = 1_000
    while True:
        pickle.loads(pickle.dumps(chain(Variable(1.0), length)))
        length *= 2


GROWTH = {
    "graph": graph_without_end,
    "sweep": leaves_without_end,
    "tape": tape_without_end,
    "hessian": hessian_without_end,
    "program": program_without_end,
    "rows": rows_without_end,
    "pickle": pickle_without_end,
}
MACHINE_CODE = autograd.compiled and find_spec("llvmlite") is not None
if MACHINE_CODE:
    GROWTH["machine code"] = machine_code_without_end


def pages_used():
    """The bytes of addresses that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def grow(name, megabytes):
    """Let something grow until the memory that it may have is used up; how that ended."""
    wanted = {known: work() for known, work in WORK.items()}
    if MACHINE_CODE:
        # LLVM is there from the beginning.
        jit(lambda x: -x, tier="llvm")(0.5)
    limit = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages_used() + megabytes * 2**20, limit[1]))
    try:
        GROWTH[name]()
    except MemoryError:
        end = "MemoryError"
    resource.setrlimit(resource.RLIMIT_AS, limit)
    afterwards = {known: work() for known, work in WORK.items()}
    return f"{end}, and afterwards {'right' if afterwards == wanted else f'wrong: {afterwards}'}"


def keep_machine_code(count, megabytes):
    """Make and keep so many pieces of machine code within a limit, or as many as it has room for; the end."""
    wanted = {known: work() for known, work in WORK.items()}
    limit = resource.getrlimit(resource.RLIMIT_AS)
    jit(lambda x: -x, tier="llvm")(0.5)
    resource.setrlimit(resource.RLIMIT_AS, (pages_used() + megabytes * 2**20, limit[1]))
    kept, end = [], ""
    try:
        for number in range(count):
            kept.append(jit(lambda x, k=float(number): sin(x) * k + exp(x), tier="llvm"))
            assert math.isclose(kept[number](0.5), math.sin(0.5) * number + math.exp(0.5), rel_tol=1e-14)
    except MemoryError:
        end = "MemoryError, and afterwards "
    kept.clear()
    resource.setrlimit(resource.RLIMIT_AS, limit)
    return f"{end}{'right' if {known: work() for known, work in WORK.items()} == wanted else 'wrong'}"


if __name__ == "__main__":
    task, name, amount = sys.argv[1:]
    if task == "keep":
        print(keep_machine_code(int(name), int(amount)))
    else:
        print({"refuse": refuse_each, "grow": grow}[task](name, int(amount)))
