"""Every operator that is read, against the cases of the ONNX project itself."""

import warnings

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.core.errors import TinygradError
from tinygrad_rnn.onnx.operators import OPERATORS
from tinygrad_rnn.onnx.reading import OnnxModule, kinds_of
from tinygrad_rnn.onnx.recurrent_operators import RECURRENT

pytest.importorskip("onnx")

#: Said to be unknown, rather than computed.
REFUSED = {
    "test_edge_pad", "test_reflect_pad", "test_wrap_pad", "test_scan_sum", "test_training_dropout",
    "test_training_dropout_default", "test_training_dropout_default_mask", "test_training_dropout_mask",
    "test_training_dropout_zero_ratio_mask", "test_training_dropout_zero_ratio", "test_reduce_log_sum_exp_empty_set",
    "test_reduce_max_empty_set", "test_reduce_max_empty_set_bool", "test_reduce_min_empty_set",
}  # fmt: skip


def test_nothing_that_is_read_is_computed_wrongly():
    from onnx.backend.test.loader import load_model_tests

    known = OPERATORS.keys() | RECURRENT.keys() | {"Scan", "Constant"}
    right, wrong, refused, seen = 0, {}, set(), set()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        cases = load_model_tests(kind="node")
        for case in cases:
            if not kinds_of(case.model.graph) <= known:
                continue
            given, expected = case.data_sets[0]
            if not all(isinstance(x, (np.ndarray, np.generic)) for x in (*given, *expected)):
                continue
            given, expected = ([np.asarray(x) for x in xs] for xs in (given, expected))
            if any(
                x.dtype.kind not in "fiub" or (x.dtype.kind == "f" and x.dtype.itemsize < 4) for x in given + expected
            ):
                continue
            seen |= kinds_of(case.model.graph)
            try:
                found = OnnxModule(case.model)(*given)
            except (TinygradError, ValueError):
                refused.add(case.name)
                continue
            found = found if isinstance(found, tuple) else (found,)
            for a, b in zip(found, expected, strict=True):
                array = np.asarray(a.numpy() if isinstance(a, tg.Tensor) else a)
                if array.shape != b.shape or not np.allclose(array, b, rtol=1e-3, atol=1e-5, equal_nan=True):
                    wrong[case.name] = (array, b)
            right += case.name not in wrong
    assert not wrong, list(wrong)
    assert refused <= REFUSED
    assert right > 600
    assert RECURRENT.keys() <= seen
