"""A second derivative, by the rules of the first."""

from ...ops import tanh
from ..comparing import several
from ..description import Exercise, Quantity, mistake
from ..engine import gradients


def check(mine, random):
    x = random.normal(size=3).round(2)
    (first,) = gradients(lambda t: tanh(t).sum(), x)
    (second,) = gradients(lambda t: (1 - tanh(t) * tanh(t)).sum(), x)
    got = several("derivatives", mine.derivatives(x), "y'", "y''")
    yield Quantity("y'", got[0], first, "y' = 1 − y²", f"x = {x}")
    yield Quantity("y''", got[1], second, "y'' = −2 y y' = −2 y (1 − y²)", f"x = {x}")


EXERCISE = Exercise(
    title=("Twice", "求两次导"),
    task=(
        "y = tanh(x). Its rule says y' = 1 − y². That is an expression in y, so it can be differentiated by the same rules: "
        "return y' and y''.",
        "y = tanh(x)。它的规则说 y' = 1 − y²。这是 y 的表达式，可以用同样的规则再求导：请返回 y' 和 y''。",
    ),
    starter="""
import numpy as np


def derivatives(x):
    y = np.tanh(x)
    first = ...
    second = ...
    return first, second
""",
    solution="""
import numpy as np


def derivatives(x):
    y = np.tanh(x)
    first = 1 - y * y
    second = -2 * y * first
    return first, second
""",
    check=check,
    hints=(
        ("y² is a product of y with itself: y is used twice.", "y² 是 y 与自己的乘积：y 被用了两次。"),
        ("d(1 − y²)/dx = −2 y · dy/dx, and dy/dx is what you have just computed.", "d(1 − y²)/dx = −2 y · dy/dx，而 dy/dx 你刚算过。"),
    ),
    mistakes=(
        mistake("-2 * y * first", "-2 * y", "That is the derivative of 1 − y² by y. By x it still takes the factor dy/dx = y'.",
                "那是 1 − y² 对 y 的导数。对 x 还要乘 dy/dx = y'。"),
        mistake("-2 * y * first", "-y * first", "y is used twice in y · y, and both uses count: the factor 2 is missing.",
                "y 在 y · y 中用了两次，两次都算：缺了因子 2。"),
        mistake("-2 * y * first", "2 * y * first", "The sign is wrong: tanh bends down where it is positive.", "符号错了：tanh 在正值处向下弯。"),
        mistake("-2 * y * first", "first * first", "You squared y'. The second derivative is the derivative of the first, not its square.",
                "你把 y' 平方了。二阶导数是一阶导数的导数，不是平方。"),
    ),
    after=("An engine whose rules are written with its own operations has every derivative for nothing.",
           "规则若用引擎自己的运算写成，任意阶导数都不用另写。"),
)  # fmt: skip
