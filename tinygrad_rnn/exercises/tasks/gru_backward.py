"""Back through a step of a GRU."""

import numpy as np

from ...ops import sigmoid, tanh
from ..comparing import several
from ..description import Exercise, Quantity, mistake
from ..engine import gradients

NAMES = ("δa_r", "δa_z", "δa_n", "δq", "δhₜ₋₁")
FORMULAS = (
    "δa_r = δa_n q r (1 − r)",
    "δa_z = g (hₜ₋₁ − n) z (1 − z)",
    "δa_n = g (1 − z)(1 − n²)",
    "δq = δa_n r",
    "the direct part: g z",
)


def check(mine, random):
    a_r, a_z, x_n, q, h = random.normal(size=(5, 3)).round(2)
    g = random.normal(size=3).round(2)
    r, z = 1 / (1 + np.exp(-a_r)), 1 / (1 + np.exp(-a_z))
    n = np.tanh(x_n + r * q)

    def loss(a_r, a_z, x_n, q, h):
        z = sigmoid(a_z)
        return (((1 - z) * tanh(x_n + sigmoid(a_r) * q) + z * h) * g).sum()

    expected = gradients(loss, a_r, a_z, x_n, q, h)
    got = several("backward", mine.backward(r, z, n, q, h, g), *NAMES)
    for k in (4, 1, 2, 3, 0):
        yield Quantity(NAMES[k], got[k], expected[k], FORMULAS[k])


EXERCISE = Exercise(
    title=("Back through a GRU", "穿过 GRU 往回走"),
    task=(
        "new = (1 − z) n + z h, n = tanh(a_n), a_n = x_n + r q, where q = h R_n is the product with the state (reset after), r = σ(a_r) and "
        "z = σ(a_z). Given g = ∂L/∂new, return the gradients of a_r, a_z, a_n and q, and the direct part of that of h: what comes through "
        "z h alone. (The rest of it comes through the products.)",
        "new = (1 − z) n + z h，n = tanh(a_n)，a_n = x_n + r q，其中 q = h R_n 是与状态的乘积（重置在后），r = σ(a_r)，z = σ(a_z)。"
        "已知 g = ∂L/∂new，请返回 a_r、a_z、a_n、q 的梯度，以及 h 的梯度的直接部分：只经过 z h 的那部分。（其余经过各个乘积。）",
    ),
    starter="""
def backward(r, z, n, q, h, g):
    d_an = ...
    d_az = ...
    d_q = ...
    d_ar = ...
    d_h = ...
    return d_ar, d_az, d_an, d_q, d_h
""",
    solution="""
def backward(r, z, n, q, h, g):
    d_an = g * (1 - z) * (1 - n * n)
    d_az = g * (h - n) * z * (1 - z)
    d_q = d_an * r
    d_ar = d_an * q * r * (1 - r)
    d_h = g * z
    return d_ar, d_az, d_an, d_q, d_h
""",
    check=check,
    hints=(
        ("z stands in two places: −n from the first, +h from the second.", "z 出现在两处：第一处给 −n，第二处给 +h。"),
        ("r q is a product: δr = δa_n q, δq = δa_n r.", "r q 是乘积：δr = δa_n q，δq = δa_n r。"),
    ),
    mistakes=(
        mistake("g * (h - n) * z", "g * h * z", "z is used twice: (1 − z) n gives −n as well. δz = g (h − n).", "z 用了两次：(1 − z) n 还给出 −n。δz = g (h − n)。"),
        mistake("g * (1 - z) * (1 - n * n)", "g * z * (1 - n * n)", "n is weighted by 1 − z, h by z.", "n 的权重是 1 − z，h 的是 z。"),
        mistake("d_an * q * r * (1 - r)", "d_an * q", "That is δr. It still has to pass σ: times r (1 − r).", "那是 δr。还要穿过 σ：乘 r (1 − r)。"),
        mistake("d_q = d_an * r", "d_q = d_an", "q was multiplied by r on its way: δq = δa_n r.", "q 经过时乘了 r：δq = δa_n r。"),
    ),
    after=("g z is the GRU's straight road: where z is near 1 a gradient passes unchanged, as along the LSTM's cell state.",
           "g z 是 GRU 的直路：z 接近 1 时梯度原样通过，就像沿着 LSTM 的记忆单元状态。"),
)  # fmt: skip
