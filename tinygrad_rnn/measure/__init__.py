"""Counting and watching: parameters, arithmetic, memory, and gradients through time."""

from .flow import GradientFlow, gradient_flow
from .ledger import Ledger, WhatIf, ledger
from .summary import Row, Summary, summary

__all__ = ["GradientFlow", "Ledger", "Row", "Summary", "WhatIf", "gradient_flow", "ledger", "summary"]
