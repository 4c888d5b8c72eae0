"""The explorer: a page on which a graph is computed and differentiated one node at a time."""

from .api import explore

__all__ = ["explore"]
