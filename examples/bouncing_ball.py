"""A ball that bounces, in air: derivatives through an adaptive integrator that stops at events.

Steps are of Bogacki and Shampine's method of third order (1989), their lengths chosen by the estimate of the error,
which is a decision and has no derivative. Where a step would go through the floor, the step's length is the unknown of
an equation, and `implicit.root` knows its derivative: so times of impacts move with gravity, drag and height.

    python -m examples.bouncing_ball
"""

import math

import numpy as np

from autograd import grad, hessian, implicit, jacobian, stop_gradient

# Height, speed, gravity, drag over mass, share of the speed that is left after an impact; metres and seconds.
BALL = np.array([2.0, 0.0, 9.81, 0.05, 0.8])


def field(state, ball):
    """The slopes of height and speed: gravity, and drag by the square of the speed."""
    _, speed = state
    return np.array([speed, -ball[2] - ball[3] * speed * abs(speed)])


def step(state, h, ball):
    """The state after a step, and an estimate of its error."""
    k1 = field(state, ball)
    k2 = field(state + 0.5 * h * k1, ball)
    k3 = field(state + 0.75 * h * k2, ball)
    after = state + h * (2.0 * k1 + 3.0 * k2 + 4.0 * k3) / 9.0
    k4 = field(after, ball)
    return after, h * (-5.0 * k1 + 6.0 * k2 + 8.0 * k3 - 9.0 * k4) / 72.0


@implicit.root(lambda h, state, longest, ball: step(state, h, ball)[0][0])
def time_to_floor(state, longest, ball):
    """The length of the step that ends on the floor, by bisection; `longest` ends below it."""
    low, high = 0.0, longest
    while True:
        middle = 0.5 * (low + high)
        if not low < middle < high:
            return middle
        if step(state, middle, ball)[0][0] > 0.0:
            low = middle
        else:
            high = middle


def flight(ball, end, tolerance=1e-9):
    """The state at a time, and the times of the impacts before it."""
    state, now, h, impacts = np.array([ball[0], ball[1]]), 0.0, 0.01, []
    while now < end:
        h = min(h, end - now)
        after, error = step(state, h, ball)
        size = np.abs(stop_gradient(error)).max() / tolerance
        if size <= 1.0:
            # A ball that leaves the floor is on it, and not through it.
            if after[0] < 0.0 and after[1] < 0.0:
                h = time_to_floor(state, stop_gradient(h), ball)
                after = step(state, h, ball)[0]
                after = np.array([0.0 * after[0], -ball[4] * after[1]])
                impacts.append(now + h)
            state, now = after, now + h
        h = stop_gradient(h) * min(2.0, max(0.2, 0.9 * (size + 1e-9) ** (-1.0 / 3.0)))
    return state, impacts


def main():
    """Print where the ball is after three seconds, and how that depends on everything."""
    state, impacts = flight(BALL, 3.0)
    names = ["height", "speed", "gravity", "drag", "restitution"]
    print("impacts after", np.array(impacts).round(4), "s; at 3 s in a height of", round(float(state[0]), 4), "m")
    slopes = grad(lambda ball: flight(ball, 3.0)[0][0])(BALL)
    print("its derivatives:", ", ".join([f"{name} {slope:.4f}" for name, slope in zip(names, slopes, strict=True)]))
    times = jacobian(lambda ball: np.array(flight(ball, 3.0)[1]))(BALL)
    print("of the times of impacts in gravity:", times[:, 2].round(5))
    print("of the first one in height, in a vacuum:", 1.0 / math.sqrt(2.0 * BALL[0] * BALL[2]), "by hand")
    vacuum = BALL * [1.0, 1.0, 1.0, 0.0, 1.0]
    print("and here:", jacobian(lambda ball: np.array(flight(ball, 1.0)[1]))(vacuum)[0, 0])
    second = hessian(lambda ball: flight(ball, 1.0)[1][0])(vacuum)[0, 0]
    print("its second derivative:", second, "by hand", -0.5 * (2.0 * BALL[2]) ** -0.5 * BALL[0] ** -1.5)


if __name__ == "__main__":
    main()
