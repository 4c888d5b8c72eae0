"""One step of an LSTM."""

import numpy as np

from ..comparing import several
from ..description import Exercise, Quantity, mistake


def check(mine, random):
    a = random.normal(size=(4, 3)).round(2)
    c = random.normal(size=3).round(2)
    i, f, o = (1 / (1 + np.exp(-a[k])) for k in (0, 1, 3))
    g = np.tanh(a[2])
    new = f * c + i * g
    got = several("step", mine.step(*a, c), "h", "c")
    yield Quantity("c", got[1], new, "cₜ = f cₜ₋₁ + i g, i = σ(a_i), f = σ(a_f), g = tanh(a_g)", f"cₜ₋₁ = {c}")
    yield Quantity("h", got[0], o * np.tanh(new), "hₜ = o tanh(cₜ), o = σ(a_o)", f"cₜ₋₁ = {c}")


EXERCISE = Exercise(
    title=("A step of an LSTM", "LSTM 的一步"),
    task=(
        "The four sums a_i, a_f, a_g and a_o (of x, h and biases, as in the RNN) are given, and the cell state c before the step. "
        "Three gates i, f, o are σ of theirs, the candidate g is tanh of its own. The new c keeps a part f of the old and takes "
        "a part i of g; the new h shows a part o of tanh(c). Return h, c.",
        "已给出四个和 a_i、a_f、a_g、a_o（由 x、h 和偏置得到，与 RNN 相同），以及这一步之前的记忆单元状态 c。三个门 i、f、o 是各自的 σ，"
        "候选 g 是 tanh。新的 c 保留旧值的 f 部分，吸收 g 的 i 部分；新的 h 显示 tanh(c) 的 o 部分。请返回 h, c。",
    ),
    starter="""
import numpy as np


def step(a_i, a_f, a_g, a_o, c):
    ...
    return h, c
""",
    solution="""
import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def step(a_i, a_f, a_g, a_o, c):
    i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)
    g = np.tanh(a_g)
    c = f * c + i * g
    h = o * np.tanh(c)
    return h, c
""",
    check=check,
    hints=(("σ(a) = 1 / (1 + exp(−a)).", "σ(a) = 1 / (1 + exp(−a))。"), ("c = f · c + i · g, then h = o · tanh(c) with the NEW c.", "c = f · c + i · g，然后用新的 c 算 h = o · tanh(c)。")),
    mistakes=(
        mistake("g = np.tanh(a_g)", "g = sigmoid(a_g)", "The candidate g is tanh, not a gate: it must be able to lower c.", "候选 g 用 tanh，不是门：它必须能让 c 减小。"),
        mistake("f * c + i * g", "i * c + f * g", "f and i are exchanged: f says what is kept, i what is taken in.", "f 与 i 交换了：f 决定保留，i 决定吸收。"),
        mistake("o * np.tanh(c)", "o * c", "h lacks tanh of c.", "h 少了 c 的 tanh。"),
        mistake("    c = f * c + i * g\n    h = o * np.tanh(c)", "    h = o * np.tanh(c)\n    c = f * c + i * g", "h is computed from the OLD c. First c, then h.", "h 用了旧的 c。先算 c，再算 h。"),
    ),
    after=("From cₜ₋₁ to cₜ there is only a product by f and a sum: no matrix, no tanh. That is the road the gradient takes.",
           "从 cₜ₋₁ 到 cₜ 只有乘 f 和加法：没有矩阵，没有 tanh。梯度走的就是这条路。"),
)  # fmt: skip
