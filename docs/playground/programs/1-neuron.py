# A neuron and its loss
from autograd import Variable, tanh

x, w, b = Variable(2.0, "x"), Variable(-0.5, "w"), Variable(0.8, "b")
y = 0.5

y_hat = tanh(w * x + b)
y_hat.name = "y_hat"
loss = (y_hat - y) ** 2
loss.name = "loss"

loss.backward()
loss
