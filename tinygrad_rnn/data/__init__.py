"""Sequences to train on."""

from .batch import Batch, Source
from .text import Text, read_text, standard_library

__all__ = ["Batch", "Source", "Text", "read_text", "standard_library"]
