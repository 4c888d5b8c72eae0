"""Sequences to train on."""

from .text import Text, read_text

__all__ = ["Text", "read_text"]
