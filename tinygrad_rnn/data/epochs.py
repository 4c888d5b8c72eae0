"""`Epochs`: which entries of something finite each batch has."""

from __future__ import annotations

import numpy as np

from .checks import at_least, generator


class Epochs:
    """In every epoch each of `count` entries comes once, `size` in a batch; the last batch may be smaller.

    With `shuffle` the order is another in each epoch, a function of the seed and the epoch's number alone.
    """

    def __init__(self, count: int, size: int, seed: int, shuffle: bool):
        at_least(1, count=count, size=size)
        at_least(0, seed=seed)
        self.count, self.size, self.seed, self.shuffle = count, size, seed, shuffle
        self.batches = -(-count // size)
        self._known, self._order = -1, np.arange(count)

    def entries(self, k: int) -> np.ndarray:
        """The entries of batch k, k = 0, 1, …"""
        at_least(0, k=k)
        epoch, place = divmod(k, self.batches)
        if self.shuffle and epoch != self._known:
            self._known, self._order = epoch, generator(self.seed, epoch).permutation(self.count)
        return self._order[place * self.size : (place + 1) * self.size]
