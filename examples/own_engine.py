"""An engine of your own: reverse mode in a hundred lines of NumPy, whose gradients are the library's, training an LSTM.

Run: python examples/own_engine.py
You learn: there is nothing behind `backward` but a value that remembers what it was computed from, a rule for each
operation, an order, and a sum wherever a value is used twice.
"""

import itertools

import numpy as np

import tinygrad_rnn as tg

number = itertools.count()


class Node:
    """A value, what it was computed from, and how its gradient goes back to each of those."""

    def __init__(self, value, *came_from):
        self.value, self.came_from = np.asarray(value), came_from  # came_from: pairs (node, δvalue -> δnode)
        self.number, self.gradient = next(number), 0.0

    def __add__(self, other):
        return Node(self.value + other.value, (self, lambda g: back(g, self)), (other, lambda g: back(g, other)))

    def __mul__(self, other):
        a, b = self.value, other.value
        return Node(a * b, (self, lambda g: back(g * b, self)), (other, lambda g: back(g * a, other)))

    def __matmul__(self, other):
        a, b = self.value, other.value
        return Node(a @ b, (self, lambda g: g @ b.T), (other, lambda g: a.T @ g))

    def sum(self):
        return Node(self.value.sum(), (self, lambda g: g * np.ones_like(self.value)))

    def columns(self, start, stop):
        def placed(g):
            whole = np.zeros_like(self.value)
            whole[:, start:stop] = g
            return whole

        return Node(self.value[:, start:stop], (self, placed))


def back(g, node):
    """A gradient in the shape of what was broadcast: repeated entries are one entry, used several times."""
    while g.ndim > node.value.ndim:
        g = g.sum(axis=0)
    return g


def tanh(x):
    y = np.tanh(x.value)
    return Node(y, (x, lambda g: g * (1 - y * y)))


def sigmoid(x):
    y = 1 / (1 + np.exp(-x.value))
    return Node(y, (x, lambda g: g * y * (1 - y)))


def cross_entropy(logits, targets):
    """The mean of −log softmax(logits) at the targets; δlogits = (softmax − one-hot) / B."""
    shifted = logits.value - logits.value.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    rows = np.arange(len(targets))
    one_hot = np.zeros_like(p)
    one_hot[rows, targets] = 1
    return Node(-np.log(p[rows, targets]).mean(), (logits, lambda g: g * (p - one_hot) / len(targets)))


def backward(loss):
    """From the loss to what it came from. A node is newer than all it was computed from, so the newest goes first: by
    its turn, everything that uses it has added its part."""
    found, waiting = {}, [loss]
    while waiting:
        node = waiting.pop()
        if node.number not in found:
            found[node.number] = node
            waiting += [x for x, _ in node.came_from]
    loss.gradient = np.array(1.0)
    for node in sorted(found.values(), key=lambda n: -n.number):
        for x, rule in node.came_from:
            x.gradient = x.gradient + rule(node.gradient)


def lstm(x, h, c, weights):
    """c = f ⊙ c_before + i ⊙ c̃, h = o ⊙ tanh(c); all four gates from one product, as in the library."""
    W, R, b, H = *weights, h.value.shape[1]
    z = x @ W + h @ R + b
    i, f, o = (sigmoid(z.columns(k * H, (k + 1) * H)) for k in (0, 1, 3))
    c = f * c + i * tanh(z.columns(2 * H, 3 * H))
    return o * tanh(c), c


# 1. The same gradients as the library's, through five steps.
random = np.random.default_rng(0)
T, B, D, H = 5, 2, 3, 4
cell = tg.nn.LSTMCell(D, H, dtype=np.float64, generator=random)
xs = random.normal(size=(T, B, D))
outputs, _ = tg.unroll(cell, xs)
(outputs**2).sum().backward()
weights = [
    Node(cell.weight_ih.numpy().T),
    Node(cell.weight_hh.numpy().T),
    Node(cell.bias_ih.numpy() + cell.bias_hh.numpy()),
]
h, c, loss = Node(np.zeros((B, H))), Node(np.zeros((B, H))), Node(0.0)
for x in xs:
    h, c = lstm(Node(x), h, c, weights)
    loss = loss + (h * h).sum()
backward(loss)
theirs = (cell.weight_ih.grad.numpy().T, cell.weight_hh.grad.numpy().T, cell.bias_ih.grad.numpy())
for name, ours, right in zip("WRb", weights, theirs, strict=True):
    print(f"δ{name}: largest difference from the library's {np.abs(ours.gradient - right).max():.0e}")

# 2. It trains: which character follows?
text = "to be, or not to be, that is the question: " * 4
letters = sorted(set(text))
codes = np.array([letters.index(letter) for letter in text])
V, H, T = len(letters), 24, 20
shapes = ((V, 4 * H), (H, 4 * H), (4 * H,), (H, V), (V,))
weights = [Node(random.normal(size=shape) * 0.2) for shape in shapes]
for step in range(201):
    starts = random.integers(len(codes) - T - 1, size=8)
    h, c, loss = Node(np.zeros((8, H))), Node(np.zeros((8, H))), Node(0.0)
    for t in range(T):
        h, c = lstm(Node(np.eye(V)[codes[starts + t]]), h, c, weights[:3])
        loss = loss + cross_entropy(h @ weights[3] + weights[4], codes[starts + t + 1])
    backward(loss)
    for w in weights:
        w.value, w.gradient = w.value - 0.05 * np.clip(w.gradient, -5, 5), 0.0
    if step % 100 == 0:
        print(f"step {step:3}: {loss.value / T:.2f} nats a character (guessing: {np.log(V):.2f})")
