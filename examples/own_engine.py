"""The engine that a reader of the lessons has written, whole: reverse mode of any order in 150 lines of NumPy.

Run: python examples/own_engine.py
You learn: there is nothing behind `backward` but a value that remembers what it was computed from, a rule for each
operand, an order, and a sum wherever a value is used twice; and that this trains an LSTM on text.
"""

import itertools

import numpy as np

import tinygrad_rnn as tg

# 1. The engine: what `docs/learn` adds to engine.py, lesson by lesson, in its last form.

number = itertools.count()


class Node:
    """A value; the nodes it was computed from; for each of them, the rule that takes a gradient back to it."""

    __array_ufunc__ = None  # array * node is left to the node

    def __init__(self, value, inputs=(), rules=()):
        self.value, self.inputs, self.rules = np.asarray(value, float), inputs, rules
        self.number, self.gradient = next(number), None


def op(value, *rules):
    """An operation, from its value as a function of arrays and a rule for each operand. Of arrays it makes an array."""

    def apply(*xs):
        if not any(isinstance(x, Node) for x in xs):
            return value(*xs)
        nodes = tuple(x if isinstance(x, Node) else Node(x) for x in xs)
        return Node(value(*[x.value for x in nodes]), nodes, rules)

    return apply


Node.__neg__ = lambda a: multiply(a, -1.0)
Node.__sub__ = lambda a, b: a + -1.0 * b
Node.__rsub__ = lambda a, b: b + -a


def ancestors(loss):
    """All that `loss` was computed from, itself included, the newest first: each node after everything that uses it."""
    found, waiting = {}, [loss]
    while waiting:
        node = waiting.pop()
        if node.number not in found:
            found[node.number] = node
            waiting += node.inputs
    return [found[k] for k in sorted(found, reverse=True)]


def sum_to(x, shape):
    """x, summed over what `shape` was repeated along: the reverse of broadcasting."""

    def value(x):
        x = x.sum(axis=tuple(range(x.ndim - len(shape))))
        return x.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)

    return op(value, lambda g, y, x: g + np.zeros(x.shape))(x)


add = op(lambda a, b: a + b, lambda g, y, a, b: sum_to(g, a.shape), lambda g, y, a, b: sum_to(g, b.shape))
multiply = op(lambda a, b: a * b, lambda g, y, a, b: sum_to(g * b, a.shape), lambda g, y, a, b: sum_to(g * a, b.shape))
Node.__add__ = Node.__radd__ = add
Node.__mul__ = Node.__rmul__ = multiply
Node.shape = property(lambda x: x.value.shape)
Node.sum = lambda x: sum_to(x, ())
matmul = op(lambda a, b: a @ b, lambda g, y, a, b: g @ b.T, lambda g, y, a, b: a.T @ g)
Node.__matmul__ = matmul


def differences(f, arrays, eps=6e-6):
    """The gradient of f (arrays to a number) by every entry of its arguments, by central differences."""
    gradients = []
    for k, a in enumerate(arrays):
        gradient = np.zeros(a.shape)
        for entry in np.ndindex(a.shape):
            step = np.zeros(a.shape)
            step[entry] = eps
            up, down = ([*arrays[:k], a + s, *arrays[k + 1 :]] for s in (step, -step))
            gradient[entry] = (f(*up) - f(*down)) / (2 * eps)
        gradients.append(gradient)
    return gradients


tanh = op(np.tanh, lambda g, y, x: g * (1 - y * y))
sigmoid = op(lambda x: 1 / (1 + np.exp(-x)), lambda g, y, x: g * y * (1 - y))


def backward(loss, record=False):
    """The gradient of `loss` by all it was computed from, in `.gradient`; with `record` as nodes with graphs."""
    order = ancestors(loss)
    for node in order:
        node.gradient = None
    loss.gradient = Node(1.0) if record else np.ones(())
    for y in order:
        facts = (y, *y.inputs) if record else (y.value, *[x.value for x in y.inputs])
        for x, rule in zip(y.inputs, y.rules, strict=True):
            g = rule(y.gradient, *facts)
            x.gradient = g if x.gradient is None else x.gradient + g


Node.T = property(op(lambda x: x.T, lambda g, y, x: g.T))


def clip(nodes, most):
    """Scale the gradients of nodes by one factor, so that their common norm is at most `most`; gives the old one."""
    norm = np.sqrt(sum((node.gradient**2).sum() for node in nodes))
    for node in nodes:
        node.gradient = node.gradient * min(1.0, most / norm)
    return norm


