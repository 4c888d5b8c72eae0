"""One problem for every cell, solved by ours and by PyTorch: outputs, final states and the gradient of everything.

A problem is a mapping: x, state.0 (and state.1), the parameters, and d_y, d_final.k, the weights of the loss
Σ d_y·y + Σ d_final·final. A solution: y, final.k, and grad.<name> of everything that is not a weight of the loss.
"""

import numpy as np

import tinygrad_rnn as tg

T, B, D, H = 4, 2, 3, 2
KINDS = ["rnn-tanh", "rnn-relu", "lstm", "gru", "gru-before"]


def cell(kind, bias=True, dtype=np.float64, seed=0, D=D, H=H):
    facts = {"bias": bias, "dtype": dtype, "generator": np.random.default_rng(seed)}
    if kind.startswith("rnn"):
        return tg.nn.RNNCell(D, H, nonlinearity=kind[4:], **facts)
    if kind == "lstm":
        return tg.nn.LSTMCell(D, H, **facts)
    return tg.nn.GRUCell(D, H, reset_after=kind == "gru", **facts)


def problem(kind, bias=True, dtype=np.float64, seed=0, T=T, B=B, D=D, H=H):
    rng = np.random.default_rng(seed)
    arrays = {"x": rng.normal(size=(T, B, D)), "d_y": rng.normal(size=(T, B, H))}
    for k in range(2 if kind == "lstm" else 1):
        arrays[f"state.{k}"] = rng.normal(size=(B, H))
        arrays[f"d_final.{k}"] = rng.normal(size=(B, H))
    for name, parameter in cell(kind, bias, D=D, H=H).named_parameters():
        arrays[name] = rng.normal(size=parameter.shape) * 0.7
    return {name: array.astype(dtype) for name, array in arrays.items()}


def parameters_of(arrays):
    return {name: array for name, array in arrays.items() if name.startswith(("weight", "bias"))}


def ours(kind, arrays, run=tg.unroll, penalty=False):
    own = cell(kind, "bias_ih" in arrays, arrays["x"].dtype, D=arrays["x"].shape[-1], H=arrays["d_y"].shape[-1])
    own.load_state_dict(parameters_of(arrays))
    leaves = {n: tg.tensor(a, requires_grad=True) for n, a in arrays.items() if n == "x" or n.startswith("state")}
    states = tuple(leaves[n] for n in sorted(leaves) if n != "x")
    y, final = run(own, leaves["x"], states if len(states) > 1 else states[0])
    final = final if isinstance(final, tuple) else (final,)
    leaves |= dict(own.named_parameters())
    loss = _loss(arrays, y, final, lambda a: a)
    if penalty:
        loss.backward(create_graph=True)
        g = leaves["x"].grad
        for leaf in leaves.values():
            leaf.grad = None
        loss = (g * g).sum()
    loss.backward()
    return _solution(y, final, {n: leaf.grad for n, leaf in leaves.items()}, tg.Tensor.numpy)


def torchs(kind, arrays, penalty=False):
    import torch

    leaves = {n: torch.tensor(a, requires_grad=True) for n, a in arrays.items() if not n.startswith("d_")}
    step = _torch_step(torch, kind, leaves)
    state = (leaves["state.0"], leaves["state.1"]) if kind == "lstm" else leaves["state.0"]
    outputs = []
    for x in leaves["x"]:
        state = step(x, state)
        outputs.append(state[0] if kind == "lstm" else state)
    y, final = torch.stack(outputs), state if kind == "lstm" else (state,)
    loss = _loss(arrays, y, final, torch.tensor)
    if penalty:
        loss = torch.autograd.grad(loss, leaves["x"], create_graph=True)[0].square().sum()
    gradients = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    return _solution(y, final, dict(zip(leaves, gradients, strict=True)), lambda a: a.detach().numpy())


def _loss(arrays, y, final, lifted):
    loss = (y * lifted(arrays["d_y"])).sum()
    for k, s in enumerate(final):
        loss = loss + (s * lifted(arrays[f"d_final.{k}"])).sum()
    return loss


def _solution(y, final, gradients, plain):
    found = {"y": y} | {f"final.{k}": s for k, s in enumerate(final)}
    found |= {f"grad.{name}": g for name, g in gradients.items() if g is not None}
    return {name: plain(value) for name, value in found.items()}


def _torch_step(torch, kind, p):
    """PyTorch's own cell with these parameters; the reset-before GRU, which it has not, from its ops."""
    dtype, bias = p["x"].dtype, "bias_ih" in p
    if kind == "gru-before":
        zero = torch.zeros(len(p["weight_ih"]), dtype=dtype)
        b, d, n = p.get("bias_ih", zero), p.get("bias_hh", zero), p["state.0"].shape[1]
        W, R = p["weight_ih"], p["weight_hh"]

        def step(x, h):
            gates = x @ W[: 2 * n].T + b[: 2 * n] + h @ R[: 2 * n].T + d[: 2 * n]
            r, z = torch.sigmoid(gates).chunk(2, dim=1)
            new = torch.tanh(x @ W[2 * n :].T + b[2 * n :] + (r * h) @ R[2 * n :].T + d[2 * n :])
            return (1 - z) * new + z * h

        return step
    make = {"rnn": torch.nn.RNNCell, "lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}[kind[:4].rstrip("-")]
    facts = {"nonlinearity": kind[4:]} if kind.startswith("rnn") else {}
    module = make(p["x"].shape[-1], p["state.0"].shape[-1], bias=bias, dtype=dtype, **facts)
    return lambda x, state: torch.func.functional_call(module, {n: p[n] for n in parameters_of(p)}, (x, state))
