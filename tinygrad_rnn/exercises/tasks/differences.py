"""Central differences: a gradient without any rule."""

import numpy as np

from ..description import Exercise, Quantity, mistake


def check(mine, random):
    x = random.normal(size=(2, 2)).round(2)
    weights = random.normal(size=(2, 2)).round(2)
    kept = x.copy()

    def f(v):
        return float((weights * np.exp(v)).sum())

    function = mine.numerical_gradient
    got = getattr(function, "__wrapped__", function)(f, x, 1e-4)  # on x itself, to see what becomes of it
    yield Quantity("∂f/∂x", got, weights * np.exp(kept), "(f(x + ε e) − f(x − ε e)) / 2ε", f"x = {kept.tolist()}, ε = 1e-4",
                   rtol=1e-6, atol=1e-7)  # fmt: skip
    yield Quantity("x", x, kept, ("x as it was before", "x 应与之前一样"))


EXERCISE = Exercise(
    title=("Checking by differences", "用差分检验"),
    task=(
        "f maps an array to one number. Return an array of the shape of x whose entries are central differences: move one "
        "entry of x by +eps and by −eps, and divide the difference of f by 2 eps. x must be as before when you return.",
        "f 把一个数组变成一个数。请返回与 x 同形状的数组，各分量是中心差分：把 x 的一个分量移动 +eps 和 −eps，f 之差除以 2 eps。"
        "返回时 x 应与之前一样。",
    ),
    starter="""
import numpy as np


def numerical_gradient(f, x, eps):
    found = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        found[index] = ...
    return found
""",
    solution="""
import numpy as np


def numerical_gradient(f, x, eps):
    found = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += eps
        down[index] -= eps
        found[index] = (f(up) - f(down)) / (2 * eps)
    return found
""",
    check=check,
    hints=(
        ("Copy x before you move one of its entries.", "移动分量之前先复制 x。"),
        ("up = x.copy(); up[index] += eps; and the same downwards.", "up = x.copy(); up[index] += eps；向下同理。"),
    ),
    mistakes=(
        mistake("/ (2 * eps)", "/ eps", "The two points are 2 eps apart, so divide by 2 eps: yours is twice as large.",
                "两点相距 2 eps，所以要除以 2 eps：你的结果大了一倍。"),
        mistake("(f(up) - f(down)) / (2 * eps)", "(f(up) - f(x)) / eps",
                "That is a one-sided difference, whose error is of the order of eps. A central one's is eps².",
                "那是单侧差分，误差与 eps 同阶；中心差分的误差是 eps²。"),
        mistake("up, down = x.copy(), x.copy()", "up = down = x.copy()",
                "up and down are the same array: what you add, you take away again. Copy twice.",
                "up 和 down 是同一个数组：加上的又减掉了。要复制两次。"),
        mistake("found[index] = (f(up) - f(down)) / (2 * eps)",
                "found[index] = (f(up) - f(down)) / (2 * eps)\n        x[index] -= eps",
                "You did not put x[index] back: whoever gave you x finds it changed.", "你没有把 x[index] 放回去：给你 x 的人会发现它变了。"),
        mistake("(f(up) - f(down))", "(f(down) - f(up))", "Up minus down: yours has the opposite sign.", "应为上减下：你的符号反了。"),
    ),
    after=("It needs two runs of f for every entry, and one backward pass gives all entries; so it is a check, not a method.",
           "它对每个分量要算两次 f，而一次反向传播得到所有分量；所以它只用来检验。"),
)  # fmt: skip