def columns(x, first, last):
    """x[:, first:last]."""
    return op(lambda x: x[:, first:last], lambda g, y, x: placed(g, first, x.shape[1]))(x)


def placed(g, first, width):
    """The reverse of `columns`: g among zeros, `width` columns in all."""

    def value(g):
        whole = np.zeros((len(g), width))
        whole[:, first : first + g.shape[1]] = g
        return whole

    return op(value, lambda G, y, g: columns(G, first, first + g.shape[1]))(g)


def lstm(x, h, c, W, R, b):
    """One step: the new h and c. W, R and b have the columns of i, f, g and o side by side."""
    H, a = h.shape[1], x @ W + h @ R + b
    i, f, g, o = (bend(columns(a, k * H, (k + 1) * H)) for k, bend in enumerate((sigmoid, sigmoid, tanh, sigmoid)))
    c = f * c + i * g
    return o * tanh(c), c


def scan(step, xs, h, weights):
    """All states of h = step(x, h, *weights), and the function that takes their gradients to those of the weights."""
    states = [h]
    for x in xs:
        states.append(step(x, states[-1], *weights))

    def back(gradients):
        later, totals = 0.0, [0.0] * len(weights)
        for x, before, g in zip(xs[::-1], states[-2::-1], gradients[::-1], strict=True):
            h, *ws = Node(before), *map(Node, weights)
            backward((step(x, h, *ws) * (g + later)).sum())
            later = h.gradient
            totals = [total + w.gradient for total, w in zip(totals, ws, strict=True)]
        return totals

    return np.array(states[1:]), back


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, targets):
    """The mean of −log softmax(logits) at the targets, one for each row; its rule is for first derivatives only."""
    right = np.eye(logits.shape[1])[targets]

    def value(x):
        return -np.log((softmax(x) * right).sum(axis=1)).mean()

    return op(value, lambda g, y, x: g * (softmax(x) - right) / len(targets))(logits)


# 2. Its gradients are the library's: an LSTM through five steps.

random = np.random.default_rng(0)
T, B, D, H = 5, 2, 3, 4
cell = tg.nn.LSTMCell(D, H, dtype=np.float64, generator=random)
xs = random.normal(size=(T, B, D))
outputs, _ = tg.unroll(cell, xs)
(outputs**2).sum().backward()
W, R = Node(cell.weight_ih.numpy().T), Node(cell.weight_hh.numpy().T)
b = Node(cell.bias_ih.numpy() + cell.bias_hh.numpy())
h, c, loss = Node(np.zeros((B, H))), Node(np.zeros((B, H))), Node(0.0)
for x in xs:
    h, c = lstm(Node(x), h, c, W, R, b)
    loss = loss + (h * h).sum()
backward(loss)
theirs = (cell.weight_ih.grad.numpy().T, cell.weight_hh.grad.numpy().T, cell.bias_ih.grad.numpy())
for name, mine, right in zip("WRb", (W, R, b), theirs, strict=True):
    print(f"δ{name}: largest difference from the library's {np.abs(mine.gradient - right).max():.0e}")

# 3. It trains: which character follows? Rows of the identity stand for characters.

letters = "to be, or not to be, that is the question: " * 4
vocabulary = sorted(set(letters))
codes = np.array([vocabulary.index(letter) for letter in letters])
V, H, T, B = len(vocabulary), 32, 20, 8
one_hot = np.eye(V)
weights = [Node(random.normal(size=shape) * 0.2) for shape in ((V, 4 * H), (H, 4 * H), (4 * H,), (H, V), (V,))]
*recurrent, say, bias = weights
for step in range(301):
    starts = random.integers(len(codes) - T - 1, size=B)
    h, c, loss = Node(np.zeros((B, H))), Node(np.zeros((B, H))), Node(0.0)
    for t in range(T):
        h, c = lstm(Node(one_hot[codes[starts + t]]), h, c, *recurrent)
        loss = loss + cross_entropy(h @ say + bias, codes[starts + t + 1]) * (1 / T)
    backward(loss)
    clip(weights, 1.0)
    for w in weights:
        w.value = w.value - 1.0 * w.gradient
    if step % 100 == 0:
        print(f"step {step:3}: {loss.value:.2f} nats a character (guessing: {np.log(V):.2f})")

written = "t"
h = c = np.zeros((1, H))
W, R, b, say, bias = (w.value for w in weights)  # of arrays every operation makes an array: nothing is remembered
for _ in range(60):
    h, c = lstm(one_hot[[vocabulary.index(written[-1])]], h, c, W, R, b)
    written += vocabulary[int((h @ say + bias).argmax())]
print("it writes:", written)
