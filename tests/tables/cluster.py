"""A cluster of processes that runs rows, one of which is killed in the middle: `python -m tests.tables.cluster`."""

import os
import signal

import dask.array
import numpy as np
from distributed import Client, LocalCluster

from autograd import jit, sin, value_and_grad, vmap
from autograd.program.tiers import settled


def loss(p, x):
    return (p[0] * x[0] + sin(p[1] * x[1])) ** 2


def main():
    rows = np.random.default_rng(0).normal(size=(100_001, 2))
    point = np.array([1.1, 0.7])
    mapped = vmap(value_and_grad(loss), (None, 0), "sum")
    expected, expected_gradient = jit(mapped, tier=settled("auto"))(point, rows)

    def same(found):
        return found[0] == expected and np.array_equal(found[1], expected_gradient)

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        executor = client.get_executor()
        assert same(mapped.on(executor)(point, rows))
        victim = min(client.run(os.getpid).values())
        told = []

        def progress(done, count):
            told.append(done)
            if len(told) == 4:
                os.kill(victim, signal.SIGKILL)

        assert same(mapped.on(executor, block=4096, progress=progress)(point, rows))
        assert same(mapped.on(executor)(point, dask.array.from_array(rows, chunks=(30_000, 2))))
    print("the same bits, and nothing lost")


if __name__ == "__main__":
    main()
