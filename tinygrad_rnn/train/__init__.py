"""Training."""

from .characters import CharacterModel, Progress, train_characters

__all__ = ["CharacterModel", "Progress", "train_characters"]
