"""The two rules of a product."""

from ..comparing import several
from ..description import Exercise, Quantity, mistake


def check(mine, random):
    a, b, g = random.normal(size=3).round(2)
    given = f"a = {a}, b = {b}, g = {g}"
    d_a, d_b = several("backward", mine.backward(a, b, g), "δa", "δb")
    yield Quantity("δa", d_a, g * b, "δa = g · ∂(a·b)/∂a = g · b", given)
    yield Quantity("δb", d_b, g * a, "δb = g · ∂(a·b)/∂b = g · a", given)


EXERCISE = Exercise(
    title=("A product", "乘积"),
    task=(
        "y = a · b, and somewhere later there is a loss L. You are given g = ∂L/∂y. Return ∂L/∂a and ∂L/∂b, which we "
        "call δa and δb. Replace each `...`.",
        "y = a · b，后面某处有损失 L。已知 g = ∂L/∂y，请返回 ∂L/∂a 和 ∂L/∂b，记作 δa 和 δb。把每个 `...` 换成你的表达式。",
    ),
    starter="""
def backward(a, b, g):
    d_a = ...
    d_b = ...
    return d_a, d_b
""",
    solution="""
def backward(a, b, g):
    d_a = g * b
    d_b = g * a
    return d_a, d_b
""",
    check=check,
    hints=(
        ("Hold b still: how fast does a · b grow with a?", "固定 b：a · b 随 a 变化多快？"),
        ("The chain rule multiplies: ∂L/∂a = ∂L/∂y · ∂y/∂a, and ∂y/∂a = b.", "链式法则是相乘：∂L/∂a = ∂L/∂y · ∂y/∂a，而 ∂y/∂a = b。"),
    ),
    mistakes=(
        mistake("g * b", "g * a", "g * a\n    return", "g * b\n    return",
                "You gave each factor its own value. The derivative of a · b by a is the OTHER factor, b.",
                "你给每个因子乘了它自己。a · b 对 a 的导数是另一个因子 b。"),
        mistake("g * b", "b", "g * a", "a",
                "You forgot g, what arrives from the loss. b is only ∂y/∂a; the chain rule multiplies it by ∂L/∂y.",
                "你漏了从损失传来的 g。b 只是 ∂y/∂a；链式法则还要乘以 ∂L/∂y。"),
        mistake("g * b", "g", "g * a", "g",
                "You passed g on unchanged. That is the rule of a sum; a product also multiplies by the other factor.",
                "你把 g 原样传了下去。那是加法的规则；乘法还要乘以另一个因子。"),
    ),
    after=("An op's backward rule needs what arrives (g) and values of the forward pass (a and b): they must be kept.",
           "一个运算的反向规则需要传来的 g 和前向的值（a 和 b），因此它们必须保存下来。"),
)  # fmt: skip
