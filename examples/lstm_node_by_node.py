"""An LSTM cell written node by node, then everything the library derives from it.

You learn: a cell is a few lines of arithmetic; from them come the graph, its picture, its gradients, and a compiled
program, without another line.
"""

import numpy as np

import tinygrad_rnn as tg


class MyLSTM(tg.nn.Cell):
    """Separate weights for each gate, as textbooks write it.  x: (B, D); h, c: (B, H)."""

    def __init__(self, input_size, size, seed=0):
        draw = np.random.default_rng(seed).normal
        self.input_size, self.size = input_size, size
        self.W = [tg.nn.Parameter(draw(size=(input_size + size, size)) / 2, name=f"W_{g}") for g in "ifco"]
        self.b = [tg.nn.Parameter(np.zeros(size), name=f"b_{g}") for g in "ifco"]

    def initial_state(self, batch):
        return self.zeros(batch, self.size), self.zeros(batch, self.size, "c")

    def step(self, x, state):
        h, c = state
        v = tg.concatenate([x, h], axis=1)
        i = tg.sigmoid(v @ self.W[0] + self.b[0]).named("i")
        f = tg.sigmoid(v @ self.W[1] + self.b[1]).named("f")
        g = tg.tanh(v @ self.W[2] + self.b[2]).named("c̃")
        o = tg.sigmoid(v @ self.W[3] + self.b[3]).named("o")
        c = (f * c + i * g).named("c")
        h = (o * tg.tanh(c)).named("h")
        return h, (h, c)


cell = MyLSTM(input_size=3, size=4)
xs = np.random.default_rng(1).normal(size=(6, 2, 3))

outputs, (h, c) = tg.unroll(cell, xs)  # every node of every step in the graph
loss = (outputs**2).sum().named("L")
graph = tg.Graph(loss)
print(f"forward: {len(graph)} nodes; backward, derived: {len(graph.backward())} nodes")
tg.draw(cell).save("my_lstm.svg")
tg.draw(cell, direction="backward").save("my_lstm_backward.svg")

by_step = tg.grad_by_step(loss, cell.W[1])
loss.backward()
print("∂L/∂W_f, by the step that used it:", np.linalg.norm(by_step.numpy(), axis=(1, 2)).round(4))
print("its sum is W_f.grad:", np.allclose(by_step.numpy().sum(axis=0), cell.W[1].grad.numpy()))

tg.check_grads(lambda x: tg.unroll(cell, x)[0].sum(), (tg.tensor(xs, requires_grad=True),), order=2)
print("gradients agree with central differences, to second order")

compiled, _ = tg.scan(cell, xs)  # the same step, compiled
print("compiled equals unrolled:", np.allclose(compiled.numpy(), outputs.numpy()))
