"""One step of an Elman network."""

import numpy as np

from ..description import Exercise, Quantity, mistake


def draw(random, B=3, D=2, H=2):
    """x, h, W, R, b."""
    return [random.normal(size=s).round(2) for s in ((B, D), (B, H), (D, H), (H, H), (H,))]


def check(mine, random):
    x, h, W, R, b = draw(random)
    yield Quantity("hₜ", mine.step(x, h, W, R, b), np.tanh(x @ W + h @ R + b), "hₜ = tanh(xₜ W + hₜ₋₁ R + b)")


EXERCISE = Exercise(
    title=("A step of an RNN", "RNN 的一步"),
    task=(
        "A batch of B rows: x is (B, D), h is the state before, (B, H); W is (D, H), R is (H, H), b is (H,). "
        "Return the new state: tanh of what comes from x, plus what comes from h, plus b.",
        "一批 B 行：x 为 (B, D)，h 是之前的状态，(B, H)；W 为 (D, H)，R 为 (H, H)，b 为 (H,)。"
        "请返回新状态：来自 x 的、来自 h 的与 b 三者之和的 tanh。",
    ),
    starter="""
import numpy as np


def step(x, h, W, R, b):
    return ...
""",
    solution="""
import numpy as np


def step(x, h, W, R, b):
    return np.tanh(x @ W + h @ R + b)
""",
    check=check,
    hints=(("Rows stand on the left of the products: x @ W, h @ R.", "行在乘积的左边：x @ W，h @ R。"),
           ("np.tanh of the sum of three things, of which b is broadcast to all rows.", "三项之和的 np.tanh，b 广播到所有行。")),
    mistakes=(
        mistake("h @ R", "h @ R.T", "R is transposed. Row i of h is multiplied by R as it is: h @ R.", "R 被转置了。h 的每一行乘的是 R 本身：h @ R。"),
        mistake("np.tanh(x @ W + h @ R + b)", "np.tanh(x @ W + h @ R) + b", "b belongs inside tanh, before the bend.", "b 应在 tanh 里面。"),
        mistake(" + h @ R", "", "The state before is missing: without h @ R the network remembers nothing.",
                "缺了之前的状态：没有 h @ R，网络什么也记不住。"),
        mistake("h @ R", "h * R[0]", "h * … mixes no entries of the state. It is a matrix product, h @ R.", "h * … 不会混合状态的分量。应为矩阵乘积 h @ R。"),
    ),
    after=("The same W, R and b at every step: a network over 100 steps has no more parameters than one over 3.",
           "每一步都用同样的 W、R、b：展开 100 步的参数并不比 3 步多。"),
)  # fmt: skip
