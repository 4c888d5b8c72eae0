"""What docs/cells.zh-CN.md says in Chinese; equations, shapes, parameters and papers are the catalogue's."""

HEAD = """\
# 单元图鉴

公式写的是一个时间步，用论文的符号：h′ 是上一步的 h，σ 是 sigmoid，⊙ 是逐元素相乘，D 是输入的个数，H 是单元的个数。图片就是 `tinygrad-rnn draw NAME --level gate` 画出的图。每个单元的参数都是 `(input_size, hidden_size, bias=True, *, dtype, generator)`，可以用 `tg.unroll`、`tg.scan` 和 `tg.nn.Recurrent` 运行，也可以画图、推导和统计；命令行中 `tinygrad-rnn cells NAME` 显示这里的内容。

"""

#: cell → its title and when to use it
SAID = {
    "rnn": ("简单循环网络（Elman，1990）", "最朴素：短记忆、教学、作比较的底线"),
    "irnn": (
        "以恒等映射开始的 ReLU 简单循环网络（Le、Jaitly 与 Hinton，2015）",
        "参数少、要累加很久的任务；学习率要小，梯度要裁剪",
    ),
    "lstm": ("带遗忘门（Gers 等，2000）的长短期记忆（Hochreiter 与 Schmidhuber，1997）", "先用它"),
    "gru": ("门控循环单元（Cho 等，2014）", "多数任务上不输 LSTM，参数少四分之一；不会计数"),
    "projected-lstm": ("输出经过投影的 LSTM", "记忆大而循环矩阵小（这里 P = H/2）"),
    "memory-block": ("1997 年最初的记忆块，没有遗忘门", "重现 1997 年的实验；记忆永不衰减"),
    "peephole-lstm": ("带窥视孔的 LSTM 及其各种消融", "精确计时；研究 LSTM 的哪一部分起什么作用"),
    "layer-norm-lstm": ("带层归一化的 LSTM", "宽或深的网络，小批量"),
    "slstm": ("带指数门的 sLSTM", "修改已存的内容：指数门可以压过整个过去"),
    "ugrnn": ("更新门循环网络", "半个 LSTM；堆得很深也容易训练"),
    "janet": (
        "JANET：只留下遗忘门的 LSTM（van der Westhuizen 与 Lasenby，2018）",
        "半个 LSTM；配合 chrono 初始化，记忆很长",
    ),
    "mgu": ("最小门控单元", "参数为三分之二的 GRU"),
    "li-gru": ("轻量 GRU", "语音；参数为三分之二而且不饱和的 GRU"),
    "min-gru": ("门不看状态的最小 GRU", "以很低的代价使用多层、多单元"),
    "min-lstm": ("门不看状态的最小 LSTM", "以很低的代价使用多层、多单元"),
    "ind-rnn": ("单元相互独立的循环网络", "多层、很长的序列；每个单元容易看懂"),
    "antisymmetric": ("循环矩阵反对称的网络", "梯度既不消失也不爆炸，参数少"),
    "co-rnn": ("耦合振子网络", "振荡的信号；梯度有界"),
    "lem": ("长表达记忆", "有几种时间尺度的信号，代价与 LSTM 相同"),
    "delayed-rnn": ("使用更早状态的循环网络", "依赖关系的滞后已知（这里滞后 1 和 2）"),
    "winner-take-all": ("块内赢者通吃的网络", "观察竞争：梯度只流过赢者"),
    "article": ("教程公式 1 至 4 的单元，门经过两次 σ", "看两次 sigmoid 对记忆做了什么（D = H 时少 HD 个参数）"),
    "article-forget": ("教程 3.5.1 节的遗忘门：由门算出的更新门", "与标准的遗忘门比较"),
    "article-input": ("教程 3.5.2 节的输入门：保留旧记忆的门", "与标准的输入门比较"),
    "article-output": ("教程 3.5.3 节的输出门：看 c 的整个矩阵，不看 x", "与标准的输出门比较"),
}

TAIL = """\

各单元的选项和形状写在文档字符串里，例如 `help(tg.nn.LSTMCell)`；教程公式中的矛盾，在[教程对读](companion.zh-CN.md)中逐条说明。
"""
