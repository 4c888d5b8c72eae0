"""An exercise a file."""

#: The exercises in the order in which they are done.
ORDER = (
    "product", "chain", "twice", "order", "unbroadcast", "matmul", "activations", "softmax_loss", "differences",
    "rnn_step", "rnn_backward", "bptt", "fading", "clipping", "adam", "forward_mode",
    "lstm_step", "lstm_gates", "lstm_backward", "gru_step",
)  # fmt: skip
