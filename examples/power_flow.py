"""The cheapest generation of power for a grid of five buses, within the limits of its lines: AC optimal power flow.

The grid is case5_pjm of PGLib-OPF (IEEE PES, CC BY 4.0; F. Li and R. Bo, "Small test systems for power system economic
studies", 2010), whose published cost is 17551.89 $/h. Voltages are in units of 230 kV, powers in units of 100 MVA.

Balance of power at each bus, flows through both ends of each line and differences of angles are the constraints; all
derivatives are compiled, the Jacobian and the Hessian of the Lagrangian sparse.

    python -m examples.power_flow
"""

import math

import numpy as np
from scipy.optimize import Bounds, minimize

from autograd import cos, nlp, sin

# Bus, greatest active and reactive power, $ for an hour of one unit of power.
GENERATORS = [(0, 0.4, 0.3, 1400.0), (0, 1.7, 1.275, 1500.0), (2, 5.2, 3.9, 3000.0), (3, 2.0, 1.5, 4000.0),
              (4, 6.0, 4.5, 1000.0)]  # fmt: skip
# Active and reactive power that is drawn at each bus.
LOADS = [(0.0, 0.0), (3.0, 0.9861), (3.0, 0.9861), (4.0, 1.3147), (0.0, 0.0)]
# The two buses of a line, its resistance, reactance, charging and the greatest apparent power.
LINES = [
    (0, 1, 0.00281, 0.0281, 0.00712, 4.0),
    (0, 3, 0.00304, 0.0304, 0.00658, 4.26),
    (0, 4, 0.00064, 0.0064, 0.03126, 4.26),
    (1, 2, 0.00108, 0.0108, 0.01852, 4.26),
    (2, 3, 0.00297, 0.0297, 0.00674, 4.26),
    (3, 4, 0.00297, 0.0297, 0.00674, 2.4),
]
ANGLE = math.radians(30.0)


def parts(x):
    """Angles and voltages at the buses, active and reactive powers of the generators."""
    return x[:5], x[5:10], x[10:15], x[15:20]


def cost(x):
    """The cost of an hour, in $."""
    return sum(price * active for (*_, price), active in zip(GENERATORS, parts(x)[2], strict=True))


def flow(one, other, line):
    """Active and reactive power that enter a line at the first of its ends, which have a voltage and an angle."""
    _, _, resistance, reactance, charging, _ = line
    size = resistance**2 + reactance**2
    conductance, susceptance = resistance / size, -reactance / size
    product, angle = one[0] * other[0], one[1] - other[1]
    active = conductance * one[0] ** 2 - product * (conductance * cos(angle) + susceptance * sin(angle))
    reactive = -(susceptance + charging / 2.0) * one[0] ** 2
    return active, reactive - product * (conductance * sin(angle) - susceptance * cos(angle))


def constraints(x):
    """Balances of active and reactive power, squares of apparent powers at both ends, differences of angles."""
    angles, voltages, active, reactive = parts(x)
    balance = [[-load for load in bus] for bus in LOADS]
    for (bus, *_), p, q in zip(GENERATORS, active, reactive, strict=True):
        balance[bus] = [balance[bus][0] + p, balance[bus][1] + q]
    squares, differences = [], []
    for line in LINES:
        for one, other in (line[:2], line[1::-1]):
            p, q = flow((voltages[one], angles[one]), (voltages[other], angles[other]), line)
            balance[one] = [balance[one][0] - p, balance[one][1] - q]
            squares.append(p * p + q * q)
        differences.append(angles[line[0]] - angles[line[1]])
    return [*[power for bus in balance for power in bus], *squares, *differences]


def limits():
    """Lower and upper bounds of the constraints."""
    squares = [line[-1] ** 2 for line in LINES for _ in range(2)]
    count = 2 * len(LOADS)
    lower = [0.0] * count + [-np.inf] * len(squares) + [-ANGLE] * len(LINES)
    return lower, [0.0] * count + squares + [ANGLE] * len(LINES)


def bounds():
    """Bounds of the numbers: the angle at one bus is 0."""
    reactive = [most for _, _, most, _ in GENERATORS]
    low = [*[-math.pi] * 3, 0.0, -math.pi, *[0.9] * 5, *[0.0] * 5, *[-most for most in reactive]]
    high = [*[math.pi] * 3, 0.0, math.pi, *[1.1] * 5, *[most for _, most, _, _ in GENERATORS], *reactive]
    return np.array(low), np.array(high)


def solved():
    """The problem, and what SciPy's trust-constr finds."""
    low, high = bounds()
    start = np.concatenate([np.zeros(5), np.ones(5), (low + high)[10:] / 2.0])
    problem = nlp(cost, constraints, points=start)
    # In units of 1000 $, as the solver's tolerances are absolute.
    scaled = nlp(lambda x: cost(x) / 1000.0, constraints, points=start)
    options = {"maxiter": 2000, "gtol": 1e-7, "xtol": 1e-10, "barrier_tol": 1e-7}
    found = minimize(
        x0=start, bounds=Bounds(low, high), method="trust-constr", options=options, **scaled.scipy(*limits())
    )
    return problem, found.x


def main():
    """Solve it and print the flows."""
    problem, x = solved()
    print(problem)
    print(f"cost {cost(x):.2f} $/h; published: 17551.89")
    print("generation, MW:", (100.0 * parts(x)[2]).round(1))
    print("voltages:", parts(x)[1].round(4))
    entries = len(problem.jacobian(x)), len(problem.hessian(x, np.ones(problem.multipliers)))
    print(
        f"the Jacobian has {entries[0]} entries of {problem.multipliers * problem.variables}, the Hessian {entries[1]}"
    )


if __name__ == "__main__":
    main()
