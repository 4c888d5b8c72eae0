"""The two rules of a matrix product."""

from ..comparing import several
from ..description import Exercise, Quantity, mistake


def check(mine, random):
    for m, n, k in ((2, 2, 2), (2, 3, 4)):
        A, B, G = (random.normal(size=s).round(2) for s in ((m, n), (n, k), (m, k)))
        d_A, d_B = several("backward", mine.backward(A, B, G), "δA", "δB")
        given = f"A {A.shape}, B {B.shape}, G {G.shape}"
        yield Quantity("δA", d_A, G @ B.T, "δA = G Bᵀ", given)
        yield Quantity("δB", d_B, A.T @ G, "δB = Aᵀ G", given)


EXERCISE = Exercise(
    title=("A matrix product", "矩阵乘积"),
    task=("Y = A @ B with A: (m, n) and B: (n, k). Given G = ∂L/∂Y: (m, k), return ∂L/∂A and ∂L/∂B. Each has the shape of what it "
          "is the gradient of, which almost tells you the answer; but first your answer is tried on square matrices, where every shape fits.",
          "Y = A @ B，A 为 (m, n)，B 为 (n, k)。已知 G = ∂L/∂Y，形状 (m, k)，请返回 ∂L/∂A 和 ∂L/∂B。梯度与原量形状相同，这几乎就给出了答案；"
          "不过先用方阵检查，那时什么形状都合得上。"),
    starter="""
def backward(A, B, G):
    d_A = ...
    d_B = ...
    return d_A, d_B
""",
    solution="""
def backward(A, B, G):
    d_A = G @ B.T
    d_B = A.T @ G
    return d_A, d_B
""",
    check=check,
    hints=(("Y_ij = Σ_l A_il B_lj. Which Y does A_il take part in, and with which factor?", "Y_ij = Σ_l A_il B_lj。A_il 参与了哪些 Y，因子是什么？"),
           ("δA_il = Σ_j G_ij B_lj, which is G @ B.T.", "δA_il = Σ_j G_ij B_lj，即 G @ B.T。")),
    mistakes=(
        mistake("G @ B.T", "G @ B", "B lacks its transpose: Y_ij uses A_il with B_lj, so the sum runs over B's second index, δA = G Bᵀ.",
                "B 缺转置：Y_ij 中 A_il 乘的是 B_lj，求和沿 B 的第二个下标，δA = G Bᵀ。"),
        mistake("A.T @ G", "A @ G", "A lacks its transpose: the sum runs over A's first index, δB = Aᵀ G.", "A 缺转置：求和沿 A 的第一个下标，δB = Aᵀ G。"),
        mistake("A.T @ G", "G @ A.T", "The factors stand in the wrong order. B was on the right, so Aᵀ comes from the left: δB = Aᵀ G.",
                "因子的顺序反了。B 原在右边，所以 Aᵀ 从左边乘：δB = Aᵀ G。"),
        mistake("G @ B.T", "B.T @ G", "The factors stand in the wrong order. A was on the left, so Bᵀ comes from the right: δA = G Bᵀ.",
                "因子的顺序反了。A 原在左边，所以 Bᵀ 从右边乘：δA = G Bᵀ。"),
    ),
    after=("The other factor, transposed, from the side on which it stood. These two products are most of the work of training.",
           "另一个因子，转置，从它原来那一侧乘。训练的大部分计算就是这两个乘积。"),
)  # fmt: skip
