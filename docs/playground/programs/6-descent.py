# Descent, step by step
from autograd import Variable

w, b = Variable(0.0, "w"), Variable(0.0, "b")
points = [(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]

for step in range(60):
    loss = sum((w * x + b - y) ** 2 for x, y in points)
    w.grad = b.grad = 0.0
    loss.backward()
    w.value -= 0.05 * w.grad
    b.value -= 0.05 * b.grad
    if step % 10 == 0:
        print(f"step {step:2}  loss {loss.value:.4f}  w {w.value:.3f}  b {b.value:.3f}")

w.grad = b.grad = 0.0
loss = (w * 2.0 + b - 5.0) ** 2
loss.backward()
loss
