"""The rules of tanh and of the logistic function, from their results."""

import numpy as np

from ...ops import sigmoid, tanh
from ..description import Exercise, Quantity, mistake
from ..engine import gradients


def check(mine, random):
    x, g = random.normal(size=(2, 4)).round(2)
    for name, op, function, formula in (
        ("tanh", tanh, np.tanh, "δx = g (1 − y²)"),
        ("sigmoid", sigmoid, lambda a: 1 / (1 + np.exp(-a)), "δx = g y (1 − y)"),
    ):
        y = function(x)
        (expected,) = gradients(lambda t, op=op: (op(t) * g).sum(), x)
        got = getattr(mine, f"{name}_backward")(y, g)
        yield Quantity(f"δx of {name}", got, expected, formula, f"y = {np.round(y, 3)}, g = {g}")


EXERCISE = Exercise(
    title=("tanh and the gate", "tanh 与门函数"),
    task=(
        "y = tanh(x), or y = σ(x) = 1 / (1 + exp(−x)), entry by entry. Given y (not x) and g = ∂L/∂y, return ∂L/∂x. "
        "Both derivatives can be written with y alone, so a network need not keep x.",
        "y = tanh(x)，或 y = σ(x) = 1 / (1 + exp(−x))，逐元素计算。已知 y（不是 x）和 g = ∂L/∂y，请返回 ∂L/∂x。"
        "两个导数都能只用 y 写出，所以网络不必保存 x。",
    ),
    starter="""
def tanh_backward(y, g):
    return ...


def sigmoid_backward(y, g):
    return ...
""",
    solution="""
def tanh_backward(y, g):
    return g * (1 - y * y)


def sigmoid_backward(y, g):
    return g * y * (1 - y)
""",
    check=check,
    hints=(
        ("tanh is flat where y is near ±1, and has slope 1 where y = 0. Which expression in y says that?",
         "y 接近 ±1 时 tanh 很平，y = 0 处斜率为 1。哪个关于 y 的式子是这样？"),
        ("tanh' = 1 − tanh²; σ' = σ (1 − σ), at most 1/4.", "tanh' = 1 − tanh²；σ' = σ (1 − σ)，最大 1/4。"),
    ),
    mistakes=(
        mistake("1 - y * y", "1 - y", "You wrote 1 − y. The derivative of tanh is 1 − y², which is even: it is the same at y and −y.",
                "你写成了 1 − y。tanh 的导数是 1 − y²，是偶函数：在 y 与 −y 处相同。"),
        mistake("1 - y * y", "1 - __import__('numpy').tanh(y) ** 2",
                "You applied tanh once more. What you were given is already y = tanh(x).", "你又算了一次 tanh。给你的已经是 y = tanh(x)。"),
        mistake("g * y * (1 - y)", "g * (1 - y * y)",
                "That is the rule of tanh. The logistic function has σ' = y (1 − y).", "那是 tanh 的规则。σ' = y (1 − y)。"),
        mistake("g * y * (1 - y)", "y * (1 - y)", "You forgot g, what arrives from the loss.", "你漏了从损失传来的 g。"),
    ),
    after=("σ' is at most 1/4: a gradient that passes many gates in a row fades. Remember that when you meet the LSTM.",
           "σ' 最大只有 1/4：连过许多门的梯度会衰减。学到 LSTM 时请记住这一点。"),
)  # fmt: skip
