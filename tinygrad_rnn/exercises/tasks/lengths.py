"""Sequences of different lengths in one batch."""

import numpy as np

from ...core.tensor import Tensor
from ...ops import tanh
from ..comparing import several
from ..description import Exercise, Quantity, mistake


def check(mine, random):
    lengths = np.array([4, 2])
    xs, r = random.normal(size=(4, 2)).round(2), round(float(random.normal()), 2)
    R, loss, finals = Tensor(np.array(r), requires_grad=True), Tensor(np.array(0.0)), []
    for b, n in enumerate(lengths):
        h = Tensor(np.array(0.0))
        for x in xs[:n, b]:
            h = tanh(R * h + x)
        finals.append(float(h.numpy()))
        loss = loss + h * h
    loss.backward()
    assert R.grad is not None
    got = several("masked", mine.masked(xs, r, lengths), "h", "δr")
    given = f"r = {r}, lengths = {lengths.tolist()}"
    yield Quantity(
        "h", got[0], np.array(finals), "the state after the last step of each sequence; then it stays", given
    )
    yield Quantity(
        "δr",
        got[1],
        float(R.grad.numpy()),
        "only steps inside a sequence add to δr; δh passes the others unchanged",
        given,
    )


EXERCISE = Exercise(
    title=("Padding", "填充"),
    task=(
        "A batch of B sequences of numbers, (T, B), filled up at the end; lengths (B,) says how many steps of each are real. "
        "hₜ = tanh(r hₜ₋₁ + xₜ) inside; outside, h stays as it is. L is the sum of the last states' squares. Return the last states, (B,), and ∂L/∂r. "
        "What is filled up must change neither.",
        "一批 B 个数的序列，(T, B)，末尾填充过；lengths (B,) 说明每个序列有几步是真的。在序列之内 hₜ = tanh(r hₜ₋₁ + xₜ)；之外 h 保持不变。"
        "L 是最后状态的平方和。请返回最后的状态 (B,) 和 ∂L/∂r。填充的部分对两者都不能有影响。",
    ),
    starter="""
import numpy as np


def masked(xs, r, lengths):
    states = [np.zeros(len(lengths))]
    for t, x in enumerate(xs):
        inside = t < lengths
        states.append(...)
    d_r, d_h = 0.0, 2 * states[-1]
    for t in reversed(range(len(xs))):
        inside = t < lengths
        ...
    return states[-1], d_r
""",
    solution="""
import numpy as np


def masked(xs, r, lengths):
    states = [np.zeros(len(lengths))]
    for t, x in enumerate(xs):
        inside = t < lengths
        states.append(np.where(inside, np.tanh(r * states[-1] + x), states[-1]))
    d_r, d_h = 0.0, 2 * states[-1]
    for t in reversed(range(len(xs))):
        inside = t < lengths
        d_a = np.where(inside, d_h * (1 - states[t + 1] ** 2), 0.0)
        d_r += (d_a * states[t]).sum()
        d_h = np.where(inside, d_a * r, d_h)
    return states[-1], d_r
""",
    check=check,
    hints=(
        ("np.where(inside, what a step makes, what was there).", "np.where(inside, 这一步的结果, 原来的值)。"),
        ("Where a step did nothing, its derivative is 1: δh passes unchanged, and r gets nothing.", "某一步什么也没做时，导数是 1：δh 原样通过，r 得不到任何贡献。"),
    ),
    mistakes=(
        mistake("np.where(inside, np.tanh(r * states[-1] + x), states[-1])", "np.where(inside, np.tanh(r * states[-1] + x), 0.0)",
                "The state becomes 0 past the end. It should stay what it was: it is the result of the short sequence.", "序列结束后状态成了 0。它应保持不变：那就是短序列的结果。"),
        mistake("np.where(inside, d_a * r, d_h)", "d_a * r", "δh is lost on its way through the filled part. Those steps did nothing, so it passes unchanged.",
                "δh 在填充部分丢失了。那些步什么也没做，所以它应原样通过。"),
        mistake("np.where(inside, d_h * (1 - states[t + 1] ** 2), 0.0)", "d_h * (1 - states[t + 1] ** 2)", "Filled steps add to δr. They did not use r: their δa is 0.",
                "填充的步也加进了 δr。它们没有用 r：δa 为 0。"),
        mistake("inside = t < lengths\n        states", "inside = t <= lengths\n        states", "One step too many: with length n the steps 0 to n − 1 are inside.", "多了一步：长度为 n 时，第 0 到 n − 1 步在内。"),
    ),
    after=("`lengths=` of `tg.scan` and of the layers does this, in the compiled loop too.", "`tg.scan` 和各层的 `lengths=` 就是这样做的，编译后的循环也一样。"),
)  # fmt: skip
