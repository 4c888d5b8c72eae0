"""BPTT that keeps few states and computes the others again."""

import numpy as np

from ...core.tensor import Tensor
from ...ops import tanh
from ..comparing import several
from ..description import Exercise, Quantity, mistake


def check(mine, random):
    T, k = 9, 3
    xs, r = random.normal(size=T).round(2), round(float(random.normal()), 2)
    R, h, states = Tensor(np.array(r), requires_grad=True), Tensor(np.array(0.0)), [0.0]
    for x in xs:
        h = tanh(R * h + x)
        states.append(float(h.numpy()))
    (h * h).backward()
    assert R.grad is not None
    kept, d_r = several("checkpointed", mine.checkpointed(xs, r, k), "kept", "δr")
    given = f"r = {r}, k = {k}"
    yield Quantity(
        "kept", kept, np.array(states[:-1:k]), "the state before each segment: h before steps 0, k, 2k, …", given
    )
    yield Quantity("δr", d_r, float(R.grad.numpy()), "the same as BPTT that keeps all", given)


EXERCISE = Exercise(
    title=("Checkpoints", "检查点"),
    task=(
        "hₜ = tanh(r hₜ₋₁ + xₜ), h₋₁ = 0, L = h² of the last step. Forward, keep only the state before each segment of k steps. Backward, "
        "take the segments from the last to the first: compute the states of one again, and go back through it. Return the array of kept "
        "states and ∂L/∂r. T is a multiple of k.",
        "hₜ = tanh(r hₜ₋₁ + xₜ)，h₋₁ = 0，L 是最后一步的 h²。前向时只保存每段 k 步之前的状态。反向时从最后一段到第一段：重新算出一段的状态，再往回走过它。"
        "请返回保存的状态数组和 ∂L/∂r。T 是 k 的倍数。",
    ),
    starter="""
import numpy as np


def checkpointed(xs, r, k):
    h, kept = 0.0, []
    for t, x in enumerate(xs):
        if t % k == 0:
            kept.append(h)
        h = np.tanh(r * h + x)
    d_r, d_h = 0.0, 2 * h
    for s in reversed(range(len(kept))):
        states = [kept[s]]  # of this segment, computed again || 这一段的状态，重新计算
        ...
    return np.array(kept), d_r
""",
    solution="""
import numpy as np


def checkpointed(xs, r, k):
    h, kept = 0.0, []
    for t, x in enumerate(xs):
        if t % k == 0:
            kept.append(h)
        h = np.tanh(r * h + x)
    d_r, d_h = 0.0, 2 * h
    for s in reversed(range(len(kept))):
        states = [kept[s]]  # of this segment, computed again || 这一段的状态，重新计算
        for x in xs[s * k : (s + 1) * k]:
            states.append(np.tanh(r * states[-1] + x))
        for t in reversed(range(k)):
            d_a = d_h * (1 - states[t + 1] ** 2)
            d_r += d_a * states[t]
            d_h = d_a * r
    return np.array(kept), d_r
""",
    check=check,
    hints=(
        ("Segment s has the inputs xs[s * k : (s + 1) * k] and begins with kept[s].", "第 s 段的输入是 xs[s * k : (s + 1) * k]，从 kept[s] 开始。"),
        ("Two loops inside: forward through the segment, then backward through it; d_h goes on to the segment before.",
         "里面有两个循环：先前向走过这一段，再反向走过；d_h 继续传给前一段。"),
    ),
    mistakes=(
        mistake("            d_h = d_a * r\n", "            d_h = d_a * r\n        d_h = 0.0\n", "You cut the gradient between segments: that is truncation. Checkpoints lose nothing; δh goes on.",
                "你在段之间切断了梯度：那是截断。检查点什么也不丢；δh 继续传。"),
        mistake("states = [kept[s]]", "states = [0.0]", "A segment begins with its kept state, not with 0.", "一段从保存的状态开始，不是从 0 开始。"),
        mistake("xs[s * k : (s + 1) * k]", "xs[:k]", "Every segment has inputs of its own: xs[s * k : (s + 1) * k].", "每一段有自己的输入：xs[s * k : (s + 1) * k]。"),
        mistake("reversed(range(len(kept)))", "range(len(kept))", "The segments are taken from the first to the last. δh begins at the end.",
                "你从第一段走到最后一段。δh 从末尾开始。"),
    ),
    after=("Memory falls from T to T/k + k, least at k = √T, for one more forward pass. `checkpoint='sqrt'` does it in `tg.scan`.",
           "内存从 T 降到 T/k + k，k = √T 时最小，代价是多一次前向。`tg.scan` 中的 `checkpoint='sqrt'` 就是它。"),
)  # fmt: skip
