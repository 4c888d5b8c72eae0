"""The tutorial's cells beside the standard ones, on the adding problem: ``python tests/benchmarks/tutorial.py``.

The table of docs/companion.md. Every run has the same sequences, size, optimiser and number of steps; three seeds.
"""

from __future__ import annotations

import argparse

import numpy as np

import tinygrad_rnn as tg

CELLS = (
    *("rnn", "article", "janet", "article-forget", "article-input", "ugrnn", "article-output", "peephole-lstm", "lstm"),
    *("article, f open", "article-output, f open", "peephole-lstm, f open", "lstm, f open"),
)
H = 32
#: cell → the parameter and the rows of it that are the forget gate's bias
FORGET = {
    "article": ("bias", slice(0, H)),
    "article-output": ("bias_ih", slice(0, H)),
    "peephole-lstm": ("bias_ih", slice(2 * H, 3 * H)),
    "lstm": ("bias_ih", slice(H, 2 * H)),
}


def trained(name: str, seed: int, length: int, steps: int) -> tuple[float, float]:
    """The loss on 1000 new sequences, and the share that is right within 0.04."""
    task, generator = tg.data.Adding(length), np.random.default_rng(seed)
    name, _, forget = name.partition(", ")
    cell = tg.nn.catalogue()[name].kind(task.inputs, H, generator=generator)
    if forget:
        bias, rows = FORGET[name]
        with tg.no_grad():
            getattr(cell, bias)[rows] = 3.0  # f begins at 0.95
    network = tg.nn.Network(cell, task.outputs, at_end=True, generator=generator)
    optimizer = tg.optim.Adam(network.parameters(), lr=1e-2)
    tg.train(network, task.source(32, seed=seed), steps, optimizer=optimizer, clip_norm=1.0, progress=False)
    batch = task.sample(np.random.default_rng(1000), 1000)
    with tg.no_grad():
        said, _ = network(batch.inputs, lengths=batch.lengths)
    error = float(np.mean((said.numpy() - batch.targets) ** 2))
    return error, float(task.correct(said.numpy(), batch).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, default=20)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("cells", nargs="*", default=CELLS)
    given = parser.parse_args()
    print(f"adding, {given.length} steps, {given.steps} updates; a guess: {tg.data.Adding(given.length).baseline:.4f}")
    for name in given.cells:
        runs = [trained(name, seed, given.length, given.steps) for seed in range(3)]
        errors, shares = zip(*runs, strict=True)
        spread = f"{np.median(errors):.5f}  ({min(errors):.5f} to {max(errors):.5f})"
        print(f"{name:22} {spread}  right {np.median(shares):.0%}", flush=True)


if __name__ == "__main__":
    main()
