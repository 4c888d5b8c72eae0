"""The cells in plain NumPy, one time step and one equation at a time; gradients by complex steps, exact to rounding."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.where(x.real > 0, x, 0)


def block(a, k, H):
    """Rows of one gate."""
    return a[k * H : (k + 1) * H]


def run(kind, arrays):
    """Outputs of all steps and the final states; `arrays` as in tests/nn/recurrent_cases.py."""
    W, R = arrays["weight_ih"], arrays["weight_hh"]
    b, d = arrays.get("bias_ih", np.zeros(len(W))), arrays.get("bias_hh", np.zeros(len(W)))
    h, c = arrays["state.0"], arrays.get("state.1")
    H = h.shape[1]

    def from_x(k, x):
        return x @ block(W, k, H).T + block(b, k, H)

    def from_h(k, h):
        return h @ block(R, k, H).T + block(d, k, H)

    outputs = []
    for x in arrays["x"]:
        if kind in ("rnn-tanh", "rnn-relu"):
            h = (np.tanh if kind == "rnn-tanh" else relu)(from_x(0, x) + from_h(0, h))
        elif kind == "lstm":
            i = sigmoid(from_x(0, x) + from_h(0, h))
            f = sigmoid(from_x(1, x) + from_h(1, h))
            g = np.tanh(from_x(2, x) + from_h(2, h))
            o = sigmoid(from_x(3, x) + from_h(3, h))
            c = f * c + i * g
            h = o * np.tanh(c)
        else:
            r = sigmoid(from_x(0, x) + from_h(0, h))
            z = sigmoid(from_x(1, x) + from_h(1, h))
            n = np.tanh(from_x(2, x) + (r * from_h(2, h) if kind == "gru" else from_h(2, r * h)))
            h = (1 - z) * n + z * h
        outputs.append(h)
    return np.stack(outputs), [h] if c is None else [h, c]


def results(kind, arrays):
    """Outputs, final states, and the gradient of every array."""
    y, states = run(kind, arrays)
    found = {"y": y} | {f"final.{k}": s for k, s in enumerate(states)}
    for name, array in arrays.items():
        if name.startswith("d_"):
            continue
        gradient = np.zeros(array.shape)
        for index in np.ndindex(array.shape):
            moved = array.astype(complex)
            moved[index] += 1e-30j
            gradient[index] = _loss(kind, arrays | {name: moved}).imag / 1e-30
        found[f"grad.{name}"] = gradient
    return found


def _loss(kind, arrays):
    y, states = run(kind, arrays)
    return (y * arrays["d_y"]).sum() + sum((s * arrays[f"d_final.{k}"]).sum() for k, s in enumerate(states))
