"""Hold every contestant to the instructions of another processor: AVX2, on a machine that has AVX-512."""

from __future__ import annotations

import os
import sys

from llvmlite import binding

#: Whom each of these tells: PyTorch's own kernels, oneDNN and MKL (its layers and products), JAX, NumPy's products.
OTHERS = {
    "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2", "OPENBLAS_CORETYPE": "Haswell",
}  # fmt: skip
WIDER = ("avx512", "avx10", "amx", "evex512")


def hold_to_avx2() -> None:
    """Start this program again with all of them held to AVX2, unless it is."""
    if "NUMBA_CPU_FEATURES" in os.environ:
        return
    features = binding.get_host_cpu_features()
    ours = ",".join(f"{'-' if name.startswith(WIDER) or not has else '+'}{name}" for name, has in features.items())
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **OTHERS, "NUMBA_CPU_FEATURES": ours})
