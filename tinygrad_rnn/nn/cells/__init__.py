"""Cells, node by node: one file a theme, in the order of the catalogue: those to begin with first."""

# ruff: noqa: I001 (the order)
from .catalogue import CellFacts, catalogue
from .classic import *
from .lstm_family import *
from .gated import *
from .dynamics import *
from .structured import *
from .article import *
from .wrappers import *

__all__ = ["CellFacts", "catalogue"]
__all__ += classic.__all__
__all__ += lstm_family.__all__
__all__ += gated.__all__
__all__ += dynamics.__all__
__all__ += structured.__all__
__all__ += article.__all__
__all__ += wrappers.__all__
