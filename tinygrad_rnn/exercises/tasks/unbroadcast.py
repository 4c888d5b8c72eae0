"""The reverse of broadcasting is a sum."""

from ..description import Exercise, Quantity, mistake


def check(mine, random):
    for name, g_shape, shape, formula in (
        ("δb (3,)", (4, 3), (3,), "δb_j = Σ_i g_ij"),
        ("δb (4, 1)", (4, 3), (4, 1), "δb_i0 = Σ_j g_ij"),
        ("δb (1, 3)", (2, 4, 3), (1, 3), "δb_0k = Σ_ij g_ijk"),
        ("δb (4, 3)", (4, 3), (4, 3), "δb = g"),
    ):
        g = random.normal(size=g_shape).round(2)
        extra = len(g_shape) - len(shape)
        axes = tuple(k for k in range(len(g_shape)) if k < extra or (shape[k - extra] == 1 and g_shape[k] > 1))
        yield Quantity(
            name, mine.unbroadcast(g, shape), g.sum(axis=axes).reshape(shape), formula, f"g.shape = {g_shape}"
        )


EXERCISE = Exercise(
    title=("Broadcasting, backwards", "广播的反向"),
    task=("In y = x + b NumPy repeats a small b to the shape of y. One entry of b is then used several times, and its gradient is "
          "a SUM. Given g = ∂L/∂y and the shape of b, return ∂L/∂b, of just that shape. NumPy aligns shapes at their ends: it puts axes "
          "in front that b lacks, and stretches axes of size 1.",
          "在 y = x + b 中，NumPy 把小的 b 重复成 y 的形状。b 的一个分量于是被用了多次，它的梯度是一个和。已知 g = ∂L/∂y 和 b 的形状，"
          "请返回形状恰好相同的 ∂L/∂b。NumPy 从末尾对齐形状：在前面补上 b 没有的轴，并拉伸大小为 1 的轴。"),
    starter="""
import numpy as np


def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = ...  # an axis in front that b does not have || 前面 b 没有的轴
    for axis, size in enumerate(shape):
        if size == 1:
            g = ...  # an axis that was stretched from 1 || 由 1 拉伸出来的轴
    return g
""",
    solution="""
import numpy as np


def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g
""",
    check=check,
    hints=(("g.sum(axis=0) removes the first axis by adding over it.", "g.sum(axis=0) 沿第一个轴求和并去掉它。"),
           ("keepdims=True leaves an axis of size 1 where the sum was taken.", "keepdims=True 在求和处保留大小为 1 的轴。")),
    mistakes=(
        mistake("g.sum(axis=0)", "g.mean(axis=0)", "You take the mean. Every copy of b had its own effect on the loss, and they add up: the sum.",
                "你取了平均。b 的每个副本各自影响损失，要相加：用求和。"),
        mistake("g.sum(axis=0)", "g[0]", "You take one row of g. That is the gradient of one use of b; the others count as well: add them.",
                "你只取了 g 的一行。那只是 b 的一次使用的梯度；其余的也要算：相加。"),
        mistake("g = g.sum(axis=axis, keepdims=True)", "pass", "Axes in front are summed, but an axis of size 1 was stretched too: sum over it with keepdims=True.",
                "前面的轴已求和，但大小为 1 的轴也被拉伸过：对它求和，并用 keepdims=True。"),
        mistake(", keepdims=True", "", "The sum is right, but the axis is gone: keepdims=True leaves it with size 1.",
                "求和对了，但轴没有了：用 keepdims=True 保留大小为 1 的轴。"),
    ),
    after=("Repeating forward is adding backward. A bias in a batch, and a weight over time, are the same case.", "前向是重复，反向就是相加。批次中的偏置、时间上的权重，都是这种情形。"),
)  # fmt: skip
