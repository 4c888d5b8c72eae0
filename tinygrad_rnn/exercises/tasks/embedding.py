"""The gradient of a table of which rows are read."""

import numpy as np

from ..description import Exercise, Quantity, mistake


def check(mine, random):
    symbols = np.array([2, 0, 2, 2])
    G = random.normal(size=(4, 2)).round(2)
    expected = np.zeros((5, 2))
    np.add.at(expected, symbols, G)
    yield Quantity("δtable", mine.backward(symbols, G, 5), expected, "δtable[s] = Σ of G[t] where symbols[t] = s",
                   f"symbols = {symbols.tolist()}")  # fmt: skip


EXERCISE = Exercise(
    title=("A table of symbols", "符号表"),
    task=(
        "rows = table[symbols] reads one row for each symbol, (T, D), of a table (V, D). Given G = ∂L/∂rows and V, return ∂L/∂table. "
        "A symbol may occur several times, or never.",
        "rows = table[symbols] 为每个符号读出一行，(T, D)，表为 (V, D)。已知 G = ∂L/∂rows 和 V，请返回 ∂L/∂table。一个符号可能出现几次，也可能不出现。",
    ),
    starter="""
import numpy as np


def backward(symbols, G, V):
    return ...
""",
    solution="""
import numpy as np


def backward(symbols, G, V):
    found = np.zeros((V, G.shape[1]))
    for s, g in zip(symbols, G):
        found[s] += g
    return found
""",
    check=check,
    hints=(
        ("A row that was read three times is a value that was used three times.", "读了三次的行就是用了三次的值。"),
        ("Begin with zeros, and add G[t] to row symbols[t].", "从零开始，把 G[t] 加到第 symbols[t] 行。"),
    ),
    mistakes=(
        mistake("found[s] += g", "found[s] = g", "Only the last use of a symbol is left. Each use adds to its row. (NumPy's found[symbols] += G does the same.)",
                "只留下了符号的最后一次使用。每次使用都要加到它的行上。（NumPy 的 found[symbols] += G 也会这样。）"),
        mistake("np.zeros((V, G.shape[1]))", "np.zeros((V, G.shape[1])) + G[0]", "Rows that were never read have gradient 0.", "从没读过的行梯度为 0。"),
        mistake("    return found", "    return found / np.maximum(np.bincount(symbols, minlength=V), 1)[:, None]",
                "You took the mean over the uses. Gradients add up.", "你对各次使用取了平均。梯度应当相加。"),
    ),
    after=("Reading rows is a product with a matrix of zeros and ones; its reverse adds rows. NumPy has it as np.add.at.",
           "读行就是乘一个 0/1 矩阵；它的反向是把行加起来。NumPy 里是 np.add.at。"),
)  # fmt: skip
