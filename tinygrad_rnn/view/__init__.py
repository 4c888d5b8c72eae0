"""Drawing graphs."""

from .api import draw
from .drawing import Drawing

__all__ = ["Drawing", "draw"]
