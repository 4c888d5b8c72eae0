"""ONNX's RNN, GRU, LSTM and Scan, in our cells and steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import compile as compiler
from .. import ops
from ..core.errors import ArgumentError
from ..core.tensor import Tensor
from .operators import array

Attributes = Mapping[str, Any]
_ALONE = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}


class _Step:
    """One step of an RNN, GRU or LSTM node, on its own weights: they stay the parameters that they are."""

    def __init__(self, kind: str, W: Any, R: Any, B: Any, P: Any, a: Attributes, activation: str):
        self.kind, self.a, self.activation = kind, a, activation
        self.W, self.R, self.P = W, R, P
        n = R.shape[0]
        self.bW, self.bR = (None, None) if B is None else (B[:n], B[n:])
        self.H = R.shape[1]

    def initial_state(self, batch: int | None) -> Any:
        zero = Tensor(np.zeros((batch or 1, self.H), self.R.dtype))
        return (zero, zero) if self.kind == "LSTM" else zero

    def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        return getattr(self, self.kind.lower())(x, state)

    def _parts(self, z: Tensor, count: int) -> list[Tensor]:
        return [z[..., k * self.H : (k + 1) * self.H] for k in range(count)]

    def _of_x(self, x: Tensor) -> Tensor:
        y = x @ self.W.mT
        return y if self.bW is None else y + self.bW

    def _of_h(self, h: Tensor) -> Tensor:
        y = h @ self.R.mT
        return y if self.bR is None else y + self.bR

    def rnn(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        f = {"Tanh": ops.tanh, "Relu": ops.relu, "Sigmoid": ops.sigmoid}[self.activation]
        h = f(self._of_x(x) + self._of_h(h)).named("h")
        return h, h

    def gru(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        zx, rx, nx = self._parts(self._of_x(x), 3)
        zh, rh, nh = self._parts(self._of_h(h), 3)
        z, r = ops.sigmoid(zx + zh).named("z"), ops.sigmoid(rx + rh).named("r")
        if self.a.get("linear_before_reset"):
            n = ops.tanh(nx + r * nh).named("n")
        else:
            last = slice(2 * self.H, 3 * self.H)
            inner = (r * h) @ self.R[last].mT
            n = ops.tanh(nx + (inner if self.bR is None else inner + self.bR[last])).named("n")
        h = ((1 - z) * n + z * h).named("h")
        return h, h

    def lstm(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        h, c = state
        i, o, f, g = self._parts(self._of_x(x) + self._of_h(h), 4)
        pi, po, pf = self._parts(self.P, 3) if self.P is not None else (None, None, None)
        i = ops.sigmoid(i if pi is None else i + pi * c).named("i")
        f = 1 - i if self.a.get("input_forget") else ops.sigmoid(f if pf is None else f + pf * c)
        c = (f.named("f") * c + i * ops.tanh(g).named("c̃")).named("c")
        o = ops.sigmoid(o if po is None else o + po * c).named("o")
        h = (o * ops.tanh(c)).named("h")
        return h, (h, c)


def _recurrent(kind: str) -> Callable[[list[Any], Attributes], Any]:
    def run(xs: list[Any], a: Attributes) -> Any:
        x, W, R, B, lengths, h0, c0, P = [*xs, *[None] * (8 - len(xs))]
        if a.get("layout"):
            x = x.permute(1, 0, 2)
            h0, c0 = (None if s is None else s.permute(1, 0, 2) for s in (h0, c0))
        direction = a.get("direction", "forward")
        count = 2 if direction == "bidirectional" else 1
        names = [n.capitalize() for n in a.get("activations", _ALONE[kind] * count)]
        usual = _ALONE[kind] * count
        if (kind != "RNN" and names != usual) or "clip" in a:
            raise ArgumentError(
                f"{kind} with other activations than {', '.join(_ALONE[kind])}, or with clip, is not known here"
            )
        ys, hs, cs = [], [], []
        for d in range(count):
            part = [None if p is None else p[d] for p in (W, R, B, P)]
            step = _Step(kind, part[0], part[1], part[2], part[3], a, names[d if kind == "RNN" else 0])
            states = [None if s is None else s[d] for s in (h0, c0)]
            zero = step.initial_state(x.shape[1])
            if kind == "LSTM":
                before: Any = tuple(z if s is None else s for z, s in zip(zero, states, strict=True))
            else:
                before = zero if states[0] is None else states[0]
            reverse = direction == "reverse" or d == 1
            many = None if lengths is None else array(lengths).astype(int)
            y, after = compiler.scan(step, x, before, reverse=reverse, lengths=many)
            ys.append(y)
            h, c = after if kind == "LSTM" else (after, None)
            hs.append(h)
            cs.append(c)
        y, h = ops.stack(ys, axis=1), ops.stack(hs, axis=0)
        if a.get("layout"):
            y, h = y.permute(2, 0, 1, 3), h.permute(1, 0, 2)
        if kind != "LSTM":
            return y, h
        c = ops.stack(cs, axis=0)
        return y, h, c.permute(1, 0, 2) if a.get("layout") else c

    return run


RECURRENT = {kind: _recurrent(kind) for kind in _ALONE}


def run_scan(xs: list[Any], a: Attributes, known: dict[str, Any], opset: int, run_nodes: Callable[..., None]) -> Any:
    """A `Scan`, step by step: its body may be anything that we have."""
    if opset < 9:
        raise ArgumentError("Scan of opset 8, with a batch axis of its own, is not known here")
    body, count = a["body"], int(a["num_scan_inputs"])
    states, sequences = list(xs[: len(xs) - count]), xs[len(xs) - count :]
    inputs = [i.name for i in body.input]
    outputs = [o.name for o in body.output]
    steps = sequences[0].shape[0]
    ins = list(a.get("scan_input_directions", [0] * count))
    outs = list(a.get("scan_output_directions", [0] * (len(outputs) - len(states))))
    if any(
        a.get(f"scan_{kind}_axes", [0])[k]
        for kind in ("input", "output")
        for k in range(len(a.get(f"scan_{kind}_axes", [])))
    ):
        raise ArgumentError("Scan over another axis than the first is not known here")
    inner = {i.name for i in body.initializer}
    if inner:
        from onnx import numpy_helper

        known = known | {i.name: np.array(numpy_helper.to_array(i)) for i in body.initializer}
    found: list[list[Any]] = [[] for _ in outs]
    for t in range(steps):
        rows = [x[steps - 1 - t if back else t] for x, back in zip(sequences, ins, strict=True)]
        here = known | dict(zip(inputs, [*states, *rows], strict=True))
        run_nodes(body.node, here, opset)
        results = [here[name] for name in outputs]
        states = results[: len(states)]
        for ys, y in zip(found, results[len(states) :], strict=True):
            ys.append(y)
    stacked = [ops.stack(ys[::-1] if back else ys, axis=0) for ys, back in zip(found, outs, strict=True)]
    return [*states, *stacked]


def run_loop(xs: list[Any], a: Attributes, known: dict[str, Any], opset: int, run_nodes: Callable[..., None]) -> Any:
    """A `Loop` whose number of steps is given, and whose body never ends it: a recurrence, step by step."""
    limit, condition, *states = [*xs, None] if len(xs) < 2 else xs
    if limit is None:
        raise ArgumentError("a Loop that does not say how many steps it takes is not known here")
    body = a["body"]
    inputs = [i.name for i in body.input]
    outputs = [o.name for o in body.output]
    if body.initializer:
        from onnx import numpy_helper

        known = known | {i.name: np.array(numpy_helper.to_array(i)) for i in body.initializer}
    if condition is not None and not bool(array(condition)):
        raise ArgumentError("a Loop whose condition is false before its first step is not known here")
    found: list[list[Any]] = [[] for _ in outputs[1 + len(states) :]]
    steps = int(array(limit))
    if steps < 1 and found:
        raise ArgumentError("a Loop of no step has outputs of no known shape")
    for t in range(steps):
        here = known | dict(zip(inputs, [np.array(t, np.int64), np.array(True), *states], strict=True))
        run_nodes(body.node, here, opset)
        goes_on, *results = [here[name] for name in outputs]
        if isinstance(goes_on, Tensor) or not bool(array(goes_on)):
            raise ArgumentError("a Loop that its body may end is not known here; its number of steps is to be fixed")
        states = results[: len(states)]
        for ys, y in zip(found, results[len(states) :], strict=True):
            ys.append(y)
    return [*states, *[ops.stack(ys, axis=0) if isinstance(ys[0], Tensor) else np.stack(ys) for ys in found]]
