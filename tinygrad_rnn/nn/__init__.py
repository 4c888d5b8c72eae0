"""Modules, cells and layers."""

from typing import TYPE_CHECKING, Any

from ..core.names import NN, no_attribute
from .basic import Dropout, Embedding, Linear, Sequential
from .cell import Cell
from .cells import (
    AntisymmetricCell,
    ArticleCell,
    ArticleForgetCell,
    ArticleInputCell,
    ArticleOutputCell,
    CellFacts,
    CoRNNCell,
    DelayedRNNCell,
    GRUCell,
    IndRNNCell,
    IRNNCell,
    JANETCell,
    LayerNormLSTMCell,
    LearnedInitialState,
    LEMCell,
    LiGRUCell,
    LSTMCell,
    MemoryBlockCell,
    MGUCell,
    MinGRUCell,
    MinLSTMCell,
    PeepholeLSTMCell,
    ProjectedLSTMCell,
    RecurrentDropout,
    RNNCell,
    SLSTMCell,
    UGRNNCell,
    VariationalDropout,
    WinnerTakeAllCell,
    Zoneout,
    catalogue,
)
from .converters import from_haiku, from_keras, from_onnx, from_torch, to_haiku, to_keras, to_onnx
from .init import chrono_
from .module import Module
from .network import Network
from .parameter import Parameter
from .recurrent import GRU, LSTM, RNN, Recurrent
from .unroll import unroll

if not TYPE_CHECKING:  # a type checker would allow any name

    def __getattr__(name: str) -> Any:
        raise no_attribute("module 'tinygrad_rnn.nn'", name, NN)


__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "AntisymmetricCell",
    "ArticleCell",
    "ArticleForgetCell",
    "ArticleInputCell",
    "ArticleOutputCell",
    "Cell",
    "CellFacts",
    "CoRNNCell",
    "DelayedRNNCell",
    "Dropout",
    "Embedding",
    "GRUCell",
    "IRNNCell",
    "IndRNNCell",
    "JANETCell",
    "LEMCell",
    "LSTMCell",
    "LayerNormLSTMCell",
    "LearnedInitialState",
    "LiGRUCell",
    "Linear",
    "MGUCell",
    "MemoryBlockCell",
    "MinGRUCell",
    "MinLSTMCell",
    "Module",
    "Network",
    "Parameter",
    "PeepholeLSTMCell",
    "ProjectedLSTMCell",
    "RNNCell",
    "Recurrent",
    "RecurrentDropout",
    "SLSTMCell",
    "Sequential",
    "UGRNNCell",
    "VariationalDropout",
    "WinnerTakeAllCell",
    "Zoneout",
    "catalogue",
    "chrono_",
    "from_haiku",
    "from_keras",
    "from_onnx",
    "from_torch",
    "to_haiku",
    "to_keras",
    "to_onnx",
    "unroll",
]
