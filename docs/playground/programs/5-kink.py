# A kink
from autograd import Variable, kinks

x = Variable(0.0, "x")
y = abs(x) + (x - 1.0).relu()
y.backward()
print(kinks(y))
y
