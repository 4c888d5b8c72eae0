"""Training, its schedules and checkpoints, and prediction."""

from .checkpoint import Checkpoint, checksum, read
from .evaluation import evaluate
from .folder import locked
from .history import History, Measured
from .intervals import Residuals, residuals
from .parallel import Ranks
from .prediction import free_run, probabilities, sample
from .schedules import Cosine, Plateau, Schedule, StepDecay
from .trainer import Trainer, train

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
    "checksum",
    "evaluate",
    "free_run",
    "locked",
    "probabilities",
    "read",
    "residuals",
    "sample",
    "train",
]
