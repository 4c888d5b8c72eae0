"""One step of a GRU, reset before and after the product."""

import numpy as np

from ..description import Exercise, Quantity, mistake


def check(mine, random):
    B, H = 2, 3
    x_r, x_z, x_n, h = random.normal(size=(4, B, H)).round(2)
    R_r, R_z, R_n = random.normal(size=(3, H, H)).round(2)
    r, z = (1 / (1 + np.exp(-(x + h @ R))) for x, R in ((x_r, R_r), (x_z, R_z)))
    for after in (True, False):
        n = np.tanh(x_n + (r * (h @ R_n) if after else (r * h) @ R_n))
        formula = "n = tanh(x_n + r (h R_n))" if after else "n = tanh(x_n + (r h) R_n)"
        got = mine.step(x_r, x_z, x_n, h, R_r, R_z, R_n, after)
        yield Quantity("hₜ", got, (1 - z) * n + z * h, f"hₜ = (1 − z) n + z hₜ₋₁, {formula}", f"reset_after = {after}")


EXERCISE = Exercise(
    title=("A step of a GRU", "GRU 的一步"),
    task=(
        "x_r, x_z, x_n are what comes from the input, (B, H) each. The gates r (reset) and z (update) are σ of x + h R with their "
        "own R. The candidate n is tanh, and r decides how much of the past it sees: with reset_after r multiplies the product "
        "h R_n (PyTorch), without it r multiplies h before the product (Cho et al. 2014). The new h is (1 − z) n + z h.",
        "x_r、x_z、x_n 是来自输入的部分，各为 (B, H)。门 r（重置）和 z（更新）是 x + h R 的 σ，各用自己的 R。候选 n 用 tanh，"
        "r 决定它看到多少过去：reset_after 为真时 r 乘在乘积 h R_n 上（PyTorch），否则 r 在乘积之前乘 h (Cho et al. 2014)。新的 h 是 (1 − z) n + z h。",
    ),
    starter="""
import numpy as np


def step(x_r, x_z, x_n, h, R_r, R_z, R_n, reset_after):
    r = ...
    z = ...
    n = ...
    return ...
""",
    solution="""
import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def step(x_r, x_z, x_n, h, R_r, R_z, R_n, reset_after):
    r = sigmoid(x_r + h @ R_r)
    z = sigmoid(x_z + h @ R_z)
    past = r * (h @ R_n) if reset_after else (r * h) @ R_n
    n = np.tanh(x_n + past)
    return (1 - z) * n + z * h
""",
    check=check,
    hints=(("Two gates first, exactly alike.", "先算两个门，写法完全相同。"), ("past = r * (h @ R_n) if reset_after else (r * h) @ R_n.", "按 reset_after 选择：past = r * (h @ R_n) if reset_after else (r * h) @ R_n。")),
    mistakes=(
        mistake("(1 - z) * n + z * h", "z * n + (1 - z) * h", "z and 1 − z are exchanged. Here z says how much of the OLD state is kept; some papers write it the other way round.",
                "z 与 1 − z 交换了。这里 z 决定保留多少旧状态；有些论文写法相反。"),
        mistake("r * (h @ R_n) if reset_after else (r * h) @ R_n", "(r * h) @ R_n", "With reset_after, r multiplies the product h R_n, not h.", "reset_after 为真时 r 乘的是乘积 h R_n，不是 h。"),
        mistake("r * (h @ R_n) if reset_after else (r * h) @ R_n", "r * (h @ R_n)", "Without reset_after, r multiplies h before the product.", "reset_after 为假时 r 在乘积之前乘 h。"),
        mistake("n = np.tanh(x_n + past)", "n = sigmoid(x_n + past)", "The candidate n is tanh, no gate.", "候选 n 用 tanh，不是门。"),
    ),
    after=("The two variants are different functions with the same weights: whoever loads weights must ask which one it was.",
           "同样的权重，两种变体是不同的函数：加载权重时必须问清是哪一种。"),
)  # fmt: skip
