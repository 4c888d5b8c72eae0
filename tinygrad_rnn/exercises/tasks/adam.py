"""A step of Adam."""

import numpy as np

from ..comparing import several
from ..description import Exercise, Quantity, mistake


def check(mine, random):
    w, m, v = random.normal(size=3).round(2), np.zeros(3), np.zeros(3)
    rate, b1, b2, eps = 0.1, 0.9, 0.999, 1e-3
    for t in (1, 2):
        g = random.normal(size=3).round(2)
        m_new, v_new = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        w_new = w - rate * (m_new / (1 - b1**t)) / (np.sqrt(v_new / (1 - b2**t)) + eps)
        got = several("step", mine.step(w, g, m, v, t, rate, b1, b2, eps), "w", "m", "v")
        given = f"t = {t}, g = {g}"
        yield Quantity("m", got[1], m_new, "m ← β₁ m + (1 − β₁) g", given)
        yield Quantity("v", got[2], v_new, "v ← β₂ v + (1 − β₂) g²", given)
        yield Quantity("w", got[0], w_new, "w ← w − rate · m̂ / (√v̂ + ε), m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ)", given)
        w, m, v = w_new, m_new, v_new


EXERCISE = Exercise(
    title=("A step of Adam", "Adam 的一步"),
    task=(
        "Adam keeps a running mean m of the gradient and v of its square, both 0 before step t = 1. Because they begin at 0 "
        "they are too small at first, which dividing by 1 − b1 ** t and 1 − b2 ** t puts right. Return the new w, m and v.",
        "Adam 保存梯度的滑动平均 m 和梯度平方的滑动平均 v，在第 t = 1 步之前都是 0。因为从 0 开始，它们起初偏小，"
        "除以 1 − b1 ** t 和 1 − b2 ** t 可以纠正。请返回新的 w、m、v。",
    ),
    starter="""
import numpy as np


def step(w, g, m, v, t, rate, b1, b2, eps):
    m = ...
    v = ...
    w = ...
    return w, m, v
""",
    solution="""
import numpy as np


def step(w, g, m, v, t, rate, b1, b2, eps):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g ** 2
    w = w - rate * (m / (1 - b1 ** t)) / (np.sqrt(v / (1 - b2 ** t)) + eps)
    return w, m, v
""",
    check=check,
    hints=(("A running mean: b1 parts of the old, 1 − b1 parts of the new.", "滑动平均：旧值占 b1，新值占 1 − b1。"),
           ("Correct m and v only where w is computed; what is returned is uncorrected.", "只在计算 w 时校正 m 和 v；返回的是未校正的值。")),
    mistakes=(
        mistake("(m / (1 - b1 ** t))", "m", "m is not corrected: at step 1 it is only a tenth of the gradient.", "m 没有校正：第 1 步时它只有梯度的十分之一。"),
        mistake("(m / (1 - b1 ** t)) / (np.sqrt(v / (1 - b2 ** t)) + eps)", "m / (np.sqrt(v) + eps)",
                "m̂ and v̂ are missing: neither m nor v is corrected for having begun at 0.", "缺了 m̂ 和 v̂：m 和 v 都没有校正从 0 开始的偏差。"),
        mistake("(np.sqrt(v / (1 - b2 ** t)) + eps)", "np.sqrt(v / (1 - b2 ** t) + eps)",
                "eps stands outside the root: it is added to √v̂.", "eps 在根号外面：它加在 √v̂ 上。"),
        mistake("g ** 2", "g", "v is the mean of the SQUARE of the gradient.", "v 是梯度平方的平均。"),
        mistake("w - rate", "w + rate", "The step goes uphill: subtract it.", "这一步是上坡：应当减去。"),
        mistake("np.sqrt(v / (1 - b2 ** t))", "v / (1 - b2 ** t)", "The root of v is missing, without which the step has not the unit of w's rate.", "缺了 v 的平方根。"),
    ),
    after=("At step 1, m̂/√v̂ is ±1: every entry moves by the rate, whatever the size of its gradient.",
           "第 1 步时 m̂/√v̂ 是 ±1：不管梯度大小，每个分量都移动 rate。"),
)  # fmt: skip
