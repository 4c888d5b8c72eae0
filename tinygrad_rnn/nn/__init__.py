"""Modules, cells and layers."""

from .basic import Dropout, Embedding, Linear, Sequential
from .cell import Cell
from .cells import GRUCell, LSTMCell, RNNCell
from .module import Module
from .parameter import Parameter
from .unroll import unroll

__all__ = [
    "Cell",
    "Dropout",
    "Embedding",
    "GRUCell",
    "LSTMCell",
    "Linear",
    "Module",
    "Parameter",
    "RNNCell",
    "Sequential",
    "unroll",
]
