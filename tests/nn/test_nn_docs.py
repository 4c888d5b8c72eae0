"""The examples in docstrings run, and `help` reads well."""

import doctest
import importlib
import pydoc

import numpy as np
import pytest

import tinygrad_rnn as tg


@pytest.mark.parametrize("name", ["cell", "cells.classic", "cells.catalogue", "cells.wrappers", "module", "unroll"])
def test_examples_run(name):
    module = importlib.import_module(f"tinygrad_rnn.nn.{name}")
    result = doctest.testmod(module, extraglobs={"tg": tg, "np": np})
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("cell", [tg.nn.RNNCell, tg.nn.LSTMCell, tg.nn.GRUCell])
def test_help_gives_equations_shapes_and_paper(cell):
    text = pydoc.plain(pydoc.render_doc(cell))
    for part in [
        "h = ",
        "Shapes: x (B, D)",
        "weight_ih (",
        " 1990)" if cell is tg.nn.RNNCell else "al. 20",
        "state_dict",
    ]:
        assert part in text
