"""How far back a gradient reaches: an RNN that forgets, an LSTM that carries, and a cell that must forget.

    half-life: the steps in which ‖∂L/∂state_t‖ halves on its way back in time

The `ArticleCell` squashes its forget gate twice: σ(σ(·)) lies between 0.5 and 0.731, so what it remembers halves in at
most ln 2 / −ln 0.731 = 2.21 steps, whatever it is trained to do. You learn: it is the additive path of c,
not tanh, that carries gradients.
"""

import numpy as np

import tinygrad_rnn as tg

random = np.random.default_rng(0)
D, H, T = 3, 16, 60
xs = random.normal(size=(T, 1, D))
cells = {
    "RNN": tg.nn.RNNCell(D, H, dtype=np.float64, generator=random),
    "LSTM": tg.nn.LSTMCell(D, H, dtype=np.float64, generator=random),
    "LSTM, forget bias 4": tg.nn.LSTMCell(D, H, dtype=np.float64, generator=random),
    "the article's cell": tg.nn.ArticleCell(D, H, dtype=np.float64, generator=random),
}
bias = np.array(cells["LSTM, forget bias 4"].bias_ih.numpy())
bias[H : 2 * H] += 4.0  # the gates of c: f starts near 1
with tg.no_grad():
    cells["LSTM, forget bias 4"].bias_ih.assign_(bias)

print("                      half-life of c or h   largest Lyapunov exponent")
flows = {}
for name, cell in cells.items():
    flow = flows[name] = tg.gradient_flow(cell, xs)
    print(f"{name:20} {flow.half_life():12.2f} steps {flow.lyapunov[0]:22.3f}")

limit = np.log(2) / -np.log(1 / (1 + np.exp(-1)))
assert flows["the article's cell"].half_life("c") <= limit
print(f"the article's cell stays below {limit:.2f} steps, as it must")

print(tg.compare(cells["the article's cell"], cells["LSTM"], input=xs))
