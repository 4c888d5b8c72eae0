"""One step of every cell of the catalogue in plain NumPy, one equation a line: ``STEPS[name](p, x, *state)``.

`p` has the parameters by name. Returns the output and the new state, a tuple.
"""

from __future__ import annotations

from typing import Any

import numpy as np

tanh, exp = np.tanh, np.exp


def sigmoid(x: Any) -> Any:
    return 1 / (1 + exp(-x))


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def blocks(a: Any, count: int) -> list[Any]:
    """The rows of each block of a packed array."""
    return np.split(a, count) if a is not None else [0.0] * count


class Packed:
    """W_k, R_k and b_k of block k."""

    def __init__(self, p: dict[str, Any], count: int):
        self.W, self.R = blocks(p["weight_ih"], count), blocks(p["weight_hh"], count)
        self.b = [a + b for a, b in zip(blocks(p["bias_ih"], count), blocks(p.get("bias_hh"), count), strict=True)]

    def __call__(self, k: int, x: Any, h: Any) -> Any:
        return x @ self.W[k].T + h @ self.R[k].T + self.b[k]


def rnn(p, x, h):
    h = tanh(Packed(p, 1)(0, x, h))
    return h, (h,)


def irnn(p, x, h):
    h = relu(Packed(p, 1)(0, x, h))
    return h, (h,)


def lstm(p, x, h, c):
    z = Packed(p, 4)
    i, f, g, o = sigmoid(z(0, x, h)), sigmoid(z(1, x, h)), tanh(z(2, x, h)), sigmoid(z(3, x, h))
    c = f * c + i * g
    h = o * tanh(c)
    return h, (h, c)


def projected_lstm(p, x, h, c):
    h, (_, c) = lstm(p, x, h, c)
    h = h @ p["weight_hr"].T
    return h, (h, c)


