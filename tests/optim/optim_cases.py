"""Optimisers with their options, a random problem for them, and PyTorch's solution of it."""

from pathlib import Path

import numpy as np

FROZEN = Path(__file__).parent / "frozen.npz"
STEPS = 20
CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.2}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.2}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.2}),
    ("Adam", {"lr": 0.05, "amsgrad": True}),
    ("AdamW", {"lr": 0.05}),
    ("AdamW", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.2, "amsgrad": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.2, "momentum": 0.8, "centered": True}),
    ("RMSprop", {"centered": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.2, "initial_accumulator_value": 0.5, "eps": 1e-3}),
]


def start(dtype=np.float64):
    rng = np.random.default_rng(0)
    return [rng.normal(size=s).astype(dtype) for s in [(3, 4), (5,), ()]]


def gradients(step, dtype=np.float64):
    """The second parameter has none in some steps."""
    rng = np.random.default_rng(100 + step)
    found = [(rng.normal(size=s) * 10 ** rng.uniform(-3, 1)).astype(dtype) for s in [(3, 4), (5,), ()]]
    return [None if k == 1 and step % 3 == 0 else g for k, g in enumerate(found)]


def torchs(name, options, dtype=np.float64):
    """The parameters after each step."""
    import torch

    parameters = [torch.tensor(a, requires_grad=True) for a in start(dtype)]
    optimizer = getattr(torch.optim, name)(parameters, **options)
    for step in range(STEPS):
        for p, g in zip(parameters, gradients(step, dtype), strict=True):
            p.grad = None if g is None else torch.tensor(g)
        optimizer.step()
        yield [p.detach().numpy().copy() for p in parameters]
