"""Graph to fused Numba program: `scan` runs any cell over a sequence, compiled."""

from .scan import UncompiledWarning, scan
from .workers import get_num_threads, set_num_threads

__all__ = ["UncompiledWarning", "get_num_threads", "scan", "set_num_threads"]
