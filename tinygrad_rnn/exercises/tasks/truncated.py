"""Truncated BPTT: what a cut leaves out."""

import numpy as np

from ...core.tensor import Tensor
from ...ops import tanh
from ..description import Exercise, Quantity, mistake


def check(mine, random):
    T, k = 6, 2
    xs, r = random.normal(size=T).round(2), round(float(random.normal()), 2)
    R, h, loss = Tensor(np.array(r), requires_grad=True), Tensor(np.array(0.0)), Tensor(np.array(0.0))
    for t, x in enumerate(xs):
        if t % k == 0:
            h = h.detach()
        h = tanh(R * h + x)
        loss = loss + h * h
    loss.backward()
    assert R.grad is not None
    yield Quantity("δr", mine.truncated(xs, r, k), float(R.grad.numpy()), "BPTT inside windows of k steps; δh is 0 where a window ends",
                   f"r = {r}, k = {k}")  # fmt: skip


EXERCISE = Exercise(
    title=("Truncation", "截断"),
    task=(
        "hₜ = tanh(r hₜ₋₁ + xₜ), L = Σ hₜ². The steps are cut into windows of k. The state goes on from window to window, the gradient "
        "does not: nothing passes back from the first step of a window to the step before. Return this truncated ∂L/∂r. T is a multiple of k.",
        "hₜ = tanh(r hₜ₋₁ + xₜ)，L = Σ hₜ²。各步被切成每 k 步一个窗口。状态从一个窗口传到下一个，梯度不传："
        "窗口的第一步不向前一步传回任何东西。请返回这个截断的 ∂L/∂r。T 是 k 的倍数。",
    ),
    starter="""
import numpy as np


def truncated(xs, r, k):
    states = [0.0]
    for x in xs:
        states.append(np.tanh(r * states[-1] + x))
    d_r, from_after = 0.0, 0.0
    for t in reversed(range(len(xs))):
        ...
    return d_r
""",
    solution="""
import numpy as np


def truncated(xs, r, k):
    states = [0.0]
    for x in xs:
        states.append(np.tanh(r * states[-1] + x))
    d_r, from_after = 0.0, 0.0
    for t in reversed(range(len(xs))):
        d_h = 2 * states[t + 1] + from_after
        d_a = d_h * (1 - states[t + 1] ** 2)
        d_r += d_a * states[t]
        from_after = 0.0 if t % k == 0 else d_a * r
    return d_r
""",
    check=check,
    hints=(
        ("It is BPTT, but for one line: what goes to the step before is 0 at the first step of a window.", "除一行外就是 BPTT：在窗口的第一步，传给前一步的是 0。"),
        ("t is the first step of its window if t % k == 0.", "t % k == 0 时，t 是窗口的第一步。"),
    ),
    mistakes=(
        mistake("0.0 if t % k == 0 else d_a * r", "d_a * r", "That is full BPTT: the gradient still passes from window to window.", "那是完整的 BPTT：梯度仍在窗口之间传递。"),
        mistake("states.append(np.tanh(r * states[-1] + x))", "states.append(np.tanh(r * (states[-1] if (len(states) - 1) % k else 0.0) + x))",
                "You cut the state as well. Truncation keeps it: only the gradient stops.", "你把状态也切断了。截断保留状态：只有梯度停下。"),
        mistake("t % k == 0", "t % k == k - 1", "You cut after the last step of a window instead of before the first: the windows are shifted by one.",
                "你切在窗口的最后一步，而不是第一步之前：窗口错开了一步。"),
        mistake("d_r += d_a * states[t]", "d_r += d_a * states[t] * (t % k != 0)", "The first step of a window used r too, with the state it was given: only what goes further back is cut.",
                "窗口的第一步也用了 r（乘收到的状态）：切断的只是更往回的部分。"),
    ),
    after=("The price is a bias: what lies further back than k steps cannot be learned directly. `tg.strategies` has it, and measures it.",
           "代价是偏差：k 步以前的东西无法直接学到。`tg.strategies` 里有它，并能测量。"),
)  # fmt: skip
