"""The chain rule through a neuron."""

import numpy as np

from ..comparing import several
from ..description import Exercise, Quantity, mistake


def check(mine, random):
    w, x, b, t = random.normal(size=4).round(2)
    y = np.tanh(w * x + b)
    d_z = 2 * (y - t) * (1 - y * y)
    given = f"w = {w}, x = {x}, b = {b}, t = {t}"
    d_y, d_w, d_x, d_b = several("backward", mine.backward(w, x, b, t), "δy", "δw", "δx", "δb")
    yield Quantity("δy", d_y, 2 * (y - t), "δy = 2 (y − t)", given)
    yield Quantity("δw", d_w, d_z * x, "δz = δy · (1 − y²),  δw = δz · x", given)
    yield Quantity("δx", d_x, d_z * w, "δx = δz · w", given)
    yield Quantity("δb", d_b, d_z, "δb = δz", given)


EXERCISE = Exercise(
    title=("One neuron, one chain", "一个神经元，一条链"),
    task=("A neuron and its loss:\n  z = w · x + b,   y = tanh(z),   L = (y − t)²\nReturn δy, δw, δx and δb, from the loss "
          "back to the inputs. The derivative of tanh is 1 − tanh².",
          "一个神经元和它的损失：\n  z = w · x + b,   y = tanh(z),   L = (y − t)²\n从损失往回走到输入，返回 δy、δw、δx、δb。tanh 的导数是 1 − tanh²。"),
    starter="""
import numpy as np


def backward(w, x, b, t):
    y = np.tanh(w * x + b)
    d_y = ...
    d_z = ...  # from δy through tanh || 由 δy 穿过 tanh
    d_w = ...
    d_x = ...
    d_b = ...
    return d_y, d_w, d_x, d_b
""",
    solution="""
import numpy as np


def backward(w, x, b, t):
    y = np.tanh(w * x + b)
    d_y = 2 * (y - t)
    d_z = d_y * (1 - y * y)
    d_w = d_z * x
    d_x = d_z * w
    d_b = d_z
    return d_y, d_w, d_x, d_b
""",
    check=check,
    hints=(("Go one arrow at a time: L → y → z → w.", "一次走一个箭头：L → y → z → w。"),
           ("δz = δy · (1 − y²). Then w · x is the product of the last exercise, and + passes δz on.",
            "δz = δy · (1 − y²)。随后 w · x 就是上一题的乘积，加号则原样传递 δz。")),
    mistakes=(
        mistake("d_y * (1 - y * y)", "d_y", "You went past tanh without its derivative: δz = δy · (1 − y²).",
                "你越过了 tanh 却没有乘它的导数：δz = δy · (1 − y²)。"),
        mistake("2 * (y - t)", "(y - t)", "The square's derivative is 2 (y − t); your 2 is missing.", "平方的导数是 2 (y − t)；你漏了 2。"),
        mistake("2 * (y - t)", "2 * (t - y)", "The difference is y − t; yours is t − y, so every gradient points uphill.",
                "差是 y − t；你写成了 t − y，于是所有梯度都反了方向。"),
        mistake("(1 - y * y)", "(1 - np.tanh(y) ** 2)",
                "You took tanh twice. y is tanh(z) already, so the derivative at z is 1 − y².", "你取了两次 tanh。y 已经是 tanh(z)，在 z 处的导数就是 1 − y²。"),
    ),
    after=("Every chain is walked like this: one local derivative at each arrow, multiplied into what arrives.",
           "每条链都这样走：每个箭头一个局部导数，乘到传来的量上。"),
)  # fmt: skip
