"""Clipping all gradients by their common norm."""

import numpy as np

from ..description import Exercise, Quantity, mistake


def check(mine, random):
    for scale in (10.0, 0.01):
        gradients = [(scale * random.normal(size=s)).round(4) for s in ((2, 3), (3,))]
        norm = float(np.sqrt(sum((g**2).sum() for g in gradients)))
        factor = min(1.0, 1.0 / norm)
        got = mine.clipped([g.copy() for g in gradients], 1.0)
        for k, g in enumerate(gradients):
            yield Quantity(f"gradient {k}", got[k], g * factor, "g · min(1, max_norm / ‖all gradients‖)",
                           f"‖all gradients‖ = {norm:.4g}, max_norm = 1")  # fmt: skip


EXERCISE = Exercise(
    title=("Clipping", "梯度裁剪"),
    task=(
        "gradients is a list of arrays. If the norm of all their entries together is above max_norm, scale all of them by one "
        "factor, so that it is max_norm; otherwise return them as they are. The direction of the step must stay.",
        "gradients 是数组的列表。若所有数组的全部分量合起来的范数大于 max_norm，就用同一个因子缩放它们，使范数等于 max_norm；"
        "否则原样返回。步子的方向不能变。",
    ),
    starter="""
import numpy as np


def clipped(gradients, max_norm):
    norm = ...
    return [... for g in gradients]
""",
    solution="""
import numpy as np


def clipped(gradients, max_norm):
    norm = np.sqrt(sum((g ** 2).sum() for g in gradients))
    factor = min(1.0, max_norm / norm)
    return [g * factor for g in gradients]
""",
    check=check,
    hints=(("One norm for all: the root of the sum of all squares of all arrays.", "所有数组一个范数：全部平方和的平方根。"),
           ("factor = min(1, max_norm / norm), the same for every array.", "factor = min(1, max_norm / norm)，对每个数组相同。")),
    mistakes=(
        mistake("    return [g * factor", "    return [g * min(1.0, max_norm / np.sqrt((g ** 2).sum()))", "You scale each array by its own norm, which turns the direction of the whole step.",
                "你用每个数组自己的范数缩放，整个步子的方向就变了。"),
        mistake("[g * factor", "[np.clip(g, -max_norm, max_norm)", "You cut each entry. That is clipping by value, and it turns the direction.", "你截断了每个分量。那是按值裁剪，会改变方向。"),
        mistake("min(1.0, max_norm / norm)", "max_norm / norm", "Small gradients grow: where the norm is below max_norm nothing should change.",
                "小梯度被放大了：范数低于 max_norm 时不应改变。"),
        mistake("np.sqrt(sum((g ** 2).sum() for g in gradients))", "sum((g ** 2).sum() for g in gradients)", "You forgot the square root: that is the norm's square.",
                "你漏了平方根：那是范数的平方。"),
    ),
    after=("It helps against exploding gradients and does nothing for those that vanish.", "它对付梯度爆炸，对梯度消失毫无作用。"),
)  # fmt: skip
