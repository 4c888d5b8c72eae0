"""Files: named arrays in the safetensors format. Nothing read from a file is executed."""

from .files import checked_path, load, load_all, load_metadata, named_errors, remove_leftovers, replace, save

__all__ = ["checked_path", "load", "load_all", "load_metadata", "named_errors", "remove_leftovers", "replace", "save"]
