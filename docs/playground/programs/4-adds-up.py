# A gradient that adds up
from autograd import Variable

x = Variable(3.0, "x")
y = x * x + 2.0 * x  # x is used three times
y.backward()
print("dy/dx =", x.grad, "= 2x + 2")
y
