"""The catalogue of cells: of each its equations, how many parameters it has, when to use it, and where it is from."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from ..cell import Cell
from .article import ArticleCell, ArticleForgetCell, ArticleInputCell, ArticleOutputCell
from .classic import GRUCell, IRNNCell, LSTMCell, ProjectedLSTMCell, RNNCell
from .dynamics import AntisymmetricCell, CoRNNCell, LEMCell
from .gated import IndRNNCell, JANETCell, LiGRUCell, MGUCell, MinGRUCell, MinLSTMCell, UGRNNCell
from .lstm_family import LayerNormLSTMCell, MemoryBlockCell, PeepholeLSTMCell, SLSTMCell
from .structured import DelayedRNNCell, WinnerTakeAllCell


@dataclass(frozen=True)
class CellFacts:
    """What the catalogue says of a cell.

    Attributes:
        name: on the command line.
        kind: its class in `tg.nn`.
        parameters: how many, with D inputs, H units and all biases, in the usual options.
        use: when to use it.
        source: the paper, in full.
    """

    name: str
    kind: type[Cell]
    parameters: str
    use: str
    source: str

    @property
    def title(self) -> str:
        """One line: the first sentence of its documentation."""
        return " ".join(inspect.getdoc(self.kind).split("\n\n")[0].split())  # type: ignore[union-attr]

    @property
    def equations(self) -> str:
        """One step, in the paper's symbols; h′ is the h of the step before."""
        block = inspect.getdoc(self.kind).split("\n\n")[1]  # type: ignore[union-attr]
        return inspect.cleandoc(" \n" + block).strip("\n")


