"""Files: named arrays in the safetensors format. Nothing read from a file is executed."""

from .files import load, save

__all__ = ["load", "save"]
