"""Cells, node by node: one file a theme."""

from .article import ArticleCell, ArticleForgetCell, ArticleInputCell, ArticleOutputCell
from .catalogue import CellFacts, catalogue
from .classic import GRUCell, IRNNCell, LSTMCell, ProjectedLSTMCell, RNNCell
from .dynamics import AntisymmetricCell, CoRNNCell, LEMCell
from .gated import IndRNNCell, JANETCell, LiGRUCell, MGUCell, MinGRUCell, MinLSTMCell, UGRNNCell
from .lstm_family import LayerNormLSTMCell, MemoryBlockCell, PeepholeLSTMCell, SLSTMCell
from .packed import PackedCell
from .structured import DelayedRNNCell, WinnerTakeAllCell
from .wrappers import LearnedInitialState, RecurrentDropout, VariationalDropout, Zoneout

__all__ = [
    "AntisymmetricCell",
    "ArticleCell",
    "ArticleForgetCell",
    "ArticleInputCell",
    "ArticleOutputCell",
    "CellFacts",
    "CoRNNCell",
    "DelayedRNNCell",
    "GRUCell",
    "IRNNCell",
    "IndRNNCell",
    "JANETCell",
    "LEMCell",
    "LSTMCell",
    "LayerNormLSTMCell",
    "LearnedInitialState",
    "LiGRUCell",
    "MGUCell",
    "MemoryBlockCell",
    "MinGRUCell",
    "MinLSTMCell",
    "PackedCell",
    "PeepholeLSTMCell",
    "ProjectedLSTMCell",
    "RNNCell",
    "RecurrentDropout",
    "SLSTMCell",
    "UGRNNCell",
    "VariationalDropout",
    "WinnerTakeAllCell",
    "Zoneout",
    "catalogue",
]
