"""How far a gradient reaches: the product of the steps' Jacobians."""

import numpy as np

from ..description import Exercise, Quantity, mistake


def check(mine, random):
    T, H = 5, 3
    R = (random.normal(size=(H, H)) / 2).round(2)
    states = np.tanh(random.normal(size=(T, H))).round(3)
    first = (R * (1 - states[0] ** 2)).T
    yield Quantity("J of a step", mine.jacobian(R, states[0]), first, "J[i, j] = ∂hₜ[i]/∂hₜ₋₁[j] = (1 − hₜ[i]²) R[j, i]",
                   f"hₜ = {states[0]}")  # fmt: skip
    product, norms = np.eye(H), []
    for h in states:
        product = (R * (1 - h**2)).T @ product
        norms.append(np.linalg.norm(product, 2))
    yield Quantity("norms", mine.norms(R, states), np.array(norms), "norms[t] = ‖Jₜ … J₁ J₀‖₂, the largest stretch")


EXERCISE = Exercise(
    title=("Why gradients fade", "梯度为何消失"),
    task=(
        "hₜ = tanh(hₜ₋₁ R + …). Write jacobian(R, h): the matrix J with J[i, j] = ∂hₜ[i]/∂hₜ₋₁[j], where h is hₜ, (H,). "
        "Then norms(R, states): for every t the largest singular value (np.linalg.norm(…, 2)) of the product of all Jacobians "
        "from step 0 to t, the later ones on the left. A gradient that goes back through those steps shrinks or grows so.",
        "hₜ = tanh(hₜ₋₁ R + …)。请写 jacobian(R, h)：矩阵 J，J[i, j] = ∂hₜ[i]/∂hₜ₋₁[j]，h 即 hₜ，(H,)。"
        "再写 norms(R, states)：对每个 t，从第 0 步到第 t 步所有雅可比矩阵之积（靠后的在左边）的最大奇异值 (np.linalg.norm(…, 2))。"
        "穿过这些步往回走的梯度就这样缩小或增大。",
    ),
    starter="""
import numpy as np


def jacobian(R, h):
    return ...


def norms(R, states):
    product, found = np.eye(len(R)), []
    for h in states:
        product = ...
        found.append(...)
    return np.array(found)
""",
    solution="""
import numpy as np


def jacobian(R, h):
    return (1 - h * h)[:, None] * R.T


def norms(R, states):
    product, found = np.eye(len(R)), []
    for h in states:
        product = jacobian(R, h) @ product
        found.append(np.linalg.norm(product, 2))
    return np.array(found)
""",
    check=check,
    hints=(("hₜ[i] = tanh(Σⱼ hₜ₋₁[j] R[j, i] + …): R's second index is the one that goes out.", "hₜ[i] = tanh(Σⱼ hₜ₋₁[j] R[j, i] + …)：R 的第二个下标是输出。"),
           ("J = diag(1 − hₜ²) Rᵀ.", "J = diag(1 − hₜ²) Rᵀ。")),
    mistakes=(
        mistake("(1 - h * h)[:, None] * R.T", "(1 - h * h)[:, None] * R", "R is not transposed: hₜ = hₜ₋₁ R has rows on the left, so ∂hₜ[i]/∂hₜ₋₁[j] = R[j, i].",
                "R 没有转置：hₜ = hₜ₋₁ R 中行向量在左边，所以 ∂hₜ[i]/∂hₜ₋₁[j] = R[j, i]。"),
        mistake("(1 - h * h)[:, None] * R.T", "(1 - h * h) * R.T", "The slopes 1 − h² belong to the rows of J (to hₜ), not to its columns.",
                "斜率 1 − h² 属于 J 的行（hₜ），不属于列。"),
        mistake("jacobian(R, h) @ product", "product @ jacobian(R, h)", "The later Jacobian stands on the left: hₜ is a function of hₜ₋₁, which is one of hₜ₋₂.",
                "靠后的雅可比矩阵在左边：hₜ 是 hₜ₋₁ 的函数，hₜ₋₁ 又是 hₜ₋₂ 的函数。"),
        mistake("product, 2)", "product)", "Without the 2, NumPy sums the squares of all entries (Frobenius). The largest stretch is the largest singular value.",
                "不写 2 时 NumPy 算的是所有分量的平方和（Frobenius）。最大伸缩是最大奇异值。"),
    ),
    after=("A factor below 1 at every step fades exponentially, one above 1 explodes. `tg.gradient_flow` measures it for any cell.",
           "每步都乘小于 1 的因子会指数衰减，大于 1 会爆炸。`tg.gradient_flow` 可对任何单元测量。"),
)  # fmt: skip
