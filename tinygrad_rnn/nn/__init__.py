"""Modules, cells and layers."""

from .basic import Dropout, Embedding, Linear, Sequential
from .cell import Cell
from .cells import GRUCell, LSTMCell, RNNCell
from .module import Module
from .parameter import Parameter
from .recurrent import GRU, LSTM, RNN, ProjectedLSTMCell, Recurrent
from .unroll import unroll

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Cell",
    "Dropout",
    "Embedding",
    "GRUCell",
    "LSTMCell",
    "Linear",
    "Module",
    "Parameter",
    "ProjectedLSTMCell",
    "RNNCell",
    "Recurrent",
    "Sequential",
    "unroll",
]
