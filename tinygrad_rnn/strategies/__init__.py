"""Training strategies: how the gradient of a batch of sequences is computed."""

from .bptt import BPTT, Checkpointed, Truncated
from .comparing import StrategyComparison, compare_strategies
from .criterion import Criterion
from .named import NAMED, strategy
from .regularised import Regularised
from .rtrl import RTRL
from .scheduled import ScheduledSampling
from .strategy import Outcome, Strategy, begun

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
