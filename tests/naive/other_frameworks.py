"""One step of other frameworks' recurrent layers, as their documentation states it, in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def keras_rnn(x, state, kernel, recurrent, bias):
    h = np.tanh(x @ kernel + bias + state[0] @ recurrent)
    return (h,)


def keras_gru(x, state, kernel, recurrent, bias, reset_after):
    (h,) = state
    H = h.shape[1]
    b_in, b_re = bias if reset_after else (bias, np.zeros_like(bias))
    xz, xr, xh = np.split(x @ kernel + b_in, 3, axis=1)
    if reset_after:
        hz, hr, hh = np.split(h @ recurrent + b_re, 3, axis=1)
        z, r = sigmoid(xz + hz), sigmoid(xr + hr)
        n = np.tanh(xh + r * hh)
    else:
        z, r = sigmoid(xz + h @ recurrent[:, :H]), sigmoid(xr + h @ recurrent[:, H : 2 * H])
        n = np.tanh(xh + (r * h) @ recurrent[:, 2 * H :])
    return (z * h + (1 - z) * n,)


def keras_lstm(x, state, kernel, recurrent, bias):
    h, c = state
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def haiku_rnn(x, state, w, b, r):
    return (np.maximum(x @ w + b + state[0] @ r, 0),)


def haiku_gru(x, state, w_i, w_h, b):
    (h,) = state
    H = h.shape[1]
    gates_x, a_x = (x @ w_i)[:, : 2 * H], (x @ w_i)[:, 2 * H :]
    zr = sigmoid(gates_x + h @ w_h[:, : 2 * H] + b[: 2 * H])
    z, r = zr[:, :H], zr[:, H:]
    a = np.tanh(a_x + (r * h) @ w_h[:, 2 * H :] + b[2 * H :])
    return ((1 - z) * h + z * a,)


def haiku_lstm(x, state, w, b):
    h, c = state
    i, g, f, o = np.split(np.concatenate([x, h], axis=1) @ w + b, 4, axis=1)
    c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def onnx_rnn(x, state, W, R, B, **_):
    H = R.shape[1]
    return (np.tanh(x @ W.T + state[0] @ R.T + B[:H] + B[H:]),)


def onnx_gru(x, state, W, R, B, linear_before_reset=0, **_):
    (h,) = state
    Wz, Wr, Wh = np.split(W, 3)
    Rz, Rr, Rh = np.split(R, 3)
    Wbz, Wbr, Wbh, Rbz, Rbr, Rbh = np.split(B, 6)
    z = sigmoid(x @ Wz.T + h @ Rz.T + Wbz + Rbz)
    r = sigmoid(x @ Wr.T + h @ Rr.T + Wbr + Rbr)
    inner = r * (h @ Rh.T + Rbh) if linear_before_reset else (r * h) @ Rh.T + Rbh
    n = np.tanh(x @ Wh.T + inner + Wbh)
    return ((1 - z) * n + z * h,)


def onnx_lstm(x, state, W, R, B, P=None, input_forget=0):
    h, c = state
    (Wi, Wo, Wf, Wc), (Ri, Ro, Rf, Rc) = np.split(W, 4), np.split(R, 4)
    Wbi, Wbo, Wbf, Wbc, Rbi, Rbo, Rbf, Rbc = np.split(B, 8)
    Pi, Po, Pf = np.zeros((3, h.shape[1])) if P is None else np.split(P, 3)
    i = sigmoid(x @ Wi.T + h @ Ri.T + Pi * c + Wbi + Rbi)
    f = 1 - i if input_forget else sigmoid(x @ Wf.T + h @ Rf.T + Pf * c + Wbf + Rbf)
    c = f * c + i * np.tanh(x @ Wc.T + h @ Rc.T + Wbc + Rbc)
    o = sigmoid(x @ Wo.T + h @ Ro.T + Po * c + Wbo + Rbo)
    return o * np.tanh(c), c
