"""Models to and from ONNX (https://onnx.ai). Needs the extra: pip install 'tinygrad_rnn[onnx]'."""

from .reading import load
from .saving import save

__all__ = ["load", "save"]
