"""Training, its schedules and checkpoints, and prediction."""

from .characters import CharacterModel, Progress, train_characters
from .checkpoint import Checkpoint, read
from .history import History, Measured
from .prediction import Residuals, free_run, probabilities, residuals, sample
from .schedules import Cosine, Plateau, Schedule, StepDecay
from .trainer import Trainer, evaluate, train

__all__ = [
    "CharacterModel",
    "Checkpoint",
    "Cosine",
    "History",
    "Measured",
    "Plateau",
    "Progress",
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
    "train_characters",
]
