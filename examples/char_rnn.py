"""A character RNN on any text: trains for some seconds, then writes.

You learn: truncated back-propagation through time on one long text, with the state carried from window to window.
"""

import argparse

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.data import Text, read_text, standard_library
from tinygrad_rnn.training import sample

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--text", metavar="FILE", help="a UTF-8 text (default: Python's own sources)")
parser.add_argument("--seconds", type=float, default=15, help="time to train (default: 15)")
parser.add_argument("--size", type=int, default=128, help="units (default: 128)")
parser.add_argument("--temperature", type=float, default=0.7, help="below 1: safer, above 1: wilder (default: 0.7)")
options = parser.parse_args()

text = Text(read_text(options.text) if options.text else standard_library(), most=127)
random, size = np.random.default_rng(0), len(text.vocabulary)
network = tg.nn.Network(tg.nn.LSTMCell(32, options.size, generator=random), size, symbols=size, generator=random)
trainer = tg.Trainer(
    network,
    text.strands(steps=64, size=32),  # 32 strands side by side; each window goes on where the last one ended
    optimizer=tg.optim.Adam(network.parameters(), lr=3e-3),
    clip_norm=1.0,
)
history = trainer.run(seconds=options.seconds, progress=True)
print(f"read {sum(m.tokens for m in history):,} characters", end="; ")
print(f"the loss fell from {history[0].loss:.2f} to {history[-1].loss:.2f}")
start = text.numbers[:20]
drawn = sample(network, start, 300, temperature=options.temperature, generator=random)
print(text.decode([*start, *drawn]))
