"""The cheapest generation of power for a grid, within the limits of its lines: AC optimal power flow of PGLib.

The grids are case5_pjm and case118_ieee of PGLib-OPF (IEEE PES, CC BY 4.0; see `examples/data/README.md`), whose
published costs are 17552 and 97214 $/h. Voltages are in units of each bus, powers in units of 100 MVA.

Balance of power at each bus, flows through both ends of each line and differences of angles are the constraints; all
derivatives are compiled, the Jacobian and the Hessian of the Lagrangian sparse. Three solvers take them: forty lines
here, SciPy's trust-constr and IPOPT.

    python -m examples.power_flow case118_ieee
"""

import math
import re
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, minimize
from scipy.sparse import block_array, csc_array, diags_array, eye_array, vstack
from scipy.sparse.linalg import splu

from autograd import cos, nlp, sin

DATA = Path(__file__).parent / "data"
PUBLISHED = {"case5_pjm": 17552.0, "case118_ieee": 97214.0}


def tables(text):
    """The tables of a file of MATPOWER's, by name: one row a line."""
    found = {}
    for name, body in re.findall(r"mpc\.(\w+) = \[(.*?)\];", text, re.DOTALL):
        lines = [line.partition("%")[0].strip(" \t;") for line in body.splitlines()]
        found[name] = np.array([[float(word) for word in line.split()] for line in lines if line])
    return found


class Grid:
    """A grid of buses, generators and lines, as a problem: numbers are angles, voltages, active and reactive powers."""

    def __init__(self, case):
        text = (DATA / f"pglib_opf_{case}.m").read_text()
        base = float(re.search(r"mpc\.baseMVA = ([\d.]+);", text)[1])
        read = tables(text)
        bus, generators, lines = read["bus"], read["gen"], read["branch"]
        place = {int(number): row for row, number in enumerate(bus[:, 0])}
        running, closed = generators[:, 7] > 0, lines[:, 10] > 0
        generators, lines = generators[running], lines[closed]
        self.published = PUBLISHED[case]
        self.reference = int(np.flatnonzero(bus[:, 1] == 3)[0])
        self.loads = bus[:, 2:4] / base
        self.shunts = bus[:, 4:6] / base
        self.voltages = bus[:, [12, 11]]
        self.at = [place[int(number)] for number in generators[:, 0]]
        self.powers = generators[:, [9, 8]] / base, generators[:, [4, 3]] / base
        # $ for the square of a power, for a power, and for nothing.
        self.prices = read["gencost"][running, 4:7] * [base**2, base, 1.0]
        self.ends = [(place[int(one)], place[int(other)]) for one, other in lines[:, :2]]
        self.admittances = [admittances(*line[[2, 3, 4, 8, 9]]) for line in lines]
        self.ratings = lines[:, 5] / base
        self.angles = np.radians(lines[:, 11:13])

    def parts(self, x):
        """Angles and voltages at the buses, active and reactive powers of the generators."""
        buses, generators = len(self.loads), len(self.at)
        return np.split(x, np.cumsum([buses, buses, generators])) if isinstance(x, np.ndarray) else x

    def cost(self, x):
        """The cost of an hour, in $."""
        active = self.parts(x)[2]
        priced = zip(self.prices, active, strict=True)
        return sum((square * power + line) * power + rest for (square, line, rest), power in priced)

    def constraints(self, x):
        """Balances of active and reactive power, squares of apparent powers at both ends, differences of angles."""
        angles, voltages, active, reactive = self.parts(x)
        squares = [voltage * voltage for voltage in voltages]
        balance = [
            [-load[0] - shunt[0] * square, -load[1] + shunt[1] * square]
            for load, shunt, square in zip(self.loads, self.shunts, squares, strict=True)
        ]
        for bus, p, q in zip(self.at, active, reactive, strict=True):
            balance[bus] = [balance[bus][0] + p, balance[bus][1] + q]
        flows, differences = [], []
        for (one, other), admittance in zip(self.ends, self.admittances, strict=True):
            angle = angles[one] - angles[other]
            product, c, s = voltages[one] * voltages[other], cos(angle), sin(angle)
            for bus, (own, mutual), sine in zip((one, other), admittance, (s, -s), strict=True):
                p = own.real * squares[bus] + product * (mutual.real * c + mutual.imag * sine)
                q = -own.imag * squares[bus] + product * (mutual.real * sine - mutual.imag * c)
                balance[bus] = [balance[bus][0] - p, balance[bus][1] - q]
                flows.append(p * p + q * q)
            differences.append(angle)
        return [*[power for bus in balance for power in bus], *flows, *differences]

    def limits(self):
        """Lower and upper bounds of the constraints."""
        squares = np.repeat(self.ratings**2, 2)
        none = np.zeros(2 * len(self.loads))
        lower = [none, np.full(len(squares), -np.inf), self.angles[:, 0]]
        return np.concatenate(lower), np.concatenate([none, squares, self.angles[:, 1]])

    def bounds(self):
        """Bounds of the numbers: the angle at one bus is 0."""
        angles = np.tile([-math.pi, math.pi], (len(self.loads), 1))
        angles[self.reference] = 0.0
        low, high = np.concatenate([angles, self.voltages, *self.powers]).T
        return low, high

    def start(self):
        """Equal voltages, and generators that give half of what they can."""
        low, high = self.bounds()
        buses = len(self.loads)
        return np.concatenate([np.zeros(buses), np.ones(buses), (low + high)[2 * buses :] / 2.0])

    def problem(self, unit=1.0):
        """The problem for solvers, with costs in so many $."""

        def cost(x):
            return self.cost(x) / unit

        return nlp(cost, self.constraints, points=self.start())


