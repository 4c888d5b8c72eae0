"""Copies and pickles of leaves are nodes of their own; a scalar as text."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import GradientError
from tinygrad_rnn.core.tensor import abstract


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_is_a_leaf_of_its_own(copied):
    x = tg.tensor([1.0, 2.0], requires_grad=True, name="x")
    y = copied(x)
    assert (y.name, y.requires_grad, y.number != x.number) == ("x", True, True)
    (x * y * y).sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 4.0])
    np.testing.assert_array_equal(y.grad, [2.0, 8.0])
    with tg.no_grad():
        y[0] = 9.0
    np.testing.assert_array_equal(x.numpy(), [1.0, 2.0])
    assert copied(abstract((2, 3))).shape == (2, 3)
    with pytest.raises(GradientError, match="not a leaf"):
        copied(x * 2)


def test_a_tensor_of_one_entry_is_formatted_as_its_number():
    loss = tg.tensor(0.5, requires_grad=True)
    assert f"{loss:.3f} {loss * 2:>6.1f} {tg.tensor([[7]]):03d} {tg.tensor([[0.25]], dtype=np.float32):.0%}" == (
        "0.500    1.0 007 25%"
    )
    assert f"{loss}" == str(loss) == repr(loss)
    with pytest.raises(tg.errors.ArgumentError, match=r"format: .*Unknown format code 'd'"):
        f"{loss:d}"
