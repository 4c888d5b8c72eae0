"""An operation of one's own: its value and its slope."""

import numpy as np

from ..description import Exercise, Quantity, mistake


def check(mine, random):
    x = np.concatenate([random.normal(size=3).round(2), [0.0]])
    given = f"x = {x}"
    y = x / (1 + np.abs(x))
    yield Quantity("y", mine.value(x), y, "y = x / (1 + |x|)", given)
    yield Quantity("dy/dx", mine.slope(y, x), 1 / (1 + np.abs(x)) ** 2, "dy/dx = 1 / (1 + |x|)²", given)


EXERCISE = Exercise(
    title=("An operation of your own", "自己的运算"),
    task=(
        "softsign: y = x / (1 + |x|), entry by entry. Write its value, and its slope dy/dx from y and x. The library asks for just "
        "these two: @tg.elementwise takes the slopes, and the function under it is the value.",
        "softsign：y = x / (1 + |x|)，逐元素。请写出它的值，以及由 y 和 x 得到的斜率 dy/dx。库只要这两样：@tg.elementwise 接收斜率，下面的函数就是值。",
    ),
    starter="""
import numpy as np


def value(x):
    return ...


def slope(y, x):
    return ...
""",
    solution="""
import numpy as np


def value(x):
    return x / (1 + np.abs(x))


def slope(y, x):
    return 1 / (1 + np.abs(x)) ** 2
""",
    check=check,
    hints=(
        ("For x > 0, y = x / (1 + x). Take the derivative of that quotient, and think of the mirror image.", "x > 0 时 y = x / (1 + x)。求这个商的导数，再想想镜像。"),
        ("(u/v)' = (u' v − u v') / v²: the numerator becomes 1 + |x| − |x| = 1.", "(u/v)' = (u' v − u v') / v²：分子成为 1 + |x| − |x| = 1。"),
    ),
    mistakes=(
        mistake("1 / (1 + np.abs(x)) ** 2", "1 / (1 + np.abs(x))", "You forgot that the denominator depends on x too. The quotient rule gives 1 / (1 + |x|)².",
                "你忘了分母也依赖 x。商的求导法则给出 1 / (1 + |x|)²。"),
        mistake("1 / (1 + np.abs(x)) ** 2", "np.sign(x) / (1 + np.abs(x)) ** 2", "The slope does not change its sign: softsign grows everywhere.",
                "斜率不变号：softsign 处处递增。"),
        mistake("1 / (1 + np.abs(x)) ** 2", "1 / (1 + x) ** 2", "|x| lost its bars: for negative x the slope mirrors that of positive x.",
                "丢了绝对值：x 为负时斜率与正的一侧对称。"),
        mistake("1 / (1 + np.abs(x)) ** 2", "1 - y ** 2", "That is the slope of tanh, which looks alike.", "那是 tanh 的斜率，两者只是看起来相像。"),
    ),
    after=("Declared once, it runs, differentiates to any order, is drawn and compiled: see “An op of your own” in the guide.",
           "声明一次，就能运行、任意阶求导、画出、编译：见指南中的“自己的运算”。"),
)  # fmt: skip
