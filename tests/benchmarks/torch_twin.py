"""PyTorch's network with the same weights, batches, loss, clipping and optimiser as a `Trainer` of ours."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import tinygrad_rnn as tg


class Twin:
    """`torch.nn.Embedding`, `LSTM`, `GRU` or `RNN`, and `Linear`, trained as ours is; `step` makes one step."""

    def __init__(self, trainer: tg.Trainer):
        import torch

        self.torch, self.trainer, self.number, self.state = torch, trainer, 0, None
        network: Any = trainer.network
        dtype = torch.float64 if network.dtype == np.float64 else torch.float32
        cells = network.cells
        kind = type(cells[0]).__name__.removesuffix("Cell")
        options = {"nonlinearity": cells[0].nonlinearity} if kind == "RNN" else {}
        self.layers = getattr(torch.nn, kind)(
            cells[0].input_size, cells[0].hidden_size, len(cells), dtype=dtype, **options
        )
        self.readout = torch.nn.Linear(cells[-1].hidden_size, network.readout.out_features, dtype=dtype)
        self.table = None
        if network.embedding is not None:
            self.table = torch.nn.Embedding(network.symbols, cells[0].input_size, dtype=dtype)
            _load(self.table.weight, network.embedding.weight)
        for k, cell in enumerate(cells):
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                _load(getattr(self.layers, f"{name}_l{k}"), getattr(cell, name))
        _load(self.readout.weight, network.readout.weight)
        _load(self.readout.bias, network.readout.bias)
        modules = [m for m in (self.table, self.layers, self.readout) if m is not None]
        self.weights = [p for m in modules for p in m.parameters()]
        own: Any = trainer.optimizer
        self.optimizer = torch.optim.Adam(self.weights, lr=own.lr, betas=own.betas, eps=own.eps, fused=True)

    def step(self) -> float:
        """The loss of the next batch, before the step."""
        torch, trainer = self.torch, self.trainer
        batch = trainer.source.batch(self.number)
        inputs = torch.from_numpy(np.ascontiguousarray(batch.inputs))
        xs = inputs if self.table is None else self.table(inputs.long())
        carried = self.state if batch.begins is not None and not batch.begins.any() else None
        hidden, state = self.layers(xs, carried)
        self.state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
        targets = torch.from_numpy(np.ascontiguousarray(batch.targets))
        if trainer.source.at_end:
            ends = torch.full((batch.size,), batch.steps) if batch.lengths is None else torch.from_numpy(batch.lengths)
            hidden = hidden[ends - 1, torch.arange(batch.size)]
        loss = self._loss(self.readout(hidden), targets, trainer.criterion.shares(batch))
        self.optimizer.zero_grad()
        loss.backward()
        if trainer.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.weights, trainer.clip_norm)
        self.optimizer.step()
        self.number += 1
        return float(loss.item())

    def _loss(self, said: Any, targets: Any, shares: Any) -> Any:
        functional = self.torch.nn.functional
        kind = self.trainer.source.loss
        how = "mean" if shares is None else "none"
        if kind == "cross_entropy":
            errors = functional.cross_entropy(said.flatten(0, -2), targets.flatten().long(), reduction=how)
            errors = errors if shares is None else errors.reshape(shares.shape)
        else:
            each = functional.mse_loss if kind == "mse" else functional.binary_cross_entropy_with_logits
            errors = each(said, targets.to(said.dtype), reduction=how)
            errors = errors if shares is None else errors.mean(dim=-1)
        return errors if shares is None else (errors * self.torch.from_numpy(shares).to(said.dtype)).sum()


def seconds_each(trainer: tg.Trainer, twin: Twin, steps: int, turns: int = 3) -> tuple[float, float]:
    """Seconds a step, ours and PyTorch's, in turns; the medians."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        for own, times in zip((True, False), found, strict=True):
            begin = time.perf_counter()
            if own:
                trainer.run(trainer.step + steps)
            else:
                for _ in range(steps):
                    twin.step()
            times.append((time.perf_counter() - begin) / steps)
            time.sleep(0.3)  # the threads of the last one go to sleep
    return float(np.median(found[0])), float(np.median(found[1]))


def _load(theirs: Any, ours: Any) -> None:
    import torch

    with torch.no_grad():
        theirs.copy_(torch.from_numpy(np.array(ours.numpy())))
