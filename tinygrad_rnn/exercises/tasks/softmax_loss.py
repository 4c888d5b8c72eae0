"""Softmax and cross-entropy, whose gradient is a difference."""

import numpy as np

from ...ops import exp, log
from ..description import Exercise, Quantity, mistake
from ..engine import gradients


def check(mine, random):
    z, target = random.normal(size=5).round(2), int(random.integers(5))
    given = f"z = {z}, target = {target}"
    p = np.exp(z) / np.exp(z).sum()
    yield Quantity("L", mine.loss(z, target), -np.log(p[target]), "L = −ln p[target], p = softmax(z)", given)
    (expected,) = gradients(lambda t: log(exp(t).sum()) - t[target], z)
    yield Quantity("δz", mine.backward(z, target), expected, "δz = p − onehot(target)", given)
    large = z + 1000.0
    given = f"z = {large}, target = {target}"
    formula = ("the same L: softmax does not change when all z grow alike", "同样的 L：z 整体平移时 softmax 不变")
    yield Quantity("L", mine.loss(large, target), -np.log(p[target]), formula, given)
    yield Quantity("δz", mine.backward(large, target), expected, "δz = p − onehot(target)", given)


EXERCISE = Exercise(
    title=("Softmax and its loss", "softmax 与交叉熵"),
    task=(
        "p = softmax(z), L = −ln p[target]. Write L, and ∂L/∂z. All z may be as large as 1000: take the largest out "
        "before you call np.exp, which changes nothing else.",
        "p = softmax(z)，L = −ln p[target]。请写出 L 和 ∂L/∂z。z 可能大到 1000：调用 np.exp 之前先减去最大值，结果不变。",
    ),
    starter="""
import numpy as np


def loss(z, target):
    return ...


def backward(z, target):
    return ...
""",
    solution="""
import numpy as np


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def loss(z, target):
    return -np.log(softmax(z)[target])


def backward(z, target):
    p = softmax(z)
    p[target] -= 1
    return p
""",
    check=check,
    hints=(
        ("L = ln Σ exp(z) − z[target]. Differentiate both parts.", "L = ln Σ exp(z) − z[target]。两部分分别求导。"),
        ("The derivative of ln Σ exp(z) by z_j is p_j; that of z[target] is 1 at the target.",
         "ln Σ exp(z) 对 z_j 的导数是 p_j；z[target] 的导数在 target 处为 1。"),
    ),
    mistakes=(
        mistake("    p[target] -= 1\n", "", "You return p. The term −z[target] is missing: it takes 1 away at the target.",
                "你返回了 p。少了 −z[target] 这一项：它在 target 处减 1。"),
        mistake("p[target] -= 1\n    return p", "p[target] -= 1\n    return -p",
                "The sign is wrong: going down along your gradient would make the right symbol less likely.",
                "符号反了：沿你的梯度下降会让正确的符号更不可能。"),
        mistake("    p[target] -= 1\n    return p", "    return -np.eye(len(z))[target] / p[target]",
                "That is ∂L/∂p. It still has to pass through softmax.", "那是 ∂L/∂p，还要穿过 softmax。"),
        mistake("np.exp(z - z.max())", "np.exp(z)",
                "exp(1000) is infinite. Take the largest z out first: softmax(z) = softmax(z − max z).",
                "exp(1000) 是无穷大。先减去最大的 z：softmax(z) = softmax(z − max z)。"),
    ),
    after=("What goes back is the difference between what was said and what was right; it adds up to 0.",
           "传回去的是“所说”与“正确”之差，总和为 0。"),
)  # fmt: skip
