"""A character RNN on any text: trains for some seconds, then writes.

You learn: truncated back-propagation through time on one long text, with the state carried from window to window.
"""

import argparse

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.data import Text, read_text, standard_library
from tinygrad_rnn.training import CharacterModel, train_characters

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--text", metavar="FILE", help="a UTF-8 text (default: Python's own sources)")
parser.add_argument("--seconds", type=float, default=15, help="time to train (default: 15)")
parser.add_argument("--size", type=int, default=128, help="units (default: 128)")
parser.add_argument("--temperature", type=float, default=0.7, help="below 1: safer, above 1: wilder (default: 0.7)")
options = parser.parse_args()

text = Text(read_text(options.text) if options.text else standard_library(), most=127)
model = CharacterModel(len(text.vocabulary), options.size, np.random.default_rng(0))
optimizer = tg.optim.Adam(model.parameters(), lr=3e-3)


def watch(progress):
    if progress.step % 100 == 0:
        print(f"{progress.seconds:5.1f} s  step {progress.step:5}  loss {progress.loss:.3f} nats a character")


history = train_characters(model, text.batches(32, 64), optimizer, seconds=options.seconds, watch=watch)
print(f"read {sum(p.characters for p in history):,} characters", end="; ")
print(f"the loss fell from {history[0].loss:.2f} to {history[-1].loss:.2f}")
print(model.sample(text, text.decode(text.numbers[:20]), 300, options.temperature, np.random.default_rng(0)))
