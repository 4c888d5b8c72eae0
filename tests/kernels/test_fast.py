"""Compiled array functions: any shape, layout and dtype; scatter-add against np.add.at; the cache on disk."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn
from tinygrad_rnn.kernels import fast, scalars

NAMES = ["sigmoid", "softplus", "silu", "erf", "erfc", "gelu"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_agrees_with_the_plain_functions(name, dtype):
    x = np.random.default_rng(0).normal(scale=5, size=(7, 33)).astype(dtype)
    y = getattr(fast, name)(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, getattr(scalars, name)(x), rtol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_in_one_pass(dtype):
    g, y = np.random.default_rng(0).uniform(-1, 1, size=(2, 5, 33)).astype(dtype)
    for function, expected in ((fast.tanh_gradient, g * (1 - y * y)), (fast.sigmoid_gradient, g * y * (1 - y))):
        result = function(g, y)
        assert result.dtype == dtype
        np.testing.assert_allclose(result, expected, rtol=1e-4 if dtype == np.float32 else 1e-12)
    assert fast.tanh_gradient(np.broadcast_to(g[0], g.shape).T, y.T).shape == (33, 5)
    assert fast.tanh_gradient(g[0, 0], y[0, 0]).dtype == dtype


@pytest.mark.parametrize(
    "x",
    [
        np.array(0.5, np.float32),
        np.zeros((0, 3), np.float32),
        np.ones((4, 6), np.float32)[:, 1::2],
        np.ones((4, 6), np.float32).T,
        np.broadcast_to(np.float32(2), (3, 2)),
        np.ones((2, 1, 3, 1)),
        np.ones(5)[::-1],
    ],
    ids=lambda x: f"{x.shape}{x.strides}",
)
def test_shapes_and_layouts(x):
    y = fast.sigmoid(x)
    assert y.shape == x.shape
    assert y.dtype == x.dtype
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-x)), rtol=1e-6)


@pytest.mark.parametrize("x", [np.arange(3), np.array([True, False]), np.arange(3, dtype=np.int16), 2, 0.5])
def test_other_dtypes_become_float64(x):
    y = fast.sigmoid(x)
    assert y.dtype == np.float64
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-np.asarray(x, np.float64))), rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("count", "indices", "shape"),
    [
        (5, [0, 3, 0, -1, 4], (6,)),
        (5, [[1, 1], [2, -5]], (2, 3)),
        (3, [2, 2, 2], ()),
        (4, [], (2,)),
        (4, [1], (0,)),
    ],
)
def test_add_rows_is_add_at(dtype, count, indices, shape):
    draw = np.random.default_rng(0)
    indices = np.array(indices, np.int64)
    rows = draw.normal(size=(*indices.shape, *shape)).astype(dtype)
    buffer = draw.normal(size=(count, *shape)).astype(dtype)
    expected = buffer.copy()
    np.add.at(expected, indices, rows)
    fast.add_rows(buffer, indices, rows)
    np.testing.assert_array_equal(buffer, expected)


def test_add_rows_takes_views_and_other_integers():
    buffer = np.zeros((4, 3))
    fast.add_rows(buffer, np.array([3, 0, 3], np.uint8), np.broadcast_to(np.array([1.0, 2, 3]), (3, 3)))
    np.testing.assert_array_equal(buffer, [[1, 2, 3], [0, 0, 0], [0, 0, 0], [2, 4, 6]])


def test_add_rows_into_a_strided_buffer():
    whole = np.zeros((4, 6))
    fast.add_rows(whole[:, ::2], np.array([3, 0, 3]), np.ones((3, 3)))
    np.testing.assert_array_equal(whole[:, ::2], [[1] * 3, [0] * 3, [0] * 3, [2] * 3])
    assert not whole[:, 1::2].any()


@pytest.mark.parametrize("index", [4, -5])
def test_add_rows_refuses_indices_out_of_range(index):
    buffer = np.zeros((4, 3))
    with pytest.raises(IndexError, match="size 4"):
        fast.add_rows(buffer, np.array([0, index]), np.ones((2, 3)))
    assert not buffer.any()


PROGRAM = "import numpy as np; from tinygrad_rnn.kernels import fast; print(fast.sigmoid(np.float32([0]))[0])"


def run(program, **environment):
    """The program in a process of its own; its output."""
    if "EMULATED" in os.environ:
        pytest.skip("an emulated program cannot start another")
    everything = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")} | environment
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", program],
        env=everything,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_nothing_heavy_is_imported_before_it_is_needed():
    root = str(Path(tinygrad_rnn.__file__).parents[1])
    program = "import sys, tinygrad_rnn.kernels; print('numba' in sys.modules)"
    assert run(program, PYTHONPATH=root) == "False"


def test_works_where_no_cache_can_be_written(tmp_path):
    """Files stand where the package's and the user's cache directories would be made."""
    package = tmp_path / "site" / "tinygrad_rnn" / "kernels"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    source = Path(fast.__file__).parent
    for name in ("__init__.py", "fast.py", "scalars.py"):
        shutil.copy(source / name, package)
    (package / "__pycache__").write_text("a file where the cache would go")
    home = tmp_path / "home"
    home.write_text("a file where a directory would go")
    environment = {"PYTHONPATH": str(tmp_path / "site"), "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    assert run(PROGRAM, PYTHONDONTWRITEBYTECODE="1", **environment) == "0.5"


def test_the_cache_notices_a_change_in_the_scalar_functions(tmp_path):
    package = tmp_path / "tinygrad_rnn" / "kernels"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    for name in ("__init__.py", "fast.py", "scalars.py"):
        shutil.copy(Path(fast.__file__).parent / name, package)
    environment = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert run(PROGRAM, **environment) == "0.5"
    assert list((tmp_path / "cache").rglob("*.nbc"))
    text = (package / "scalars.py").read_text()
    (package / "scalars.py").write_text(text.replace("select(x < zero, e, one)", "select(x < zero, e, one + one)"))
    assert run(PROGRAM, **environment) == "1.0"


def test_without_compilation():
    root = str(Path(tinygrad_rnn.__file__).parents[1])
    assert run(PROGRAM, PYTHONPATH=root, NUMBA_DISABLE_JIT="1") == "0.5"
