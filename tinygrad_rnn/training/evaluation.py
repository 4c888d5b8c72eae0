"""A network on a source: whether they fit, and the mean loss."""

from __future__ import annotations

from ..core.errors import ArgumentError, with_user_line
from ..core.mode import no_grad
from ..data.batch import Source
from ..nn import Network
from ..strategies import Criterion, begun
from .parallel import Ranks
from .sharing import Shares


def check_fit(network: Network, source: Source) -> None:
    """Raise what the first step would raise, in words of the network and the source."""
    if not hasattr(source, "batch"):
        own = ", as a task makes them: task.source(32)" if hasattr(source, "source") else ""
        text = f"Trainer: expected a source of batches{own}; got {type(source).__name__}"
        raise ArgumentError(with_user_line(text))
    reads = network.symbols if network.symbols is not None else network.input_size
    what = "symbols" if source.symbols else "numbers"
    if (network.symbols is not None) != source.symbols or reads != source.inputs:
        own = f"{network.symbols} symbols" if network.symbols is not None else f"{network.input_size} numbers"
        raise ArgumentError(
            with_user_line(f"Trainer: the source gives {source.inputs} {what}, the network reads {own}")
        )
    says = network.readout.out_features
    if says != source.outputs or network.at_end != source.at_end:
        wanted = f"{source.outputs} outputs {'at the end' if source.at_end else 'at every step'}"
        own = f"{says} {'at the end' if network.at_end else 'at every step'}"
        raise ArgumentError(with_user_line(f"Trainer: the source asks for {wanted}, the network says {own}"))


def evaluate(network: Network, source: Source, batches: int = 50, shares: Shares | None = None) -> float:
    """The mean loss over an epoch of a source, or over so many batches if that is longer; nothing is learned.

    With `shares`, ranks share the batches.
    """
    criterion = Criterion(source.loss, source.at_end)
    shares = Shares(Ranks(), network) if shares is None else shares
    training, carried, total, weight = network.training, None, 0.0, 0
    network.eval()
    try:
        with no_grad():
            for k in range(batches if source.epoch is None else min(source.epoch, batches)):
                batch = source.batch(k)
                share = batch.size if source.at_end else batch.tokens
                weight += share
                if not (part := shares.part(batch, source.at_end)).size:
                    continue
                outputs, after = network(part.inputs, begun(network, part, carried), part.lengths)
                carried = after if batch.begins is not None else None
                total += criterion(outputs, part).item() * share
    finally:
        network.train(training)
    return shares.ranks.add([], total)[0] / weight
