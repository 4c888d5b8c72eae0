"""Automatic differentiation in twenty lines: a neuron of numbers, its gradients, and its graph as a picture.

You learn: a tensor remembers how it was computed; backward() walks that memory against time; grad holds the answer.
"""

import tinygrad_rnn as tg

x1, x2 = tg.tensor(2.0, name="x1", requires_grad=True), tg.tensor(0.0, name="x2", requires_grad=True)
w1, w2 = tg.tensor(-3.0, name="w1", requires_grad=True), tg.tensor(1.0, name="w2", requires_grad=True)
b = tg.tensor(6.8813735870195432, name="b", requires_grad=True)

n = (x1 * w1 + x2 * w2 + b).named("n")
y = tg.tanh(n).named("y")
tg.draw(y, show=("name", "value")).save("neuron.svg")
y.backward()

print(f"y = {y.item():.4f}")
for t in (x1, x2, w1, w2, b):
    print(f"∂y/∂{t.name} = {t.grad.item():+.4f}")

by_hand = (1 - y.item() ** 2) * x1.item()  # the chain rule: ∂y/∂n · ∂n/∂w1
assert abs(w1.grad.item() - by_hand) < 1e-12
print("neuron.svg shows the graph")
