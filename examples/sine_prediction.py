"""A GRU learns to continue a noisy sine wave, then runs free on its own predictions.

You learn: one-step targets, truncated windows, and how a network that predicts one step ahead predicts many.
"""

import argparse

import numpy as np

import tinygrad_rnn as tg

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--steps", type=int, default=400, help="training steps (default: 400)")
parser.add_argument("--ahead", type=int, default=50, help="free-running steps (default: 50)")
options = parser.parse_args()

random = np.random.default_rng(0)


class Forecaster(tg.nn.Module):
    def __init__(self, size=32):
        self.gru = tg.nn.GRU(1, size, generator=random)
        self.readout = tg.nn.Linear(size, 1, generator=random)

    def forward(self, xs, state=None):
        outputs, state = self.gru(xs, state)
        return self.readout(outputs), state


def waves(batch, length):
    """(length, batch, 1): sines of a period of 25 steps, at random phases, with a little noise."""
    phase = random.uniform(0, 2 * np.pi, size=(1, batch, 1))
    t = np.arange(length)[:, None, None]
    return (np.sin(2 * np.pi * t / 25 + phase) + 0.05 * random.normal(size=(length, batch, 1))).astype(np.float32)


model = Forecaster()
optimizer = tg.optim.Adam(model.parameters(), lr=5e-3)
for step in range(options.steps + 1):
    xs = waves(16, 60)
    predictions, _ = model(xs[:-1])
    loss = tg.mse(predictions, xs[1:])
    if step % 100 == 0:
        print(f"step {step:4}: mean squared error {loss.item():.4f}")
    model.zero_grad()
    loss.backward()
    tg.optim.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()

with tg.no_grad():
    clean = np.sin(2 * np.pi * np.arange(50 + options.ahead) / 25).astype(np.float32)[:, None, None]
    predictions, state = model(clean[:50])
    x, errors = predictions[-1:], []
    for t in range(options.ahead):
        errors.append(abs(x.item() - clean[50 + t].item()))
        x, state = model(x, state)
print(f"free-running for {options.ahead} steps: mean error {np.mean(errors):.3f} (the wave has amplitude 1)")