def admittances(resistance, reactance, charging, ratio, shift):
    """The admittances of a line behind a transformer: at each of its ends, its own and that to the other end."""
    series = 1.0 / complex(resistance, reactance)
    ratio = ratio or 1.0
    turn = complex(math.cos(math.radians(shift)), math.sin(math.radians(shift)))
    shunt = series + 0.5j * charging
    return (shunt / ratio**2, -series / (ratio * turn.conjugate())), (shunt, -series / (ratio * turn))


def interior_point(problem, start, bounds, limits, tolerance=1e-8):
    """The numbers that make the objective least, and the number of steps: a primal-dual interior point method.

    Source: H. Wang, C. Murillo-Sanchez, R. Zimmerman, R. Thomas, "On computational issues of market-based optimal power
    flow", IEEE Transactions on Power Systems 22 (3), 2007.
    """
    low, high = np.concatenate([bounds[0], limits[0]]), np.concatenate([bounds[1], limits[1]])
    equal, below, above = low == high, np.isfinite(high) & (low != high), np.isfinite(low) & (low != high)
    count = len(start)

    def constrained(values):
        return values[equal] - low[equal], np.concatenate([values[below] - high[below], low[above] - values[above]])

    x, gamma = start, 1.0
    g, h = constrained(np.concatenate([x, problem.constraints(x)]))
    slack = np.maximum(-h, 1.0)
    dual, price = gamma / slack, np.zeros(len(g))
    for step in range(200):
        slopes = vstack([eye_array(count), problem.jacobian_matrix(x)]).tocsr()
        along, across = slopes[equal], vstack([slopes[below], -slopes[above]])
        shares = np.zeros(len(low))
        shares[equal] = price
        shares[below] += dual[: below.sum()]
        shares[above] -= dual[below.sum() :]
        rest = problem.gradient(x) + slopes.T @ shares
        gap = slack @ dual
        if max(abs(g).max(), h.max(), abs(rest).max() / (1.0 + abs(shares).max()), gap / len(h)) < tolerance:
            return x, step
        curved = problem.hessian_matrix(x, shares[count:]) + across.T @ diags_array(dual / slack) @ across
        right = rest + across.T @ ((gamma + dual * h) / slack)
        matrix = csc_array(block_array([[curved, along.T], [along, None]]))
        found = splu(matrix).solve(-np.concatenate([right, g]))
        dx, dprice = found[:count], found[count:]
        dslack = -h - slack - across @ dx
        ddual = -dual + (gamma - dual * dslack) / slack
        shorter = [min(1.0, 0.9999 / max(-(d / s).min(), 1e-9)) for d, s in ((dslack, slack), (ddual, dual))]
        x, slack = x + shorter[0] * dx, slack + shorter[0] * dslack
        price, dual = price + shorter[1] * dprice, dual + shorter[1] * ddual
        gamma = 0.1 * (slack @ dual) / len(h)
        g, h = constrained(np.concatenate([x, problem.constraints(x)]))
    raise ArithmeticError("no solution in 200 steps")


def solved(grid):
    """The cheapest generation, by the method above."""
    return interior_point(grid.problem(), grid.start(), grid.bounds(), grid.limits())[0]


def solved_by_scipy(grid):
    """The same by SciPy's trust-constr, which takes some ten seconds."""
    # In units of 1000 $, as the solver's tolerances are absolute.
    options = {"maxiter": 2000, "gtol": 1e-7, "xtol": 1e-10, "barrier_tol": 1e-7}
    arguments = grid.problem(1000.0).scipy(*grid.limits())
    return minimize(
        x0=grid.start(), bounds=Bounds(*grid.bounds()), method="trust-constr", options=options, **arguments
    ).x


def solved_by_ipopt(grid):
    """The same by IPOPT, which needs cyipopt."""
    import cyipopt

    (low, high), (least, most) = grid.bounds(), grid.limits()
    problem = grid.problem()
    solver = cyipopt.Problem(
        n=problem.variables, m=problem.multipliers, problem_obj=problem, lb=low, ub=high, cl=least, cu=most
    )
    solver.add_option("print_level", 0)
    return solver.solve(grid.start())[0]


def main(case="case5_pjm"):
    """Solve it and print the flows."""
    grid = Grid(case)
    problem = grid.problem()
    x, steps = interior_point(problem, grid.start(), grid.bounds(), grid.limits())
    angles, voltages, active, _ = grid.parts(x)
    print(problem)
    print(f"cost {grid.cost(x):.2f} $/h after {steps} steps; published: {grid.published:.0f}")
    print("generation, MW:", (100.0 * active[active > 1e-4]).round(1))
    print("voltages:", voltages.min().round(4), "to", voltages.max().round(4))
    print("angles, degrees:", np.degrees(angles.min()).round(1), "to", np.degrees(angles.max()).round(1))
    entries = len(problem.jacobian(x)), len(problem.hessian(x, np.ones(problem.multipliers)))
    print(
        f"the Jacobian has {entries[0]} entries of {problem.multipliers * problem.variables}, the Hessian {entries[1]}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
