"""The sentences that people read beside formulas and pictures, in English and Chinese: one table.

English is the key; ``{}`` stands for what is filled in. Terms are those of Chinese texts on recurrent networks:
记忆单元 cell, 隐藏状态 hidden state, 遗忘门 forget gate, 输入门 input gate, 输出门 output gate, 权重 weight, 偏置 bias.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.errors import ArgumentError, with_user_line

Say = Callable[..., str]


def spoken(reader: str, language: str) -> Say:
    """What says a sentence of the table in a language, with what is filled in.

    Raises:
        ArgumentError: there is no such language.
    """
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise ArgumentError(with_user_line(f"{reader}: language is one of {known}, not {language!r}"))
    table = LANGUAGES[language]

    def say(sentence: str, *filled: object) -> str:
        return table.get(sentence, sentence).format(*filled) if filled else table.get(sentence, sentence)

    return say


def joined(say: Say, *sentences: str) -> str:
    """Sentences one after the other, each in the language of `say`."""
    texts = [say(s) for s in sentences if s]
    return "".join(
        t if k == 0 or t[:1] > "\u2fff" or texts[k - 1][-1:] > "\u2fff" else f" {t}" for k, t in enumerate(texts)
    )


CHINESE = {
    # derivations
    "Forward": "前向",
    "One step, for t = 0, …, T − 1:": "一个时间步，t = 0, …, T − 1：",
    "Backward, by the chain rule": "反向：链式法则",
    "Backward, simplified": "反向：化简",
    "Gradients": "梯度",
    "δv is ∂L/∂v, the whole gradient of the loss L by v.": "δv 表示 ∂L/∂v，即损失 L 对 v 的全部梯度。",
    "L = Σₜ ℓₜ, where ℓₜ is what the loss says of step t itself; ∂ℓ/∂v is that part of δv.":
        "L = Σₜ ℓₜ，其中 ℓₜ 是第 t 步自身的损失；∂ℓ/∂v 是 δv 中由它给出的部分。",
    "From the last quantity to the first: each gets, from every equation that uses it, δ of the left side times the "
    "derivative:": "从最后一个量到第一个量：凡用到它的每个等式，都把左边的 δ 乘以导数传给它：",
    "Where only one line uses a δ, it is written out there.": "只在一处用到的 δ 已代入该处。",
    "For t = T − 1, …, 0; what stands with t + 1 is 0 in the last step, unless the loss sees the final state:":
        "t = T − 1, …, 0；最后一步中带 t + 1 的项为 0，除非损失直接用到末状态：",
    "A parameter is used at every step, so its gradient is a sum over the steps:":
        "参数在每个时间步都被使用，因此其梯度是各步之和：",
    "With respect to the arguments:": "对各个自变量：",
    "at t = 0 this is the gradient of the initial state": "t = 0 时，这就是初始状态的梯度",
    "from {}, by {}": "由 {}，根据 {}",
    "the same value": "同一个值",
    "+, which passes it on": "加法：原样传递",
    "the matrix product's transpose": "矩阵乘积：乘以转置矩阵",
    "the matrix product's other factor": "矩阵乘积：乘以另一因子",
    "the minus sign, which stays": "负号不变",
    "a sum passes it on to every entry": "求和：传给每个分量",
    "a slice's gradient goes to its place": "切片：梯度回到原位",
    "each part takes its share": "拼接：各取其段",
    "where": "其中",
    "Here": "其中",
    "Symbols": "符号",
    "rows {} to {} of {}": "{2} 的第 {0} 至 {1} 行",
    # tooltips and titles of pictures
    "{}: {}, shape {}, {}": "{}：{}，形状 {}，{}",
    ", backward": "，反向",
    ", forward and backward": "，前向与反向",
    "state": "状态",
    "parameter": "参数",
    "op": "运算",
    "output": "输出",
    "saved": "保存的值",
    # legends
    "input": "输入",
    "parameter: a weight or a bias": "参数：权重或偏置",
    "constant": "常数",
    "state: handed to the next step": "状态：传给下一时间步",
    "state of the step before": "上一时间步的状态",
    "function of each entry": "逐元素函数",
    "gate: W·x + b and its function": "门：W·x + b 及其激活函数",
    "entry by entry: + − ⊙ ÷": "逐元素：+ − ⊙ ÷",
    "matrix product": "矩阵乘积",
    "moves entries: slice, transpose": "移动元素：切片、转置",
    "joined side by side": "拼接",
    "all that a cell or layer does": "整个单元或层",
    "time steps left out": "省略的时间步",
    "another operation": "其他运算",
    "result": "结果",
    "loss": "损失",
    "gradient": "梯度",
    "value from the forward pass": "前向传播的值",
    "value": "值",
    "state, through time": "状态，沿时间传递",
    "state, to the next step": "状态，传给下一步",
    "value, to another step": "值，传给另一步",
    "gradient, back in time": "梯度，沿时间反传",
    "value that a gradient reads": "梯度用到的前向值",
    "double rim: a result": "双边框：结果",
    "highlighted": "突出显示",
    "cut: no gradient goes back here": "截断：梯度不再往回传",
    "dashed: drawn elsewhere": "虚线：在别处画出",
    # summaries and comparisons
    "part": "部分",
    "parameters": "参数",
    "shapes": "形状",
    "FLOPs forward": "前向 FLOPs",
    "FLOPs backward": "反向 FLOPs",
    "bytes kept": "保留字节",
    "total": "合计",
    "one step": "一个时间步",
    "{} steps": "{} 个时间步",
    "one sample": "一个样本",
    "{} samples": "{} 个样本",
    "{} of {}, {}": "{}，{}，{}",
    "for an input of {}, {}": "输入 {}，{}",
    "Formulas: of a step and a sample, D inputs and H units; kept: numbers, of {} bytes each.":
        "公式：每个时间步、每个样本，D 个输入，H 个单元；保留的是数的个数，每个 {} 字节。",
    "Where there is none, no polynomial of degree 2 in D and H was found.": "没有公式处，未找到 D 和 H 的二次多项式。",
    "{}, between steps": "{}，时间步之外",
    "does not fade": "不衰减",
    "halves in {} steps ({})": "每 {} 步减半（{}）",
    "largest exponent": "最大李雅普诺夫指数",
    "{} and {}": "{} 与 {}",
    # the explorer
    "{}, step by step": "{}，逐步演示",
    "time": "时间",
    "backward": "反向",
    "in topological order": "按拓扑顺序",
    "depth first (naive: goes wrong)": "深度优先（朴素做法：会出错）",
    "find": "查找",
    "fit": "适应",
    "full": "全屏",
    "change": "修改",
    "rate": "学习率",
    "one step down": "下降一步",
    "keep going": "继续下降",
    "pause": "暂停",
    "play": "播放",
    "reset": "复原",
    "first step": "第一步", "step back": "上一步", "step forward": "下一步", "last step": "最后一步", "step": "步",
    "steps": "步骤", "view": "视图", "zoom in": "放大", "zoom out": "缩小", "fit the drawing": "适应窗口",
    "large type": "大字", "full screen": "全屏", "back to where you were": "返回原处", "change a number": "修改数值",
    "entry: row, column": "元素：行, 列", "space": "空格",
    "the graph; the current node is framed": "计算图；当前节点加框",
    "a number": "一个数",
    ", the first {} shown": "，显示前 {}",
    "norm {}": "范数 {}",
    "0: there is no later step": "0：没有更晚的时间步",
    "backward, {}the gradient of {}": "反向，{}{} 的梯度",
    "forward, {}{} computes {}": "前向，{}由 {} 计算 {}",
    "forward, {}{}": "前向，{}{}",
    "Not complete: other nodes that read it have not passed their gradient back yet. What comes later is lost.":
        "不完整：其他用到它的节点尚未传回梯度，后来的部分会丢失。",
    "Wrong: the right gradient has norm {}.": "错误：正确梯度的范数为 {}。",
    "local derivative": "局部导数",
    "what goes to {}": "传给 {} 的部分",
    "added up so far: ": "目前累加：",
    "δ{} is complete": "δ{} 已完整",
    "from the loss of this step itself, ∂ℓ/∂{}": "来自本步自身的损失 ∂ℓ/∂{}",
    "what step {} adds": "时间步 {} 的贡献",
    "‖∂L/∂state‖ by time step": "各时间步的 ‖∂L/∂状态‖",
    "δ{} = {}": "δ{} = {}",
    "the gradient says {}; (L(w + ε) − L(w − ε)) / 2ε = {}": "梯度为 {}；(L(w + ε) − L(w − ε)) / 2ε = {}",
    "L after {} steps down: from {} to {}": "下降 {} 步后 L 由 {} 变为 {}",
    "there is no {}": "没有 {}",
    "{} is {}; it has no such entry": "{} 的形状是 {}；没有这个元素",
    "Computed in this page, in double precision.": "本页以双精度计算。",
    "Computed in this page, in double precision (the cell is float32).": "本页以双精度计算（该单元为 float32）。",
    "A recording, nothing can be changed: {}.": "这是记录，不能修改：{}。",
}  # fmt: skip
LANGUAGES: dict[str, dict[str, str]] = {"en": {}, "zh": CHINESE}
