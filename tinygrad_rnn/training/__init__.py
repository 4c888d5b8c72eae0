"""Training, its schedules and checkpoints, and prediction."""

from .checkpoint import Checkpoint, read
from .history import History, Measured
from .parallel import Ranks
from .prediction import Residuals, free_run, probabilities, residuals, sample
from .schedules import Cosine, Plateau, Schedule, StepDecay
from .trainer import Trainer, evaluate, train

__all__ = [
    "Checkpoint",
    "Cosine",
    "History",
    "Measured",
    "Plateau",
    "Ranks",
    "Residuals",
    "Schedule",
    "StepDecay",
    "Trainer",
    "evaluate",
    "free_run",
    "probabilities",
    "read",
    "residuals",
    "sample",
    "train",
]
