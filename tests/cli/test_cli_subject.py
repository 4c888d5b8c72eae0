"""Names of cells on the command line: the library's, and those in a user's file."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.cli.subject import add_cell_arguments, cell, cells
from tinygrad_rnn.core.errors import ArgumentError, DeclarationError

OWN = """
import tinygrad_rnn as tg
import numpy as np

class Mine(tg.nn.Cell):
    def __init__(self, size):
        self.W = tg.nn.Parameter(np.eye(size))
    def initial_state(self, batch):
        return self.zeros(batch, len(self.W))
    def step(self, x, h):
        h = (h + x @ self.W).tanh().named("h")
        return h, h

class Wide(Mine):
    def __init__(self, inputs, units, extra):
        super().__init__(units)

class Ordered(Mine):
    def __init__(self, D, H):
        super().__init__(H)
        self.input_size = D

class Broken(Mine):
    def __init__(self):
        raise ValueError("no luck")

ready = Mine(2)
def make(): return Mine(5)
number = 3
"""


@pytest.mark.parametrize("name", ["lstm", "LSTM", "LSTMCell", "lstm_cell", "lstm-cell"])
def test_the_librarys_cells_by_any_spelling(name):
    found = cell(name, 5, 7)
    assert type(found) is tg.nn.LSTMCell
    assert (found.input_size, found.hidden_size) == (5, 7)
    np.testing.assert_array_equal(found.weight_hh.numpy(), cell("lstm", 5, 7).weight_hh.numpy())


def test_every_cell_of_the_library_has_a_name_and_can_be_made():
    assert {"rnn", "lstm", "gru"} <= set(cells())
    for name, kind in cells().items():
        assert type(cell(name)) is kind


def test_a_cell_in_a_users_file(tmp_path):
    file = tmp_path / "mycell.py"
    file.write_text(OWN)
    assert cell(f"{file}:Mine", 3, 4).W.shape == (4, 4)
    ordered = cell(f"{file}:Ordered", 3, 4)
    assert (ordered.input_size, len(ordered.W)) == (3, 4)
    assert len(cell(f"{file}:ready").W) == 2
    assert len(cell(f"{file}:make").W) == 5
    for name, error, message in [
        ("None", ArgumentError, r"has no 'None'; it has .*Mine"),
        ("Wide", DeclarationError, "takes inputs, units, extra; a command gives it no more than input_size"),
        ("Broken", DeclarationError, "cannot be made: ValueError: no luck"),
        ("number", DeclarationError, "is no cell: it has no step"),
    ]:
        with pytest.raises(error, match=message):
            cell(f"{file}:{name}")


def test_what_is_wrong_with_a_name(tmp_path):
    with pytest.raises(ArgumentError, match=r"no cell 'lsmt' \(did you mean lstm\?\); there are .*gru"):
        cell("lsmt")
    with pytest.raises(ArgumentError, match=r"expected FILE.py:NAME"):
        cell("mycell.py")
    with pytest.raises(OSError, match="No such file"):
        cell(str(tmp_path / "none.py:Mine"))
    (tmp_path / "bad.py").write_text("1 +")
    with pytest.raises(DeclarationError, match=r"bad.py cannot be run: SyntaxError"):
        cell(str(tmp_path / "bad.py:Mine"))


def test_arguments(capsys):
    parser = argparse.ArgumentParser()
    add_cell_arguments(parser)
    given = parser.parse_args(["gru", "--hidden-size", "9"])
    assert (given.cell, given.input_size, given.hidden_size) == ("gru", 3, 9)
    with pytest.raises(SystemExit):
        parser.parse_args(["gru", "--hidden-size", "0"])
    assert "expected a whole number of at least 1, got '0'" in capsys.readouterr().err
