"""The gradient of a weight by the time step that used it."""

import numpy as np

from ...core.tensor import Tensor
from ...ops import tanh
from ..description import Exercise, Quantity, mistake


def check(mine, random):
    T = 4
    xs, r = random.normal(size=T).round(2), round(float(random.normal()), 2)
    copies = [Tensor(np.array(r), requires_grad=True) for _ in range(T)]
    h = Tensor(np.array(0.0))
    for x, copy in zip(xs, copies, strict=True):
        h = tanh(copy * h + x)
    h.backward()
    expected = np.array([0.0 if c.grad is None else float(c.grad.numpy()) for c in copies])
    yield Quantity("by step", mine.by_step(xs, r), expected, "the t-th: δaₜ hₜ₋₁, with δaₜ = δhₜ (1 − hₜ²), δhₜ₋₁ = δaₜ r",
                   f"r = {r}, xs = {xs}")  # fmt: skip


EXERCISE = Exercise(
    title=("Which step wanted what", "哪一步想要什么"),
    task=(
        "hₜ = tanh(r hₜ₋₁ + xₜ), all of them numbers, h₋₁ = 0, and L is the last h alone. Return an array of T entries: how much the "
        "use of r at step t adds to ∂L/∂r. Their sum is the gradient that BPTT gives.",
        "hₜ = tanh(r hₜ₋₁ + xₜ)，全是数，h₋₁ = 0，L 就是最后的 h。请返回 T 个分量的数组：第 t 步使用 r 对 ∂L/∂r 贡献多少。它们的和就是 BPTT 的梯度。",
    ),
    starter="""
import numpy as np


def by_step(xs, r):
    states = [0.0]
    for x in xs:
        states.append(np.tanh(r * states[-1] + x))
    found = np.zeros(len(xs))
    d_h = 1.0
    for t in reversed(range(len(xs))):
        ...
    return found
""",
    solution="""
import numpy as np


def by_step(xs, r):
    states = [0.0]
    for x in xs:
        states.append(np.tanh(r * states[-1] + x))
    found = np.zeros(len(xs))
    d_h = 1.0
    for t in reversed(range(len(xs))):
        d_a = d_h * (1 - states[t + 1] ** 2)
        found[t] = d_a * states[t]
        d_h = d_a * r
    return found
""",
    check=check,
    hints=(
        ("It is BPTT, with found[t] = … in place of += .", "就是 BPTT，只是把 += 换成 found[t] = …。"),
        ("states[t + 1] is what step t made; r was multiplied by states[t].", "states[t + 1] 是第 t 步得到的；r 乘的是 states[t]。"),
    ),
    mistakes=(
        mistake("d_h = d_a * r", "d_h = d_h * r", "On its way back δh also passes tanh: δhₜ₋₁ = δaₜ r.", "往回走时 δh 也要穿过 tanh：δhₜ₋₁ = δaₜ r。"),
        mistake("found[t] = d_a * states[t]", "found[t] = d_a * states[t + 1]", "At step t, r was multiplied by the state before: states[t].",
                "第 t 步 r 乘的是之前的状态：states[t]。"),
        mistake("        d_h = d_a * r\n", "", "δh never changes: what step t passes to the one before is missing, δhₜ₋₁ = δaₜ r.",
                "δh 从没变过：缺了第 t 步传给前一步的 δhₜ₋₁ = δaₜ r。"),
        mistake("    return found", "    return np.cumsum(found[::-1])[::-1]", "You added the entries up. Here each step's own part is asked for.",
                "你把各项累加了。这里要的是每一步自己的部分。"),
    ),
    after=("The early steps have small parts: that is what fading looks like. `tg.grad_by_step` gives them for any weight.",
           "早期各步的部分很小：这就是梯度消失的样子。`tg.grad_by_step` 对任何权重都能给出。"),
)  # fmt: skip
