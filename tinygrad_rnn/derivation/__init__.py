"""Derivations: BPTT as equations read off the graph, as text, LaTeX, MathML and NumPy."""

from .checking import backward_inputs, check_backward
from .derivation import Derivation, Line, Section, derive

__all__ = ["Derivation", "Line", "Section", "backward_inputs", "check_backward", "derive"]
