# A network of five layers
from autograd import Variable
from layers import Affine, ReLU, SquaredLoss

x, y = Variable(2.0, "x"), Variable(1.0, "y")
w1, b1, w2, b2 = [Variable(v, name) for v, name in ((1.0, "w1"), (-0.5, "b1"), (-2.0, "w2"), (1.5, "b2"))]

a1 = Affine(index=1)(x, w1, b1)
h = ReLU()(a1)
y_hat = Affine(index=2, output="y_hat")(h, w2, b2)
loss = SquaredLoss()(y_hat, y)

loss.backward()
loss
