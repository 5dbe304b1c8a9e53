"""Optimal power flow beside CasADi: what the derivatives that IPOPT asks for take, and the cost that it finds.

`python -m benchmarks.power_flow` measures both grids of `examples/power_flow.py`, in processor time, the least of
several turns that alternate; `--solve` has IPOPT solve them, CasADi's own and, with ours, cyipopt's. It needs the extra
`bench`.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from examples import power_flow
from examples.power_flow import PUBLISHED, Grid

TURNS, RUN = 15, 0.02


class Ours:
    """This package's problem."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.problem = problem = grid.problem()
        multipliers = np.ones(problem.multipliers)
        self.asked: dict[str, Callable[[Any], Any]] = {
            "objective": problem.objective, "gradient": problem.gradient, "constraints": problem.constraints,
            "Jacobian": problem.jacobian, "Hessian": lambda x: problem.hessian(x, multipliers),
        }  # fmt: skip

    def solve(self) -> float:
        return self.grid.cost(power_flow.solved_by_ipopt(self.grid))


class CasADi:
    """The same expressions with CasADi's SX, its own derivatives, and its virtual machine, called by buffers."""

    def __init__(self, grid: Grid) -> None:
        casadi = self.casadi = import_module("casadi")
        self.grid = grid
        names = power_flow.sin, power_flow.cos
        power_flow.sin, power_flow.cos = casadi.sin, casadi.cos
        try:
            start = grid.start()
            x = self.x = casadi.SX.sym("x", len(start))
            counts = np.cumsum([0, *[len(part) for part in grid.parts(start)]])
            numbers = casadi.vertsplit(x)
            parts = [numbers[one:other] for one, other in itertools.pairwise(counts)]
            self.cost, self.constraints = grid.cost(parts), casadi.vertcat(*grid.constraints(parts))
        finally:
            power_flow.sin, power_flow.cos = names
        multipliers = casadi.SX.sym("m", self.constraints.numel())
        lagrangian = self.cost + casadi.dot(multipliers, self.constraints)
        results = {
            "objective": self.cost, "gradient": casadi.gradient(self.cost, x), "constraints": self.constraints,
            "Jacobian": casadi.jacobian(self.constraints, x),
            "Hessian": casadi.tril(casadi.hessian(lagrangian, x)[0]),
        }  # fmt: skip
        ones = np.ones(multipliers.numel())
        self.asked = {
            name: self.called(casadi.Function("f", [x, multipliers], [result]), ones)
            for name, result in results.items()
        }

    @staticmethod
    def called(function: Any, multipliers: Any) -> Callable[[Any], Any]:
        buffer, run = function.buffer()
        given, result = np.zeros(function.size1_in(0)), np.zeros(function.nnz_out(0))
        buffer.set_arg(0, memoryview(given))
        buffer.set_arg(1, memoryview(multipliers))
        buffer.set_res(0, memoryview(result))

        def call(x: Any, alive: Any = (function, buffer, multipliers)) -> Any:
            given[:] = x
            run()
            return result.copy()

        return call

    def solve(self) -> float:
        (low, high), (least, most) = self.grid.bounds(), self.grid.limits()
        quiet = {"ipopt.print_level": 0, "print_time": False}
        solver = self.casadi.nlpsol("s", "ipopt", {"x": self.x, "f": self.cost, "g": self.constraints}, quiet)
        found = solver(x0=self.grid.start(), lbx=low, ubx=high, lbg=least, ubg=most)
        return float(found["f"])


def least(function: Callable[[Any], Any], x: Any, known: float) -> float:
    """The seconds of processor time of a call in one turn, if that is less than what is known."""
    calls, start = 0, time.process_time()
    while time.process_time() - start < RUN:
        for _ in range(10):
            function(x)
        calls += 10
    return min(known, (time.process_time() - start) / calls)


def main() -> None:
    """Measure the grids."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--solve", action="store_true")
    options = parser.parse_args()
    for case in PUBLISHED:
        grid = Grid(case)
        made = {}
        engines: dict[str, Any] = {}
        for engine in (Ours, CasADi):
            start = time.process_time()
            engines[engine.__name__] = engine(grid)
            made[engine.__name__] = time.process_time() - start
        print(
            f"{case}: {engines['Ours'].problem.variables} variables, {engines['Ours'].problem.multipliers} constraints"
        )
        print("  made:", ", ".join([f"{name} {seconds:.2f} s" for name, seconds in made.items()]))
        x = grid.start() + 0.01
        for asked in engines["Ours"].asked:
            # CasADi's entries are column by column: the same numbers in another order.
            found = [np.sort(np.ravel(engine.asked[asked](x))) for engine in engines.values()]
            assert np.allclose(*[one[one != 0.0] for one in found], rtol=1e-9), asked
            times = dict.fromkeys(engines, 1.0)
            for _ in range(TURNS):
                for name, engine in engines.items():
                    times[name] = least(engine.asked[asked], x, times[name])
            print(f"  {asked}:", ", ".join([f"{name} {seconds * 1e6:.1f} us" for name, seconds in times.items()]))
        if options.solve:
            for name, engine in engines.items():
                start = time.process_time()
                cost = engine.solve()
                spent = time.process_time() - start
                print(f"  IPOPT by {name}: {cost:.2f} $/h, published {grid.published:.0f}; {spent:.2f} s")


if __name__ == "__main__":
    main()
