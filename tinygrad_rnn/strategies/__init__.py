"""Training strategies: how the gradient of a batch of sequences is computed."""

from .base import Outcome, Strategy, begun
from .bptt import BPTT, Checkpointed, Truncated
from .comparing import StrategyComparison, compare_strategies
from .criterion import Criterion
from .named import NAMED, strategy
from .regularised import Regularised
from .rtrl import RTRL
from .scheduled import ScheduledSampling

__all__ = [
    "BPTT",
    "NAMED",
    "RTRL",
    "Checkpointed",
    "Criterion",
    "Outcome",
    "Regularised",
    "ScheduledSampling",
    "Strategy",
    "StrategyComparison",
    "Truncated",
    "begun",
    "compare_strategies",
    "strategy",
]
