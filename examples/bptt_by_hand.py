"""Back-propagation through time by hand, in NumPy, beside what the engine derives.

    h_t = tanh(W x_t + R h_{t−1} + b),   L = Σ_t Σ h_t²

You learn: δ_t = (∂L/∂h_t + Rᵀ δ_{t+1}) ⊙ (1 − h_t²) is all there is to BPTT for the simple RNN.
"""

import numpy as np

import tinygrad_rnn as tg

random = np.random.default_rng(0)
T, B, D, H = 8, 3, 2, 4
W, R, b = random.normal(size=(H, D)), random.normal(size=(H, H)) / 2, random.normal(size=H)
x = random.normal(size=(T, B, D))

# by hand: forward, keeping every h
h = np.zeros((T + 1, B, H))
for t in range(T):
    h[t + 1] = np.tanh(x[t] @ W.T + h[t] @ R.T + b)

# by hand: backward, against time
dW, dR, db, d_next = np.zeros_like(W), np.zeros_like(R), np.zeros_like(b), np.zeros((B, H))
for t in reversed(range(T)):
    delta = (2 * h[t + 1] + d_next) * (1 - h[t + 1] ** 2)
    dW += delta.T @ x[t]
    dR += delta.T @ h[t]
    db += delta.sum(axis=0)
    d_next = delta @ R

# by the engine: write the forward pass, ask for the gradient
cell = tg.nn.RNNCell(D, H, dtype=np.float64)
cell.load_state_dict({"weight_ih": W, "weight_hh": R, "bias_ih": b, "bias_hh": np.zeros(H)})
outputs, _ = tg.unroll(cell, x)
(outputs**2).sum().backward()

for name, mine, parameter in (("W", dW, cell.weight_ih), ("R", dR, cell.weight_hh), ("b", db, cell.bias_ih)):
    difference = np.abs(mine - parameter.grad.numpy()).max()
    print(f"∂L/∂{name}: largest difference {difference:.1e}")
    assert difference < 1e-12
