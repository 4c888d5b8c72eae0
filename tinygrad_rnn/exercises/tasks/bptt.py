"""Back-propagation through time: one weight, used at every step."""

import numpy as np

from ...ops import tanh
from ..comparing import several
from ..description import Exercise, Quantity, mistake
from ..engine import gradients


def check(mine, random):
    T, H = 4, 2
    xs, gs = random.normal(size=(2, T, 1, H)).round(2)
    R = (random.normal(size=(H, H)) / 2).round(2)
    h0 = random.normal(size=(1, H)).round(2)

    def loss(R):
        h, total = h0, 0.0
        for t in range(T):
            h = tanh(h @ R + xs[t])
            total = total + (h * gs[t]).sum()
        return total

    (expected,) = gradients(loss, R)
    states = [h0]
    for t in range(T):
        states.append(np.tanh(states[-1] @ R + xs[t]))
    got_states, d_R = several("backward", mine.backward(xs, h0, R, gs), "states", "δR")
    yield Quantity("states", got_states, np.array(states), "hₜ = tanh(hₜ₋₁ R + xₜ); states[0] = h₀, states[t] = hₜ")
    yield Quantity("δR", d_R, expected, "δR = Σₜ hₜ₋₁ᵀ δaₜ, δhₜ = gₜ + δaₜ₊₁ Rᵀ, δaₜ = δhₜ (1 − hₜ²)", f"T = {T}")


EXERCISE = Exercise(
    title=("Through time", "穿过时间"),
    task=(
        "hₜ = tanh(hₜ₋₁ R + xₜ) for T steps, from h₀ on. The loss of step t says gs[t] = ∂ℓₜ/∂hₜ, (1, H). Return the array of all "
        "states, h₀ first, (T + 1, 1, H), and ∂L/∂R, where L is the sum of all steps' losses. Two things arrive at hₜ: its own "
        "loss, and the step after. R was used T times.",
        "hₜ = tanh(hₜ₋₁ R + xₜ)，共 T 步，从 h₀ 开始。第 t 步的损失给出 gs[t] = ∂ℓₜ/∂hₜ，(1, H)。请返回全部状态的数组（h₀ 在最前，(T + 1, 1, H)）"
        "和 ∂L/∂R，L 是各步损失之和。到达 hₜ 的有两部分：自己的损失和后一步。R 被用了 T 次。",
    ),
    starter="""
import numpy as np


def backward(xs, h0, R, gs):
    T = len(xs)
    states = np.zeros((T + 1, *xs.shape[1:]))
    states[0] = h0
    for t in range(T):
        states[t + 1] = ...
    d_R = np.zeros_like(R)
    arrived = np.zeros_like(xs[0])  # from the step after || 来自后一步
    for t in reversed(range(T)):
        ...
    return states, d_R
""",
    solution="""
import numpy as np


def backward(xs, h0, R, gs):
    T = len(xs)
    states = np.zeros((T + 1, *xs.shape[1:]))
    states[0] = h0
    for t in range(T):
        states[t + 1] = np.tanh(states[t] @ R + xs[t])
    d_R = np.zeros_like(R)
    arrived = np.zeros_like(xs[0])  # from the step after || 来自后一步
    for t in reversed(range(T)):
        d_h = gs[t] + arrived
        d_a = d_h * (1 - states[t + 1] ** 2)
        d_R += states[t].T @ d_a
        arrived = d_a @ R.T
    return states, d_R
""",
    check=check,
    hints=(("The body of the loop is the exercise before: δa, then δR and what goes to the step before.", "循环体就是上一题：先 δa，再 δR 和传给前一步的量。"),
           ("states[t + 1] is what step t made, states[t] what it was given.", "states[t + 1] 是第 t 步得到的，states[t] 是它收到的。")),
    mistakes=(
        mistake("arrived = d_a @ R.T", "arrived += d_a @ R.T",
                "What arrives at a step comes from the one after it alone: `arrived =`, not `+=`.", "到达一步的只来自紧接着的后一步：应是 `arrived =`，不是 `+=`。"),
        mistake("for t in reversed(range(T)):", "for t in range(T):",
                "You walk forward in time. Gradients come from the last step: reversed(range(T)).", "你在顺着时间走。梯度从最后一步传来：reversed(range(T))。"),
        mistake("d_R += ", "d_R = ", "You keep only one use of R, the first step's. It was used at every step: add.", "你只保留了 R 的一次使用（第一步）。每一步都用了它：要相加。"),
        mistake("gs[t] + arrived", "gs[t]", "Nothing comes back from the step after: δhₜ is its own loss AND δaₜ₊₁ Rᵀ. Yours does not go through time.",
                "后一步的梯度没有传回来：δhₜ 是自己的损失加上 δaₜ₊₁ Rᵀ。你的没有穿过时间。"),
        mistake("d_h = gs[t] + arrived", "d_h = arrived + gs[t] * (t == T - 1)", "Only the last step's loss is counted. Every step has one: add gs[t] at each.",
                "只算了最后一步的损失。每一步都有损失：每步都要加 gs[t]。"),
        mistake("states[t].T @ d_a", "states[t + 1].T @ d_a", "R was multiplied by the state before the step, states[t].", "R 乘的是这一步之前的状态 states[t]。"),
    ),
    after=("BPTT is the chain rule on the unrolled graph, and nothing else. `tg.grad_by_step` shows the terms of this sum.",
           "BPTT 就是展开图上的链式法则，别无其他。`tg.grad_by_step` 能显示这个和的各项。"),
)  # fmt: skip
