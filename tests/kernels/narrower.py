r"""A pytest plugin: the matrix tile of a processor with vectors of VECTOR_BITS (128: SSE2, NEON; 256: AVX2).

    VECTOR_BITS=128 NUMBA_CACHE_DIR=/tmp/narrow \
        python -m pytest -p tests.kernels.narrower tests/kernels/test_products.py

Compiled programs do not know that they were made so: let the caches be folders of their own.
"""

from __future__ import annotations

import os

import llvmlite.binding
import numpy as np

from tinygrad_rnn.kernels import tile

BITS = int(os.environ["VECTOR_BITS"])
FEATURES = {128: {}, 256: {"avx": True, "avx2": True, "fma": True}}[BITS]

llvmlite.binding.get_host_cpu_features = lambda: FEATURES
tile.tile_for.cache_clear()
for dtype in (np.float32, np.float64):
    assert tile.tile_for(np.dtype(dtype)).lanes * np.dtype(dtype).itemsize * 8 == BITS
