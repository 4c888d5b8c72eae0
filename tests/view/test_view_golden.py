"""The DOT of the classic cells, compared with files. After a wanted change: python tests/view/test_view_golden.py"""

from pathlib import Path

import pytest

import tinygrad_rnn as tg

GOLDEN = Path(__file__).parent / "golden"
CASES = {
    "rnn": (tg.nn.RNNCell, {}),
    "lstm": (tg.nn.LSTMCell, {}),
    "gru": (tg.nn.GRUCell, {}),
    "rnn_2_steps_both": (tg.nn.RNNCell, {"steps": 2, "direction": "both"}),
    "lstm_2_steps": (tg.nn.LSTMCell, {"steps": 2}),
    "gru_backward": (tg.nn.GRUCell, {"direction": "backward"}),
}


def dot(name):
    cell, options = CASES[name]
    return tg.draw(cell(3, 4), **options).dot


@pytest.mark.parametrize("name", CASES)
def test_dot_is_the_golden_file(name):
    assert dot(name) == (GOLDEN / f"{name}.dot").read_text(encoding="utf-8")


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in CASES:
        (GOLDEN / f"{name}.dot").write_text(dot(name), encoding="utf-8")
