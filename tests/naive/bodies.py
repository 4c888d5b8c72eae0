"""A step evaluated op by op, one time step after another: the slow oracle of compiled programs."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.core.graph import Graph
from tinygrad_rnn.step.body import BATCH, Body


def run_body(
    body: Body, given: list[np.ndarray], states: list[np.ndarray], *, reverse: bool = False
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """(outputs of all steps, final states); leaves have the values they were traced with."""
    T, B = given[0].shape[:2]
    outputs: list[list[Any]] = [[None] * T for _ in body.outputs]
    nodes = Graph([*body.outputs, *body.new_states], boundary=[*body.sequences, *body.states]).nodes
    for t in reversed(range(T)) if reverse else range(T):
        values = {x.number: g[t].reshape((B, *x.shape[1:])) for x, g in zip(body.sequences, given, strict=True)}
        values |= {x.number: s.reshape((B, *x.shape[1:])) for x, s in zip(body.states, states, strict=True)}
        for node in nodes:
            if node.number not in values:
                values[node.number] = node.numpy() if node.op is None else _evaluated(node, values, B)
        for k, out in enumerate(body.outputs):
            outputs[k][t] = values[out.number]
        states = [values[s.number] for s in body.new_states]
    return [np.array(column) for column in outputs], states


def _evaluated(node: Any, values: dict[int, np.ndarray], B: int) -> np.ndarray:
    attrs = dict(node.attrs or {})
    if "shape" in attrs:
        attrs["shape"] = tuple(B if n == BATCH else n for n in attrs["shape"])
    return np.asarray(node.op.evaluate(*[values[x.number] for x in node.inputs], **attrs))
