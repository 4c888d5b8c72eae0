"""The explorer: a page on which a graph is computed and differentiated step by step, again when a number changes."""

from .api import LEVELS, Explorer, explore

__all__ = ["LEVELS", "Explorer", "explore"]