_ENTRIES = [
    ("rnn", RNNCell, "H(D + H + 2)", "the plainest: short memories, lessons, a baseline",
     "Elman, Finding structure in time, Cognitive Science 14(2), 1990"),
    ("irnn", IRNNCell, "H(D + H + 1)", "long sums with few parameters; small learning rates and clipped gradients",
     "Le, Jaitly & Hinton, A simple way to initialize recurrent networks of rectified linear units, arXiv:1504.00941, "
     "2015"),
    ("lstm", LSTMCell, "4H(D + H + 2)", "the one to begin with",
     "Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997; Gers, Schmidhuber & Cummins, "
     "Learning to forget, Neural Computation 12(10), 2000"),
    ("gru", GRUCell, "3H(D + H + 2)", "as good as the LSTM on most tasks with a quarter fewer parameters; cannot count",
     "Cho et al., Learning phrase representations using RNN encoder-decoder, EMNLP 2014"),
    ("memory-block", MemoryBlockCell, "3H(D + 3H + 1)",
     "to reproduce the experiments of 1997; memories that never fade",
     "Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997"),
    ("peephole-lstm", PeepholeLSTMCell, "4H(D + H + 1) + 3H", "precise timing; which part of the LSTM does what",
     "Greff et al., LSTM: a search space odyssey, arXiv:1503.04069, 2015; Gers & Schmidhuber, Recurrent nets that time "
     "and count, IJCNN 2000"),
    ("ugrnn", UGRNNCell, "2H(D + H + 1)", "half of an LSTM; easy to train in deep stacks",
     "Collins, Sohl-Dickstein & Sussillo, Capacity and trainability in recurrent neural networks, ICLR 2017"),
    ("janet", JANETCell, "2H(D + H + 1)", "half of an LSTM; long memories with chrono initialisation",
     "van der Westhuizen & Lasenby, The unreasonable effectiveness of the forget gate, arXiv:1804.04849, 2018"),
    ("mgu", MGUCell, "2H(D + H + 1)", "a GRU with two thirds of its parameters",
     "Zhou et al., Minimal gated unit for recurrent neural networks, IJAC 13(3), 2016"),
    ("li-gru", LiGRUCell, "2H(D + H + 1)", "speech; a GRU with two thirds of its parameters and no saturation",
     "Ravanelli et al., Light gated recurrent units for speech recognition, IEEE TETCI 2(2), 2018"),
    ("min-gru", MinGRUCell, "2H(D + 1)", "many units in several layers, cheaply",
     "Feng et al., Were RNNs all we needed?, arXiv:2410.01201, 2024"),
    ("min-lstm", MinLSTMCell, "3H(D + 1)", "many units in several layers, cheaply",
     "Feng et al., Were RNNs all we needed?, arXiv:2410.01201, 2024"),
    ("layer-norm-lstm", LayerNormLSTMCell, "4H(D + H + 1) + 10H", "large or deep networks, small batches",
     "Ba, Kiros & Hinton, Layer normalization, arXiv:1607.06450, 2016"),
    ("ind-rnn", IndRNNCell, "H(D + 2)", "very long sequences in many layers; each unit is easy to read",
     "Li et al., Independently recurrent neural network (IndRNN), CVPR 2018"),
    ("projected-lstm", ProjectedLSTMCell, "4H(D + P + 2) + HP",
     "much memory with small recurrent matrices (P = H/2 here)",
     "Sak, Senior & Beaufays, Long short-term memory based recurrent neural network architectures, arXiv:1402.1128, "
     "2014"),
    ("slstm", SLSTMCell, "4H(D + H + 1)", "revising what was stored: exponential gates can outweigh the past",
     "Beck et al., xLSTM: extended long short-term memory, NeurIPS 2024"),
    ("antisymmetric", AntisymmetricCell, "H(D + 1) + H(H − 1)/2",
     "gradients that neither vanish nor explode, with few parameters",
     "Chang et al., AntisymmetricRNN: a dynamical system view on recurrent neural networks, ICLR 2019"),
    ("co-rnn", CoRNNCell, "H(D + 2H + 1)", "oscillating signals; bounded gradients",
     "Rusch & Mishra, Coupled oscillatory recurrent neural network (coRNN), ICLR 2021"),
    ("lem", LEMCell, "4H(D + H + 1)", "signals with several time scales, at an LSTM's cost",
     "Rusch et al., Long expressive memory for sequence modeling, ICLR 2022"),
    ("delayed-rnn", DelayedRNNCell, "H(D + 2H + 1)", "dependencies at known lags (delays 1 and 2 here)",
     "Lin, Horne, Tiňo & Giles, Learning long-term dependencies in NARX recurrent neural networks, IEEE TNN 7(6), "
     "1996"),
    ("winner-take-all", WinnerTakeAllCell, "H(D + H + 1)", "to see competition: gradients flow through winners alone",
     "Srivastava et al., Compete to compute, NIPS 2013"),
    ("article", ArticleCell, "3H(D + H + 1)", "to see what a double sigmoid does to memory (HD fewer if D = H)",
     "equations 1 to 4 of the tutorial that this library implements"),
    ("article-forget", ArticleForgetCell, "3H(D + H + 1) + H(2H + 1)", "to compare with a standard forget gate",
     "equations 5, 7 to 9, 12 and 13 of the tutorial that this library implements"),
    ("article-input", ArticleInputCell, "2H(D + H + 1) + H(2H + 1)", "to compare with a standard input gate",
     "equations 9 to 13 of the tutorial that this library implements"),
    ("article-output", ArticleOutputCell, "3H(D + H + 1) + H(2H + 1)", "to compare with a standard output gate",
     "equations 5, 9, 10, 12 and 13 of the tutorial that this library implements"),
]  # fmt: skip


def catalogue() -> dict[str, CellFacts]:
    """Every cell of the library by its name, those to begin with first.

    >>> tg.nn.catalogue()["mgu"].parameters
    '2H(D + H + 1)'
    >>> print(tg.nn.catalogue()["gru"].equations.splitlines()[-1])
    h = (1 − z) ⊙ n + z ⊙ h′
    """
    return {entry[0]: CellFacts(*entry) for entry in _ENTRIES}
