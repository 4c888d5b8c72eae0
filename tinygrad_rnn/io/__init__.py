"""Files: named arrays in the safetensors format. Nothing read from a file is executed."""

from .files import load, load_metadata, replace, save

__all__ = ["load", "load_metadata", "replace", "save"]
