# An exercise
from autograd import Variable
from viz import draw

a, b, c = Variable(2.0, "a"), Variable(-1.0, "b"), Variable(3.0, "c")
result = (a * b + c).relu() * b
result.backward()
draw(result, blank="gradients")  # without blank= it is the solution
