"""Weights of other frameworks as cells and layers of ours, and back: the same gates in other orders and layouts.

              LSTM order   GRU order   a GRU's z multiplies   its reset gate acts
    PyTorch   i f c̃ o      r z n       h′                     after R_n h′
    Keras     i f c̃ o      z r n       h′                     after (`reset_after`), or before
    ONNX      i o f c̃      z r n       h′                     before, or after (`linear_before_reset`)
    Haiku     i c̃ f o      z r n       n                      before; and an LSTM's f is σ(z_f + 1)
    Flax      i f c̃ o      r z n       h′                     after R_n h′
    Equinox   i f c̃ o      r z n       h′                     after R_n h′

`tg.nn.RNN`, `GRU` and `LSTM` and their cells have PyTorch's names and layouts themselves: their ``state_dict()`` is
what goes back. Gates are σ and candidates tanh everywhere; no framework's weights tell whether its layer differs.
"""

from .equinox import from_equinox, to_equinox
from .flax import from_flax, to_flax
from .haiku import from_haiku, to_haiku
from .keras import from_keras, to_keras
from .onnx import from_onnx, to_onnx
from .pytorch import from_torch, to_torch

__all__ = [
    "from_equinox",
    "from_flax",
    "from_haiku",
    "from_keras",
    "from_onnx",
    "from_torch",
    "to_equinox",
    "to_flax",
    "to_haiku",
    "to_keras",
    "to_onnx",
    "to_torch",
]
