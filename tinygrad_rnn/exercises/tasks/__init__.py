"""An exercise a file."""

#: The exercises in the order in which they are done.
ORDER = (
    "product", "chain", "twice", "order", "unbroadcast", "matmul", "activations", "own_op", "softmax_loss", "differences",
    "second", "dual_numbers", "embedding",
    "rnn_step", "rnn_backward", "bptt", "by_step", "fading", "clipping", "adam", "forward_mode", "truncated",
    "checkpoints", "lengths",
    "lstm_step", "lstm_gates", "lstm_backward", "gru_step", "gru_backward", "own_cell",
)  # fmt: skip
