"""Sequences to train on."""

from .text import Text, read_text, standard_library

__all__ = ["Text", "read_text", "standard_library"]
