"""A cell of one's own, for the library to differentiate."""

import numpy as np

from ...core.tensor import Tensor
from ..description import Exercise, Quantity, mistake
from ..engine import gradients


def check(mine, random):
    D, H = 2, 3
    W, R = random.normal(size=(D, H)).round(2), random.normal(size=(H, H)).round(2)
    x, h = random.normal(size=(4, D)).round(2), random.normal(size=(4, H)).round(2)
    cell = mine.Leaky(W, R)
    output, state = cell.step(Tensor(x), Tensor(h))
    expected = 0.9 * h + np.tanh(x @ W + h @ R)
    formula = "hₜ = 0.9 hₜ₋₁ + tanh(xₜ W + hₜ₋₁ R)"
    yield Quantity("output", output, expected, formula)
    yield Quantity("state", state, expected, ("the new state, which goes to the next step", "新状态，传给下一步"))
    (d_h,) = gradients(lambda t: cell.step(Tensor(x), t)[0].sum(), h)
    right = 0.9 + (1 - np.tanh(x @ W + h @ R) ** 2) @ R.T
    yield Quantity("δhₜ₋₁", d_h, right, ("0.9 δhₜ + δaₜ Rᵀ: derived from your graph", "0.9 δhₜ + δaₜ Rᵀ：由你的图推导"))


EXERCISE = Exercise(
    title=("A cell of your own", "自己的单元"),
    task=(
        "A leaky RNN: hₜ = 0.9 hₜ₋₁ + tanh(xₜ W + hₜ₋₁ R). Write its step with the library's operations, on tensors: it returns the output "
        "and the new state, here both h. No backward pass is written: it is derived from the graph that your step leaves.",
        "漏积分 RNN：hₜ = 0.9 hₜ₋₁ + tanh(xₜ W + hₜ₋₁ R)。请用库的运算在张量上写出它的一步：返回输出和新状态，这里都是 h。不用写反向传播：它由这一步留下的图推导出来。",
    ),
    starter="""
import tinygrad_rnn as tg


class Leaky(tg.nn.Cell):
    def __init__(self, W, R):
        self.input_size = len(W)
        self.W, self.R = tg.nn.Parameter(W), tg.nn.Parameter(R)

    def initial_state(self, batch):
        return self.zeros(batch, len(self.R))

    def step(self, x, h):
        h = ...
        return h, h
""",
    solution="""
import tinygrad_rnn as tg


class Leaky(tg.nn.Cell):
    def __init__(self, W, R):
        self.input_size = len(W)
        self.W, self.R = tg.nn.Parameter(W), tg.nn.Parameter(R)

    def initial_state(self, batch):
        return self.zeros(batch, len(self.R))

    def step(self, x, h):
        h = 0.9 * h + tg.tanh(x @ self.W + h @ self.R)
        return h, h
""",
    check=check,
    hints=(
        ("tg.tanh, @, * and + work on tensors as NumPy's do on arrays.", "tg.tanh、@、*、+ 在张量上与 NumPy 在数组上一样。"),
        ("h = 0.9 * h + tg.tanh(x @ self.W + h @ self.R), in this order of factors.", "h = 0.9 * h + tg.tanh(x @ self.W + h @ self.R)，注意因子的顺序。"),
    ),
    mistakes=(
        mistake("0.9 * h + tg.tanh(x @ self.W + h @ self.R)", "tg.tanh(0.9 * h + x @ self.W + h @ self.R)", "The leak belongs outside tanh: 0.9 h is added to what tanh gives.",
                "泄漏项在 tanh 之外：0.9 h 加在 tanh 的结果上。"),
        mistake("0.9 * h + ", "", "The leak is missing: 0.9 h of the state before.", "缺了泄漏项：之前状态的 0.9 h。"),
        mistake("        h = 0.9 * h + tg.tanh(x @ self.W + h @ self.R)\n        return h, h", "        new = 0.9 * h + tg.tanh(x @ self.W + h @ self.R)\n        return new, h",
                "You return the OLD state: the next step would begin where this one began.", "你返回了旧状态：下一步会从这一步的起点重新开始。"),
        mistake("0.9 * h + tg.tanh(x @ self.W + h @ self.R)", "0.9 * h + tg.tanh(x @ self.W + h.detach() @ self.R)",
                "detach cuts the graph: the numbers are right, and the gradient through R is lost.", "detach 切断了图：数值是对的，但经过 R 的梯度丢了。"),
    ),
    after=("Now `tg.draw`, `tg.derive`, `tg.explore` and `tg.scan` take your cell as they take the library's.",
           "现在 `tg.draw`、`tg.derive`、`tg.explore`、`tg.scan` 都能像对库里的单元一样使用你的单元。"),
)  # fmt: skip
