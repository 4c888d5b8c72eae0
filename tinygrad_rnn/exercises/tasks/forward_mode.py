"""The same gradient without going back: real-time recurrent learning of one number."""

import numpy as np

from ..comparing import several
from ..description import Exercise, Quantity, mistake


def check(mine, random):
    xs, r = random.normal(size=4).round(2), round(float(random.normal()), 2)
    h, s, states, slopes = 0.0, 0.0, [], []
    for x in xs:
        new = np.tanh(r * h + x)
        s = (1 - new**2) * (h + r * s)
        h = new
        states.append(h)
        slopes.append(s)
    hs, ss = several("forward", mine.forward(xs, r), "h", "s")
    given = f"r = {r}, xs = {xs}"
    yield Quantity("h", hs, np.array(states), "hₜ = tanh(r hₜ₋₁ + xₜ), h₀ = 0", given)
    yield Quantity("s", ss, np.array(slopes), "sₜ = ∂hₜ/∂r = (1 − hₜ²)(hₜ₋₁ + r sₜ₋₁), s₀ = 0", given)


EXERCISE = Exercise(
    title=("Without going back", "不往回走"),
    task=(
        "hₜ = tanh(r hₜ₋₁ + xₜ), all of them numbers, h₀ = 0. Carry sₜ = ∂hₜ/∂r forward beside hₜ. r acts in two ways on hₜ: "
        "directly, and through hₜ₋₁. Return two arrays: all hₜ and all sₜ. This is forward mode; for recurrent networks it is "
        "called real-time recurrent learning.",
        "hₜ = tanh(r hₜ₋₁ + xₜ)，全是数，h₀ = 0。在计算 hₜ 的同时向前携带 sₜ = ∂hₜ/∂r。r 对 hₜ 有两条影响：直接的，和经过 hₜ₋₁ 的。"
        "请返回两个数组：所有 hₜ 和所有 sₜ。这就是前向模式；在循环网络里叫实时循环学习 (RTRL)。",
    ),
    starter="""
import numpy as np


def forward(xs, r):
    h, s = 0.0, 0.0
    states, slopes = [], []
    for x in xs:
        ...
        states.append(h)
        slopes.append(s)
    return np.array(states), np.array(slopes)
""",
    solution="""
import numpy as np


def forward(xs, r):
    h, s = 0.0, 0.0
    states, slopes = [], []
    for x in xs:
        new = np.tanh(r * h + x)
        s = (1 - new ** 2) * (h + r * s)
        h = new
        states.append(h)
        slopes.append(s)
    return np.array(states), np.array(slopes)
""",
    check=check,
    hints=(("The derivative of r·hₜ₋₁ by r is hₜ₋₁ + r · ∂hₜ₋₁/∂r.", "r·hₜ₋₁ 对 r 的导数是 hₜ₋₁ + r · ∂hₜ₋₁/∂r。"),
           ("Keep the new h in a variable of its own until s is computed: s needs the old one.", "先把新的 h 放在另一个变量里：计算 s 还要用旧的。")),
    mistakes=(
        mistake("(h + r * s)", "h", "Only the direct way is there. r also acted on hₜ₋₁: add r sₜ₋₁.", "只有直接的影响。r 也影响了 hₜ₋₁：要加上 r sₜ₋₁。"),
        mistake("(h + r * s)", "(new + r * s)", "r multiplies hₜ₋₁; yours has the new state there. Was h overwritten too early?", "r 乘的是 hₜ₋₁；你用了新状态。h 是不是过早被覆盖了？"),
        mistake("(1 - new ** 2) * (h + r * s)", "h + r * s", "The slope of tanh, 1 − hₜ², is missing.", "缺了 tanh 的斜率 1 − hₜ²。"),
    ),
    after=("Nothing of the past is kept, but s is as large as state times weights: H³ numbers for a matrix R. BPTT keeps the past instead.",
           "过去什么也不用保存，但 s 有“状态 × 权重”那么大：对矩阵 R 是 H³ 个数。BPTT 则保存过去。"),
)  # fmt: skip
