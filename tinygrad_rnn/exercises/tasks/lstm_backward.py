"""A whole LSTM, forward and backward through time."""

import numpy as np

from ...ops import sigmoid, tanh
from ..comparing import several
from ..description import Exercise, Quantity, mistake
from ..engine import gradients


def _run(xs, W, R, one, two):
    """The sum of h² over all steps; W: (D, 4H) and R: (H, 4H) in the order i, f, g, o."""
    H = R.shape[0]
    h, c, total = np.zeros((xs.shape[1], H)), np.zeros((xs.shape[1], H)), 0.0
    for x in xs:
        a = x @ W + h @ R
        i, f, g, o = one(a[:, :H]), one(a[:, H : 2 * H]), two(a[:, 2 * H : 3 * H]), one(a[:, 3 * H :])
        c = f * c + i * g
        h = o * two(c)
        total = total + (h * h).sum()
    return total


def check(mine, random):
    T, B, D, H = 4, 2, 2, 2
    xs = random.normal(size=(T, B, D)).round(2)
    W, R = random.normal(size=(D, 4 * H)).round(2), random.normal(size=(H, 4 * H)).round(2)
    loss = float(_run(xs, W, R, lambda a: 1 / (1 + np.exp(-a)), np.tanh))
    d_W, d_R = gradients(lambda W, R: _run(xs, W, R, sigmoid, tanh), W, R)
    got = several("gradients", mine.gradients(xs, W, R), "L", "δW", "δR")
    sizes = f"T, B, D, H = {T}, {B}, {D}, {H}"
    yield Quantity("L", got[0], loss, "L = Σₜ Σ hₜ²", sizes)
    yield Quantity("δW", got[1], d_W, "δW = Σₜ xₜᵀ δaₜ, δaₜ = (δa_i, δa_f, δa_g, δa_o) side by side", sizes)
    yield Quantity("δR", got[2], d_R, "δR = Σₜ hₜ₋₁ᵀ δaₜ", sizes)


EXERCISE = Exercise(
    title=("A whole LSTM", "完整的 LSTM"),
    task=(
        "xs is (T, B, D). W is (D, 4H) and R is (H, 4H): the columns of i, f, g and o side by side, in this order; no biases. "
        "h and c begin at 0, and L is the sum of h² over all steps. Return L, ∂L/∂W and ∂L/∂R. All parts are in the exercises before: "
        "keep what each step made, then walk back with two gradients in your hands, δh and δc.",
        "xs 为 (T, B, D)。W 为 (D, 4H)，R 为 (H, 4H)：i、f、g、o 的列依次并排；没有偏置。h 和 c 从 0 开始，L 是所有步的 h² 之和。"
        "请返回 L、∂L/∂W、∂L/∂R。所有部分前面都做过：保存每一步的结果，然后带着 δh 和 δc 两个梯度往回走。",
    ),
    starter="""
import numpy as np


def gradients(xs, W, R):
    ...
    return L, d_W, d_R
""",
    solution="""
import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def gradients(xs, W, R):
    H = len(R)
    h = c = np.zeros((xs.shape[1], H))
    L, kept = 0.0, []
    for x in xs:
        i, f, g, o = np.split(x @ W + h @ R, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        before, old = h, c
        c = f * old + i * g
        h = o * np.tanh(c)
        L += (h * h).sum()
        kept.append((x, before, old, i, f, g, o, c, h))
    d_W, d_R = np.zeros_like(W), np.zeros_like(R)
    from_h = from_c = np.zeros_like(h)
    for x, before, old, i, f, g, o, c, h in reversed(kept):
        d_h = 2 * h + from_h
        d_c = from_c + d_h * o * (1 - np.tanh(c) ** 2)
        d_a = np.concatenate(
            [d_c * g * i * (1 - i), d_c * old * f * (1 - f), d_c * i * (1 - g ** 2), d_h * np.tanh(c) * o * (1 - o)], axis=1
        )
        d_W += x.T @ d_a
        d_R += before.T @ d_a
        from_h, from_c = d_a @ R.T, d_c * f
    return L, d_W, d_R
""",
    check=check,
    hints=(("Forward: put (x, h before, c before, i, f, g, o, c, h) of each step into a list.", "前向：把每一步的 (x, 之前的 h, 之前的 c, i, f, g, o, c, h) 存入列表。"),
           ("Backward: δh = 2 h + what came from the step after; then the exercise before; then δa Rᵀ and δc f go on.",
            "反向：δh = 2 h + 后一步传来的；然后就是上一题；最后 δa Rᵀ 和 δc f 继续往前传。")),
    mistakes=(
        mistake("2 * h + from_h", "2 * h", "δh lacks what comes back through R from the step after.", "δh 缺了后一步经 R 传回的部分。"),
        mistake("from_c + d_h * o", "d_h * o", "δc lacks what comes back along the cell state, δc f of the step after.", "δc 缺了沿记忆单元状态传回的部分，即后一步的 δc f。"),
        mistake("2 * h + from_h", "h + from_h", "The derivative of h² is 2 h.", "h² 的导数是 2 h。"),
        mistake("before.T @ d_a", "h.T @ d_a", "R was multiplied by the state before the step.", "R 乘的是这一步之前的状态。"),
    ),
    after=("You have written by hand what `loss.backward()` derives from the graph. `tg.check_backward` checks such code for any cell.",
           "你手写了 `loss.backward()` 从图中自动推导的东西。`tg.check_backward` 可以检查任何单元的这种代码。"),
)  # fmt: skip
