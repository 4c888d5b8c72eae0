"""Reverse mode over a tape: a value used twice adds up."""

import numpy as np

from ..description import Exercise, Quantity, mistake


def check(mine, random):
    a, b = random.normal(size=2).round(2)
    # a, b, c = a·b, d = c + a, e = d·d, L = e + a
    d = a * b + a
    tape = [[], [], [(0, b), (1, a)], [(2, 1.0), (0, 1.0)], [(3, d), (3, d)], [(4, 1.0), (0, 1.0)]]
    found = mine.backward(tape)
    right = [2 * d * (b + 1) + 1, 2 * d * a, 2 * d, 2 * d, 1.0, 1.0]
    names = ["δa", "δb", "δc", "δd", "δe", "δL"]
    if not isinstance(found, (list, tuple, np.ndarray)) or len(found) != 6:
        yield Quantity("backward(tape)", found, right, "[δa, δb, δc, δd, δe, δL]")
        return
    formulas = ["δa = δL + δd + δc · b", "δb = δc · a", "δc = δd", "δd = δe · d + δe · d", "δe = δL", "δL = ∂L/∂L = 1"]
    for k in reversed(range(6)):
        given = f"a = {a}, b = {b}; c = a·b, d = c + a, e = d·d, L = e + a"
        yield Quantity(names[k], found[k], right[k], formulas[k], given)


EXERCISE = Exercise(
    title=("A value that is used twice", "被用了两次的值"),
    task=("The heart of reverse mode. A tape lists values in the order in which they were computed. tape[k] says what value "
          "k was computed from: pairs (i, d), where i is the index of an operand and d the local derivative ∂(value k)/∂(value i). "
          "The last value is the loss. Return a list with ∂L/∂(value k) for every k.",
          "反向模式的核心。tape（记录带）按计算的先后列出各个值。tape[k] 说明第 k 个值由什么算出：若干对 (i, d)，i 是操作数的下标，"
          "d 是局部导数 ∂(值 k)/∂(值 i)。最后一个值是损失。请返回一个列表，其中第 k 项是 ∂L/∂(值 k)。"),
    starter="""
def backward(tape):
    gradients = [0.0] * len(tape)
    gradients[-1] = ...  # ∂L/∂L
    # go back through the tape; every value hands its gradient to its operands || 沿记录带往回走；每个值把梯度交给它的操作数
    return gradients
""",
    solution="""
def backward(tape):
    gradients = [0.0] * len(tape)
    gradients[-1] = 1.0
    for k in reversed(range(len(tape))):
        for i, d in tape[k]:
            gradients[i] += gradients[k] * d
    return gradients
""",
    check=check,
    hints=(("Begin with 1 at the loss. Then for k from the last to the first, and each pair (i, d) of tape[k] …", "从损失处的 1 开始。然后 k 从最后到最前，对 tape[k] 的每一对 (i, d)……"),
           ("… gradients[i] += gradients[k] * d", "…… gradients[i] += gradients[k] * d")),
    mistakes=(
        mistake("+=", "=", "A value that is used twice gets two contributions. With = the later one overwrites the earlier: write +=.",
                "被用了两次的值有两份贡献。用 = 时后来的覆盖先来的：要写 +=。"),
        mistake("reversed(range(len(tape)))", "range(len(tape))",
                "You go forward through the tape. A value must know its own gradient before it hands it on: go from the last to the first.",
                "你沿记录带往前走了。一个值必须先知道自己的梯度才能传下去：要从最后走到最前。"),
        mistake("gradients[k] * d", "d", "You add the local derivative alone. It is multiplied by what arrived at value k, gradients[k].",
                "你只加了局部导数。还要乘以到达值 k 的梯度 gradients[k]。"),
        mistake("= 1.0", "= 0.0", "The loss's own gradient is ∂L/∂L = 1. From 0 everything becomes 0.", "损失自身的梯度是 ∂L/∂L = 1。从 0 开始则一切为 0。"),
    ),
    after=("These five lines are reverse mode. An RNN's weight is a value that is used T times: its gradient is a sum of T terms.",
           "这五行就是反向模式。RNN 的权重是一个被用了 T 次的值：它的梯度是 T 项之和。"),
)  # fmt: skip
