"""Modules, cells and layers."""

from typing import TYPE_CHECKING, Any

from ..core.names import NN, no_attribute
from .basic import *
from .cell import Cell
from .cells import *
from .converters import *
from .init import chrono_
from .module import Module
from .network import Network
from .parameter import Parameter
from .recurrent import *
from .unroll import unroll

__all__ = ["Cell", "Module", "Network", "Parameter", "chrono_", "unroll"]
__all__ += basic.__all__
__all__ += cells.__all__
__all__ += converters.__all__
__all__ += recurrent.__all__

if not TYPE_CHECKING:  # a type checker would allow any name

    def __getattr__(name: str) -> Any:
        raise no_attribute("module 'tinygrad_rnn.nn'", name, NN.get(name))
