"""Counting and watching: parameters, arithmetic, memory, and gradients through time."""

from .comparing import Comparison, compare
from .flow import GradientFlow, gradient_flow
from .ledger import Ledger, WhatIf, ledger
from .summary import Summary, SummaryRow, summary

__all__ = [
    "Comparison",
    "GradientFlow",
    "Ledger",
    "Summary",
    "SummaryRow",
    "WhatIf",
    "compare",
    "gradient_flow",
    "ledger",
    "summary",
]
