# Derivatives of functions
from autograd import grad, sin
from viz import draw


def f(x, y):
    return sin(x * y) + x**3


print("gradient", grad(f, argnums=(0, 1))(1.0, 2.0))
print("second derivative in x", grad(grad(f))(1.0, 2.0))
draw(f, 1.0, 2.0)
