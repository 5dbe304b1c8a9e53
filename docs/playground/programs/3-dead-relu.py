# Why is my gradient 0?
from autograd import Variable, explain
from viz import draw

x, w, b = Variable(2.0, "x"), Variable(-1.0, "w"), Variable(1.0, "b")
h = (w * x + b).relu()
loss = (h - 1.0) ** 2
loss.backward()

print(explain(w, loss))
draw(loss, color_by="gradient")
