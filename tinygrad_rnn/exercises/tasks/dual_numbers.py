"""Forward mode: a value and its tangent, side by side."""

import numpy as np

from ..comparing import several
from ..description import Exercise, Quantity, mistake


def check(mine, random):
    a, da, b, db = random.normal(size=4).round(2)
    given = f"a = {a}, ȧ = {da}, b = {b}, ḃ = {db}"
    y, dy = several("multiply", mine.multiply((a, da), (b, db)), "y", "ẏ")
    yield Quantity("a · b", y, a * b, "y = a · b", given)
    yield Quantity("its tangent", dy, da * b + a * db, "ẏ = ȧ b + a ḃ", given)
    y, dy = several("sin", mine.sin((a, da)), "y", "ẏ")
    yield Quantity("sin a", y, np.sin(a), "y = sin a", given)
    yield Quantity("its tangent", dy, np.cos(a) * da, "ẏ = cos(a) ȧ", given)


EXERCISE = Exercise(
    title=("Forward mode", "前向模式"),
    task=(
        "A pair (value, tangent): the tangent says how fast the value grows when some input grows. Write multiply and sin "
        "on such pairs. Both results are pairs again, so a whole program computes its derivative as it goes, without going back.",
        "一个对 (值, 切向量)：切向量表示某个输入增大时该值变化多快。请在这样的对上写出 multiply 和 sin。"
        "两个结果仍是对，于是整个程序一边计算一边得到导数，不必往回走。",
    ),
    starter="""
import numpy as np


def multiply(a, b):
    (a, da), (b, db) = a, b
    return a * b, ...


def sin(a):
    a, da = a
    return np.sin(a), ...
""",
    solution="""
import numpy as np


def multiply(a, b):
    (a, da), (b, db) = a, b
    return a * b, da * b + a * db


def sin(a):
    a, da = a
    return np.sin(a), np.cos(a) * da
""",
    check=check,
    hints=(
        ("The product rule: (a b)' = a' b + a b'.", "乘积法则：(a b)' = a' b + a b'。"),
        ("The tangent of sin a is cos a times the tangent of a.", "sin a 的切向量是 cos a 乘以 a 的切向量。"),
    ),
    mistakes=(
        mistake("da * b + a * db", "da * db", "You multiplied the tangents. The product rule has two terms: ȧ b + a ḃ.",
                "你把两个切向量相乘了。乘积法则有两项：ȧ b + a ḃ。"),
        mistake("da * b + a * db", "da * b", "b moves too: the term a ḃ is missing.", "b 也在变：缺少 a ḃ 这一项。"),
        mistake("np.cos(a) * da", "np.cos(a)", "The chain goes on: cos a is to be multiplied by the tangent of a.",
                "链还要接下去：cos a 要乘以 a 的切向量。"),
        mistake("np.cos(a) * da", "-np.cos(a) * da", "The sign is wrong: the derivative of sin is cos. It is cos whose derivative has a minus.",
                "符号错了：sin 的导数是 cos。带负号的是 cos 的导数。"),
    ),
    after=("One run gives the derivative by one input; the backward pass gives those by all inputs at once. `tg.jvp` is forward mode.",
           "一次运行得到对一个输入的导数；反向传播一次得到对所有输入的导数。`tg.jvp` 就是前向模式。"),
)  # fmt: skip
