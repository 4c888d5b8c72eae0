"""The backward pass of one step of an Elman network."""

import numpy as np

from ...ops import tanh
from ..comparing import several
from ..description import Exercise, Quantity, mistake
from ..engine import gradients
from .rnn_step import draw

NAMES = ("δx", "δh", "δW", "δR", "δb")
FORMULAS = ("δx = δa Wᵀ", "δhₜ₋₁ = δa Rᵀ", "δW = xᵀ δa", "δR = hₜ₋₁ᵀ δa", "δb = Σ rows of δa")


def check(mine, random):
    x, h, W, R, b = draw(random)
    g = random.normal(size=(3, 2)).round(2)
    new = np.tanh(x @ W + h @ R + b)
    expected = gradients(lambda x, h, W, R, b: (tanh(x @ W + h @ R + b) * g).sum(), x, h, W, R, b)
    got = several("backward", mine.backward(x, h, W, R, new, g), *NAMES)
    for name, mine_, right, formula in zip(NAMES, got, expected, FORMULAS, strict=True):
        yield Quantity(name, mine_, right, f"{formula}, δa = g (1 − hₜ²)")


EXERCISE = Exercise(
    title=("Back through a step", "穿过一步往回走"),
    task=(
        "new = tanh(a), a = x @ W + h @ R + b, as in the exercise before. Given g = ∂L/∂new, (B, H), return the gradients "
        "of x, h, W, R and b, in this order. First δa; all five follow from it by the rules you know.",
        "new = tanh(a)，a = x @ W + h @ R + b，同上一题。已知 g = ∂L/∂new，(B, H)，请按顺序返回 x、h、W、R、b 的梯度。"
        "先求 δa；五个梯度都由它按已知的规则得到。",
    ),
    starter="""
def backward(x, h, W, R, new, g):
    d_a = ...
    d_x = ...
    d_h = ...
    d_W = ...
    d_R = ...
    d_b = ...
    return d_x, d_h, d_W, d_R, d_b
""",
    solution="""
def backward(x, h, W, R, new, g):
    d_a = g * (1 - new * new)
    d_x = d_a @ W.T
    d_h = d_a @ R.T
    d_W = x.T @ d_a
    d_R = h.T @ d_a
    d_b = d_a.sum(axis=0)
    return d_x, d_h, d_W, d_R, d_b
""",
    check=check,
    hints=(("δa = g · (1 − new²), entry by entry.", "δa = g · (1 − new²)，逐元素。"),
           ("A product gives two gradients: δx = δa Wᵀ and δW = xᵀ δa. b was broadcast to all rows: its gradient is a sum over rows.",
            "一个乘积给出两个梯度：δx = δa Wᵀ，δW = xᵀ δa。b 被广播到所有行：它的梯度是各行之和。")),
    mistakes=(
        mistake("g * (1 - new * new)", "g", "You went around tanh: δa = g (1 − new²).", "你绕过了 tanh：δa = g (1 − new²)。"),
        mistake("h.T @ d_a", "new.T @ d_a", "R was multiplied by the state BEFORE the step, h, not by the new one.",
                "R 乘的是这一步之前的状态 h，不是新状态。"),
        mistake("d_a @ R.T", "d_a @ R", "R needs its transpose on the way back: δh = δa Rᵀ.", "往回走时 R 要转置：δh = δa Rᵀ。"),
        mistake("d_a.sum(axis=0)", "d_a.mean(axis=0)", "b served every row; their wishes add up. A mean divides by B, which only the loss may do.",
                "b 为每一行服务，梯度应相加。求平均多除了 B，那只能由损失来做。"),
    ),
    after=("δh is what the step before will get as its g. That is all there is to back-propagation through time.",
           "δh 就是前一步将收到的 g。随时间反向传播不过如此。"),
)  # fmt: skip
