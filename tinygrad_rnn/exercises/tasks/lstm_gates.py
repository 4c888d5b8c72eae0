"""Back through one step of an LSTM: δc, the gates, and what goes to the step before."""

import numpy as np

from ...ops import sigmoid, tanh
from ..comparing import several
from ..description import Exercise, Quantity, mistake
from ..engine import gradients

NAMES = ("δa_i", "δa_f", "δa_g", "δa_o", "δcₜ₋₁")
FORMULAS = (
    "δa_i = δc g i (1 − i)",
    "δa_f = δc cₜ₋₁ f (1 − f)",
    "δa_g = δc i (1 − g²)",
    "δa_o = δh tanh(new) o (1 − o)",
    "δcₜ₋₁ = δc f",
)


def check(mine, random):
    a, c = random.normal(size=(4, 3)).round(2), random.normal(size=3).round(2)
    d_h, d_c = random.normal(size=(2, 3)).round(2)
    i, f, o = (1 / (1 + np.exp(-a[k])) for k in (0, 1, 3))
    g = np.tanh(a[2])
    new = f * c + i * g

    def loss(a_i, a_f, a_g, a_o, c):
        now = sigmoid(a_f) * c + sigmoid(a_i) * tanh(a_g)
        return (sigmoid(a_o) * tanh(now) * d_h).sum() + (now * d_c).sum()

    expected = gradients(loss, *a, c)
    got = several("backward", mine.backward(i, f, g, o, c, new, d_h, d_c), *NAMES)
    for k in (3, 0, 1, 2, 4):
        yield Quantity(NAMES[k], got[k], expected[k], f"{FORMULAS[k]}; δc = d_new + δh o (1 − tanh²(new))")


EXERCISE = Exercise(
    title=("Back through the gates", "穿过门往回走"),
    task=(
        "One step as before: new = f c + i g, h = o tanh(new). Two gradients arrive: d_h at h, and d_new at new, from the step "
        "after. First all of δc at new: d_new and what comes through h. Then return the gradients of the sums a_i, a_f, a_g, a_o "
        "(before σ and tanh), and of c.",
        "与上一题同样的一步：new = f c + i g，h = o tanh(new)。到达两个梯度：h 处的 d_h，和来自后一步、new 处的 d_new。"
        "先求 new 处完整的 δc：d_new 加上经过 h 的部分。然后返回四个和 a_i、a_f、a_g、a_o（在 σ 与 tanh 之前）以及 c 的梯度。",
    ),
    starter="""
import numpy as np


def backward(i, f, g, o, c, new, d_h, d_new):
    d_c = ...
    d_ai = ...
    d_af = ...
    d_ag = ...
    d_ao = ...
    return d_ai, d_af, d_ag, d_ao, ...
""",
    solution="""
import numpy as np


def backward(i, f, g, o, c, new, d_h, d_new):
    d_c = d_new + d_h * o * (1 - np.tanh(new) ** 2)
    d_ai = d_c * g * i * (1 - i)
    d_af = d_c * c * f * (1 - f)
    d_ag = d_c * i * (1 - g ** 2)
    d_ao = d_h * np.tanh(new) * o * (1 - o)
    return d_ai, d_af, d_ag, d_ao, d_c * f
""",
    check=check,
    hints=(("new is read twice: by h = o tanh(new), and by the step after.", "new 被用了两次：h = o tanh(new)，以及后一步。"),
           ("δf = δc · c, and σ gives δa_f = δf · f (1 − f). The other gates are the same with their own partners.",
            "δf = δc · c，再经 σ：δa_f = δf · f (1 − f)。其他门同理，各有自己的因子。")),
    mistakes=(
        mistake("d_new + d_h * o", "d_h * o", "What the step after says of c is missing: δc = d_new + δh o (1 − tanh²(new)). Without it nothing is remembered for long.",
                "缺了后一步对 c 的梯度：δc = d_new + δh o (1 − tanh²(new))。没有它就没有长期记忆。"),
        mistake(" * (1 - np.tanh(new) ** 2)", "", "h shows tanh of c: its slope 1 − tanh²(c) is missing in δc.", "h 显示的是 tanh(c)：δc 缺了斜率 1 − tanh²(c)。"),
        mistake("d_c * c * f * (1 - f)", "d_c * new * f * (1 - f)", "f multiplied the OLD cell state, cₜ₋₁.", "f 乘的是旧的记忆单元状态 cₜ₋₁。"),
        mistake("d_c * i * (1 - g ** 2)", "d_c * i * g * (1 - g)", "g is a tanh: its slope is 1 − g².", "g 是 tanh：斜率为 1 − g²。"),
        mistake("* o * (1 - o)", "* o", "δo still has to pass σ: times o (1 − o), so 1 − o is missing.", "δo 还要穿过 σ：乘 o (1 − o)，你少了 1 − o。"),
    ),
    after=("δcₜ₋₁ = δc f: where f stays near 1 a gradient travels hundreds of steps. `tg.derive(tg.nn.LSTMCell(2, 3))` prints these lines.",
           "δcₜ₋₁ = δc f：只要 f 接近 1，梯度可以走几百步。`tg.derive(tg.nn.LSTMCell(2, 3))` 会打印这些公式。"),
)  # fmt: skip