def gru(p, x, h):
    W, R, b, d = (blocks(p[n], 3) for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    r = sigmoid(x @ W[0].T + b[0] + h @ R[0].T + d[0])
    z = sigmoid(x @ W[1].T + b[1] + h @ R[1].T + d[1])
    n = tanh(x @ W[2].T + b[2] + r * (h @ R[2].T + d[2]))
    h = (1 - z) * n + z * h
    return h, (h,)


def memory_block(kinds_of_gates):
    def step(p, x, u, c):
        H, U = c.shape[1], u.shape[1]
        n = (U - H) // kinds_of_gates
        z = x @ p["weight_ih"].T + u @ p["weight_hh"].T
        z[:, U - len(p["bias_ih"]) :] += p["bias_ih"]  # of all units, or of the gates
        i, o = sigmoid(z[:, H : H + n]), sigmoid(z[:, H + n :])
        h, new = np.zeros_like(c), np.zeros_like(c)
        for k in range(H):
            new[:, k] = c[:, k] + i[:, k % n] * (4 * sigmoid(z[:, k]) - 2)
            h[:, k] = (o[:, k % n] if kinds_of_gates == 2 else 1) * (2 * sigmoid(new[:, k]) - 1)
        return h, (np.hstack([h, i, o]), new)

    return step


def peephole_lstm(p, x, h, c):
    z = Packed(p, 4)
    p_i, p_f, p_o = blocks(p["weight_peephole"], 3)
    block_input = tanh(z(0, x, h))
    i = sigmoid(z(1, x, h) + p_i * c)
    f = sigmoid(z(2, x, h) + p_f * c)
    c = i * block_input + f * c
    o = sigmoid(z(3, x, h) + p_o * c)
    h = o * tanh(c)
    return h, (h, c)


def no_input_gate(p, x, h, c):
    z, (p_f, p_o) = Packed(p, 3), blocks(p["weight_peephole"], 2)
    c = tanh(z(0, x, h)) + sigmoid(z(1, x, h) + p_f * c) * c
    h = sigmoid(z(2, x, h) + p_o * c) * tanh(c)
    return h, (h, c)


def no_forget_gate(p, x, h, c):
    z, (p_i, p_o) = Packed(p, 3), blocks(p["weight_peephole"], 2)
    c = sigmoid(z(1, x, h) + p_i * c) * tanh(z(0, x, h)) + c
    h = sigmoid(z(2, x, h) + p_o * c) * tanh(c)
    return h, (h, c)


def no_output_gate(p, x, h, c):
    z, (p_i, p_f) = Packed(p, 3), blocks(p["weight_peephole"], 2)
    c = sigmoid(z(1, x, h) + p_i * c) * tanh(z(0, x, h)) + sigmoid(z(2, x, h) + p_f * c) * c
    h = tanh(c)
    return h, (h, c)


def no_input_activation(p, x, h, c):
    z, (p_i, p_f, p_o) = Packed(p, 4), blocks(p["weight_peephole"], 3)
    c = sigmoid(z(1, x, h) + p_i * c) * z(0, x, h) + sigmoid(z(2, x, h) + p_f * c) * c
    h = sigmoid(z(3, x, h) + p_o * c) * tanh(c)
    return h, (h, c)


def no_output_activation(p, x, h, c):
    _, (_, c_new) = peephole_lstm(p, x, h, c)
    p_o = blocks(p["weight_peephole"], 3)[2]
    h = sigmoid(Packed(p, 4)(3, x, h) + p_o * c_new) * c_new
    return h, (h, c_new)


def coupled_gates(p, x, h, c):
    z, (p_i, p_o) = Packed(p, 3), blocks(p["weight_peephole"], 2)
    i = sigmoid(z(1, x, h) + p_i * c)
    c = i * tanh(z(0, x, h)) + (1 - i) * c
    h = sigmoid(z(2, x, h) + p_o * c) * tanh(c)
    return h, (h, c)


def no_peepholes(p, x, h, c):
    z = Packed(p, 4)
    c = sigmoid(z(1, x, h)) * tanh(z(0, x, h)) + sigmoid(z(2, x, h)) * c
    h = sigmoid(z(3, x, h)) * tanh(c)
    return h, (h, c)


def full_gate_recurrence(p, x, h, c, g):
    z, (p_i, p_f, p_o) = Packed(p, 4), blocks(p["weight_peephole"], 3)
    r_i, r_f, r_o = blocks(p["weight_gates"], 3)
    i = sigmoid(z(1, x, h) + g @ r_i.T + p_i * c)
    f = sigmoid(z(2, x, h) + g @ r_f.T + p_f * c)
    c = i * tanh(z(0, x, h)) + f * c
    o = sigmoid(z(3, x, h) + g @ r_o.T + p_o * c)
    h = o * tanh(c)
    return h, (h, c, np.hstack([i, f, o]))


def ugrnn(p, x, h):
    z = Packed(p, 2)
    c, g = tanh(z(0, x, h)), sigmoid(z(1, x, h))
    h = g * h + (1 - g) * c
    return h, (h,)


def janet(p, x, h):
    z = Packed(p, 2)
    s, c = z(0, x, h), tanh(z(1, x, h))
    h = sigmoid(s) * h + (1 - sigmoid(s - 1)) * c
    return h, (h,)


def mgu(p, x, h):
    z = Packed(p, 2)
    f = sigmoid(z(0, x, h))
    n = tanh(z(1, x, f * h))
    h = (1 - f) * h + f * n
    return h, (h,)


def li_gru(p, x, h):
    z = Packed(p, 2)
    update, n = sigmoid(z(0, x, h)), relu(z(1, x, h))
    h = update * h + (1 - update) * n
    return h, (h,)


def min_gru(p, x, h):
    (W_z, W_h), (b_z, b_h) = blocks(p["weight_ih"], 2), blocks(p["bias_ih"], 2)
    z = sigmoid(x @ W_z.T + b_z)
    h = (1 - z) * h + z * (x @ W_h.T + b_h)
    return h, (h,)


def min_lstm(p, x, h):
    W, b = blocks(p["weight_ih"], 3), blocks(p["bias_ih"], 3)
    f, i = sigmoid(x @ W[0].T + b[0]), sigmoid(x @ W[1].T + b[1])
    h = f / (f + i) * h + i / (f + i) * (x @ W[2].T + b[2])
    return h, (h,)


def layer_norm_lstm(p, x, h, c):
    def norm(a):
        return (a - a.mean(1, keepdims=True)) / np.sqrt(a.var(1, keepdims=True) + 1e-5)

    z = p["gain_x"] * norm(x @ p["weight_ih"].T) + p["gain_h"] * norm(h @ p["weight_hh"].T) + p["bias_ih"]
    i, f, g, o = np.split(z, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(p["gain_c"] * norm(c) + p["bias_c"])
    return h, (h, c)


def ind_rnn(p, x, h):
    h = relu(x @ p["weight_ih"].T + p["weight_hh"] * h + p["bias_ih"])
    return h, (h,)


def slstm(p, x, h, c, n, m):
    z = Packed(p, 4)
    i, f = exp(z(0, x, h)), sigmoid(z(1, x, h))
    c_true = f * c * exp(m) + i * tanh(z(2, x, h))  # without the trick that keeps it small
    n_true = f * n * exp(m) + i
    h_new = sigmoid(z(3, x, h)) * c_true / n_true
    m = np.maximum(np.log(f) + m, z(0, x, h))
    return h_new, (h_new, c_true / exp(m), n_true / exp(m), m)


def antisymmetric(p, x, h):
    H = h.shape[1]
    M = np.zeros((H, H))
    entries = iter(p["weight_hh"])
    for i in range(H):
        for j in range(i + 1, H):
            M[i, j] = next(entries)
    h = h + 0.1 * tanh(x @ p["weight_ih"].T + h @ (M - M.T - 0.01 * np.eye(H)).T + p["bias_ih"])
    return h, (h,)


def co_rnn(p, x, h, z):
    force = tanh(x @ p["weight_ih"].T + h @ p["weight_hh"].T + z @ p["weight_zh"].T + p["bias_ih"])
    z = z + 0.1 * (force - 1.0 * h - 1.0 * z)
    h = h + 0.1 * z
    return h, (h, z)


def lem(p, x, y, z):
    a = Packed(p, 4)
    d_z, d_y = sigmoid(a(0, x, y)), sigmoid(a(1, x, y))
    z = (1 - d_z) * z + d_z * tanh(a(2, x, y))
    y = (1 - d_y) * y + d_y * tanh(a(3, x, z))
    return y, (y, z)


def delayed(*delays):
    def step(p, x, *earlier):
        R = np.split(p["weight_hh"], len(delays), axis=1)
        h = tanh(x @ p["weight_ih"].T + p["bias"] + sum(earlier[k - 1] @ r.T for k, r in zip(delays, R, strict=True)))
        return h, (h, *earlier[:-1])

    return step


def winner_take_all(p, x, h):
    z = Packed(p, 1)(0, x, h)
    n = z.shape[1] // 2
    h = np.zeros_like(z)
    for row in range(len(z)):
        for block in range(n):
            winner = max((block, block + n), key=lambda j: z[row, j])
            h[row, winner] = z[row, winner]
    return h, (h,)


def article(p, x, c):
    v = np.hstack([c, x])
    (W_f, W_i), (b_f, b_i) = blocks(p["weight"], 2), blocks(p["bias"], 2)
    f, i = sigmoid(v @ W_f.T + b_f), sigmoid(v @ W_i.T + b_i)
    candidate = sigmoid(i) * (x @ p["weight_p"].T if "weight_p" in p else x)
    c = sigmoid(f) * c + sigmoid(1 - f) * candidate
    o = sigmoid(c @ p["weight_o"].T + p["bias_o"])
    return sigmoid(o) * tanh(c), (c,)


def article_output(p, h, c):
    o = sigmoid(np.hstack([h, c]) @ p["weight_o"].T + p["bias_o"])
    return o * tanh(c)


def article_forget(p, x, h, c, f_before):
    z = Packed(p, 3)
    f, i, candidate = sigmoid(z(0, x, h)), sigmoid(z(1, x, h)), tanh(z(2, x, h))
    G = sigmoid(z(0, x, sigmoid(f_before) * sigmoid(i)))
    c = G * candidate + (1 - G) * c
    h = article_output(p, h, c)
    return h, (h, c, f)


def article_input(p, x, h, c):
    z = Packed(p, 2)
    i, candidate = sigmoid(z(0, x, h)), tanh(z(1, x, h))
    c = (1 - i) * candidate + i * c
    h = article_output(p, h, c)
    return h, (h, c)


def article_with_output_gate(p, x, h, c):
    z = Packed(p, 3)
    f, i, candidate = sigmoid(z(0, x, h)), sigmoid(z(1, x, h)), tanh(z(2, x, h))
    c = f * c + i * candidate
    h = article_output(p, h, c)
    return h, (h, c)


STEPS = {
    "rnn": rnn, "irnn": irnn, "lstm": lstm, "gru": gru, "projected-lstm": projected_lstm,
    "memory-block": memory_block(2), "memory-block of 2": memory_block(2), "memory-block without output gates":
    memory_block(1), "peephole-lstm": peephole_lstm, "peephole-lstm NIG": no_input_gate,
    "peephole-lstm NFG": no_forget_gate, "peephole-lstm NOG": no_output_gate,
    "peephole-lstm NIAF": no_input_activation, "peephole-lstm NOAF": no_output_activation,
    "peephole-lstm CIFG": coupled_gates, "peephole-lstm NP": no_peepholes, "peephole-lstm FGR": full_gate_recurrence,
    "ugrnn": ugrnn, "janet": janet, "mgu": mgu, "li-gru": li_gru, "min-gru": min_gru, "min-lstm": min_lstm,
    "layer-norm-lstm": layer_norm_lstm, "ind-rnn": ind_rnn, "slstm": slstm, "antisymmetric": antisymmetric,
    "co-rnn": co_rnn, "lem": lem, "delayed-rnn": delayed(1, 2), "delayed-rnn 1, 3": delayed(1, 3),
    "winner-take-all": winner_take_all, "article": article, "article of one size": article,
    "article-forget": article_forget, "article-input": article_input, "article-output": article_with_output_gate,
}  # fmt: skip
